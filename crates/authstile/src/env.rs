//! Auth.js's environment variables. Nothing else in this workspace reads the environment, and this only when asked.

use std::collections::HashMap;

use crate::customize::Customize as _;
use crate::error::ConfigError;
use crate::host::HostPolicy;
use crate::provider::Provider;
use crate::record::nearest;
use crate::registration::Registration;
use crate::return_to::Origin;
use crate::seal::Secrets;

/// Variables and their values. Empty ones count as unset.
#[derive(Clone, Default)]
pub struct Environment(HashMap<String, String>);

/// What a provider's variables say.
#[derive(Clone)]
pub struct ProviderVariables {
    /// `AUTH_<ID>_ID`.
    pub client_id: Option<String>,
    /// `AUTH_<ID>_SECRET`.
    pub client_secret: Option<String>,
    /// `AUTH_<ID>_ISSUER`.
    pub issuer: Option<String>,
}

impl Environment {
    /// The environment of this process.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the process environment")]
    pub fn of_process() -> Self {
        Self::from_pairs(
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        )
    }

    /// An environment made for a purpose, such as a test.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>) -> Self {
        let pairs = pairs.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self(pairs.filter(|(_, value)| !value.trim().is_empty()).collect())
    }

    /// A variable that is set and not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The names of all variables that are set and not empty, in no order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// A variable that must be set.
    ///
    /// # Errors
    /// When it is not, with a sentence that says what to do.
    pub fn require(&self, name: &str, meaning: &str) -> Result<&str, ConfigError> {
        self.get(name).ok_or_else(|| ConfigError::Environment {
            variable: name.to_owned(),
            problem: format!("is not set: it must hold {meaning}"),
        })
    }

    /// The secrets, newest first: `AUTH_SECRET_3`, `_2`, `_1`, then `AUTH_SECRET` (or `NEXTAUTH_SECRET`).
    #[must_use]
    pub fn secrets(&self) -> Secrets {
        let names = ["AUTH_SECRET_3", "AUTH_SECRET_2", "AUTH_SECRET_1"].into_iter().filter_map(|name| self.get(name));
        let plain = self.get("AUTH_SECRET").or_else(|| self.get("NEXTAUTH_SECRET"));
        Secrets::new(names.chain(plain))
    }

    /// The public address: origin and, where `AUTH_URL` (or `NEXTAUTH_URL`) has a path, the base path.
    ///
    /// # Errors
    /// When the variable is no `http(s)` URL.
    pub fn public_url(&self) -> Result<Option<(Origin, Option<String>)>, ConfigError> {
        let Some((name, text)) =
            ["AUTH_URL", "NEXTAUTH_URL"].into_iter().find_map(|name| Some((name, self.get(name)?)))
        else {
            return Ok(None);
        };
        let wrong = || ConfigError::Environment {
            variable: name.to_owned(),
            problem: format!("is {text:?}, which is no address such as https://app.example.com"),
        };
        let url = url::Url::parse(text).map_err(|_| wrong())?;
        let origin = Origin::of(&url).ok_or_else(wrong)?;
        let path = url.path().trim_end_matches('/');
        Ok(Some((origin, (!path.is_empty()).then(|| path.to_owned()))))
    }

    /// Which address to believe: `AUTH_URL`; else `AUTH_TRUST_HOST`; else only loopback.
    ///
    /// # Errors
    /// When a variable cannot be read.
    pub fn host_policy(&self) -> Result<HostPolicy, ConfigError> {
        if let Some((origin, _)) = self.public_url()? {
            return Ok(HostPolicy::Fixed(origin));
        }
        match self.get("AUTH_TRUST_HOST").map(str::to_ascii_lowercase).as_deref() {
            None | Some("false" | "0" | "no" | "off") => Ok(HostPolicy::LoopbackOnly),
            Some("true" | "1" | "yes" | "on") => Ok(HostPolicy::TrustForwarded),
            Some(_) => Err(ConfigError::Environment {
                variable: "AUTH_TRUST_HOST".to_owned(),
                problem: "must be true or false".to_owned(),
            }),
        }
    }

    /// The variables of one provider: its id in capitals, dashes as underscores.
    #[must_use]
    pub fn provider(&self, id: &str) -> ProviderVariables {
        let name = id.to_ascii_uppercase().replace('-', "_");
        let get = |suffix: &str| self.get(&format!("AUTH_{name}_{suffix}")).map(str::to_owned);
        ProviderVariables { client_id: get("ID"), client_secret: get("SECRET"), issuer: get("ISSUER") }
    }

    /// A card with the credentials and options that its variables hold: `AUTH_{ID}_ID`, `AUTH_{ID}_SECRET`,
    /// `AUTH_{ID}_{OPTION}`. [`Provider::variables`] lists them.
    ///
    /// ```
    /// # use authstile::env::Environment;
    /// # use authstile::provider::GITHUB;
    /// let environment = Environment::from_pairs([("AUTH_GITHUB_ID", "id"), ("AUTH_GITHUB_SECRET", "secret")]);
    /// let github = environment.register(GITHUB)?;
    /// # Ok::<(), authstile::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// When one that must be set is not, or a name looks like a misspelled one.
    pub fn register(&self, card: Provider) -> Result<Registration, ConfigError> {
        if let Some((variable, meant)) = self.strays(&card).into_iter().find_map(|(name, meant)| Some((name, meant?))) {
            let problem = format!("is no variable of {}: did you mean {meant}?", card.name);
            return Err(ConfigError::Environment { variable, problem });
        }
        let mut registration = card.register(self.require(&card.variable("ID"), "the client id")?, "");
        // A secret that is signed with a key may also have been signed by somebody else.
        let secret = self.get(&card.variable("SECRET"));
        if let Some(secret) = secret {
            registration = registration.secret(secret);
        }
        let spared = |name: &str| {
            secret.is_some()
                && card.options.iter().any(|one| card.variable(one.name) == name && card.signs_with(one.name))
        };
        for variable in card.variables() {
            let value = match variable.required && !spared(&variable.name) {
                true => Some(self.require(&variable.name, variable.doc)?),
                false => self.get(&variable.name),
            };
            let Some(value) = value else { continue };
            let ending = |ending: &str| variable.name == card.variable(ending);
            let option = card.options.iter().find(|option| ending(option.name)).map(|option| option.name);
            match option {
                Some(name) => registration = registration.option(name, value),
                None if ending("ISSUER") => registration = registration.issuer(value),
                None => {}
            }
        }
        Ok(registration)
    }

    /// Variables that begin like those of a card but are none of them, in alphabetical order; each with the one that was
    /// perhaps meant.
    #[must_use]
    pub fn strays(&self, card: &Provider) -> Vec<(String, Option<String>)> {
        let mut known: Vec<String> = card.variables().into_iter().map(|variable| variable.name).collect();
        known.push(card.variable("SECRET"));
        let prefix = card.variable("");
        // Only what follows the prefix is compared: the rest is the same.
        let endings: Vec<&str> = known.iter().filter_map(|known| known.strip_prefix(&prefix)).collect();
        let strange = self.names().filter_map(|name| name.strip_prefix(&prefix)).filter(|end| !endings.contains(end));
        let strange: Vec<(&str, Option<&str>)> = strange.map(|end| (end, nearest(end, &endings))).collect();
        // `AUTH_ACME_CLOUD_SECRET` belongs to `acme-cloud`, if there is one.
        let others: Vec<&str> = strange
            .iter()
            .filter(|(_, near)| near.is_none())
            .filter_map(|(end, _)| end.strip_suffix("ID").filter(|other| other.ends_with('_')))
            .collect();
        let mut strays: Vec<(String, Option<String>)> = strange
            .iter()
            .filter(|(end, _)| !others.iter().any(|other| end.starts_with(other)))
            .map(|(end, near)| (format!("{prefix}{end}"), near.map(|near| format!("{prefix}{near}"))))
            .collect();
        strays.sort();
        strays
    }

    /// The ids of all providers that have an `AUTH_<ID>_ID`, in alphabetical order, in lower case with dashes.
    #[must_use]
    pub fn provider_ids(&self) -> Vec<String> {
        let id =
            |name: &str| Some(name.strip_prefix("AUTH_")?.strip_suffix("_ID")?.to_ascii_lowercase().replace('_', "-"));
        let mut ids: Vec<String> = self.0.keys().filter_map(|name| id(name)).filter(|id| !id.is_empty()).collect();
        ids.sort();
        ids
    }
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl std::fmt::Debug for ProviderVariables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProviderVariables")
            .field("client_id", &self.client_id)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&'static str, &'static str)]) -> Environment {
        Environment::from_pairs(pairs.iter().copied())
    }

    #[test]
    fn numbered_secrets_come_first_and_the_highest_seals() {
        let secrets = environment(&[
            ("AUTH_SECRET", "a"),
            ("AUTH_SECRET_1", "b"),
            ("AUTH_SECRET_3", "c"),
            ("AUTH_SECRET_2", " "),
        ])
        .secrets();
        assert_eq!(secrets.iter().collect::<Vec<_>>(), ["c", "b", "a"]);
        assert_eq!(environment(&[("NEXTAUTH_SECRET", "old")]).secrets().iter().collect::<Vec<_>>(), ["old"]);
    }

    #[test]
    fn trust_is_read_as_people_mean_it() {
        let policy = |pairs: &[(&'static str, &'static str)]| environment(pairs).host_policy();
        assert_eq!(policy(&[("AUTH_TRUST_HOST", "true")]).unwrap(), HostPolicy::TrustForwarded);
        assert_eq!(policy(&[("AUTH_TRUST_HOST", "false")]).unwrap(), HostPolicy::LoopbackOnly);
        assert_eq!(policy(&[]).unwrap(), HostPolicy::LoopbackOnly);
        assert_eq!(
            policy(&[("AUTH_URL", "https://a.example/"), ("AUTH_TRUST_HOST", "true")]).unwrap(),
            HostPolicy::Fixed(Origin::parse("https://a.example").unwrap())
        );
        assert!(policy(&[("AUTH_TRUST_HOST", "maybe")]).is_err());
        assert!(policy(&[("AUTH_URL", "a.example")]).is_err());
    }

    #[test]
    fn the_path_of_auth_url_is_the_base_path() {
        let base = |url: &'static str| environment(&[("AUTH_URL", url)]).public_url().unwrap().unwrap().1;
        assert_eq!(base("https://a.example"), None);
        assert_eq!(base("https://a.example/"), None);
        assert_eq!(base("https://a.example/auth/").as_deref(), Some("/auth"));
    }

    #[test]
    fn a_card_is_registered_from_its_variables() {
        use crate::provider::{GITHUB, Need, OIDC, OPTION, ProviderOption, SIGNED_SECRET, SignedSecret};
        let set =
            [("AUTH_GITHUB_ID", "id"), ("AUTH_GITHUB_SECRET", "s"), ("AUTH_GITHUB_BASE_URL", "https://ghe.example/")];
        let registration = environment(&set).register(GITHUB).unwrap();
        assert_eq!(registration.provider_issuer().as_deref(), Some("https://ghe.example/login/oauth"));
        let problem =
            |pairs: &[(&'static str, &'static str)], card| environment(pairs).register(card).unwrap_err().to_string();
        assert!(problem(&set[..1], GITHUB).starts_with("AUTH_GITHUB_SECRET is not set"));
        assert!(problem(&set[1..], GITHUB).starts_with("AUTH_GITHUB_ID is not set"));
        let misspelled = problem(&[set[0], set[1], ("AUTH_GITHUB_BASEURL", "x")], GITHUB);
        assert_eq!(misspelled, "AUTH_GITHUB_BASEURL is no variable of GitHub: did you mean AUTH_GITHUB_BASE_URL?");
        let acme = Provider { id: "acme", ..OIDC };
        let signed = Provider {
            options: &[ProviderOption { name: "key", need: Need::Required, ..OPTION }],
            signed_secret: Some(SignedSecret { private_key: "{key}", ..SIGNED_SECRET }),
            issuer: Some("https://acme.example"),
            ..acme
        };
        assert!(problem(&[("AUTH_ACME_ID", "i")], signed).starts_with("AUTH_ACME_KEY is not set"));
        for given in ["AUTH_ACME_KEY", "AUTH_ACME_SECRET"] {
            environment(&[("AUTH_ACME_ID", "i"), (given, "x")]).register(signed).unwrap();
        }
        assert!(
            problem(&[("AUTH_ACME_ID", "i"), ("AUTH_ACME_SECRET", "s")], acme).starts_with("AUTH_ACME_ISSUER is not")
        );
    }

    #[test]
    fn variables_of_another_provider_are_not_strays_of_this_one() {
        let acme = Provider { id: "acme", ..crate::provider::OIDC };
        let environment = environment(&[
            ("AUTH_ACME_ID", "1"),
            ("AUTH_ACME_CLOUD_ID", "2"),
            ("AUTH_ACME_CLOUD_SECRET", "3"),
            ("AUTH_ACME_COLOR_OF_THE_BUTTON", "4"),
            ("AUTH_ACME_ISSUR", "5"),
        ]);
        assert_eq!(
            environment.strays(&acme),
            [
                ("AUTH_ACME_COLOR_OF_THE_BUTTON".to_owned(), None),
                ("AUTH_ACME_ISSUR".to_owned(), Some("AUTH_ACME_ISSUER".to_owned()))
            ]
        );
    }

    #[test]
    fn provider_ids_are_found_by_their_variables() {
        let environment = environment(&[
            ("AUTH_SCALEKIT_ID", "1"),
            ("AUTH_42_SCHOOL_ID", "2"),
            ("AUTH_GITHUB_SECRET", "3"),
            ("AUTH_ID", "4"),
        ]);
        assert_eq!(environment.provider_ids(), ["42-school", "scalekit"]);
        assert_eq!(environment.provider("42-school").client_id.as_deref(), Some("2"));
    }
}
