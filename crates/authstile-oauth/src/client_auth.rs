//! How we prove at the token endpoint who we are (RFC 6749 §2.3, OpenID Connect Core §9, RFC 8705 §2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use serde::{Deserialize, Serialize};

use crate::client_assertion::ASSERTION_TYPE;
use crate::secret::{ClientAssertion, ClientSecret};
use crate::word::ClientId;

/// A client authentication method, by the names of the OAuth registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ClientAuthentication {
    /// `client_secret_basic`: HTTP Basic with form-urlencoded id and secret (RFC 6749 §2.3.1).
    #[serde(rename = "client_secret_basic")]
    Basic,
    /// `client_secret_post`: id and secret in the form body.
    #[serde(rename = "client_secret_post")]
    Post,
    /// `client_secret_jwt`: an assertion that is signed with the client secret (OpenID Connect Core §9).
    #[serde(rename = "client_secret_jwt")]
    SecretJwt,
    /// `private_key_jwt`: an assertion that is signed with a key of ours (OpenID Connect Core §9).
    PrivateKeyJwt,
    /// `tls_client_auth`: the certificate of the connection, issued by somebody whom the provider trusts (RFC 8705 §2.1).
    #[serde(rename = "tls_client_auth")]
    Tls,
    /// `self_signed_tls_client_auth`: the certificate of the connection, which the provider knows (RFC 8705 §2.2).
    #[serde(rename = "self_signed_tls_client_auth")]
    SelfSignedTls,
    /// `none`: a public client; PKCE is the only proof.
    None,
}

/// What we have that could prove who we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Credentials {
    /// Whether there is a client secret.
    pub secret: bool,
    /// Whether there is a private key.
    pub key: bool,
}

impl ClientAuthentication {
    /// The name in the OAuth registry.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "client_secret_basic",
            Self::Post => "client_secret_post",
            Self::SecretJwt => "client_secret_jwt",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::Tls => "tls_client_auth",
            Self::SelfSignedTls => "self_signed_tls_client_auth",
            Self::None => "none",
        }
    }

    /// Whether the certificate of the connection is the proof.
    #[must_use]
    pub fn is_tls(self) -> bool {
        matches!(self, Self::Tls | Self::SelfSignedTls)
    }

    /// Chooses the method: what the provider's card or the application says. Else `private_key_jwt` where we have a key,
    /// and the provider takes it or does not say what it takes. Else, with a secret, what the provider advertises: `basic`
    /// before `post` before `client_secret_jwt`; `basic`, the default of the standard, where it does not say. With nothing
    /// to prove it by it is `none`.
    ///
    /// # Errors
    /// [`NoCommonMethod`] when the provider advertises only methods that we cannot do.
    pub fn choose(
        configured: Option<Self>,
        advertised: Option<&[String]>,
        ours: Credentials,
    ) -> Result<Self, NoCommonMethod> {
        if let Some(method) = configured {
            return Ok(method);
        }
        let able: &[Self] = match ours {
            Credentials { secret: false, key: false } => return Ok(Self::None),
            Credentials { secret: true, key: false } => &[Self::Basic, Self::Post, Self::SecretJwt],
            Credentials { secret: false, key: true } => &[Self::PrivateKeyJwt],
            Credentials { secret: true, key: true } => &[Self::PrivateKeyJwt, Self::Basic, Self::Post, Self::SecretJwt],
        };
        let is_taken =
            |method: &Self| advertised.is_none_or(|advertised| advertised.iter().any(|name| name == method.as_str()));
        able.iter().copied().find(is_taken).ok_or_else(|| NoCommonMethod {
            advertised: advertised.unwrap_or_default().to_vec(),
            able: able.iter().map(|method| method.as_str()).collect(),
        })
    }

    /// The proof for a request: a header, or parameters. The methods of TLS name us, and leave the proof to the connection.
    pub(crate) fn prove<'a>(
        self,
        id: &'a ClientId,
        secret: Option<&'a ClientSecret>,
        assertion: Option<&'a ClientAssertion>,
    ) -> Proof<'a> {
        let secret = secret.map_or("", ClientSecret::expose);
        let id_alone = || vec![("client_id", id.as_str())];
        let (header, parameters) = match self {
            Self::Basic => {
                let pair = format!("{}:{}", encode(id.as_str()), encode(secret));
                let mut header = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair))).ok();
                header.iter_mut().for_each(|header| header.set_sensitive(true));
                (header, Vec::new())
            }
            Self::Post => (None, vec![("client_id", id.as_str()), ("client_secret", secret)]),
            // RFC 7521 §4.2.
            Self::SecretJwt | Self::PrivateKeyJwt => {
                let assertion = assertion.map_or("", ClientAssertion::expose);
                let mut parameters = id_alone();
                parameters.extend([("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion)]);
                (None, parameters)
            }
            Self::Tls | Self::SelfSignedTls | Self::None => (None, id_alone()),
        };
        Proof { header, parameters }
    }
}

