//! The binary, run as people run it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "in tests a panic is a failure"
)]

mod certificate;
mod command_line;
mod demo;
mod guide;
mod hostile;
mod origins;
mod program;
mod providers;
mod secret;
mod serve;
#[cfg(feature = "services")]
mod servers;
mod sink;
mod site;
mod stores;
mod token;
mod verify;
