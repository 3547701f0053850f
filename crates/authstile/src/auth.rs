//! The engine: a request goes in, a response comes out.

use std::sync::Arc;

use authstile_oauth::secret::AccessToken;
use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Extensions, HeaderMap, Method, Request, Response, StatusCode, Uri};
use serde_json::json;

use crate::answer::{Answer, Store};
use crate::ask::begin;
use crate::bounds::{self, Beyond};
use crate::clock::UnixTime;
use crate::cookie::{Cookies, SetCookie};
use crate::error::{Error, Reason, RequestError};
use crate::flow::back_channel;
use crate::flow::callback::{Failed, callback};
use crate::flow::connect::{connect, offer};
use crate::flow::credentials;
use crate::flow::email;
use crate::flow::front_channel;
use crate::flow::initiate::{Initiated, arrives_at_callback, initiate};
use crate::flow::page::{self, Failure};
use crate::flow::refresh::fresh;
use crate::flow::session::{session, update};
use crate::flow::sessions;
use crate::flow::sign_in::sign_in;
use crate::flow::sign_out::{sign_out, signed_out};
use crate::hooks::{JwtInput, Trigger};
use crate::limits::LimitedRoute;
use crate::model::Session;
use crate::refresh::ProviderToken;
use crate::return_to::Origin;
use crate::route::{NoRoute, Route};
use crate::session::{Live, Read};
use crate::settings::{Arrival, Kind, Settings};
use crate::store::RevocationKey;
use crate::stored::StoredSessions;
use crate::vault::KeptTokens;
use crate::visit::{Body, ClientAddress, PeerAddress, Unread, Visit, client_of_routes};

/// The authentication engine. Cheap to clone; one serves a whole process.
///
/// ```
/// # use authstile::{Auth, github};
/// # fn main() -> Result<(), authstile::ConfigError> {
/// # #[derive(Debug)] struct Offline;
/// # impl authstile::Transport for Offline {
/// #     fn send<'a>(&'a self, _: http::Request<bytes::Bytes>) -> authstile::BoxFuture<'a, Result<http::Response<bytes::Bytes>, authstile::TransportError>> {
/// #         Box::pin(std::future::ready(Err(authstile::TransportError::Timeout)))
/// #     }
/// # }
/// let auth = Auth::builder()
///     .secret("kT2x0Zb9nJH0Zs3wq1vLr8m5yD4fGh7UeXcPaRoNiQ4=")
///     .url("https://app.example.com")
///     .provider(github("client id", "client secret"))
///     .transport(Offline)
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Auth(Arc<Settings>, Option<PeerAddress>);

impl Auth {
    pub(crate) fn new(settings: Settings) -> Self {
        Self(Arc::new(settings), None)
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0
    }

    /// Where the engine is mounted, for example `/api/auth`.
    #[must_use]
    pub fn base_path(&self) -> &str {
        &self.0.base_path
    }

    /// The same engine for the requests of one peer, whoever is connected to the server: what a trusted proxy says about them
    /// is believed. Doors call it before the methods that take headers; [`Auth::handle`] finds the [`PeerAddress`] among the
    /// extensions of its request.
    #[must_use]
    pub fn for_peer(&self, peer: Option<PeerAddress>) -> Self {
        Self(self.0.clone(), peer)
    }

