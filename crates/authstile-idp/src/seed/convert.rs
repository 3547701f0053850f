//! From the file's shape to the builder's words.

use std::collections::HashSet;
use std::ops::Range;

use super::form::{self, Form, Text};
use crate::builder::IdpBuilder;
use crate::client::Client;
use crate::directory::{Directory, DirectoryGroup, DirectoryUser};
use crate::feature::Feature;
use crate::keys::SigningAlgorithm;
use crate::model::{Connection, Mode, Organization};
use crate::reading::Reading;
use crate::user::User;
use crate::webhook::{EVENT_TYPES, Webhook};

/// Something that only shows when the whole file has been read.
#[derive(Debug)]
pub(super) struct Mistake {
    pub(super) span: Option<Range<usize>>,
    pub(super) message: String,
}

impl Mistake {
    fn at(text: &Text, message: String) -> Self {
        Self { span: Some(text.span()), message }
    }
}

pub(super) fn furnish(mut builder: IdpBuilder, form: Form) -> Result<IdpBuilder, Mistake> {
    let mut ids = Ids::default();
    if let Some(mode) = form.mode {
        let known = Mode::from_name(mode.get_ref());
        builder =
            builder.mode(known.ok_or_else(|| Mistake::at(&mode, "mode must be modular or full-stack".to_owned()))?);
    }
    if let Some(seconds) = form.id_token_seconds {
        builder = builder.id_token_seconds(seconds);
    }
    if let Some(seconds) = form.access_token_seconds {
        builder = builder.access_token_seconds(seconds);
    }
    if form.authorization_response_iss {
        builder = builder.authorization_response_iss();
    }
    if let Some(name) = form.signing_algorithm {
        let known = SigningAlgorithm::from_name(name.get_ref());
        let known = known.ok_or_else(|| Mistake::at(&name, "must be RS256, PS256, ES256 or EdDSA".to_owned()))?;
        builder = builder.signing_algorithm(known);
    }
    builder = builder.acr_values(form.acr_values);
    for feature in form.features {
        let known = Feature::from_name(feature.get_ref());
        builder =
            builder.feature(known.ok_or_else(|| Mistake::at(&feature, format!("no feature {:?}", feature.get_ref())))?);
    }
    for reading in form.readings {
        let known = Reading::from_name(reading.get_ref());
        builder =
            builder.reading(known.ok_or_else(|| Mistake::at(&reading, format!("no reading {:?}", reading.get_ref())))?);
    }
    for client in form.clients {
        builder = builder.client(self::client(&mut ids, client)?);
    }
    let organizations: HashSet<_> = form.organizations.iter().map(|one| one.id.get_ref().clone()).collect();
    for organization in form.organizations {
        builder = builder.organization(self::organization(&mut ids, organization)?);
    }
    for social in form.social {
        let id = ids.take(&social.connection)?;
        builder = builder.social(social.provider, id);
    }
    for user in form.users {
        ids.take(&user.email)?;
        if let Some(unknown) = user.organizations.iter().find(|id| !organizations.contains(id.get_ref())) {
            return Err(Mistake::at(unknown, format!("no organization {:?}", unknown.get_ref())));
        }
        builder = builder.user(self::user(user));
    }
    for webhook in form.webhooks {
        builder = builder.webhook(self::webhook(webhook)?);
    }
    Ok(builder)
}

/// Ids that are taken.
#[derive(Default)]
struct Ids(HashSet<String>);

impl Ids {
    fn take(&mut self, id: &Text) -> Result<String, Mistake> {
        if id.get_ref().is_empty() {
            return Err(Mistake::at(id, "this must not be empty".to_owned()));
        }
        if !self.0.insert(id.get_ref().clone()) {
            return Err(Mistake::at(id, format!("{:?} is there twice", id.get_ref())));
        }
        Ok(id.get_ref().clone())
    }
}

fn client(ids: &mut Ids, form: form::Client) -> Result<Client, Mistake> {
    let id = ids.take(&form.id)?;
    let mut client = match form.secret {
        Some(secret) => Client::new(id, secret),
        None => Client::public(id),
    };
    for uri in &form.redirect_uris {
        client = client.redirect_uri(url(uri)?);
    }
    for uri in &form.post_logout_redirect_uris {
        client = client.post_logout_redirect_uri(url(uri)?);
    }
    if let Some(uri) = &form.initiate_login_uri {
        client = client.initiate_login_uri(url(uri)?);
    }
    if let Some(uri) = &form.back_channel_logout_uri {
        client = client.back_channel_logout_uri(url(uri)?);
    }
    if let Some(uri) = &form.front_channel_logout_uri {
        client = client.front_channel_logout_uri(url(uri)?);
    }
    if let Some(text) = &form.jwks {
        let keys = serde_json::from_str::<serde_json::Value>(text.get_ref()).ok();
        let keys = keys.filter(|keys| keys.get("keys").is_some_and(serde_json::Value::is_array));
        client = client.jwks(keys.ok_or_else(|| Mistake::at(text, "jwks must be a JWK Set, as JSON".to_owned()))?);
    }
    if let Some(method) = &form.authentication {
        client = match method.get_ref().as_str() {
            "private_key_jwt" if form.jwks.is_some() => client.private_key_jwt(),
            "private_key_jwt" => return Err(Mistake::at(method, "private_key_jwt needs jwks".to_owned())),
            "client_secret_jwt" => client.client_secret_jwt(),
            other => return Err(Mistake::at(method, format!("no authentication {other:?}"))),
        };
    }
    client.requires_pkce |= form.require_pkce;
    client.requires_pushed_requests = form.require_pushed_requests;
    client.requires_request_object = form.require_request_object;
    client.requires_dpop = form.require_dpop;
    Ok(client)
}

