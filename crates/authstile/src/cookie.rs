//! Cookies as Auth.js reads and writes them: names and prefixes, attributes in its order, chunks of a long session.

use std::borrow::Cow;
use std::fmt::Write as _;

use http::HeaderMap;
use http::header::COOKIE;

use crate::clock::UnixTime;

/// Characters of a session token in one cookie: 4096 less what name and attributes may take.
pub const CHUNK: usize = 3936;

/// A session that needs more cookies than this is refused: no server would accept the header.
pub const MAX_CHUNKS: usize = 16;

/// Whether cookies are marked `Secure` and carry the name prefixes that browsers enforce (RFC 6265bis §4.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CookieSecurity {
    /// For `https` origins.
    Secure,
    /// For `http` origins, which in production do not exist.
    Plain,
}

/// The names of our cookies.
#[derive(Debug, Clone)]
pub struct CookieNames {
    /// The session token; also the salt of its key.
    pub session: String,
    /// Double-submit token.
    pub csrf: String,
    /// Where to go after signing in or out.
    pub callback_url: String,
    /// One sign-in under way; followed by a short hash of its state.
    pub pending: String,
    /// What went wrong last, for the page that says so.
    pub failure: String,
    /// The provider's tokens, where they are kept.
    pub tokens: String,
    /// A departure to the provider's end of session.
    pub leaving: String,
    /// An account that waits to be connected.
    pub connect: String,
    /// A request for a code by mail.
    pub code: String,
}

impl CookieNames {
    /// The names for an origin: Auth.js's, with its prefixes.
    #[must_use]
    pub fn new(security: CookieSecurity) -> Self {
        let (secure, host) = match security {
            CookieSecurity::Secure => ("__Secure-", "__Host-"),
            CookieSecurity::Plain => ("", ""),
        };
        Self {
            session: format!("{secure}authjs.session-token"),
            csrf: format!("{host}authjs.csrf-token"),
            callback_url: format!("{secure}authjs.callback-url"),
            pending: format!("{host}authstile.pending."),
            failure: format!("{host}authstile.failure"),
            tokens: format!("{host}authstile.tokens"),
            leaving: format!("{host}authstile.leaving"),
            connect: format!("{host}authstile.connect"),
            code: format!("{host}authstile.code"),
        }
    }
}

/// Cookies of one request beyond which none is looked at: no browser keeps more for one host.
pub const MAX_COOKIES: usize = 200;

/// The cookies of one request, as they came.
#[derive(Debug, Default)]
pub struct Cookies<'a> {
    /// Each name once.
    first: Vec<(&'a str, &'a str)>,
    /// What came again under one of these names, with another value.
    again: Vec<(&'a str, &'a str)>,
}

impl<'a> Cookies<'a> {
    /// Reads the `Cookie` headers: the first [`MAX_COOKIES`]. Of a name that comes twice the first counts, except for
    /// [sessions](Self::session_candidates).
    #[must_use]
    pub fn parse(headers: &'a HeaderMap) -> Self {
        let mut cookies = Self::default();
        let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        for pair in lines.flat_map(|line| line.split(';')).take(MAX_COOKIES) {
            let Some((name, value)) = pair.split_once('=') else { continue };
            let (name, value) = (name.trim_matches([' ', '\t']), value.trim_matches([' ', '\t']));
            match cookies.first.iter().find(|(known, _)| *known == name) {
                None => cookies.first.push((name, value)),
                Some((_, known)) if *known == value => {}
                Some(_) => cookies.again.push((name, value)),
            }
        }
        cookies
    }

