//! The closed sets of words that cards are written in.

use serde::{Deserialize, Serialize};

use crate::record::{Field, Text, fields};

macro_rules! words {
    ($($(#[$meta:meta])* pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)* })*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum $name { $($(#[$doc])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word in TOML.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        fields!($name);
    )*};
}

words! {
    /// What a provider speaks.
    pub enum Protocol {
        /// OpenID Connect: an ID token says who it is.
        Oidc = "oidc",
        /// Plain OAuth 2.0: an API of the provider's says who it is.
        OAuth2 = "oauth2",
    }

    /// Where a provider stands among many: groups are shown in this order.
    pub enum Group {
        /// Identity platforms of companies.
        Enterprise = "enterprise",
        /// Accounts that nearly everybody has.
        Common = "common",
        /// For developers.
        Developer = "developer",
        /// Social networks and messengers.
        Social = "social",
        /// Tools for work.
        Work = "work",
        /// Games.
        Games = "games",
        /// Music, video, sport and reading.
        Media = "media",
        /// Shops and money.
        Commerce = "commerce",
        /// National identities.
        National = "national",
        /// Anything else.
        Other = "other",
    }

    /// How the issuer is compared.
    pub enum IssuerCheck {
        /// Byte for byte (OpenID Connect Discovery §4.3).
        Exact = "exact",
        /// The discovered issuer has `{tenantid}` where an ID token's `iss` has the value of its claim `tid`; both must
        /// fit. The option `tenants`, a list with commas, says who may come; without it, anybody of any tenant.
        TenantClaim = "tenant_claim",
    }

    /// How the code is bound to us (RFC 7636).
    pub enum Pkce {
        /// By a hash: the default, also where a provider ignores it.
        S256 = "s256",
        /// By the verifier itself: where the provider knows nothing else.
        Plain = "plain",
        /// Not at all: only where the provider breaks on it; `pkce_reason` says how.
        None = "none",
    }

    /// Whether a nonce is sent.
    pub enum NonceUse {
        /// It is, and the ID token must repeat it.
        Send = "send",
        /// It is not: plain OAuth, or a provider that breaks on it.
        Omit = "omit",
    }

    /// What ID tokens are signed with.
    pub enum IdTokenSignature {
        /// With the provider's keys, which it publishes, and an algorithm that it advertises.
        Keys = "keys",
        /// With HS256 and the client secret (OpenID Connect Core §10.1), and with nothing else.
        ClientSecret = "client_secret",
    }

    /// When a request is pushed to the provider, so that the browser carries only a reference to it (RFC 9126).
    pub enum PushedRequests {
        /// Where the provider requires it: the default.
        WhenRequired = "when_required",
        /// Where the provider has an endpoint for it.
        WhenOffered = "when_offered",
        /// Always: without an endpoint for it nobody signs in.
        Always = "always",
        /// Not even where the provider requires it.
        Never = "never",
    }

    /// How a request is written (RFC 9101).
    pub enum RequestObject {
        /// As parameters, unless the provider requires a signed request: the default.
        Plain = "plain",
        /// As a JWT that a key of ours signs, so that nobody on the way can change it.
        Signed = "signed",
    }

    /// Whom a client assertion is made for.
    pub enum AssertionAudience {
        /// The issuer (FAPI 2.0 Security Profile §5.3.3): the default. Plain OAuth without an issuer has its token
        /// endpoint in place of it.
        Issuer = "issuer",
        /// The address of the token endpoint (OpenID Connect Core §9): for older providers.
        TokenEndpoint = "token_endpoint",
    }

    /// How much is demanded of a provider, and of us.
    pub enum SecurityProfile {
        /// What OAuth 2.1 and OpenID Connect demand: the default.
        Standard = "standard",
        /// What the FAPI 2.0 Security Profile demands of clients: see [`Customize::fapi2`](crate::Customize::fapi2).
        Fapi2 = "fapi2",
    }

    /// Where the profile begins, before the userinfo requests fill it.
    pub enum ProfileSource {
        /// With the claims of the verified ID token.
        IdToken = "id_token",
        /// With nothing: the userinfo requests make it. With OpenID Connect, `sub` must equal the ID token's.
        UserInfo = "userinfo",
        /// With nothing, and it may stay so: the token answer says who it is.
        TokenAnswer = "token_answer",
    }

    /// The method of a userinfo request.
    pub enum Method {
        /// GET.
        Get = "get",
        /// POST, also with an empty body.
        Post = "post",
    }

    /// How parameters are sent to the token endpoint.
    pub enum Sent {
        /// POST, as a form (RFC 6749 §4.1.3).
        Form = "form",
        /// POST, as a JSON object of texts.
        Json = "json",
        /// GET, in the query.
        Query = "query",
    }

    /// What a userinfo endpoint answers.
    pub enum Answer {
        /// JSON.
        Json = "json",
        /// A JWT, signed with the provider's keys (OpenID Connect Core §5.3.2).
        Jwt = "jwt",
        /// A picture, which becomes a `data:` URI.
        Picture = "picture",
    }

    /// What happens when a userinfo request fails.
    pub enum OnError {
        /// Nobody is signed in.
        Fail = "fail",
        /// The profile stays as it was.
        Ignore = "ignore",
    }

    /// What an option's value is.
    pub enum OptionKind {
        /// Any text.
        Text = "text",
        /// Letters, digits, `-`, `_` and `.`: may stand in a host or a path.
        Name = "name",
        /// An `https` URL, or on loopback `http`.
        Url = "url",
        /// One of the values of its cases.
        Choice = "choice",
        /// Text that no log may see, such as a private key.
        Secret = "secret",
    }

    /// What is done about a slash at the end of a URL.
    pub enum TrailingSlash {
        /// Nothing.
        Keep = "keep",
        /// It is dropped.
        Strip = "strip",
        /// It is added where it is missing.
        Require = "require",
    }
}

impl Protocol {
    /// Auth.js's `type`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Oidc => "oidc",
            Self::OAuth2 => "oauth",
        }
    }
}

