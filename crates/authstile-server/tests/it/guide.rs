//! The Rust of `docs/databases.md`, compiled; and the guide has it as it stands here.

#![allow(dead_code, unreachable_pub, reason = "examples")]

mod set_up {
    use std::{net::SocketAddr, time::Duration};

    use authstile::{Auth, env::Environment};
    use authstile_axum::routes;
    use authstile_reqwest::ReqwestTransport;
    use authstile_scalekit::Scalekit;
    use authstile_sqlx::SqliteStore;
    use axum::Router;
    use tokio::net::TcpListener;

    async fn serve(environment: &Environment) -> anyhow::Result<()> {
        let auth = Auth::builder()
            .environment(environment)?
            .provider(Scalekit::from_environment(environment)?)
            .store(SqliteStore::open("people.db").await?)
            .transport(ReqwestTransport::new()?)
            .build()?;
        tokio::spawn(sweep(auth.clone()));
        let app = Router::new().merge(routes(&auth)).with_state(auth);
        let listener = TcpListener::bind(("127.0.0.1", 3000)).await?;
        // With the addresses of clients, for the list of sessions and for limits.
        Ok(axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?)
    }

    /// Nothing that has expired is believed; it only takes up room.
    async fn sweep(auth: Auth) {
        loop {
            tokio::time::sleep(Duration::from_secs(300)).await;
            while let Ok(500..) = auth.sweep(500).await {}
        }
    }
}

mod own_pool {
    use authstile::AuthBuilder;
    use authstile_sqlx::PostgresStore;
    use sqlx::PgPool;

    async fn store(builder: AuthBuilder, pool: PgPool) -> Result<AuthBuilder, authstile::StoreError> {
        let mut store = PostgresStore::from_pool(pool).await?;
        store.migrate().await?;
        Ok(builder.store(store))
    }
}

mod beside_redis {
    use authstile::{AuthBuilder, StoreError};
    use authstile_redis::RedisStore;
    use authstile_sqlx::PostgresStore;

    async fn stores(builder: AuthBuilder) -> Result<AuthBuilder, StoreError> {
        let redis = RedisStore::single("rediss://:password@redis.example:6379")?;
        Ok(builder
            .store(PostgresStore::open("postgres://app:password@db.example/app").await?)
            .sessions(redis.clone())
            .one_time(redis.clone())
            .revocations(redis.clone())
            .throttle(redis.clone())
            .leases(redis))
    }
}

mod shared {
    use authstile::{AuthBuilder, SessionTokens};
    use authstile_sqlx::PostgresStore;

    fn beside_auth_js(builder: AuthBuilder, store: PostgresStore) -> AuthBuilder {
        builder.store(store).session_tokens(SessionTokens::SharedWithAuthJs)
    }
}

mod linking {
    use authstile::{AuthBuilder, LinkPolicy};

    fn policy(builder: AuthBuilder) -> AuthBuilder {
        builder.link_policy(LinkPolicy::VerifiedDomain(vec!["acme.com".to_owned()]))
    }
}

mod by_mail {
    use authstile::{AuthBuilder, EmailProvider};
    use authstile_mail::{SetupError, SmtpMailer};

    fn mail(builder: AuthBuilder) -> Result<AuthBuilder, SetupError> {
        let mailer = SmtpMailer::new("smtp://user:password@mail.acme.com:587", "Acme <no-reply@acme.com>")?;
        Ok(builder.email(EmailProvider::new("nodemailer", mailer).codes()))
    }
}

mod people {
    use authstile::{Auth, Error};
    use axum::response::{IntoResponse, Response};
    use http::{HeaderMap, Uri, header::SET_COOKIE};

    /// Takes somebody's access away: their sessions end at once, on every machine.
    async fn suspend(auth: &Auth, user_id: &str) -> Result<(), Error> {
        auth.end_sessions_of(user_id).await
    }

    /// "Sign out everywhere else", on a page of yours.
    async fn only_here(auth: &Auth, headers: &HeaderMap, uri: &Uri) -> Result<Response, Error> {
        let mut response = "You are signed in here, and nowhere else.".into_response();
        let cookies = auth.end_other_sessions(headers, uri).await?;
        response.headers_mut().extend(cookies.into_iter().map(|cookie| (SET_COOKIE, cookie)));
        Ok(response)
    }
}

/// Every block of Rust in the guide is the body of a module above.
#[test]
fn the_guide_has_what_is_compiled() {
    let lines = |text: &str| -> Vec<String> { text.lines().map(|line| line.trim().to_owned()).collect() };
    let (guide, here) = (lines(include_str!("../../../../docs/databases.md")), lines(include_str!("guide.rs")));
    let blocks: Vec<_> = guide.split(|line| line.starts_with("```")).skip(1).step_by(2).collect();
    let fences = guide.iter().filter(|line| line.starts_with("```") && line.len() > 3);
    let rust = fences.zip(blocks).filter(|(fence, _)| *fence == "```rust").map(|(_, block)| block);
    let mut count = 0;
    for block in rust {
        assert!(here.windows(block.len()).any(|window| window == block), "copy this from here: {block:#?}");
        count += 1;
    }
    assert_eq!(count, 7);
}
