//! `authstile sessions`.

use anyhow::bail;
use authstile::env::Environment;
use authstile::webhook::SessionEffect;
use authstile::{RevocationKey, SessionOverview};
use authstile_scalekit::webhook::{Effect, Who};
use serde_json::{Value, json};

use super::table::{minute, table};
use super::{Office, print};
use crate::cli::{KeyOption, RevokeSessions, SessionsCommand};
use crate::{mail, say};

pub(crate) async fn run(command: &SessionsCommand, environment: &Environment) -> anyhow::Result<()> {
    match command {
        SessionsCommand::List { user, json } => list(&Office::open(environment).await?, user, *json).await,
        SessionsCommand::Revoke(options) => revoke(options, environment).await,
    }
}

async fn list(office: &Office, named: &str, as_json: bool) -> anyhow::Result<()> {
    if !office.settings.keeps_sessions() {
        bail!("sessions live in cookies (AUTHSTILE_SESSIONS=cookie), and only their browsers know them");
    }
    let id = office.id_of(named).await?;
    let sessions = office.auth.sessions_of(&id).await?;
    if as_json {
        return print(&sessions.iter().map(|session| format!("{}\n", object(session))).collect::<String>());
    }
    if sessions.is_empty() {
        say(&format!("{id} is not signed in"));
        return Ok(());
    }
    let rows: Vec<_> = sessions.iter().map(row).collect();
    print(&table(["ID", "PROVIDER", "LAST USED (UTC)"], &rows))
}

fn row(session: &SessionOverview) -> ([String; 3], Option<String>) {
    let cells = [
        session.id.clone().unwrap_or_else(|| "(made by Auth.js)".to_owned()),
        session.provider.clone().unwrap_or_else(|| "-".to_owned()),
        session.seen.map_or_else(|| "-".to_owned(), minute),
    ];
    let from = [session.address.as_deref(), session.user_agent.as_deref()];
    let from = from.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    (cells, (!from.is_empty()).then_some(from))
}

fn object(session: &SessionOverview) -> Value {
    json!({
        "id": session.id,
        "provider": session.provider,
        "begun": session.begun.map(|at| at.iso8601()),
        "lastUsed": session.seen.map(|at| at.iso8601()),
        "expires": session.expires.iso8601(),
        "address": session.address,
        "userAgent": session.user_agent,
    })
}

async fn revoke(options: &RevokeSessions, environment: &Environment) -> anyhow::Result<()> {
    let Some(named) = &options.user else {
        // Before a store is asked: what is wrong with a key is said at once.
        let keys = options.key.iter().map(|key| Ok((said(key), keys(key, options.provider.as_deref(), environment)?)));
        let keys = keys.collect::<anyhow::Result<Vec<_>>>()?;
        let office = Office::open(environment).await?;
        for (said, keys) in keys {
            for key in keys {
                office.auth.revoke(&key).await?;
            }
            print(&format!("ended every session of {said}\n"))?;
        }
        return Ok(());
    };
    let office = Office::open(environment).await?;
    let id = office.id_of(named).await?;
    let keeps = office.settings.keeps_sessions();
    let sessions = if keeps { office.auth.sessions_of(&id).await? } else { Vec::new() };
    let Some(session) = &options.session else {
        office.auth.end_sessions_of(&id).await?;
        return print(&match (keeps, sessions.len()) {
            (false, _) => format!("ended every session of {id}\n"),
            (true, 1) => format!("ended the one session of {id}\n"),
            (true, count) => format!("ended the {count} sessions of {id}\n"),
        });
    };
    if keeps && !sessions.iter().any(|known| known.id.as_ref() == Some(session)) {
        bail!("{id} has no session {session:?}: see `authstile sessions list --user {id}`");
    }
    office.auth.end_session(&id, session).await?;
    print(&format!("ended session {session}\n"))
}

fn said(key: &KeyOption) -> String {
    match key {
        KeyOption::Organization(id) => format!("organization {id}"),
        KeyOption::Connection { connection, .. } => format!("connection {connection}"),
        KeyOption::ProviderSession(id) => format!("provider session {id}"),
        KeyOption::Subject(id) => format!("subject {id}"),
    }
}

/// What sessions of this provider carry.
fn keys(key: &KeyOption, provider: Option<&str>, environment: &Environment) -> anyhow::Result<Vec<RevocationKey>> {
    let enterprise = |who: Who| {
        let effect = Effect::EndSessions { who, refuse_next: false };
        let issuer = issuer(Some(provider.unwrap_or("scalekit")), environment)?;
        let ends = effect.for_sessions(&issuer).into_iter().filter_map(|effect| match effect {
            SessionEffect::End(key) => Some(key),
            _ => None,
        });
        Ok(ends.collect())
    };
    match key {
        KeyOption::Organization(id) => enterprise(Who::Organization { organization: id.clone() }),
        KeyOption::Connection { organization, connection } => {
            enterprise(Who::Connection { organization: organization.clone(), connection: connection.clone() })
        }
        KeyOption::ProviderSession(id) => {
            Ok(vec![RevocationKey::provider_session(&issuer(provider, environment)?, id)])
        }
        KeyOption::Subject(id) => Ok(vec![RevocationKey::subject(&issuer(provider, environment)?, id)]),
    }
}

/// Whose keys they are: the provider's issuer, as the engine writes it down; or its id, where it has none.
fn issuer(provider: Option<&str>, environment: &Environment) -> anyhow::Result<String> {
    let environment = mail::without(environment);
    let registrations = crate::providers::of(&environment)?;
    let with_issuer = |id: &str| environment.provider(id).issuer.is_some();
    let ids: Vec<&str> = registrations.iter().map(authstile::Registration::provider_id).collect();
    let id = match provider {
        Some(id) => id,
        None => match ids.iter().filter(|id| with_issuer(id)).collect::<Vec<_>>().as_slice() {
            [id] => id,
            [] => bail!(
                "no provider with an issuer is configured here: set AUTH_<ID>_ID, _SECRET and _ISSUER as for `serve`"
            ),
            several => bail!("say whose it is with --provider, one of {several:?}"),
        },
    };
    match registrations.iter().find(|registration| registration.provider_id() == id) {
        Some(registration) => Ok(registration.provider_issuer().unwrap_or_else(|| id.to_owned())),
        None => {
            let variable = id.to_ascii_uppercase().replace('-', "_");
            bail!(
                "the provider {id:?} is not configured here: set AUTH_{variable}_ID, _SECRET and _ISSUER as for `serve`"
            )
        }
    }
}
