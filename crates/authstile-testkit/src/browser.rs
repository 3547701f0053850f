//! A browser as far as a sign-in needs one: it keeps cookies by host, follows redirects when told to, and sends forms
//! with the headers that browsers send.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use url::Url;

type Site = Arc<dyn Fn(Request<Bytes>) -> Pin<Box<dyn Future<Output = Response<Bytes>> + Send>> + Send + Sync>;

/// Keeps cookies and visits sites, which are closures or servers.
#[derive(Clone, Default)]
pub struct Browser {
    sites: HashMap<String, Site>,
    /// Cookies by host, by name; ports do not matter to cookies.
    cookies: HashMap<String, Vec<(String, String)>>,
}

/// What a visit brought.
#[derive(Debug, Clone)]
pub struct Page {
    /// The address that answered.
    pub url: Url,
    /// The answer.
    pub status: StatusCode,
    /// Its headers.
    pub headers: http::HeaderMap,
    /// Its body as text.
    pub body: String,
}

impl Page {
    /// Where a redirect leads, as an absolute address.
    #[must_use]
    pub fn location(&self) -> Option<Url> {
        self.url.join(self.headers.get(header::LOCATION)?.to_str().ok()?).ok()
    }

    /// The body as JSON; `Null` when it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The `Set-Cookie` headers.
    #[must_use]
    pub fn set_cookies(&self) -> Vec<&str> {
        self.headers.get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok()).collect()
    }

    /// The value of the first form field with this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<String> {
        let (_, rest) = self.body.split_once(&format!("name=\"{name}\""))?;
        let (_, rest) = rest.split_once("value=\"")?;
        let (value, _) = rest.split_once('"')?;
        Some(value.replace("&quot;", "\"").replace("&#34;", "\"").replace("&#38;", "&").replace("&amp;", "&"))
    }
}

impl Browser {
    /// A browser that has never been anywhere.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says who answers for an origin.
    pub fn site<F, R>(&mut self, origin: &str, site: F)
    where
        F: Fn(Request<Bytes>) -> R + Send + Sync + 'static,
        R: Future<Output = Response<Bytes>> + Send + 'static,
    {
        self.sites.insert(origin.trim_end_matches('/').to_owned(), Arc::new(move |request| Box::pin(site(request))));
    }

    /// The cookies that a host would get, as `(name, value)`.
    #[must_use]
    pub fn cookies(&self, host: &str) -> &[(String, String)] {
        self.cookies.get(host).map_or(&[], Vec::as_slice)
    }

    /// Puts a cookie into the jar.
    pub fn set_cookie(&mut self, host: &str, name: &str, value: &str) {
        let jar = self.cookies.entry(host.to_owned()).or_default();
        jar.retain(|(known, _)| known != name);
        jar.push((name.to_owned(), value.to_owned()));
    }

    /// Forgets the cookies whose name the closure picks.
    pub fn forget(&mut self, pick: impl Fn(&str) -> bool) {
        self.cookies.values_mut().for_each(|jar| jar.retain(|(name, _)| !pick(name)));
    }

    /// Opens an address, without following redirects.
    pub async fn get(&mut self, url: &str) -> Page {
        self.send(Method::GET, url, &[("accept", "text/html"), ("sec-fetch-mode", "navigate")], Bytes::new()).await
    }

    /// Sends a form, as a page of the same origin does, without following redirects.
    pub async fn post(&mut self, url: &str, fields: &[(&str, &str)]) -> Page {
        let origin = Url::parse(url).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", origin.as_str()),
            ("sec-fetch-site", "same-origin"),
            ("accept", "text/html"),
        ];
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send(Method::POST, url, &headers, body.into()).await
    }

    /// Sends any request with the cookies of its host, and keeps the cookies of the answer.
    ///
    /// # Panics
    /// When the address is none, or nobody answers for its origin: mistakes of the test.
    #[expect(clippy::panic, clippy::expect_used, reason = "a mistake of the test should stop it")]
    pub async fn send(&mut self, method: Method, url: &str, headers: &[(&str, &str)], body: Bytes) -> Page {
        let url = Url::parse(url).expect("an absolute URL");
        let host = url.host_str().unwrap_or_default().to_owned();
        let origin = url.origin().ascii_serialization();
        let Some(site) = self.sites.get(&origin).cloned() else { panic!("nobody answers for {origin}") };
        let target = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let mut request = Request::builder().method(method).uri(target).header(header::HOST, url.authority());
        let jar: Vec<String> = self.cookies(&host).iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !jar.is_empty() {
            request = request.header(header::COOKIE, jar.join("; "));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, body) = site(request.body(body).expect("a request")).await.into_parts();
        for cookie in parts.headers.get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
            let mut attributes = cookie.split("; ");
            let Some((name, value)) = attributes.next().and_then(|pair| pair.split_once('=')) else { continue };
            let jar = self.cookies.entry(host.clone()).or_default();
            jar.retain(|(known, _)| known != name);
            if !attributes.any(|attribute| attribute.eq_ignore_ascii_case("max-age=0")) {
                jar.push((name.to_owned(), value.to_owned()));
            }
        }
        Page { url, status: parts.status, headers: parts.headers, body: String::from_utf8_lossy(&body).into_owned() }
    }

    /// Follows redirects from a page until one of them is none, at most ten.
    pub async fn follow(&mut self, mut page: Page) -> Page {
        for _ in 0..10 {
            let Some(next) = page.location().filter(|_| page.status.is_redirection()) else { break };
            page = self.get(next.as_str()).await;
        }
        page
    }

    /// The CSRF token that `GET /csrf` gives this browser; empty when there is none.
    pub async fn csrf_token(&mut self, base: &str) -> String {
        let page = self.get(&format!("{base}/csrf")).await;
        page.json().get("csrfToken").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
    }

    /// Presses the button of a provider on the sign-in page at `base` (origin and base path), without following.
    pub async fn press_sign_in(&mut self, base: &str, provider: &str, return_to: &str) -> Page {
        let token = self.csrf_token(base).await;
        self.post(&format!("{base}/signin/{provider}"), &[("csrfToken", &token), ("callbackUrl", return_to)]).await
    }

    /// Presses the button of the sign-out page, without following.
    pub async fn press_sign_out(&mut self, base: &str) -> Page {
        let token = self.csrf_token(base).await;
        self.post(&format!("{base}/signout"), &[("csrfToken", &token)]).await
    }

    /// What `GET /session` says.
    pub async fn session(&mut self, base: &str) -> serde_json::Value {
        self.get(&format!("{base}/session")).await.json()
    }
}

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Browser").field("sites", &self.sites.keys()).finish_non_exhaustive()
    }
}
