//! From method and path to one of the things that the engine does (`authjs-behaviour` §1.2, §1.3).

use http::Method;

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    Csrf,
    Providers,
    Session,
    UpdateSession,
    SignInPage,
    /// `None` where no provider is named: the page is shown instead.
    SignIn(Option<&'a str>),
    SignOutPage,
    SignOut,
    /// Back from the provider's end of session.
    SignedOut,
    Callback(&'a str),
    /// A provider ended a session.
    BackChannelLogout(&'a str),
    /// The same, in a frame of the provider's page.
    FrontChannelLogout(&'a str),
    /// Where somebody is signed in.
    Sessions,
    /// An end to one of those, or to all but this one.
    EndSessions,
    /// Our public keys at a provider.
    ClientKeys(&'a str),
    /// A provider tells what happened.
    Webhook(&'a str),
    /// A sign-in that begins elsewhere.
    Initiate(&'a str),
    /// Whether a waiting account becomes that of the person who is signed in: the question.
    ConnectPage,
    /// The answer.
    Connect,
    Error,
    VerifyRequest,
}

/// Why there is no route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoRoute {
    /// Not a request for us: answered with 400.
    BadRequest,
    /// A known action with the wrong method or without what it needs: answered with the error page.
    UnknownAction,
}

impl<'a> Route<'a> {
    /// Finds the route. The base path is compared segment by segment, doubled slashes and one at the end are tolerated,
    /// and nothing is percent-decoded.
    pub(crate) fn parse(method: &Method, path: &'a str, base: &str) -> Result<Self, NoRoute> {
        let post = match *method {
            Method::GET => false,
            Method::POST => true,
            _ => return Err(NoRoute::BadRequest),
        };
        let rest = path.strip_prefix(base).filter(|rest| rest.starts_with('/')).ok_or(NoRoute::BadRequest)?;
        let mut segments = rest.split('/').filter(|segment| !segment.is_empty());
        let action = segments.next().ok_or(NoRoute::BadRequest)?;
        let named = segments.next();
        if segments.next().is_some() {
            return Err(NoRoute::BadRequest);
        }
        let provider = named.filter(|id| *id != "undefined");
        let takes_provider = matches!(
            action,
            "signin"
                | "callback"
                | "initiate"
                | "backchannel-logout"
                | "frontchannel-logout"
                | "jwks"
                | "webhooks"
                | "webauthn-options"
        );
        if named.is_some() && !takes_provider {
            return Err(NoRoute::BadRequest);
        }
        match (action, post, provider) {
            ("csrf", false, _) => Ok(Self::Csrf),
            ("providers", false, _) => Ok(Self::Providers),
            ("session", false, _) => Ok(Self::Session),
            ("session", true, _) => Ok(Self::UpdateSession),
            ("signin", false, None) => Ok(Self::SignInPage),
            ("signin", true, id) => Ok(Self::SignIn(id)),
            ("signout", false, _) => Ok(Self::SignOutPage),
            ("signout", true, _) => Ok(Self::SignOut),
            ("signed-out", false, _) => Ok(Self::SignedOut),
            ("callback", _, Some(id)) => Ok(Self::Callback(id)),
            ("backchannel-logout", true, Some(id)) => Ok(Self::BackChannelLogout(id)),
            ("frontchannel-logout", false, Some(id)) => Ok(Self::FrontChannelLogout(id)),
            ("sessions", false, _) => Ok(Self::Sessions),
            ("sessions", true, _) => Ok(Self::EndSessions),
            ("jwks", false, Some(id)) => Ok(Self::ClientKeys(id)),
            ("webhooks", true, Some(id)) => Ok(Self::Webhook(id)),
            ("initiate", _, Some(id)) => Ok(Self::Initiate(id)),
            ("connect", false, _) => Ok(Self::ConnectPage),
            ("connect", true, _) => Ok(Self::Connect),
            ("error", false, _) => Ok(Self::Error),
            ("verify-request", false, _) => Ok(Self::VerifyRequest),
            ("csrf" | "providers" | "signin" | "callback" | "error" | "verify-request" | "webauthn-options", _, _) => {
                Err(NoRoute::UnknownAction)
            }
            _ => Err(NoRoute::BadRequest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_those_of_auth_js() {
        let get = |path: &'static str| Route::parse(&Method::GET, path, "/api/auth");
        let post = |path: &'static str| Route::parse(&Method::POST, path, "/api/auth");
        assert_eq!(get("/api/auth/session"), Ok(Route::Session));
        assert_eq!(get("/api/auth//session//"), Ok(Route::Session));
        assert_eq!(post("/api/auth/session"), Ok(Route::UpdateSession));
        assert_eq!(get("/api/auth/signin"), Ok(Route::SignInPage));
        assert_eq!(get("/api/auth/signin/undefined"), Ok(Route::SignInPage));
        assert_eq!(post("/api/auth/signin/scalekit"), Ok(Route::SignIn(Some("scalekit"))));
        assert_eq!(post("/api/auth/signin"), Ok(Route::SignIn(None)));
        assert_eq!(post("/api/auth/callback/apple"), Ok(Route::Callback("apple")));
        assert_eq!(get("/api/auth/sessions"), Ok(Route::Sessions));
        assert_eq!(post("/api/auth/sessions"), Ok(Route::EndSessions));
        assert_eq!(get("/api/auth/frontchannel-logout/acme"), Ok(Route::FrontChannelLogout("acme")));
        assert_eq!(post("/api/auth/frontchannel-logout/acme"), Err(NoRoute::BadRequest));
        assert_eq!(get("/api/auth/frontchannel-logout"), Err(NoRoute::BadRequest));
        assert_eq!(get("/api/auth/jwks/acme"), Ok(Route::ClientKeys("acme")));
        assert_eq!(post("/api/auth/jwks/acme"), Err(NoRoute::BadRequest));
        for unknown in [
            get("/api/auth/signin/scalekit"),
            post("/api/auth/csrf"),
            get("/api/auth/callback"),
            post("/api/auth/error"),
        ] {
            assert_eq!(unknown, Err(NoRoute::UnknownAction));
        }
        for bad in [
            "/api/authsession",
            "/api/auth",
            "/api/auth/",
            "/api/auth/nothing",
            "/api/auth/session/x",
            "/api/auth/signin/a/b",
            "/other/session",
            "/api/auth/signin/a/b/c",
        ] {
            assert_eq!(Route::parse(&Method::GET, bad, "/api/auth"), Err(NoRoute::BadRequest), "{bad}");
        }
        assert_eq!(Route::parse(&Method::PUT, "/api/auth/session", "/api/auth"), Err(NoRoute::BadRequest));
        assert_eq!(Route::parse(&Method::GET, "/aXb/session", "/a.b"), Err(NoRoute::BadRequest));
        assert_eq!(Route::parse(&Method::GET, "/session", ""), Ok(Route::Session));
    }
}
