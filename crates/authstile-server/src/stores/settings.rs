//! What the environment says about sessions and linking.

use std::time::Duration;

use authstile::env::Environment;
use authstile::{AuthBuilder, LinkPolicy, RevocationReads, SessionLifetime, SessionTokens};

use crate::choice::{choice, seconds};
use crate::mistake::Mistake;
use crate::stores::Addresses;

/// Where a session lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Store,
    Cookie,
}

/// How sessions and linking work, wherever they are kept.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    place: Place,
    tokens: SessionTokens,
    links: LinkPolicy,
    lifetime: SessionLifetime,
    reads: RevocationReads,
}

impl Settings {
    pub(crate) fn of(environment: &Environment, addresses: &Addresses) -> Result<Self, Mistake> {
        Ok(Self {
            place: place(environment, addresses)?,
            tokens: tokens(environment, addresses)?,
            links: links(environment, addresses)?,
            lifetime: lifetime(environment)?,
            reads: reads(environment)?,
        })
    }

    /// After the stores.
    pub(crate) fn apply(&self, builder: AuthBuilder) -> AuthBuilder {
        let builder =
            builder.session_tokens(self.tokens).link_policy(self.links.clone()).session_lifetime(self.lifetime);
        let builder = builder.revocation_reads(self.reads);
        if self.place == Place::Cookie { builder.sessions_in_cookies() } else { builder }
    }

    /// Whether sessions can be listed.
    pub(crate) fn keeps_sessions(&self) -> bool {
        self.place == Place::Store
    }
}

fn place(environment: &Environment, addresses: &Addresses) -> Result<Place, Mistake> {
    match choice(environment, "AUTHSTILE_SESSIONS", [("store", Place::Store), ("cookie", Place::Cookie)])? {
        Some(Place::Store) if !addresses.any() => {
            let what = "AUTHSTILE_SESSIONS is store, but there is none: DATABASE_URL or REDIS_URL names one";
            Err(Mistake::new(what, "DATABASE_URL=sqlite:authstile.db"))
        }
        Some(place) => Ok(place),
        None if addresses.any() => Ok(Place::Store),
        None => Ok(Place::Cookie),
    }
}

fn tokens(environment: &Environment, addresses: &Addresses) -> Result<SessionTokens, Mistake> {
    const NAME: &str = "AUTHSTILE_SESSION_TOKENS";
    let words = [("hashed", SessionTokens::Hashed), ("shared-with-authjs", SessionTokens::SharedWithAuthJs)];
    let tokens = choice(environment, NAME, words)?.unwrap_or_default();
    if tokens == SessionTokens::SharedWithAuthJs && !addresses.shares_tables() {
        let what = format!(
            "{NAME} is shared-with-authjs, but Auth.js finds sessions only in the tables of a database, and here they \
             are kept elsewhere: it needs DATABASE_URL, and no REDIS_URL"
        );
        return Err(Mistake::new(what, format!("{NAME}=hashed")));
    }
    Ok(tokens)
}

fn links(environment: &Environment, addresses: &Addresses) -> Result<LinkPolicy, Mistake> {
    const NAME: &str = "AUTHSTILE_LINK_POLICY";
    let policies = [LinkPolicy::Never, LinkPolicy::VerifiedBothSides, LinkPolicy::AskUser];
    let [never, verified, ask] = policies.each_ref();
    let policy = choice(environment, NAME, [("never", never), ("verified", verified), ("ask", ask)])?.unwrap_or(never);
    if policy != never && addresses.database.is_none() {
        let what = format!("{NAME} says how accounts are linked, but without DATABASE_URL there are none");
        return Err(Mistake::new(what, "DATABASE_URL=sqlite:authstile.db"));
    }
    Ok(policy.clone())
}

fn lifetime(environment: &Environment) -> Result<SessionLifetime, Mistake> {
    let usual = SessionLifetime::default();
    let get = |name, least, example| seconds(environment, name, least, example);
    Ok(SessionLifetime {
        max_age: get("AUTHSTILE_SESSION_MAX_AGE", 1, usual.max_age)?.unwrap_or(usual.max_age),
        update_age: get("AUTHSTILE_SESSION_UPDATE_AGE", 0, usual.update_age)?.unwrap_or(usual.update_age),
        absolute: get("AUTHSTILE_SESSION_ABSOLUTE", 1, 90 * 24 * 60 * 60)?,
    })
}

