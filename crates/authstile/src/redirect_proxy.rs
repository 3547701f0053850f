//! Preview deployments: they have addresses that no provider knows, so the answers to their sign-ins go to the callback of
//! a stable deployment, the redirect proxy, which passes them on (`authjs-behaviour` §5.6).
//!
//! The wire is Auth.js's: `state` is a token under the secret that both share, with the preview's own callback in it. So
//! either of the two may be Auth.js. What Auth.js lacks is the list of origins to which the proxy passes answers on;
//! without one, nothing is. The preview recognises its own `state` by its cookie, as ever.

use authstile_oauth::form::Parameters;
use authstile_oauth::word::State;
use serde_json::Value;
use url::Url;

use crate::clock::UnixTime;
use crate::model::Claims;
use crate::origin_pattern::OriginPattern;
use crate::random::Random;
use crate::return_to::Origin;
use crate::seal::{SealError, Sealer, Secrets};

/// Auth.js's salt for such a `state`.
const SALT: &str = "encodedState";

/// Auth.js's claim for the preview's own callback.
const ORIGIN: &str = "origin";

/// Auth.js's claim for what nobody can guess.
const RANDOM: &str = "random";

/// Seconds that a visitor has for signing in at the provider.
const SECONDS: i64 = 15 * 60;

/// The redirect proxy, as the deployments that use it and the one that is it see it.
#[derive(Debug)]
pub(crate) struct RedirectProxy {
    /// Its engine: `https://stable.example/api/auth`.
    url: String,
    origin: Origin,
    forwards_to: Vec<OriginPattern>,
    states: Sealer,
}

/// An answer for a deployment to which nothing is passed on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the answer is for the deployment at {origin:?}, to which nothing is passed on: if it is one of yours, add it to AUTHSTILE_REDIRECT_PROXY_ORIGINS"
)]
pub struct NotForwarded {
    /// What stands in the `state`, at most 200 characters of it.
    pub origin: String,
}

impl RedirectProxy {
    /// `url` is that of the proxy's engine.
    pub(crate) fn new(
        url: &str,
        forwards_to: Vec<OriginPattern>,
        secrets: &Secrets,
    ) -> Result<Self, RedirectProxyProblem> {
        let parsed = Url::parse(url).map_err(|_| RedirectProxyProblem::NoUrl(url.to_owned()))?;
        let origin = Origin::of(&parsed).filter(|_| parsed.query().is_none() && parsed.fragment().is_none());
        let origin = origin.ok_or_else(|| RedirectProxyProblem::NoUrl(url.to_owned()))?;
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(RedirectProxyProblem::NoUrl(url.to_owned()));
        }
        if !origin.is_https() && !authstile_oauth::word::is_loopback(&parsed) {
            return Err(RedirectProxyProblem::Insecure(url.to_owned()));
        }
        let url = String::from(parsed).trim_end_matches('/').to_owned();
        Ok(Self { url, origin, forwards_to, states: Sealer::new(secrets, SALT)? })
    }

    /// The redirect URI for sign-ins that begin here; `None` at the proxy itself, which has its own.
    pub(crate) fn redirect_uri(&self, here: &Origin, provider: &str) -> Option<String> {
        (*here != self.origin).then(|| format!("{}/callback/{provider}", self.url))
    }

    /// The `state` of a sign-in that begins at a preview with this callback.
    pub(crate) fn state(
        &self,
        callback: &str,
        state: &State,
        now: UnixTime,
        random: &dyn Random,
    ) -> Result<State, SealError> {
        let mut claims = Claims::new();
        claims.insert(ORIGIN.to_owned(), callback.into());
        claims.insert(RANDOM.to_owned(), state.as_str().into());
        Ok(State::from_text(self.states.seal(claims, SECONDS, now, random)?))
    }

    /// Where an answer that arrived at the proxy goes: to the preview that its `state` names, with all it brought. `None`
    /// when it is the proxy's own.
    pub(crate) fn forward(
        &self,
        here: &Origin,
        provider: &str,
        state: &str,
        parameters: &Parameters,
        now: UnixTime,
    ) -> Result<Option<String>, NotForwarded> {
        if *here != self.origin {
            return Ok(None);
        }
        // What does not open is an ordinary `state`, which the cookie of this browser has to know.
        let Ok(claims) = self.states.open(state, now) else { return Ok(None) };
        let callback = claims.get(ORIGIN).and_then(Value::as_str).unwrap_or_default();
        let refused = || NotForwarded { origin: callback.chars().take(200).collect() };
        let url = Url::parse(callback).map_err(|_| refused())?;
        let origin = Origin::of(&url).ok_or_else(refused)?;
        if origin == *here {
            return Ok(None);
        }
        let plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
            && url.path().ends_with(&format!("/callback/{provider}"));
        if !plain || !self.forwards_to.iter().any(|pattern| pattern.matches(&origin)) {
            return Err(refused());
        }
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters.iter()).finish();
        Ok(Some(format!("{url}?{query}")))
    }
}