    /// Where a request to the application arrived.
    pub(crate) fn arrive(&self, headers: &HeaderMap, uri: &Uri) -> Result<Arrival<'_>, Error> {
        self.0.arrive(headers, uri, self.1.map(|peer| peer.0))
    }

    /// Which of our origins a request is for.
    pub(crate) fn origin(&self, headers: &HeaderMap, uri: &Uri) -> Result<Origin, Error> {
        Ok(self.arrive(headers, uri)?.origin)
    }

    /// Answers a request to one of the engine's paths. It never fails: whatever goes wrong is an answer too, and nobody
    /// is signed in by it.
    pub async fn handle(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (parts, body) = request.into_parts();
        let auth = self.for_peer(parts.extensions.get().copied().or(self.1));
        let arrival = auth.arrive(&parts.headers, &parts.uri).map(|arrival| known_client(arrival, &parts.extensions));
        let looks = &self.0.looks;
        let look = arrival.as_ref().map_or(&looks.usual, |arrival| looks.of(&arrival.origin));
        let answer = self.answer(&parts.method, &parts.uri, &parts.headers, &body, arrival).await;
        answer.into_response(&parts.headers, &look.content_security_policy)
    }

    async fn answer(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &Bytes,
        arrival: Result<Arrival<'_>, Error>,
    ) -> Answer {
        let settings = &*self.0;
        let bad_request = || Answer::json(StatusCode::BAD_REQUEST, "\"Bad request.\"", Store::Unsaid);
        let beyond = |beyond: Beyond| {
            Answer::json(beyond.status(), json!({ "message": beyond.to_string() }).to_string(), Store::No)
        };
        if let Err(error) = bounds::check(uri, headers, body) {
            return beyond(error);
        }
        let route = Route::parse(method, uri.path(), &settings.base_path);
        if let Err(error @ Error::Request(_)) = &arrival {
            return unusable(settings, route.as_ref().ok(), error);
        }
        let route = match route {
            Ok(route) => Some(route),
            Err(NoRoute::UnknownAction) => None,
            Err(NoRoute::BadRequest) => return bad_request(),
        };
        let client = arrival.as_ref().ok().and_then(|arrival| arrival.client);
        match &route {
            // Providers ask for these, and know no origin of ours but the one that was registered.
            Some(Route::BackChannelLogout(id)) => return back_channel::logout(settings, id, body, client).await,
            Some(Route::ClientKeys(id)) => return page::client_keys(settings, id),
            Some(Route::Webhook(id)) => return back_channel::webhook(settings, id, headers, body, client).await,
            _ => {}
        }
        let body = if *method == Method::POST { Body::parse(headers, body) } else { Ok(Body::default()) };
        let body = match body {
            Ok(body) => body,
            Err(Unread::NotJson) => return bad_request(),
            Err(Unread::Beyond(error)) => return beyond(error),
        };
        let arrival = match arrival {
            Ok(arrival) => arrival,
            Err(error) => return unusable(settings, route.as_ref(), &error),
        };
        if route == Some(Route::Providers) {
            return page::providers(settings, &arrival.mount);
        }
        let visit = match Visit::new(settings, arrival, headers, uri, body, *method == Method::POST) {
            Ok(visit) => visit,
            Err(error) => return unusable(settings, route.as_ref(), &error),
        };
        let Some(route) = route else {
            return page::failed(settings, &visit, &RequestError::UnknownAction.into(), Vec::new());
        };
        let updates = route == Route::UpdateSession;
        match walk(settings, &visit, route).await {
            Ok(answer) => answer,
            // What Auth.js's client expects of a refused update.
            Err(Failed { error, .. }) if updates => {
                error.log(&settings.reference());
                Answer::json(StatusCode::BAD_REQUEST, "null", Store::No)
            }
            Err(Failed { error, cookies }) => page::failed(settings, &visit, &error, cookies),
        }
    }

    /// Who is signed in, for a request to any path of the application. `None` is nobody; an error means that it cannot be
    /// said, and must be treated as nobody too.
    ///
    /// # Errors
    /// When the host is not ours or the `jwt` hook fails.
    pub async fn session(&self, headers: &HeaderMap, uri: &Uri) -> Result<Option<Session>, Error> {
        match self.live(headers, uri).await? {
            Some((_, live)) => self.session_of(*live).await,
            None => Ok(None),
        }
    }

    /// The session of a request, as it stands in the cookie or in the store.
    pub(crate) async fn live(&self, headers: &HeaderMap, uri: &Uri) -> Result<Option<(&Kind, Box<Live>)>, Error> {
        let settings = self.settings();
        let origin = self.origin(headers, uri)?;
        let read = settings.live(&origin, &Cookies::parse(headers), settings.clock.now()).await?;
        Ok(if let Read::Live(live) = read { Some((settings.kind(&origin), live)) } else { None })
    }

    /// The same as the application sees it; `None` when the `jwt` hook ends it.
    pub(crate) async fn session_of(&self, live: Live) -> Result<Option<Session>, Error> {
        let Live { claims, expires, row } = live;
        if row.is_some() {
            return Ok(Some(Session::from_claims(claims, expires)));
        }
        let input = |claims| JwtInput {
            claims,
            trigger: Trigger::Read,
            user: None,
            account: None,
            profile: None,
            update: None,
        };
        let claims = self.0.hooks.jwt(claims, input).await?;
        Ok(claims.map(|claims| Session::from_claims(claims, expires)))
    }

    /// Begins a sign-in from a handler of the application's, which knows better than any form where this visitor belongs:
    /// `asked` are authorization parameters such as `("organization_id", "org_…")`, which win over what a browser could
    /// send. The answer sends the browser to the provider; `return_to` is where it comes back to.
    pub async fn begin_sign_in(
        &self,
        headers: &HeaderMap,
        uri: &Uri,
        provider: &str,
        asked: Vec<(String, String)>,
        return_to: &str,
    ) -> Response<Bytes> {
        let settings = &*self.0;
        let arrival = self.arrive(headers, uri);
        let looks = &settings.looks;
        let look = arrival.as_ref().map_or(&looks.usual, |arrival| looks.of(&arrival.origin));
        let visit = arrival.and_then(|arrival| Visit::new(settings, arrival, headers, uri, Body::default(), true));
        let answer = match visit {
            Ok(visit) => {
                let return_to = settings.return_to(return_to, &visit.origin);
                let return_to = return_to.as_ref().unwrap_or(&visit.return_to).as_str();
                let begun = async {
                    let provider = settings.find(provider)?;
                    let asked = provider.authorization_params(asked, std::iter::empty());
                    begin(settings, &visit, provider, asked, return_to).await
                };
                begun.await.unwrap_or_else(|error| page::failed(settings, &visit, &error, Vec::new()))
            }
            Err(error) => unusable(settings, Some(&Route::SignInPage), &error),
        };
        answer.into_response(headers, &look.content_security_policy)
    }

    /// The provider's access token of the session that this request belongs to, refreshed if it is about to expire; for
    /// calling the provider's APIs. `None` when nobody is signed in, or no tokens are kept
    /// ([`Customize::keep_tokens`](crate::Customize::keep_tokens)).
    ///
    /// # Errors
    /// When the provider ended the session ([`Denied::SessionEnded`](crate::Denied::SessionEnded)), when it cannot be
    /// reached and the old token is no good, or when storage fails, also that of the [leases](crate::Leases) by which several
    /// processes refresh once.
    ///
    /// Let it finish once it has begun, in a task of its own if the browser may go away meanwhile: what the provider has
    /// answered to nobody is lost, and with it the session, where refresh tokens are rotated.
    pub async fn access_token(&self, headers: &HeaderMap, uri: &Uri) -> Result<Option<ProviderToken>, Error> {
        let Some((kept, set_cookies)) = self.kept_tokens(headers, uri).await? else { return Ok(None) };
        let KeptTokens { access_token, expires_at, is_bound, proof_key, .. } = kept;
        let prover = proof_key.filter(|_| is_bound).map(|key| self.0.prover(key, is_bound));
        let token = |token| ProviderToken { access_token: AccessToken::new(token), expires_at, set_cookies, prover };
        Ok(access_token.map(token))
    }

    /// The kept tokens of the session that a request belongs to, fresh, and the cookies that carry what has changed.
    pub(crate) async fn kept_tokens(
        &self,
        headers: &HeaderMap,
        uri: &Uri,
    ) -> Result<Option<(KeptTokens, Vec<HeaderValue>)>, Error> {
        let settings = &self.0;
        let origin = self.origin(headers, uri)?;
        let (kind, cookies, now) = (settings.kind(&origin), Cookies::parse(headers), settings.clock.now());
        let Read::Live(live) = settings.live(&origin, &cookies, now).await? else { return Ok(None) };
        let kept = live.facts().and_then(|facts| kind.vault.open(&cookies, &facts.id, now));
        let Some(kept) = kept else { return Ok(None) };
        let (kept, changed) = fresh(settings, kept).await?;
        let now = settings.clock.now();
        // It may have been ended while the provider took its time.
        if changed && !matches!(settings.live(&origin, &cookies, now).await?, Read::Live(_)) {
            return Ok(None);
        }
        let written = if changed { kind.vault.write(&kept, &cookies, now, &*settings.random)? } else { Vec::new() };
        Ok(Some((kept, headers_of(&written))))
    }

    /// Ends every session that carries the key, on every process that shares the revocations: all of a person
    /// ([`RevocationKey::subject`]), those of a session at the provider, or what else the provider has keys for.
    ///
    /// # Errors
    /// When the storage of revocations fails.
    pub async fn revoke(&self, key: &RevocationKey) -> Result<(), Error> {
        Ok(self.0.end_sessions(key, self.0.clock.now()).await?)
    }

    /// The `Set-Cookie` headers that renew a session, when its `update_age` has passed; so that sessions slide also in
    /// applications whose pages never ask `GET /session`.
    pub async fn renewal(&self, headers: &HeaderMap, uri: &Uri, session: &Session) -> Vec<HeaderValue> {
        let settings = &*self.0;
        let Ok(origin) = self.origin(headers, uri) else { return Vec::new() };
        let (kind, now, cookies) = (settings.kind(&origin), settings.clock.now(), Cookies::parse(headers));
        let written = match &settings.stores.sessions {
            Some(stored) if stored.wants_renewal(session.expires, now) => {
                renew_stored(settings, stored, &origin, &cookies, now).await
            }
            None if kind.session.wants_renewal(&session.claims, now) => {
                let written = kind.session.write(session.claims.clone(), &cookies, now, &*settings.random);
                written.map_err(Error::from)
            }
            _ => return Vec::new(),
        };
        written.map(|cookies| headers_of(&cookies)).unwrap_or_else(|error| {
            tracing::error!(%error, "a session cannot be renewed");
            Vec::new()
        })
    }

    /// The answer to somebody who must sign in first: a person's browser is sent to the sign-in page, from which it comes
    /// back to where it was; a program gets 401 and JSON.
    #[must_use]
    pub fn challenge(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Response<Bytes> {
        if !is_navigation(method, headers) {
            let body = json!({ "error": "unauthorized", "message": "Sign in first." });
            let mut response =
                Answer::json(StatusCode::UNAUTHORIZED, body.to_string(), Store::No).into_response(headers, "");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Cookie"));
            return response;
        }
        let mount = match self.arrive(headers, uri) {
            Ok(arrival) => arrival.mount,
            Err(error) => return self.failure(headers, &error),
        };
        let here = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let back = form_urlencoded::Serializer::new(String::new())
            .append_pair("callbackUrl", &format!("{}{here}", mount.root()))
            .finish();
        Answer::redirect(format!("{}?{back}", mount.url("signin"))).into_response(&HeaderMap::new(), "")
    }

    /// The page for an error outside the engine's own paths: the session of a request could not be read.
    #[must_use]
    pub fn failure(&self, headers: &HeaderMap, error: &Error) -> Response<Bytes> {
        unusable(&self.0, Some(&Route::Error), error)
            .into_response(headers, &self.0.looks.usual.content_security_policy)
    }
}

