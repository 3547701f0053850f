//! Auth.js's environment variables. Nothing else in this workspace reads the environment, and this only when asked.

use std::collections::HashMap;

use authstile_oauth::client_auth::ClientAuthentication;
use authstile_oauth::jose::sign::SigningKeyError;

use crate::client_keys::ClientKeys;
use crate::customize::Customize as _;
use crate::error::ConfigError;
use crate::host::HostPolicy;
use crate::origin_pattern::OriginPattern;
use crate::provider::{CERTIFICATE, PRIVATE_KEY, Provider};
use crate::proxies::TrustedProxies;
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

    /// The public addresses in `AUTH_URL` (or `NEXTAUTH_URL`), separated by commas or blanks: their origins, of which each may
    /// be a pattern, and, where they have a path, the base path.
    ///
    /// # Errors
    /// When one is no `http(s)` URL, or they have different paths.
    pub fn public_urls(&self) -> Result<(Vec<OriginPattern>, Option<String>), ConfigError> {
        let named = ["AUTH_URL", "NEXTAUTH_URL"].into_iter().find_map(|name| Some((name, self.get(name)?)));
        let Some((name, text)) = named else { return Ok((Vec::new(), None)) };
        let wrong = |problem: String| ConfigError::Environment { variable: name.to_owned(), problem };
        let mut patterns = Vec::new();
        let mut paths = Vec::new();
        for address in list(text) {
            let (pattern, path) = public_url(address).map_err(&wrong)?;
            patterns.push(pattern);
            paths.push(path);
        }
        paths.dedup();
        match <[String; 1]>::try_from(paths) {
            Ok([path]) => Ok((patterns, (!path.is_empty()).then_some(path))),
            Err(paths) => {
                let paths = paths.join("\", \"");
                Err(wrong(format!("has addresses with the paths \"{paths}\": the engine has one, at all its origins")))
            }
        }
    }

    /// Which address to believe: `AUTH_URL`, which may list several; else `AUTH_TRUST_HOST`; else only loopback.
    ///
    /// # Errors
    /// When a variable cannot be read.
    pub fn host_policy(&self) -> Result<HostPolicy, ConfigError> {
        let (patterns, _) = self.public_urls()?;
        match (patterns.as_slice(), patterns.first().and_then(OriginPattern::as_origin)) {
            ([], _) => {}
            ([_], Some(origin)) => return Ok(HostPolicy::Fixed(origin.clone())),
            _ => return Ok(HostPolicy::AllowList(patterns)),
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

    /// The proxies that are believed when they say for whom and under which address they ask: `AUTHSTILE_TRUSTED_PROXIES`, IP
    /// addresses and networks, separated by commas.
    ///
    /// # Errors
    /// When one is neither.
    pub fn trusted_proxies(&self) -> Result<TrustedProxies, ConfigError> {
        let variable = "AUTHSTILE_TRUSTED_PROXIES";
        let list = self.get(variable).unwrap_or_default().parse();
        list.map_err(|crate::proxies::InvalidNetwork(part)| ConfigError::Environment {
            variable: variable.to_owned(),
            problem: format!("has {part:?}, which is no IP address and no network such as 10.0.0.0/8"),
        })
    }

    /// The deployment whose callback is registered at providers, in place of those of preview deployments, as the URL of its
    /// engine: Auth.js's `AUTH_REDIRECT_PROXY_URL`. And the origins to which that deployment passes answers on:
    /// `AUTHSTILE_REDIRECT_PROXY_ORIGINS`, patterns, separated by commas or blanks.
    ///
    /// # Errors
    /// When an origin cannot be read.
    pub fn redirect_proxy(&self) -> Result<(Option<&str>, Vec<OriginPattern>), ConfigError> {
        let variable = "AUTHSTILE_REDIRECT_PROXY_ORIGINS";
        let origins = list(self.get(variable).unwrap_or_default()).map(OriginPattern::parse);
        let origins = origins.collect::<Result<_, _>>().map_err(|error| ConfigError::Environment {
            variable: variable.to_owned(),
            problem: format!("cannot be read: {error}"),
        })?;
        Ok((self.get("AUTH_REDIRECT_PROXY_URL"), origins))
    }

    /// The variables of one provider: its id in capitals, dashes as underscores.
    #[must_use]
    pub fn provider(&self, id: &str) -> ProviderVariables {
        let name = id.to_ascii_uppercase().replace('-', "_");
        let get = |suffix: &str| self.get(&format!("AUTH_{name}_{suffix}")).map(str::to_owned);
        ProviderVariables { client_id: get("ID"), client_secret: get("SECRET"), issuer: get("ISSUER") }
    }

    /// Our private keys at one provider, the one that signs first: `AUTH_<ID>_PRIVATE_KEY_3`, `_2`, `_1`, then
    /// `AUTH_<ID>_PRIVATE_KEY`; PKCS#8 in PEM, with line breaks or with `\n`. None where none is set. [`ClientKeys`] says
    /// how they are rotated.
    ///
    /// # Errors
    /// When one cannot be read, with what helps.
    pub fn client_keys(&self, id: &str) -> Result<ClientKeys, ConfigError> {
        let prefix = format!("AUTH_{id}_{PRIVATE_KEY}").to_ascii_uppercase().replace(['-', '.'], "_");
        let names = ["_3", "_2", "_1", ""].map(|number| format!("{prefix}{number}"));
        let set = names.into_iter().filter_map(|name| Some((self.get(&name)?, name)));
        set.into_iter().try_fold(ClientKeys::default(), |keys, (pem, variable)| {
            let wrong = |error: SigningKeyError| ConfigError::Environment { variable, problem: error.to_string() };
            keys.and_from_pem(pem).map_err(wrong)
        })
    }

    /// The certificate that we present to one provider (RFC 8705), with those between it and its authority and its private
    /// key: `AUTH_<ID>_CERTIFICATE`, PEM with line breaks or with `\n`. For the transport, under the id of the provider.
    #[must_use]
    pub fn client_certificate(&self, id: &str) -> Option<String> {
        let name = format!("AUTH_{id}_{CERTIFICATE}").to_ascii_uppercase().replace(['-', '.'], "_");
        self.get(&name).map(|pem| pem.replace("\\n", "\n"))
    }

    /// A card with the credentials and options that its variables hold: `AUTH_{ID}_ID`, `AUTH_{ID}_SECRET` or
    /// `AUTH_{ID}_PRIVATE_KEY`, `AUTH_{ID}_{OPTION}`. [`Provider::variables`] lists them. With `AUTH_{ID}_CERTIFICATE` the
    /// transport must have a certificate under the card's id; it is also the proof of who we are, unless there is a secret
    /// or a private key.
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
        let keys = match takes_keys(&card) {
            true => self.client_keys(card.id)?,
            false => ClientKeys::default(),
        };
        let has_keys = !keys.is_empty();
        if has_keys {
            registration = registration.client_keys(keys);
        }
        let presents = takes_keys(&card) && self.client_certificate(card.id).is_some();
        if presents {
            registration = registration.client_certificate(card.id);
        }
        let is_known_by_certificate = presents && !has_keys && secret.is_none();
        if is_known_by_certificate {
            let method = card.client_authentication.filter(|method| method.is_tls());
            registration =
                registration.without_secret().client_authentication(method.unwrap_or(ClientAuthentication::Tls));
        }
        let spared = |name: &str| {
            let is_credential = ["SECRET", PRIVATE_KEY].iter().any(|ending| card.variable(ending) == name);
            ((has_keys || is_known_by_certificate) && is_credential)
                || secret.is_some()
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
        if takes_keys(card) {
            let numbered = ["", "_1", "_2", "_3"].map(|number| card.variable(&format!("{PRIVATE_KEY}{number}")));
            known.extend(numbered);
            known.push(card.variable(CERTIFICATE));
        }
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

/// The parts of a list, which commas or blanks separate.
fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c == ',' || c.is_whitespace()).filter(|part| !part.is_empty())
}

/// An address of ours: its origin, which may be a pattern, and its path without a slash at the end.
fn public_url(text: &str) -> Result<(OriginPattern, String), String> {
    let wrong = || format!("is {text:?}, which is no address such as https://app.example.com");
    if !text.contains('*') {
        let url = url::Url::parse(text).map_err(|_| wrong())?;
        let origin = Origin::of(&url).ok_or_else(wrong)?;
        return Ok((origin.into(), url.path().trim_end_matches('/').to_owned()));
    }
    let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
    let (host, path) = rest.find('/').and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, ""));
    let pattern = OriginPattern::parse(&format!("{scheme}://{host}"));
    Ok((pattern.map_err(|error| format!("cannot be read: {error}"))?, path.trim_end_matches('/').to_owned()))
}