/// Why an engine with this redirect proxy is not built.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RedirectProxyProblem {
    #[error("the redirect proxy is {0:?}, which is no URL of an engine such as https://stable.example.com/api/auth")]
    NoUrl(String),
    #[error("the redirect proxy is {0:?}: it must be https, since codes pass through it")]
    Insecure(String),
    #[error(transparent)]
    Keys(#[from] SealError),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    const NOW: UnixTime = UnixTime::from_seconds(1_767_225_600);

    fn proxy(list: &[&str]) -> RedirectProxy {
        let secrets = Secrets::new(["kT2x0Zb9nJH0Zs3wq1vLr8m5yD4fGh7UeXcPaRoNiQ4="]);
        let list = list.iter().map(|text| text.parse().unwrap()).collect();
        RedirectProxy::new("https://stable.example/api/auth/", list, &secrets).unwrap()
    }

    fn forwarded(proxy: &RedirectProxy, here: &str, callback: &str) -> Result<Option<String>, NotForwarded> {
        let state = proxy.state(callback, &State::from_text("r"), NOW, &SystemRandom).unwrap();
        let parameters = Parameters::parse(b"code=a%26b&state=s");
        proxy.forward(&Origin::parse(here).unwrap(), "acme", state.as_str(), &parameters, NOW)
    }

    #[test]
    fn answers_go_to_listed_previews_only() {
        let some = proxy(&["https://*.preview.example"]);
        let stable = "https://stable.example";
        let good = "https://pr-7.preview.example/api/auth/callback/acme";
        assert_eq!(forwarded(&some, stable, good), Ok(Some(format!("{good}?code=a%26b&state=s"))));
        assert_eq!(forwarded(&some, stable, "https://stable.example/api/auth/callback/acme"), Ok(None));
        assert_eq!(forwarded(&some, "https://pr-7.preview.example", good), Ok(None), "only the proxy passes on");
        assert!(forwarded(&proxy(&[]), stable, good).is_err(), "without a list nothing is passed on");
        for bad in [
            "https://evil.example/api/auth/callback/acme",
            "https://preview.example/api/auth/callback/acme",
            "https://a.preview.example.evil.example/api/auth/callback/acme",
            "http://pr-7.preview.example/api/auth/callback/acme",
            "https://pr-7.preview.example:8443/api/auth/callback/acme",
            "https://u@pr-7.preview.example/api/auth/callback/acme",
            "https://pr-7.preview.example/api/auth/callback/other",
            "https://pr-7.preview.example/log?x=/callback/acme",
            "https://pr-7.preview.example/x#/callback/acme",
            "javascript:alert(1)",
            "",
        ] {
            assert!(forwarded(&some, stable, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_state_of_another_secret_or_an_old_one_is_not_passed_on() {
        let ours = proxy(&["https://*.preview.example"]);
        let here = Origin::parse("https://stable.example").unwrap();
        let callback = "https://pr-7.preview.example/api/auth/callback/acme";
        let state = ours.state(callback, &State::from_text("r"), NOW, &SystemRandom).unwrap();
        let forward = |proxy: &RedirectProxy, state: &str, now| {
            proxy.forward(&here, "acme", state, &Parameters::parse(b""), now).unwrap()
        };
        assert!(forward(&ours, state.as_str(), NOW).is_some());
        assert_eq!(forward(&ours, state.as_str(), NOW.plus_seconds(16 * 60)), None);
        assert_eq!(forward(&ours, "r", NOW), None);
        let secrets = Secrets::new(["aX9q0Zb9nJH0Zs3wq1vLr8m5yD4fGh7UeXcPaRoNiQ4="]);
        let other = RedirectProxy::new("https://stable.example/api/auth", Vec::new(), &secrets).unwrap();
        assert_eq!(forward(&other, state.as_str(), NOW), None);
    }

    #[test]
    fn a_redirect_proxy_is_the_url_of_an_engine() {
        let secrets = Secrets::new(["kT2x0Zb9nJH0Zs3wq1vLr8m5yD4fGh7UeXcPaRoNiQ4="]);
        let new = |url: &str| RedirectProxy::new(url, Vec::new(), &secrets);
        for bad in ["", "stable.example", "ftp://a", "https://a?x", "https://a#x", "https://u@a", "http://a.example"] {
            assert!(new(bad).is_err(), "{bad}");
        }
        let local = new("http://localhost:3000/auth").unwrap();
        let preview = Origin::parse("http://localhost:4000").unwrap();
        assert_eq!(local.redirect_uri(&preview, "a").as_deref(), Some("http://localhost:3000/auth/callback/a"));
        assert_eq!(local.redirect_uri(&local.origin, "a"), None);
    }
}
