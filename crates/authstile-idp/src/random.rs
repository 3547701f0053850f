//! Randomness, from the operating system by way of aws-lc.

use aws_lc_rs::rand;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// The system gave no randomness; the request ends with a plain 500.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoRandomness;

/// 256 unguessable bits as text: codes, cookie values, refresh tokens.
pub(crate) fn secret() -> Result<String, NoRandomness> {
    Ok(URL_SAFE_NO_PAD.encode(bytes::<32>()?))
}

/// An identifier in Scalekit's style: a prefix and a decimal number.
pub(crate) fn identifier(prefix: &str) -> Result<String, NoRandomness> {
    let number = u64::from_be_bytes(bytes()?) % 1_000_000_000_000_000_000;
    Ok(format!("{prefix}{number:018}"))
}

/// A random UUID (RFC 9562 §5.4).
pub(crate) fn uuid() -> Result<String, NoRandomness> {
    let number = u128::from_be_bytes(bytes()?);
    let number = number & !(0xf << 76) & !(0b11 << 62) | (4 << 76) | (0b10 << 62);
    let hex = format!("{number:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    Ok([part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-"))
}

fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}