/// Whether the variables of a private key and a certificate are ours to read, and no options of the card's own.
fn takes_keys(card: &Provider) -> bool {
    card.signed_secret.is_none() && !card.options.iter().any(|option| option.name.eq_ignore_ascii_case(PRIVATE_KEY))
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
        let base = |url: &'static str| environment(&[("AUTH_URL", url)]).public_urls().unwrap().1;
        assert_eq!(base("https://a.example"), None);
        assert_eq!(base("https://a.example/"), None);
        assert_eq!(base("https://a.example/auth/").as_deref(), Some("/auth"));
        assert_eq!(base("https://a.example/auth, https://*.tenant.app/auth/").as_deref(), Some("/auth"));
        let mixed = environment(&[("AUTH_URL", "https://a.example/auth https://b.example")]).public_urls();
        assert!(mixed.unwrap_err().to_string().starts_with("AUTH_URL has addresses with the paths \"/auth\", \"\""));
    }

    #[test]
    fn auth_url_may_list_several_origins() {
        let policy = |url: &'static str| environment(&[("AUTH_URL", url)]).host_policy();
        let list = |texts: &[&str]| HostPolicy::AllowList(texts.iter().map(|text| text.parse().unwrap()).collect());
        assert_eq!(
            policy(" https://a.example ").unwrap(),
            HostPolicy::Fixed(Origin::parse("https://a.example").unwrap())
        );
        let both = list(&["https://a.example", "https://*.tenant.app"]);
        assert_eq!(policy("https://a.example,https://*.tenant.app").unwrap(), both);
        assert_eq!(policy("https://a.example\n  https://*.tenant.app/").unwrap(), both);
        assert_eq!(policy("https://*.tenant.app").unwrap(), list(&["https://*.tenant.app"]));
        for bad in ["https://a.example,b.example", "https://*.com", "https://a.example https://*x.tenant.app"] {
            assert!(policy(bad).unwrap_err().to_string().starts_with("AUTH_URL "), "{bad}");
        }
    }

    #[test]
    fn proxies_are_read_from_the_environment() {
        let proxies = |list: &'static str| environment(&[("AUTHSTILE_TRUSTED_PROXIES", list)]).trusted_proxies();
        assert_eq!(proxies("10.0.0.0/8, ::1").unwrap(), "10.0.0.0/8,::1".parse().unwrap());
        assert!(environment(&[]).trusted_proxies().unwrap().is_empty());
        let error = proxies("10.0.0.0/8, proxy.example").unwrap_err().to_string();
        assert!(error.contains("AUTHSTILE_TRUSTED_PROXIES") && error.contains("\"proxy.example\""), "{error}");
        let set = [
            ("AUTH_REDIRECT_PROXY_URL", "https://stable.example/api/auth"),
            ("AUTHSTILE_REDIRECT_PROXY_ORIGINS", "https://*.preview.example https://next.example"),
        ];
        let environment = environment(&set);
        let (url, origins) = environment.redirect_proxy().unwrap();
        assert_eq!((url, origins.len()), (Some(set[0].1), 2));
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
    fn a_private_key_takes_the_place_of_a_secret() {
        use authstile_oauth::jose::sign::SigningKey;
        use base64::Engine as _;
        let pem = |key: &SigningKey| {
            let der = base64::engine::general_purpose::STANDARD.encode(key.pkcs8());
            format!("-----BEGIN PRIVATE KEY-----\\n{der}\\n-----END PRIVATE KEY-----")
        };
        let (old, new) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let acme = Provider { id: "acme-corp", issuer: Some("https://acme.example"), ..crate::provider::OIDC };
        let environment = |pairs: &[(&str, &str)]| {
            let id = [("AUTH_ACME_CORP_ID".to_owned(), "id".to_owned())];
            Environment::from_pairs(id.into_iter().chain(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))))
        };
        let keys = [("AUTH_ACME_CORP_PRIVATE_KEY", &*pem(&old)), ("AUTH_ACME_CORP_PRIVATE_KEY_1", &*pem(&new))];
        let registration = environment(&keys).register(acme).unwrap();
        assert_eq!(registration.client_keys.choose(None).unwrap().0.kid(), new.kid(), "the highest number signs");
        assert!(registration.client_secret.is_none());
        assert!(!environment(&keys[1..]).register(acme).unwrap().client_keys.is_empty());
        let problem = |pairs: &[(&str, &str)], card| environment(pairs).register(card).unwrap_err().to_string();
        let broken = problem(&[("AUTH_ACME_CORP_PRIVATE_KEY_2", "-----BEGIN RSA PRIVATE KEY-----")], acme);
        assert!(broken.starts_with("AUTH_ACME_CORP_PRIVATE_KEY_2 the private key is in the older form"), "{broken}");
        assert!(problem(&[], acme).starts_with("AUTH_ACME_CORP_SECRET is not set"));
        let jwt = Provider { client_authentication: Some(ClientAuthentication::PrivateKeyJwt), ..acme };
        assert!(problem(&[], jwt).starts_with("AUTH_ACME_CORP_PRIVATE_KEY is not set"));
        assert!(!environment(&keys[1..]).register(jwt).unwrap().client_keys.is_empty());
    }

    #[test]
    fn a_certificate_takes_the_place_of_a_secret_or_stands_beside_it() {
        let acme = Provider { id: "acme-corp", issuer: Some("https://acme.example"), ..crate::provider::OIDC };
        let credentials =
            [("AUTH_ACME_CORP_ID", "id"), ("AUTH_ACME_CORP_CERTIFICATE", "a\\nb"), ("AUTH_ACME_CORP_SECRET", "s")];
        let alone = environment(&credentials[..2]);
        assert_eq!(alone.client_certificate("acme-corp").unwrap(), "a\nb");
        let registration = alone.register(acme).unwrap();
        assert!(registration.client_secret.is_none());
        assert_eq!(registration.client_certificate.as_ref().unwrap().name(), "acme-corp");
        assert_eq!(registration.provider.client_authentication, Some(ClientAuthentication::Tls));
        let own = Provider { client_authentication: Some(ClientAuthentication::SelfSignedTls), ..acme };
        let registration = alone.register(own).unwrap();
        assert_eq!(registration.provider.client_authentication, Some(ClientAuthentication::SelfSignedTls));
        let registration = environment(&credentials).register(acme).unwrap();
        assert!(registration.client_secret.is_some() && registration.client_certificate.is_some());
        assert_eq!(registration.provider.client_authentication, None);
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
