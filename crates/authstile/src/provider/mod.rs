//! Providers are cards: endpoints, scopes, mapping and quirks as data.

mod card;
mod check;
mod option;
mod request;
mod shelf;
mod template;
mod words;

pub(crate) use card::{CERTIFICATE, PRIVATE_KEY};
pub use card::{OAUTH2, OIDC, Provider, STYLE, Style, Variable};
pub use check::CardProblem;
pub use option::{CASE, Case, ISSUER, Need, OPTION, ProviderOption};
pub use request::{
    GET, POST, SIGNED_SECRET, SignedSecret, TOKEN_ANSWER, TOKEN_REQUEST, TokenAnswer, TokenRequest, UserInfoRequest,
};
pub use shelf::GITHUB;
pub use template::{Template, TemplateError, Values};
pub use words::{
    Answer, AssertionAudience, Body, Group, IdTokenSignature, IssuerCheck, Method, NonceUse, OnError, OptionKind, Pkce,
    ProfileSource, Protocol, PushedRequests, RequestObject, SecurityProfile, Sent, TokenPlace, TrailingSlash,
};

pub use crate::record::{Pairs, Text};
