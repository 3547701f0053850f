//! What control calls do.

use http::Method;
use serde_json::{Value, json};

use super::Mistake;
use super::body::Body;
use crate::control::Rotation;
use crate::fault::{IdpInitiatedFault, LogoutTokenFault, WebhookFault};
use crate::idp::Idp;
use crate::idp_initiated::IdpInitiated;
use crate::misbehave::Misbehave;
use crate::model::Mode;
use crate::outgoing::Delivery;
use crate::webhook::WebhookEvent;

type Answer = Result<Value, Mistake>;

pub(super) fn act(idp: &Idp, method: &Method, path: &str, body: &Body) -> Answer {
    match (method.as_str(), path) {
        ("GET", "state") => Ok(state(idp)),
        ("GET", "faults") => Ok(faults()),
        ("GET", "requests") => Ok(requests(idp)),
        ("DELETE", "requests") => done(|| idp.clear_requests()),
        ("GET", "outgoing") => Ok(outgoing(idp)),
        ("DELETE", "outgoing") => done(|| idp.outbox().clear()),
        ("POST", "misbehave") => misbehave(idp, body.allow(&["name"])?),
        ("POST", "mode") => mode(idp, body.allow(&["mode"])?),
        ("POST", "auto-sign-in") => {
            let email = body.allow(&["email"])?.optional_text("email")?;
            done(|| idp.auto_sign_in(email))
        }
        ("POST", "next-error") => {
            let code = body.allow(&["error"])?.text("error")?;
            found(idp.fail_next_sign_in(code), "error code")
        }
        ("POST", "down") => {
            let down = body.allow(&["down"])?.flag("down")?;
            done(|| idp.set_down(down))
        }
        ("POST", "rate-limit") => rate_limit(idp, body.allow(&["retry_after"])?),
        ("POST", "rotate-keys") => {
            let keep = body.allow(&["keep_old"])?.optional_flag("keep_old")?.unwrap_or(true);
            done(|| idp.rotate_keys(if keep { Rotation::KeepOld } else { Rotation::DropOld }))
        }
        ("POST", "clock") => {
            let seconds = body.allow(&["advance"])?.optional_number("advance")?.unwrap_or_default();
            idp.advance_clock(seconds);
            Ok(json!({ "now": idp.now() }))
        }
        ("POST", "access-tokens") => {
            let seconds = body.allow(&["seconds"])?.optional_number("seconds")?;
            done(|| idp.set_access_token_seconds(seconds))
        }
        ("POST", "idp-initiated") => idp_initiated(idp, body),
        ("POST", "events") => event(idp, body),
        ("POST", "sessions/revoke") => revoke(idp, body.allow(&["session_id", "email"])?),
        ("POST", "sessions/revoke-refresh") => {
            let sid = body.allow(&["session_id"])?.text("session_id")?;
            done(|| idp.revoke_refresh(sid))
        }
        ("POST", _) => change(idp, path, body),
        _ => Err(Mistake::NoSuchPath),
    }
}

/// What administrators and customers' identity providers do; each sends its event.
fn change(idp: &Idp, path: &str, body: &Body) -> Answer {
    match path {
        "directory-users/deactivate" => {
            found(idp.deactivate_directory_user(body.allow(&["user"])?.text("user")?), "directory user")
        }
        "directory-users/reactivate" => {
            found(idp.reactivate_directory_user(body.allow(&["user"])?.text("user")?), "directory user")
        }
        "directory-users/delete" => {
            found(idp.delete_directory_user(body.allow(&["user"])?.text("user")?), "directory user")
        }
        "connections/enable" => found(idp.set_connection_enabled(body.allow(&["id"])?.text("id")?, true), "connection"),
        "connections/disable" => {
            found(idp.set_connection_enabled(body.allow(&["id"])?.text("id")?, false), "connection")
        }
        "connections/delete" => found(idp.delete_connection(body.allow(&["id"])?.text("id")?), "connection"),
        "organizations/delete" => found(idp.delete_organization(body.allow(&["id"])?.text("id")?), "organization"),
        "memberships/delete" => {
            let body = body.allow(&["email", "organization_id"])?;
            found(idp.remove_membership(body.text("email")?, body.text("organization_id")?), "membership")
        }
        _ => Err(Mistake::NoSuchPath),
    }
}

/// One name out of the four tables; `null` makes amends in all of them.
fn misbehave(idp: &Idp, body: &Body) -> Answer {
    let Some(name) = body.optional_text("name")? else {
        idp.misbehave(None);
        idp.spoil_logout_tokens(None);
        idp.spoil_idp_initiated(None);
        idp.misdeliver(None);
        return Ok(json!({}));
    };
    if let Some(fault) = Misbehave::from_name(name) {
        idp.misbehave(Some(fault));
    } else if let Some(fault) = LogoutTokenFault::from_name(name) {
        idp.spoil_logout_tokens(Some(fault));
    } else if let Some(fault) = WebhookFault::from_name(name) {
        idp.misdeliver(Some(fault));
    } else if let Some(fault) = IdpInitiatedFault::from_name(name) {
        idp.spoil_idp_initiated(Some(fault));
    } else {
        return Err(Mistake::NotFound("fault"));
    }
    Ok(json!({}))
}

