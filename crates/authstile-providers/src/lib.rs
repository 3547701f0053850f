//! The catalogue: one const card for each provider, and no logic.
//!
//! ```
//! use authstile_providers::GITHUB;
//!
//! let github = GITHUB.register("client id", "client secret");
//! ```
//!
//! Every card is data, see [`Provider`]. What an application wants otherwise is said on the registration, or on a card
//! of its own that begins with one of these: `Provider { scope: "…", ..GITHUB }`.
//!
//! The ids, the variables and the account ids are those of Auth.js, so that whoever moves keeps their users. Where Auth.js
//! is mistaken or out of date, the card is not, and its notes say so.

use std::sync::LazyLock;

use authstile::Provider;

mod business;
mod common;
mod developer;
mod extra;
mod games;
mod identity_platforms;
mod identity_servers;
mod media;
mod microsoft;
mod national;
mod others;
mod regional;
mod social;
mod work;

pub use business::*;
pub use common::*;
pub use developer::*;
pub use extra::*;
pub use games::*;
pub use identity_platforms::*;
pub use identity_servers::*;
pub use media::*;
pub use microsoft::*;
pub use national::*;
pub use others::{Other, OtherKind, others};
pub use regional::*;
pub use social::*;
pub use work::*;

/// All cards, sorted by id.
static ALL: LazyLock<Vec<&'static Provider>> = LazyLock::new(|| {
    let mut all = [
        business::CARDS,
        common::CARDS,
        developer::CARDS,
        extra::CARDS,
        games::CARDS,
        identity_platforms::CARDS,
        identity_servers::CARDS,
        media::CARDS,
        microsoft::CARDS,
        national::CARDS,
        regional::CARDS,
        social::CARDS,
        work::CARDS,
    ]
    .concat();
    all.sort_by_key(|card| card.id);
    all
});

/// All cards, sorted by id.
#[must_use]
pub fn all() -> &'static [&'static Provider] {
    &ALL
}

/// The card with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Provider> {
    let at = ALL.binary_search_by_key(&id, |card| card.id).ok()?;
    ALL.get(at).copied()
}
