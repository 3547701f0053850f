//! JOSE: keys (RFC 7517), signatures (RFC 7515) and the one kind of encryption that session cookies use (RFC 7516).

pub mod alg;
pub mod jwe;
pub mod jwk;
pub mod jws;
pub mod sign;
