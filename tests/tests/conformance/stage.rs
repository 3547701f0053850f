//! The provider, the relying party under test and a browser, and how a login on this stage ends.

use authstile::provider::{OIDC, ProfileSource};
use authstile::{Customize as _, Error, Provider, ProviderToken, Registration};
use authstile_idp::{Client, Connection, Feature, Idp, IdpBuilder, Misbehave, Mode, Organization, Recorded, User};
use authstile_oauth::authorize::ResponseMode;
use authstile_testkit::{FakeTransport, FixedClock, Page};
use authstile_tests::conformance::Verdict;
use authstile_tests::log::Log;
use authstile_tests::{APP, BASE, CLIENT_ID, CLIENT_SECRET, House, IDP, NOW, network};
use http::{HeaderMap, Method};

/// Any OpenID provider: nothing is known but its issuer. Who somebody is, userinfo says, so that a bad ID token can be seen
/// to stop the request for it.
pub(crate) const CARD: Provider = Provider { id: "op", name: "OP", profile_source: ProfileSource::UserInfo, ..OIDC };

pub(crate) const ADA: &str = "ada@acme.example";

/// The provider, not built yet, with the client as it is registered there.
fn provider(clock: &FixedClock, client: impl FnOnce(Client) -> Client) -> IdpBuilder {
    let now = clock.clone();
    Idp::builder(IDP)
        .clock(move || now.seconds())
        .mode(Mode::FullStack)
        .feature(Feature::FormPost)
        .client(client(
            Client::new(CLIENT_ID, CLIENT_SECRET)
                .redirect_uri(format!("{BASE}/callback/op"))
                .post_logout_redirect_uri(format!("{BASE}/signed-out"))
                .initiate_login_uri(format!("{BASE}/initiate/op"))
                .back_channel_logout_uri(format!("{BASE}/backchannel-logout/op")),
        ))
        .organization(
            Organization::new("org_acme", "Acme")
                .domain("acme.example")
                .connection(Connection::new("conn_acme", "Acme Okta")),
        )
        .user(User::new(ADA).id("00u1ada").name("Ada Lovelace").organization("org_acme"))
}

pub(crate) struct Stage {
    pub(crate) house: House,
    /// What the log said about the error of the last login.
    pub(crate) error: String,
}

impl Stage {
    pub(crate) fn new(
        idp: impl FnOnce(IdpBuilder) -> IdpBuilder,
        registration: impl FnOnce(Registration) -> Registration,
    ) -> Self {
        Self::of(CARD, idp, registration)
    }

    /// With another card.
    pub(crate) fn of(
        card: Provider,
        idp: impl FnOnce(IdpBuilder) -> IdpBuilder,
        registration: impl FnOnce(Registration) -> Registration,
    ) -> Self {
        Self::build(card, |client| client, idp, registration, network)
    }

    /// With another registration there.
    pub(crate) fn with_client(
        client: impl FnOnce(Client) -> Client,
        idp: impl FnOnce(IdpBuilder) -> IdpBuilder,
        registration: impl FnOnce(Registration) -> Registration,
    ) -> Self {
        Self::build(CARD, client, idp, registration, network)
    }

    /// With all of it, and with a network in between.
    pub(crate) fn build(
        card: Provider,
        client: impl FnOnce(Client) -> Client,
        idp: impl FnOnce(IdpBuilder) -> IdpBuilder,
        registration: impl FnOnce(Registration) -> Registration,
        network: impl FnOnce(&Idp) -> FakeTransport,
    ) -> Self {
        let clock = FixedClock::at(NOW);
        let idp = idp(provider(&clock, client)).build();
        idp.auto_sign_in(Some(ADA));
        let op = registration(
            Provider { id: CARD.id, name: CARD.name, ..card }.register(CLIENT_ID, CLIENT_SECRET).issuer(IDP),
        );
        let network = network(&idp);
        let house = House::build(APP, "/api/auth", &idp, network, &clock, |builder| builder.provider(op));
        Self { house, error: String::new() }
    }

    /// As the certification does it, by query or by form post.
    pub(crate) fn plain(mode: ResponseMode) -> Self {
        Self::new(|idp| idp, |op| op.response_mode(mode))
    }

    /// A whole login.
    pub(crate) async fn login(&mut self) -> Verdict {
        let log = Log::keep();
        let page = self.house.browser.press_sign_in(BASE, "op", "/dash").await;
        self.go_on(page, &log).await
    }

