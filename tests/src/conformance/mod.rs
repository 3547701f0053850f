//! What the OpenID Foundation's conformance suite does to relying parties, module by module, and what we do. The tests of
//! `tests/tests/conformance` and the page `docs/conformance.md` are made of this one table.
//!
//! The names are those of the suite's modules and plans (snapshot of 2026-08-20), which are not run here: each module is
//! played by the local identity provider.

mod fapi;
mod table;

use std::fmt::Write as _;

pub use table::SECTIONS;

/// What becomes of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// We go on: somebody is signed in or out.
    Completes,
    /// We stop, and nobody is signed in or out.
    Refuses,
    /// We go on, and neither believe nor fetch what is optional.
    Ignores,
    /// Not played, because we do not offer what it is about.
    NotOurs(&'static str),
}

impl Verdict {
    /// Whether there is a test of the module's name.
    #[must_use]
    pub fn is_played(self) -> bool {
        matches!(self, Self::Completes | Self::Refuses | Self::Ignores)
    }

    fn words(self) -> String {
        match self {
            Self::Completes => "goes on".to_owned(),
            Self::Refuses => "refuses".to_owned(),
            Self::Ignores => "goes on without it".to_owned(),
            Self::NotOurs(why) => format!("not offered: {why}"),
        }
    }
}

/// One module.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its name in the suite.
    pub module: &'static str,
    /// The plans that have it.
    pub plans: &'static [Plan],
    /// What the provider does.
    pub sends: &'static str,
    /// What the suite demands.
    pub must: &'static str,
    /// What we do.
    pub verdict: Verdict,
}

impl Row {
    /// The name of its test.
    #[must_use]
    pub fn test(&self) -> String {
        self.module.replace('-', "_")
    }
}

/// A plan of the suite: how it is called here, and its name.
pub type Plan = (&'static str, &'static str);

/// Basic RP.
pub const BASIC: Plan = ("Basic", "oidcc-client-basic-certification-test-plan");
/// Config RP.
pub const CONFIG: Plan = ("Config", "oidcc-client-config-certification-test-plan");
/// Form Post RP, with the code flow.
pub const FORM_POST: Plan = ("Form Post", "oidcc-client-formpost-basic-certification-test-plan");
/// RP-Initiated Logout.
pub const RP_INITIATED: Plan = ("RP-Initiated Logout", "oidcc-client-rp-initiated-logout-rp-basic");
/// Back-Channel Logout.
pub const BACK_CHANNEL: Plan = ("Back-Channel Logout", "oidcc-client-back-channel-logout-rp-basic");
/// Front-Channel Logout.
pub const FRONT_CHANNEL: Plan = ("Front-Channel Logout", "oidcc-client-front-channel-logout-rp-basic");
/// Session Management.
pub const SESSION: Plan = ("Session Management", "oidcc-client-rp-session-management-rp-basic");
/// Third-party-initiated login.
pub const THIRD_PARTY: Plan = ("third-party login", "oidcc-client-test-3rd-party-init-login-test-plan");
/// Refresh tokens.
pub const REFRESH: Plan = ("refresh token", "oidcc-client-refreshtoken-test-plan");
/// Dynamic RP.
pub const DYNAMIC: Plan = ("Dynamic", "oidcc-client-dynamic-certification-test-plan");
/// The plan of all, which certifies nothing.
pub const ALL: Plan = ("all", "oidcc-client-test-plan");
/// FAPI 2 Security Profile.
pub const FAPI: Plan = ("FAPI 2", "fapi2-security-profile-final-client-test-plan");
/// FAPI 2 Message Signing.
pub const SIGNING: Plan = ("FAPI 2 Signing", "fapi2-message-signing-final-client-test-plan");

/// Every plan, as the page lists them.
pub const PLANS: [Plan; 13] = [
    BASIC,
    FORM_POST,
    CONFIG,
    ALL,
    REFRESH,
    THIRD_PARTY,
    RP_INITIATED,
    BACK_CHANNEL,
    FRONT_CHANNEL,
    SESSION,
    DYNAMIC,
    FAPI,
    SIGNING,
];

/// A row of the table.
const fn row(
    module: &'static str,
    plans: &'static [Plan],
    sends: &'static str,
    must: &'static str,
    verdict: Verdict,
) -> Row {
    Row { module, plans, sends, must, verdict }
}

const STOP: &str = "stop";
const FINISH: &str = "finish the login";

/// Every module.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    SECTIONS.iter().flat_map(|(_, rows)| rows.iter())
}

/// The page.
#[must_use]
pub fn page() -> String {
    let played = rows().filter(|row| row.verdict.is_played()).count();
    let (all, others) = (rows().count(), rows().count() - played);
    let mut text = format!(
        "<!-- Made by `cargo xtask docs` from tests/src/conformance. Change the table, not this page. -->
# Conformance

What the OpenID Foundation's conformance suite does to relying parties, module by module, and what Authstile does. Of {all}
modules {played} are played by a test of the same name, in `tests/tests/conformance`, against the provider of `authstile-idp`,
which misbehaves as the module does; {others} are about what Authstile does not offer. A verdict without its test, or a test
without its verdict, fails the build.

The suite itself is not run here, and this is no claim of certification. The modules of FAPI 2.0 are played in the whole
profile: pushed requests, `private_key_jwt`, DPoP with nonces, PS256; those of Message Signing with signed requests and answers
on top. One happy path is that of a client with a TLS certificate.
"
    );
    text.push_str("\n| plan | in the suite |\n|---|---|\n");
    for (name, suite) in PLANS {
        let _ = writeln!(text, "| {name} | `{suite}` |");
    }
    for (title, rows) in SECTIONS {
        let _ = write!(
            text,
            "\n## {title}\n\n| module | plans | the provider sends | we must | we do | test |\n|---|---|---|---|---|---|\n"
        );
        for row in *rows {
            let plans: Vec<&str> = row.plans.iter().map(|(name, _)| *name).collect();
            let test = if row.verdict.is_played() { format!("`{}`", row.test()) } else { "–".to_owned() };
            let (module, sends, must, does) = (row.module, row.sends, row.must, row.verdict.words());
            let _ = writeln!(text, "| `{module}` | {} | {sends} | {must} | {does} | {test} |", plans.join(", "));
        }
    }
    text
}
