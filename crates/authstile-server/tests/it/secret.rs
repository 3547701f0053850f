//! `authstile secret`.

use authstile::seal::Secrets;

use crate::program::run;

#[test]
fn a_secret_is_44_characters_that_the_engine_accepts() {
    let secret = || {
        let ended = run(&["secret"], &[], "");
        assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
        ended.out
    };
    let (one, other) = (secret(), secret());
    assert_ne!(one, other);
    for secret in [one, other] {
        let secret = secret.strip_suffix('\n').unwrap();
        assert_eq!(secret.len(), 44, "{secret:?}");
        assert_eq!(Secrets::new([secret]).check(), Ok(()));
    }
}
