//! The providers that the environment registers.

use authstile::env::Environment;
use authstile::github;
use authstile::provider::OIDC;
use authstile::{Customize as _, Registration};
use authstile_scalekit::Scalekit;

use crate::mistake::Mistake;

/// One registration for every `AUTH_<ID>_ID`, in alphabetical order.
pub(crate) fn of(environment: &Environment) -> Result<Vec<Registration>, Mistake> {
    environment.provider_ids().iter().map(|id| registration(id, environment)).collect()
}

fn registration(id: &str, environment: &Environment) -> Result<Registration, Mistake> {
    let variable = |suffix: &str| format!("AUTH_{}_{suffix}", id.to_ascii_uppercase().replace('-', "_"));
    let variables = environment.provider(id);
    let client_id = variables.client_id.unwrap_or_default();
    let client_secret = |variables: Option<String>| {
        variables.ok_or_else(|| {
            let (name, id) = (variable("SECRET"), variable("ID"));
            let what = format!("{id} is set, but {name} is not: the client secret that belongs to this client id");
            Mistake::new(what, format!("{name}=…"))
        })
    };
    match id {
        "scalekit" => {
            let issuer = variables.issuer.ok_or_else(|| {
                let what =
                    "AUTH_SCALEKIT_ID is set, but AUTH_SCALEKIT_ISSUER is not: the URL of your Scalekit environment";
                Mistake::new(what, "AUTH_SCALEKIT_ISSUER=https://acme.scalekit.com")
            })?;
            Ok(Scalekit::new(client_id, client_secret(variables.client_secret)?, issuer).into())
        }
        "github" => match variables.issuer {
            // Auth.js's documentation shows no issuer for GitHub; the card's own does no harm.
            Some(issuer) if issuer != "https://github.com/login/oauth" => {
                let what = format!("AUTH_GITHUB_ISSUER is {issuer:?}, but GitHub is always at github.com: remove it");
                Err(Mistake::new(what, "unset AUTH_GITHUB_ISSUER"))
            }
            _ => Ok(github(client_id, client_secret(variables.client_secret)?)),
        },
        _ => {
            let issuer = variables.issuer.ok_or_else(|| unknown(id, &variable))?;
            let registration = OIDC.register(client_id, client_secret(variables.client_secret)?);
            Ok(registration.id(id.to_owned()).name(display_name(id)).issuer(issuer))
        }
    }
}

fn unknown(id: &str, variable: &impl Fn(&str) -> String) -> Mistake {
    let what = format!(
        "{} is set, but {id:?} is none of the providers known by name (github, scalekit), and {} is not set",
        variable("ID"),
        variable("ISSUER")
    );
    // The two names that are mixed up most often.
    if let Some(meant) = id.strip_suffix("-client") {
        let meant = meant.to_ascii_uppercase().replace('-', "_");
        return Mistake::new(format!("{what}; the client id goes in AUTH_{meant}_ID"), format!("AUTH_{meant}_ID=…"));
    }
    Mistake::new(
        format!("{what}: with an issuer, it is any OpenID Connect provider"),
        format!("{}=https://login.example.com", variable("ISSUER")),
    )
}

/// `my-idp` as people read it on a button: `My Idp`.
fn display_name(id: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>())
    };
    id.split('-').filter_map(capital).collect::<Vec<_>>().join(" ")
}

/// Variables of providers that nothing registers: a client id was forgotten, or its name misspelled.
pub(crate) fn strays(environment: &Environment) -> Vec<(String, String)> {
    let stray = |name: &str| {
        let id = name.strip_prefix("AUTH_")?;
        let id = id.strip_suffix("_SECRET").or_else(|| id.strip_suffix("_ISSUER"))?;
        let missing = format!("AUTH_{id}_ID");
        environment.get(&missing).is_none().then(|| (name.to_owned(), missing))
    };
    let mut strays: Vec<(String, String)> = environment.names().filter_map(stray).collect();
    strays.sort();
    strays
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(pairs: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let environment = Environment::from_pairs(pairs.iter().map(|(name, value)| (*name, *value)));
        let registrations = of(&environment).map_err(|mistake| mistake.to_string())?;
        Ok(registrations.iter().map(|registration| registration.provider_id().to_owned()).collect())
    }

    #[test]
    fn cards_are_known_by_name_and_the_rest_by_issuer() {
        let found = ids(&[
            ("AUTH_SCALEKIT_ID", "skc_1"),
            ("AUTH_SCALEKIT_SECRET", "s"),
            ("AUTH_SCALEKIT_ISSUER", "https://acme.scalekit.com/"),
            ("AUTH_GITHUB_ID", "1"),
            ("AUTH_GITHUB_SECRET", "s"),
            ("AUTH_MY_IDP_ID", "1"),
            ("AUTH_MY_IDP_SECRET", "s"),
            ("AUTH_MY_IDP_ISSUER", "https://login.example.com"),
        ]);
        assert_eq!(found.unwrap(), ["github", "my-idp", "scalekit"]);
        assert_eq!(display_name("my-idp"), "My Idp");
    }

    #[test]
    fn every_mistake_names_the_variable_that_mends_it() {
        for (pairs, mended_by) in [
            (&[("AUTH_GITHUB_ID", "1")][..], "\n    AUTH_GITHUB_SECRET=…\n"),
            (&[("AUTH_SCALEKIT_ID", "1"), ("AUTH_SCALEKIT_SECRET", "s")], "\n    AUTH_SCALEKIT_ISSUER=https://"),
            (&[("AUTH_SCALEKIT_ID", "1"), ("AUTH_SCALEKIT_ISSUER", "https://a.b")], "\n    AUTH_SCALEKIT_SECRET=…\n"),
            (&[("AUTH_MY_IDP_ID", "1"), ("AUTH_MY_IDP_SECRET", "s")], "\n    AUTH_MY_IDP_ISSUER=https://"),
            (&[("AUTH_MY_IDP_ID", "1"), ("AUTH_MY_IDP_ISSUER", "https://a.b")], "\n    AUTH_MY_IDP_SECRET=…\n"),
            (&[("AUTH_SCALEKIT_CLIENT_ID", "1")], "\n    AUTH_SCALEKIT_ID=…\n"),
            (
                &[("AUTH_GITHUB_ID", "1"), ("AUTH_GITHUB_SECRET", "s"), ("AUTH_GITHUB_ISSUER", "https://a.b")],
                "\n    unset AUTH_GITHUB_ISSUER\n",
            ),
        ] {
            let mistake = ids(pairs).unwrap_err();
            assert!(mistake.contains(mended_by), "{mistake}");
        }
    }

    #[test]
    fn forgotten_client_ids_are_noticed() {
        let environment = Environment::from_pairs([
            ("AUTH_SECRET", "1"),
            ("AUTH_SECRET_1", "1"),
            ("AUTH_GITHUB_SECRET", "1"),
            ("AUTH_ACME_ISSUER", "1"),
            ("AUTH_FINE_ID", "1"),
            ("AUTH_FINE_SECRET", "1"),
        ]);
        let expected = [("AUTH_ACME_ISSUER", "AUTH_ACME_ID"), ("AUTH_GITHUB_SECRET", "AUTH_GITHUB_ID")];
        assert_eq!(strays(&environment), expected.map(|(name, missing)| (name.to_owned(), missing.to_owned())));
    }
}
