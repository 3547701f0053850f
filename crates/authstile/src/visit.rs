//! One request, read: who is asking, from where, with which form, and where they want to go afterwards.

use authstile_oauth::form::Parameters;
use bytes::Bytes;
use http::{HeaderMap, Uri, header};
use serde_json::Value;
use url::Url;

use crate::clock::UnixTime;
use crate::cookie::{CookieNames, CookieSecurity, Cookies, SetCookie};
use crate::guard::{self, CsrfToken, GuardError, SameOrigin};
use crate::return_to::{Origin, ReturnTo};
use crate::settings::{Kind, Settings};

/// Which address we believe to be ours.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostPolicy {
    /// This one, whatever the request says: the right choice in production.
    Fixed(Origin),
    /// What `X-Forwarded-Host` and `X-Forwarded-Proto`, else `Host`, say. Only behind a proxy that sets them itself;
    /// then anybody who reaches us past the proxy can choose our address.
    TrustForwarded,
    /// What `Host` says, as long as it is this machine: for development.
    LoopbackOnly,
}

/// A host that we do not believe to be ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the request is for host {host:?}, which is not trusted: set AUTH_URL to the public address, or AUTH_TRUST_HOST=true behind a proxy that sets X-Forwarded-Host and X-Forwarded-Proto"
)]
pub struct UntrustedHost {
    /// What the request says.
    pub host: String,
}

impl HostPolicy {
    /// Our origin, as seen by this request.
    pub(crate) fn origin(&self, headers: &HeaderMap, uri: &Uri) -> Result<Origin, UntrustedHost> {
        if let Self::Fixed(origin) = self {
            return Ok(origin.clone());
        }
        let first = |name: &str| {
            headers.get(name)?.to_str().ok()?.split(',').next().map(str::trim).filter(|text| !text.is_empty())
        };
        let own = first(header::HOST.as_str()).or_else(|| uri.authority().map(http::uri::Authority::as_str));
        let forwarded = if *self == Self::TrustForwarded { first("x-forwarded-host") } else { None };
        let host = forwarded.or(own).unwrap_or_default();
        let untrusted = || UntrustedHost { host: host.chars().take(200).collect() };
        if host.is_empty() || host.contains(['/', '@', '?', '#', '\\', ' ']) {
            return Err(untrusted());
        }
        let scheme = match self {
            Self::TrustForwarded => {
                first("x-forwarded-proto").map(|scheme| scheme.trim_end_matches(':').to_ascii_lowercase())
            }
            _ => None,
        };
        let scheme = scheme.filter(|scheme| scheme == "http" || scheme == "https");
        let probe = Url::parse(&format!("http://{host}")).map_err(|_| untrusted())?;
        let loopback = authstile_oauth::word::is_loopback(&probe);
        if *self == Self::LoopbackOnly && !loopback {
            return Err(untrusted());
        }
        // A proxy that forwards no scheme is taken to serve https, as Auth.js does; on loopback there is none.
        let scheme = scheme
            .or_else(|| uri.scheme_str().map(str::to_owned))
            .unwrap_or_else(|| if loopback { "http" } else { "https" }.to_owned());
        Origin::parse(&format!("{scheme}://{host}")).map_err(|_| untrusted())
    }
}

/// A request, read once.
#[derive(Debug)]
pub(crate) struct Visit<'a> {
    pub(crate) origin: Origin,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) cookies: Cookies<'a>,
    pub(crate) query: Parameters,
    pub(crate) body: Body,
    pub(crate) now: UnixTime,
    pub(crate) csrf: CsrfToken,
    pub(crate) return_to: ReturnTo,
    /// Cookies that every answer with cookies carries: the CSRF token if it is new, the callback URL if it changed.
    pub(crate) first_cookies: Vec<SetCookie>,
    pub(crate) kind: &'a Kind,
}

/// The form of a POST.
#[derive(Debug, Default)]
pub(crate) struct Body {
    /// Text fields; of a JSON body the text members.
    pub(crate) form: Parameters,
    /// `data` of a JSON body.
    pub(crate) data: Option<Value>,
}

/// A body that says it is JSON and is not.
#[derive(Debug)]
pub(crate) struct NotJson;

