//! One request, read: who is asking, from where, with which form, and where they want to go afterwards.

use std::borrow::Cow;
use std::net::IpAddr;

use authstile_oauth::form::Parameters;
use bytes::Bytes;
use http::{Extensions, HeaderMap, Uri, header};
use serde_json::Value;

use crate::bounds::{self, Beyond};
use crate::clock::UnixTime;
use crate::cookie::{CookieNames, CookieSecurity, Cookies, SetCookie};
use crate::guard::{self, CsrfToken, GuardError, SameOrigin};
use crate::model::Claims;
use crate::mount::Mount;
use crate::page::Look;
use crate::return_to::{Origin, ReturnTo};
use crate::seal::{SealError, Sealer};
use crate::settings::{Arrival, Kind, Settings};

/// The address of the client, where whoever stands in front of the engine knows it better than the engine could: put it
/// among the extensions of the request ([`http::Request::extensions_mut`]). Limits by client and the list of sessions use it.
/// Otherwise it is that of the peer, or what trusted proxies say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// The address of whoever is connected to the server: put it among the extensions of the request. Whether it is that of a
/// [trusted proxy](crate::AuthBuilder::trusted_proxies) decides whether forwarded headers are believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddress(pub IpAddr);

impl ClientAddress {
    /// As somebody put it among the extensions of a request.
    pub(crate) fn of(extensions: &Extensions) -> Option<IpAddr> {
        extensions.get::<Self>().map(|address| address.0)
    }
}

/// The claim that says for which origin something is sealed (RFC 7519 §4.1.3).
const AUDIENCE: &str = "aud";
/// The network of an address, as limits count it: an IPv4 address, or the first half of an IPv6 address, which is what one
/// customer of a provider has.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// The network of a client for the limits of routes. A loopback address is none: it may be a proxy's that nobody listed, and
/// then everybody's.
pub(crate) fn client_of_routes(address: Option<IpAddr>) -> Option<String> {
    address.filter(|address| !address.to_canonical().is_loopback()).map(network)
}

/// A request, read once.
#[derive(Debug)]
pub(crate) struct Visit<'a> {
    pub(crate) origin: Origin,
    pub(crate) mount: Mount<'a>,
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
    pub(crate) look: &'a Look,
    pub(crate) is_post: bool,
    /// The client's address, where the server in front of the engine says it.
    pub(crate) address: Option<IpAddr>,
}

/// The form of a POST.
#[derive(Debug, Default)]
pub(crate) struct Body {
    /// Text fields; of a JSON body the text members.
    pub(crate) form: Parameters,
    /// `data` of a JSON body.
    pub(crate) data: Option<Value>,
}

/// Why a body is not read.
#[derive(Debug)]
pub(crate) enum Unread {
    /// It says that it is JSON and is not, or is nested deeper than 128.
    NotJson,
    /// It is a form of more fields than anybody fills in.
    Beyond(Beyond),
}