/// Absolute, of whatever scheme; a native application's may be its own.
fn url(text: &Text) -> Result<String, Mistake> {
    let is_url = text.get_ref().split_once("://").is_some_and(|(scheme, rest)| {
        !scheme.is_empty() && !rest.is_empty() && !rest.contains(|c: char| c.is_whitespace() || c.is_control())
    });
    if is_url { Ok(text.get_ref().clone()) } else { Err(Mistake::at(text, "not an absolute URL".to_owned())) }
}

fn organization(ids: &mut Ids, form: form::Organization) -> Result<Organization, Mistake> {
    let mut organization = Organization::new(ids.take(&form.id)?, form.name);
    organization.external_id = form.external_id;
    for domain in form.domains {
        organization = organization.domain(domain);
    }
    for domain in form.allowed_email_domains {
        organization = organization.allowed_email_domain(domain);
    }
    for connection in form.connections {
        organization = organization.connection(self::connection(ids, connection)?);
    }
    for directory in form.directories {
        organization = organization.directory(self::directory(ids, directory)?);
    }
    Ok(organization)
}

fn connection(ids: &mut Ids, form: form::Connection) -> Result<Connection, Mistake> {
    let mut connection = Connection::new(ids.take(&form.id)?, form.name);
    connection.provider = form.provider.unwrap_or(connection.provider);
    connection.protocol = form.protocol.unwrap_or(connection.protocol);
    if let Some(status) = form.status {
        connection = match status.get_ref().as_str() {
            "COMPLETED" => connection,
            "DRAFT" => connection.draft(),
            _ => return Err(Mistake::at(&status, "status must be COMPLETED or DRAFT".to_owned())),
        };
    }
    connection.enabled = form.enabled.unwrap_or(connection.enabled);
    Ok(connection)
}

fn directory(ids: &mut Ids, form: form::Directory) -> Result<Directory, Mistake> {
    let mut directory = Directory::new(ids.take(&form.id)?, form.name);
    directory.provider = form.provider.unwrap_or(directory.provider);
    directory.enabled = form.enabled.unwrap_or(directory.enabled);
    for group in form.groups {
        let mut known = DirectoryGroup::new(ids.take(&group.id)?, group.name);
        known.external_id = group.external_id;
        directory = directory.group(known);
    }
    for form in form.users {
        let mut user = DirectoryUser::new(ids.take(&form.id)?, form.email);
        for group in form.groups {
            if !directory.groups.iter().any(|known| known.id == *group.get_ref()) {
                return Err(Mistake::at(&group, format!("no group {:?} in this directory", group.get_ref())));
            }
            user = user.group(group.into_inner());
        }
        user.dp_id = form.dp_id;
        user.preferred_username = form.preferred_username;
        user.given_name = form.given_name;
        user.family_name = form.family_name;
        user.active = form.active.unwrap_or(true);
        user.roles = form.roles;
        user.attributes = form.attributes;
        directory = directory.user(user);
    }
    Ok(directory)
}

fn user(form: form::User) -> User {
    let mut user = User::new(form.email.into_inner());
    user.id = form.id.unwrap_or(user.id);
    user.name = form.name;
    user.given_name = form.given_name;
    user.family_name = form.family_name;
    user.preferred_username = form.preferred_username;
    user.picture = form.picture;
    user.locale = form.locale;
    user.email_verified = form.email_verified.unwrap_or(true);
    user.active = form.active.unwrap_or(true);
    user.external_id = form.external_id;
    user.organizations = form.organizations.into_iter().map(Text::into_inner).collect();
    user.roles = form.roles;
    user.permissions = form.permissions;
    user.attributes = form.attributes;
    user
}

fn webhook(form: form::Webhook) -> Result<Webhook, Mistake> {
    let mut webhook = Webhook::new(url(&form.url)?, form.secret.get_ref())
        .map_err(|error| Mistake::at(&form.secret, error.to_string()))?;
    if let Some(old) = &form.old_secret {
        webhook = webhook.old_secret(old.get_ref()).map_err(|error| Mistake::at(old, error.to_string()))?;
    }
    for event in form.events {
        if !EVENT_TYPES.iter().any(|(known, _)| known == event.get_ref()) {
            return Err(Mistake::at(&event, format!("no event {:?}", event.get_ref())));
        }
        webhook = webhook.event(event.into_inner());
    }
    Ok(webhook)
}
