//! The host and the port that a request names, read strictly: one spelling for each host (RFC 9110 §4.2.3).

use std::fmt;
use std::net::Ipv6Addr;

use url::Url;

use crate::return_to::Origin;

/// How the browser reached us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Http, Self::Https].into_iter().find(|scheme| scheme.as_str().eq_ignore_ascii_case(text))
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// A host, in lower case and without a dot at the end, and a port where one is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Authority {
    host: String,
    port: Option<u16>,
}

impl Authority {
    /// Reads `host`, `host:port`, `[address]` or `[address]:port`; nothing else stands in a `Host` header.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, port) = rest.split_once(']')?;
                (format!("[{}]", address.parse::<Ipv6Addr>().ok()?), port)
            }
            None => {
                let (name, port) = text.find(':').and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""));
                (host_name(name)?, port)
            }
        };
        let port = if port.is_empty() { None } else { Some(parse_port(port.strip_prefix(':')?)?) };
        Some(Self { host, port })
    }

    /// The same host with the port that a proxy names beside it; `None` when it has another one already.
    pub(crate) fn with_port(self, port: Option<u16>) -> Option<Self> {
        match (self.port, port) {
            (Some(own), Some(other)) if own != other => None,
            (own, other) => Some(Self { port: own.or(other), ..self }),
        }
    }

    pub(crate) fn origin(&self, scheme: Scheme) -> Option<Origin> {
        Origin::parse(&format!("{}://{self}", scheme.as_str())).ok()
    }

    pub(crate) fn is_loopback(&self) -> bool {
        Url::parse(&format!("http://{self}")).is_ok_and(|url| authstile_oauth::word::is_loopback(&url))
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => f.write_str(&self.host),
        }
    }
}

/// A name or an IPv4 address. Only what can stand in a name is read, so that nothing is decoded or cut off later on.
fn host_name(text: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let text = text.strip_suffix('.').unwrap_or(text);
    if text.len() > 253 || text.split('.').any(str::is_empty) || !text.bytes().all(plain) {
        return None;
    }
    // Lower case, one spelling of addresses, and no punycode that stands for nothing.
    Url::parse(&format!("http://{text}")).ok()?.host_str().map(str::to_owned)
}

/// A port, in digits and nothing but digits.
pub(crate) fn parse_port(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?.filter(|port| *port != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        Authority::parse(text).map(|authority| authority.to_string())
    }

    #[test]
    fn cve_2026_48794_a_host_has_one_spelling() {
        for (text, host) in [
            ("app.example", "app.example"),
            ("APP.Example", "app.example"),
            ("app.example.", "app.example"),
            ("app.example.:8443", "app.example:8443"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("XN--Bcher-KVA.example", "xn--bcher-kva.example"),
            ("127.0.0.1:3000", "127.0.0.1:3000"),
            ("0x7f.1", "127.0.0.1"),
            ("[::1]:3000", "[::1]:3000"),
            ("[0:0:0:0:0:0:0:1]", "[::1]"),
            ("my_host", "my_host"),
        ] {
            assert_eq!(read(text).as_deref(), Some(host), "{text}");
        }
        let origin = |text: &str| Authority::parse(text).unwrap().origin(Scheme::Https).unwrap().to_string();
        assert_eq!(origin("app.example:443"), "https://app.example", "the default port is none");
        assert_eq!(origin("app.example:80"), "https://app.example:80");
    }

    #[test]
    fn what_is_no_host_is_none() {
        for bad in [
            "",
            ".",
            "..",
            ":80",
            "a:",
            "a:0",
            "a:65536",
            "a:+80",
            "a:80:80",
            "user@a.example",
            "a.example/x",
            "a.example?x",
            "a.example#x",
            "a.example\\x",
            "a b",
            " a",
            "a,b",
            "a..b",
            ".a",
            "a.example..",
            "%61pp.example",
            "bücher.example",
            "ａpp.example",
            "[::1",
            "[::1]x",
            "[]",
            "[127.0.0.1]",
            "::1",
            "*.example",
            "xn--.example",
            "1.2.3.4.5",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(read(&format!("{}.example", "a".repeat(300))), None);
    }
}