impl Body {
    /// Reads the body by its content type; one that is neither a form nor JSON counts as empty.
    pub(crate) fn parse(headers: &HeaderMap, body: &Bytes) -> Result<Self, Unread> {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.contains("application/json") {
            let members: crate::model::Claims = serde_json::from_slice(body).map_err(|_| Unread::NotJson)?;
            let texts = members.iter().filter_map(|(name, value)| Some((name.into(), value.as_str()?.into())));
            return Ok(Self { form: texts.collect(), data: members.get("data").cloned() });
        }
        if kind.contains("application/x-www-form-urlencoded") {
            bounds::check_form(body).map_err(Unread::Beyond)?;
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
        arrival: Arrival<'a>,
        headers: &'a HeaderMap,
        uri: &Uri,
        body: Body,
        is_post: bool,
    ) -> Result<Self, crate::error::Error> {
        let Arrival { origin, mount, client: address } = arrival;
        let look = settings.looks.of(&origin);
        let kind = settings.kind(&origin);
        let cookies = Cookies::parse(headers);
        let query = Parameters::parse(uri.query().unwrap_or_default().as_bytes());
        let now = settings.clock.now();
        let csrf = settings.csrf.token(cookies.get(&kind.names.csrf).as_deref(), &*settings.random)?;
        let remembered = cookies.get(&kind.names.callback_url);
        let wanted = body.form.last("callbackUrl").or_else(|| query.last("callbackUrl")).or(remembered.as_deref());
        let return_to = wanted.and_then(|wanted| settings.return_to(wanted, &origin)).unwrap_or_else(|| mount.home());
        let mut first_cookies = Vec::new();
        if let Some(value) = &csrf.fresh_cookie {
            first_cookies.push(SetCookie::new(&kind.names.csrf, value, kind.security));
        }
        if remembered.as_deref() != Some(return_to.as_str()) {
            first_cookies.push(SetCookie::new(&kind.names.callback_url, return_to.as_str(), kind.security));
        }
        Ok(Self {
            origin,
            mount,
            headers,
            cookies,
            query,
            body,
            now,
            csrf,
            return_to,
            first_cookies,
            kind,
            look,
            is_post,
            address,
        })
    }

    /// Where the browser goes that wants to go there, as far as that is allowed; else home.
    pub(crate) fn allowed(&self, settings: &Settings, wanted: &str) -> ReturnTo {
        settings.return_to(wanted, &self.origin).unwrap_or_else(|| self.mount.home())
    }

    /// Seals what this browser keeps for a while. Where several origins are ours, it is good at this one only.
    pub(crate) fn seal(
        &self,
        settings: &Settings,
        sealer: &Sealer,
        mut claims: Claims,
        seconds: i64,
    ) -> Result<String, SealError> {
        if settings.binds_to_origin() {
            claims.insert(AUDIENCE.to_owned(), self.origin.as_str().into());
        }
        sealer.seal(claims, seconds, self.now, &*settings.random)
    }

    /// Opens what [`Visit::seal`] sealed.
    pub(crate) fn open(&self, settings: &Settings, sealer: &Sealer, sealed: &str) -> Result<Claims, SealError> {
        let claims = sealer.open(sealed, self.now)?;
        let made_for = claims.get(AUDIENCE).and_then(Value::as_str);
        if made_for.map_or(settings.binds_to_origin(), |made_for| made_for != self.origin.as_str()) {
            return Err(SealError::NotClaims("it was sealed for another origin"));
        }
        Ok(claims)
    }

    /// What is remembered of a proof that a mail carries: where several origins are ours, it is none at another one.
    pub(crate) fn proof<'s>(&self, settings: &Settings, secret: &'s str) -> Cow<'s, str> {
        match settings.host.has_tenants() {
            true => format!("{} {secret}", self.origin).into(),
            false => secret.into(),
        }
    }

    /// Station *guard*.
    pub(crate) fn same_origin(&self, settings: &Settings) -> Result<SameOrigin, GuardError> {
        let cookie = self.cookies.get(&self.kind.names.csrf);
        guard::check(self.headers, &self.origin, &settings.csrf, cookie.as_deref(), self.body.form.last("csrfToken"))
    }

    /// The network that the client comes from, as limits count it.
    pub(crate) fn client(&self) -> Option<String> {
        self.address.map(network)
    }

    /// Whether a script or a program asks, which cannot show a page to anybody.
    pub(crate) fn is_program(&self) -> bool {
        let text = |name: &str| self.headers.get(name).and_then(|value| value.to_str().ok());
        if self.headers.contains_key("x-auth-return-redirect") || self.headers.contains_key("x-requested-with") {
            return true;
        }
        match text("sec-fetch-mode") {
            Some(mode) => mode != "navigate",
            None => text(header::ACCEPT.as_str())
                .is_some_and(|accept| accept.contains("json") && !accept.contains("text/html")),
        }
    }

    /// The browser, as it calls itself.
    pub(crate) fn user_agent(&self) -> Option<&str> {
        self.headers.get(header::USER_AGENT).and_then(|name| name.to_str().ok())
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
    fn clients_are_counted_by_the_network_that_one_customer_has() {
        let network = |text: &str| network(text.parse().unwrap());
        assert_eq!(network("192.0.2.7"), "192.0.2.7");
        assert_eq!(network("::ffff:192.0.2.7"), network("192.0.2.7"));
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), network("2001:db8:1:2::1"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        let client = |text: &str| client_of_routes(Some(text.parse().unwrap()));
        assert_eq!([client("127.0.0.1"), client("::1"), client("::ffff:127.0.0.9")], [None, None, None]);
        assert_eq!(client("192.0.2.7").as_deref(), Some("192.0.2.7"));
    }
}
