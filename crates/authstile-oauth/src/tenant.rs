//! Issuers of a provider whose tenants share one discovery document: `https://login.example/{tenantid}/v2.0`.

use crate::claims::clip;
use crate::id_token::{IdToken, IdTokenError};
use crate::word::Issuer;

/// What stands in the discovered issuer for the tenant.
const GAP: &str = "{tenantid}";

/// Which tenants' tokens are accepted, and what their issuer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenants {
    /// The discovered issuer, with or without a gap.
    issuer: String,
    /// In lower case; empty: any.
    allowed: Vec<String>,
}

impl Tenants {
    /// Reads the issuer of a discovery document that was fetched for `expected`: the same, or the same with the gap, or a
    /// tenant's id, in place of one part of its path: where the configured part is a name for one tenant or for many.
    ///
    /// `None` when it is anything else; also when one tenant was configured by its id, and the document speaks for others.
    #[must_use]
    pub fn of(discovered: &str, expected: &Issuer, allowed: &[String]) -> Option<Self> {
        let tenants =
            Self { issuer: discovered.to_owned(), allowed: allowed.iter().map(|id| id.to_ascii_lowercase()).collect() };
        if discovered == expected.as_str() {
            return (!discovered.contains('{')).then_some(tenants);
        }
        let (theirs, ours): (Vec<&str>, Vec<&str>) =
            (discovered.split('/').collect(), expected.as_str().split('/').collect());
        // Scheme and host are the first three parts.
        let pairs = || theirs.iter().copied().zip(ours.iter().copied());
        let at = pairs().position(|(theirs, ours)| theirs != ours)?;
        let (theirs_part, ours_part) = pairs().nth(at)?;
        let sound = theirs.len() == ours.len()
            && pairs().skip(at + 1).all(|(theirs, ours)| theirs == ours)
            && at >= 3
            && !is_tenant_id(ours_part)
            && (theirs_part == GAP || is_tenant_id(theirs_part));
        sound.then_some(tenants)
    }

    /// Whether every tenant has an issuer of its own, which only a token names.
    #[must_use]
    pub fn are_many(&self) -> bool {
        self.issuer.contains(GAP)
    }

    /// Whether an issuer is that of a tenant.
    #[must_use]
    pub fn fits(&self, issuer: &str) -> bool {
        match self.issuer.split_once(GAP) {
            None => issuer == self.issuer,
            Some((before, after)) => issuer
                .strip_prefix(before)
                .and_then(|rest| rest.strip_suffix(after))
                .is_some_and(|tenant| is_tenant_id(tenant) && self.allows(tenant)),
        }
    }

    fn allows(&self, tenant: &str) -> bool {
        self.allowed.is_empty() || self.allowed.contains(&tenant.to_ascii_lowercase())
    }

    /// Compares `iss` with the issuer of the tenant that `tid` names, byte for byte.
    pub(crate) fn check(&self, iss: &str, tid: Option<&str>) -> Result<(), IdTokenError> {
        // One issuer and nobody to choose from: nothing hangs on the claim.
        if self.are_many() || !self.allowed.is_empty() {
            let missing = || IdTokenError::TenantMissing { got: tid.map(clip) };
            let tid = tid.filter(|tid| is_tenant_id(tid)).ok_or_else(missing)?;
            self.compare(iss, tid)?;
            return match self.allows(tid) {
                true => Ok(()),
                false => Err(IdTokenError::TenantNotAllowed { got: tid.to_owned() }),
            };
        }
        self.compare(iss, "")
    }

    fn compare(&self, iss: &str, tid: &str) -> Result<(), IdTokenError> {
        let expected = self.issuer.replace(GAP, tid);
        match iss == expected {
            true => Ok(()),
            false => Err(IdTokenError::Issuer { expected, got: clip(iss) }),
        }
    }

    /// A key that says whose tokens it signs signs no others.
    pub(crate) fn check_key(&self, token: &IdToken, keys: &[Option<String>]) -> Result<(), IdTokenError> {
        let (iss, tid) = (token.issuer(), token.text("tid").unwrap_or_default());
        let fits = |key: &Option<String>| key.as_ref().is_none_or(|key| key.replace(GAP, tid) == iss);
        match keys.iter().find(|key| !fits(key)) {
            Some(Some(key)) if !keys.iter().any(fits) => {
                Err(IdTokenError::KeyIssuer { key: clip(key), iss: clip(iss) })
            }
            _ => Ok(()),
        }
    }
}

