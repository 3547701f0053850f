//! Somebody came with a new account, and a known person has the same e-mail address: whether the account becomes theirs is
//! for that person to say, signed in as they were before. What we remember until then is sealed in a cookie.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::answer::Answer;
use crate::cookie::SetCookie;
use crate::error::{Error, Reason};
use crate::model::{Account, AccountKind};
use crate::settings::Settings;
use crate::visit::Visit;

/// Seconds for signing in the other way.
const SECONDS: i64 = 15 * 60;

/// The salt of the key that seals offers.
pub(crate) const SALT: &str = "authstile.connect";

/// An account that waits for its person.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Offer {
    pub(crate) user_id: String,
    pub(crate) provider: String,
    provider_account_id: String,
    kind: String,
    /// Where they go afterwards.
    pub(crate) return_to: String,
}

impl Offer {
    /// The offer that this browser carries, for whoever it is.
    pub(crate) fn read(settings: &Settings, visit: &Visit<'_>) -> Option<Self> {
        let sealed = visit.cookies.get(&visit.names().connect)?;
        let claims = visit.open(settings, &settings.connecting, &sealed).ok()?;
        serde_json::from_value(Value::Object(claims)).ok()
    }

    /// The account, without the tokens of the sign-in that was not let in.
    pub(crate) fn account(&self) -> Option<Account> {
        Some(Account::new(AccountKind::parse(&self.kind)?, &*self.provider, &*self.provider_account_id))
    }

    pub(crate) fn seal(&self, settings: &Settings, visit: &Visit<'_>) -> Result<SetCookie, Error> {
        let Ok(Value::Object(claims)) = serde_json::to_value(self) else {
            return Err(Error::Bug("an offer to connect accounts cannot be written"));
        };
        let sealed = visit.seal(settings, &settings.connecting, claims, SECONDS)?;
        Ok(SetCookie::new(&visit.names().connect, sealed, visit.security()).for_seconds(SECONDS, visit.now))
    }

    /// The order to forget it.
    pub(crate) fn clear(visit: &Visit<'_>) -> SetCookie {
        SetCookie::clear(&visit.names().connect, visit.security())
    }
}

/// Sends the browser to the sign-in page, with the offer.
pub(crate) fn ask_owner(
    settings: &Settings,
    visit: &Visit<'_>,
    user_id: String,
    account: &Account,
    return_to: String,
) -> Result<Answer, Error> {
    let offer = Offer {
        user_id,
        provider: account.provider.clone(),
        provider_account_id: account.provider_account_id.clone(),
        kind: account.kind.as_str().to_owned(),
        return_to,
    };
    let cookie = offer.seal(settings, visit)?;
    let failure = SetCookie::new(
        &visit.names().failure,
        format!("{}.{}", Reason::ConnectAccount, settings.reference()),
        visit.security(),
    )
    .for_seconds(300, visit.now);
    let own = visit.mount.url("signin");
    let page = settings.pages.sign_in.as_deref().unwrap_or(&own);
    let url = visit.mount.page(page, &[("error", "OAuthAccountNotLinked")]);
    Ok(Answer::redirect(url).with([cookie, failure]))
}
