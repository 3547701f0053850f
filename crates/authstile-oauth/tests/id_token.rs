//! ID tokens: every algorithm that a provider may sign with, every rule of OpenID Connect Core §3.1.3.7 broken alone, and
//! the borders of what is tolerated.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "in tests a panic is a failure"
)]

use std::sync::OnceLock;

use authstile_oauth::id_token::{self, IdToken, IdTokenError, LEEWAY};
use authstile_oauth::jose::jwk::{JwkSet, KeyError};
use authstile_oauth::jose::jws::SignatureError;
use authstile_oauth::secret::{AccessToken, RawIdToken};
use authstile_oauth::word::{ClientId, Issuer, Nonce};
use aws_lc_rs::digest::{self, digest};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

const NOW: i64 = 1_767_225_600;
const ISSUER: &str = "https://op.example";
const CLIENT: &str = "client-1";
const NONCE: &str = "n-0S6_WzA2Mj";
const ACCESS_TOKEN: &str = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
const CODE: &str = "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk";

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn rsa() -> &'static RsaKeyPair {
    static KEY: OnceLock<RsaKeyPair> = OnceLock::new();
    KEY.get_or_init(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
}

/// `n` and `e` of a public key as PKCS #1 writes it: a sequence of two integers.
fn modulus_and_exponent(der: &[u8]) -> (Vec<u8>, Vec<u8>) {
    fn next(der: &[u8]) -> (&[u8], &[u8]) {
        let (length, at) = match der[1] {
            short @ 0..=127 => (usize::from(short), 2),
            long => {
                let digits = usize::from(long & 0x7f);
                (der[2..2 + digits].iter().fold(0, |n, digit| n << 8 | usize::from(*digit)), 2 + digits)
            }
        };
        (&der[at..at + length], &der[at + length..])
    }
    let (sequence, _) = next(der);
    let (n, rest) = next(sequence);
    (n.to_vec(), next(rest).0.to_vec())
}