/// What proves who we are.
pub(crate) struct Proof<'a> {
    pub(crate) header: Option<HeaderValue>,
    pub(crate) parameters: Vec<(&'static str, &'a str)>,
}

/// The provider advertises only client authentication methods that we cannot do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the provider offers only the client authentication methods {advertised:?}; with the credentials that we have, we can do {able:?} (private_key_jwt needs a private key, the methods of TLS need a client certificate and must be chosen)"
)]
pub struct NoCommonMethod {
    /// What the provider advertises.
    pub advertised: Vec<String>,
    /// What we could do with what we have.
    pub able: Vec<&'static str>,
}

/// Form-urlencodes one value, as RFC 6749 §2.3.1 asks for Basic (so `%`, `:` and `+` in a secret survive).
fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_encodes_id_and_secret_before_joining_them() {
        let (id, secret) = (ClientId::parse("a:b").unwrap(), ClientSecret::new("p+%: ä"));
        let Proof { header, parameters } = ClientAuthentication::Basic.prove(&id, Some(&secret), None);
        let header = header.unwrap();
        let pair = STANDARD.decode(header.to_str().unwrap().strip_prefix("Basic ").unwrap()).unwrap();
        assert_eq!(pair, b"a%3Ab:p%2B%25%3A+%C3%A4");
        assert!(header.is_sensitive());
        assert_eq!(parameters, []);
    }

    #[test]
    fn an_assertion_is_sent_without_the_secret_and_a_certificate_without_either() {
        use ClientAuthentication::{PrivateKeyJwt, SecretJwt, SelfSignedTls, Tls};
        let (id, secret) = (ClientId::parse("a").unwrap(), ClientSecret::new("hunter2"));
        let assertion = ClientAssertion::new("a.b.c");
        for method in [SecretJwt, PrivateKeyJwt, Tls, SelfSignedTls] {
            let proof = method.prove(&id, Some(&secret), Some(&assertion));
            assert!(proof.header.is_none());
            let mut expected = vec![("client_id", "a")];
            if !method.is_tls() {
                expected.extend([("client_assertion_type", ASSERTION_TYPE), ("client_assertion", "a.b.c")]);
            }
            assert_eq!(proof.parameters, expected, "{}", method.as_str());
        }
    }

    #[test]
    fn the_advertised_method_wins_over_the_default() {
        use ClientAuthentication::{Basic, None as Public, Post, PrivateKeyJwt, SecretJwt};
        let (secret, key) = (Credentials { secret: true, key: false }, Credentials { secret: false, key: true });
        let (both, nothing) = (Credentials { secret: true, key: true }, Credentials::default());
        let choose = |configured, names: Option<&[&str]>, ours| {
            let list: Option<Vec<String>> = names.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
            ClientAuthentication::choose(configured, list.as_deref(), ours).map_err(|error| error.to_string())
        };
        for (configured, advertised, ours, chosen) in [
            (None, None, secret, Basic),
            (None, Some(&["client_secret_post"][..]), secret, Post),
            (None, Some(&["none", "client_secret_post", "client_secret_basic"]), secret, Basic),
            (Some(Post), Some(&["client_secret_basic"]), secret, Post),
            (None, Some(&["client_secret_basic"]), nothing, Public),
            // Only where nothing else is taken, or somebody says so.
            (None, Some(&["client_secret_jwt", "client_secret_post"]), secret, Post),
            (None, Some(&["client_secret_jwt", "private_key_jwt"]), secret, SecretJwt),
            (Some(SecretJwt), None, secret, SecretJwt),
            // A key is the better proof.
            (None, None, key, PrivateKeyJwt),
            (None, None, both, PrivateKeyJwt),
            (None, Some(&["client_secret_basic", "private_key_jwt"]), both, PrivateKeyJwt),
            (None, Some(&["client_secret_basic"]), both, Basic),
        ] {
            assert_eq!(choose(configured, advertised, ours), Ok(chosen), "{advertised:?} {ours:?}");
        }
        assert!(choose(None, Some(&["private_key_jwt"]), secret).unwrap_err().contains("needs a private key"));
        // Who has a key and no secret does not become a public client.
        assert!(choose(None, Some(&["client_secret_basic", "none"]), key).is_err());
        assert!(choose(None, Some(&["tls_client_auth"]), both).is_err());
    }

    #[test]
    fn each_method_is_written_as_the_registry_names_it() {
        use ClientAuthentication::{Basic, None, Post, PrivateKeyJwt, SecretJwt, SelfSignedTls, Tls};
        for method in [Basic, Post, SecretJwt, PrivateKeyJwt, Tls, SelfSignedTls, None] {
            let written = serde_json::to_value(method).unwrap();
            assert_eq!(written, method.as_str());
            assert_eq!(serde_json::from_value::<ClientAuthentication>(written).unwrap(), method);
        }
    }
}
