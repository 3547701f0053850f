//! Hashes: reading those in a store with distrust, and calculating.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Params, Version};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::cost::Cost;
use crate::password::Password;

const SALT: usize = 16;
const OUTPUT: usize = 32;
/// Ours have 97 characters.
const LONGEST_PHC: usize = 256;
/// Fewer bits are found by chance, or the row was cut off.
const SHORTEST_SALT: usize = 8;
const SHORTEST_OUTPUT: usize = 16;

/// Why what a store has verifies nobody. Says nothing of the hash itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnusableHash {
    /// It is no PHC string, or one with parts that argon2id does not have.
    #[error("it is no PHC string of argon2id: {0}")]
    Malformed(&'static str),
    /// It is of another algorithm.
    #[error("it is a hash of {0}, and only argon2id (version 19) is accepted")]
    Algorithm(String),
    /// It would cost more than what is sane.
    #[error("it asks for {memory_kib} KiB, {passes} passes and {lanes} lanes, which is out of all bounds")]
    Cost {
        /// `m`.
        memory_kib: u32,
        /// `t`.
        passes: u32,
        /// `p`.
        lanes: u32,
    },
}

/// A hash to verify against.
#[derive(Clone)]
pub(crate) struct Stored {
    cost: Cost,
    salt: Vec<u8>,
    output: Vec<u8>,
    /// Whether anybody can be right.
    is_real: bool,
}

impl Stored {
    /// Reads a row. `own` is what we hash with: a row may be as costly.
    pub(crate) fn parse(phc: &str, own: Cost) -> Result<Self, UnusableHash> {
        let malformed = UnusableHash::Malformed;
        if phc.len() > LONGEST_PHC {
            return Err(malformed("it is too long"));
        }
        // First the name, so that the log says "bcrypt" and not what a parser of PHC strings thinks of bcrypt.
        let name = phc.strip_prefix('$').and_then(|rest| rest.split('$').next());
        match name {
            Some("argon2id") => {}
            Some(name) if is_name(name) => return Err(UnusableHash::Algorithm(name.to_owned())),
            _ => return Err(malformed("it does not begin with the name of an algorithm")),
        }
        let hash = PasswordHash::new(phc).map_err(|_| malformed("it cannot be read"))?;
        let (mut memory_kib, mut passes, mut lanes) = (None, None, None);
        for (name, value) in hash.params.iter() {
            let slot = match name.as_str() {
                "m" => &mut memory_kib,
                "t" => &mut passes,
                "p" => &mut lanes,
                _ => return Err(malformed("it has parameters other than m, t and p")),
            };
            *slot = value.decimal().ok();
        }
        let (Some(memory_kib), Some(passes), Some(lanes)) = (memory_kib, passes, lanes) else {
            return Err(malformed("m, t and p are not all there as numbers"));
        };
        if hash.version != Some(Version::V0x13.into()) {
            return Err(UnusableHash::Algorithm("an older argon2id".to_owned()));
        }
        let cost = Cost { memory_kib, passes, lanes };
        if !cost.is_sane_beside(own) {
            return Err(UnusableHash::Cost { memory_kib, passes, lanes });
        }
        let salt = hash.salt.as_ref().map(|salt| salt.as_ref().to_vec()).unwrap_or_default();
        let output = hash.hash.as_ref().map(|output| output.as_ref().to_vec()).unwrap_or_default();
        if salt.len() < SHORTEST_SALT || output.len() < SHORTEST_OUTPUT {
            return Err(malformed("its salt or its hash is too short"));
        }
        Ok(Self { cost, salt, output, is_real: true })
    }

    /// Costs as much as ours, and nobody is right.
    pub(crate) fn nobodys(own: Cost) -> Self {
        Self { cost: own, salt: vec![0; SALT], output: vec![0; OUTPUT], is_real: false }
    }

    /// Whether this should be replaced by one of ours.
    pub(crate) fn is_weaker_than(&self, own: Cost) -> bool {
        self.cost.is_weaker_than(own) || self.salt.len() < SALT || self.output.len() < OUTPUT
    }

    /// Calculates, whatever the outcome.
    pub(crate) fn verify(&self, password: &Password) -> Result<bool, argon2::Error> {
        let mut output = Zeroizing::new(vec![0; self.output.len()]);
        calculate(self.cost, password, &self.salt, &mut output)?;
        let is_equal: bool = output.ct_eq(&self.output).into();
        Ok(is_equal & self.is_real)
    }
}

fn is_name(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The hash of a password, as a PHC string.
pub(crate) fn hash(cost: Cost, password: &Password, salt: [u8; SALT]) -> Option<String> {
    let mut output = Zeroizing::new([0; OUTPUT]);
    calculate(cost, password, &salt, &mut *output).ok()?;
    let mut params = ParamsString::new();
    for (name, value) in [("m", cost.memory_kib), ("t", cost.passes), ("p", cost.lanes)] {
        params.add_decimal(name, value).ok()?;
    }
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params,
        salt: Some(Salt::new(&salt).ok()?),
        hash: Some(Output::new(&*output).ok()?),
    };
    Some(hash.to_string())
}

