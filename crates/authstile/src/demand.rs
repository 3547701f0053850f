//! What a page may ask of the sign-in of whoever comes: that it was lately, or strong.

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{HeaderMap, Method, Response, StatusCode, Uri};
use serde_json::{Map, Value};

use crate::answer::{Answer, Store};
use crate::auth::{Auth, is_navigation};
use crate::error::Error;
use crate::flow::page;
use crate::flow::step_up;
use crate::model::Session;
use crate::session::Live;
use crate::step_up::{Authentication, StepUp};
use crate::visit::{Body, Visit};

/// RFC 9470 §3.
const INSUFFICIENT: &str = "insufficient_user_authentication";

impl Auth {
    /// How and when whoever makes this request proved who they are; `None` is nobody.
    ///
    /// # Errors
    /// When the store fails, or the host is not ours.
    pub async fn authentication(&self, headers: &HeaderMap, uri: &Uri) -> Result<Option<Authentication>, Error> {
        Ok(self.live(headers, uri).await?.map(|(_, live)| live.authentication()))
    }

    /// The session of a request, if its sign-in is as fresh and as strong as is `demanded`; else the answer to give in place
    /// of the page.
    ///
    /// A person's browser is sent to the provider that the session came from, with `max_age` and `acr_values`, and comes
    /// back to this address. What the provider then states in `auth_time` and `acr` is checked, not only asked for; where
    /// it is still not enough, or not stated, an error page says so. A program, or a form that is sent, gets 401 and
    /// `insufficient_user_authentication` (RFC 9470), with what is missing. Where nobody is signed in, the answer is that of
    /// [`Auth::challenge`].
    ///
    /// With providers of plain OAuth 2.0, which state neither, no page that asks for more is ever shown. People who signed in
    /// by mail or with credentials do so again.
    ///
    /// ```
    /// # use authstile::{Auth, StepUp};
    /// # async fn handler(auth: &Auth, request: http::Request<bytes::Bytes>) -> http::Response<bytes::Bytes> {
    /// match auth.step_up(request.method(), request.uri(), request.headers(), &StepUp::fresh(300)).await {
    ///     Ok(session) => http::Response::new(format!("{}, you may change your bank account.", session.user.id).into()),
    ///     Err(answer) => *answer,
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    /// The finished answer to the request, when the page must not be shown.
    pub async fn step_up(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        demanded: &StepUp,
    ) -> Result<Session, Box<Response<Bytes>>> {
        let failure = |error: Error| Box::new(self.failure(headers, &error));
        let nobody = || Box::new(self.challenge(method, uri, headers));
        let (_, live) = self.live(headers, uri).await.map_err(failure)?.ok_or_else(nobody)?;
        match demanded.check(&live.authentication(), self.settings().clock.now()) {
            Ok(()) => self.session_of(*live).await.map_err(failure)?.ok_or_else(nobody),
            Err(why) if !is_navigation(method, headers) => {
                tracing::debug!(%why, "a program must step up");
                Err(Box::new(refusal(headers, demanded)))
            }
            Err(why) => {
                tracing::debug!(%why, "a person must step up");
                Err(Box::new(self.walk_up(uri, headers, &live, demanded).await))
            }
        }
    }

    async fn walk_up(&self, uri: &Uri, headers: &HeaderMap, live: &Live, demanded: &StepUp) -> Response<Bytes> {
        let settings = self.settings();
        let arrival = self.arrive(headers, uri);
        let visit = arrival.and_then(|arrival| Visit::new(settings, arrival, headers, uri, Body::default(), false));
        let visit = match visit {
            Ok(visit) => visit,
            Err(error) => return self.failure(headers, &error),
        };
        let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let here = format!("{}{path}", visit.mount.root());
        let walk = step_up::step_up(settings, &visit, live, demanded, &here).await;
        let answer = walk.unwrap_or_else(|error| page::failed(settings, &visit, &error, Vec::new()));
        answer.into_response(headers, &visit.look.content_security_policy)
    }
}

/// 401 and what is missing, in the header and as JSON. The credential is a cookie, so the scheme is ours; the parameters are
/// those of RFC 9470 §3.
fn refusal(headers: &HeaderMap, demanded: &StepUp) -> Response<Bytes> {
    const MESSAGE: &str = "Sign in again: this needs a fresher or stronger sign-in.";
    let mut body = Map::new();
    body.insert("error".to_owned(), INSUFFICIENT.into());
    body.insert("message".to_owned(), MESSAGE.into());
    let mut scheme = format!("Cookie error=\"{INSUFFICIENT}\", error_description=\"{MESSAGE}\"");
    for (name, value) in demanded.parameters() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
        scheme.push_str(&format!(", {name}=\"{quoted}\""));
        body.insert(name.to_owned(), value);
    }
    let body = Value::Object(body).to_string();
    let mut response = Answer::json(StatusCode::UNAUTHORIZED, body, Store::No).into_response(headers, "");
    let scheme = HeaderValue::try_from(scheme).unwrap_or(HeaderValue::from_static("Cookie"));
    response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
    response
}
