//! The catalogue beside the crates that know one provider better: two cards of one provider say the same.

use authstile::Provider;
use authstile_providers::SCALEKIT;

#[test]
fn the_generic_card_of_scalekit_is_that_of_its_own_crate() {
    let own = authstile_scalekit::SCALEKIT;
    // Only what people read differs.
    let generic = Provider { notes: own.notes, profile_note: own.profile_note, style: own.style, ..SCALEKIT };
    assert_eq!(generic, own);
}
