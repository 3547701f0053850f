//! DPoP (RFC 9449): proofs, nonces, and the keys that tokens are bound to.

use http::{HeaderName, HeaderValue};

use crate::environment::Environment;
use crate::feature::Feature;
use crate::http_text::{Call, Response, with_header};
use crate::idp::Idp;
use crate::jws::{ASYMMETRIC, Jws, sha256, thumbprint};
use crate::memory::Binding;
use crate::random;

/// The request header that a proof stands in.
const PROOF: HeaderName = HeaderName::from_static("dpop");
const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// Seconds that a proof is good for, on both sides of now (§11.1).
const SECONDS: i64 = 60;

/// Why a proof is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProofError {
    /// There is none.
    Missing,
    /// It needs a nonce of ours.
    Nonce,
    /// Something in it is wrong.
    Invalid(&'static str),
}

/// Who proves what with a call to the token or PAR endpoint: a key, a certificate, or nothing.
pub(crate) fn binding(idp: &Idp, environment: &Environment, call: &Call) -> Result<Option<Binding>, ProofError> {
    if environment.has(Feature::Dpop) && call.headers.contains_key(PROOF) {
        return verify(idp, environment, call, None).map(|jkt| Some(Binding::Jkt(jkt)));
    }
    let certificate = call.certificate.clone().filter(|_| environment.has(Feature::MutualTls));
    Ok(certificate.map(Binding::Certificate))
}

/// Checks the call's proof (§4.3); the thumbprint of its key.
pub(crate) fn verify(
    idp: &Idp,
    environment: &Environment,
    call: &Call,
    access_token: Option<&str>,
) -> Result<String, ProofError> {
    use ProofError::Invalid;
    let mut proofs = call.headers.get_all(PROOF).iter();
    let (Some(text), None) = (proofs.next(), proofs.next()) else {
        let several = call.headers.contains_key(PROOF);
        return Err(if several { Invalid("there is more than one DPoP proof") } else { ProofError::Missing });
    };
    let jws = text.to_str().ok().and_then(Jws::parse).ok_or(Invalid("the DPoP proof is not a JWT"))?;
    if jws.header.get("typ").and_then(|typ| typ.as_str()) != Some("dpop+jwt") {
        return Err(Invalid("typ of the DPoP proof is not dpop+jwt"));
    }
    if !ASYMMETRIC.contains(&jws.alg()) {
        return Err(Invalid("alg of the DPoP proof is not one of those announced"));
    }
    let jwk = jws.header.get("jwk").ok_or(Invalid("the DPoP proof has no jwk"))?;
    let jkt = thumbprint(jwk).ok_or(Invalid("jwk of the DPoP proof is not a public key"))?;
    if !jws.is_signed_by(jwk) {
        return Err(Invalid("the signature of the DPoP proof does not verify"));
    }
    if jws.text("htm") != Some(call.method.as_str()) {
        return Err(Invalid("htm is not the method of the request"));
    }
    if jws.text("htu") != Some(url(environment, call).as_str()) {
        return Err(Invalid("htu is not the URL of the request without query and fragment"));
    }
    let now = idp.now();
    let issued = jws.seconds("iat").ok_or(Invalid("the DPoP proof has no iat"))?;
    if now.abs_diff(issued) > SECONDS.unsigned_abs() {
        return Err(Invalid("the DPoP proof was not made now"));
    }
    let hash = jws.text("ath");
    if access_token.map(|token| sha256(token.as_bytes())).as_deref() != hash {
        return Err(Invalid("ath is not the hash of the access token"));
    }
    let jti = jws.text("jti").filter(|jti| !jti.is_empty()).ok_or(Invalid("the DPoP proof has no jti"))?;
    let mut memory = idp.memory();
    if environment.has(Feature::DpopNonce)
        && jws.text("nonce").is_none_or(|nonce| memory.dpop_nonces.get(now, nonce).is_none())
    {
        return Err(ProofError::Nonce);
    }
    if !memory.is_new(now, format!("proof {jkt} {jti}"), 2 * SECONDS + 1) {
        return Err(Invalid("the DPoP proof was used already"));
    }
    Ok(jkt)
}

/// The issuer's origin with the path that was asked for: scheme and host of the request may be a proxy's.
fn url(environment: &Environment, call: &Call) -> String {
    let origin = environment.issuer.strip_suffix(&environment.base_path).unwrap_or(&environment.issuer);
    format!("{origin}{}", call.path)
}

/// A fresh nonce for a caller that uses DPoP (§8.2).
pub(crate) fn with_nonce(idp: &Idp, call: &Call, response: Response) -> Response {
    if !idp.environment().has(Feature::DpopNonce) || !call.headers.contains_key(PROOF) {
        return response;
    }
    let Ok(nonce) = random::secret() else { return response };
    let Ok(value) = HeaderValue::from_str(&nonce) else { return response };
    idp.memory().dpop_nonces.put(idp.now(), nonce, ());
    with_header(response, NONCE, value)
}