impl Body {
    /// Reads the body by its content type; one that is neither a form nor JSON counts as empty.
    pub(crate) fn parse(headers: &HeaderMap, body: &Bytes) -> Result<Self, NotJson> {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.contains("application/json") {
            let members: crate::model::Claims = serde_json::from_slice(body).map_err(|_| NotJson)?;
            let texts = members.iter().filter_map(|(name, value)| Some((name.into(), value.as_str()?.into())));
            return Ok(Self { form: texts.collect(), data: members.get("data").cloned() });
        }
        if kind.contains("application/x-www-form-urlencoded") {
            let form = Parameters::parse(body);
            let data = form.last("data").map(|text| serde_json::from_str(text).unwrap_or_else(|_| text.into()));
            return Ok(Self { form, data });
        }
        Ok(Self::default())
    }
}

impl<'a> Visit<'a> {
    pub(crate) fn new(
        settings: &'a Settings,
        headers: &'a HeaderMap,
        uri: &Uri,
        body: Body,
    ) -> Result<Self, crate::error::Error> {
        let origin = settings.origin(headers, uri)?;
        let kind = settings.kind(&origin);
        let cookies = Cookies::parse(headers);
        let query = Parameters::parse(uri.query().unwrap_or_default().as_bytes());
        let now = settings.clock.now();
        let csrf = settings.csrf.token(cookies.get(&kind.names.csrf).as_deref(), &*settings.random)?;
        let remembered = cookies.get(&kind.names.callback_url);
        let wanted = body.form.last("callbackUrl").or_else(|| query.last("callbackUrl")).or(remembered.as_deref());
        let return_to =
            wanted.and_then(|wanted| settings.return_to(wanted, &origin)).unwrap_or_else(|| ReturnTo::origin(&origin));
        let mut first_cookies = Vec::new();
        if let Some(value) = &csrf.fresh_cookie {
            first_cookies.push(SetCookie::new(&kind.names.csrf, value, kind.security));
        }
        if remembered.as_deref() != Some(return_to.as_str()) {
            first_cookies.push(SetCookie::new(&kind.names.callback_url, return_to.as_str(), kind.security));
        }
        Ok(Self { origin, headers, cookies, query, body, now, csrf, return_to, first_cookies, kind })
    }

    /// Station *guard*.
    pub(crate) fn same_origin(&self, settings: &Settings) -> Result<SameOrigin, GuardError> {
        let cookie = self.cookies.get(&self.kind.names.csrf);
        guard::check(self.headers, &self.origin, &settings.csrf, cookie.as_deref(), self.body.form.last("csrfToken"))
    }

    pub(crate) fn names(&self) -> &CookieNames {
        &self.kind.names
    }

    pub(crate) fn security(&self) -> CookieSecurity {
        self.kind.security
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_address_is_believed_only_from_where_the_policy_says() {
        let origin = |policy: HostPolicy, pairs: &[(&str, &str)]| {
            let headers: HeaderMap = pairs
                .iter()
                .map(|(name, value)| (name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap()))
                .collect();
            policy.origin(&headers, &Uri::from_static("/x")).map(|origin| origin.to_string()).ok()
        };
        let host = ("host", "app.example");
        let forwarded = [host, ("x-forwarded-host", "a.example, b.example"), ("x-forwarded-proto", "https,http")];
        assert_eq!(
            origin(HostPolicy::LoopbackOnly, &[("host", "localhost:3000")]).as_deref(),
            Some("http://localhost:3000")
        );
        assert_eq!(
            origin(HostPolicy::LoopbackOnly, &[("host", "127.0.0.1:3000"), ("x-forwarded-host", "evil.example")])
                .as_deref(),
            Some("http://127.0.0.1:3000")
        );
        assert_eq!(origin(HostPolicy::LoopbackOnly, &[host]), None);
        assert_eq!(origin(HostPolicy::LoopbackOnly, &[]), None);
        assert_eq!(origin(HostPolicy::TrustForwarded, &forwarded).as_deref(), Some("https://a.example"));
        assert_eq!(origin(HostPolicy::TrustForwarded, &[host]).as_deref(), Some("https://app.example"));
        assert_eq!(
            origin(HostPolicy::TrustForwarded, &[host, ("x-forwarded-proto", "http")]).as_deref(),
            Some("http://app.example")
        );
        assert_eq!(origin(HostPolicy::TrustForwarded, &[("host", "a@b")]), None);
        assert_eq!(
            origin(HostPolicy::Fixed(Origin::parse("https://fixed.example").unwrap()), &forwarded).as_deref(),
            Some("https://fixed.example")
        );
    }
}
