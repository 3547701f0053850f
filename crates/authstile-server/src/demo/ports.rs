//! Ports on loopback that nobody else has.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr};

use anyhow::{Context as _, bail};
use tokio::net::TcpListener;

/// How many ports are tried.
const TRIES: u16 = 100;

/// Takes a port, or the next one that is free; any for 0. On 127.0.0.1, and where there is one on `::1` too: browsers
/// try both for `localhost`, and must not meet somebody else there.
pub(super) async fn claim(wanted: u16) -> anyhow::Result<(u16, Vec<TcpListener>)> {
    for port in wanted..=wanted.saturating_add(TRIES) {
        match listen(if wanted == 0 { 0 } else { port }).await {
            Ok(listeners) => {
                let port = listeners.first().context("no listener")?.local_addr()?.port();
                return Ok((port, listeners));
            }
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            Err(error) => return Err(error).with_context(|| format!("cannot listen on 127.0.0.1:{port}")),
        }
    }
    bail!("{wanted} is taken, and so are the next {TRIES}: name a free one")
}

async fn listen(port: u16) -> io::Result<Vec<TcpListener>> {
    let first = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let port = first.local_addr()?.port();
    match TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
        Ok(second) => Ok(vec![first, second]),
        Err(error) if error.kind() == ErrorKind::AddrInUse => Err(error),
        // A machine without IPv6.
        Err(_) => Ok(vec![first]),
    }
}