/// How late a session in a cookie may learn elsewhere that it was ended.
fn reads(environment: &Environment) -> Result<RevocationReads, Mistake> {
    let seconds = seconds(environment, "AUTHSTILE_REVOCATIONS_WITHIN", 0, 1)?.unwrap_or(0);
    Ok(match seconds.unsigned_abs() {
        0 => RevocationReads::Exact,
        seconds => RevocationReads::Within(Duration::from_secs(seconds)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Result<Settings, String> {
        let environment = Environment::from_pairs(pairs.iter().copied());
        let addresses = Addresses::of(&environment).map_err(|mistake| mistake.to_string())?;
        Settings::of(&environment, &addresses).map_err(|mistake| mistake.to_string())
    }

    const DATABASE: (&str, &str) = ("DATABASE_URL", "sqlite:a.db");
    const REDIS: (&str, &str) = ("REDIS_URL", "redis://h");

    #[test]
    fn sessions_are_kept_where_there_is_a_store_unless_one_says_otherwise() {
        let keeps = |pairs: &[(&str, &str)]| settings(pairs).unwrap().keeps_sessions();
        assert!(!keeps(&[]));
        assert!(keeps(&[DATABASE]) && keeps(&[REDIS]) && keeps(&[DATABASE, REDIS]));
        assert!(!keeps(&[DATABASE, ("AUTHSTILE_SESSIONS", "cookie")]));
    }

    #[test]
    fn every_setting_is_read() {
        let read = settings(&[
            DATABASE,
            ("AUTHSTILE_SESSION_TOKENS", "shared-with-authjs"),
            ("AUTHSTILE_LINK_POLICY", "Verified"),
            ("AUTHSTILE_SESSION_MAX_AGE", "3600"),
            ("AUTHSTILE_SESSION_UPDATE_AGE", "60"),
            ("AUTHSTILE_SESSION_ABSOLUTE", "7200"),
            ("AUTHSTILE_REVOCATIONS_WITHIN", "2"),
        ])
        .unwrap();
        assert_eq!(read.tokens, SessionTokens::SharedWithAuthJs);
        assert_eq!(read.links, LinkPolicy::VerifiedBothSides);
        assert_eq!(read.lifetime, SessionLifetime { max_age: 3600, update_age: 60, absolute: Some(7200) });
        let usual = settings(&[DATABASE]).unwrap();
        assert_eq!((usual.tokens, usual.links), (SessionTokens::Hashed, LinkPolicy::Never));
        assert_eq!(usual.lifetime, SessionLifetime::default());
        assert_eq!(usual.reads, RevocationReads::Exact);
        assert_eq!(read.reads, RevocationReads::Within(Duration::from_secs(2)));
        assert_eq!(settings(&[DATABASE, ("AUTHSTILE_LINK_POLICY", "ask")]).unwrap().links, LinkPolicy::AskUser);
    }

    #[test]
    fn what_cannot_be_is_named_and_mended() {
        for (pairs, mended_by) in [
            (&[("AUTHSTILE_SESSIONS", "store")][..], "\n    DATABASE_URL=sqlite:"),
            (&[DATABASE, ("AUTHSTILE_SESSIONS", "redis")], "\n    AUTHSTILE_SESSIONS=store\n"),
            (&[("AUTHSTILE_SESSION_TOKENS", "shared-with-authjs")], "\n    AUTHSTILE_SESSION_TOKENS=hashed\n"),
            (&[DATABASE, REDIS, ("AUTHSTILE_SESSION_TOKENS", "shared-with-authjs")], "no REDIS_URL"),
            (&[DATABASE, ("AUTHSTILE_SESSION_TOKENS", "plain")], "none of hashed, shared-with-authjs"),
            (&[REDIS, ("AUTHSTILE_LINK_POLICY", "ask")], "\n    DATABASE_URL=sqlite:"),
            (&[DATABASE, ("AUTHSTILE_LINK_POLICY", "always")], "none of never, verified, ask"),
            (&[("AUTHSTILE_SESSION_MAX_AGE", "0")], "\n    AUTHSTILE_SESSION_MAX_AGE=2592000\n"),
            (&[("AUTHSTILE_SESSION_UPDATE_AGE", "1d")], "\n    AUTHSTILE_SESSION_UPDATE_AGE=86400\n"),
            (&[("AUTHSTILE_REVOCATIONS_WITHIN", "1s")], "\n    AUTHSTILE_REVOCATIONS_WITHIN=1\n"),
            (&[("AUTHSTILE_SESSION_ABSOLUTE", "-1")], "\n    AUTHSTILE_SESSION_ABSOLUTE=7776000\n"),
        ] {
            let mistake = settings(pairs).unwrap_err();
            assert!(mistake.contains(mended_by), "{mistake}");
        }
    }
}
