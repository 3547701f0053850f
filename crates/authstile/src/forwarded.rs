//! What proxies say about a request: `Forwarded` (RFC 7239), and the `X-Forwarded-…` headers that were there before it.
//!
//! They are believed from listed peers only, and as far back as the peers that they name are listed too. Where two of
//! them disagree nobody knows which one the client wrote: the request is refused.

use std::iter::Peekable;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::Chars;

use http::{HeaderMap, header};

use crate::authority::{Authority, Scheme, parse_port};
use crate::mount::Prefix;
use crate::proxies::TrustedProxies;

const FORWARDED: &str = "Forwarded";
const FOR: &str = "X-Forwarded-For";
const HOST: &str = "X-Forwarded-Host";
const PROTO: &str = "X-Forwarded-Proto";
const PORT: &str = "X-Forwarded-Port";
const PREFIX: &str = "X-Forwarded-Prefix";

/// What the proxies that are believed say; nothing, where none is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Forwarded {
    /// The host that the browser asked for, where it is not what `Host` says.
    pub(crate) host: Option<Authority>,
    pub(crate) scheme: Option<Scheme>,
    pub(crate) port: Option<u16>,
    /// What was cut off the path.
    pub(crate) prefix: Prefix,
    /// Who asks: the last one in the chain who is no proxy of ours.
    pub(crate) client: Option<IpAddr>,
}

/// Why forwarded headers of a listed proxy are not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ForwardedError {
    /// A header is not what it should be.
    #[error("{header} is {got:?}, which cannot be read: let the proxy set it, and take away what clients send")]
    Malformed {
        /// The header.
        header: &'static str,
        /// Its value, at most 200 characters of it.
        got: String,
    },
    /// Two values that should be one.
    #[error(
        "{header} says {got:?}, and the proxies in front also say {other:?}: let the proxy set the header anew rather than add to what clients send"
    )]
    Contradiction {
        /// The header.
        header: &'static str,
        /// One value.
        got: String,
        /// The other.
        other: String,
    },
    /// `Connection` names a header that the next proxy would then take away (CVE-2024-45410).
    #[error("Connection names {0}, so a proxy may have taken away what another one said")]
    HopByHop(&'static str),
}

impl Forwarded {
    /// Reads what is said about a request of this peer.
    pub(crate) fn read(proxies: &TrustedProxies, peer: IpAddr, headers: &HeaderMap) -> Result<Self, ForwardedError> {
        let peer = peer.to_canonical();
        if !proxies.trusts(peer) {
            return Ok(Self { client: Some(peer), ..Self::default() });
        }
        not_hop_by_hop(headers)?;
        let standard = Hop::believed(proxies, headers)?;
        let listed = client_of_list(proxies, peer, headers)?;
        let client = agree(FOR, listed, standard.client)?.unwrap_or(peer);
        let host = one(headers, HOST, Authority::parse)?;
        let scheme = one(headers, PROTO, Scheme::parse)?;
        Ok(Self {
            host: agree(HOST, host, standard.host)?,
            scheme: agree(PROTO, scheme, standard.scheme)?,
            port: one(headers, PORT, parse_port)?,
            prefix: one(headers, PREFIX, Prefix::parse)?.unwrap_or_default(),
            client: Some(client),
        })
    }
}

fn malformed(header: &'static str, got: &str) -> ForwardedError {
    ForwardedError::Malformed { header, got: got.chars().take(200).collect() }
}

fn contradiction(header: &'static str, got: impl std::fmt::Debug, other: impl std::fmt::Debug) -> ForwardedError {
    let text = |value: &dyn std::fmt::Debug| format!("{value:?}").chars().take(200).collect();
    ForwardedError::Contradiction { header, got: text(&got), other: text(&other) }
}

fn agree<T: PartialEq + std::fmt::Debug>(
    header: &'static str,
    one: Option<T>,
    other: Option<T>,
) -> Result<Option<T>, ForwardedError> {
    match (one, other) {
        (Some(one), Some(other)) if one != other => Err(contradiction(header, one, other)),
        (one, other) => Ok(one.or(other)),
    }
}

