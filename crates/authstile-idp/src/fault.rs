//! The ways in which logout tokens, webhooks and IdP-initiated logins can be told to be wrong. They are apart from
//! [`Misbehave`](crate::Misbehave), which is about the sign-in itself.

/// One table: variant, stable name, what a correct receiver does, one sentence.
macro_rules! faults {
    ($(#[$about:meta])* $kind:ident: $($variant:ident $name:literal $verdict:ident $description:literal)*) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $kind {
            $(#[doc = $description] $variant,)*
        }

        impl $kind {
            /// Every one.
            pub const ALL: &[$kind] = &[$($kind::$variant),*];

            /// The stable name in kebab case, for command lines and test reports.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $($kind::$variant => $name,)* }
            }

            /// What the provider does, in one sentence.
            #[must_use]
            pub fn description(&self) -> &'static str {
                match self { $($kind::$variant => $description,)* }
            }

            /// Whether a correct receiver must still accept it.
            #[must_use]
            pub fn is_conformant(&self) -> bool {
                match self { $($kind::$variant => faults!(@ $verdict),)* }
            }

            /// The one of that [`name`](Self::name).
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|fault| fault.name() == name)
            }
        }
    };
    (@ refuse) => { false };
    (@ accept) => { true };
}

faults! {
    /// One deviation in logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.4, §2.6), switched on with
    /// [`Idp::spoil_logout_tokens`](crate::Idp::spoil_logout_tokens). Named after the modules of the OpenID Foundation's
    /// conformance suite where such a module exists.
    LogoutTokenFault:
    AlgNone "rp-backchannel-rpinitlogout-alg-none" refuse
        "The logout token has `alg` `none` and no signature."
    WrongAlg "rp-backchannel-rpinitlogout-wrong-alg" refuse
        "The logout token is signed with a published key of another algorithm than metadata announces: ES256 for RS256."
    Hs256 "logout-token-hs256" refuse
        "The logout token is signed with HS256 and the client's secret."
    BadSignature "logout-token-bad-signature" refuse
        "The logout token's signature has one bit flipped."
    UnknownKey "logout-token-unknown-key" refuse
        "The logout token names the published `kid` but is signed by an unpublished key."
    MissingEvents "rp-backchannel-rpinitlogout-no-event" refuse
        "The logout token has no `events`."
    WrongEvent "rp-backchannel-rpinitlogout-wrong-event" refuse
        "The logout token's `events` names another event: the right one followed by `/foobar`."
    EventNotObject "logout-token-event-not-object" refuse
        "The member of the logout token's `events` is `true` instead of an object."
    WithNonce "rp-backchannel-rpinitlogout-with-nonce" refuse
        "The logout token has a `nonce`, which is prohibited so that an ID token cannot pass as one."
    IdTokenInstead "logout-token-id-token-instead" refuse
        "An ID token is sent in place of the logout token."
    WrongAudience "rp-backchannel-rpinitlogout-wrong-aud" refuse
        "The logout token's `aud` is another client."
    WrongIssuer "rp-backchannel-rpinitlogout-wrong-iss" refuse
        "The logout token's `iss` is the real one followed by `1`."
    MissingIat "logout-token-missing-iat" refuse
        "The logout token has no `iat`."
    MissingExp "logout-token-missing-exp" refuse
        "The logout token has no `exp`."
    MissingJti "logout-token-missing-jti" refuse
        "The logout token has no `jti`."
    Expired "logout-token-expired" refuse
        "The logout token expired eight minutes ago."
    NeitherSidNorSub "logout-token-neither-sid-nor-sub" refuse
        "The logout token names neither session nor person."
    Replay "logout-token-replay" accept
        "The logout token, which is correct, is sent twice; the second time nothing may happen."
    SidOnly "logout-token-sid-only" accept
        "The logout token names the session only."
    SubOnly "logout-token-sub-only" accept
        "The logout token names the person only: every session of that person ends."
    TypJwt "logout-token-typ-jwt" accept
        "The logout token's `typ` is `JWT`, as that of Scalekit's other tokens."
    NoTyp "logout-token-no-typ" accept
        "The logout token has no `typ`."
    ExtraClaim "logout-token-extra-claim" accept
        "The logout token has a claim that nobody knows, `ignored_claim`."
}

faults! {
    /// One deviation in webhooks (Standard Webhooks; §6.1), switched on with [`Idp::misdeliver`](crate::Idp::misdeliver).
    WebhookFault:
    OldKeySignature "webhook-old-key-signature" accept
        "The signature by an old key stands before the right one, as while keys are rotated."
    Duplicate "webhook-duplicate" accept
        "Every message is sent twice under the same id; the second time nothing may happen."
    OutOfOrder "webhook-out-of-order" accept
        "A message is held back until the next one has been sent, `occurred_at` staying true."
    BadSignature "webhook-bad-signature" refuse
        "The signature has one bit flipped."
    OtherKey "webhook-other-key" refuse
        "The signature is by a key that the receiver does not have."
    UnknownVersion "webhook-unknown-version" refuse
        "The only signature is announced as `v2`."
    LateTimestamp "webhook-late-timestamp" refuse
        "The message was signed 301 seconds ago."
    FutureTimestamp "webhook-future-timestamp" refuse
        "The message was signed 301 seconds from now."
    ReserialisedBody "webhook-reserialised-body" refuse
        "A proxy has written the JSON anew after it was signed: same value, other bytes."
    MissingSignature "webhook-missing-signature" refuse
        "There is no `webhook-signature`."
}

faults! {
    /// One deviation in the token of an IdP-initiated login (§4.3), switched on with
    /// [`Idp::spoil_idp_initiated`](crate::Idp::spoil_idp_initiated).
    IdpInitiatedFault:
    Expired "idp-initiated-expired" refuse
        "The token expired 100 seconds ago."
    NotYetValid "idp-initiated-not-yet-valid" refuse
        "The token is not valid for another two minutes."
    MissingExp "idp-initiated-missing-exp" refuse
        "The token never expires."
    LivesADay "idp-initiated-lives-a-day" refuse
        "The token lives a day instead of five minutes."
    WrongIssuer "idp-initiated-wrong-issuer" refuse
        "The token's `iss` is the application, as in the documentation's sample."
    BadSignature "idp-initiated-bad-signature" refuse
        "The token's signature has one bit flipped."
    UnknownKey "idp-initiated-unknown-key" refuse
        "The token names the published `kid` but is signed by an unpublished key."
    AlgNone "idp-initiated-alg-none" refuse
        "The token has `alg` `none` and no signature."
    IdTokenInstead "idp-initiated-id-token-instead" refuse
        "An ID token is sent in place of the token."
    AccessTokenInstead "idp-initiated-access-token-instead" refuse
        "An access token whose custom claims name a connection is sent in place of the token."
    NoSelector "idp-initiated-no-selector" refuse
        "The token names neither connection nor organization."
    ObjectSelector "idp-initiated-object-selector" refuse
        "The token's `connection_id` is an object."
    InjectedSelector "idp-initiated-injected-selector" refuse
        "The token's `connection_id` contains `&organization_id=org_evil`."
    ConnectionOnly "idp-initiated-connection-only" accept
        "The token names the connection but not the organization."
    WithoutLoginHint "idp-initiated-without-login-hint" accept
        "The token has no `login_hint`."
}
