//! `/_emulator/…`: the switches of [`Idp`] over HTTP, for tests that run in another process or another language.
//!
//! Closed unless [`IdpBuilder::control`](crate::IdpBuilder::control) opens it. Requests to it are not recorded, and it
//! answers while everything else is down.

mod actions;
mod body;

use std::net::{IpAddr, SocketAddr};

use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use self::body::Body;
use crate::client_authentication::same;
use crate::http_text::{Call, Response, json, text};
use crate::idp::Idp;

/// Who may use `/_emulator/…`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ControlAccess {
    /// Nobody: the paths do not exist.
    #[default]
    Closed,
    /// Programs on this machine. The `Host` must be a loopback name or address, against pages that rebind their DNS
    /// name; an `Origin` and a `Sec-Fetch-Site` of another site are refused; and if the request's extensions have a
    /// [`SocketAddr`], the caller's, it must be loopback. Whoever listens on other addresses must put it there.
    Loopback,
    /// Whoever sends this as `Authorization: Bearer …`.
    Secret(String),
}

/// `path` is what follows `/_emulator/`.
pub(crate) fn answer(idp: &Idp, call: &Call, path: &str) -> Response {
    match &idp.environment().control {
        ControlAccess::Closed => return text(StatusCode::NOT_FOUND, "not found"),
        ControlAccess::Loopback if !is_local(call) => return text(StatusCode::FORBIDDEN, "for this machine only"),
        ControlAccess::Secret(secret) if !call.bearer().is_some_and(|given| same(secret, given)) => {
            return text(StatusCode::UNAUTHORIZED, "not without the secret");
        }
        ControlAccess::Loopback | ControlAccess::Secret(_) => {}
    }
    match read(call).and_then(|body| actions::act(idp, &call.method, path, &body)) {
        Ok(answer) => json(StatusCode::OK, &answer),
        Err(Mistake::NoSuchPath) => json(StatusCode::NOT_FOUND, &json!({ "error": "no such path" })),
        Err(Mistake::NotFound(what)) => json(StatusCode::NOT_FOUND, &json!({ "error": format!("no such {what}") })),
        Err(Mistake::Body(problem)) => json(StatusCode::BAD_REQUEST, &json!({ "error": problem })),
    }
}

/// What is wrong with a control call.
#[derive(Debug)]
pub(crate) enum Mistake {
    NoSuchPath,
    NotFound(&'static str),
    Body(String),
}

/// JSON only: no form on another site's page can send that without being asked first.
fn read(call: &Call) -> Result<Body, Mistake> {
    if call.method == Method::GET || call.body.is_empty() {
        return Ok(Body::default());
    }
    let kind = call.header(&header::CONTENT_TYPE).and_then(|kind| kind.split(';').next()).unwrap_or_default();
    if !kind.trim().eq_ignore_ascii_case("application/json") {
        return Err(Mistake::Body("the body must be application/json".to_owned()));
    }
    match serde_json::from_slice(&call.body) {
        Ok(Value::Object(members)) => Ok(Body::new(members)),
        _ => Err(Mistake::Body("the body must be a JSON object".to_owned())),
    }
}

fn is_local(call: &Call) -> bool {
    let host_is_local = call.host().is_some_and(is_loopback);
    let origin = call.header(&header::ORIGIN);
    let origin_is_local =
        origin.is_none_or(|origin| origin.split_once("://").is_some_and(|(_, authority)| is_loopback(authority)));
    let site = call.headers.get("sec-fetch-site").map(|site| site.as_bytes());
    let site_is_same = site.is_none_or(|site| site == b"same-origin" || site == b"none");
    let peer_is_local = call.peer.is_none_or(|peer: SocketAddr| peer.ip().to_canonical().is_loopback());
    host_is_local && origin_is_local && site_is_same && peer_is_local
}

/// Of an authority: a loopback address, or `localhost`.
fn is_loopback(authority: &str) -> bool {
    let Ok(authority) = authority.parse::<http::uri::Authority>() else { return false };
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_loopback() {
        for good in ["localhost", "LOCALHOST:80", "127.0.0.1:4001", "127.1.2.3", "[::1]:80"] {
            assert!(is_loopback(good), "{good}");
        }
        for bad in
            ["", "localhost.evil.example", "127.0.0.1.evil.example", "192.168.0.1", "10.0.0.1:80", "[::2]", "0.0.0.0"]
        {
            assert!(!is_loopback(bad), "{bad}");
        }
    }
}
