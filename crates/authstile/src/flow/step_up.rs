//! A page asks for a fresher or a stronger sign-in than the session's: the browser goes to the provider that the session came
//! from, and comes back to the page. What comes back is an ordinary sign-in that is checked for one thing more, so it makes a
//! new session, also of somebody else; the page asks again. If it is not enough, an error page says so, and the session
//! stays what it was: nobody is sent around in circles.

use std::iter;

use crate::answer::Answer;
use crate::ask::begin_demanding;
use crate::error::{Denied, Error};
use crate::provider::Protocol;
use crate::session::Live;
use crate::settings::{Settings, with_query};
use crate::step_up::StepUp;
use crate::visit::Visit;

/// Begins a sign-in that meets what is `demanded`, and returns to `here`.
#[tracing::instrument(name = "step_up", skip_all)]
pub(crate) async fn step_up(
    settings: &Settings,
    visit: &Visit<'_>,
    live: &Live,
    demanded: &StepUp,
    here: &str,
) -> Result<Answer, Error> {
    let origin = live.facts().map(|facts| facts.provider);
    let provider = origin.as_deref().and_then(|id| settings.registry.find(id));
    match (provider, demanded.unknown()) {
        (Some(provider), _) if provider.provider().protocol == Protocol::Oidc => {
            let hint = live.text("email").map(|email| ("login_hint".to_owned(), email.to_owned()));
            let mut asked = provider.authorization_params(hint.into_iter().collect(), iter::empty());
            demanded.ask(&mut asked);
            begin_demanding(settings, visit, provider, asked, here, Some(demanded.clone())).await
        }
        // Plain OAuth 2.0 says nothing about how and when somebody signed in; and what we see to ourselves has no classes.
        (found, Some(why)) if found.is_some() || (origin.is_some() && demanded.wants_acr()) => {
            Err(Denied::Insufficient { provider: origin.unwrap_or_default(), why }.into())
        }
        // Whoever enters their password or opens a mail again has signed in just now.
        _ => {
            let sign_in = visit.mount.url("signin");
            Ok(Answer::redirect(with_query(&sign_in, &[("callbackUrl", here)])))
        }
    }
}
