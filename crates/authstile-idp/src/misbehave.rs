//! The ways in which the provider can be told to answer wrongly.

use crate::feature::Feature;

/// What a relying party must be doing for a deviation to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scene {
    /// Any sign-in.
    SignIn,
    /// A sign-in that asks for `max_age`, `acr_values` or the like.
    StepUp,
    /// Tokens are refreshed.
    Refresh,
    /// Somebody signs out.
    SignOut,
    /// The relying party uses this, and the provider offers it.
    With(Feature),
}

/// One table: where it shows, and for each variant its stable name, what a correct client does, one sentence.
macro_rules! misbehaviours {
    ($([$scene:expr] $($variant:ident $name:literal $verdict:ident $description:literal)*)*) => {
        /// One deviation from correct behaviour, switched on with [`Idp::misbehave`](crate::Idp::misbehave).
        ///
        /// Named after the modules of the OpenID Foundation's conformance suite for relying parties (OpenID Connect and
        /// FAPI 2 plans) where such a module exists. Everything that the deviation does not name stays correct.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Misbehave {
            $($(#[doc = $description] $variant,)*)*
        }

        impl Misbehave {
            /// Every deviation, in the order of the sign-in.
            pub const ALL: &[Misbehave] = &[$($(Misbehave::$variant,)*)*];

            /// The stable name in kebab case, for command lines and test reports.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $($(Misbehave::$variant => $name,)*)* }
            }

            /// What the provider does, in one sentence.
            #[must_use]
            pub fn description(&self) -> &'static str {
                match self { $($(Misbehave::$variant => $description,)*)* }
            }

            /// Where it shows; elsewhere the provider is correct.
            #[must_use]
            pub fn scene(&self) -> Scene {
                match self { $($(Misbehave::$variant => $scene,)*)* }
            }

            /// Whether a correct client must still go on.
            ///
            /// `false` includes a few that a client may accept for lack of anything to compare with:
            /// [`KidAbsentMultipleJwks`](Self::KidAbsentMultipleJwks) (try each key, or refuse),
            /// [`MissingOid`](Self::MissingOid), [`OtherOrganization`](Self::OtherOrganization) and
            /// [`OtherConnection`](Self::OtherConnection) (wrong only for a client that pinned an organization or a
            /// connection) and [`EmailUnverified`](Self::EmailUnverified) (wrong only for a client that trusts the
            /// address).
            #[must_use]
            pub fn is_conformant(&self) -> bool {
                match self { $($(Misbehave::$variant => misbehaviours!(@ $verdict),)*)* }
            }
        }
    };
    (@ refuse) => { false };
    (@ accept) => { true };
}

impl Misbehave {
    /// The deviation of that [`name`](Self::name).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|misbehave| misbehave.name() == name)
    }
}