/// Whether a text is the id of a tenant: a GUID in its usual form.
#[must_use]
pub fn is_tenant_id(text: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    let parts: Vec<&str> = text.split('-').collect();
    parts.len() == lengths.len()
        && parts
            .iter()
            .zip(lengths)
            .all(|(part, length)| part.len() == length && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "11111111-2222-3333-4444-55555555aaaa";
    const B: &str = "11111111-2222-3333-4444-55555555bbbb";

    fn of(discovered: &str, configured: &str, allowed: &[&str]) -> Option<Tenants> {
        let allowed: Vec<String> = allowed.iter().map(|id| (*id).to_owned()).collect();
        Tenants::of(discovered, &Issuer::parse(configured).unwrap(), &allowed)
    }

    #[test]
    fn a_document_speaks_for_the_tenants_that_were_asked_for_and_for_no_others() {
        let configured = |tenant: &str| format!("https://login.example/{tenant}/v2.0");
        for (discovered, tenant, good) in [
            (configured("{tenantid}"), "common", true),
            (configured(A), "acme.example", true),
            (configured(A), A, true),
            (configured("common"), "common", true),
            // One tenant was asked for, by its id.
            (configured("{tenantid}"), A, false),
            (configured(B), A, false),
            (configured("other"), "common", false),
            ("https://{tenantid}/common/v2.0".to_owned(), "common", false),
            ("https://evil.example/{tenantid}/v2.0".to_owned(), "common", false),
            ("https://login.example/{tenantid}/v1.0".to_owned(), "common", false),
            ("https://login.example/{tenantid}/{tenantid}".to_owned(), "common", false),
            ("https://login.example/{tenantid}".to_owned(), "common", false),
            ("https://login.example/x{tenantid}/v2.0".to_owned(), "common", false),
            (configured("{tenantid}/x"), "common", false),
        ] {
            assert_eq!(of(&discovered, &configured(tenant), &[]).is_some(), good, "{discovered} for {tenant}");
        }
    }

    #[test]
    fn iss_is_that_of_the_tenant_that_the_token_names() {
        let many = of("https://l.example/{tenantid}/v2.0", "https://l.example/common/v2.0", &[]).unwrap();
        let iss = |tenant: &str| format!("https://l.example/{tenant}/v2.0");
        assert_eq!(many.check(&iss(A), Some(A)), Ok(()));
        assert!(matches!(many.check(&iss(A), Some(B)), Err(IdTokenError::Issuer { .. })));
        assert!(matches!(many.check(&iss(A), None), Err(IdTokenError::TenantMissing { .. })));
        for tid in ["", "common", "../x", "{tenantid}", "11111111222233334444555555555555"] {
            assert!(matches!(many.check(&iss(tid), Some(tid)), Err(IdTokenError::TenantMissing { .. })), "{tid}");
        }
        assert!(many.fits(&iss(A)) && !many.fits(&iss("common")) && !many.fits("https://l.example"));
    }

    #[test]
    fn who_is_not_on_the_list_stays_out() {
        let upper = A.to_ascii_uppercase();
        for (discovered, configured) in [
            ("https://l.example/{tenantid}/v2.0", "https://l.example/common/v2.0"),
            ("https://l.example/11111111-2222-3333-4444-55555555bbbb/v2.0", "https://l.example/b.example/v2.0"),
        ] {
            let listed = of(discovered, configured, &[&upper]).unwrap();
            let iss = |tenant: &str| format!("https://l.example/{tenant}/v2.0");
            assert_eq!(listed.check(&iss(B), Some(B)), Err(IdTokenError::TenantNotAllowed { got: B.to_owned() }));
            assert_eq!(listed.check(&iss(A), Some(A)).is_ok(), listed.are_many());
            assert!(!listed.are_many() || !listed.fits(&iss(B)));
        }
    }
}