/// One of the provider's keys, and how it signs.
enum Key {
    Rsa(&'static dyn RsaEncoding),
    Ec(&'static str, EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl Key {
    fn ec(curve: &'static str, algorithm: &'static EcdsaSigningAlgorithm) -> Self {
        Self::Ec(curve, EcdsaKeyPair::generate(algorithm).unwrap())
    }

    fn ed() -> Self {
        Self::Ed(Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap())
    }

    fn jwk(&self) -> Value {
        match self {
            Self::Rsa(_) => {
                let (n, e) = modulus_and_exponent(rsa().public_key().as_ref());
                json!({"kty": "RSA", "n": encode(n), "e": encode(e)})
            }
            Self::Ec(curve, key) => {
                let (x, y) = key.public_key().as_ref()[1..].split_at((key.public_key().as_ref().len() - 1) / 2);
                json!({"kty": "EC", "crv": curve, "x": encode(x), "y": encode(y)})
            }
            Self::Ed(key) => json!({"kty": "OKP", "crv": "Ed25519", "x": encode(key.public_key())}),
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Rsa(encoding) => {
                let mut signature = vec![0; rsa().public_modulus_len()];
                rsa().sign(*encoding, &SystemRandom::new(), message, &mut signature).unwrap();
                signature
            }
            Self::Ec(_, key) => key.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec(),
            Self::Ed(key) => key.sign(message).as_ref().to_vec(),
        }
    }

    fn token(&self, header: &Value, claims: &Value) -> String {
        let input = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        format!("{input}.{}", encode(self.sign(input.as_bytes())))
    }
}

fn half(algorithm: &'static digest::Algorithm, text: &str) -> String {
    let hash = digest(algorithm, text.as_bytes());
    encode(&hash.as_ref()[..hash.as_ref().len() / 2])
}

fn good() -> Value {
    json!({
        "iss": ISSUER, "aud": CLIENT, "sub": "user-1", "iat": NOW, "exp": NOW + 3600, "nonce": NONCE,
        "email": "ada@example.com", "email_verified": true,
    })
}

/// The claims with one of them changed; `null` takes it away.
fn with(name: &str, value: Value) -> Value {
    let mut claims = good();
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(name);
    } else {
        claims[name] = value;
    }
    claims
}

fn verify(token: &str, keys: &Value, algorithms: &[&str]) -> Result<IdToken, IdTokenError> {
    verify_recent(token, keys, algorithms, None)
}

/// The same where `max_age` was asked.
fn verify_recent(
    token: &str,
    keys: &Value,
    algorithms: &[&str],
    max_age: Option<i64>,
) -> Result<IdToken, IdTokenError> {
    let algorithms: Vec<String> = algorithms.iter().map(|name| (*name).to_owned()).collect();
    let expected = id_token::Expected {
        issuer: &Issuer::parse(ISSUER).unwrap(),
        client_id: &ClientId::parse(CLIENT).unwrap(),
        nonce: Some(&Nonce::from_text(NONCE)),
        tenants: None,
        sole_audience: false,
        access_token: Some(&AccessToken::new(ACCESS_TOKEN)),
        code: Some(CODE),
        max_age,
        algorithms: &algorithms,
        now: NOW,
    };
    let keys = JwkSet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap();
    id_token::verify(&RawIdToken::new(token), &keys, &expected)
}

/// The verdict on claims that are signed as they should be.
fn verdict(claims: &Value) -> Result<IdToken, IdTokenError> {
    let key = Key::ed();
    verify(&key.token(&json!({"alg": "EdDSA"}), claims), &json!([key.jwk()]), &["EdDSA"])
}

#[test]
fn every_family_of_signatures_is_verified_with_the_hash_that_belongs_to_it() {
    let (s256, s384, s512) = (&digest::SHA256, &digest::SHA384, &digest::SHA512);
    for (name, key, hash) in [
        ("RS256", Key::Rsa(&RSA_PKCS1_SHA256), s256),
        ("RS384", Key::Rsa(&RSA_PKCS1_SHA384), s384),
        ("RS512", Key::Rsa(&RSA_PKCS1_SHA512), s512),
        ("PS256", Key::Rsa(&RSA_PSS_SHA256), s256),
        ("PS384", Key::Rsa(&RSA_PSS_SHA384), s384),
        ("PS512", Key::Rsa(&RSA_PSS_SHA512), s512),
        ("ES256", Key::ec("P-256", &ECDSA_P256_SHA256_FIXED_SIGNING), s256),
        ("ES384", Key::ec("P-384", &ECDSA_P384_SHA384_FIXED_SIGNING), s384),
        ("ES512", Key::ec("P-521", &ECDSA_P521_SHA512_FIXED_SIGNING), s512),
        ("EdDSA", Key::ed(), s512),
        ("Ed25519", Key::ed(), s512),
    ] {
        let mut claims = good();
        claims["at_hash"] = half(hash, ACCESS_TOKEN).into();
        claims["c_hash"] = half(hash, CODE).into();
        let token = key.token(&json!({"alg": name}), &claims);
        let keys = json!([key.jwk()]);
        let id_token = verify(&token, &keys, &[name]).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(id_token.subject().as_str(), "user-1");

        // The hash of another token, or made with another function, is not its hash.
        let wrong = if std::ptr::eq(hash, s256) { s512 } else { s256 };
        for (claim, value) in [
            ("at_hash", half(hash, "another")),
            ("c_hash", half(hash, "another")),
            ("at_hash", half(wrong, ACCESS_TOKEN)),
        ] {
            let mut claims = claims.clone();
            claims[claim] = value.into();
            let token = key.token(&json!({"alg": name}), &claims);
            assert!(
                matches!(verify(&token, &keys, &[name]), Err(IdTokenError::Hash(bad)) if bad == claim),
                "{name}: {claim}"
            );
        }

        // What is not advertised is not accepted, and a changed token is not the signed one.
        let others: Vec<&str> = ["RS256", "ES256", "PS384"].into_iter().filter(|other| *other != name).collect();
        assert!(
            matches!(
                verify(&token, &keys, &others),
                Err(IdTokenError::Signature(SignatureError::UnadvertisedAlgorithm { .. }))
            ),
            "{name}"
        );
        let parts: Vec<&str> = token.split('.').collect();
        let forged = encode(with("sub", json!("admin")).to_string());
        let forged = format!("{}.{forged}.{}", parts[0], parts[2]);
        assert_eq!(
            verify(&forged, &keys, &[name]).unwrap_err(),
            IdTokenError::Signature(SignatureError::BadSignature),
            "{name}"
        );
        for cut in ["", "AA", &parts[2][..parts[2].len() - 4]] {
            let token = format!("{}.{}.{cut}", parts[0], parts[1]);
            assert!(verify(&token, &keys, &[name]).is_err(), "{name}: {cut:?}");
        }
    }
}

// Advisories: GHSA-9h47, alg confusion.
#[test]
fn no_algorithm_is_talked_into_another() {
    let key = Key::Rsa(&RSA_PKCS1_SHA256);
    let keys = json!([key.jwk()]);
    // Even a provider that advertises them gets none of these.
    for name in ["none", "None", "nOnE", "NONE", "", "HS256", "HS384", "HS512", "rs256", "RS256 ", "RSA1_5", "A256KW"] {
        for advertised in [&[name][..], &["RS256"], &[name, "RS256"]] {
            let token = key.token(&json!({ "alg": name }), &good());
            let unsigned = format!("{}.", token.rsplit_once('.').unwrap().0);
            for token in [token, unsigned] {
                let error = verify(&token, &keys, advertised).unwrap_err();
                assert!(
                    matches!(error, IdTokenError::Signature(SignatureError::ForbiddenAlgorithm(_))),
                    "{name}: {error}"
                );
            }
        }
    }
    // HMAC with what everybody can read as its key.
    let jwk = key.jwk();
    for secret in [rsa().public_key().as_ref(), jwk["n"].as_str().unwrap().as_bytes(), jwk.to_string().as_bytes(), b""]
    {
        let input = format!("{}.{}", encode(json!({"alg": "HS256"}).to_string()), encode(good().to_string()));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), input.as_bytes());
        assert!(verify(&format!("{input}.{}", encode(tag)), &keys, &["HS256", "RS256"]).is_err());
    }
}

