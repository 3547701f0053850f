//! The modules of the OpenID Foundation's conformance suite for relying parties, each as a test of its name. What must come
//! out stands in `authstile_tests::conformance`, of which the page `docs/conformance.md` is made too.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

/// A test for each module: it must end in the verdict that the table has.
macro_rules! modules {
    ($($name:ident => $observed:expr;)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                let observed = $observed.await;
                crate::assert_verdict(stringify!($name), observed);
            }
        )*

        /// The tests above.
        pub(crate) const TESTS: &[&str] = &[$(stringify!($name)),*];
    };
}

mod after;
mod fapi;
mod login;
mod logout;
mod stage;

use std::collections::BTreeSet;
use std::path::Path;

use authstile_tests::conformance::{Verdict, page, rows};

fn assert_verdict(test: &str, observed: Verdict) {
    let row = rows().find(|row| row.test() == test).unwrap_or_else(|| panic!("{test} is not in the table"));
    assert_eq!(observed, row.verdict, "{test}: the table says otherwise");
}

#[test]
fn every_verdict_has_its_test_and_every_test_its_verdict() {
    let tests = [login::TESTS, after::TESTS, logout::TESTS, fapi::TESTS].concat();
    let there: BTreeSet<String> = tests.iter().map(|test| (*test).to_owned()).collect();
    let claimed: BTreeSet<String> = rows().filter(|row| row.verdict.is_played()).map(|row| row.test()).collect();
    assert_eq!(there, claimed);
    assert_eq!(rows().map(|row| row.module).collect::<BTreeSet<_>>().len(), rows().count(), "a module is there twice");
}

#[test]
fn the_page_is_that_of_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("docs/conformance.md");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    assert!(text == page(), "docs/conformance.md is not what the table says; run `cargo xtask docs`");
}

#[test]
fn deviations_are_called_what_the_suite_calls_them() {
    use authstile_idp::{LogoutTokenFault, Misbehave};
    let names: BTreeSet<&str> = Misbehave::ALL
        .iter()
        .map(Misbehave::name)
        .chain(LogoutTokenFault::ALL.iter().map(LogoutTokenFault::name))
        .collect();
    // What one does right, or asks otherwise for, is no deviation of the provider.
    const NO_DEVIATION: [&str; 22] = [
        "oidcc-client-test",
        "nonce-unless-code-flow",
        "idtoken-sig-rs256",
        "userinfo-bearer-header",
        "userinfo-signed",
        "scope-userinfo-claims",
        "client-secret-basic",
        "form-post-error",
        "mtls-endpoint-aliases",
        "discovery-openid-config",
        "signing-key-rotation",
        "refresh-token",
        "3rd-party-init-login",
        "rp-init-logout",
        "rp-backchannel-rpinitlogout",
        "rp-frontchannel-rpinitlogout",
        "rp-frontchannel-opinitlogout",
        "happy-path",
        "happy-path-no-dpop-nonce",
        "happy-path-no-mtls-endpoint-aliases",
        "valid-aud-as-array",
        "fapi2-security-profile-final-client-refresh-token-test",
    ];
    // The plans of FAPI 2 say `invalid-` where those of OpenID Connect do not.
    const SAME: [(&str, &str); 10] = [
        ("invalid-null-alg", "idtoken-sig-none"),
        ("invalid-alternate-alg", "alternate-alg"),
        ("invalid-expired-exp", "expired-exp"),
        ("invalid-missing-exp", "missing-exp"),
        ("invalid-missing-aud", "missing-aud"),
        ("invalid-missing-iss", "missing-iss"),
        ("invalid-nonce", "nonce-invalid"),
        ("invalid-missing-nonce", "missing-nonce"),
        ("ensure-authorization-response-with-invalid-state-fails", "authorization-response-with-invalid-state"),
        ("ensure-authorization-response-with-invalid-missing-state-fails", "authorization-response-with-missing-state"),
    ];
    for row in rows().filter(|row| !matches!(row.verdict, Verdict::NotOurs(_))) {
        let prefixes = ["oidcc-client-test-", "fapi2-security-profile-final-client-test-"];
        let suffix = prefixes.iter().find_map(|prefix| row.module.strip_prefix(prefix)).unwrap_or(row.module);
        let suffix = SAME.iter().find(|(theirs, _)| *theirs == suffix).map_or(suffix, |(_, ours)| ours);
        assert!(names.contains(suffix) || NO_DEVIATION.contains(&suffix), "no deviation is called {suffix}");
    }
}