/// RFC 9110 §7.6.1: what `Connection` names is for one hop only.
fn not_hop_by_hop(headers: &HeaderMap) -> Result<(), ForwardedError> {
    let lines = headers.get_all(header::CONNECTION).iter().filter_map(|line| line.to_str().ok());
    let mut named = lines.flat_map(|line| line.split(',')).map(str::trim);
    let ours = |name: &str| {
        [FORWARDED, FOR, HOST, PROTO, PORT, PREFIX, "Host"].into_iter().find(|own| own.eq_ignore_ascii_case(name))
    };
    named.find_map(ours).map_or(Ok(()), |name| Err(ForwardedError::HopByHop(name)))
}

/// The value of a header that has one. Several proxies may have added theirs, as long as all say the same.
fn one<T>(
    headers: &HeaderMap,
    name: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, ForwardedError> {
    let mut lines = headers.get_all(name).iter().map(|line| line.to_str().unwrap_or("not ASCII"));
    let Some(line) = lines.next() else { return Ok(None) };
    if let Some(second) = lines.next() {
        return Err(contradiction(name, line, second));
    }
    let mut values = line.split(',').map(str::trim);
    let value = values.next().unwrap_or_default();
    if let Some(other) = values.find(|other| *other != value) {
        return Err(contradiction(name, value, other));
    }
    parse(value).map(Some).ok_or_else(|| malformed(name, line))
}

/// The client that `X-Forwarded-For` names, read from its end, because each proxy adds whom it saw behind what it was told:
/// the first that is not one of ours is the last that can be believed. `None` when there is no such header.
fn client_of_list(
    proxies: &TrustedProxies,
    peer: IpAddr,
    headers: &HeaderMap,
) -> Result<Option<IpAddr>, ForwardedError> {
    let lines = headers.get_all(FOR).iter().map(|line| line.to_str().map_err(|_| malformed(FOR, "not ASCII")));
    let lines: Vec<&str> = lines.collect::<Result<_, _>>()?;
    let mut client = None;
    for name in lines.iter().flat_map(|line| line.split(',')).map(str::trim).rev() {
        if !proxies.trusts(client.unwrap_or(peer)) {
            break;
        }
        // Some proxies add the port. What is no address, such as `unknown`, hides whoever is behind it.
        let address = name.parse::<IpAddr>().or_else(|_| name.parse::<SocketAddr>().map(|address| address.ip()));
        let Ok(address) = address else { break };
        client = Some(address.to_canonical());
    }
    Ok(client)
}

/// What one element of `Forwarded` says.
#[derive(Debug, Default)]
struct Hop {
    /// Whom the proxy saw; `None` where it hides them.
    client: Option<IpAddr>,
    host: Option<Authority>,
    scheme: Option<Scheme>,
}

impl Hop {
    /// What the outermost proxy that is believed says: elements stand in the order in which they were added (RFC 7239 §4), so
    /// the last one is our peer's, and the one before it is believed when the last one names a listed proxy.
    fn believed(proxies: &TrustedProxies, headers: &HeaderMap) -> Result<Self, ForwardedError> {
        let lines = headers.get_all(header::FORWARDED).iter().map(|line| line.to_str().unwrap_or("not ASCII"));
        let text = lines.collect::<Vec<_>>().join(",");
        let hops: Option<Vec<Self>> =
            elements(&text).and_then(|elements| elements.iter().map(|e| Self::of(e)).collect());
        let mut believed = Self::default();
        for hop in hops.ok_or_else(|| malformed(FORWARDED, &text))?.into_iter().rev() {
            // Who is hidden is not known to be a proxy of ours; the client is the last one that is known.
            let client = hop.client.or(believed.client);
            let further = hop.client.is_some_and(|client| proxies.trusts(client));
            believed = Self { client, ..hop };
            if !further {
                break;
            }
        }
        Ok(believed)
    }

    fn of(pairs: &[(String, String)]) -> Option<Self> {
        let mut hop = Self::default();
        for (place, (name, value)) in pairs.iter().enumerate() {
            // RFC 7239 §4: each parameter at most once in an element.
            if pairs.iter().take(place).any(|(earlier, _)| earlier == name) {
                return None;
            }
            match name.as_str() {
                "for" => hop.client = node(value)?,
                "by" => drop(node(value)?),
                "host" => hop.host = Some(Authority::parse(value)?),
                "proto" => hop.scheme = Some(Scheme::parse(value)?),
                _ => {}
            }
        }
        Some(hop)
    }
}

/// RFC 7239 §6: an address, with or without a port; `None` inside for those who are hidden.
fn node(text: &str) -> Option<Option<IpAddr>> {
    let obfuscated = |text: &str| {
        text.strip_prefix('_').is_some_and(|rest| {
            !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        })
    };
    let (name, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => (address.parse::<Ipv6Addr>().ok().map(|address| Some(IpAddr::V6(address))), port),
        None => {
            let (name, port) = text.find(':').and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""));
            let hidden = name.eq_ignore_ascii_case("unknown") || obfuscated(name);
            (if hidden { Some(None) } else { name.parse().ok().map(|address| Some(IpAddr::V4(address))) }, port)
        }
    };
    let port_is_sound =
        port.is_empty() || port.strip_prefix(':').is_some_and(|port| parse_port(port).is_some() || obfuscated(port));
    name.filter(|_| port_is_sound).map(|address| address.map(|address| address.to_canonical()))
}

