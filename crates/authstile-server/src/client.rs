//! Who the client is: whoever is connected to us; behind proxies that the operator lists, whom the nearest one of them names.

use std::net::{IpAddr, SocketAddr};

use authstile::ClientAddress;
use authstile::env::Environment;
use http::HeaderMap;

use crate::mistake::Mistake;

const VARIABLE: &str = "AUTHSTILE_TRUSTED_PROXIES";

/// Proxies that are believed when they say whom they speak for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TrustedProxies(Vec<(IpAddr, u8)>);

impl TrustedProxies {
    /// Reads `AUTHSTILE_TRUSTED_PROXIES`: addresses and networks, separated by commas.
    pub(crate) fn of(environment: &Environment) -> Result<Self, Mistake> {
        let text = environment.get(VARIABLE).unwrap_or_default();
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let networks = parts.map(|part| {
            network(part).ok_or_else(|| {
                let what = format!("{VARIABLE} has {part:?}, which is no IP address and no network");
                Mistake::new(what, format!("{VARIABLE}=127.0.0.1,10.0.0.0/8"))
            })
        });
        Ok(Self(networks.collect::<Result<_, _>>()?))
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0
            .iter()
            .any(|(network, bits)| prefix(address, *bits) == prefix(*network, *bits) && same_kind(address, *network))
    }

    /// The client of a request: read from the end of `X-Forwarded-For`, because each proxy adds whom it saw behind what it
    /// was told; the first that is not one of ours is the last that we can believe.
    pub(crate) fn client(&self, peer: SocketAddr, headers: &HeaderMap) -> ClientAddress {
        let mut client = peer.ip().to_canonical();
        let lists = headers.get_all("x-forwarded-for").iter().filter_map(|list| list.to_str().ok());
        let named: Vec<&str> = lists.flat_map(|list| list.split(',')).map(str::trim).collect();
        for name in named.into_iter().rev() {
            if !self.trusts(client) {
                break;
            }
            // Some proxies add the port.
            let address = name.parse::<IpAddr>().or_else(|_| name.parse::<SocketAddr>().map(|address| address.ip()));
            let Ok(address) = address else { break };
            client = address.to_canonical();
        }
        ClientAddress(client)
    }
}

fn network(text: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.map_or(Some(most), |bits| bits.parse().ok())?;
    (bits <= most).then_some((address, bits))
}

fn same_kind(a: IpAddr, b: IpAddr) -> bool {
    a.is_ipv4() == b.is_ipv4()
}

/// The first bits of an address.
fn prefix(address: IpAddr, bits: u8) -> u128 {
    let (number, width) = match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128_u8),
    };
    number.checked_shr(u32::from(width - bits.min(width))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(text: &str) -> TrustedProxies {
        TrustedProxies::of(&Environment::from_pairs([(VARIABLE, text)])).unwrap()
    }

    fn client(proxies: &TrustedProxies, peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for list in forwarded {
            headers.append("x-forwarded-for", list.parse().unwrap());
        }
        proxies.client(SocketAddr::new(peer.parse().unwrap(), 1), &headers).0.to_string()
    }

    #[test]
    fn only_listed_proxies_are_believed_and_only_about_what_they_saw() {
        let none = TrustedProxies::default();
        assert_eq!(client(&none, "10.0.0.1", &["192.0.2.7"]), "10.0.0.1");
        let ours = proxies("10.0.0.0/8, 127.0.0.1,fd00::/8");
        assert_eq!(client(&ours, "10.0.0.1", &["192.0.2.7"]), "192.0.2.7");
        assert_eq!(
            client(&ours, "10.0.0.1", &["198.51.100.1, 192.0.2.7"]),
            "192.0.2.7",
            "what the client claims is no matter"
        );
        assert_eq!(client(&ours, "10.0.0.1", &["198.51.100.1", "192.0.2.7, 10.2.0.1"]), "192.0.2.7");
        assert_eq!(client(&ours, "192.0.2.9", &["198.51.100.1"]), "192.0.2.9");
        assert_eq!(client(&ours, "fd00::1", &["2001:db8::1"]), "2001:db8::1");
        assert_eq!(client(&ours, "::ffff:10.0.0.1", &["192.0.2.7:4711"]), "192.0.2.7");
        assert_eq!(client(&ours, "10.0.0.1", &["unknown"]), "10.0.0.1");
        assert_eq!(client(&ours, "10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client(&proxies("0.0.0.0/0"), "10.0.0.1", &["192.0.2.7"]), "192.0.2.7");
    }

    #[test]
    fn what_is_no_network_is_said() {
        for wrong in ["10.0.0.0/33", "proxy.example", "::/129", "10.0.0.1/x"] {
            let error = TrustedProxies::of(&Environment::from_pairs([(VARIABLE, wrong)])).unwrap_err();
            assert!(error.to_string().contains(wrong), "{error}");
        }
    }
}
