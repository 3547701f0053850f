//! The proxies in front of us that are believed: addresses and networks that the operator lists.

use std::net::IpAddr;
use std::str::FromStr;

/// Proxies that are believed when they say for whom and under which address they ask.
///
/// ```
/// let proxies: authstile::TrustedProxies = "127.0.0.1, 10.0.0.0/8, fd00::/8".parse()?;
/// # Ok::<(), authstile::InvalidNetwork>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<(IpAddr, u8)>);

/// A part of a list that is no IP address and no network in CIDR notation (RFC 4632 §3.1).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no IP address and no network such as 10.0.0.0/8")]
pub struct InvalidNetwork(pub String);

impl FromStr for TrustedProxies {
    type Err = InvalidNetwork;

    /// Reads addresses and networks, separated by commas.
    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let networks = parts.map(|part| network(part).ok_or_else(|| InvalidNetwork(part.chars().take(200).collect())));
        Ok(Self(networks.collect::<Result<_, _>>()?))
    }
}

impl TrustedProxies {
    /// Whether none is listed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this address is one of theirs.
    #[must_use]
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0
            .iter()
            .any(|(network, bits)| same_kind(address, *network) && prefix(address, *bits) == prefix(*network, *bits))
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

    #[test]
    fn networks_hold_their_addresses() {
        let ours: TrustedProxies = "10.0.0.0/8, 127.0.0.1,fd00::/8,192.0.2.0/31".parse().unwrap();
        for inside in ["10.0.0.1", "10.255.255.255", "127.0.0.1", "fd12::1", "::ffff:10.0.0.1", "192.0.2.1"] {
            assert!(ours.trusts(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["11.0.0.1", "127.0.0.2", "fe80::1", "::1", "192.0.2.2", "::a00:1"] {
            assert!(!ours.trusts(outside.parse().unwrap()), "{outside}");
        }
        let all: TrustedProxies = "0.0.0.0/0".parse().unwrap();
        assert!(all.trusts("203.0.113.9".parse().unwrap()) && !all.trusts("2001:db8::1".parse().unwrap()));
        assert!("".parse::<TrustedProxies>().unwrap().is_empty());
    }

    #[test]
    fn what_is_no_network_is_said() {
        for wrong in ["10.0.0.0/33", "proxy.example", "::/129", "10.0.0.1/x", "10.0.0.1:80", "10.0.0.0/-1"] {
            let error = wrong.parse::<TrustedProxies>().unwrap_err();
            assert!(error.to_string().contains(wrong), "{error}");
        }
    }
}
