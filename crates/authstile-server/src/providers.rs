//! The providers that the environment registers.

use authstile::env::Environment;
use authstile::oauth::client_auth::ClientAuthentication;
use authstile::provider::{OIDC, OptionKind, Protocol, ProviderOption};
use authstile::{ConfigError, Customize as _, Provider, Registration};
use authstile_scalekit::Scalekit;

use crate::cards::{self, Cards};
use crate::mistake::Mistake;

/// One registration for every `AUTH_<ID>_ID`, in alphabetical order.
pub(crate) fn of(environment: &Environment) -> Result<Vec<Registration>, Mistake> {
    let (ids, known) = (environment.provider_ids(), cards::of(environment)?);
    let cards: Vec<Provider> = ids.iter().filter_map(|id| known.of_variable(id)).collect();
    // `AUTH_APPLE_TEAM_ID` is an option of Apple's, not a provider.
    let is_option = |id: &str| cards.iter().any(|card| has_option(card, &variable(id, "ID")));
    ids.iter().filter(|id| !is_option(id)).map(|id| registration(id, &known, environment)).collect()
}

fn variable(id: &str, ending: &str) -> String {
    format!("AUTH_{}_{ending}", id.to_ascii_uppercase().replace('-', "_"))
}

fn has_option(card: &Provider, variable: &str) -> bool {
    card.options.iter().any(|option| card.variable(option.name) == variable)
}

fn registration(id: &str, known: &Cards, environment: &Environment) -> Result<Registration, Mistake> {
    let variables = environment.provider(id);
    let client_id = variables.client_id.unwrap_or_default();
    let client_secret = |secret: Option<String>| {
        secret.ok_or_else(|| {
            let (name, id) = (variable(id, "SECRET"), variable(id, "ID"));
            let what = format!("{id} is set, but {name} is not: the client secret that belongs to this client id");
            Mistake::new(what, format!("{name}=…"))
        })
    };
    if id == "scalekit" {
        let issuer = variables.issuer.ok_or_else(|| {
            let what = "AUTH_SCALEKIT_ID is set, but AUTH_SCALEKIT_ISSUER is not: the URL of your Scalekit environment";
            Mistake::new(what, "AUTH_SCALEKIT_ISSUER=https://acme.scalekit.com")
        })?;
        return Ok(Scalekit::new(client_id, client_secret(variables.client_secret)?, issuer).into());
    }
    if let Some(card) = known.of_variable(id) {
        return of_card(card, environment);
    }
    let issuer = variables.issuer.ok_or_else(|| unknown(id, known))?;
    let keys = environment.client_keys(id).map_err(|error| {
        let example = format!("{}=\"$(cat key.pem)\"", variable(id, "PRIVATE_KEY"));
        Mistake::new(error.to_string(), example)
    })?;
    let (secret, presents) = (variables.client_secret, environment.client_certificate(id).is_some());
    let registration = match (keys.is_empty(), presents) {
        (true, true) if secret.is_none() => {
            OIDC.register(client_id, "").without_secret().client_authentication(ClientAuthentication::Tls)
        }
        (true, _) => OIDC.register(client_id, client_secret(secret)?),
        (false, _) => OIDC.register(client_id, secret.unwrap_or_default()).client_keys(keys),
    };
    let registration = if presents { registration.client_certificate(id) } else { registration };
    Ok(registration.id(id.to_owned()).name(display_name(id)).issuer(issuer))
}

/// The certificates that are presented to providers, in PEM with their keys: each under the id of its provider.
pub(crate) fn certificates(environment: &Environment) -> Vec<(String, String)> {
    let ids = environment.provider_ids().into_iter();
    ids.filter_map(|id| environment.client_certificate(&id).map(|pem| (id, pem))).collect()
}

/// A card of the catalogue, with everything that its variables say.
fn of_card(card: Provider, environment: &Environment) -> Result<Registration, Mistake> {
    if let Some((name, Some(meant))) = environment.strays(&card).into_iter().find(|(_, meant)| meant.is_some()) {
        let what = format!("{name} is no variable of {}; did you mean {meant}?", card.name);
        return Err(Mistake::new(what, format!("{meant}=…")));
    }
    let registration = environment.register(card).map_err(|error| match error {
        ConfigError::Environment { variable, problem } => {
            let what = format!("{} is set, but {variable} {problem}", card.variable("ID"));
            let is_url =
                |option: &ProviderOption| option.kind == OptionKind::Url && card.variable(option.name) == variable;
            let example = if card.options.iter().any(is_url) { "https://login.example.com" } else { "…" };
            Mistake::new(what, format!("{variable}={example}"))
        }
        other => Mistake::new(other.to_string(), format!("{}=…", card.variable("ID"))),
    })?;
    let name = card.variable("ISSUER");
    let has_issuer = card.protocol == Protocol::Oidc || has_option(&card, &name);
    match environment.get(&name).filter(|_| !has_issuer) {
        // Auth.js's documentation shows no issuer for such a provider; the card's own does no harm.
        Some(issuer) if registration.provider_issuer().as_deref() != Some(issuer) => {
            let what = format!("{name} is {issuer:?}, but {} is always where its card says: remove it", card.name);
            Err(Mistake::new(what, format!("unset {name}")))
        }
        _ => Ok(registration),
    }
}

