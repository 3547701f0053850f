//! What sessions are found by: each key is written down by a sign-in and named by an event, and the two have to agree.
//!
//! Whatever an administrator of one customer can choose, an address or an id in a directory, is only a key together with
//! the organization.

use authstile::RevocationKey;

use crate::identity::ScalekitIdentity;
use crate::webhook::Who;

/// The keys of a session, beside its subject and the session at Scalekit, which the engine writes down for every provider.
/// `email` is the address that the identity provider vouched for.
pub(crate) fn of_identity(issuer: &str, identity: &ScalekitIdentity, email: Option<&str>) -> Vec<RevocationKey> {
    let mut keys = Vec::new();
    let organization = identity.organization.as_deref();
    if let Some(connection) = &identity.connection {
        keys.push(connection_key(issuer, organization, connection));
    }
    let Some(organization) = organization else { return keys };
    keys.push(organization_key(issuer, organization));
    keys.push(member_key(issuer, organization, &identity.subject));
    if let Some(dp_id) = &identity.idp_user_id {
        keys.push(directory_id_key(issuer, organization, dp_id));
    }
    if let Some(email) = email.map(str::to_lowercase) {
        keys.push(email_key(issuer, organization, &email));
        if let Some((_, domain)) = email.rsplit_once('@') {
            keys.push(domain_key(issuer, organization, domain));
        }
    }
    keys
}

/// The keys that find those whom an event is about: a session that carries one of them is theirs.
pub(crate) fn of_who(issuer: &str, who: &Who) -> Vec<RevocationKey> {
    match who {
        Who::Organization { organization } => vec![organization_key(issuer, organization)],
        // A connection is one organization's only, also where the sign-in did not name it.
        Who::Connection { organization, connection } => {
            [Some(organization.as_str()), None].map(|of| connection_key(issuer, of, connection)).into()
        }
        Who::Domain { organization, domain } => vec![domain_key(issuer, organization, domain)],
        Who::DirectoryUser { organization, dp_id, email } => {
            let by_id = dp_id.as_ref().map(|dp_id| directory_id_key(issuer, organization, dp_id));
            let by_email = email.as_ref().map(|email| email_key(issuer, organization, email));
            by_id.into_iter().chain(by_email).collect()
        }
        Who::Member { organization, subject } => vec![member_key(issuer, organization, subject)],
        Who::Session { session_id } => vec![RevocationKey::provider_session(issuer, session_id)],
        Who::Subject { subject } => vec![RevocationKey::subject(issuer, subject)],
    }
}

fn organization_key(issuer: &str, organization: &str) -> RevocationKey {
    RevocationKey::new("scalekit organization", &[issuer, organization])
}

fn connection_key(issuer: &str, organization: Option<&str>, connection: &str) -> RevocationKey {
    RevocationKey::new("scalekit connection", &[issuer, organization.unwrap_or_default(), connection])
}

fn domain_key(issuer: &str, organization: &str, domain: &str) -> RevocationKey {
    RevocationKey::new("scalekit domain", &[issuer, organization, domain])
}

fn directory_id_key(issuer: &str, organization: &str, dp_id: &str) -> RevocationKey {
    RevocationKey::new("scalekit directory id", &[issuer, organization, dp_id])
}

fn email_key(issuer: &str, organization: &str, email: &str) -> RevocationKey {
    RevocationKey::new("scalekit email", &[issuer, organization, email])
}

fn member_key(issuer: &str, organization: &str, subject: &str) -> RevocationKey {
    RevocationKey::new("scalekit member", &[issuer, organization, subject])
}
