//! How often one client may ask for what costs something: a quota for each route.

use crate::store::Quota;

/// A route that costs more than it takes to ask for it: calls to a provider, rows in a store, lines in a log.
///
/// Reading is not limited: `session`, `csrf`, `providers`, `jwks` and the pages answer from what the request brings, or look one
/// session up. Mails that are
/// asked for and credentials have quotas where they are configured, on
/// [`EmailProvider`](crate::EmailProvider::limit_by_client) and
/// [`CredentialsProvider`](crate::CredentialsProvider::limit_by_client), because those count addresses and accounts too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LimitedRoute {
    /// `POST /signin/{provider}`: 300 a minute.
    SignIn,
    /// `/callback/{provider}` of a provider: 300 a minute.
    Callback,
    /// `POST /callback/{provider}` with a link or a code from a mail: 60 a minute.
    MailCallback,
    /// `/initiate/{provider}`, and what a provider sends to the callback on its own: 300 a minute.
    Initiate,
    /// `POST /connect`: 60 a minute.
    Connect,
    /// `POST /signout`: 300 a minute.
    SignOut,
    /// `/sessions`, which lists all of a person's and ends them: 300 a minute.
    Sessions,
    /// `POST /backchannel-logout/{provider}`, of which only refused ones count: 60 a minute.
    BackChannelLogout,
    /// `GET /frontchannel-logout/{provider}`, of which only refused ones count: 60 a minute.
    FrontChannelLogout,
    /// `POST /webhooks/{provider}`, of which only refused ones count: 60 a minute.
    Webhook,
}

impl LimitedRoute {
    /// Its name among the keys of a throttle: that of the matched route, so that no spelling of a path has a quota of its own.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::SignIn => "signin",
            Self::Callback => "callback",
            Self::MailCallback => "mail callback",
            Self::Initiate => "initiate",
            Self::Connect => "connect",
            Self::SignOut => "signout",
            Self::Sessions => "sessions",
            Self::BackChannelLogout => "backchannel-logout",
            Self::FrontChannelLogout => "frontchannel-logout",
            Self::Webhook => "webhooks",
        }
    }

    /// An office of thousands may share one address, and all sign in at nine.
    const fn usual(self) -> Quota {
        match self {
            Self::SignIn | Self::Callback | Self::Initiate | Self::SignOut | Self::Sessions => {
                Quota { burst: 300, seconds: 60 }
            }
            Self::MailCallback | Self::Connect | Self::BackChannelLogout | Self::FrontChannelLogout | Self::Webhook => {
                Quota { burst: 60, seconds: 60 }
            }
        }
    }
}

/// Quotas by route and client network; `default()` has those that [`LimitedRoute`] tells.
///
/// A client is an IPv4 address, or the /64 of an IPv6 address, and is known where requests carry a
/// [`ClientAddress`](crate::ClientAddress); without one only accounts and addresses are counted. A loopback address is no
/// client: whoever else there is may stand behind it, as with a proxy on this machine that nobody has listed.
///
/// ```
/// use authstile::store::Quota;
/// use authstile::{LimitedRoute, RateLimits};
///
/// let limits = RateLimits::default()
///     .limit(LimitedRoute::SignIn, Quota { burst: 30, seconds: 60 })
///     .unlimited(LimitedRoute::SignOut);
/// ```
#[derive(Debug, Clone, Default)]
pub struct RateLimits(Vec<(LimitedRoute, Option<Quota>)>);

impl RateLimits {
    /// Another quota for a route.
    #[must_use]
    pub fn limit(mut self, route: LimitedRoute, quota: Quota) -> Self {
        self.0.push((route, Some(quota)));
        self
    }

    /// No quota for a route, because something in front of the engine counts.
    #[must_use]
    pub fn unlimited(mut self, route: LimitedRoute) -> Self {
        self.0.push((route, None));
        self
    }

    /// The quota of a route; what was said last counts.
    pub(crate) fn of(&self, route: LimitedRoute) -> Option<Quota> {
        match self.0.iter().rev().find(|(known, _)| *known == route) {
            Some((_, quota)) => *quota,
            None => Some(route.usual()),
        }
    }

    /// What is wrong with them.
    pub(crate) fn check(&self) -> Result<(), String> {
        let wrong = self.0.iter().find(|(_, quota)| quota.is_some_and(|quota| quota.burst == 0 || quota.seconds == 0));
        wrong.map_or(Ok(()), |(route, _)| {
            Err(format!(
                "the quota of {route:?} has a burst or a time of 0: give both at least 1, or say `.unlimited(LimitedRoute::{route:?})`"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_last_counts_and_nothing_said_is_the_usual() {
        let few = Quota { burst: 2, seconds: 60 };
        let limits = RateLimits::default().unlimited(LimitedRoute::SignIn).limit(LimitedRoute::SignIn, few);
        assert_eq!(limits.of(LimitedRoute::SignIn), Some(few));
        assert_eq!(limits.of(LimitedRoute::Callback), Some(LimitedRoute::Callback.usual()));
        assert_eq!(limits.unlimited(LimitedRoute::SignIn).of(LimitedRoute::SignIn), None);
    }

    #[test]
    fn a_quota_that_lets_nobody_in_is_a_mistake() {
        for (burst, seconds) in [(0, 60), (1, 0)] {
            let limits = RateLimits::default().limit(LimitedRoute::Connect, Quota { burst, seconds });
            assert!(limits.check().unwrap_err().contains("LimitedRoute::Connect"));
        }
        assert!(RateLimits::default().unlimited(LimitedRoute::Connect).check().is_ok());
    }
}