    /// A cookie's value, percent-decoded; one that cannot be decoded is left as it is. An empty one is none.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        self.first.iter().find(|(known, value)| *known == name && !value.is_empty()).map(|(_, value)| decode(value))
    }

    /// The names that begin with `prefix`, and what follows it.
    pub(crate) fn with_prefix<'b>(&'b self, prefix: &'b str) -> impl Iterator<Item = (&'a str, &'a str)> + 'b {
        self.first.iter().filter_map(move |(name, value)| name.strip_prefix(prefix).map(|rest| (rest, *value)))
    }

    /// What may be the session token: the plain cookie, and the chunks put together in the order of their numbers. Both
    /// are there when one of them is stale, so whoever opens them tries one after the other. A plain cookie that comes twice
    /// is two candidates, because nobody can say which of them is ours; chunks that come twice, or more than [`MAX_CHUNKS`] of
    /// them, or some with one missing between them, are none (CVE-2024-24814).
    #[must_use]
    pub fn session_candidates(&self, name: &str) -> Vec<Cow<'a, str>> {
        let mut chunks: Vec<(u32, &str)> = self.session_chunks(name).filter(|(_, value)| !value.is_empty()).collect();
        chunks.sort_by_key(|(number, _)| *number);
        let mut candidates: Vec<Cow<'a, str>> = self.get(name).into_iter().collect();
        let again = self.again.iter().filter(|(known, value)| *known == name && !value.is_empty());
        candidates.extend(again.take(MAX_CHUNKS).map(|(_, value)| decode(value)));
        let is_whole = chunks.iter().zip(0..).all(|((number, _), place)| *number == place);
        let is_repeated = self.again.iter().any(|(known, _)| known.strip_prefix(name).and_then(chunk_number).is_some());
        if is_whole && !is_repeated && !chunks.is_empty() && chunks.len() <= MAX_CHUNKS {
            candidates.insert(0, Cow::Owned(chunks.into_iter().map(|(_, value)| decode(value)).collect()));
        }
        candidates
    }

    /// Every cookie of the request that belongs to the session: exactly `name`, or `name.` and a number.
    pub(crate) fn session_cookies(&self, name: &str) -> Vec<String> {
        self.first
            .iter()
            .filter(|(known, _)| {
                known.strip_prefix(name).is_some_and(|rest| rest.is_empty() || chunk_number(rest).is_some())
            })
            .map(|(known, _)| (*known).to_owned())
            .collect()
    }

    fn session_chunks<'b>(&'b self, name: &'b str) -> impl Iterator<Item = (u32, &'a str)> + 'b {
        self.with_prefix(name).filter_map(|(rest, value)| chunk_number(rest).map(|number| (number, value)))
    }
}

fn chunk_number(suffix: &str) -> Option<u32> {
    let digits = suffix.strip_prefix('.')?;
    // One spelling for each number: `01` would be a second chunk 1.
    let is_number = !digits.is_empty() && digits.len() <= 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && (digits.len() == 1 || !digits.starts_with('0'))).then(|| digits.parse().ok())?
}

/// When a cookie ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lifetime {
    BrowserSession,
    Until(UnixTime),
    Seconds(i64, UnixTime),
    Over,
}

/// One `Set-Cookie` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetCookie {
    name: String,
    value: String,
    lifetime: Lifetime,
    secure: bool,
    cross_site: bool,
    text: Text,
}

/// Whether a value needs encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Text {
    Any,
    /// Letters, digits, `-`, `_` and `.` only, as in every token that we seal.
    Token,
}

impl SetCookie {
    /// A cookie that lasts as long as the browser runs.
    #[must_use]
    pub fn new(name: impl Into<String>, value: impl Into<String>, security: CookieSecurity) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            lifetime: Lifetime::BrowserSession,
            secure: security == CookieSecurity::Secure,
            cross_site: false,
            text: Text::Any,
        }
    }

    /// A cookie that holds a sealed token.
    pub(crate) fn token(name: impl Into<String>, token: impl Into<String>, security: CookieSecurity) -> Self {
        Self { text: Text::Token, ..Self::new(name, token, security) }
    }

    /// Orders the browser to forget a cookie.
    #[must_use]
    pub fn clear(name: impl Into<String>, security: CookieSecurity) -> Self {
        Self { lifetime: Lifetime::Over, ..Self::new(name, "", security) }
    }

    /// With an `Expires`.
    #[must_use]
    pub fn until(mut self, end: UnixTime) -> Self {
        self.lifetime = Lifetime::Until(end);
        self
    }

    /// With `Max-Age` and `Expires`.
    #[must_use]
    pub fn for_seconds(mut self, seconds: i64, now: UnixTime) -> Self {
        self.lifetime = Lifetime::Seconds(seconds, now.plus_seconds(seconds));
        self
    }

    /// Also sent with a form that another site posts: `SameSite=None; Secure`, for providers that answer by `form_post`.
    #[must_use]
    pub fn cross_site(mut self) -> Self {
        self.cross_site = true;
        self.secure = true;
        self
    }

    /// The cookie's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The header's value, attributes in Auth.js's order.
    #[must_use]
    pub fn header(&self) -> String {
        let mut header = String::with_capacity(self.name.len() + self.value.len() + 128);
        header.push_str(&self.name);
        header.push('=');
        match self.text {
            Text::Any => encode_into(&self.value, &mut header),
            Text::Token => header.push_str(&self.value),
        }
        match self.lifetime {
            Lifetime::Over => header.push_str("; Max-Age=0"),
            Lifetime::Seconds(seconds, _) => {
                let _ = write!(header, "; Max-Age={seconds}");
            }
            Lifetime::BrowserSession | Lifetime::Until(_) => {}
        }
        header.push_str("; Path=/");
        if let Lifetime::Until(end) | Lifetime::Seconds(_, end) = self.lifetime {
            header.push_str("; Expires=");
            header.push_str(&end.http_date());
        }
        header.push_str("; HttpOnly");
        if self.secure {
            header.push_str("; Secure");
        }
        header.push_str(if self.cross_site { "; SameSite=None" } else { "; SameSite=Lax" });
        header
    }
}

