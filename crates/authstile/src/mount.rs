//! Where a browser finds us: every address of ours is made here, of the origin, what a proxy cut off, and the base path.

use crate::return_to::{Origin, ReturnTo};

/// A longer prefix is no prefix.
const LONGEST: usize = 200;

/// The path that a proxy cuts off before it passes a request on: empty, or `/apps/notes`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Prefix(String);

impl Prefix {
    /// Reads a path of plain segments; a slash at the end is dropped. What could end a path, leave it, or begin a host
    /// is no prefix.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let path = text.strip_suffix('/').unwrap_or(text);
        if path.is_empty() && !text.is_empty() {
            return Some(Self::default());
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        let sound = |segment: &str| !matches!(segment, "" | "." | "..") && segment.bytes().all(plain);
        let sound = path.len() <= LONGEST && path.strip_prefix('/')?.split('/').all(sound);
        sound.then(|| Self(path.to_owned()))
    }
}

/// The engine's place, as the browser of one request sees it.
#[derive(Debug, Clone)]
pub(crate) struct Mount<'a> {
    /// Origin and prefix.
    root: String,
    prefix: Prefix,
    base_path: &'a str,
}

impl<'a> Mount<'a> {
    pub(crate) fn new(origin: &Origin, prefix: Prefix, base_path: &'a str) -> Self {
        Self { root: format!("{origin}{}", prefix.0), prefix, base_path }
    }

    /// The front door of the application, without a slash at the end.
    pub(crate) fn root(&self) -> &str {
        &self.root
    }

    /// The front door, as a place to go.
    pub(crate) fn home(&self) -> ReturnTo {
        ReturnTo::home(&self.root)
    }

    /// The absolute URL of one of the engine's own paths, such as `signin`.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{}/{path}", self.root, self.base_path)
    }

    /// An address of the application's, which knows nothing of the prefix: its paths get it, absolute URLs stay.
    pub(crate) fn path(&self, page: &str, parameters: &[(&str, &str)]) -> String {
        let page = with_query(page, parameters);
        if page.starts_with('/') { format!("{}{page}", self.prefix.0) } else { page }
    }

    /// The same as an absolute URL.
    pub(crate) fn page(&self, page: &str, parameters: &[(&str, &str)]) -> String {
        let page = with_query(page, parameters);
        if page.starts_with('/') { format!("{}{page}", self.root) } else { page }
    }
}

/// Appends parameters to a path or URL that may have a query already.
pub(crate) fn with_query(page: &str, parameters: &[(&str, &str)]) -> String {
    if parameters.is_empty() {
        return page.to_owned();
    }
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    let joint = if page.contains('?') { '&' } else { '?' };
    format!("{page}{joint}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_joined_properly() {
        assert_eq!(with_query("/login", &[("error", "a b")]), "/login?error=a+b");
        assert_eq!(with_query("/login?x=1", &[("error", "a")]), "/login?x=1&error=a");
        assert_eq!(with_query("/login", &[]), "/login");
    }

    #[test]
    fn a_prefix_is_a_path_and_nothing_more() {
        let read = |text: &str| Prefix::parse(text).map(|prefix| prefix.0);
        for (text, prefix) in [("/", ""), ("/a", "/a"), ("/a/", "/a"), ("/apps/notes~1.0_x", "/apps/notes~1.0_x")] {
            assert_eq!(read(text).as_deref(), Some(prefix), "{text}");
        }
        let long = format!("/{}", "a".repeat(300));
        for bad in [
            "",
            "a",
            "//evil.example",
            "/\\evil",
            "/a//b",
            "/a//",
            "/..",
            "/a/../b",
            "/.",
            "/a?b",
            "/a#b",
            "/a b",
            "/a,b",
            "/%2e%2e",
            "/a;b",
            "/a@b",
            "/a:b",
            "https://evil.example",
            "/ä",
            "/\"><script>",
            long.as_str(),
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_address_has_origin_prefix_and_base_path_once() {
        for origin in ["https://app.example", "http://localhost:3000"] {
            for prefix in ["/", "/a", "/a/b"] {
                for base in ["", "/auth", "/api/auth"] {
                    let mount = Mount::new(&Origin::parse(origin).unwrap(), Prefix::parse(prefix).unwrap(), base);
                    let prefix = prefix.trim_end_matches('/');
                    assert_eq!(mount.url("signin"), format!("{origin}{prefix}{base}/signin"));
                    assert_eq!(mount.page("/login", &[]), format!("{origin}{prefix}/login"));
                    assert_eq!(mount.path("/login", &[("a", "b")]), format!("{prefix}/login?a=b"));
                    assert_eq!(mount.page("https://www.example/x", &[]), "https://www.example/x");
                    assert_eq!(mount.home().as_str(), format!("{origin}{prefix}"));
                }
            }
        }
    }
}
