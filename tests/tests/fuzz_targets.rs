//! Every parser of foreign input, with thousands of mutations of its seeds: what libFuzzer does for hours, in seconds and the
//! same in every run. `cargo xtask fuzz` does the other.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

#[path = "../../fuzz/src/lib.rs"]
mod targets;

use std::collections::BTreeSet;
use std::fs;

use authstile_testkit::Mutator;
use authstile_tests::pages::root;

/// Mutations of each target, beside the seeds themselves.
const ROUNDS: usize = 3000;

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = root().join("fuzz/corpus").join(target);
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

fn run(name: &str) {
    let (_, target) = targets::TARGETS.iter().find(|(known, _)| *known == name).unwrap();
    let seeds = seeds(name);
    assert!(!seeds.is_empty(), "{name} has no seeds");
    let mut mutator = Mutator::new(0x5eed);
    for seed in &seeds {
        target(seed);
    }
    for _ in 0..ROUNDS {
        let data = mutator.mutated(&seeds);
        // What breaks it is in the output of the failed test.
        println!("{name}: {:?}", String::from_utf8_lossy(&data));
        target(&data);
    }
}

#[test]
fn each_target_is_built_for_libfuzzer_and_run_here() {
    let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    let this = fs::read_to_string(root().join("tests/tests/fuzz_targets.rs")).unwrap();
    let names: BTreeSet<&str> = targets::TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names.len(), targets::TARGETS.len());
    for name in names {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
        let glue = fs::read_to_string(root().join(format!("fuzz/fuzz_targets/{name}.rs"))).unwrap();
        assert!(glue.contains(&format!("authstile_fuzz::{name}(data)")), "{name}");
        assert!(this.contains(&format!("run(\"{name}\")")), "{name}");
    }
}

#[test]
fn cookies() {
    run("cookies");
}

#[test]
fn jwe() {
    run("jwe");
}

#[test]
fn jws() {
    run("jws");
}

#[test]
fn authorization_response() {
    run("authorization_response");
}

/// GHSA-qqxw and its kin: what we take for a place of ours, a browser takes for the same place.
#[test]
fn return_to() {
    run("return_to");
}

/// CVE-2021-32637: an address that cannot be read is nobody's.
#[test]
fn host() {
    run("host");
}

#[test]
fn webhook() {
    run("webhook");
}

#[test]
fn logout_token() {
    run("logout_token");
}

#[test]
fn token_response() {
    run("token_response");
}

#[test]
fn userinfo() {
    run("userinfo");
}

#[test]
fn metadata() {
    run("metadata");
}

#[test]
fn jwk_set() {
    run("jwk_set");
}

#[test]
fn expression() {
    run("expression");
}

#[test]
fn email() {
    run("email");
}

#[test]
fn dpop() {
    run("dpop");
}

#[test]
fn jarm() {
    run("jarm");
}

#[test]
fn pushed() {
    run("pushed");
}

#[test]
fn introspection() {
    run("introspection");
}

/// CVE-2026-40575: what proxies say is believed from them alone, and leads to one of our origins.
#[test]
fn forwarded() {
    run("forwarded");
}

/// CVE-2024-56734: a pattern matches in one label, and nowhere else.
#[test]
fn origin_pattern() {
    run("origin_pattern");
}

#[test]
fn front_channel() {
    run("front_channel");
}
