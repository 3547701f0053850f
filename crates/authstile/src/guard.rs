//! Before anything changes: does the request come from a page of ours?
//!
//! Two questions, both must be answered well. What the browser says about where the request comes from
//! (`Sec-Fetch-Site`, `Origin`), which a hostile page cannot forge; and Auth.js's double-submit token, which its browser
//! client sends.

use aws_lc_rs::digest::{Context, SHA256};
use http::HeaderMap;
use http::header::ORIGIN;
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

use crate::random::{NoRandomness, Random, hex};
use crate::return_to::Origin;
use crate::seal::Secrets;

/// **Proof**: the request was made by a page of this origin.
#[derive(Debug)]
pub(crate) struct SameOrigin(());

/// Why a request that would change something is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GuardError {
    /// The browser says that another site made the request.
    #[error(
        "the request comes from {got:?}, not from {expected:?}; behind a proxy, set AUTH_URL to the public address or forward Host and X-Forwarded-Proto"
    )]
    CrossOrigin {
        /// Our origin, as far as we know it.
        expected: String,
        /// What the browser says.
        got: String,
    },
    /// Cookie and form field do not belong together.
    #[error("the csrfToken of the request does not match the csrf-token cookie")]
    CsrfMismatch,
}

/// What makes and checks double-submit tokens: SHA-256 over token and secret, as Auth.js does.
#[derive(Debug)]
pub(crate) struct Csrf {
    /// The first is minted with; all are accepted, so that a rotation breaks no open page.
    texts: Vec<SecretString>,
}

/// The token of one browser.
#[derive(Debug, Clone)]
pub(crate) struct CsrfToken {
    pub(crate) token: String,
    /// The cookie's new value, when the browser has none that is good.
    pub(crate) fresh_cookie: Option<String>,
}

impl Csrf {
    pub(crate) fn new(secrets: &Secrets) -> Self {
        Self { texts: secrets.hashed_texts() }
    }

    /// The browser's token, or a fresh one.
    pub(crate) fn token(&self, cookie: Option<&str>, random: &dyn Random) -> Result<CsrfToken, NoRandomness> {
        if let Some(token) = cookie.and_then(|cookie| self.read(cookie)) {
            return Ok(CsrfToken { token: token.to_owned(), fresh_cookie: None });
        }
        let token = hex(&random.bytes::<32>()?);
        let hash = self.texts.first().map(|text| hash(&token, text)).unwrap_or_default();
        Ok(CsrfToken { fresh_cookie: Some(format!("{token}|{hash}")), token })
    }

    /// The token of a cookie that we made.
    fn read<'a>(&self, cookie: &'a str) -> Option<&'a str> {
        let mut parts = cookie.split('|');
        let (token, stated) = (parts.next()?, parts.next()?);
        self.texts.iter().any(|text| bool::from(hash(token, text).as_bytes().ct_eq(stated.as_bytes()))).then_some(token)
    }

    /// Whether form field and cookie belong together.
    pub(crate) fn matches(&self, cookie: Option<&str>, field: Option<&str>) -> bool {
        match (cookie.and_then(|cookie| self.read(cookie)), field) {
            (Some(token), Some(field)) => bool::from(token.as_bytes().ct_eq(field.as_bytes())),
            _ => false,
        }
    }
}

fn hash(token: &str, secret: &SecretString) -> String {
    let mut context = Context::new(&SHA256);
    context.update(token.as_bytes());
    context.update(secret.expose_secret().as_bytes());
    hex(context.finish().as_ref())
}

/// Checks both, the origin first.
pub(crate) fn check(
    headers: &HeaderMap,
    origin: &Origin,
    csrf: &Csrf,
    cookie: Option<&str>,
    field: Option<&str>,
) -> Result<SameOrigin, GuardError> {
    check_origin(headers, origin)?;
    if csrf.matches(cookie, field) { Ok(SameOrigin(())) } else { Err(GuardError::CsrfMismatch) }
}

/// `Sec-Fetch-Site` decides where it is sent (every browser since 2023, on secure origins and loopback); `Origin` has to
/// agree unless it is opaque, which a strict referrer policy makes it. Who sends neither is no browser of today, and is
/// left to the token.
fn check_origin(headers: &HeaderMap, origin: &Origin) -> Result<(), GuardError> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    let refuse =
        |got: &str| GuardError::CrossOrigin { expected: origin.to_string(), got: got.chars().take(200).collect() };
    let site = text("sec-fetch-site");
    if let Some(site) = site.filter(|site| !matches!(*site, "same-origin" | "none")) {
        return Err(refuse(site));
    }
    match text(ORIGIN.as_str()) {
        None => Ok(()),
        Some("null") if site.is_some() => Ok(()),
        Some(stated) if Origin::parse(stated).is_ok_and(|stated| stated == *origin) => Ok(()),
        Some(stated) => Err(refuse(stated)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_is_believed_about_where_a_request_comes_from() {
        let origin = Origin::parse("https://app.example").unwrap();
        let allowed = |pairs: &[(&str, &str)]| {
            let headers: HeaderMap = pairs
                .iter()
                .map(|(name, value)| (name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap()))
                .collect();
            check_origin(&headers, &origin).is_ok()
        };
        assert!(allowed(&[]));
        assert!(allowed(&[("origin", "https://app.example")]));
        assert!(allowed(&[("origin", "https://app.example"), ("sec-fetch-site", "same-origin")]));
        assert!(allowed(&[("origin", "null"), ("sec-fetch-site", "same-origin")]));
        assert!(!allowed(&[("origin", "null")]));
        assert!(!allowed(&[("origin", "https://evil.example")]));
        assert!(!allowed(&[("origin", "http://app.example")]));
        assert!(!allowed(&[("origin", "https://app.example:444")]));
        assert!(!allowed(&[("sec-fetch-site", "cross-site")]));
        assert!(!allowed(&[("sec-fetch-site", "same-site")]));
        assert!(!allowed(&[("origin", "https://app.example"), ("sec-fetch-site", "cross-site")]));
    }
}
