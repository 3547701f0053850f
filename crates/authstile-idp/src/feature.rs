//! What the provider can do beyond what Scalekit documents.

/// One table: variant, stable name, one sentence.
macro_rules! features {
    ($($variant:ident $name:literal $description:literal)*) => {
        /// Something that Scalekit is not known to do and other providers do, switched on with
        /// [`IdpBuilder::feature`](crate::IdpBuilder::feature). Metadata announces what is on.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Feature {
            $(#[doc = $description] $variant,)*
        }

        impl Feature {
            /// Every one.
            pub const ALL: &[Feature] = &[$(Feature::$variant),*];

            /// The stable name in kebab case, for seed files.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Feature::$variant => $name,)* }
            }

            /// What the provider does, in one sentence.
            #[must_use]
            pub fn description(&self) -> &'static str {
                match self { $(Feature::$variant => $description,)* }
            }

            /// The feature of that [`name`](Self::name).
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|feature| feature.name() == name)
            }
        }
    };
}

features! {
    TokenEndpointAudience "token-endpoint-audience"
        "A client assertion may name the token endpoint as its audience, and not only the issuer."
    PushedRequests "pushed-requests"
        "Authorization requests may be pushed to `/oauth/par` (RFC 9126)."
    RequirePushedRequests "require-pushed-requests"
        "An authorization request that was not pushed is refused (RFC 9126 §5)."
    RequestObjects "request-objects"
        "The parameter `request` may be a signed request object (RFC 9101)."
    FormPost "form-post"
        "`response_mode` may be `form_post` (OAuth 2.0 Form Post Response Mode)."
    SignedResponses "signed-responses"
        "`response_mode` may be `jwt`, `query.jwt` and, with `form-post`, `form_post.jwt` (JARM)."
    Dpop "dpop"
        "Tokens are bound to the key of a DPoP proof (RFC 9449)."
    DpopNonce "dpop-nonce"
        "A DPoP proof needs a nonce of the provider's (RFC 9449 §8, §9)."
    MutualTls "mutual-tls"
        "Tokens are bound to the client's certificate, and metadata has `mtls_endpoint_aliases` (RFC 8705)."
    ResourceIndicators "resource-indicators"
        "`resource` says which API an access token is for (RFC 8707)."
    TokenExchange "token-exchange"
        "The token endpoint exchanges access tokens (RFC 8693)."
    SignedUserinfo "signed-userinfo"
        "Userinfo is a signed JWT (OpenID Connect Core §5.3.2)."
    AnnouncedLogout "announced-logout"
        "Metadata announces back-channel logout (OpenID Connect Back-Channel Logout 1.0 §2.1)."
}
