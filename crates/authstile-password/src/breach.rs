//! Passwords that attackers try first.

use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;

use authstile::hooks::HookError;
use authstile::{BoxFuture, Transport};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use bytes::Bytes;
use http::{Request, StatusCode};
use zeroize::Zeroizing;

use crate::password::Password;

/// A list of passwords that are not to be used. Asked when a password is set, never at sign-in.
///
/// NIST SP 800-63B-4 §3.1.1.2 and ASVS 5.0 V6.2.12 ask for one.
pub trait BreachList: Send + Sync + fmt::Debug {
    /// Whether the password is on the list.
    fn contains<'a>(&'a self, password: &'a Password) -> BoxFuture<'a, Result<bool, HookError>>;
}

/// What happens to a password when the list cannot be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenListFails {
    /// It is accepted, and the log says so: people can register while the list is down.
    Accept,
    /// It is not accepted.
    Refuse,
}

/// Pwned Passwords of Have I Been Pwned: some billion passwords out of data breaches.
///
/// It learns the first 5 of 40 hexadecimal digits of the password's SHA-1, which some thousand of its entries share, and
/// answers with all of those, padded so that not even the length of the answer tells which ones they are.
#[derive(Debug, Clone)]
pub struct HaveIBeenPwned {
    transport: Arc<dyn Transport>,
    base: String,
}

impl HaveIBeenPwned {
    /// The public service.
    pub fn new(transport: impl Transport + 'static) -> Self {
        Self { transport: Arc::new(transport), base: "https://api.pwnedpasswords.com".to_owned() }
    }

    /// A mirror of yours, which answers `{base}/range/{prefix}`.
    #[must_use]
    pub fn mirror(mut self, base: &str) -> Self {
        self.base = base.trim_end_matches('/').to_owned();
        self
    }

    async fn ask(&self, password: &Password) -> Result<bool, HookError> {
        let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_str().as_bytes());
        let mut hex = Zeroizing::new(String::with_capacity(40));
        digest.as_ref().iter().try_for_each(|byte| write!(hex, "{byte:02X}"))?;
        let Some((prefix, suffix)) = hex.split_at_checked(5) else { return Err("a SHA-1 of no length".into()) };
        let request = Request::get(format!("{}/range/{prefix}", self.base))
            .header("accept", "text/plain")
            .header("add-padding", "true")
            .body(Bytes::new())?;
        let answer = self.transport.send(request).await?;
        if answer.status() != StatusCode::OK {
            return Err(format!("the list answered {}", answer.status()).into());
        }
        is_listed(std::str::from_utf8(answer.body())?, suffix)
    }
}

impl BreachList for HaveIBeenPwned {
    fn contains<'a>(&'a self, password: &'a Password) -> BoxFuture<'a, Result<bool, HookError>> {
        Box::pin(self.ask(password))
    }
}

/// Lines of 35 digits, a colon and a count; a count of 0 is padding. Anything else is not the list: a page of a proxy must
/// not look like "not on it".
fn is_listed(body: &str, suffix: &str) -> Result<bool, HookError> {
    let (mut lines, mut listed) = (0_usize, false);
    for line in body.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let entry = line.split_once(':').filter(|(digits, _)| digits.len() == 35);
        let entry = entry.and_then(|(digits, count)| Some((digits, count.trim().parse::<u64>().ok()?)));
        let Some((digits, count)) = entry else { return Err("what the list answered is no list".into()) };
        lines += 1;
        listed |= count > 0 && digits.eq_ignore_ascii_case(suffix);
    }
    if lines == 0 { Err("the list answered nothing".into()) } else { Ok(listed) }
}