fn mode(idp: &Idp, body: &Body) -> Answer {
    let mode = Mode::from_name(body.text("mode")?);
    let mode = mode.ok_or_else(|| Mistake::Body("\"mode\" must be modular or full-stack".to_owned()))?;
    done(|| idp.set_mode(mode))
}

fn rate_limit(idp: &Idp, body: &Body) -> Answer {
    let seconds = body.optional_number("retry_after")?.map(u32::try_from).transpose();
    let seconds = seconds.map_err(|_| Mistake::Body("\"retry_after\" is out of range".to_owned()))?;
    done(|| idp.set_rate_limited(seconds))
}

fn idp_initiated(idp: &Idp, body: &Body) -> Answer {
    let body = body.allow(&["email", "relay_state", "client_id", "connection_id"])?;
    let mut start = IdpInitiated::new(body.text("email")?);
    if let Some(state) = body.optional_text("relay_state")? {
        start = start.relay_state(state);
    }
    if let Some(id) = body.optional_text("client_id")? {
        start = start.client(id);
    }
    if let Some(id) = body.optional_text("connection_id")? {
        start = start.connection(id);
    }
    Ok(json!({ "url": idp.start_at_idp(&start) }))
}

fn event(idp: &Idp, body: &Body) -> Answer {
    let body = body.allow(&["type", "organization_id", "data", "id", "object", "occurred_at"])?;
    let data = body.get("data").cloned().unwrap_or_else(|| json!({}));
    let mut event = WebhookEvent::new(body.text("type")?, body.optional_text("organization_id")?, data);
    if let Some(id) = body.optional_text("id")? {
        event = event.id(id);
    }
    if let Some(object) = body.optional_text("object")? {
        event = event.object(object);
    }
    if let Some(seconds) = body.optional_number("occurred_at")? {
        event = event.occurred_at(seconds);
    }
    done(|| idp.send_event(&event))
}

fn revoke(idp: &Idp, body: &Body) -> Answer {
    match (body.optional_text("session_id")?, body.optional_text("email")?) {
        (Some(sid), None) => found(idp.revoke_session(sid), "session"),
        (None, Some(email)) => Ok(json!({ "revoked": idp.revoke_sessions_of(email) })),
        _ => Err(Mistake::Body("either \"session_id\" or \"email\" is needed".to_owned())),
    }
}

fn state(idp: &Idp) -> Value {
    let environment = idp.environment();
    let switches = idp.switches();
    let named = |name: Option<&'static str>| name;
    json!({
        "issuer": idp.issuer(),
        "mode": environment.mode.name(),
        "now": idp.now(),
        "auto_sign_in": switches.auto_sign_in,
        "misbehave": named(switches.misbehave.map(|fault| fault.name())),
        "logout_tokens": named(switches.logout_token_fault.map(|fault| fault.name())),
        "webhooks": named(switches.webhook_fault.map(|fault| fault.name())),
        "idp_initiated": named(switches.idp_initiated_fault.map(|fault| fault.name())),
        "down": switches.is_down,
        "rate_limit": switches.rate_limited,
    })
}

fn faults() -> Value {
    let entry = |name: &str, description: &str, conformant: bool| json!({ "name": name, "description": description, "conformant": conformant });
    let sign_in = Misbehave::ALL.iter().map(|f| entry(f.name(), f.description(), f.is_conformant()));
    let logout = LogoutTokenFault::ALL.iter().map(|f| entry(f.name(), f.description(), f.is_conformant()));
    let webhooks = WebhookFault::ALL.iter().map(|f| entry(f.name(), f.description(), f.is_conformant()));
    let initiated = IdpInitiatedFault::ALL.iter().map(|f| entry(f.name(), f.description(), f.is_conformant()));
    json!({ "faults": sign_in.chain(logout).chain(webhooks).chain(initiated).collect::<Vec<_>>() })
}

fn requests(idp: &Idp) -> Value {
    let requests = idp.requests().into_iter().map(|request| {
        json!({
            "method": request.method, "path": request.path, "query": request.query, "form": request.form,
            "authorization_scheme": request.authorization_scheme,
        })
    });
    json!({ "requests": requests.collect::<Vec<_>>() })
}

fn outgoing(idp: &Idp) -> Value {
    let entry = |delivery: Delivery| {
        json!({
            "id": delivery.id.number(), "kind": format!("{:?}", delivery.kind), "url": delivery.url,
            "subject": delivery.subject, "tries": delivery.tries, "state": format!("{:?}", delivery.state),
            "last_status": delivery.last_status,
        })
    };
    json!({ "outgoing": idp.deliveries().into_iter().map(entry).collect::<Vec<_>>() })
}

fn done(action: impl FnOnce()) -> Answer {
    action();
    Ok(json!({}))
}

fn found(was_found: bool, what: &'static str) -> Answer {
    if was_found { Ok(json!({})) } else { Err(Mistake::NotFound(what)) }
}
