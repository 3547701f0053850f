//! Scalekit's management API, as far as sign-in needs it: organizations and their connections, the admin portal,
//! sessions, directories.
//!
//! It is apart from sign-in on purpose. A sign-in asks for no more than the token endpoint gives; the token that is used
//! here may read and change everything in the environment. So make a [`Management`] only where it is needed, and keep it
//! from handlers that anybody can reach.
//!
//! ```
//! use std::sync::Arc;
//!
//! use authstile::clock::SystemClock;
//! use authstile_scalekit::management::{DirectoryQuery, Management, ManagementError};
//! # use authstile::Transport;
//!
//! # fn make(transport: Arc<dyn Transport>) -> Result<Management, authstile::ConfigError> {
//! let management =
//!     Management::new("https://acme.scalekit.com", "skc_123", "client secret", transport, Arc::new(SystemClock))?;
//! # Ok(management)
//! # }
//! # async fn reconcile(management: Management, last: authstile::clock::UnixTime) -> Result<(), ManagementError> {
//! for directory in management.directories("org_123").await? {
//!     let changed = DirectoryQuery::all().updated_after(last).detailed();
//!     for user in management.every_directory_user("org_123", &directory.id, &changed).await? {
//!         println!("{} is now {:?}", user.id, user.user_detail.get("active"));
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod client;
mod error;
mod kept;
mod lookup;
mod model;

use std::fmt;
use std::sync::Arc;

