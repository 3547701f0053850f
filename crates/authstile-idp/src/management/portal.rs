//! Links to the admin portal (§7.2).

use http::StatusCode;
use serde_json::{Value, json};

use super::error::{ApiError, INTERNAL};
use super::organizations::find;
use crate::environment::Environment;
use crate::http_text::{Call, Response};
use crate::idp::Idp;
use crate::{page, random, rfc3339};

/// One minute to open it.
const SECONDS: i64 = 60;

/// Where a link leads.
#[derive(Clone, Debug)]
pub(crate) struct PortalLink {
    organization_id: String,
    features: Vec<String>,
}

/// `features=sso&features=dir_sync`; without any the portal offers all.
pub(super) fn link(
    idp: &Idp,
    environment: &Environment,
    organization_id: &str,
    call: &Call,
) -> Result<Value, ApiError> {
    find(environment, organization_id)?;
    let features: Vec<_> = call.query.all("features").map(str::to_owned).collect();
    if features.iter().any(|feature| !["sso", "dir_sync"].contains(&feature.as_str())) {
        return Err(ApiError::invalid("features", "neither sso nor dir_sync"));
    }
    let id = random::uuid().map_err(|_| INTERNAL)?;
    let now = idp.now();
    let portal = PortalLink { organization_id: organization_id.to_owned(), features };
    idp.memory().portal_links.put_for(SECONDS, now, id.clone(), portal);
    Ok(json!({ "link": {
        "id": id,
        "location": format!("{}/magicLink/{id}", environment.issuer),
        "expire_time": rfc3339::to_text(now.saturating_add(SECONDS)),
    } }))
}

/// `GET /magicLink/{uuid}`: works once. There is nothing to administer behind it.
pub(crate) fn open(idp: &Idp, id: &str) -> Response {
    let taken = idp.memory().portal_links.take(idp.now(), id);
    let Some(portal) = taken else {
        return page::message(
            StatusCode::NOT_FOUND,
            "This link leads nowhere",
            "It was opened before, or not within a minute. Ask the application for another.",
        );
    };
    let environment = idp.environment();
    let organization = environment.organization(&portal.organization_id);
    let name = organization.map_or(portal.organization_id.as_str(), |organization| &organization.name);
    let features = if portal.features.is_empty() { "sso, dir_sync".to_owned() } else { portal.features.join(", ") };
    let text = format!("Here the administrators of {name} would set up: {features}.");
    page::message(StatusCode::OK, "Admin portal", &text)
}
