//! Randomness from the kernel.

use authstile::random::{NoRandomness, Random};

/// The kernel's random generator. aws-lc's own takes 40 ms to gather its first seed, which is longer than everything else
/// before the first answer, and then longer for the few bytes of a token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KernelRandom;

impl Random for KernelRandom {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), NoRandomness> {
        getrandom::fill(buffer).map_err(|_| NoRandomness)
    }
}
