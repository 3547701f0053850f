//! The ID token that comes with a refresh (OpenID Connect Core §12.2): it must be about the same sign-in as the first.

use serde_json::{Map, Value};

use crate::claims::{LEEWAY, seconds};
use crate::id_token::IdToken;

/// Claims of the first ID token that later ones are compared with.
const COMPARED: [&str; 5] = ["iss", "sub", "nonce", "auth_time", "iat"];

/// The ID token of a refresh is about another sign-in: somebody else's, or one that we know nothing of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} of the ID token that came with a refresh is not that of the sign-in")]
pub struct AnotherSignIn(pub &'static str);

/// Of the claims of the first ID token, those that must be remembered for comparing later ones with it.
#[must_use]
pub fn remembered(first: &Map<String, Value>) -> Map<String, Value> {
    COMPARED.iter().filter_map(|name| Some(((*name).to_owned(), first.get(*name)?.clone()))).collect()
}

/// Compares a verified ID token that came with a refresh with the first one of the session: the same `iss` and `sub`; the
/// same `auth_time`, if there is one; and no other `nonce`. That `aud` names us, the verification has seen.
///
/// # Errors
/// [`AnotherSignIn`] with the claim.
pub fn check(first: &Map<String, Value>, refreshed: &IdToken) -> Result<(), AnotherSignIn> {
    let text = |name: &str| first.get(name).and_then(Value::as_str);
    if text("iss") != Some(refreshed.issuer()) {
        return Err(AnotherSignIn("iss"));
    }
    if text("sub") != Some(refreshed.subject().as_str()) {
        return Err(AnotherSignIn("sub"));
    }
    if refreshed.claims().get("nonce").is_some_and(|nonce| first.get("nonce") != Some(nonce)) {
        return Err(AnotherSignIn("nonce"));
    }
    let at = |claims, name| seconds(claims, name).ok().flatten();
    match (at(first, "auth_time"), at(refreshed.claims(), "auth_time")) {
        (_, None) => Ok(()),
        (Some(first), Some(other)) if first == other => Ok(()),
        // Where the first one did not say when it was, it was before that was issued.
        (None, Some(other)) if at(first, "iat").is_some_and(|iat| other <= iat.saturating_add(LEEWAY)) => Ok(()),
        _ => Err(AnotherSignIn("auth_time")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id_token::{Expected, verify};
    use crate::jose::alg::SignatureAlgorithm;
    use crate::jose::jwk::JwkSet;
    use crate::jose::sign::SigningKey;
    use crate::secret::RawIdToken;
    use crate::word::{ClientId, Issuer};
    use serde_json::json;

    const NOW: i64 = 1_000_000;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    /// A verified token, with these claims beside or in place of the usual ones.
    fn id_token(claims: Value) -> IdToken {
        let key = SigningKey::generate().unwrap();
        let mut all = object(json!({
            "iss": "https://op.example", "sub": "ada", "aud": "app", "exp": NOW + 300, "iat": NOW, "auth_time": 100,
        }));
        all.extend(object(claims));
        all.retain(|_, value| !value.is_null());
        let token = RawIdToken::new(key.sign(SignatureAlgorithm::ES256, Map::new(), &all).unwrap());
        let keys = JwkSet::parse(json!({ "keys": [key.published_jwk()] }).to_string().as_bytes()).unwrap();
        let issuer = Issuer::parse(all["iss"].as_str().unwrap()).unwrap();
        let expected = Expected {
            issuer: &issuer,
            client_id: &ClientId::parse("app").unwrap(),
            tenants: None,
            sole_audience: false,
            nonce: None,
            access_token: None,
            code: None,
            max_age: None,
            algorithms: &["ES256".to_owned()],
            now: NOW,
        };
        verify(&token, &keys, &expected).unwrap()
    }

    #[test]
    fn a_refresh_is_about_the_same_sign_in() {
        let first = json!({ "iss": "https://op.example", "sub": "ada", "nonce": "n", "auth_time": 100, "iat": 110, "name": "Ada" });
        let first = remembered(&object(first));
        assert!(!first.contains_key("name"));
        for (claims, wrong) in [
            (json!({}), None),
            (json!({ "nonce": "n" }), None),
            (json!({ "auth_time": null }), None),
            (json!({ "iss": "https://op.example/" }), Some("iss")),
            (json!({ "sub": "eve" }), Some("sub")),
            (json!({ "nonce": "m" }), Some("nonce")),
            (json!({ "auth_time": 101 }), Some("auth_time")),
        ] {
            assert_eq!(check(&first, &id_token(claims.clone())).err(), wrong.map(AnotherSignIn), "{claims}");
        }
    }

    #[test]
    fn what_the_first_one_did_not_say_is_not_made_up_later() {
        let first = object(json!({ "iss": "https://op.example", "sub": "ada", "iat": 110 }));
        for (claims, wrong) in [
            (json!({ "auth_time": 90 }), None),
            (json!({ "auth_time": 110 + LEEWAY + 1 }), Some("auth_time")),
            (json!({ "nonce": "n" }), Some("nonce")),
        ] {
            assert_eq!(check(&first, &id_token(claims.clone())).err(), wrong.map(AnotherSignIn), "{claims}");
        }
        assert_eq!(check(&Map::new(), &id_token(json!({}))), Err(AnotherSignIn("iss")), "nothing to compare with");
    }
}