use authstile::clock::Clock;
use authstile::env::Environment;
use authstile::{ConfigError, Transport};
use authstile_oauth::metadata::check_endpoint;
use authstile_oauth::secret::ClientSecret;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY};
use http::{HeaderValue, Method, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

pub use error::{Fault, ManagementError};
pub use lookup::{FOUND_SECONDS, LOOKUPS_PER_MINUTE, NOT_FOUND_SECONDS};
pub use model::{
    Connection, Device, Directory, DirectoryGroup, DirectoryQuery, DirectoryUser, Feature, Organization,
    OrganizationSettings, Page, PageRequest, PortalFeature, PortalLink, SessionStatus, UserSession,
};

use self::client::Client;
use self::lookup::Lookups;
use self::model::{Query, RawPage};
use crate::email::EmailDomain;
use crate::id::InvalidId;

/// Pages that a listing is followed for.
const MAX_PAGES: usize = 10_000;
/// Sizes of pages that Scalekit allows (§7.1 of its description: 10 to 100, of directories at most 30).
const PAGES: std::ops::RangeInclusive<u32> = 10..=100;
const DIRECTORY_PAGES: std::ops::RangeInclusive<u32> = 1..=30;

/// The management API of one environment. Clones share their token and what they remember.
#[derive(Clone)]
pub struct Management(Arc<Inner>);

struct Inner {
    client: Client,
    lookups: Lookups,
}

impl Management {
    /// With environment URL, client id and client secret, as the Scalekit dashboard shows them: the same as for sign-in.
    ///
    /// # Errors
    /// When one of them cannot be one.
    pub fn new(
        environment_url: &str,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ConfigError> {
        let secret = ClientSecret::new(client_secret);
        let client = Client::new(environment_url, client_id.into(), secret, transport, clock)?;
        Ok(Self(Arc::new(Inner { client, lookups: Lookups::default() })))
    }

    /// From `AUTH_SCALEKIT_ID`, `AUTH_SCALEKIT_SECRET` and `AUTH_SCALEKIT_ISSUER`.
    ///
    /// # Errors
    /// When one of them is not set, or cannot be one.
    pub fn from_environment(
        environment: &Environment,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ConfigError> {
        let url = environment.require("AUTH_SCALEKIT_ISSUER", "the URL of your Scalekit environment")?;
        let id = environment.require("AUTH_SCALEKIT_ID", "the client id of your application at Scalekit")?;
        let secret =
            environment.require("AUTH_SCALEKIT_SECRET", "the client secret of your application at Scalekit")?;
        Self::new(url, id, secret, transport, clock)
    }
}

/// # Organizations
impl Management {
    /// One page of all organizations.
    ///
    /// # Errors
    /// See [`ManagementError`].
    pub async fn organizations(&self, page: &PageRequest) -> Result<Page<Organization>, ManagementError> {
        let mut query = Query::of("organizations".to_owned());
        page.write(&mut query, PAGES);
        self.page("the list of organizations", query, "organizations", page).await
    }

    /// An organization, by Scalekit's id (`org_…`).
    ///
    /// # Errors
    /// [`ManagementError::NotFound`] when there is none; else see [`ManagementError`].
    pub async fn organization(&self, id: &str) -> Result<Organization, ManagementError> {
        let path = format!("organizations/{}", organization_id(id)?);
        let answer: OrganizationAnswer = self.get("the organization", &path).await?;
        Ok(answer.organization)
    }

    /// An organization, by the id that you gave it.
    ///
    /// # Errors
    /// [`ManagementError::NotFound`] when there is none; else see [`ManagementError`].
    pub async fn organization_by_external_id(&self, external_id: &str) -> Result<Organization, ManagementError> {
        let path = format!("organizations:external/{}", external_segment(external_id)?);
        let answer: OrganizationAnswer = self.get("the organization", &path).await?;
        Ok(answer.organization)
    }
}

/// # Connections
impl Management {
    /// The connections that can be used by people with addresses of this domain; none when the domain is not known.
    ///
    /// The answer is remembered: [`FOUND_SECONDS`] when there is a connection, [`NOT_FOUND_SECONDS`] when there is none.
    /// One process asks about at most [`LOOKUPS_PER_MINUTE`] domains in a minute; then
    /// [`TooManyLookups`](ManagementError::TooManyLookups) comes back for those that are not remembered, and the sign-in
    /// should go on as for an unknown domain.
    ///
    /// **Whoever is not signed in must not see the difference.** Who are your customers, and what do they sign in with, is
    /// nobody's business: answer a known domain, an unknown one and an error alike, with the same page, or leave the choice
    /// to Scalekit by sending the domain along with the sign-in. The time that a lookup takes tells known from unknown as
    /// well, where only one of the two is followed by a redirect.
    ///
    /// # Errors
    /// See [`ManagementError`].
    pub async fn connections_by_domain(&self, domain: &EmailDomain) -> Result<Arc<Vec<Connection>>, ManagementError> {
        let ask = async || {
            let mut query = Query::of("connections".to_owned());
            query.add("domain", domain.as_str());
            self.connections("the connections of a domain", query).await
        };
        self.0.lookups.get(domain, self.0.client.now(), ask).await
    }

    /// All connections of an organization (`org_…`), also those that are switched off or not set up completely.
    ///
    /// # Errors
    /// See [`ManagementError`].
    pub async fn connections_of(&self, organization: &str) -> Result<Vec<Connection>, ManagementError> {
        let mut query = Query::of("connections".to_owned());
        query.add("organization_id", organization_id(organization)?);
        query.add("include", "all");
        self.connections("the connections of an organization", query).await
    }

    /// Switches a connection (`conn_…`) of an organization (`org_…`) on. People can sign in through it from now on.
    ///
    /// # Errors
    /// [`ManagementError::NotSwitched`] when Scalekit says why it did not; else see [`ManagementError`].
    pub async fn enable_connection(&self, organization: &str, connection: &str) -> Result<(), ManagementError> {
        self.switch_connection(organization, connection, true).await
    }

    /// Switches a connection (`conn_…`) of an organization (`org_…`) off. It ends no sessions of the application; the
    /// event that follows does.
    ///
    /// # Errors
    /// [`ManagementError::NotSwitched`] when Scalekit says why it did not; else see [`ManagementError`].
    pub async fn disable_connection(&self, organization: &str, connection: &str) -> Result<(), ManagementError> {
        self.switch_connection(organization, connection, false).await
    }

    async fn switch_connection(&self, organization: &str, id: &str, enabled: bool) -> Result<(), ManagementError> {
        let verb = if enabled { "enable" } else { "disable" };
        let (organization, id) = (organization_id(organization)?, checked_id("connection id", "conn_", id)?);
        let path = format!("organizations/{organization}/connections/{id}:{verb}");
        let answer: Result<Switched, _> = self.0.client.call("the connection", Method::PATCH, &path).await;
        self.0.lookups.forget();
        match answer? {
            switched if switched.enabled == enabled => Ok(()),
            other => Err(ManagementError::NotSwitched(error::clip(&other.error_message.unwrap_or_default()))),
        }
    }

    async fn connections(&self, what: &'static str, query: Query) -> Result<Vec<Connection>, ManagementError> {
        let answer: RawPage = self.get(what, &query.finish()).await?;
        Ok(read_page(what, answer, "connections", &PageRequest::first())?.items)
    }
}

/// # The admin portal
impl Management {
    /// A link into the admin portal of an organization (`org_…`), where its administrators set up single sign-on and
    /// directory sync themselves. It opens once, within a minute, so it must be made when somebody clicks, not when a page
    /// is rendered. No features means whatever the environment offers.
    ///
    /// # Errors
    /// See [`ManagementError`].
    pub async fn portal_link(
        &self,
        organization: &str,
        features: &[PortalFeature],
    ) -> Result<PortalLink, ManagementError> {
        let what = "the portal link";
        let mut query = Query::of(format!("organizations/{}/portal_links", organization_id(organization)?));
        features.iter().for_each(|feature| query.add("features", feature.as_str()));
        let answer: PortalAnswer = self.0.client.call(what, Method::PUT, &query.finish()).await?;
        // The problem does not repeat the address, which is a secret.
        let location = check_endpoint("location", &answer.link.location, &self.0.client.environment);
        let location =
            location.map_err(|_| unusable(what, "its location is no address that a browser may be sent to"))?;
        Ok(PortalLink { id: answer.link.id, location, expire_time: answer.link.expire_time })
    }

    /// The answer that sends a browser into the admin portal of an organization: 302, not cacheable, without referrer.
    ///
    /// **The caller must have checked that the signed-in user is an administrator of exactly this organization.** Whoever
    /// gets this answer can connect an identity provider of their own to the organization, and then sign in as anybody in
    /// it. Take the organization from the session, never from the request, and let only a form of your own pages ask
    /// (`POST`, with your protection against cross-site requests).
    ///
    /// ```
    /// use authstile::Session;
    /// use authstile_scalekit::management::{Management, ManagementError, PortalFeature};
    /// use bytes::Bytes;
    /// use http::{Response, StatusCode};
    ///
    /// /// Whether this user administers that organization is for the application to know.
    /// fn administers(session: &Session, organization: &str) -> bool {
    ///     # false
    ///     // …
    /// }
    ///
    /// /// `POST /settings/sso`
    /// async fn open_portal(
    ///     management: &Management,
    ///     session: &Session,
    ///     own_organization: &str,
    /// ) -> Result<Response<Bytes>, ManagementError> {
    ///     if !administers(session, own_organization) {
    ///         let mut refused = Response::new(Bytes::from_static(b"Only administrators may do this.\n"));
    ///         *refused.status_mut() = StatusCode::FORBIDDEN;
    ///         return Ok(refused);
    ///     }
    ///     management.portal_redirect(own_organization, &[PortalFeature::Sso, PortalFeature::DirSync]).await
    /// }
    /// ```
    ///
    /// # Errors
    /// See [`ManagementError`].
    pub async fn portal_redirect(
        &self,
        organization: &str,
        features: &[PortalFeature],
    ) -> Result<Response<Bytes>, ManagementError> {
        let link = self.portal_link(organization, features).await?;
        let mut location =
            HeaderValue::try_from(String::from(link.location)).map_err(|_| ManagementError::Unwritable)?;
        location.set_sensitive(true);
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::FOUND;
        let headers = response.headers_mut();
        headers.insert(LOCATION, location);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        Ok(response)
    }
}

/// # Sessions (full-stack auth)
///
/// Revoking a session at Scalekit stops refreshing; an access token that was issued before stays good until it expires,
/// and a session of the application's own until its back-channel logout or webhook ends it.
impl Management {
    /// A session (`ses_…`).
    ///
    /// # Errors
    /// [`ManagementError::NotFound`] when there is none; else see [`ManagementError`].
    pub async fn session(&self, id: &str) -> Result<UserSession, ManagementError> {
        self.get("the session", &format!("sessions/{}", session_id(id)?)).await
    }

    /// Ends a session (`ses_…`), and says how it is then.
    ///
    /// # Errors
    /// [`ManagementError::NotFound`] when there is none; else see [`ManagementError`].
    pub async fn revoke_session(&self, id: &str) -> Result<UserSession, ManagementError> {
        let path = format!("sessions/{}/revoke", session_id(id)?);
        let answer: RevokedOne = self.0.client.call("the session", Method::POST, &path).await?;
        Ok(answer.revoked_session)
    }

    /// One page of the sessions of a user (`usr_…`), in any state or in one.
    ///
    /// # Errors
    /// See [`ManagementError`].
    pub async fn user_sessions(
        &self,
        user: &str,
        status: Option<SessionStatus>,
        page: &PageRequest,
    ) -> Result<Page<UserSession>, ManagementError> {
        let mut query = Query::of(format!("users/{}/sessions", user_id(user)?));
        page.write(&mut query, PAGES);
        if let Some(status) = status {
            query.add("filter.status", status.as_str());
        }
        self.page("the sessions of a user", query, "sessions", page).await
    }

    /// Ends all sessions of a user (`usr_…`), and says which those were.
    ///
    /// # Errors
    /// See [`ManagementError`].
    pub async fn revoke_user_sessions(&self, user: &str) -> Result<Vec<UserSession>, ManagementError> {
        let what = "the sessions of a user";
        let path = format!("users/{}/sessions/revoke", user_id(user)?);
        let answer: RawPage = self.0.client.call(what, Method::POST, &path).await?;
        Ok(read_page(what, answer, "revoked_sessions", &PageRequest::first())?.items)
    }
}

/// # Directories
///
/// For reconciliation: events tell what happens, but a webhook can be lost, and nobody tells what happened before the
/// directory was connected.
impl Management {
    /// The directories of an organization (`org_…`).
    ///
    /// # Errors
    /// See [`ManagementError`].
    pub async fn directories(&self, organization: &str) -> Result<Vec<Directory>, ManagementError> {
        let what = "the directories";
        let path = format!("organizations/{}/directories", organization_id(organization)?);
        let answer: RawPage = self.get(what, &path).await?;
        Ok(read_page(what, answer, "directories", &PageRequest::first())?.items)
    }

    /// One page of the people in a directory (`dir_…`) of an organization (`org_…`).
    ///
    /// # Errors
    /// See [`ManagementError`].
    pub async fn directory_users(
        &self,
        organization: &str,
        directory: &str,
        which: &DirectoryQuery,
        page: &PageRequest,
    ) -> Result<Page<DirectoryUser>, ManagementError> {
        self.directory_page(organization, directory, "users", which, page).await
    }

    /// One page of the groups in a directory (`dir_…`) of an organization (`org_…`). Groups have no members of this kind:
    /// [`in_group`](DirectoryQuery::in_group) means nothing here.
    ///
    /// # Errors
    /// See [`ManagementError`].
    pub async fn directory_groups(
        &self,
        organization: &str,
        directory: &str,
        which: &DirectoryQuery,
        page: &PageRequest,
    ) -> Result<Page<DirectoryGroup>, ManagementError> {
        self.directory_page(organization, directory, "groups", &which.of_any_group(), page).await
    }

    /// All people in a directory, page by page. Half a directory is none: when one page fails, all of it does.
    ///
    /// # Errors
    /// [`ManagementError::Endless`] when the pages do not end; else see [`ManagementError`].
    pub async fn every_directory_user(
        &self,
        organization: &str,
        directory: &str,
        which: &DirectoryQuery,
    ) -> Result<Vec<DirectoryUser>, ManagementError> {
        let mut all = Vec::new();
        let mut page = PageRequest::first().size(*DIRECTORY_PAGES.end());
        for _ in 0..MAX_PAGES {
            let found = self.directory_users(organization, directory, which, &page).await?;
            all.extend(found.items);
            match found.next {
                None => return Ok(all),
                Some(next) if next == page => break,
                Some(next) => page = next,
            }
        }
        Err(ManagementError::Endless)
    }

    async fn directory_page<T: DeserializeOwned>(
        &self,
        organization: &str,
        directory: &str,
        list: &'static str,
        which: &DirectoryQuery,
        page: &PageRequest,
    ) -> Result<Page<T>, ManagementError> {
        let organization = organization_id(organization)?;
        let directory = checked_id("directory id", "dir_", directory)?;
        let mut query = Query::of(format!("organizations/{organization}/directories/{directory}/{list}"));
        page.write(&mut query, DIRECTORY_PAGES);
        which.write(&mut query);
        self.page("the directory", query, list, page).await
    }
}

impl Management {
    async fn get<T: DeserializeOwned>(&self, what: &'static str, target: &str) -> Result<T, ManagementError> {
        self.0.client.call(what, Method::GET, target).await
    }

    async fn page<T: DeserializeOwned>(
        &self,
        what: &'static str,
        query: Query,
        list: &str,
        page: &PageRequest,
    ) -> Result<Page<T>, ManagementError> {
        read_page(what, self.get(what, &query.finish()).await?, list, page)
    }
}

impl fmt::Debug for Management {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Management").field(&self.0.client).finish()
    }
}

#[derive(Deserialize)]
struct OrganizationAnswer {
    organization: Organization,
}

#[derive(Deserialize)]
struct PortalAnswer {
    link: RawLink,
}

#[derive(Deserialize)]
struct RawLink {
    #[serde(default)]
    id: String,
    location: String,
    expire_time: Option<String>,
}

#[derive(Deserialize)]
struct RevokedOne {
    revoked_session: UserSession,
}

/// The gateway may leave out what is false.
#[derive(Deserialize)]
struct Switched {
    #[serde(default)]
    enabled: bool,
    error_message: Option<String>,
}

fn read_page<T: DeserializeOwned>(
    what: &'static str,
    answer: RawPage,
    list: &str,
    asked: &PageRequest,
) -> Result<Page<T>, ManagementError> {
    answer.read(list, asked).ok_or_else(|| unusable(what, "its list is not what it should be"))
}

fn unusable(what: &'static str, problem: &str) -> ManagementError {
    ManagementError::Unusable { what, status: 200, problem: problem.to_owned() }
}

fn organization_id(text: &str) -> Result<&str, InvalidId> {
    checked_id("organization id", "org_", text)
}

fn session_id(text: &str) -> Result<&str, InvalidId> {
    checked_id("session id", "ses_", text)
}

fn user_id(text: &str) -> Result<&str, InvalidId> {
    checked_id("user id", "usr_", text)
}

/// An identifier that can say nothing in a path but its own name.
fn checked_id<'a>(what: &'static str, prefix: &'static str, text: &'a str) -> Result<&'a str, InvalidId> {
    let good = text.strip_prefix(prefix).is_some_and(|rest| {
        (1..=64).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    });
    if good { Ok(text) } else { Err(InvalidId { what, prefix, got: text.chars().take(100).collect() }) }
}

/// An id of the application's as one segment of a path. What could end the segment is refused even though it would be
/// encoded: not everything on the way to the API leaves that as it is.
fn external_segment(text: &str) -> Result<String, ManagementError> {
    let hostile = |letter: char| letter.is_control() || matches!(letter, '/' | '\\');
    if text.is_empty() || text.len() > 255 || text.contains(hostile) || matches!(text, "." | "..") {
        return Err(ManagementError::InvalidExternalId(text.chars().take(100).collect()));
    }
    Ok(form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20"))
}