misbehaviours! {
    [Scene::SignIn]
    // Discovery and keys
    DiscoveryIssuerMismatch "discovery-issuer-mismatch" refuse
        "The discovery document names another issuer: the real one followed by `INVALID`."
    DiscoveryNotJson "discovery-not-json" refuse
        "The discovery document is an HTML page with status 200."
    DiscoveryMissingTokenEndpoint "discovery-missing-token-endpoint" refuse
        "The discovery document has no `token_endpoint`."
    DiscoveryPrivateAddressEndpoint "discovery-private-address-endpoint" refuse
        "The `token_endpoint` is at 169.254.169.254, the metadata service of a cloud."
    DiscoveryInsecureEndpoint "discovery-insecure-endpoint" refuse
        "The `token_endpoint` is at `http://example.com`: not loopback, and not TLS."
    DiscoveryJwksUriKeys "discovery-jwks-uri-keys" accept
        "The key set is at another, random path, which only metadata tells."
    JwksNotJson "jwks-not-json" refuse
        "The key set is an HTML page with status 200."
    JwksEmpty "jwks-empty" refuse
        "The key set has no keys."

    // Authorization response
    AuthorizationResponseInvalidIss "invalid-authorization-response-iss" refuse
        "Metadata announces `iss` in authorization responses (RFC 9207), and the response carries another issuer's."
    AuthorizationResponseMissingIss "remove-authorization-response-iss" refuse
        "Metadata announces `iss` in authorization responses (RFC 9207), and the response has none."
    AuthorizationResponseDuplicateCode "authorization-response-with-duplicate-code" refuse
        "The authorization response has two `code` parameters, the real one first."
    AuthorizationResponseInvalidState "authorization-response-with-invalid-state" refuse
        "The authorization response carries the `state` followed by `1`."
    AuthorizationResponseMissingState "authorization-response-with-missing-state" refuse
        "The authorization response has no `state`."
    AuthorizationResponseErrorAndCode "authorization-response-with-error-and-code" refuse
        "The authorization response has both a valid `code` and `error=access_denied`."
    AuthorizationErrorAccessDenied "authorization-error-access-denied" refuse
        "Every authorization request is answered with `access_denied`."
    AuthorizationErrorServerError "authorization-error-server-error" refuse
        "Every authorization request is answered with `server_error`."
    AuthorizationErrorUnknownCode "authorization-error-unknown-code" refuse
        "Every authorization request is answered with an unheard-of error whose description contains a script element."

    // Token response
    TokenErrorInvalidClient "token-error-invalid-client" refuse
        "The token endpoint answers 401 `invalid_client` to everyone."
    TokenErrorInvalidGrant "token-error-invalid-grant" refuse
        "The token endpoint answers 400 `invalid_grant` to every code."
    TokenNotJson "token-not-json" refuse
        "The token endpoint answers with an HTML page and status 502."
    TokenEmptyBody "token-empty-body" refuse
        "The token endpoint answers 200 with an empty body."
    TokenMissingAccessToken "token-missing-access-token" refuse
        "The token response has no `access_token`."
    TokenTypeMac "token-type-mac" refuse
        "The token response says `token_type` is `mac`."
    TokenTypeCaseInsensitive "token-type-case-insensitivity" accept
        "The token response says `token_type` is `bEaReR`."
    TokenRedirect "token-redirect" refuse
        "The token endpoint answers 302 to `/elsewhere`, where no client may follow with its secret."
    TokenTooLarge "token-too-large" refuse
        "The token response is valid, and 2 MiB long."
    TokenWithoutExpiresIn "token-endpoint-response-without-expires_in" accept
        "The token response has no `expires_in`."
    MissingIdToken "missing-id-token" refuse
        "The token response has no `id_token` although `openid` was asked for."
    MalformedIdToken "malformed-id-token" refuse
        "The ID token has two parts instead of three."
    AccessTokenAsIdToken "access-token-as-id-token" refuse
        "The `id_token` member holds the access token, which the same key signed."

    // ID token: signature
    SigNone "idtoken-sig-none" refuse
        "The ID token has `alg` `none` and no signature."
    InvalidSigRs256 "invalid-sig-rs256" refuse
        "The ID token's RS256 signature has one bit flipped."
    InvalidSigEs256 "invalid-sig-es256" refuse
        "The ID token names a published ES256 key, which metadata allows, and its signature has one bit flipped."
    InvalidSigHs256 "invalid-sig-hs256" refuse
        "The ID token is signed with HS256, the key being the published public key in PEM."
    Hs256WithClientSecret "idtoken-sig-hs256-client-secret" refuse
        "The ID token is signed with HS256 and the client's secret, which metadata does not announce."
    UnadvertisedAlg "alternate-alg" refuse
        "The ID token is signed with RS512 by the right key, while metadata and key say RS256."
    SignedByUnknownKeySameKid "signed-by-unknown-key-same-kid" refuse
        "The ID token names the published `kid` but is signed by an unpublished key."
    UnknownKid "unknown-kid" refuse
        "The ID token names a `kid` that is not published, and is signed by that unpublished key."
    WeakRsaKey "weak-rsa-key" refuse
        "The ID token is signed, correctly, by a published RSA key of 1024 bits."
    KidAbsentSingleJwks "kid-absent-single-jwks" accept
        "The ID token has no `kid`, and exactly one key is published."
    KidAbsentMultipleJwks "kid-absent-multiple-jwks" refuse
        "The ID token has no `kid`, and two keys are published; a client may try both or refuse."
    RotateKeysJustBeforeSigning "signing-key-rotation-just-before-signing" accept
        "Keys are rotated right before each ID token is signed, so that a cached key set is out of date."

    // ID token: claims
    InvalidIss "invalid-iss" refuse
        "The ID token's `iss` is the real one followed by `1`."
    MissingIss "missing-iss" refuse
        "The ID token has no `iss`."
    MissingSub "missing-sub" refuse
        "The ID token has no `sub`."
    EmptySub "empty-sub" refuse
        "The ID token's `sub` is the empty string."
    WrongTypedSub "wrong-typed-sub" refuse
        "The ID token's `sub` is a number."
    InvalidAud "invalid-aud" refuse
        "The ID token's `aud` is the client id followed by `1`."
    MissingAud "missing-aud" refuse
        "The ID token has no `aud`."
    AudAsString "aud-as-string" accept
        "The ID token's `aud` is a string instead of an array with one string."
    SecondaryAudWithoutAzp "invalid-secondary-aud" refuse
        "The ID token's `aud` also names another client, and there is no `azp` to tell whose token it is."
    SecondaryAudWithAzp "secondary-aud-with-azp" accept
        "The ID token's `aud` also names another client, and `azp` names the right one; FAPI 2.0 clients refuse it."
    AzpOtherClient "azp-other-client" refuse
        "The ID token's `azp` is another client."
    MissingIat "missing-iat" refuse
        "The ID token has no `iat`."
    FutureIat "future-iat" refuse
        "The ID token was issued a day from now."
    FutureNbf "future-nbf" refuse
        "The ID token is not valid before tomorrow."
    MissingExp "missing-exp" refuse
        "The ID token has no `exp`."
    ExpiredExp "expired-exp" refuse
        "The ID token expired an hour ago."
    WrongTypedExp "wrong-typed-exp" refuse
        "The ID token's `exp` is a string of digits."
    NonceInvalid "nonce-invalid" refuse
        "The ID token's `nonce` is the one sent followed by `1`."
    MissingNonce "missing-nonce" refuse
        "The ID token has no `nonce` although one was sent."
    InvalidAtHash "invalid-athash" refuse
        "The ID token's `at_hash` belongs to another access token."
    MissingAtHash "missing-athash" accept
        "The ID token has no `at_hash`, which in the code flow is optional."
    InvalidCHash "invalid-chash" refuse
        "The ID token's `c_hash` belongs to another code."
    MissingCHash "missing-chash" accept
        "The ID token has no `c_hash`, which only the hybrid flow demands."
    OtherOrganization "other-organization" refuse
        "The ID token's `oid` is another organization than the one signed in to."
    MissingOid "missing-oid" refuse
        "The ID token has no `oid`."
    OtherConnection "other-connection" refuse
        "The ID token's `amr` and, in Modular mode, `sub` name another connection than the one used."
    EmailMissing "email-missing" accept
        "Neither ID token nor userinfo has `email` and `email_verified`."
    EmailUnverified "email-unverified" refuse
        "ID token and userinfo say that `email_verified` is false."

    // Userinfo
    UserinfoInvalidSub "userinfo-invalid-sub" refuse
        "Userinfo's `sub` is the real one followed by `invalid`."
    UserinfoError "userinfo-error" refuse
        "Userinfo answers 401 with a JSON error to every access token."
    AggregatedClaims "aggregated-claims" accept
        "Userinfo carries claims of somebody else's, signed, in `_claim_sources`."
    DistributedClaims "distributed-claims" accept
        "Userinfo says in `_claim_sources` where claims of somebody else's can be fetched."

    [Scene::With(Feature::PushedRequests)]
    PushedResponseWithoutRequestUri "pushed-response-without-request_uri" refuse
        "The answer to a pushed authorization request has no `request_uri`."

    [Scene::With(Feature::SignedResponses)]
    JarmWithoutIss "ensure-jarm-without-iss-fails" refuse
        "The signed authorization response has no `iss`."
    JarmInvalidIss "ensure-jarm-with-invalid-iss-fails" refuse
        "The signed authorization response's `iss` is the real one followed by `1`."
    JarmWithoutAud "ensure-jarm-without-aud-fails" refuse
        "The signed authorization response has no `aud`."
    JarmInvalidAud "ensure-jarm-with-invalid-aud-fails" refuse
        "The signed authorization response's `aud` is the client id followed by `1`."
    JarmWithoutExp "ensure-jarm-without-exp-fails" refuse
        "The signed authorization response has no `exp`."
    JarmExpiredExp "ensure-jarm-with-expired-exp-fails" refuse
        "The signed authorization response expired an hour ago."
    JarmInvalidSig "ensure-jarm-with-invalid-sig-fails" refuse
        "The signed authorization response's signature has one bit flipped."
    JarmSignatureNone "ensure-jarm-signature-is-not-none" refuse
        "The signed authorization response has `alg` `none` and no signature."

    [Scene::With(Feature::Dpop)]
    DpopTokenTypeBearer "dpop-token-type-bearer" refuse
        "The token response says `token_type` is `Bearer` although a DPoP proof was sent."

    [Scene::With(Feature::DpopNonce)]
    RsDpopAuthScheme "rs-dpop-auth-scheme-case-insensitivity" accept
        "Userinfo asks for a nonce with the scheme `dPoP`."

    [Scene::With(Feature::SignedUserinfo)]
    UserinfoSignedInvalidSig "userinfo-signed-invalid-sig" refuse
        "The signature of signed userinfo has one bit flipped."
    UserinfoSignedInvalidIss "userinfo-signed-invalid-iss" refuse
        "`iss` of signed userinfo is the real one followed by `1`."
    UserinfoSignedInvalidAud "userinfo-signed-invalid-aud" refuse
        "`aud` of signed userinfo is the client id followed by `1`."

    [Scene::With(Feature::TokenExchange)]
    ExchangeOtherTokenType "token-exchange-other-issued_token_type" refuse
        "`issued_token_type` is a refresh token's."
    ExchangeWithoutTokenType "token-exchange-without-issued_token_type" refuse
        "The answer to a token exchange has no `issued_token_type`."

    [Scene::StepUp]
    MissingAuthTime "missing-auth_time" refuse
        "The ID token has no `auth_time` although `max_age` was asked for."
    OldAuthTime "old-auth_time" refuse
        "The ID token's `auth_time` lies two days back."
    MissingAcr "missing-acr" refuse
        "The ID token has no `acr`."
    OtherAcr "other-acr" refuse
        "The ID token's `acr` is none that anybody asked for."

    [Scene::Refresh]
    RefreshTokenInvalidIssuer "refresh-token-invalid-issuer" refuse
        "A refreshed ID token's `iss` is the real one followed by `1`."
    RefreshTokenInvalidSub "refresh-token-invalid-sub" refuse
        "A refreshed ID token's `sub` is the real one followed by `1`."
    RefreshTokenInvalidAud "refresh-token-invalid-aud" refuse
        "A refreshed ID token's `aud` is the client id followed by `1`."
    RefreshTokenOtherAuthTime "refresh-token-other-auth_time" refuse
        "A refreshed ID token's `auth_time` is now."
    RefreshTokenOtherNonce "refresh-token-other-nonce" refuse
        "A refreshed ID token has a `nonce` that was never sent."

    [Scene::SignOut]
    RpInitLogoutOtherState "rp-init-logout-other-state" accept
        "The logout page returns another `state` than it was sent; whoever signed out is signed out."
    RpInitLogoutNoState "rp-init-logout-no-state" accept
        "The logout page returns no `state`; whoever signed out is signed out."
    FrontChannelInvalidIss "frontchannel-invalid-iss" refuse
        "The frame for front-channel logout names another issuer."
    FrontChannelInvalidSid "frontchannel-invalid-sid" refuse
        "The frame for front-channel logout names another session."
    FrontChannelWithoutSid "frontchannel-without-sid" refuse
        "The frame for front-channel logout names no session."
    RevocationUnavailable "revocation-unavailable" accept
        "The revocation endpoint answers 503 with `Retry-After`."
}
