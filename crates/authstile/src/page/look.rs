//! How the pages look at each of our origins, computed once.

use super::{ButtonStyle, Shell, Theme, stylesheet};
use crate::origin_pattern::OriginPattern;
use crate::return_to::Origin;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A theme, and what is made of it.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) theme: Theme,
    style: String,
    /// The policy that lets nothing in but this style and this logo.
    pub(crate) content_security_policy: String,
}

impl Look {
    /// `form_action` is further sources of `form-action` in the Content-Security-Policy.
    pub(crate) fn new(theme: Theme, buttons: &[ButtonStyle<'_>], form_action: &str) -> Result<Self, String> {
        theme.validate()?;
        let style = stylesheet(&theme, buttons)?;
        let hash = STANDARD.encode(digest(&SHA256, style.as_bytes()));
        let logo = theme.logo_source()?.filter(|source| source != "'self'");
        let logo = logo.map(|source| format!(" {source}")).unwrap_or_default();
        let content_security_policy = format!(
            "default-src 'none'; style-src 'sha256-{hash}'; img-src 'self'{logo}; form-action 'self' {form_action}; frame-ancestors 'none'; base-uri 'none'"
        );
        Ok(Self { theme, style, content_security_policy })
    }

    pub(crate) fn shell(&self) -> Shell<'_> {
        Shell { theme: &self.theme, style: &self.style }
    }
}

/// The usual look, and those of some origins.
#[derive(Debug)]
pub(crate) struct Looks {
    pub(crate) usual: Look,
    /// The first pattern that matches counts.
    pub(crate) by_origin: Vec<(OriginPattern, Look)>,
}

impl Looks {
    pub(crate) fn of(&self, origin: &Origin) -> &Look {
        let own = self.by_origin.iter().find(|(pattern, _)| pattern.matches(origin));
        own.map_or(&self.usual, |(_, look)| look)
    }
}
