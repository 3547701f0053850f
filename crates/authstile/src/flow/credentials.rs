//! `POST /callback/{id}` with what somebody entered: guard → limit → authorize → admit → establish.

use crate::admission::{Admitted, admit_credentials};
use crate::answer::Answer;
use crate::credentials::{CredentialsError, CredentialsInput, CredentialsProvider};
use crate::email_address::canonical_account;
use crate::error::{Denied, Error};
use crate::establish::establish;
use crate::settings::Settings;
use crate::store::Quota;
use crate::visit::Visit;

/// Fields of the form that are for us and not for the application.
const OURS: [&str; 2] = ["csrfToken", "callbackUrl"];

/// Signs in whoever the application knows.
#[tracing::instrument(name = "credentials", skip_all, fields(provider = %provider.id))]
pub(crate) async fn callback(
    settings: &Settings,
    visit: &Visit<'_>,
    provider: &CredentialsProvider,
) -> Result<Answer, Error> {
    visit.same_origin(settings)?;
    limit(settings, visit, provider).await?;
    let fields = visit.body.form.iter().filter(|(name, _)| !OURS.contains(name));
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let input = CredentialsInput::new(fields, visit.headers.clone(), visit.address);
    let rejected = |code: String| Error::from(Denied::CredentialsRejected { code });
    let user = match provider.authorize.authorize(input).await {
        Ok(Some(user)) => user,
        Ok(None) => return Err(rejected("credentials".to_owned())),
        Err(CredentialsError::Rejected(code)) => {
            let code: String = code.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
            return Err(rejected(if code.is_empty() { "credentials".to_owned() } else { code }));
        }
        Err(CredentialsError::Failed(source)) => return Err(Error::hook("authorize", source)),
    };
    let return_to = visit.return_to.as_str().to_owned();
    match admit_credentials(settings, visit, &provider.id, user).await? {
        Admitted::Yes(admission) => establish(settings, visit, *admission, return_to).await,
        Admitted::Ask { .. } => Err(Error::Bug("credentials that wait to be linked")),
        Admitted::Elsewhere(url) => {
            let to = visit.allowed(settings, &url);
            Ok(Answer::redirect(to.as_str()))
        }
    }
}

/// A client has so many attempts, of which fewer at one account; and all clients together so many at that account, which
/// are ten times as many, so that nobody locks somebody else out by being wrong on purpose for a minute.
async fn limit(settings: &Settings, visit: &Visit<'_>, provider: &CredentialsProvider) -> Result<(), Error> {
    let name = provider.fields.first().map_or("username", |field| &*field.name);
    let account = canonical_account(visit.body.form.last(name).unwrap_or_default());
    if let Some(client) = visit.client() {
        settings.limit("credentials of client", &[&provider.id, &client], provider.by_client, visit.now).await?;
        let own = [&*provider.id, &*client, &*account];
        settings.limit("credentials of client at account", &own, provider.by_account, visit.now).await?;
    }
    let Quota { burst, seconds } = provider.by_account;
    let all = Quota { burst: burst.saturating_mul(10), seconds };
    settings.limit("credentials at account", &[&provider.id, &account], all, visit.now).await
}