fn unknown(id: &str, known: &Cards) -> Mistake {
    let own = variable(id, "ID");
    if let Some(card) = known.all().into_iter().find(|card| has_option(card, &own)) {
        let needed = card.variable("ID");
        let what = format!("{own} is set, an option of {}, but {needed} is not: the client id", card.name);
        return Mistake::new(what, format!("{needed}=…"));
    }
    let what = format!(
        "{own} is set, but {id:?} is none of the providers known by name (`authstile providers` lists them), and {} is \
         not set",
        variable(id, "ISSUER")
    );
    // The two names that are mixed up most often.
    if let Some(meant) = id.strip_suffix("-client") {
        let meant = meant.to_ascii_uppercase().replace('-', "_");
        return Mistake::new(format!("{what}; the client id goes in AUTH_{meant}_ID"), format!("AUTH_{meant}_ID=…"));
    }
    Mistake::new(
        format!("{what}: with an issuer, it is any OpenID Connect provider"),
        format!("{}=https://login.example.com", variable(id, "ISSUER")),
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
        let id =
            ["_SECRET", "_PRIVATE_KEY", "_CERTIFICATE", "_ISSUER"].iter().find_map(|ending| id.strip_suffix(ending))?;
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

    /// A key that nobody else has seen, and that opens nothing.
    const KEY: &str = "-----BEGIN PRIVATE KEY-----\\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgdft7wP22MQWJXtgYxW/AaN9wC4QAT4JnkigZr9kqtM+hRANCAARaqYiT610snesMjmdxSIohOARuwhQcVTTjYYNegoiB4PGj0HxeMhtfEOOnJXlNw9zS0O21U9hzBuTSssKixrqm\\n-----END PRIVATE KEY-----";

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
        let found = ids(&[
            ("AUTH_MY_IDP_ID", "1"),
            ("AUTH_MY_IDP_PRIVATE_KEY", KEY),
            ("AUTH_MY_IDP_ISSUER", "https://login.example.com"),
        ]);
        assert_eq!(found.unwrap(), ["my-idp"], "a private key takes the place of a secret");
        assert_eq!(display_name("my-idp"), "My Idp");
    }

    #[test]
    fn an_option_that_ends_in_id_is_no_provider() {
        let found = ids(&[
            ("AUTH_APPLE_ID", "1"),
            ("AUTH_APPLE_TEAM_ID", "t"),
            ("AUTH_APPLE_KEY_ID", "k"),
            ("AUTH_APPLE_KEY", "x"),
        ]);
        assert_eq!(found.unwrap(), ["apple"]);
        let found = ids(&[
            ("AUTH_DISCORD_ID", "1"),
            ("AUTH_DISCORD_SECRET", "s"),
            ("AUTH_42_SCHOOL_ID", "1"),
            ("AUTH_42_SCHOOL_SECRET", "s"),
        ]);
        assert_eq!(found.unwrap(), ["42-school", "discord"]);
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
                &[("AUTH_MY_IDP_ID", "1"), ("AUTH_MY_IDP_PRIVATE_KEY", "x"), ("AUTH_MY_IDP_ISSUER", "https://a.b")],
                "\n    AUTH_MY_IDP_PRIVATE_KEY=",
            ),
            (
                &[("AUTH_GITHUB_ID", "1"), ("AUTH_GITHUB_SECRET", "s"), ("AUTH_GITHUB_ISSUER", "https://a.b")],
                "\n    unset AUTH_GITHUB_ISSUER\n",
            ),
            (
                &[("AUTH_AUTH0_ID", "1"), ("AUTH_AUTH0_SECRET", "s"), ("AUTH_AUTH0_ISSUR", "https://a.b")],
                "\n    AUTH_AUTH0_ISSUER=…\n",
            ),
            (&[("AUTH_AUTH0_ID", "1"), ("AUTH_AUTH0_SECRET", "s")], "\n    AUTH_AUTH0_ISSUER=https://"),
            (&[("AUTH_APPLE_TEAM_ID", "1")], "\n    AUTH_APPLE_ID=…\n"),
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