/// What of the limits a route counts for. Credentials, mails that are asked for and refused logouts are counted in their walks.
fn limited(settings: &Settings, visit: &Visit<'_>, route: &Route<'_>) -> Option<LimitedRoute> {
    match route {
        Route::SignIn(Some(id)) if settings.registry.find(id).is_some() => Some(LimitedRoute::SignIn),
        Route::Callback(id) if settings.email(id).is_some() => {
            Some(LimitedRoute::MailCallback).filter(|_| visit.is_post)
        }
        Route::Callback(id) => match arrives_at_callback(settings.registry.find(id)?, &visit.query) {
            true => Some(LimitedRoute::Initiate),
            false => Some(LimitedRoute::Callback),
        },
        Route::Initiate(_) => Some(LimitedRoute::Initiate),
        Route::Connect => Some(LimitedRoute::Connect),
        Route::SignOut => Some(LimitedRoute::SignOut),
        Route::Sessions | Route::EndSessions => Some(LimitedRoute::Sessions),
        _ => None,
    }
}

/// From the route to its walk.
async fn walk(settings: &Settings, visit: &Visit<'_>, route: Route<'_>) -> Result<Answer, Failed> {
    if let Some(route) = limited(settings, visit, &route) {
        settings.limit_route(route, client_of_routes(visit.address).as_deref(), visit.now).await?;
    }
    Ok(match route {
        Route::Csrf => page::csrf(visit),
        Route::Providers => page::providers(settings, &visit.mount),
        Route::Session => session(settings, visit).await,
        Route::UpdateSession => update(settings, visit).await?,
        Route::SignInPage => page::sign_in(settings, visit),
        Route::SignIn(None) => {
            visit.same_origin(settings).map_err(Error::from)?;
            Answer::redirect(visit.mount.url("signin")).with(visit.first_cookies.iter().cloned())
        }
        Route::SignIn(Some(id)) if settings.credentials(id).is_some() => {
            return Err(Error::from(RequestError::UnknownAction).into());
        }
        Route::SignIn(Some(id)) => {
            if let Some(provider) = settings.email(id) {
                return Ok(email::request(settings, visit, provider).await?);
            }
            // An unknown provider is said before a bad token is: it is the application's mistake, not the visitor's.
            settings.find(id)?;
            sign_in(settings, visit, id).await?
        }
        Route::SignOutPage => page::sign_out(settings, visit).await,
        // They were answered before: they come without a browser.
        Route::BackChannelLogout(_) | Route::ClientKeys(_) | Route::Webhook(_) => {
            return Err(Error::from(RequestError::UnknownAction).into());
        }
        Route::FrontChannelLogout(id) => front_channel::logout(settings, visit, id).await,
        Route::Sessions => sessions::list(settings, visit).await?,
        Route::EndSessions => sessions::end(settings, visit).await?,
        Route::SignOut => sign_out(settings, visit).await?,
        Route::SignedOut => signed_out(settings, visit),
        Route::Callback(id) if settings.email(id).is_some() || settings.credentials(id).is_some() => {
            own_callback(settings, visit, id).await?
        }
        Route::Callback(id) if arrives_at_callback(settings.find(id)?, &visit.query) => {
            initiated(settings, visit, id).await?
        }
        Route::Callback(id) => callback(settings, visit, id).await?,
        Route::Initiate(id) => initiated(settings, visit, id).await?,
        Route::ConnectPage => match offer(settings, visit).await? {
            Some(offer) => page::connect(settings, visit, &offer).await,
            None => Answer::redirect(visit.return_to.as_str()),
        },
        Route::Connect => connect(settings, visit).await?,
        Route::Error => page::error(settings, visit),
        Route::VerifyRequest => page::verify_request(settings, visit),
    })
}

