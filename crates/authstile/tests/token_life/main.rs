//! A token's life after the code: bound to a key, shown, refreshed, exchanged, asked about, revoked.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

mod dpop;
mod house;
mod refresh;
mod services;
