//! Proofs that a token is ours (DPoP, RFC 9449): a token that is bound to a key is of no use to whoever steals it.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderName, Method, Response, StatusCode};
use serde_json::{Map, Value};
use url::Url;

use crate::jose::sign::{SigningKey, SigningKeyError};
use crate::secret::AccessToken;

/// The header that carries a proof (RFC 9449 §4.1).
pub const PROOF: HeaderName = HeaderName::from_static("dpop");

/// The header in which a server says what the next proof must repeat (RFC 9449 §8).
pub const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// The code with which a server asks for a proof with its nonce (RFC 9449 §8, §9).
const USE_NONCE: &str = "use_dpop_nonce";

/// Characters of a nonce beyond which it is not carried.
const NONCE_LENGTH: usize = 1024;

/// What one proof says; good for one request.
#[derive(Debug)]
pub struct Proof<'a> {
    /// The method of the request.
    pub method: &'a Method,
    /// Where it goes; neither query nor fragment comes into the proof.
    pub url: &'a Url,
    /// Its id, which no other proof has: at least 96 random bits (RFC 9449 §4.2).
    pub jti: &'a str,
    /// Now, in seconds since 1970.
    pub issued_at: i64,
    /// The access token that the request carries; `None` at the token endpoint.
    pub access_token: Option<&'a AccessToken>,
    /// What the server wants to see, if it said so.
    pub nonce: Option<&'a str>,
}

impl Proof<'_> {
    /// Signs the proof (RFC 9449 §4.2). Of the key only the public half is in it.
    ///
    /// # Errors
    /// When the cryptography fails.
    pub fn sign(&self, key: &SigningKey) -> Result<String, SigningKeyError> {
        let algorithm = key.choose(None).ok_or(SigningKeyError::Crypto)?;
        let mut header = Map::new();
        header.insert("typ".to_owned(), "dpop+jwt".into());
        header.insert("jwk".to_owned(), key.public_jwk());
        let mut target = self.url.clone();
        target.set_query(None);
        target.set_fragment(None);
        let mut claims = Map::new();
        claims.insert("jti".to_owned(), self.jti.into());
        claims.insert("htm".to_owned(), self.method.as_str().into());
        claims.insert("htu".to_owned(), target.as_str().into());
        claims.insert("iat".to_owned(), self.issued_at.into());
        if let Some(token) = self.access_token {
            let hash = digest(&SHA256, token.expose().as_bytes());
            claims.insert("ath".to_owned(), URL_SAFE_NO_PAD.encode(hash).into());
        }
        claims.extend(self.nonce.map(|nonce| ("nonce".to_owned(), nonce.into())));
        key.sign(algorithm, header, &claims)
    }
}

/// The nonce for the next proof, if an answer brings one, good or bad (RFC 9449 §8.2).
#[must_use]
pub fn nonce(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(NONCE).iter();
    let nonce = values.next()?.to_str().ok()?;
    let sound = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    let is_nonce = !nonce.is_empty() && nonce.len() <= NONCE_LENGTH && nonce.bytes().all(sound);
    (is_nonce && values.next().is_none()).then_some(nonce)
}

/// Whether an answer asks for the same request with a nonce in its proof: an authorization server does it in the body
/// (RFC 9449 §8), a resource server in `WWW-Authenticate` (§9).
#[must_use]
pub fn wants_nonce(answer: &Response<Bytes>) -> bool {
    let challenged = || answer.headers().get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
    let in_body = || {
        let body: Option<Value> = serde_json::from_slice(answer.body()).ok();
        body.is_some_and(|body| body.get("error").and_then(Value::as_str) == Some(USE_NONCE))
    };
    match answer.status() {
        StatusCode::UNAUTHORIZED => challenged().any(challenges) || in_body(),
        StatusCode::BAD_REQUEST => in_body(),
        _ => false,
    }
}

