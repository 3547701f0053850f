//! Which address is ours: the one that was configured, or what a request says, as far as it can be believed.

use http::{HeaderMap, Uri, header};
use url::Url;

use crate::authority::{Authority, Scheme};
use crate::forwarded::Forwarded;
use crate::origin_pattern::OriginPattern;
use crate::return_to::Origin;

/// Which address we believe to be ours.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostPolicy {
    /// This one, whatever the request says: the right choice in production.
    Fixed(Origin),
    /// Those of these that the request names, for several hosts or tenants in one process; requests to others are refused
    /// with 421. Sessions, and whatever else a browser carries, are good at the origin where they were made and at no other.
    AllowList(Vec<OriginPattern>),
    /// Auth.js's `AUTH_TRUST_HOST`: what `X-Forwarded-Host` and `X-Forwarded-Proto`, else `Host`, say, whatever that is.
    /// Only behind a proxy that sets them itself; anybody who reaches us past the proxy can choose our address. Where
    /// [trusted proxies](crate::AuthBuilder::trusted_proxies) are listed, only theirs are believed.
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

/// A host that is none of those that are ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the request is for {host:?}, which is none of ours ({ours}): add it to AUTH_URL, or let the proxy pass on the Host that the browser asked for, or list the proxy in AUTHSTILE_TRUSTED_PROXIES if it says so in X-Forwarded-Host or Forwarded"
)]
pub struct UnknownHost {
    /// What the request says, at most 200 characters of it.
    pub host: String,
    /// Those that are ours.
    pub ours: String,
}

/// Why our origin is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoOrigin {
    Untrusted(UntrustedHost),
    Unknown(UnknownHost),
}

impl HostPolicy {
    /// Whether several origins are ours that must not take each other's sessions.
    pub(crate) fn has_tenants(&self) -> bool {
        matches!(self, Self::AllowList(_))
    }

    /// Our origin, as seen by this request. `forwarded` is what proxies say that are believed; `None` where none is listed.
    pub(crate) fn origin(
        &self,
        headers: &HeaderMap,
        uri: &Uri,
        forwarded: Option<&Forwarded>,
    ) -> Result<Origin, NoOrigin> {
        let untrusted = || NoOrigin::Untrusted(UntrustedHost { host: stated(headers, uri, forwarded) });
        match (self, forwarded) {
            (Self::Fixed(origin), _) => Ok(origin.clone()),
            (Self::AllowList(patterns), said) => listed(patterns, headers, uri, said).ok_or_else(|| {
                let ours: Vec<String> = patterns.iter().map(ToString::to_string).collect();
                NoOrigin::Unknown(UnknownHost { host: stated(headers, uri, said), ours: ours.join(", ") })
            }),
            (Self::TrustForwarded, Some(said)) => {
                let authority = asked_for(headers, uri, Some(said)).ok_or_else(untrusted)?;
                let usual = if authority.is_loopback() { Scheme::Http } else { Scheme::Https };
                authority.origin(said.scheme.unwrap_or(usual)).ok_or_else(untrusted)
            }
            (Self::TrustForwarded, None) => unlisted(headers, uri, Believe::Anybody).map_err(NoOrigin::Untrusted),
            (Self::LoopbackOnly, _) => unlisted(headers, uri, Believe::Loopback).map_err(NoOrigin::Untrusted),
        }
    }
}

/// The origin that is asked for, if it is one of these. The scheme is what a believed proxy says; else what the list says of
/// this host, `https` first, and not what the request says of itself.
fn listed(patterns: &[OriginPattern], headers: &HeaderMap, uri: &Uri, said: Option<&Forwarded>) -> Option<Origin> {
    let authority = asked_for(headers, uri, said)?;
    let stated = said.and_then(|said| said.scheme);
    let schemes = [Scheme::Https, Scheme::Http].into_iter().filter(|scheme| stated.is_none_or(|said| said == *scheme));
    let mut origins = schemes.filter_map(|scheme| authority.origin(scheme));
    origins.find(|origin| patterns.iter().any(|pattern| pattern.matches(origin)))
}

