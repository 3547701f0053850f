//! What one hash costs.

/// Memory, passes and lanes of argon2id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    pub(crate) memory_kib: u32,
    pub(crate) passes: u32,
    pub(crate) lanes: u32,
}

/// A cost that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("argon2id with {memory_kib} KiB, {passes} passes and {lanes} lanes: {problem}")]
pub struct InvalidCost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    problem: &'static str,
}

/// 1 GiB. More is a mistake in somebody's arithmetic.
const MOST_MEMORY_KIB: u32 = 1024 * 1024;
const MOST_PASSES: u32 = 16;
const MOST_LANES: u32 = 16;

/// What a stored hash may cost without anybody having configured it: the defaults of libsodium (interactive), PHP and
/// argon2-cffi (64 MiB) fit in twice.
const READ_MEMORY_KIB: u32 = 128 * 1024;
const READ_WORK_KIB: u64 = 512 * 1024;

/// The cheapest of OWASP's equal choices: 7 MiB and 5 passes.
const LEAST_MEMORY_KIB: u32 = 7 * 1024;
const LEAST_WORK_KIB: u64 = 35 * 1024;

impl Cost {
    /// OWASP's choice (Password Storage Cheat Sheet): 19 MiB, 2 passes, 1 lane. The default.
    pub const OWASP: Self = Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 };

    /// A cost of your own.
    ///
    /// # Errors
    /// When it is less than OWASP's cheapest choice (7 MiB, 5 passes), or more than 1 GiB, 16 passes or 16 lanes.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, InvalidCost> {
        let cost = Self::danger_weak(memory_kib, passes, lanes)?;
        if memory_kib < LEAST_MEMORY_KIB || cost.work() < LEAST_WORK_KIB {
            let problem = "OWASP's least is 7168 KiB with 5 passes";
            return Err(InvalidCost { memory_kib, passes, lanes, problem });
        }
        Ok(cost)
    }

    /// A cost that may be too small to protect anybody: for tests, which should not take minutes.
    ///
    /// # Errors
    /// When argon2 does not allow it (less than 8 KiB for each lane), or it is more than 1 GiB, 16 passes or 16 lanes.
    pub fn danger_weak(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, InvalidCost> {
        let cost = Self { memory_kib, passes, lanes };
        match cost.problem() {
            Some(problem) => Err(InvalidCost { memory_kib, passes, lanes, problem }),
            None => Ok(cost),
        }
    }

    fn problem(self) -> Option<&'static str> {
        let Self { memory_kib, passes, lanes } = self;
        if passes == 0 || lanes == 0 || memory_kib < lanes.saturating_mul(8) {
            return Some("argon2 wants one pass, one lane, and 8 KiB for each lane");
        }
        if memory_kib > MOST_MEMORY_KIB || passes > MOST_PASSES || lanes > MOST_LANES {
            return Some("the most is 1 GiB, 16 passes and 16 lanes");
        }
        None
    }

    /// Memory times passes: what one guess costs.
    fn work(self) -> u64 {
        u64::from(self.memory_kib) * u64::from(self.passes)
    }

    /// Whether a guess at this is cheaper than at the other.
    pub(crate) fn is_weaker_than(self, other: Self) -> bool {
        self.work() < other.work() || self.memory_kib < other.memory_kib.min(LEAST_MEMORY_KIB)
    }

    /// Whether we calculate this because a row says so, where `own` is what we were told to calculate.
    pub(crate) fn is_sane_beside(self, own: Self) -> bool {
        self.problem().is_none()
            && self.memory_kib <= READ_MEMORY_KIB.max(own.memory_kib)
            && self.work() <= READ_WORK_KIB.max(own.work())
    }
}

impl Default for Cost {
    fn default() -> Self {
        Self::OWASP
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owasps_choices_are_accepted_and_less_is_not() {
        for (memory_kib, passes) in [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5), (65_536, 3)] {
            assert!(Cost::new(memory_kib, passes, 1).is_ok(), "{memory_kib} {passes}");
        }
        for (memory_kib, passes, lanes) in [
            (19_456, 1, 1),
            (4_096, 9, 1),
            (19_456, 2, 0),
            (19_456, 0, 1),
            (2_000_000, 1, 1),
            (19_456, 17, 1),
            (19_456, 2, 17),
        ] {
            assert!(Cost::new(memory_kib, passes, lanes).is_err(), "{memory_kib} {passes} {lanes}");
        }
    }

    #[test]
    fn what_others_hash_with_is_neither_weaker_nor_insane() {
        for (memory_kib, passes, lanes) in [(65_536, 3, 4), (65_536, 4, 1), (65_536, 2, 1), (131_072, 4, 1)] {
            let cost = Cost { memory_kib, passes, lanes };
            assert!(!cost.is_weaker_than(Cost::OWASP) && cost.is_sane_beside(Cost::OWASP), "{cost:?}");
        }
        assert!(Cost { memory_kib: 12_288, passes: 3, lanes: 1 }.is_weaker_than(Cost::OWASP));
        assert!(Cost { memory_kib: 4_096, passes: 16, lanes: 1 }.is_weaker_than(Cost::OWASP));
        let large = Cost { memory_kib: 512 * 1024, passes: 2, lanes: 4 };
        assert!(!large.is_sane_beside(Cost::OWASP) && large.is_sane_beside(large));
        assert!(!Cost { memory_kib: 131_072, passes: 5, lanes: 1 }.is_sane_beside(Cost::OWASP));
    }
}
