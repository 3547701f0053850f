//! Which connections a domain has: asked often, by anybody who types an address into a sign-in page, and so remembered
//! and limited.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use authstile::clock::UnixTime;

use super::error::ManagementError;
use super::kept::Kept;
use super::model::Connection;
use crate::email::EmailDomain;

/// Domains that one process asks Scalekit about in a minute. The limit of the environment is not published and is shared
/// with everything else that you do there; a crowd at your sign-in page must not use it up.
pub const LOOKUPS_PER_MINUTE: u32 = 60;
/// Seconds that the connections of a domain are remembered.
pub const FOUND_SECONDS: i64 = 300;
/// Seconds that a domain without connections is remembered as such.
pub const NOT_FOUND_SECONDS: i64 = 60;

/// Domains that are remembered at once.
const MAX_DOMAINS: usize = 10_000;

/// What was found lately, and how often was asked.
#[derive(Debug, Default)]
pub(super) struct Lookups {
    domains: Mutex<HashMap<EmailDomain, Arc<Kept<Vec<Connection>>>>>,
    minute: Mutex<Minute>,
}

#[derive(Debug, Default)]
struct Minute {
    began: Option<UnixTime>,
    asked: u32,
}

impl Lookups {
    /// What is remembered of a domain, else what `ask` finds out.
    pub(super) async fn get(
        &self,
        domain: &EmailDomain,
        now: UnixTime,
        ask: impl AsyncFnOnce() -> Result<Vec<Connection>, ManagementError>,
    ) -> Result<Arc<Vec<Connection>>, ManagementError> {
        let kept = self.entry(domain, now)?;
        let fetch = async || {
            self.minute(now, true)?;
            let found = ask().await?;
            let seconds = if found.is_empty() { NOT_FOUND_SECONDS } else { FOUND_SECONDS };
            Ok((found, now.plus_seconds(seconds)))
        };
        kept.get(now, None, fetch).await
    }

    /// Forgets everything, because connections have changed.
    pub(super) fn forget(&self) {
        self.domains.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The place of a domain. There is none for a domain that could not be asked about now, so that nobody can fill the
    /// memory faster than the limit.
    fn entry(&self, domain: &EmailDomain, now: UnixTime) -> Result<Arc<Kept<Vec<Connection>>>, ManagementError> {
        let mut domains = self.domains.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = domains.get(domain) {
            return Ok(kept.clone());
        }
        self.minute(now, false)?;
        if domains.len() >= MAX_DOMAINS {
            domains.clear();
        }
        Ok(domains.entry(domain.clone()).or_default().clone())
    }

    /// Whether there is still room in this minute, and takes it.
    fn minute(&self, now: UnixTime, take: bool) -> Result<(), ManagementError> {
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        let began = match minute.began {
            Some(began) if began <= now && now < began.plus_seconds(60) => began,
            _ => {
                *minute = Minute { began: Some(now), asked: 0 };
                now
            }
        };
        if minute.asked >= LOOKUPS_PER_MINUTE {
            let left = began.plus_seconds(60).millis() - now.millis();
            return Err(ManagementError::TooManyLookups {
                retry_after: u64::try_from(left).unwrap_or(0).div_ceil(1000),
            });
        }
        minute.asked += u32::from(take);
        Ok(())
    }
}
