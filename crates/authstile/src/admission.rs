//! From a proven identity to a person who is let in. Every way to sign in ends here, so that the question is asked once.

use authstile_oauth::word::{Issuer, Subject};
use aws_lc_rs::digest::{SHA256, digest};

use crate::error::{Denied, Error};
use crate::hooks::{SignInAttempt, SignInDecision};
use crate::model::{Account, Claims, User};
use crate::random::uuid_text;
use crate::registration::Facts;
use crate::settings::Settings;

/// **Proof**: who somebody is, from verified sources.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) issuer: Option<Issuer>,
    pub(crate) subject: Subject,
    pub(crate) user: User,
    pub(crate) account: Account,
    pub(crate) profile: Claims,
    /// What the provider knows beyond the claims, and what the session can be revoked by.
    pub(crate) facts: Facts,
}

/// **Proof**: policy and hooks said yes.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) user: User,
    pub(crate) account: Account,
    pub(crate) profile: Claims,
    pub(crate) facts: Facts,
}

/// What became of an attempt.
#[derive(Debug)]
pub(crate) enum Admitted {
    Yes(Box<Admission>),
    /// Not let in, but sent somewhere.
    Elsewhere(String),
}

/// Station *admit*.
pub(crate) async fn admit(settings: &Settings, identity: Identity) -> Result<Admitted, Error> {
    let Identity { issuer, subject, user, account, profile, facts } = identity;
    let user =
        User { id: stable_id(issuer.as_ref().map_or(account.provider.as_str(), Issuer::as_str), &subject), ..user };
    if settings.revocations.is_refused(&facts.keys).await? {
        return Err(Denied::Deactivated { user: user.id }.into());
    }
    let attempt = || SignInAttempt { user: user.clone(), account: account.clone(), profile: profile.clone() };
    match settings.hooks.sign_in(attempt).await? {
        SignInDecision::Allow => Ok(Admitted::Yes(Box::new(Admission { user, account, profile, facts }))),
        SignInDecision::Deny => Err(Denied::AccessDenied { user: user.id }.into()),
        SignInDecision::RedirectTo(url) => Ok(Admitted::Elsewhere(url)),
    }
}

/// The user's id where no database gives one: the same at every sign-in, on every machine. A UUID of version 8
/// (RFC 9562 §5.8) made of SHA-256 over issuer and subject.
fn stable_id(issuer: &str, subject: &Subject) -> String {
    let hash = digest(&SHA256, format!("{issuer}\n{subject}").as_bytes());
    let bytes = hash.as_ref().first_chunk::<16>().copied().unwrap_or_default();
    uuid_text(bytes, 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_hangs_on_issuer_and_subject_and_on_nothing_else() {
        let id = |issuer, subject: &str| stable_id(issuer, &Subject::parse(subject).unwrap());
        assert_eq!(id("https://a.example", "1"), id("https://a.example", "1"));
        assert_ne!(id("https://a.example", "1"), id("https://b.example", "1"));
        assert_ne!(id("https://a.example", "1"), id("https://a.example", "2"));
        assert_eq!(id("https://a.example", "1").len(), 36);
    }
}
