//! Help and wrong usage.

use crate::program::run;

#[test]
fn help_teaches_every_command() {
    for (arguments, taught) in [
        (&["--help"][..], "AUTH_SECRET=\"$(authstile secret)\""),
        (&["demo", "--help"], "authstile demo --port 8080"),
        (&["serve", "--help"], "AUTH_<ID>_ISSUER"),
        (&["serve", "--help"], "AUTHSTILE_PROVIDERS"),
        (&["providers", "--help"], "authstile providers --group enterprise --kind oidc"),
        (&["providers", "show", "--help"], "authstile providers show github > providers.toml"),
        (&["providers", "map", "--help"], "authstile providers map github --profile -"),
        (&["providers", "check", "--help"], "authstile providers check google"),
        (&["serve", "--help"], "AUTHSTILE_SESSION_TOKENS"),
        (&["migrate", "--help"], "authstile migrate --dry-run"),
        (&["users", "list", "--help"], "authstile users list --limit"),
        (&["users", "show", "--help"], "authstile users show ada@acme.example"),
        (&["users", "delete", "--help"], "--yes"),
        (&["sessions", "list", "--help"], "authstile sessions list --user"),
        (&["sessions", "revoke", "--help"], "--key organization=org_123"),
        (&["secret", "--help"], "AUTH_SECRET_1="),
        (&["token", "open", "--help"], "--cookie-name authjs.session-token"),
        (&["token", "seal", "--help"], "authstile token seal --cookie-name"),
    ] {
        let ended = run(arguments, &[], "");
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.out.contains(taught), "{arguments:?} does not teach {taught:?}:\n{}", ended.out);
        let widest = ended.out.lines().max_by_key(|line| line.chars().count()).unwrap();
        assert!(widest.chars().count() <= 120, "too wide: {widest}");
    }
}

#[test]
fn wrong_usage_ends_with_2() {
    for arguments in [&["serv"][..], &["token"], &["token", "open"], &["demo", "--port", "70000"], &["secret", "x"]] {
        let ended = run(arguments, &[], "");
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{arguments:?}: {ended:?}");
        assert!(!ended.err.is_empty());
    }
}