/// The cookies that carry a session token: one, or as many chunks as it needs; and the deletion of every session cookie
/// of the request that is not written again.
///
/// # Errors
/// [`SessionTooLarge`] when it needs more than [`MAX_CHUNKS`].
pub(crate) fn write_session(
    name: &str,
    token: &str,
    end: UnixTime,
    security: CookieSecurity,
    seen: &[String],
) -> Result<Vec<SetCookie>, SessionTooLarge> {
    let chunks = token.len().div_ceil(CHUNK);
    if chunks > MAX_CHUNKS {
        return Err(SessionTooLarge { length: token.len() });
    }
    let written: Vec<SetCookie> = if chunks <= 1 {
        vec![SetCookie::token(name, token, security).until(end)]
    } else {
        let parts = token.as_bytes().chunks(CHUNK).map(String::from_utf8_lossy);
        parts
            .enumerate()
            .map(|(number, part)| SetCookie::token(format!("{name}.{number}"), part, security).until(end))
            .collect()
    };
    let stale = seen
        .iter()
        .filter(|name| !written.iter().any(|cookie| cookie.name == **name))
        .map(|name| SetCookie::clear(name, security));
    Ok(stale.chain(written.iter().cloned()).collect())
}

/// A session token that no browser and server would carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the session token has {length} characters, more than {} cookies of {CHUNK}; keep less in the jwt hook",
    MAX_CHUNKS
)]
pub struct SessionTooLarge {
    /// Characters of the token.
    pub length: usize,
}

fn decode(value: &str) -> Cow<'_, str> {
    if !value.contains('%') {
        return Cow::Borrowed(value);
    }
    percent_decode(value).map_or(Cow::Borrowed(value), Cow::Owned)
}

