//! E-mail and password: the ready-made [`Authorize`](authstile::Authorize) over a store of people and their passwords.
//!
//! * **Argon2id** with OWASP's parameters, in a [pool](PasswordSignIn::pool) with as many workers as cores and a short queue:
//!   a flood of attempts is told `busy` at once, and takes neither memory nor threads.
//! * **The same work for everybody**: somebody unknown, somebody without a password and somebody with a wrong one cost one
//!   hash each. Whoever has a hash that is [weaker](Cost) than what you configure gets a new one when they sign in.
//! * **NIST SP 800-63B-4**: 15 characters at least, 1024 bytes at most, no rules about what they are, and a
//!   [list of breached passwords](BreachList), such as [`HaveIBeenPwned`].
//!
//! ```
//! use authstile::{Auth, MemoryStore};
//! use authstile_password::PasswordSignIn;
//! # use authstile_testkit::{FakeTransport, TEST_SECRET};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let transport = FakeTransport::new(|_| http::Response::new(bytes::Bytes::new()));
//! let store = MemoryStore::new();
//! let passwords = PasswordSignIn::new(store.clone());
//! let auth = Auth::builder()
//!     .secret(TEST_SECRET)
//!     .store(store)
//!     .credentials(passwords.provider())
//!     .transport(transport)
//!     .build()?;
//! let ada = passwords.register("ada@acme.example", Some("Ada"), "correct horse battery").await?;
//! assert_eq!(ada.email_verified, None, "she has yet to prove the address");
//! # drop(auth);
//! # Ok(())
//! # }
//! ```
//!
//! # What is left to the application
//!
//! **Proving the address.** Anybody can register with anybody's address. Until
//! [`email_verified`](authstile::store::StoredUser::email_verified) is set, whoever enters the right password is rejected
//! with the code `unverified`, unless you [say otherwise](PasswordSignIn::danger_unverified_addresses). The safest order is
//! the other way round: let people sign in by mail ([`EmailProvider`](authstile::EmailProvider)), which proves the address
//! and creates them, and then choose a password ([`set_password`](PasswordSignIn::set_password)). If you register first and
//! write afterwards, whoever opens the link must also **enter the password** before you set `email_verified`: otherwise
//! somebody registers with a stranger's address, the stranger clicks, and both are in. For the same reason
//! [`register`](PasswordSignIn::register) gives people an account of the kind `credentials`: by it the engine knows that a
//! link in a mail must not sign anybody in as a person whose address was never proven.
//!
//! **Answering alike for known and unknown addresses.** Signing in does. Registering cannot by itself, since
//! [`PasswordError::AddressTaken`] is an answer; so show the same page for both ("we wrote to you"), and write "somebody
//! wanted to register with your address, and you are registered already" to the one who is. Forgotten passwords the same:
//! one page, and a mail to those who are known. Both cost the same time here, as hashing comes before looking; send the mail
//! in the background.
//!
//! **A forgotten password** is a link by mail, then [`set_password`](PasswordSignIn::set_password), then `email_verified`
//! if it was not set: the new password replaces whatever a stranger may have chosen.
//!
//! **Ending sessions.** After [`change_password`](PasswordSignIn::change_password) call
//! [`Auth::end_other_sessions`](authstile::Auth::end_other_sessions), after a forgotten one
//! [`Auth::end_sessions_of`](authstile::Auth::end_sessions_of): whoever changes a password may do so because somebody else
//! knows it.
//!
//! **Limits.** The engine limits attempts to sign in, by client and by account. Your own form for `change_password` needs a
//! limit of yours.

mod breach;
mod cost;
mod hash;
mod password;
mod people;
mod pool;
mod sign_in;

pub use breach::{BreachList, HaveIBeenPwned, WhenListFails};
pub use cost::{Cost, InvalidCost};
pub use hash::UnusableHash;
pub use password::{Password, PasswordProblem};
pub use people::PasswordError;
pub use pool::{Busy, Load};
pub use sign_in::{PasswordSignIn, UnverifiedPeople};
