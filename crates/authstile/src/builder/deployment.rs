//! Where the engine is deployed: at which addresses, below which path, behind which proxies.

use super::AuthBuilder;
use crate::cookie::CookieSecurity;
use crate::env::Environment;
use crate::error::ConfigError;
use crate::host::HostPolicy;
use crate::origin_pattern::OriginPattern;
use crate::page::{ButtonStyle, Look, Looks, Theme};
use crate::proxies::TrustedProxies;
use crate::redirect_proxy::{RedirectProxy, RedirectProxyProblem};
use crate::registry::Entry;
use crate::seal::Secrets;

impl AuthBuilder {
    /// Our public address, for example `https://app.example.com`; a path in it becomes the base path. Without it, only
    /// requests to loopback hosts are answered.
    #[must_use]
    pub fn url(mut self, url: &str) -> Self {
        let environment = Environment::from_pairs([("AUTH_URL", url)]);
        match (environment.host_policy(), environment.public_urls()) {
            (Ok(HostPolicy::Fixed(origin)), Ok((_, path))) => {
                self.host = HostPolicy::Fixed(origin);
                self.base_path = path.unwrap_or(self.base_path);
            }
            _ => self.url_problem = Some(format!("{url:?} is no public address such as https://app.example.com")),
        }
        self
    }

    /// Several origins in one process, each as it is or as a pattern: `["https://app.example.com", "https://*.tenant.app"]`.
    /// Requests for other hosts are refused. What a browser or a store keeps for one of them is good at no other: a session
    /// of one tenant is none of the next. People and their accounts are the same everywhere.
    #[must_use]
    pub fn origins<'a>(mut self, patterns: impl IntoIterator<Item = &'a str>) -> Self {
        match patterns.into_iter().map(OriginPattern::parse).collect() {
            Ok(patterns) => self.host = HostPolicy::AllowList(patterns),
            Err(error) => self.url_problem = Some(format!("origins: {error}")),
        }
        self
    }

    /// The proxies that are believed when they say for whom and under which address they ask, in `Forwarded` and
    /// `X-Forwarded-For`, `-Host`, `-Proto`, `-Port` and `-Prefix`. None unless you say otherwise. The server in front of the
    /// engine has to say who is connected to it ([`PeerAddress`](crate::PeerAddress)).
    #[must_use]
    pub fn trusted_proxies(mut self, proxies: TrustedProxies) -> Self {
        self.proxies = proxies;
        self
    }

    /// The engine whose callbacks are registered at providers, such as `https://stable.example.com/api/auth`, for preview
    /// deployments whose addresses no provider knows: Auth.js's `redirectProxyUrl`. Both need the same secret, and both this
    /// setting; the one whose origin it is needs [`AuthBuilder::forward_callbacks_to`] too.
    #[must_use]
    pub fn redirect_proxy(mut self, url: impl Into<String>) -> Self {
        self.redirect_proxy = Some(url.into());
        self
    }

    /// Origins of preview deployments to which the redirect proxy passes answers on: `https://*.preview.example.com`. Without
    /// any, nothing is passed on; Auth.js passes on to whatever a `state` under the shared secret names.
    #[must_use]
    pub fn forward_callbacks_to(mut self, pattern: OriginPattern) -> Self {
        self.forwards_to.push(pattern);
        self
    }

    /// Which address to believe, where one fixed address will not do.
    #[must_use]
    pub fn host(mut self, policy: HostPolicy) -> Self {
        self.host = policy;
        self
    }

    /// Where the engine is mounted; `/api/auth` unless you say otherwise.
    #[must_use]
    pub fn base_path(mut self, path: impl Into<String>) -> Self {
        self.base_path = path.into();
        self
    }

    /// Marks cookies as secure, or not, whatever the scheme: for a proxy that ends TLS and does not say so.
    #[must_use]
    pub fn cookie_security(mut self, security: CookieSecurity) -> Self {
        self.security = Some(security);
        self
    }

    /// Another origin to which the browser may be sent after signing in or out.
    #[must_use]
    pub fn allow_return_to(mut self, origin: impl Into<String>) -> Self {
        self.allowed.push(origin.into());
        self
    }

    /// The look of the built-in pages and mails at some of our origins, such as `https://acme.tenant.app`. The first pattern that
    /// matches counts.
    #[must_use]
    pub fn theme_at(mut self, pattern: impl Into<String>, theme: Theme) -> Self {
        self.themes.push((pattern.into(), theme));
        self
    }
}

/// How the pages look, everywhere and at some origins.
pub(super) fn looks(usual: Theme, themes: Vec<(String, Theme)>, entries: &[Entry]) -> Result<Looks, ConfigError> {
    let buttons: Vec<ButtonStyle<'_>> = entries
        .iter()
        .map(|entry| {
            let registration = &entry.registration;
            ButtonStyle { id: &registration.id, background: &registration.background, text: &registration.text }
        })
        .collect();
    // Browsers apply form-action to every redirect that follows a form, and a provider may pass the visitor on to any
    // identity provider of a customer: https has to be allowed as a whole.
    let local =
        entries.iter().any(|entry| entry.issuer.as_ref().is_some_and(authstile_oauth::word::Issuer::is_loopback));
    let form_action = if local { "https: http://localhost:* http://127.0.0.1:*" } else { "https:" };
    let look = |theme| Look::new(theme, &buttons, form_action).map_err(ConfigError::Theme);
    let by_origin = themes.into_iter().map(|(pattern, theme)| {
        let pattern = OriginPattern::parse(&pattern).map_err(|error| ConfigError::Theme(error.to_string()))?;
        Ok((pattern, look(theme)?))
    });
    Ok(Looks { by_origin: by_origin.collect::<Result<_, ConfigError>>()?, usual: look(usual)? })
}

/// The redirect proxy, where there is one.
pub(super) fn redirect_proxy(
    url: Option<String>,
    forwards_to: Vec<OriginPattern>,
    secrets: &Secrets,
) -> Result<Option<RedirectProxy>, ConfigError> {
    match (url, forwards_to) {
        (Some(url), forwards_to) => Ok(Some(RedirectProxy::new(&url, forwards_to, secrets)?)),
        (None, forwards_to) if forwards_to.is_empty() => Ok(None),
        (None, _) => Err(ConfigError::Url(
            "answers are to be passed on, but the redirect proxy has no address: say it with `.redirect_proxy(…)` or \
                     AUTH_REDIRECT_PROXY_URL"
                .to_owned(),
        )),
    }
}

impl From<RedirectProxyProblem> for ConfigError {
    fn from(problem: RedirectProxyProblem) -> Self {
        match problem {
            RedirectProxyProblem::Keys(error) => Self::Keys(error.to_string()),
            problem => Self::Url(problem.to_string()),
        }
    }
}