fn percent_decode(value: &str) -> Option<String> {
    let mut bytes = value.bytes();
    let mut decoded = Vec::with_capacity(value.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let high = char::from(bytes.next()?).to_digit(16)?;
                let low = char::from(bytes.next()?).to_digit(16)?;
                u8::try_from(high * 16 + low).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(decoded).ok()
}

/// JavaScript's `encodeURIComponent`: what Auth.js writes, and what browsers give back unchanged.
fn encode_into(value: &str, out: &mut String) {
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')' => {
                out.push(char::from(byte))
            }
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(cookie: &str) -> HeaderMap {
        HeaderMap::from_iter([(COOKIE, cookie.parse().unwrap())])
    }

    #[test]
    fn cookies_are_read_as_auth_js_reads_them() {
        let headers = headers("a=1; b=%7C%C3%A4 ;noequals; a=2;c=%zz; d=\"q\"; e=");
        let cookies = Cookies::parse(&headers);
        let get = |name| cookies.get(name).map(Cow::into_owned);
        assert_eq!(get("a").as_deref(), Some("1"));
        assert_eq!(get("b").as_deref(), Some("|ä"));
        assert_eq!(get("c").as_deref(), Some("%zz"));
        assert_eq!(get("d").as_deref(), Some("\"q\""));
        assert_eq!(get("e"), None);
        assert_eq!(get("noequals"), None);
    }

    #[test]
    fn chunks_are_joined_by_number_and_strangers_are_left_alone() {
        let headers = headers(
            "s.10=K; s.2=C; s.0=A; s.1=B; s-other=X; s.x=Y; s.=Z; s.0001=W; s.01=V; \
            s.9=J; s.3=D; s.4=E; s.5=F; s.6=G; s.7=H; s.8=I",
        );
        let cookies = Cookies::parse(&headers);
        assert_eq!(cookies.session_candidates("s"), ["ABCDEFGHIJK"]);
        assert_eq!(cookies.session_cookies("s").len(), 11);
    }

    #[test]
    fn a_whole_cookie_and_chunks_are_two_candidates_not_one_text() {
        let headers = headers("s=WHOLE; s.0=A; s.1=B");
        assert_eq!(Cookies::parse(&headers).session_candidates("s"), ["AB", "WHOLE"]);
    }

    // Advisories: CVE-2024-24814.
    #[test]
    fn cve_2024_24814_chunks_are_bounded_whole_and_single() {
        let candidates = |cookie: &str| {
            let headers = headers(cookie);
            let cookies = Cookies::parse(&headers);
            cookies.session_candidates("s").into_iter().map(Cow::into_owned).collect::<Vec<_>>()
        };
        let many = |count: usize| (0..count).map(|number| format!("s.{number}=A; ")).collect::<String>();
        assert_eq!(candidates(&many(MAX_CHUNKS)), ["A".repeat(MAX_CHUNKS)]);
        for refused in [
            &*many(MAX_CHUNKS + 1),
            "s.99999999=A",
            "s.999=A",
            "s.4294967296=A",
            "s.0=A; s.2=C",
            "s.1=B; s.2=C",
            "s.0=A; s.1=B; s.1=C",
            "s.0=A; s.0=B",
        ] {
            assert!(candidates(refused).is_empty(), "{refused}");
        }
        assert_eq!(candidates("s.0=A; s.0=A; s.1=B"), ["AB"], "the same again is no other");
    }

    #[test]
    fn a_session_that_comes_twice_is_two_candidates_and_other_names_only_one() {
        let headers = headers("s=A; other=1; s=B; other=2; s=A");
        let cookies = Cookies::parse(&headers);
        assert_eq!(cookies.session_candidates("s"), ["A", "B"]);
        assert_eq!(cookies.get("other").as_deref(), Some("1"));
    }

    #[test]
    fn no_more_cookies_are_looked_at_than_a_browser_has() {
        let headers = headers(&(0..10_000).map(|number| format!("c{number}=1;")).collect::<String>());
        assert!(Cookies::parse(&headers).get(&format!("c{}", MAX_COOKIES - 1)).is_some());
        assert!(Cookies::parse(&headers).get(&format!("c{MAX_COOKIES}")).is_none());
    }

    #[test]
    fn writing_deletes_what_is_stale_and_is_bounded() {
        let now = UnixTime::from_seconds(0);
        let write = |length: usize, seen: &[&str]| {
            let seen: Vec<String> = seen.iter().map(|name| (*name).to_owned()).collect();
            write_session("s", &"x".repeat(length), now, CookieSecurity::Plain, &seen)
        };
        let names = |cookies: Vec<SetCookie>| {
            cookies.iter().map(|cookie| (cookie.name.clone(), cookie.value.len())).collect::<Vec<_>>()
        };
        assert_eq!(
            names(write(CHUNK, &["s.0", "s.1"]).unwrap()),
            [("s.0".to_owned(), 0), ("s.1".to_owned(), 0), ("s".to_owned(), CHUNK)]
        );
        assert_eq!(
            names(write(CHUNK + 1, &["s"]).unwrap()),
            [("s".to_owned(), 0), ("s.0".to_owned(), CHUNK), ("s.1".to_owned(), 1)]
        );
        assert!(write(CHUNK * MAX_CHUNKS, &[]).is_ok());
        assert!(write(CHUNK * MAX_CHUNKS + 1, &[]).is_err());
    }

    #[test]
    fn sessions_are_cut_exactly_where_auth_js_cuts_them() {
        let vectors: serde_json::Value = serde_json::from_str(include_str!("../tests/data/jwe.json")).unwrap();
        let now = UnixTime::from_seconds(0);
        for vector in vectors["chunking"].as_array().unwrap() {
            let token = "x".repeat(usize::try_from(vector["value_length"].as_u64().unwrap()).unwrap());
            let written = write_session("authjs.session-token", &token, now, CookieSecurity::Plain, &[]).unwrap();
            let written =
                written.iter().map(|cookie| serde_json::json!({"name": cookie.name, "length": cookie.value.len()}));
            assert_eq!(serde_json::Value::Array(written.collect()), vector["cookies"], "{}", vector["value_length"]);
        }
    }

    #[test]
    fn attributes_have_the_order_of_auth_js() {
        let now = UnixTime::from_seconds(1_795_453_973);
        let secure = SetCookie::new("n", "a|b", CookieSecurity::Secure).for_seconds(900, now).header();
        assert_eq!(
            secure,
            "n=a%7Cb; Max-Age=900; Path=/; Expires=Mon, 23 Nov 2026 17:27:53 GMT; HttpOnly; Secure; SameSite=Lax"
        );
        assert_eq!(
            SetCookie::clear("n", CookieSecurity::Plain).header(),
            "n=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"
        );
        assert!(
            SetCookie::new("n", "", CookieSecurity::Plain)
                .cross_site()
                .header()
                .ends_with("; HttpOnly; Secure; SameSite=None")
        );
    }
}