    /// From the page that leads to the provider to the end.
    pub(crate) async fn go_on(&mut self, page: Page, log: &Log) -> Verdict {
        let end = match page.location().filter(|ask| ask.as_str().starts_with(IDP)) {
            None => page,
            Some(ask) => {
                let answer = self.house.browser.get(ask.as_str()).await;
                self.back(answer).await
            }
        };
        let errors = log.take();
        let mut error =
            errors.iter().filter(|entry| entry.field("reference").is_some()).filter_map(|entry| entry.field("error"));
        self.error = error.next_back().unwrap_or_default().to_owned();
        if self.house.session().await.is_object() {
            assert_eq!(end.location().unwrap().path(), "/dash", "{end:?}");
            assert_eq!(self.error, "");
            return Verdict::Completes;
        }
        assert!(self.house.cookies("session-token").is_empty());
        let shown = self.house.browser.follow(end).await;
        assert_eq!(shown.headers["content-type"], "text/html; charset=utf-8", "people are told: {shown:?}");
        Verdict::Refuses
    }

    /// The provider's answer reaches the callback: by redirect, or as a form from another site.
    async fn back(&mut self, answer: Page) -> Page {
        if let Some(callback) = answer.location() {
            return self.house.browser.get(callback.as_str()).await;
        }
        assert!(answer.body.contains("data-page=\"form-post\""), "{answer:?}");
        let inputs = answer.body.split("<input type=\"hidden\" name=\"").skip(1);
        let pair = |input: &str| {
            let (name, rest) = input.split_once('"').unwrap();
            let value = rest.split('"').nth(1).unwrap();
            (name.to_owned(), value.replace("&#38;", "&"))
        };
        let fields: Vec<(String, String)> = inputs.map(pair).collect();
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
        let headers =
            [("content-type", "application/x-www-form-urlencoded"), ("origin", IDP), ("sec-fetch-site", "cross-site")];
        self.house.browser.send(Method::POST, &format!("{BASE}/callback/op"), &headers, body.into()).await
    }

    /// What a request of this browser to the application carries.
    pub(crate) fn headers(&self) -> HeaderMap {
        let jar = self.house.browser.cookies("localhost");
        let cookies: Vec<String> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut headers = HeaderMap::new();
        headers.insert("host", "localhost:3000".parse().unwrap());
        headers.insert("cookie", cookies.join("; ").parse().unwrap());
        headers
    }

    /// The kept access token, refreshed if need be.
    pub(crate) async fn access_token(&self) -> Result<ProviderToken, Error> {
        let token = self.house.auth.access_token(&self.headers(), &"/".parse().unwrap()).await;
        token.map(|token| token.expect("a token is kept"))
    }

    /// The requests that reached the provider at this path.
    pub(crate) fn asked(&self, path: &str) -> Vec<Recorded> {
        self.house.idp.requests().into_iter().filter(|request| request.path == path).collect()
    }
}

const MODES: [ResponseMode; 2] = [ResponseMode::Query, ResponseMode::FormPost];

/// A login with a provider that deviates, or not, ends in a session, however the answer travels.
pub(crate) async fn completes(misbehave: Option<Misbehave>) -> Verdict {
    for mode in MODES {
        let mut stage = Stage::plain(mode);
        stage.house.idp.misbehave(misbehave);
        assert_eq!(stage.login().await, Verdict::Completes, "{mode:?}: {}", stage.error);
        assert_eq!(stage.asked("/userinfo").len(), 1);
    }
    Verdict::Completes
}

/// A login with a provider that deviates ends without a session, for this reason, and before the next request.
pub(crate) async fn refuses(misbehave: Misbehave, because: &str) -> Verdict {
    for mode in MODES {
        let mut stage = Stage::plain(mode);
        stage.house.idp.misbehave(Some(misbehave));
        assert_eq!(stage.login().await, Verdict::Refuses, "{mode:?}");
        assert!(stage.error.contains(because), "{mode:?}: the log says {:?}, not {because:?}", stage.error);
        let is_userinfo = misbehave.name().starts_with("userinfo");
        assert_eq!(stage.asked("/userinfo").len(), usize::from(is_userinfo), "{mode:?}: userinfo was asked for");
    }
    Verdict::Refuses
}
