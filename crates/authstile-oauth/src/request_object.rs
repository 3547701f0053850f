//! Signed request objects: what we ask, signed, so that a browser can neither change it nor ask in our name (RFC 9101).

use serde_json::{Map, Value};

use crate::jose::alg::SignatureAlgorithm;
use crate::jose::sign::{SigningKey, SigningKeyError};
use crate::word::{ClientId, Issuer};

/// Seconds that a request object is good: the browser is sent on at once.
pub const LIFETIME: i64 = 300;

/// `typ` of the header (RFC 9101 §10.8), which tells it from every other JWT that we sign.
pub const TYPE: &str = "oauth-authz-req+jwt";

/// Claims that belong to the JWT and not to the request. `sub` is left out altogether: with our client id in it a request
/// object would pass as a client assertion (RFC 9101 §10.8). A request object holds no other (§4).
const NOT_PARAMETERS: [&str; 9] = ["iss", "aud", "iat", "nbf", "exp", "jti", "sub", "request", "request_uri"];

/// What a request object says beside the request itself.
#[derive(Debug, Clone, Copy)]
pub struct RequestObject<'a> {
    /// Who asks: `iss`.
    pub client_id: &'a ClientId,
    /// Who is asked: `aud`.
    pub issuer: &'a Issuer,
    /// `jti`: unique among all that we ever make.
    pub id: &'a str,
    /// Now, in seconds since 1970.
    pub now: i64,
}

impl RequestObject<'_> {
    /// Signs all parameters of a request. Texts stay texts, `max_age` becomes a number and `claims` an object (OpenID
    /// Connect Core §6.1); what is repeated becomes a list.
    ///
    /// # Errors
    /// When the key cannot sign with that algorithm.
    pub fn sign(
        &self,
        parameters: &[(String, String)],
        key: &SigningKey,
        algorithm: SignatureAlgorithm,
    ) -> Result<String, SigningKeyError> {
        let mut claims = Map::from_iter([
            ("iss".to_owned(), self.client_id.as_str().into()),
            ("aud".to_owned(), self.issuer.as_str().into()),
            ("iat".to_owned(), self.now.into()),
            ("nbf".to_owned(), self.now.into()),
            ("exp".to_owned(), self.now.saturating_add(LIFETIME).into()),
            ("jti".to_owned(), self.id.into()),
        ]);
        for (name, text) in parameters.iter().filter(|(name, _)| !NOT_PARAMETERS.contains(&name.as_str())) {
            let value = value(name, text);
            match claims.get_mut(name) {
                None => drop(claims.insert(name.clone(), value)),
                Some(Value::Array(list)) => list.push(value),
                Some(first) => *first = Value::Array(vec![first.take(), value]),
            }
        }
        let header = [("typ".to_owned(), TYPE.into()), ("kid".to_owned(), key.kid().into())];
        key.sign(algorithm, Map::from_iter(header), &claims)
    }
}

fn value(name: &str, text: &str) -> Value {
    let typed = match name {
        "max_age" => text.parse::<u64>().ok().map(Value::from),
        "claims" => serde_json::from_str(text).ok().filter(Value::is_object),
        _ => None,
    };
    typed.unwrap_or_else(|| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::jwk::JwkSet;
    use crate::jose::jws;
    use serde_json::json;

    #[test]
    fn every_parameter_is_inside_and_nothing_that_belongs_to_the_jwt_can_be_asked_for() {
        let key = SigningKey::generate().unwrap();
        let (client_id, issuer) = (ClientId::parse("client").unwrap(), Issuer::parse("https://op.example").unwrap());
        let object = RequestObject { client_id: &client_id, issuer: &issuer, id: "once", now: 1_000 };
        let asked = [
            ("client_id", "client"),
            ("scope", "openid"),
            ("max_age", "60"),
            ("claims", r#"{"id_token":{"acr":null}}"#),
            ("resource", "https://a.example"),
            ("resource", "https://b.example"),
            ("resource", "https://c.example"),
            // A browser may bring further parameters.
            ("sub", "client"),
            ("aud", "https://evil.example"),
            ("exp", "9999999999"),
            ("request_uri", "https://evil.example"),
        ];
        let asked = asked.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let signed = object.sign(&asked, &key, SignatureAlgorithm::ES256).unwrap();
        let keys = JwkSet::parse(json!({ "keys": [key.published_jwk()] }).to_string().as_bytes()).unwrap();
        let verified = jws::verify(&signed, &keys, &["ES256".to_owned()]).unwrap();
        assert_eq!(verified.typ.as_deref(), Some("oauth-authz-req+jwt"));
        let expected = json!({
            "iss": "client", "aud": "https://op.example", "iat": 1_000, "nbf": 1_000, "exp": 1_300, "jti": "once",
            "client_id": "client", "scope": "openid", "max_age": 60, "claims": { "id_token": { "acr": null } },
            "resource": ["https://a.example", "https://b.example", "https://c.example"],
        });
        assert_eq!(serde_json::from_slice::<Value>(&verified.payload).unwrap(), expected);
    }
}