#[test]
fn a_key_is_used_only_for_what_it_is_for() {
    let rsa = Key::Rsa(&RSA_PKCS1_SHA256);
    let p256 = Key::ec("P-256", &ECDSA_P256_SHA256_FIXED_SIGNING);
    let changed = |key: &Key, name: &str, value: Value| {
        let mut jwk = key.jwk();
        jwk[name] = value;
        json!([jwk])
    };
    let token = |key: &Key, alg: &str| key.token(&json!({"alg": alg, "kid": "1"}), &good());
    let is_wrong_kind = |outcome: Result<IdToken, IdTokenError>| {
        matches!(outcome, Err(IdTokenError::Signature(SignatureError::Key(KeyError::WrongKind { .. }))))
    };
    let named = |key: &Key, name: &str, value: Value| {
        let mut keys = changed(key, name, value);
        keys[0]["kid"] = "1".into();
        keys
    };
    assert!(verify(&token(&rsa, "RS256"), &named(&rsa, "alg", json!("RS256")), &["RS256"]).is_ok());
    assert!(is_wrong_kind(verify(&token(&rsa, "RS256"), &named(&rsa, "alg", json!("RS512")), &["RS256"])));
    assert!(is_wrong_kind(verify(&token(&rsa, "RS256"), &named(&p256, "alg", Value::Null), &["RS256"])));
    let p384 = Key::ec("P-384", &ECDSA_P384_SHA384_FIXED_SIGNING);
    assert!(
        is_wrong_kind(verify(&token(&p384, "ES256"), &named(&p384, "alg", Value::Null), &["ES256"])),
        "a curve belongs to an algorithm"
    );

    // Keys that are for something else are as good as not there.
    for (name, value) in
        [("use", json!("enc")), ("key_ops", json!(["encrypt"])), ("kty", json!("oct")), ("n", json!("***"))]
    {
        let outcome = verify(&token(&rsa, "RS256"), &named(&rsa, name, value), &["RS256"]);
        assert!(
            matches!(outcome, Err(IdTokenError::Signature(SignatureError::Key(KeyError::UnknownKid { known: 0, .. })))),
            "{name}: {outcome:?}"
        );
    }
    for (name, value) in [("use", json!("sig")), ("key_ops", json!(["verify"])), ("x5c", json!(["junk"]))] {
        assert!(verify(&token(&rsa, "RS256"), &named(&rsa, name, value), &["RS256"]).is_ok(), "{name}");
    }

    // One broken key does not spoil the others; a token without a `kid` tries all that fit.
    let keys = json!([{"kty": "RSA"}, {"kty": "what"}, 7, p256.jwk(), rsa.jwk()]);
    assert!(verify(&rsa.token(&json!({"alg": "RS256"}), &good()), &keys, &["RS256"]).is_ok());
    let outcome = verify(&token(&rsa, "RS256"), &keys, &["RS256"]);
    assert!(
        matches!(outcome, Err(IdTokenError::Signature(SignatureError::Key(KeyError::UnknownKid { known: 2, .. })))),
        "{outcome:?}"
    );
}

