//! The application's pages: plain HTML, one style sheet, no script.

use std::sync::LazyLock;

use askama::Template;
use authstile::clock::UnixTime;
use aws_lc_rs::digest::{SHA256, digest};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};

const STYLE: &str = include_str!("../../templates/demo.css");
pub(super) const FAVICON: &str = include_str!("../../templates/favicon.svg");

/// Nothing but our style sheet, our icon, people's pictures, and forms to ourselves.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; img-src 'self' https: data:; form-action 'self'; \
         frame-ancestors 'none'; base-uri 'none'"
    )
});

/// Who is signed in, as the pages show it.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) name: Option<String>,
    pub(super) email: String,
    pub(super) picture: Option<String>,
    pub(super) organization: Option<String>,
    pub(super) connection: Option<String>,
    pub(super) roles: Vec<String>,
    pub(super) is_admin: bool,
    pub(super) id: String,
    pub(super) expires: UnixTime,
}

impl Person {
    fn shown_name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.email)
    }

    fn initial(&self) -> String {
        self.shown_name().chars().take(1).flat_map(char::to_uppercase).collect()
    }

    fn somebody_else(&self) -> &'static str {
        somebody_else(&self.email)
    }

    /// A picture that the policy lets through.
    fn shown_picture(&self) -> Option<&str> {
        self.picture.as_deref().filter(|url| url.starts_with("https://") || url.starts_with("data:image/"))
    }
}

/// Who starts at an identity provider while the person with this address is signed in here.
pub(super) fn somebody_else(email: &str) -> &'static str {
    if email == "ada@acme.example" { "linus@globex.example" } else { "ada@acme.example" }
}

/// The start page for visitors.
pub(super) fn signed_out(issuer: &str, deactivated: &[String]) -> Response {
    html(StatusCode::OK, &SignedOut { issuer, deactivated })
}

/// The start page for people who are signed in.
pub(super) fn signed_in(issuer: &str, person: &Person) -> Response {
    html(StatusCode::OK, &SignedIn { issuer, person })
}

/// The private page.
pub(super) fn private(address: &str, person: &Person) -> Response {
    html(StatusCode::OK, &Private { address, person })
}

/// The age at which a sign-in is too old for the page that wants a fresh one.
pub(super) const RECENT_SECONDS: u32 = 60;

/// The page that wants a fresh sign-in.
pub(super) fn recent(person: &Person) -> Response {
    html(StatusCode::OK, &Recent { person })
}

/// A form of somebody else's page.
pub(super) fn foreign() -> Response {
    let text = "Another site has sent this form. Only the pages of the demo may.";
    html(StatusCode::FORBIDDEN, &Notice { title: "Nothing was changed", text })
}

/// Somebody whom no directory has.
pub(super) fn in_no_directory(email: &str) -> Response {
    let text = &format!("{email} is in no directory: Ada, Grace, Linus and Radia are.");
    html(StatusCode::NOT_FOUND, &Notice { title: "There is nobody to deactivate", text })
}

/// Somebody who may not set up single sign-on.
pub(super) fn only_for_administrators() -> Response {
    let text = "Whoever opens the admin portal decides how everybody of the organization signs in. Ada of Acme and Linus of \
                Globex have that role.";
    html(StatusCode::FORBIDDEN, &Notice { title: "Only for administrators", text })
}

/// The identity provider gave no link.
pub(super) fn no_portal() -> Response {
    let text = "The identity provider gave no link to it. The log says why.";
    html(StatusCode::BAD_GATEWAY, &Notice { title: "The admin portal cannot be opened", text })
}

/// Any other page.
pub(super) fn missing() -> Response {
    html(StatusCode::NOT_FOUND, &Missing)
}

#[derive(Template)]
#[template(path = "signed_out.html")]
struct SignedOut<'a> {
    issuer: &'a str,
    deactivated: &'a [String],
}

#[derive(Template)]
#[template(path = "signed_in.html")]
struct SignedIn<'a> {
    issuer: &'a str,
    person: &'a Person,
}

#[derive(Template)]
#[template(path = "private.html")]
struct Private<'a> {
    address: &'a str,
    person: &'a Person,
}

#[derive(Template)]
#[template(path = "recent.html")]
struct Recent<'a> {
    person: &'a Person,
}

#[derive(Template)]
#[template(path = "notice.html")]
struct Notice<'a> {
    title: &'a str,
    text: &'a str,
}

#[derive(Template)]
#[template(path = "missing.html")]
struct Missing;

fn html(status: StatusCode, page: &impl Template) -> Response {
    // Writing to a String cannot fail.
    let text = page.render().unwrap_or_default();
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, &POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "same-origin"),
        // It depends on who looks, and must not come back after sign-out.
        (CACHE_CONTROL, "private, no-store"),
    ];
    (status, headers, text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "\"'><script>alert(1)</script>";

    #[test]
    fn what_a_provider_says_is_only_text() {
        let person = Person {
            name: Some(HOSTILE.to_owned()),
            email: HOSTILE.to_owned(),
            picture: Some(format!("https://{HOSTILE}")),
            organization: Some(HOSTILE.to_owned()),
            connection: Some(HOSTILE.to_owned()),
            roles: vec![HOSTILE.to_owned()],
            is_admin: true,
            id: HOSTILE.to_owned(),
            expires: UnixTime::from_seconds(0),
        };
        for page in [
            SignedIn { issuer: HOSTILE, person: &person }.render().unwrap(),
            Private { address: HOSTILE, person: &person }.render().unwrap(),
            Recent { person: &person }.render().unwrap(),
            SignedOut { issuer: HOSTILE, deactivated: &[HOSTILE.to_owned()] }.render().unwrap(),
            Notice { title: HOSTILE, text: HOSTILE }.render().unwrap(),
        ] {
            assert!(!page.contains("<script"), "{page}");
            assert!(!page.contains("\"'>"), "{page}");
        }
    }

    #[test]
    fn only_pictures_are_shown_that_the_policy_lets_through() {
        let shown = |picture: &str| {
            let person = Person {
                name: None,
                email: "ada@acme.example".to_owned(),
                picture: Some(picture.to_owned()),
                organization: None,
                connection: None,
                roles: Vec::new(),
                is_admin: false,
                id: String::new(),
                expires: UnixTime::from_seconds(0),
            };
            assert_eq!(person.initial(), "A");
            person.shown_picture().is_some()
        };
        assert!(shown("https://images.example/ada.png") && shown("data:image/png;base64,AA=="));
        assert!(!shown("http://images.example/ada.png") && !shown("javascript:alert(1)") && !shown("data:text/html,x"));
    }
}