/// Memory that cannot be had is an error and not the end of the process.
fn calculate(cost: Cost, password: &Password, salt: &[u8], output: &mut [u8]) -> Result<(), argon2::Error> {
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(output.len()))?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(
        password.as_str().as_bytes(),
        salt,
        output,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cheap() -> Cost {
        Cost::danger_weak(64, 1, 1).unwrap()
    }

    fn password(text: &str) -> Password {
        Password::parse(text).unwrap()
    }

    #[test]
    fn what_we_write_we_read() {
        let phc = hash(cheap(), &password("correct horse battery"), [7; SALT]).unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=64,t=1,p=1$BwcHBwcHBwcHBwcHBwcHBw$"), "{phc}");
        let stored = Stored::parse(&phc, cheap()).unwrap();
        assert!(stored.verify(&password("correct horse battery")).unwrap());
        assert!(!stored.verify(&password("correct horse batterz")).unwrap());
        assert!(!stored.is_weaker_than(cheap()) && stored.is_weaker_than(Cost::OWASP));
    }

    /// Made by the reference implementation: `printf password | argon2 somesalt -id -t 2 -k 256 -p 1 -l 32` (its test.c).
    #[test]
    fn the_reference_implementation_agrees() {
        let phc = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        let stored = Stored::parse(phc, cheap()).unwrap();
        assert!(stored.verify(&password("password")).unwrap());
        assert!(!stored.verify(&password("Password")).unwrap());
        let lanes = "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc";
        assert!(Stored::parse(lanes, cheap()).unwrap().verify(&password("password")).unwrap());
    }

    #[test]
    fn nobody_is_nobody() {
        assert!(!Stored::nobodys(cheap()).verify(&password("")).unwrap());
        let output = {
            let mut output = vec![0; OUTPUT];
            calculate(cheap(), &password("x"), &[0; SALT], &mut output).unwrap();
            output
        };
        let unlucky = Stored { output, ..Stored::nobodys(cheap()) };
        assert!(!unlucky.verify(&password("x")).unwrap(), "not even by chance");
    }

    #[test]
    fn hostile_rows_are_refused_before_they_cost_anything() {
        const END: &str = "c29tZXNhbHRzb21lc2FsdA$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        let refused = |phc: &str| Stored::parse(phc, Cost::OWASP).err().unwrap_or_else(|| panic!("{phc}"));
        for (m, t, p) in [
            ("4194304", "2", "1"),
            ("4294967295", "2", "1"),
            ("19456", "4294967295", "1"),
            ("19456", "17", "1"),
            ("131072", "5", "1"),
            ("131073", "1", "1"),
            ("19456", "2", "16777215"),
            ("19456", "2", "17"),
            ("19456", "0", "1"),
            ("19456", "2", "0"),
            ("7", "2", "1"),
            ("0", "0", "0"),
        ] {
            let error = refused(&format!("$argon2id$v=19$m={m},t={t},p={p}${END}"));
            assert!(matches!(error, UnusableHash::Cost { .. }), "{m} {t} {p}: {error}");
        }
        for hostile in [
            String::new(),
            "password".to_owned(),
            "$".to_owned(),
            "$$$$".to_owned(),
            "$argon2id".to_owned(),
            "$argon2id$v=19$m=19456,t=2,p=1".to_owned(),
            "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA".to_owned(),
            format!("$argon2id$v=19$m=19456,t=2${END}"),
            format!("$argon2id$v=19${END}"),
            format!("$argon2id$v=19$m=99999999999999999999,t=2,p=1${END}"),
            format!("$argon2id$v=19$m=-1,t=2,p=1${END}"),
            format!("$argon2id$v=19$m=19456,t=2,p=1,keyid=AAAA${END}"),
            format!("$argon2id$v=19$m=19456,t=2,p=1,data=AAAA${END}"),
            format!("$argon2id$v=19$m=19456,t=2,p=1,x=1${END}"),
            "$argon2id$v=19$m=19456,t=2,p=1$c29t$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4".to_owned(),
            "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$nf65EOgLrQMR".to_owned(),
            format!("$argon2id$v=19$m=19456,t=2,p=1${END}\0"),
            format!("$argon2id$v=19$m=19456,t=2,p=1${END}{}", "A".repeat(1 << 20)),
            format!("{}argon2id", "$".repeat(1 << 20)),
        ] {
            let error = refused(&hostile);
            assert!(matches!(error, UnusableHash::Malformed(_)), "{hostile}: {error}");
            assert!(!error.to_string().contains("nf65"), "the log does not hold the hash");
        }
    }

    #[test]
    fn other_algorithms_are_named() {
        const END: &str = "c29tZXNhbHRzb21lc2FsdA$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        for (phc, name) in [
            ("$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW".to_owned(), "2b"),
            (format!("$argon2i$v=19$m=19456,t=2,p=1${END}"), "argon2i"),
            (format!("$argon2d$v=19$m=19456,t=2,p=1${END}"), "argon2d"),
            (format!("$argon2id$v=16$m=19456,t=2,p=1${END}"), "an older argon2id"),
            (format!("$argon2id$m=19456,t=2,p=1${END}"), "an older argon2id"),
            ("$pbkdf2-sha256$i=600000$AAAA$AAAA".to_owned(), "pbkdf2-sha256"),
            ("$6$rounds=5000$salt$hash".to_owned(), "6"),
        ] {
            assert_eq!(Stored::parse(&phc, Cost::OWASP).err(), Some(UnusableHash::Algorithm(name.to_owned())), "{phc}");
        }
    }
}
