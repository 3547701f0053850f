//! How a provider wants to be asked, where it is not as the standards say.

use super::words::{Answer, Body, Method, OnError, Sent, TokenPlace};
use crate::record::{Pairs, Text, record};

record! {
    base = TOKEN_REQUEST, required = [];
    /// How codes and refresh tokens are sent to the token endpoint. Templates may name `{client_id}` and
    /// `{client_secret}`.
    pub struct TokenRequest {
        /// How parameters are sent.
        pub send: Sent,
        /// Further parameters, templates; one of the protocol's with the same name is replaced.
        pub params: Pairs,
        /// Further parameters of the query, templates, however the rest is sent.
        pub query: Pairs,
        /// Further headers, templates.
        pub headers: Pairs,
        /// Other names for parameters, also for the credentials: `client_id` → `client_key`. Renamed to nothing, one is
        /// left out.
        pub rename: Pairs,
    }
}

/// As RFC 6749 §4.1.3 says.
pub const TOKEN_REQUEST: TokenRequest =
    TokenRequest { send: Sent::Form, params: &[], query: &[], headers: &[], rename: &[] };

record! {
    base = TOKEN_ANSWER, required = [];
    /// How the token answer is read. Always tolerated: no `token_type`, numbers as text, scopes as a list, a form in place
    /// of JSON, errors with status 200.
    pub struct TokenAnswer {
        /// Pointer to the object with the tokens; empty: the whole answer.
        pub at: Text,
        /// Other names of members: `access_token` → where it is, a pointer below `at`.
        pub rename: Pairs,
        /// Expression over the whole answer: what it finds is the code of an error.
        pub error: Text,
        /// Expression over the whole answer: the error in words.
        pub error_description: Text,
    }
}

/// As RFC 6749 §5 says.
pub const TOKEN_ANSWER: TokenAnswer =
    TokenAnswer { at: "", rename: &[], error: "/error", error_description: "/error_description" };

record! {
    base = GET, required = [];
    /// A request for (a part of) the profile. The status is looked at: an error is never a profile.
    ///
    /// Beside options, templates may name `{access_token}` and expressions over what is known so far: `{token:/openid}`,
    /// `{/id}`. In URLs these are percent-encoded.
    pub struct UserInfoRequest {
        /// Where, template; `None`: the discovered userinfo endpoint.
        pub url: Option<Text>,
        /// How.
        pub method: Method,
        /// Expression over the profile so far: asked only when it is true. Empty: always.
        pub when: Text,
        /// Where the access token stands.
        pub access_token: TokenPlace,
        /// Parameters of the query; values are templates.
        pub query: Pairs,
        /// Headers; values are templates. `Accept` and `User-Agent` are sent in any case.
        pub headers: Pairs,
        /// The body.
        pub body: Body,
        /// What is answered.
        pub answer: Answer,
        /// Pointer to what counts in the answer; empty: the whole.
        pub at: Text,
        /// Pointer to where it goes in the profile, which is one member, `/emails`; empty: its members become the
        /// profile's, which must be an object.
        pub into: Text,
        /// Expression over the answer: what it finds is the code of an error that came with a good status.
        pub error: Text,
        /// Expression over the answer: the error in words.
        pub error_description: Text,
        /// What happens when it fails.
        pub on_error: OnError,
    }
}

/// A GET with the access token in the header, answered with the profile as a JSON object.
pub const GET: UserInfoRequest = UserInfoRequest {
    url: None,
    method: Method::Get,
    when: "",
    access_token: TokenPlace::Bearer,
    query: &[],
    headers: &[],
    body: Body::Empty,
    answer: Answer::Json,
    at: "",
    into: "",
    error: "",
    error_description: "",
    on_error: OnError::Fail,
};

/// The same as POST.
pub const POST: UserInfoRequest = UserInfoRequest { method: Method::Post, ..GET };

record! {
    base = SIGNED_SECRET, required = ["issuer", "key_id", "private_key", "audience"];
    /// A client secret that is an ES256 JWT of our own: `sub` is the client id. All texts are templates.
    pub struct SignedSecret {
        /// `iss`: who signs, for example `{team_id}`.
        pub issuer: Text,
        /// `kid` in the header.
        pub key_id: Text,
        /// The private key: PKCS#8 in PEM.
        pub private_key: Text,
        /// `aud`.
        pub audience: Text,
        /// How long one is good, in seconds.
        pub seconds: u32,
    }
}

/// A secret to start from: good for five minutes.
pub const SIGNED_SECRET: SignedSecret =
    SignedSecret { issuer: "", key_id: "", private_key: "", audience: "", seconds: 300 };
