//! `cargo xtask lint`: what a reviewer should not have to look for.

use anyhow::Result;

use crate::command::{cargo, has_cargo_tool, output, run};
use crate::docs;

pub(crate) fn lint() -> Result<()> {
    run(&mut cargo(&["fmt", "--all", "--check"]))?;
    run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--all-features", "--", "--deny", "warnings"]))?;
    run(cargo(&["doc", "--workspace", "--no-deps", "--all-features", "--lib"]).env("RUSTDOCFLAGS", "--deny warnings"))?;
    docs::check()?;
    if has_cargo_tool("deny") {
        deny()
    } else {
        println!(
            "\nnote: licences, bans and advisories were not checked, for want of cargo-deny (cargo install cargo-deny)"
        );
        Ok(())
    }
}

fn deny() -> Result<()> {
    run(&mut cargo(&["deny", "--workspace", "--all-features", "check", "bans", "licenses", "sources"]))?;
    if output("cargo", &["deny", "fetch", "db"]).is_some() {
        run(&mut cargo(&["deny", "--workspace", "--all-features", "check", "--disable-fetch", "advisories"]))
    } else {
        println!("\nnote: advisories were not checked, for want of their database");
        Ok(())
    }
}