/// Where the access token stands in a userinfo request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenPlace {
    /// `Authorization: Bearer …` (RFC 6750 §2.1).
    Bearer,
    /// `Authorization`, with another scheme.
    Scheme(Text),
    /// In a header of this name, bare.
    Header(Text),
    /// In the query, under this name.
    Query(Text),
    /// In the form, under this name.
    Form(Text),
    /// Only where a template says `{access_token}`.
    Template,
}

/// The body of a userinfo request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Body {
    /// None.
    Empty,
    /// A form; values are templates.
    Form(super::Pairs),
    /// A JSON object of texts; values are templates.
    Json(super::Pairs),
    /// A GraphQL query, as `{"query": …}`; no template, as GraphQL has braces of its own.
    GraphQl(Text),
}

/// An enum of which some variants carry something: in TOML `"bearer"` or `{ query = "name" }`.
macro_rules! tagged {
    ($name:ident, $what:literal, [$($unit:ident = $unit_word:literal),*], [$($variant:ident($type:ty) = $word:literal),*]) => {
        impl Field for $name {
            fn write<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;
                match self {
                    $(Self::$unit => serializer.serialize_str($unit_word),)*
                    $(Self::$variant(value) => {
                        let mut map = serializer.serialize_map(Some(1))?;
                        map.serialize_entry($word, &crate::record::Written(value))?;
                        map.end()
                    })*
                }
            }

            fn read<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Reader;
                impl<'de> serde::de::Visitor<'de> for Reader {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($what)
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        match text {
                            $($unit_word => Ok($name::$unit),)*
                            _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                        }
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                        let word = map.next_key_seed(crate::record::Name(&[$($word),*]))?;
                        match word {
                            $(Some($word) => Ok($name::$variant(map.next_value_seed(crate::record::Reading::<$type>::new())?)),)*
                            _ => Err(serde::de::Error::invalid_length(0, &self)),
                        }
                    }
                }
                deserializer.deserialize_any(Reader)
            }
        }
    };
}

tagged!(
    TokenPlace,
    "\"bearer\", \"template\", or one of { scheme = … }, { header = … }, { query = … }, { form = … }",
    [Bearer = "bearer", Template = "template"],
    [Scheme(Text) = "scheme", Header(Text) = "header", Query(Text) = "query", Form(Text) = "form"]
);
tagged!(
    Body,
    "\"empty\", or one of { form = { … } }, { json = { … } }, { graphql = \"…\" }",
    [Empty = "empty"],
    [Form(super::Pairs) = "form", Json(super::Pairs) = "json", GraphQl(Text) = "graphql"]
);

fields!(authstile_oauth::authorize::ResponseMode, authstile_oauth::client_auth::ClientAuthentication);
