//! The walks: one function for each, every line a station.

pub(crate) mod back_channel;
pub(crate) mod callback;
pub(crate) mod connect;
pub(crate) mod credentials;
pub(crate) mod email;
pub(crate) mod front_channel;
pub(crate) mod initiate;
pub(crate) mod page;
pub(crate) mod refresh;
pub(crate) mod session;
pub(crate) mod sessions;
pub(crate) mod sign_in;
pub(crate) mod sign_out;
pub(crate) mod step_up;
