//! A published RSA key of 1024 bits, for [`Misbehave::WeakRsaKey`](crate::Misbehave::WeakRsaKey) and nothing else.
//!
//! aws-lc rightly refuses to sign with such a key, so the few lines of arithmetic stand here. They are neither fast nor
//! constant in time, and need not be: the private key is printed below.

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

pub(crate) const WEAK_KID: &str = "snk_1024";

/// TEST ONLY. Everyone knows this key.
const MODULUS: &str = "\
    d1418b015134dbc5b53b5f619bf9c480423a64ca2d0db200f12bbb7aa303f54cecabecd1596b7aae389996780c51acd0a8deb0a9f6344d0e728b\
    81aad399ba423dea94b871f2d4c52889d8f80474116a056f54ae81a5a18e91288855795f4f33906be5fb3f1b1db64b71ba1098680c30c56375ed\
    53781c41da01f49e21b2ee1d";
const PRIVATE_EXPONENT: &str = "\
    3f337e9a6d3e7bca610c87a86185b495d06af69a21b56b37e19f85c66a89fd82b850ccfc05f7f25bc07892fbbb2cc7f755a9bccdf8b09f3d67d7\
    3ed8ab8458beb13808d93ebb969689970f11371e3399ad4157aa0b95e12ce23fb698a076ac84f474814e80a7bda344e9284d69c34b4d6d1ad0c6\
    ded486d282c4371b3bbc38b9";

/// `SEQUENCE { SEQUENCE { sha256, NULL }, OCTET STRING (32) }` (RFC 8017 §9.2).
const SHA256_PREFIX: &str = "3031300d060960864801650304020105000420";

pub(crate) fn weak_jwk() -> Value {
    let n = URL_SAFE_NO_PAD.encode(bytes_of(MODULUS));
    json!({ "use": "sig", "kty": "RSA", "kid": WEAK_KID, "alg": "RS256", "n": n, "e": "AQAB" })
}

/// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 §8.2.1).
pub(crate) fn weak_sign(message: &[u8]) -> Vec<u8> {
    let mut tail = vec![0];
    tail.extend(bytes_of(SHA256_PREFIX));
    tail.extend(digest::digest(&digest::SHA256, message).as_ref());
    let mut padded = vec![0, 1];
    padded.resize(128 - tail.len(), 0xff);
    padded.extend(tail);
    power(&padded, &bytes_of(PRIVATE_EXPONENT), &bytes_of(MODULUS))
}

/// `base ^ exponent mod modulus`, big-endian: square and multiply in Montgomery form.
fn power(base: &[u8], exponent: &[u8], modulus: &[u8]) -> Vec<u8> {
    let modulus = Modulus::new(Number::read(modulus));
    let base = modulus.times(&Number::read(base), &modulus.r_squared);
    let mut result = modulus.times(&Number::read(&[1]), &modulus.r_squared);
    for byte in exponent {
        for bit in (0..8).rev() {
            result = modulus.times(&result, &result);
            if byte >> bit & 1 == 1 {
                result = modulus.times(&result, &base);
            }
        }
    }
    modulus.times(&result, &Number::read(&[1])).write()
}

struct Modulus {
    n: Number,
    /// `-1 / n mod 2³²`
    inverse: u32,
    /// `2²⁰⁴⁸ mod n`
    r_squared: Number,
}

impl Modulus {
    fn new(n: Number) -> Self {
        let lowest = n.lowest();
        let inverse = (0..5).fold(1_u32, |x, _| x.wrapping_mul(2_u32.wrapping_sub(lowest.wrapping_mul(x))));
        let mut r_squared = Number::read(&[1]);
        for _ in 0..2048 {
            let same = r_squared;
            r_squared.add(&same, 1);
            r_squared.reduce(&n);
        }
        Self { n, inverse: inverse.wrapping_neg(), r_squared }
    }

    /// `a * b / 2¹⁰²⁴ mod n`
    fn times(&self, a: &Number, b: &Number) -> Number {
        let mut sum = Number([0; DIGITS]);
        for digit in b.0.iter().take(32) {
            sum.add(a, *digit);
            sum.add(&self.n, sum.lowest().wrapping_mul(self.inverse));
            sum.0.rotate_left(1); // the lowest digit is zero now, and becomes the highest
        }
        sum.reduce(&self.n);
        sum
    }
}

/// 1024 bits in base 2³² and two digits for carries.
const DIGITS: usize = 34;

/// A natural number, least significant digit first.
#[derive(Clone, Copy)]
struct Number([u32; DIGITS]);

impl Number {
    fn read(bytes: &[u8]) -> Self {
        let mut digits = [0; DIGITS];
        for (digit, chunk) in digits.iter_mut().zip(bytes.rchunks(4)) {
            *digit = chunk.iter().fold(0_u32, |n, byte| n << 8 | u32::from(*byte));
        }
        Self(digits)
    }

    fn write(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.0.iter().take(32).flat_map(|digit| digit.to_le_bytes()).collect();
        bytes.reverse();
        bytes
    }

    fn lowest(&self) -> u32 {
        self.0.first().copied().unwrap_or(0)
    }

    /// `self += other * factor`
    fn add(&mut self, other: &Self, factor: u32) {
        let mut carry = 0_u64;
        for (digit, theirs) in self.0.iter_mut().zip(&other.0) {
            carry += u64::from(*digit) + u64::from(*theirs) * u64::from(factor);
            *digit = carry as u32;
            carry >>= 32;
        }
    }

    /// `self mod n`, for `self < 2 n`
    fn reduce(&mut self, n: &Self) {
        if self.0.iter().rev().lt(n.0.iter().rev()) {
            return;
        }
        let mut borrow = 0_i64;
        for (digit, theirs) in self.0.iter_mut().zip(&n.0) {
            borrow += i64::from(*digit) - i64::from(*theirs);
            *digit = borrow as u32;
            borrow >>= 32;
        }
    }
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap_or(0) as u8;
    hex.as_bytes().chunks(2).map(|pair| pair.iter().fold(0, |n, byte| n << 4 | digit(byte))).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "in tests a panic is a failure")]
mod tests {
    use super::*;
    use aws_lc_rs::signature::{RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RsaPublicKeyComponents};

    #[test]
    fn weak_signatures_verify() {
        let key = RsaPublicKeyComponents { n: bytes_of(MODULUS), e: vec![1, 0, 1] };
        let signature = weak_sign(b"hello");
        key.verify(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, b"hello", &signature).unwrap();
    }
}
