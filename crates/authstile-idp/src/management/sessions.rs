//! The session API of full-stack mode (§5.3). In Modular mode it works here too, which Scalekit has no users for.

use serde_json::{Value, json};

use super::error::{ApiError, NOT_FOUND};
use super::paging::page;
use crate::http_text::Call;
use crate::idp::Idp;
use crate::rfc3339;
use crate::session::{self, Record, Status};

pub(super) fn one(idp: &Idp, id: &str) -> Result<Value, ApiError> {
    session::end_expired(idp, idp.now());
    idp.memory().ledger.get(idp.now(), id).map(Record::json).ok_or(NOT_FOUND)
}

/// Revoking what has ended already changes nothing and is no error (a guess).
pub(super) fn revoke(idp: &Idp, id: &str) -> Result<Value, ApiError> {
    session::end(idp, id, Status::Revoked);
    Ok(json!({ "revoked_session": one(idp, id)? }))
}

/// `filter.status`, `filter.start_time`, `filter.end_time`; newest first (a guess).
pub(super) fn of_user(idp: &Idp, user_id: &str, call: &Call) -> Result<Value, ApiError> {
    let time = |name: &'static str| {
        let parse = |text| rfc3339::from_text(text).ok_or(ApiError::invalid(name, "not a point in time"));
        call.query.get(name).map(parse).transpose()
    };
    let (start, end) = (time("filter.start_time")?, time("filter.end_time")?);
    let statuses: Vec<_> = call.query.all("filter.status").map(str::to_ascii_lowercase).collect();
    let is_wanted = |record: &Record| {
        (statuses.is_empty() || statuses.iter().any(|status| status == record.status.name()))
            && start.is_none_or(|start| start <= record.created_at)
            && end.is_none_or(|end| record.created_at <= end)
    };
    let found = theirs(idp, user_id)?.iter().filter(|record| is_wanted(record)).map(Record::json).collect();
    page(call, "sessions", found, 100)
}

pub(super) fn revoke_all(idp: &Idp, user_id: &str) -> Result<Value, ApiError> {
    let living = theirs(idp, user_id)?.into_iter().filter(|record| record.status == Status::Active);
    let revoked: Vec<_> = living.filter_map(|record| session::end(idp, &record.sign_in.sid, Status::Revoked)).collect();
    let revoked: Vec<_> = revoked.iter().map(Record::json).collect();
    Ok(json!({ "total_revoked": revoked.len(), "revoked_sessions": revoked }))
}

/// Nobody has to be registered to have a session, so a stranger is someone without any.
fn theirs(idp: &Idp, user_id: &str) -> Result<Vec<Record>, ApiError> {
    session::end_expired(idp, idp.now());
    let memory = idp.memory();
    let is_theirs = |record: &&Record| record.sign_in.user.full_stack_id() == user_id;
    let mut found: Vec<_> = memory.ledger.values().filter(is_theirs).cloned().collect();
    let is_known = idp.environment().users.iter().any(|user| user.full_stack_id() == user_id);
    if found.is_empty() && !is_known {
        return Err(NOT_FOUND);
    }
    found.sort_by(|a, b| (b.created_at, &b.sign_in.sid).cmp(&(a.created_at, &a.sign_in.sid)));
    Ok(found)
}
