//! A browser, an application, and a strict little relying party written for these tests alone.

#![allow(dead_code, reason = "each test file uses a part")]

pub mod signer;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use authstile_idp::{
    Client, Connection, Directory, DirectoryGroup, DirectoryUser, Idp, IdpBuilder, Organization, User, Webhook,
};
use base64::{Engine as _, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use serde_json::{Map, Value};

pub const ISSUER: &str = "http://127.0.0.1:4001";
pub const CALLBACK: &str = "http://127.0.0.1:3000/api/auth/callback/scalekit";
pub const AFTER_LOGOUT: &str = "http://127.0.0.1:3000/bye";
pub const INITIATE: &str = "http://127.0.0.1:3000/api/auth/initiate/scalekit";
pub const BACK_CHANNEL: &str = "http://127.0.0.1:3000/api/auth/backchannel/scalekit";
pub const HOOKS: &str = "http://127.0.0.1:3000/api/auth/webhook/scalekit";
pub const HOOK_SECRET: &str = "whsec_c2NhbGVraXQtdmVjdG9yLWtleS0wMTIzNDU2Nzg5YWI=";
pub const CLIENT: &str = "skc_demo";
/// Every character that form encoding and Basic could trip over.
pub const SECRET: &str = "test_se:cr+et %é&=";
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Acme and Globex, Ada and Linus, without users' names where the issue is their absence.
pub fn builder() -> IdpBuilder {
    Idp::builder(format!("{ISSUER}/"))
        .client(
            Client::new(CLIENT, SECRET)
                .redirect_uri(CALLBACK)
                .post_logout_redirect_uri(AFTER_LOGOUT)
                .initiate_login_uri(INITIATE)
                .back_channel_logout_uri(BACK_CHANNEL),
        )
        .client(Client::public("skc_native").redirect_uri("myapp://callback"))
        .client(Client::new("skc_other", "test_other").redirect_uri(CALLBACK))
        .organization(
            Organization::new("org_acme", "Acme")
                .domain("acme.example")
                .external_id("acme-7")
                .connection(Connection::new("conn_acme_off", "Old").disabled())
                .connection(Connection::new("conn_acme_okta", "Acme Okta").provider("OKTA").protocol("SAML"))
                .directory(
                    Directory::new("dir_acme", "Acme Okta")
                        .group(DirectoryGroup::new("dirgroup_1", "Engineering"))
                        .user(
                            DirectoryUser::new("diruser_ada", "ada@acme.example")
                                .dp_id("00u1ada")
                                .name("Ada", "Lovelace")
                                .group("dirgroup_1"),
                        )
                        .user(DirectoryUser::new("diruser_grace", "grace@acme.example").name("Grace", "Hopper")),
                ),
        )
        .organization(
            Organization::new("org_globex", "Globex")
                .domain("globex.example")
                .connection(Connection::new("conn_globex", "Globex Entra")),
        )
        .social("google", "conn_google")
        .user(
            User::new("ada@acme.example")
                .id("00u1ada")
                .name("Ada Lovelace")
                .given_name("Ada")
                .family_name("Lovelace")
                .picture("https://cdn.example/ada.png")
                .attribute("department", "Analytical Engines")
                .role("admin")
                .permission("projects:read")
                .organization("org_acme"),
        )
        .user(User::new("linus@globex.example").organization("org_globex"))
}

/// A clock that tests move by hand.
#[derive(Clone)]
pub struct Hands(Arc<AtomicI64>);

impl Hands {
    pub fn new() -> Self {
        Self(Arc::new(AtomicI64::new(1_800_000_000)))
    }
    pub fn now(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
    pub fn wait(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
    pub fn clock(&self) -> impl Fn() -> i64 + Send + Sync + 'static {
        let hands = self.clone();
        move || hands.now()
    }
}

pub type Pairs<'a> = &'a [(&'a str, &'a str)];

pub fn encode(pairs: Pairs<'_>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

pub fn get(idp: &Idp, path: &str, query: Pairs<'_>) -> Response<Bytes> {
    get_with(idp, path, query, &[])
}

pub fn get_with(idp: &Idp, path: &str, query: Pairs<'_>, headers: Pairs<'_>) -> Response<Bytes> {
    let mut request = Request::get(format!("{path}?{}", encode(query)));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    idp.handle(request.body(Bytes::new()).unwrap())
}

pub fn post(idp: &Idp, path: &str, form: Pairs<'_>) -> Response<Bytes> {
    post_with(idp, path, form, &[])
}

pub fn post_with(idp: &Idp, path: &str, form: Pairs<'_>, headers: Pairs<'_>) -> Response<Bytes> {
    let mut request = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    idp.handle(request.body(Bytes::from(encode(form))).unwrap())
}

/// The usual request, with `changes`: an empty value removes the parameter.
pub fn authorize(idp: &Idp, changes: Pairs<'_>) -> Response<Bytes> {
    authorize_with(idp, changes, &[])
}

pub fn authorize_with(idp: &Idp, changes: Pairs<'_>, headers: Pairs<'_>) -> Response<Bytes> {
    let mut pairs = vec![
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", CALLBACK),
        ("scope", "openid profile email"),
        ("state", "the state"),
        ("nonce", "the nonce"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    pairs.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    pairs.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
    get_with(idp, "/oauth/authorize", &pairs, headers)
}

pub fn body(response: &Response<Bytes>) -> &str {
    std::str::from_utf8(response.body()).unwrap()
}

pub fn json(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap_or_else(|_| panic!("not JSON: {response:?}"))
}

pub fn location(response: &Response<Bytes>) -> &str {
    assert_eq!(response.status(), StatusCode::FOUND, "{response:?}");
    response.headers()[header::LOCATION].to_str().unwrap()
}

/// All values of a parameter of the redirect.
pub fn carried(response: &Response<Bytes>, name: &str) -> Vec<String> {
    let query = location(response).split_once('?').map_or("", |(_, query)| query);
    form_urlencoded::parse(query.as_bytes())
        .filter_map(|(key, value)| (key == name).then(|| value.into_owned()))
        .collect()
}

pub fn code(response: &Response<Bytes>) -> String {
    carried(response, "code").pop().unwrap_or_else(|| panic!("no code: {response:?}"))
}

/// `name=value` of the cookie set.
pub fn cookie(response: &Response<Bytes>) -> &str {
    response.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap()
}

/// The value of an attribute in a page, naively.
pub fn attribute<'a>(page: &'a str, name: &str) -> &'a str {
    let from = page.find(&format!("{name}=\"")).unwrap_or_else(|| panic!("no {name} in {page}")) + name.len() + 2;
    page[from..].split('"').next().unwrap()
}

/// The handle in the sign-in page's forms.
pub fn handle(response: &Response<Bytes>) -> &str {
    let page = body(response);
    attribute(&page[page.find("name=\"request\"").expect("a form")..], "value")
}

pub fn basic(id: &str, secret: &str) -> String {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encode(id), encode(secret))))
}

