//! How we prove at the token endpoint who we are (RFC 6749 §2.3, OpenID Connect Core §9).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use serde::{Deserialize, Serialize};

use crate::secret::ClientSecret;
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
    /// `none`: a public client; PKCE is the only proof.
    None,
}

impl ClientAuthentication {
    /// The name in the OAuth registry.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "client_secret_basic",
            Self::Post => "client_secret_post",
            Self::None => "none",
        }
    }

    /// Chooses the method: what the provider's card or the application says; else what the provider advertises, `basic`
    /// before `post`; else `basic`, the default of the standard. Without a secret it is `none`.
    ///
    /// # Errors
    /// [`NoCommonMethod`] when the provider advertises only methods that we cannot do.
    pub fn choose(
        configured: Option<Self>,
        advertised: Option<&[String]>,
        has_secret: bool,
    ) -> Result<Self, NoCommonMethod> {
        if let Some(method) = configured {
            return Ok(method);
        }
        if !has_secret {
            return Ok(Self::None);
        }
        let Some(advertised) = advertised else { return Ok(Self::Basic) };
        [Self::Basic, Self::Post]
            .into_iter()
            .find(|method| advertised.iter().any(|name| name == method.as_str()))
            .ok_or_else(|| NoCommonMethod { advertised: advertised.to_vec() })
    }

    /// The proof for a request: a header, or parameters.
    pub(crate) fn prove<'a>(self, id: &'a ClientId, secret: Option<&'a ClientSecret>) -> Proof<'a> {
        let secret = secret.map_or("", ClientSecret::expose);
        match self {
            Self::Basic => {
                let pair = format!("{}:{}", encode(id.as_str()), encode(secret));
                let mut header = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair))).ok();
                header.iter_mut().for_each(|header| header.set_sensitive(true));
                Proof { header, parameters: Vec::new() }
            }
            Self::Post => {
                Proof { header: None, parameters: vec![("client_id", id.as_str()), ("client_secret", secret)] }
            }
            Self::None => Proof { header: None, parameters: vec![("client_id", id.as_str())] },
        }
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
    "the provider offers only the client authentication methods {advertised:?}; client_secret_basic, client_secret_post and none are supported"
)]
pub struct NoCommonMethod {
    /// What the provider advertises.
    pub advertised: Vec<String>,
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
        let Proof { header, parameters } = ClientAuthentication::Basic.prove(&id, Some(&secret));
        let header = header.unwrap();
        let pair = STANDARD.decode(header.to_str().unwrap().strip_prefix("Basic ").unwrap()).unwrap();
        assert_eq!(pair, b"a%3Ab:p%2B%25%3A+%C3%A4");
        assert!(header.is_sensitive());
        assert_eq!(parameters, []);
    }

    #[test]
    fn the_advertised_method_wins_over_the_default() {
        use ClientAuthentication::{Basic, None as Public, Post};
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(ClientAuthentication::choose(None, None, true), Ok(Basic));
        assert_eq!(ClientAuthentication::choose(None, Some(&list(&["client_secret_post"])), true), Ok(Post));
        assert_eq!(
            ClientAuthentication::choose(
                None,
                Some(&list(&["none", "client_secret_post", "client_secret_basic"])),
                true
            ),
            Ok(Basic)
        );
        assert_eq!(ClientAuthentication::choose(Some(Post), Some(&list(&["client_secret_basic"])), true), Ok(Post));
        assert_eq!(ClientAuthentication::choose(None, Some(&list(&["client_secret_basic"])), false), Ok(Public));
        assert!(ClientAuthentication::choose(None, Some(&list(&["private_key_jwt"])), true).is_err());
    }
}