/// The host and port that the browser asked for; `None` when none is named, or several are (RFC 9112 §3.2).
fn asked_for(headers: &HeaderMap, uri: &Uri, said: Option<&Forwarded>) -> Option<Authority> {
    let own = || {
        let mut lines = headers.get_all(header::HOST).iter();
        let host = lines.next().map(|line| line.to_str().ok().and_then(Authority::parse));
        let target = uri.authority().map(|authority| Authority::parse(authority.as_str()));
        match (lines.next(), host, target) {
            (None, Some(host), None) => host,
            (None, None, Some(target)) => target,
            (None, Some(host), Some(target)) if host == target => host,
            _ => None,
        }
    };
    let authority = said.and_then(|said| said.host.clone()).or_else(own)?;
    authority.with_port(said.and_then(|said| said.port))
}

/// What a request says, for the log.
fn stated(headers: &HeaderMap, uri: &Uri, said: Option<&Forwarded>) -> String {
    let lines = headers.get_all(header::HOST).iter().map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned());
    let named = uri.authority().map(ToString::to_string).into_iter().chain(lines);
    let host = match said.and_then(|said| said.host.as_ref()) {
        Some(host) => host.to_string(),
        None => named.collect::<Vec<_>>().join(", "),
    };
    let scheme = said.and_then(|said| said.scheme).map(|scheme| format!("{}://", scheme.as_str()));
    format!("{}{host}", scheme.unwrap_or_default()).chars().take(200).collect()
}

/// Who is believed without a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Believe {
    Anybody,
    Loopback,
}

