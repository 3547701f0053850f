//! Providers that Auth.js does not have.
//!
//! The facts come from other libraries' lists. None of these cards has been tried against the service itself, and each says
//! so in its notes.

use authstile::Provider;
use authstile::provider::Text;

mod commerce;
mod developer;
mod games;
mod media;
mod work;

pub use commerce::*;
pub use developer::*;
pub use games::*;
pub use media::*;
pub use work::*;

/// All of them: what `all()` has beyond Auth.js.
pub const BEYOND_AUTHJS: &[&Provider] = &[
    &ANILIST,
    &AUTODESK,
    &DONATION_ALERTS,
    &EPICGAMES,
    &ETSY,
    &GITEA,
    &GUMROAD,
    &INTUIT,
    &KICK,
    &LICHESS,
    &LINEAR,
    &MERCADOLIBRE,
    &MERCADOPAGO,
    &MYANIMELIST,
    &PAYBIN,
    &PAYPAL,
    &POLAR,
    &RAILWAY,
    &SAILPOINT,
    &SHIKIMORI,
    &STARTGG,
    &SYNOLOGY,
    &TILTIFY,
    &TUMBLR,
    &VERCEL,
    &WITHINGS,
    &YAHOO,
];

pub(super) const CARDS: &[&Provider] = BEYOND_AUTHJS;

/// On every card here.
const UNTRIED: Text = "Untested against the service itself: written from what other libraries say about it.";

/// Where the mapping comes from the provider's documentation at best, because no library has one.
const GUESSED: Text = "No library maps its profile: the mapping is a suggestion. Compare it with a real answer, `authstile providers map` helps.";
