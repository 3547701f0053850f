//! For tests of what is built with Authstile: a clock that stands still, randomness that repeats itself, a transport that
//! a closure answers, a browser that keeps cookies, servers on loopback, and a [suite](mod@store_suite) for stores.
//!
//! ```
//! use authstile_testkit::{Browser, FakeTransport, FixedClock, SeededRandom, TEST_SECRET};
//! use authstile::{Auth, Provider};
//!
//! # fn main() -> Result<(), authstile::ConfigError> {
//! let auth = Auth::builder()
//!     .secret(TEST_SECRET)
//!     .url("http://app.localhost:3000")
//!     .provider(Provider::oidc("acme", "https://login.acme.example").register("client", "secret"))
//!     .clock(FixedClock::at(1_767_225_600))
//!     .random(SeededRandom::new(7))
//!     .transport(FakeTransport::new(|_request| http::Response::new(bytes::Bytes::from("{}"))))
//!     .build()?;
//! let mut browser = Browser::new();
//! browser.site("http://app.localhost:3000", move |request| { let auth = auth.clone(); async move { auth.handle(request).await } });
//! # Ok(())
//! # }
//! ```

mod browser;
mod mutate;
mod ports;
mod serve;
pub mod store_suite;

pub use browser::{Browser, Page};
pub use mutate::Mutator;
pub use ports::{FakeTransport, FixedClock, SeededRandom};
pub use serve::Loopback;

/// A secret that the engine accepts, for tests and for nothing else.
pub const TEST_SECRET: &str = "tZ8mQ2vN5xR1kW7yB4cJ9hL6pD3fG0sA-only-for-tests";
