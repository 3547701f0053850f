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

fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}