async fn renew_stored(
    settings: &Settings,
    stored: &StoredSessions,
    origin: &Origin,
    cookies: &Cookies<'_>,
    now: UnixTime,
) -> Result<Vec<SetCookie>, Error> {
    let Read::Live(live) = settings.live(origin, cookies, now).await? else { return Ok(Vec::new()) };
    let Some(row) = live.row else { return Ok(Vec::new()) };
    if !stored.touch(&row.session, now).await? {
        return Ok(Vec::new());
    }
    Ok(settings.kind(origin).session.write_token(&row.token, cookies, now)?)
}

/// Cookies as headers.
pub(crate) fn headers_of(cookies: &[SetCookie]) -> Vec<HeaderValue> {
    cookies.iter().filter_map(|cookie| HeaderValue::try_from(cookie.header()).ok()).collect()
}

/// Back from a mail, or with credentials: no provider has a part in it.
async fn own_callback(settings: &Settings, visit: &Visit<'_>, id: &str) -> Result<Answer, Error> {
    match (settings.email(id), settings.credentials(id), visit.is_post) {
        (Some(provider), _, true) => email::callback(settings, visit, provider).await,
        (Some(provider), _, false) => Ok(page::confirm(visit, provider, &email::opened(visit)?)),
        (None, Some(provider), true) => credentials::callback(settings, visit, provider).await,
        _ => Err(RequestError::UnknownAction.into()),
    }
}