/// As lenient as Auth.js.
fn unlisted(headers: &HeaderMap, uri: &Uri, believe: Believe) -> Result<Origin, UntrustedHost> {
    let first =
        |name: &str| headers.get(name)?.to_str().ok()?.split(',').next().map(str::trim).filter(|text| !text.is_empty());
    let own = first(header::HOST.as_str()).or_else(|| uri.authority().map(http::uri::Authority::as_str));
    let forwarded = if believe == Believe::Anybody { first("x-forwarded-host") } else { None };
    let host = forwarded.or(own).unwrap_or_default();
    let untrusted = || UntrustedHost { host: host.chars().take(200).collect() };
    if host.is_empty() || host.contains(['/', '@', '?', '#', '\\', ' ']) {
        return Err(untrusted());
    }
    let scheme = match believe {
        Believe::Anybody => first("x-forwarded-proto").map(|scheme| scheme.trim_end_matches(':').to_ascii_lowercase()),
        Believe::Loopback => None,
    };
    let scheme = scheme.filter(|scheme| scheme == "http" || scheme == "https");
    let probe = Url::parse(&format!("http://{host}")).map_err(|_| untrusted())?;
    let loopback = authstile_oauth::word::is_loopback(&probe);
    if believe == Believe::Loopback && !loopback {
        return Err(untrusted());
    }
    // A proxy that forwards no scheme is taken to serve https, as Auth.js does; on loopback there is none.
    let scheme = scheme
        .or_else(|| uri.scheme_str().map(str::to_owned))
        .unwrap_or_else(|| if loopback { "http" } else { "https" }.to_owned());
    Origin::parse(&format!("{scheme}://{host}")).map_err(|_| untrusted())
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
            policy.origin(&headers, &Uri::from_static("/x"), None).map(|origin| origin.to_string()).ok()
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

    /// The origin of a request at an engine for one application and the tenants of another; `uri` as the request line has it.
    fn listed_origin(uri: &str, hosts: &[&str], said: Option<&Forwarded>) -> Option<String> {
        let patterns = [
            "https://app.example",
            "https://*.tenant.app",
            "http://[::1]:3000",
            "https://both.example",
            "http://both.example",
        ];
        let policy = HostPolicy::AllowList(patterns.map(|text| OriginPattern::parse(text).unwrap()).to_vec());
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(header::HOST, http::HeaderValue::from_bytes(host.as_bytes()).unwrap());
        }
        policy.origin(&headers, &uri.parse().unwrap(), said).map(|origin| origin.to_string()).ok()
    }

    #[test]
    fn cve_2025_27143_only_listed_hosts_are_ours() {
        for (host, origin) in [
            ("app.example", "https://app.example"),
            ("APP.example", "https://app.example"),
            ("app.example.", "https://app.example"),
            ("app.example:443", "https://app.example"),
            ("a.tenant.app", "https://a.tenant.app"),
            ("a.tenant.app.", "https://a.tenant.app"),
            ("xn--bcher-kva.tenant.app", "https://xn--bcher-kva.tenant.app"),
            ("[0::1]:3000", "http://[::1]:3000"),
            ("both.example", "https://both.example"),
        ] {
            assert_eq!(listed_origin("/x", &[host], None).as_deref(), Some(origin), "{host}");
            assert_eq!(listed_origin(&format!("http://{host}/x"), &[], None).as_deref(), Some(origin), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil-app.example",
            "evilapp.example",
            "app.example.evil",
            "app.example:444",
            "app.example:80",
            "app.example@evil.example",
            "evil.example@app.example",
            "app.example/",
            "app.example#.evil.example",
            "app.example, evil.example",
            "app.example app.example",
            "https://app.example",
            "%61pp.example",
            "аpp.example", // the first letter is Cyrillic
            "xn--pp-7cd.example",
            "tenant.app",
            "a.b.tenant.app",
            ".tenant.app",
            "*.tenant.app",
            "a.tenant.app:8443",
            "bücher.tenant.app",
            "[::1]",
            "[::1]:3001",
            "localhost:3000",
        ] {
            assert_eq!(listed_origin("/x", &[host], None), None, "{host}");
        }
        assert_eq!(listed_origin("/x", &[], None), None);
        assert_eq!(listed_origin("/x", &["app.example", "app.example"], None), None, "two are none");
        assert_eq!(listed_origin("/x", &["app.example", "evil.example"], None), None);
        assert_eq!(listed_origin("http://app.example/x", &["evil.example"], None), None, "two that disagree");
        assert!(listed_origin("http://app.example/x", &["APP.example"], None).is_some());
    }

    #[test]
    fn cve_2026_33495_only_a_proxy_that_is_believed_chooses_scheme_and_port() {
        let said = |host: Option<&str>, scheme, port| Forwarded {
            host: host.map(|host| Authority::parse(host).unwrap()),
            scheme,
            port,
            ..Forwarded::default()
        };
        let origin = |uri: &str, said: &Forwarded| listed_origin(uri, &["both.example"], Some(said));
        let (http, https) = (Some("http://both.example".to_owned()), Some("https://both.example".to_owned()));
        assert_eq!(origin("/x", &said(None, None, None)), https);
        assert_eq!(origin("http://both.example/x", &said(None, None, None)), https);
        assert_eq!(origin("/x", &said(None, Some(Scheme::Http), None)), http);
        assert_eq!(origin("/x", &said(None, Some(Scheme::Http), Some(80))), http);
        assert_eq!(origin("/x", &said(None, Some(Scheme::Http), Some(443))), None, "no such origin is ours");
        assert_eq!(origin("/x", &said(Some("a.tenant.app"), None, None)).as_deref(), Some("https://a.tenant.app"));
        assert_eq!(origin("/x", &said(Some("a.tenant.app"), Some(Scheme::Http), None)), None);
        assert_eq!(origin("/x", &said(Some("evil.example"), None, None)), None);
        assert_eq!(origin("/x", &said(Some("both.example:443"), None, Some(80))), None, "two ports");
    }

    #[test]
    fn where_proxies_are_listed_others_are_not_believed_by_any_policy() {
        let mut headers = HeaderMap::new();
        for (name, value) in
            [("host", "own.example"), ("x-forwarded-host", "evil.example"), ("x-forwarded-proto", "http")]
        {
            headers.insert(name, value.parse().unwrap());
        }
        let origin = |said: &Forwarded| {
            let origin = HostPolicy::TrustForwarded.origin(&headers, &Uri::from_static("/x"), Some(said));
            origin.map(|origin| origin.to_string()).ok()
        };
        assert_eq!(origin(&Forwarded::default()).as_deref(), Some("https://own.example"));
        let host = Authority::parse("app.example");
        assert_eq!(origin(&Forwarded { host, ..Forwarded::default() }).as_deref(), Some("https://app.example"));
    }
}