/// The elements of the header, each as its pairs, with names in lower case; `None` when it is not what RFC 7239 §4 says.
fn elements(text: &str) -> Option<Vec<Vec<(String, String)>>> {
    let mut chars = text.chars().peekable();
    let mut elements = vec![Vec::new()];
    loop {
        while chars.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
        match chars.peek() {
            None => break,
            Some(',') => {
                chars.next();
                elements.push(Vec::new());
                continue;
            }
            Some(';') => {
                chars.next();
                continue;
            }
            Some(_) => {}
        }
        let name = token(&mut chars)?.to_ascii_lowercase();
        chars.next_if_eq(&'=')?;
        let value = if chars.next_if_eq(&'"').is_some() { quoted(&mut chars)? } else { token(&mut chars)? };
        while chars.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
        if !matches!(chars.peek(), None | Some(',' | ';')) {
            return None;
        }
        elements.last_mut()?.push((name, value));
    }
    // RFC 9110 §5.6.1.2: empty elements of a list say nothing.
    elements.retain(|pairs| !pairs.is_empty());
    Some(elements)
}

/// RFC 9110 §5.6.2.
fn token(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut token = String::new();
    while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(*c)) {
        token.push(c);
    }
    (!token.is_empty()).then_some(token)
}

/// RFC 9110 §5.6.4, behind the opening quote.
fn quoted(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut text = String::new();
    loop {
        match chars.next()? {
            '"' => return Some(text),
            '\\' => text.push(chars.next().filter(|c| !c.is_control())?),
            c if c.is_control() => return None,
            c => text.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read of a request that a listed proxy at 10.0.0.1 passes on.
    fn read(pairs: &[(&str, &str)]) -> Result<Forwarded, ForwardedError> {
        from("10.0.0.1", pairs)
    }

    fn from(peer: &str, pairs: &[(&str, &str)]) -> Result<Forwarded, ForwardedError> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap());
        }
        Forwarded::read(&"10.0.0.0/8,fd00::/8".parse().unwrap(), peer.parse().unwrap(), &headers)
    }

    fn client(peer: &str, lists: &[&str]) -> String {
        let pairs: Vec<(&str, &str)> = lists.iter().map(|list| ("x-forwarded-for", *list)).collect();
        from(peer, &pairs).unwrap().client.unwrap().to_string()
    }

    const ALL: [(&str, &str); 5] = [
        ("x-forwarded-for", "192.0.2.7"),
        ("x-forwarded-host", "app.example"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-port", "8443"),
        ("x-forwarded-prefix", "/notes"),
    ];

    #[test]
    fn cve_2026_40575_headers_of_others_say_nothing() {
        for peer in ["192.0.2.9", "11.0.0.1", "::1", "2001:db8::1"] {
            let said = from(peer, &[&ALL[..], &[("forwarded", "for=1.2.3.4;host=evil.example")]].concat()).unwrap();
            assert_eq!(said, Forwarded { client: Some(peer.parse().unwrap()), ..Forwarded::default() }, "{peer}");
        }
        let said = from("::ffff:10.0.0.1", &ALL).unwrap();
        assert_eq!(said.host, Authority::parse("app.example"));
        assert_eq!((said.scheme, said.port), (Some(Scheme::Https), Some(8443)));
        assert_eq!(Some(said.prefix), Prefix::parse("/notes"));
        assert_eq!(said.client, "192.0.2.7".parse().ok());
    }

    #[test]
    fn the_client_is_the_last_one_that_is_no_proxy_of_ours() {
        assert_eq!(client("10.0.0.1", &["192.0.2.7"]), "192.0.2.7");
        assert_eq!(
            client("10.0.0.1", &["198.51.100.1, 192.0.2.7"]),
            "192.0.2.7",
            "what the client claims is no matter"
        );
        assert_eq!(client("10.0.0.1", &["198.51.100.1", "192.0.2.7, 10.2.0.1"]), "192.0.2.7");
        assert_eq!(client("192.0.2.9", &["198.51.100.1"]), "192.0.2.9");
        assert_eq!(client("fd00::1", &["2001:db8::1"]), "2001:db8::1");
        assert_eq!(client("::ffff:10.0.0.1", &["192.0.2.7:4711"]), "192.0.2.7");
        assert_eq!(client("10.0.0.1", &["[2001:db8::1]:80"]), "2001:db8::1");
        assert_eq!(client("10.0.0.1", &["unknown"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["192.0.2.7, unknown"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["rubbish, 192.0.2.7"]), "192.0.2.7");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn the_standard_header_is_read_as_far_as_it_is_believed() {
        let read = |text: &str| {
            let said = read(&[("forwarded", text)]).unwrap();
            (said.client.unwrap().to_string(), said.host.map(|host| host.to_string()), said.scheme)
        };
        let app = |client: &str| (client.to_owned(), Some("app.example".to_owned()), Some(Scheme::Https));
        assert_eq!(read("for=192.0.2.7;host=app.example;proto=https"), app("192.0.2.7"));
        assert_eq!(read("For=\"[2001:db8::1]:4711\"; HOST=\"App.Example\" ;PROTO=https;by=_us"), app("2001:db8::1"));
        assert_eq!(
            read("for=1.2.3.4;host=evil.example;proto=http, for=192.0.2.7;host=app.example;proto=https"),
            app("192.0.2.7"),
            "what the client wrote stands before what our proxy adds"
        );
        assert_eq!(
            read("for=192.0.2.7;host=app.example;proto=https, for=10.0.0.2;host=internal;proto=http;by=10.0.0.1"),
            app("192.0.2.7"),
            "two proxies of ours: the outer one saw the browser"
        );
        assert_eq!(read("for=unknown;host=app.example;proto=https"), app("10.0.0.1"));
        assert_eq!(read("for=1.2.3.4;host=evil.example, for=_hidden;host=app.example;proto=https"), app("10.0.0.1"));
        assert_eq!(read("for=\"192.0.2.7:_port\";host=\"app\\.example\";proto=https"), app("192.0.2.7"));
        assert_eq!(read(" , for=192.0.2.7;;host=app.example;proto=https;secret=x,"), app("192.0.2.7"));
    }

    #[test]
    fn what_breaks_the_grammar_is_refused() {
        for bad in [
            "for",
            "for=",
            "=1.2.3.4",
            "for=1.2.3.4 host=a",
            "for =1.2.3.4",
            "for= 1.2.3.4",
            "for=\"1.2.3.4",
            "for=\"1.2.3.4\"x",
            "for=\"1.2.3.4\\",
            "for=1.2.3.4:80",
            "for=[::1]",
            "for=\"::1\"",
            "for=\"[::1\"",
            "for=\"[::1]80\"",
            "for=\"1.2.3.4:\"",
            "for=\"1.2.3.4:99999\"",
            "for=nobody",
            "for=_",
            "for=\"_a b\"",
            "for=1.2.3.4;for=1.2.3.5",
            "host=a.example;Host=b.example",
            "host=\"a.example/x\"",
            "host=\"a@b\"",
            "host=\"\"",
            "proto=javascript",
            "proto=https;proto=http",
            "by=nobody",
            "rubbish, for=192.0.2.7",
            "for=1.2.3.4, rubbish",
        ] {
            assert!(matches!(read(&[("forwarded", bad)]), Err(ForwardedError::Malformed { .. })), "{bad}");
        }
    }

    #[test]
    fn cve_2021_39206_several_values_are_refused_unless_they_are_one() {
        let host = |pairs: &[(&str, &str)]| read(pairs).map(|said| said.host.map(|host| host.to_string()));
        assert_eq!(host(&[("x-forwarded-host", "a.example, a.example")]), Ok(Some("a.example".to_owned())));
        for two in [
            &[("x-forwarded-host", "a.example, b.example")][..],
            &[("x-forwarded-host", "a.example"), ("x-forwarded-host", "b.example")],
            &[("x-forwarded-host", "a.example"), ("x-forwarded-host", "a.example")],
            &[("x-forwarded-host", "a.example,")],
            &[("x-forwarded-host", ",a.example")],
            &[("x-forwarded-proto", "https,http")],
            &[("x-forwarded-proto", "https"), ("x-forwarded-proto", "http")],
            &[("x-forwarded-port", "443, 8443")],
            &[("x-forwarded-prefix", "/a,/b")],
            &[("x-forwarded-prefix", "/a"), ("x-forwarded-prefix", "/b")],
            &[("x-forwarded-host", "a.example"), ("forwarded", "host=b.example")],
            &[("x-forwarded-proto", "https"), ("forwarded", "proto=http")],
            &[("x-forwarded-for", "192.0.2.7"), ("forwarded", "for=192.0.2.8")],
        ] {
            assert!(matches!(read(two), Err(ForwardedError::Contradiction { .. })), "{two:?}: {:?}", read(two));
        }
        let same = [("x-forwarded-host", "A.example"), ("forwarded", "host=a.example;for=192.0.2.7")];
        assert_eq!(host(&same), Ok(Some("a.example".to_owned())));
    }

    #[test]
    fn single_headers_are_read_strictly() {
        for (name, bad) in [
            ("x-forwarded-host", ""),
            ("x-forwarded-host", "evil.example/path"),
            ("x-forwarded-host", "user@evil.example"),
            ("x-forwarded-host", "evil.example#"),
            ("x-forwarded-host", "[::1"),
            ("x-forwarded-host", "https://a.example"),
            ("x-forwarded-proto", ""),
            ("x-forwarded-proto", "javascript"),
            ("x-forwarded-proto", "https:"),
            ("x-forwarded-port", "0"),
            ("x-forwarded-port", "65536"),
            ("x-forwarded-port", "+443"),
            ("x-forwarded-prefix", "evil.example"),
            ("x-forwarded-prefix", "//evil.example"),
            ("x-forwarded-prefix", "/a/../b"),
        ] {
            assert!(matches!(read(&[(name, bad)]), Err(ForwardedError::Malformed { .. })), "{name}: {bad}");
        }
    }

    #[test]
    fn cve_2024_45410_no_header_of_a_proxy_is_for_one_hop_only() {
        for named in ["X-Forwarded-Host", "x-forwarded-proto, keep-alive", "close,Forwarded", "X-Forwarded-For", "host"]
        {
            let said = read(&[("connection", named), ("x-forwarded-proto", "https")]);
            assert!(matches!(said, Err(ForwardedError::HopByHop(_))), "{named}");
        }
        assert!(read(&[("connection", "keep-alive, Upgrade"), ("x-forwarded-proto", "https")]).is_ok());
    }
}
