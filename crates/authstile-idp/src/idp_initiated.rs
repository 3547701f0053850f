//! Sign-ins that begin at the identity provider (§4).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use crate::client::Client;
use crate::environment::{Environment, domain_of};
use crate::fault::IdpInitiatedFault::{self, *};
use crate::http_text::with_query;
use crate::idp::Idp;
use crate::keys::signing_input;
use crate::model::{Connection, Organization};
use crate::random::NoRandomness;
use crate::select::{CONNECTION_NOT_ACTIVE, DOMAIN_NOT_FOUND, UNKNOWN_CONNECTION, Unroutable};
use crate::sign_in::admit;
use crate::user::User;

/// Documented life of the token (§4.2).
const TOKEN_SECONDS: i64 = 300;

/// Somebody clicks the application's tile at an identity provider; see [`Idp::start_at_idp`].
#[derive(Clone, Debug)]
pub struct IdpInitiated {
    email: String,
    client_id: Option<String>,
    connection_id: Option<String>,
    relay_state: Option<String>,
}

impl IdpInitiated {
    /// This person, through the first active connection of the organization that the person belongs to.
    pub fn new(email: impl Into<String>) -> Self {
        Self { email: email.into(), client_id: None, connection_id: None, relay_state: None }
    }

    /// At this application; the first one registered unless set.
    #[must_use]
    pub fn client(mut self, id: impl Into<String>) -> Self {
        self.client_id = Some(id.into());
        self
    }

    /// Through this connection.
    #[must_use]
    pub fn connection(mut self, id: impl Into<String>) -> Self {
        self.connection_id = Some(id.into());
        self
    }

    /// With this relay state, which the identity provider may choose freely (§4.4).
    #[must_use]
    pub fn relay_state(mut self, state: impl Into<String>) -> Self {
        self.relay_state = Some(state.into());
        self
    }
}

impl Idp {
    /// Where the browser is sent when a person starts at the identity provider: the application's Initiate login URL
    /// with `idp_initiated_login=<JWT>`, or with `error` and `error_description` (§4.1).
    ///
    /// The browser has no session here yet, as it would after a real start: the sign-in page asks once, unless
    /// [`auto_sign_in`](Self::auto_sign_in) answers or the SSO simulator's page was used.
    #[must_use]
    pub fn idp_initiated_url(&self, email: &str, relay_state: Option<&str>) -> String {
        let start = IdpInitiated { relay_state: relay_state.map(str::to_owned), ..IdpInitiated::new(email) };
        self.start_at_idp(&start)
    }

    /// [`idp_initiated_url`](Self::idp_initiated_url) with every choice. Without a client that has any URL, it leads to
    /// this provider's own front page.
    #[must_use]
    pub fn start_at_idp(&self, start: &IdpInitiated) -> String {
        let environment = self.environment();
        let mut clients = environment.clients.iter();
        let client = match &start.client_id {
            Some(id) => environment.client(id),
            None => clients.find(|client| environment.initiation_uri(client).is_some()),
        };
        let known = environment.user(&start.email).cloned();
        let user = known.unwrap_or_else(|| User::new(&start.email).into());
        let found = route(&environment, &user, start.connection_id.as_deref());
        match (client, found) {
            (None, _) => with_error(&format!("{}/", self.issuer()), UNKNOWN_APPLICATION),
            (Some(client), Err(unroutable)) => {
                with_error(environment.initiation_uri(client).unwrap_or_default(), unroutable)
            }
            (Some(client), Ok((organization, connection))) => {
                let claims = Claims {
                    organization_id: &organization.id,
                    connection_id: &connection.id,
                    login_hint: &user.email,
                    relay_state: start.relay_state.as_deref(),
                };
                self.url_with_token(client, &claims)
            }
        }
    }

    /// Deviates from correct IdP-initiated logins in one way from now on; `None` makes amends.
    pub fn spoil_idp_initiated(&self, fault: Option<IdpInitiatedFault>) {
        self.switches().idp_initiated_fault = fault;
    }

    pub(crate) fn url_with_token(&self, client: &Client, claims: &Claims<'_>) -> String {
        let environment = self.environment();
        let uri = environment.initiation_uri(client).unwrap_or_default();
        match token(self, client, claims) {
            Ok(token) => with_query(uri, &[("idp_initiated_login", token)]),
            Err(NoRandomness) => with_error(uri, NO_RANDOMNESS),
        }
    }
}

pub(crate) struct Claims<'a> {
    pub(crate) organization_id: &'a str,
    pub(crate) connection_id: &'a str,
    pub(crate) login_hint: &'a str,
    pub(crate) relay_state: Option<&'a str>,
}