/// Whether one of the challenges (RFC 9110 §11.6.1) is DPoP's, whatever its case, with that error.
fn challenges(value: &str) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    let parts = value.split(|letter| {
        let was_escaped = std::mem::take(&mut escaped);
        match letter {
            '\\' if quoted => escaped = !was_escaped,
            '"' if !was_escaped => quoted = !quoted,
            ',' => return !quoted,
            _ => {}
        }
        false
    });
    let mut scheme = "";
    for part in parts.map(str::trim) {
        // `Scheme name=value` begins a challenge, `name=value` goes on with it.
        let parameter = match part.split_once(' ') {
            Some((first, rest)) if !first.contains('=') && !rest.trim_start().starts_with('=') => {
                scheme = first;
                rest
            }
            _ => part,
        };
        let Some((name, value)) = parameter.split_once('=') else {
            scheme = part;
            continue;
        };
        if scheme.eq_ignore_ascii_case("dpop")
            && name.trim().eq_ignore_ascii_case("error")
            && value.trim().trim_matches('"') == USE_NONCE
        {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::jwk::JwkSet;
    use crate::jose::jws;
    use serde_json::json;

    fn parts(proof: &str) -> (Value, Value) {
        let part = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        let mut parts = proof.split('.');
        (part(parts.next().unwrap()), part(parts.next().unwrap()))
    }

    #[test]
    fn a_proof_has_the_shape_of_rfc_9449() {
        let key = SigningKey::generate().unwrap();
        let url = Url::parse("https://resource.example.org/protectedresource?a=b#c").unwrap();
        // The token and its hash of RFC 9449 §7.1.
        let token = AccessToken::new("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU");
        let proof = Proof {
            method: &Method::GET,
            url: &url,
            jti: "e1j3V_bKic8-LAEB",
            issued_at: 1_562_262_618,
            access_token: Some(&token),
            nonce: Some("eyJ7S_zG.eyJH0-Z.HX4w-7v"),
        };
        let text = proof.sign(&key).unwrap();
        let (header, claims) = parts(&text);
        assert_eq!(header, json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": key.public_jwk() }));
        assert_eq!(header["jwk"].as_object().unwrap().keys().collect::<Vec<_>>(), ["crv", "kty", "x", "y"]);
        assert_eq!(
            claims,
            json!({
                "jti": "e1j3V_bKic8-LAEB",
                "htm": "GET",
                "htu": "https://resource.example.org/protectedresource",
                "iat": 1_562_262_618,
                "ath": "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo",
                "nonce": "eyJ7S_zG.eyJH0-Z.HX4w-7v",
            })
        );
        let keys = JwkSet::parse(json!({ "keys": [header["jwk"]] }).to_string().as_bytes()).unwrap();
        jws::verify(&text, &keys, &["ES256".to_owned()]).unwrap();
    }

    #[test]
    fn at_the_token_endpoint_there_is_neither_ath_nor_a_nonce_that_nobody_gave() {
        let url = Url::parse("https://op.example/token").unwrap();
        let proof = Proof { method: &Method::POST, url: &url, jti: "1", issued_at: 1, access_token: None, nonce: None };
        let (_, claims) = parts(&proof.sign(&SigningKey::generate().unwrap()).unwrap());
        assert_eq!(claims, json!({ "jti": "1", "htm": "POST", "htu": "https://op.example/token", "iat": 1 }));
    }

    fn answer(status: u16, challenges: &[&str], body: &str) -> Response<Bytes> {
        let mut answer = Response::builder().status(status);
        for challenge in challenges {
            answer = answer.header(WWW_AUTHENTICATE, *challenge);
        }
        answer.body(Bytes::from(body.to_owned())).unwrap()
    }

    #[test]
    fn who_wants_a_nonce_is_understood_and_nobody_else() {
        for (wanted, answer) in [
            (true, answer(400, &[], r#"{"error":"use_dpop_nonce"}"#)),
            (true, answer(401, &[], r#"{"error":"use_dpop_nonce"}"#)),
            (false, answer(200, &[], r#"{"error":"use_dpop_nonce"}"#)),
            (false, answer(400, &[], r#"{"error":"invalid_grant"}"#)),
            (true, answer(401, &[r#"DPoP error="use_dpop_nonce", error_description="a, \"b""#], "")),
            (true, answer(401, &["dpop Error=use_dpop_nonce"], "")),
            (true, answer(401, &["Bearer", r#"DPOP algs="ES256" , error = "use_dpop_nonce""#], "")),
            (true, answer(401, &[r#"Bearer realm="DPoP, x", error="invalid_token", DPoP error="use_dpop_nonce""#], "")),
            (true, answer(401, &[r#"Negotiate, DPoP error="use_dpop_nonce""#], "")),
            (false, answer(401, &[r#"Bearer error="use_dpop_nonce""#], "")),
            (false, answer(401, &[r#"Bearer realm="DPoP error=use_dpop_nonce""#], "")),
            (false, answer(401, &[r#"DPoP algs="ES256", Bearer error="use_dpop_nonce""#], "")),
            (false, answer(401, &[r#"DPoP error="invalid_token", error_description="use_dpop_nonce""#], "")),
            (false, answer(400, &[r#"DPoP error="use_dpop_nonce""#], "")),
        ] {
            assert_eq!(wants_nonce(&answer), wanted, "{answer:?}");
        }
    }

    #[test]
    fn a_nonce_is_one_word_that_a_proof_can_carry() {
        let long = "n".repeat(NONCE_LENGTH + 1);
        for (values, expected) in [
            (&["n-1"][..], Some("n-1")),
            (&[][..], None),
            (&[""][..], None),
            (&["a b"][..], None),
            (&["a\"b"][..], None),
            (&["a\\b"][..], None),
            (&["a", "b"][..], None),
            (&[long.as_str()][..], None),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(NONCE, value.parse().unwrap());
            }
            assert_eq!(nonce(&headers), expected, "{values:?}");
        }
    }
}