#[test]
fn a_short_rsa_key_is_refused_whatever_it_signed() {
    let modulus = [&[0xff_u8][..], &[0; 127]].concat();
    for (bytes, bits) in [(&modulus[..], 1024), (&modulus[..64], 512)] {
        let keys = json!([{"kty": "RSA", "n": encode(bytes), "e": "AQAB"}]);
        let token = Key::Rsa(&RSA_PKCS1_SHA256).token(&json!({"alg": "RS256"}), &good());
        let error = verify(&token, &keys, &["RS256"]).unwrap_err();
        assert_eq!(error, IdTokenError::Signature(SignatureError::Key(KeyError::TooShort { kid: None, bits })));
    }
    // Nor do leading zeros make it longer.
    let padded = [&[0; 200][..], &modulus].concat();
    let keys = json!([{"kty": "RSA", "n": encode(padded), "e": "AQAB"}]);
    let token = Key::Rsa(&RSA_PKCS1_SHA256).token(&json!({"alg": "RS256"}), &good());
    assert!(matches!(
        verify(&token, &keys, &["RS256"]),
        Err(IdTokenError::Signature(SignatureError::Key(KeyError::TooShort { bits: 1024, .. })))
    ));
}

#[test]
fn what_is_no_signed_token_is_refused_without_a_panic() {
    let key = Key::ed();
    let keys = json!([key.jwk()]);
    let token = key.token(&json!({"alg": "EdDSA"}), &good());
    let parts: Vec<&str> = token.split('.').collect();
    let header = |text: &str| format!("{}.{}.{}", encode(text), parts[1], parts[2]);
    for bad in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        "a.b".to_owned(),
        parts[..2].join("."),
        format!("{token}."),
        format!("{token}.x"),
        format!("{token}="),
        format!(" {token}"),
        format!("{token}\n"),
        token.replace('.', " . "),
        header(""),
        header("[]"),
        header("{}"),
        header("null"),
        header(r#"{"alg":7}"#),
        header(r#"{"alg":"EdDSA""#),
        header(r#"{"alg":"EdDSA","crit":["exp"]}"#),
        header(r#"{"alg":"EdDSA","crit":[]}"#),
        header(r#"{"alg":"EdDSA","kid":7}"#),
        format!("{}.{}.{}", parts[0], "!", parts[2]),
        format!("{}.{}.{}", parts[0], "A".repeat(70_000), parts[2]),
        "\u{0}.\u{0}.\u{0}".to_owned(),
        "ä.ö.ü".to_owned(),
    ] {
        let error = verify(&bad, &keys, &["EdDSA"]).unwrap_err();
        assert!(matches!(error, IdTokenError::Signature(_)), "{bad:.80}: {error}");
    }
    // Signed, but nothing that could be claims.
    for payload in ["", "[]", "null", "7", "\"x\"", "{", "\u{feff}{}"] {
        let input = format!("{}.{}", parts[0], encode(payload));
        let token = format!("{input}.{}", encode(key.sign(input.as_bytes())));
        assert_eq!(verify(&token, &keys, &["EdDSA"]).unwrap_err(), IdTokenError::NotAnObject, "{payload}");
    }
}

// Advisories: CVE-2026-28512, CVE-2026-28513.
#[test]
fn each_rule_is_kept_by_itself() {
    use IdTokenError as E;
    assert!(verdict(&good()).is_ok());
    for name in ["iss", "aud", "sub", "iat", "exp", "nonce"] {
        assert_eq!(verdict(&with(name, Value::Null)).unwrap_err(), E::Missing(name));
    }
    for (name, values) in [
        (
            "iss",
            &[
                json!("https://op.example/"),
                json!("https://OP.example"),
                json!("http://op.example"),
                json!(""),
                json!("https://op.example.evil.example"),
            ][..],
        ),
        (
            "aud",
            &[
                json!("client-2"),
                json!(""),
                json!([]),
                json!(["client-2"]),
                json!("client-1 client-2"),
                json!("CLIENT-1"),
                json!(["client-11"]),
            ],
        ),
        ("nonce", &[json!(""), json!("n-0S6_WzA2M"), json!("n-0S6_WzA2Mj1"), json!("N-0S6_WZA2MJ")]),
        ("azp", &[json!("client-2"), json!(""), json!("client-1 ")]),
    ] {
        for value in values {
            let error = verdict(&with(name, value.clone())).unwrap_err();
            let fits = match name {
                "iss" => matches!(error, E::Issuer { .. }),
                "aud" => matches!(error, E::Audience { .. }),
                "nonce" => matches!(error, E::Nonce),
                _ => matches!(error, E::AuthorizedParty { .. }),
            };
            assert!(fits, "{name} = {value}: {error}");
        }
    }
    for audience in [json!("client-1"), json!(["client-1"])] {
        assert!(verdict(&with("aud", audience)).is_ok());
    }
    // Several audiences: only with an authorized party, and it is us.
    let several = with("aud", json!(["client-1", "client-2"]));
    assert!(matches!(verdict(&several), Err(E::AuthorizedParty { got: None, .. })));
    for (party, good) in [("client-1", true), ("client-2", false)] {
        let mut claims = several.clone();
        claims["azp"] = party.into();
        assert_eq!(verdict(&claims).is_ok(), good, "{party}");
    }
}

// OpenID Connect Core §3.1.3.7, rule 3.
#[test]
fn where_we_must_be_the_only_audience_nobody_vouches_for_others() {
    let (key, issuer, client_id) = (Key::ed(), Issuer::parse(ISSUER).unwrap(), ClientId::parse(CLIENT).unwrap());
    let expected = id_token::Expected {
        issuer: &issuer,
        client_id: &client_id,
        nonce: None,
        tenants: None,
        sole_audience: true,
        access_token: None,
        code: None,
        max_age: None,
        algorithms: &["EdDSA".to_owned()],
        now: NOW,
    };
    let keys = JwkSet::parse(json!({ "keys": [key.jwk()] }).to_string().as_bytes()).unwrap();
    for (audience, good) in [
        (json!(CLIENT), true),
        (json!([CLIENT]), true),
        (json!([CLIENT, CLIENT]), true),
        (json!([CLIENT, "client-2"]), false),
        (json!(["client-2", CLIENT]), false),
    ] {
        let mut claims = with("aud", audience.clone());
        claims["azp"] = CLIENT.into();
        let token = RawIdToken::new(key.token(&json!({"alg": "EdDSA"}), &claims));
        match id_token::verify(&token, &keys, &expected) {
            Ok(_) => assert!(good, "{audience}"),
            Err(error) => assert!(!good && matches!(error, IdTokenError::OtherAudiences { .. }), "{audience}: {error}"),
        }
    }
}

// Advisories: CVE-2026-25537.
#[test]
fn who_was_to_sign_in_anew_did_not_long_ago() {
    use IdTokenError as E;
    let key = Key::ed();
    let verdict = |claims: &Value, max_age| {
        verify_recent(&key.token(&json!({"alg": "EdDSA"}), claims), &json!([key.jwk()]), &["EdDSA"], max_age)
    };
    let at = |ago: i64| with("auth_time", json!(NOW - ago));
    assert_eq!(verdict(&good(), Some(0)).unwrap_err(), E::Missing("auth_time"));
    assert_eq!(verdict(&at(61), Some(0)).unwrap_err(), E::TooLongAgo { ago: 61, max_age: 0 });
    assert_eq!(verdict(&at(361), Some(300)).unwrap_err(), E::TooLongAgo { ago: 361, max_age: 300 });
    assert_eq!(verdict(&at(-61), Some(300)).unwrap_err(), E::NotYetValid { name: "auth_time", ahead: 61 });
    assert!(matches!(verdict(&with("auth_time", json!("now")), Some(0)), Err(E::WrongType { name: "auth_time", .. })));
    for (ago, max_age) in [(60, 0), (360, 300), (-60, 0), (0, 0), (7, i64::MAX)] {
        verdict(&at(ago), Some(max_age)).unwrap();
    }
    // Where it was not asked, it is only a piece of information.
    verdict(&at(1_000_000), None).unwrap();
}

// Advisories: CVE-2026-25537.
#[test]
fn claims_of_a_wrong_type_are_refused() {
    let wrong = [json!(7), json!(true), json!([]), json!({}), json!(["x"]), json!([7])];
    for name in [
        "iss",
        "sub",
        "nonce",
        "azp",
        "at_hash",
        "c_hash",
        "email",
        "name",
        "given_name",
        "family_name",
        "preferred_username",
        "picture",
        "sid",
        "acr",
    ] {
        for value in &wrong {
            let error = verdict(&with(name, value.clone())).unwrap_err();
            assert!(
                matches!(error, IdTokenError::WrongType { name: bad, .. } if bad == name),
                "{name} = {value}: {error}"
            );
        }
    }
    for (name, values) in [
        ("aud", &[json!(7), json!({}), json!([7]), json!(["client-1", 7]), json!([["client-1"]])][..]),
        ("exp", &[json!("1767229200"), json!({}), json!(true), json!([NOW])]),
        ("iat", &[json!("1767225600"), json!(false)]),
        ("nbf", &[json!("1767225600"), json!([])]),
        ("auth_time", &[json!("1767225600")]),
        ("email_verified", &[json!("yes"), json!(1), json!("True"), json!("")]),
        ("amr", &[json!("pwd"), json!([7]), json!({})]),
        ("sub", &[json!(""), json!("a\u{0}b"), json!("a\nb")]),
    ] {
        for value in values {
            let error = verdict(&with(name, value.clone())).unwrap_err();
            assert!(
                matches!(error, IdTokenError::WrongType { name: bad, .. } if bad == name),
                "{name} = {value}: {error}"
            );
        }
    }
    for (name, value) in [
        ("email_verified", json!("false")),
        ("email_verified", json!(false)),
        ("amr", json!(["pwd", "mfa"])),
        ("anything", json!({"a": [1]})),
    ] {
        assert!(verdict(&with(name, value.clone())).is_ok(), "{name} = {value}");
    }
}

#[test]
fn clocks_may_differ_by_a_minute_and_no_more() {
    use IdTokenError as E;
    for (name, at, good) in [
        ("exp", NOW - LEEWAY + 1, true),
        ("exp", NOW - LEEWAY, false),
        ("iat", NOW + LEEWAY, true),
        ("iat", NOW + LEEWAY + 1, false),
        ("nbf", NOW + LEEWAY, true),
        ("nbf", NOW + LEEWAY + 1, false),
        ("iat", NOW - 100_000, true),
        ("exp", i64::MAX, true),
        ("iat", i64::MIN, true),
        ("exp", i64::MIN, false),
        ("nbf", i64::MAX, false),
    ] {
        let outcome = verdict(&with(name, json!(at)));
        assert_eq!(outcome.is_ok(), good, "{name} = {at}: {outcome:?}");
        match outcome {
            Err(E::Expired(_)) => assert_eq!(name, "exp"),
            Err(E::NotYetValid { name: bad, .. }) => assert_eq!(bad, name),
            other => assert!(other.is_ok(), "{name} = {at}: {other:?}"),
        }
    }
    assert!(verdict(&with("exp", json!(NOW as f64 + 0.5))).is_ok(), "a fraction of a second is a number");
    assert!(verdict(&with("exp", json!(1e300))).is_ok());
    assert!(verdict(&with("exp", json!(-1e300))).is_err());
}

#[test]
fn hashes_may_be_absent_and_padded_but_not_shortened() {
    let right = half(&digest::SHA512, ACCESS_TOKEN);
    assert!(verdict(&with("at_hash", json!(right))).is_ok());
    assert!(verdict(&with("at_hash", json!(format!("{right}==")))).is_ok());
    for bad in ["", &right[..right.len() - 1], &right[..8], &format!("{right}A"), &right.to_lowercase()] {
        assert_eq!(verdict(&with("at_hash", json!(bad))).unwrap_err(), IdTokenError::Hash("at_hash"), "{bad}");
    }
}

#[test]
fn what_an_error_says_holds_no_token() {
    let key = Key::ed();
    let keys = json!([key.jwk()]);
    for claims in [
        with("nonce", json!("another-nonce")),
        with("at_hash", json!("another-hash")),
        with("iss", json!(["a"])),
        with("aud", json!("x".repeat(5000))),
    ] {
        let token = key.token(&json!({"alg": "EdDSA"}), &claims);
        let error = verify(&token, &keys, &["EdDSA"]).unwrap_err();
        let shown = format!("{error} {error:?}");
        for secret in [NONCE, ACCESS_TOKEN, CODE, "another-nonce", "another-hash", &token] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(shown.len() < 1500, "{} characters", shown.len());
    }
}