fn route<'a>(
    environment: &'a Environment,
    user: &User,
    connection_id: Option<&str>,
) -> Result<(&'a Organization, &'a Connection), Unroutable> {
    let found = match connection_id {
        Some(id) => environment.connection(id).ok_or(UNKNOWN_CONNECTION)?,
        None => {
            let member_of = user.organizations.first().and_then(|id| environment.organization(id));
            let by_domain = || environment.organization_of_domain(&domain_of(&user.email)?);
            let organization = member_of.or_else(by_domain).ok_or(DOMAIN_NOT_FOUND)?;
            (organization, organization.first_active().ok_or(CONNECTION_NOT_ACTIVE)?)
        }
    };
    if !found.1.is_active() {
        return Err(CONNECTION_NOT_ACTIVE);
    }
    admit(environment, &found.0.id, user)?;
    Ok(found)
}

/// Errors of such a login have no state (§2.4).
fn with_error(uri: &str, Unroutable { error, description }: Unroutable) -> String {
    with_query(uri, &[("error", error.to_owned()), ("error_description", description.to_owned())])
}

/// RS256 with the header of all other tokens; no `aud`, `sub`, `jti` or client id (§4.2).
fn token(idp: &Idp, client: &Client, asked: &Claims<'_>) -> Result<String, NoRandomness> {
    let fault = idp.switches().idp_initiated_fault;
    let now = idp.now();
    let mut claims = Map::new();
    let mut set = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    set("organization_id", json!(asked.organization_id));
    set("connection_id", json!(asked.connection_id));
    set("login_hint", json!(asked.login_hint));
    set("exp", json!(now.saturating_add(TOKEN_SECONDS)));
    set("nbf", json!(now));
    set("iat", json!(now));
    set("iss", json!(idp.issuer()));
    if let Some(state) = asked.relay_state {
        set("relay_state", json!(state));
    }
    if let Some(fault) = fault {
        spoil(fault, client, now, &mut claims);
    }

    let key = idp.key_for_signing();
    let stray = (fault == Some(UnknownKey)).then(|| idp.stray_key());
    let signer = stray.as_deref().unwrap_or(&key);
    let alg = if fault == Some(AlgNone) { "none" } else { key.algorithm.name() };
    let content = signing_input(&json!({ "alg": alg, "kid": key.kid, "typ": "JWT" }), &claims);
    let mut signature = signer.sign(content.as_bytes())?;
    match fault {
        Some(AlgNone) => signature.clear(),
        Some(BadSignature) => signature.iter_mut().take(1).for_each(|byte| *byte ^= 1),
        _ => {}
    }
    Ok(format!("{content}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn spoil(fault: IdpInitiatedFault, client: &Client, now: i64, claims: &mut Map<String, Value>) {
    let user = claims.get("login_hint").cloned().unwrap_or_default();
    let connection = claims.get("connection_id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let changes: Vec<(&str, Value)> = match fault {
        Expired => vec![("iat", json!(now - 400)), ("nbf", json!(now - 400)), ("exp", json!(now - 100))],
        NotYetValid => vec![("nbf", json!(now + 120)), ("exp", json!(now + 420))],
        LivesADay => vec![("exp", json!(now + 24 * 3600))],
        WrongIssuer => vec![("iss", json!("https://b2b-app.com"))],
        ObjectSelector => vec![("connection_id", json!({ "$ne": "" }))],
        InjectedSelector => vec![("connection_id", json!(format!("{connection}&organization_id=org_evil")))],
        IdTokenInstead => vec![
            ("sub", json!(format!("{connection};somebody"))),
            ("aud", json!([client.id])),
            ("azp", json!(client.id)),
            ("client_id", json!(client.id)),
            ("amr", json!([connection])),
            ("email", user),
        ],
        AccessTokenInstead => vec![
            ("sub", json!(format!("{connection};somebody"))),
            ("aud", json!([client.id])),
            ("client_id", json!(client.id)),
            ("jti", json!("tkn_00000000000000000")),
        ],
        _ => Vec::new(),
    };
    claims.extend(changes.into_iter().map(|(name, value)| (name.to_owned(), value)));
    let removed: &[&str] = match fault {
        MissingExp => &["exp"],
        NoSelector | IdTokenInstead => &["connection_id", "organization_id", "login_hint"],
        ConnectionOnly => &["organization_id"],
        WithoutLoginHint => &["login_hint"],
        _ => &[],
    };
    for name in removed {
        claims.shift_remove(*name);
    }
}

const UNKNOWN_APPLICATION: Unroutable =
    Unroutable { error: "application_not_active", description: "No application can be started" };
const NO_RANDOMNESS: Unroutable = Unroutable { error: "server_error", description: "No randomness" };