/// The usual token request, with `changes`: an empty value removes the parameter.
pub fn redeem(idp: &Idp, code: &str, changes: Pairs<'_>) -> Response<Bytes> {
    let mut pairs = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    pairs.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    pairs.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
    post_with(idp, "/oauth/token", &pairs, &[("authorization", &basic(CLIENT, SECRET))])
}

/// Signs Ada in and fetches the tokens.
pub fn tokens(idp: &Idp, changes: Pairs<'_>) -> Value {
    idp.auto_sign_in(Some("ada@acme.example"));
    let changes = [&[("organization_id", "org_acme")], changes].concat();
    let response = redeem(idp, &code(&authorize(idp, &changes)), &[]);
    assert_eq!(response.status(), 200, "{response:?}");
    json(&response)
}

/// Header or claims of a compact JWS, unverified.
pub fn part(token: &str, index: usize) -> Map<String, Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap()).unwrap()
}

pub fn claims(token: &Value) -> Map<String, Value> {
    part(token.as_str().expect("a token"), 1)
}

/// The usual environment with a receiver of webhooks.
pub fn hooked() -> IdpBuilder {
    builder().webhook(Webhook::new(HOOKS, HOOK_SECRET).unwrap())
}

/// The outgoing calls that go there, with their results: all well.
pub fn deliver(idp: &Idp, url: &str) -> Vec<Request<Bytes>> {
    let mut delivered = Vec::new();
    for request in idp.take_outgoing() {
        idp.outgoing_result(authstile_idp::OutgoingId::of(&request).unwrap(), StatusCode::OK);
        if request.uri() == url {
            delivered.push(request);
        }
    }
    delivered
}

/// The events that a receiver would get now.
pub fn events(idp: &Idp) -> Vec<Value> {
    deliver(idp, HOOKS).iter().map(|request| serde_json::from_slice(request.body()).unwrap()).collect()
}

/// A token for the management API.
pub fn api_token(idp: &Idp) -> String {
    let form = [("grant_type", "client_credentials")];
    let response = post_with(idp, "/oauth/token", &form, &[("authorization", &basic(CLIENT, SECRET))]);
    format!("Bearer {}", json(&response)["access_token"].as_str().unwrap())
}

pub fn api(idp: &Idp, method: &str, path: &str) -> Response<Bytes> {
    let request = Request::builder().method(method).uri(path).header("authorization", api_token(idp));
    idp.handle(request.body(Bytes::new()).unwrap())
}
