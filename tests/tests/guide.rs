//! The Rust of `docs/scalekit.md`, compiled; and the guide has it as it stands here.

#![allow(dead_code, clippy::missing_errors_doc, reason = "examples")]

mod set_up {
    use authstile::{Auth, env::Environment};
    use authstile_reqwest::ReqwestTransport;
    use authstile_scalekit::Scalekit;

    fn auth(environment: &Environment) -> anyhow::Result<Auth> {
        Ok(Auth::builder()
            .environment(environment)?
            .provider(Scalekit::from_environment(environment)?)
            .transport(ReqwestTransport::new()?)
            .build()?)
    }
}

mod by_application {
    use authstile::Auth;
    use authstile_scalekit::{InvalidSelector, Prompt, Selector, SignInRequest};
    use axum::{body::Body, extract::State, response::Response};
    use http::{HeaderMap, Uri};

    /// `GET /acme/login`
    async fn login(State(auth): State<Auth>, headers: HeaderMap, uri: Uri) -> Response {
        match request("org_123") {
            Ok(request) => {
                let asked = request.authorization_params();
                auth.begin_sign_in(&headers, &uri, "scalekit", asked, "/dashboard").await.map(Body::from)
            }
            Err(error) => Response::new(Body::from(error.to_string())),
        }
    }

    fn request(organization: &str) -> Result<SignInRequest, InvalidSelector> {
        Ok(SignInRequest::from(Selector::organization(organization)?).prompt(Prompt::SelectAccount))
    }
}

mod by_router {
    use authstile::routing::{RoutingError, RoutingInput, SignInForm, SignInRouter};
    use authstile::{BoxFuture, Customize as _};
    use authstile_scalekit::{Scalekit, Selector, SignInRequest};

    /// Each customer has an address of its own: `acme.app.example`.
    #[derive(Debug)]
    struct ByHost;

    impl SignInRouter for ByHost {
        fn route<'a>(&'a self, input: RoutingInput) -> BoxFuture<'a, Result<Vec<(String, String)>, RoutingError>> {
            Box::pin(async move {
                let host = input.headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
                let organization = match host.split('.').next() {
                    Some("acme") => "org_123",
                    _ => return Ok(Vec::new()),
                };
                let selector =
                    Selector::organization(organization).map_err(|error| RoutingError::Failed(error.into()))?;
                Ok(SignInRequest::from(selector).authorization_params())
            })
        }
    }

    fn scalekit(scalekit: Scalekit) -> Scalekit {
        scalekit.router(SignInForm::Button, ByHost)
    }
}

mod identity {
    use authstile_axum::SignedIn;
    use authstile_scalekit::ScalekitSession as _;
    use http::StatusCode;

    async fn projects(SignedIn(session): SignedIn) -> Result<String, StatusCode> {
        let identity = session.scalekit().ok_or(StatusCode::FORBIDDEN)?;
        let organization = identity.organization.ok_or(StatusCode::FORBIDDEN)?;
        if !identity.permissions.iter().any(|permission| permission == "projects:read") {
            return Err(StatusCode::FORBIDDEN);
        }
        Ok(format!("the projects of {organization}"))
    }
}

mod webhooks {
    use authstile_scalekit::Scalekit;
    use authstile_scalekit::webhook::{InvalidWebhookSecret, WebhookSecret, WebhookVerifier};

    fn scalekit(scalekit: Scalekit, secret: &str) -> Result<Scalekit, InvalidWebhookSecret> {
        let verifier = WebhookVerifier::new(WebhookSecret::parse(secret)?);
        Ok(scalekit.webhooks(verifier, |event| async move {
            println!("{}", event["type"]);
            Ok(())
        }))
    }
}

mod tokens {
    use authstile::{Auth, Customize as _, KeepTokens};
    use authstile_scalekit::Scalekit;
    use axum::extract::State;
    use axum::response::{IntoResponse, Response};
    use http::header::SET_COOKIE;
    use http::{HeaderMap, StatusCode, Uri};

    fn scalekit(scalekit: Scalekit) -> Scalekit {
        scalekit.scope("openid profile email offline_access").keep_tokens(KeepTokens::All)
    }

    async fn call(State(auth): State<Auth>, headers: HeaderMap, uri: Uri) -> Response {
        // In a task of its own: a browser that goes away meanwhile must not take the rotated tokens with it.
        let asked = tokio::spawn(async move { auth.access_token(&headers, &uri).await });
        let Ok(Ok(Some(token))) = asked.await else { return StatusCode::UNAUTHORIZED.into_response() };
        let mut response = format!("a token of {} bytes", token.access_token.expose().len()).into_response();
        // They carry the rotated tokens: without them the next refresh uses a token that is used up.
        response.headers_mut().extend(token.set_cookies.into_iter().map(|cookie| (SET_COOKIE, cookie)));
        response
    }
}

mod api {
    use authstile::{ApiTokens, ConfigError, Transport};
    use authstile_axum::{Bearer, require_scopes};
    use axum::{Router, routing::get};

    fn tokens(transport: impl Transport + 'static) -> Result<ApiTokens, ConfigError> {
        ApiTokens::builder("https://acme.scalekit.com")
            .audience("https://api.acme.example")
            .transport(transport)
            .build()
    }

    async fn deployments(Bearer(token): Bearer) -> String {
        format!("the deployments of {:?}", token.text("oid"))
    }

    fn api(tokens: ApiTokens) -> Router {
        Router::new()
            .route("/deployments", get(deployments))
            .route_layer(require_scopes(&tokens, &["read:deployments"]))
            .with_state(tokens)
    }
}

mod portal {
    use authstile_axum::SignedIn;
    use authstile_scalekit::ScalekitSession as _;
    use authstile_scalekit::management::{Management, PortalFeature};
    use axum::body::Body;
    use axum::extract::State;
    use axum::response::{IntoResponse, Response};
    use http::StatusCode;

    /// `POST /settings/sso`, from a form of your own with your protection against cross-site requests.
    async fn open_portal(State(management): State<Management>, SignedIn(session): SignedIn) -> Response {
        let own = session.scalekit().filter(|identity| identity.roles.iter().any(|role| role == "admin"));
        let Some(organization) = own.and_then(|identity| identity.organization) else {
            return StatusCode::FORBIDDEN.into_response();
        };
        match management.portal_redirect(&organization, &[PortalFeature::Sso, PortalFeature::DirSync]).await {
            Ok(answer) => answer.map(Body::from),
            Err(error) if error.is_temporary() => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            Err(_) => StatusCode::BAD_GATEWAY.into_response(),
        }
    }
}

/// Every block of Rust in the guide is the body of a module above.
#[test]
fn the_guide_has_what_is_compiled() {
    let lines = |text: &str| -> Vec<String> { text.lines().map(|line| line.trim().to_owned()).collect() };
    let (guide, here) = (lines(include_str!("../../docs/scalekit.md")), lines(include_str!("guide.rs")));
    let mut blocks = 0;
    for block in guide.split(|line| line.starts_with("```")).skip(1).step_by(2) {
        let is_rust = here.windows(block.len()).any(|window| window == block);
        let fence = guide.iter().filter(|line| *line == "```rust").count();
        blocks += usize::from(is_rust && fence > 0);
    }
    assert_eq!(
        blocks,
        guide.iter().filter(|line| *line == "```rust").count(),
        "copy the blocks from tests/tests/guide.rs"
    );
}