async fn initiated(settings: &Settings, visit: &Visit<'_>, id: &str) -> Result<Answer, Error> {
    Ok(match initiate(settings, visit, id).await? {
        Initiated::Answer(answer) => answer,
        Initiated::Ask { asked, return_to } => page::switch(settings, visit, id, &asked, &return_to).await,
    })
}

/// The answer when not even our own address is known, or outside of our own paths: a page for people, JSON for programs. The
/// status is 500; 503 where storage cannot be reached; 421 where the host is none of ours (RFC 9110 §15.5.20), and 400 where
/// proxies say what cannot be believed.
fn unusable(settings: &Settings, route: Option<&Route<'_>>, error: &Error) -> Answer {
    let reference = settings.reference();
    error.log(&reference);
    let reason = error.reason();
    let status = match (error, reason) {
        (Error::Request(RequestError::Forwarded(_)), _) => StatusCode::BAD_REQUEST,
        (_, Reason::Unavailable | Reason::WrongAddress) => reason.status(),
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    match route {
        Some(Route::SignInPage | Route::SignOutPage | Route::Sessions | Route::Error | Route::VerifyRequest) => {
            page::error_page(&settings.looks.usual, "/", None, &Failure::new(reason, reference, status))
        }
        _ => {
            let (status, message) = match reason {
                Reason::WrongAddress => (status, "Nothing is served at this address. The server's log says more."),
                _ => (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "There is a problem with the server's configuration. Its log says more.",
                ),
            };
            let body = json!({ "message": message, "reference": reference });
            Answer::json(status, body.to_string(), Store::No)
        }
    }
}

/// Whoever stands in front of the engine may know the client better.
fn known_client<'a>(arrival: Arrival<'a>, extensions: &Extensions) -> Arrival<'a> {
    Arrival { client: ClientAddress::of(extensions).or(arrival.client), ..arrival }
}

/// Whether a person's browser is opening a page, rather than a program fetching something.
pub(crate) fn is_navigation(method: &Method, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if !matches!(*method, Method::GET | Method::HEAD) || headers.contains_key("x-requested-with") {
        return false;
    }
    match text("sec-fetch-mode") {
        Some(mode) => mode == "navigate",
        None => text(header::ACCEPT.as_str()).is_some_and(|accept| accept.contains("text/html")),
    }
}
