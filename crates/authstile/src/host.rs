//! Which address is ours: the one that was configured, or what a request says, as far as it can be believed.

use http::{HeaderMap, Uri, header};
use url::Url;

use crate::return_to::Origin;

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
