//! Compact encryption with a shared key (RFC 7516, `alg: dir`), exactly as far as Auth.js session cookies need it:
//! `A256CBC-HS512` (RFC 7518 §5.2) both ways, `A256GCM` (§5.3) for reading.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{
    AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, SHA512, digest};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

/// Tokens longer than this are refused before they are decoded.
pub const MAX_LENGTH: usize = 256 * 1024;

/// Why an encrypted token cannot be opened. All reasons mean the same to a visitor: not signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Not five parts of base64url with a JSON header, or a header that we do not accept.
    #[error("it is not a compact JWE of this kind: {0}")]
    Malformed(&'static str),
    /// The header's `kid` belongs to none of the keys: another secret, or another cookie name.
    #[error("it was sealed with another secret or for another cookie name")]
    UnknownKey,
    /// The key is right, the rest is not: something was changed on the way.
    #[error("it was changed after it was sealed")]
    Tampered,
}

/// A 64-byte key for `A256CBC-HS512`: MAC key, then encryption key.
#[derive(Debug)]
pub struct CbcHmacKey {
    kid: String,
    /// The whole protected header, encoded: it is the same for every token of this key.
    header: String,
    mac: hmac::Key,
    encrypt: PaddedBlockEncryptingKey,
    decrypt: PaddedBlockDecryptingKey,
}

/// A 32-byte key for `A256GCM`.
#[derive(Debug)]
pub struct GcmKey {
    kid: String,
    key: LessSafeKey,
}

/// The keys that open tokens made with one secret for one cookie name.
#[derive(Debug)]
pub struct KeyPair {
    /// For tokens as we seal them.
    pub cbc: CbcHmacKey,
    /// For tokens that were sealed with the other method.
    pub gcm: GcmKey,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    enc: String,
    kid: Option<String>,
    #[serde(default)]
    crit: Option<serde_json::Value>,
    #[serde(default)]
    zip: Option<serde_json::Value>,
    #[serde(default)]
    iss: Option<serde_json::Value>,
    #[serde(default)]
    sub: Option<serde_json::Value>,
    #[serde(default)]
    aud: Option<serde_json::Value>,
}

/// An opened token: the plaintext, and the claims that the header replicates (RFC 7519 §5.3) and that must be equal.
#[derive(Debug)]
pub struct Opened {
    /// The decrypted bytes.
    pub plaintext: Vec<u8>,
    /// `iss`, `sub` and `aud` of the header, where present.
    pub replicated: [(&'static str, Option<serde_json::Value>); 3],
}

impl CbcHmacKey {
    /// Prepares the key.
    ///
    /// # Errors
    /// [`OpenError::Malformed`] if the cryptographic library refuses the key, which it does not for 64 bytes.
    pub fn new(key: &[u8; 64]) -> Result<Self, OpenError> {
        let (mac, cipher) = key.split_at(32);
        let bad = |_| OpenError::Malformed("the key is refused");
        let kid = thumbprint(key, digest_512);
        let header = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"dir","enc":"A256CBC-HS512","kid":"{kid}"}}"#));
        Ok(Self {
            kid,
            header,
            mac: hmac::Key::new(hmac::HMAC_SHA512, mac),
            encrypt: PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_256, cipher).map_err(bad)?)
                .map_err(bad)?,
            decrypt: PaddedBlockDecryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_256, cipher).map_err(bad)?)
                .map_err(bad)?,
        })
    }

    /// Seals a plaintext under a random initialisation vector.
    ///
    /// # Errors
    /// [`OpenError::Malformed`] if the cryptographic library fails.
    pub fn seal(&self, plaintext: &[u8], iv: [u8; 16]) -> Result<String, OpenError> {
        let mut ciphertext = Vec::with_capacity(plaintext.len() + 16);
        ciphertext.extend_from_slice(plaintext);
        self.encrypt
            .less_safe_encrypt(&mut ciphertext, EncryptionContext::Iv128(FixedLength::from(iv)))
            .map_err(|_| OpenError::Malformed("encryption failed"))?;
        let tag = self.tag(self.header.as_bytes(), &iv, &ciphertext);
        let mut token = String::with_capacity(self.header.len() + 75 + ciphertext.len() * 4 / 3);
        token.push_str(&self.header);
        token.push_str("..");
        URL_SAFE_NO_PAD.encode_string(iv, &mut token);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(&ciphertext, &mut token);
        token.push('.');
        let (tag, _) = tag.as_ref().split_at(32);
        URL_SAFE_NO_PAD.encode_string(tag, &mut token);
        Ok(token)
    }

    /// RFC 7518 §5.2.2.1: HMAC over AAD, IV, ciphertext and the bit length of the AAD; its first half is the tag.
    fn tag(&self, aad: &[u8], iv: &[u8], ciphertext: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.mac);
        context.update(aad);
        context.update(iv);
        context.update(ciphertext);
        context.update(&(aad.len() as u64 * 8).to_be_bytes());
        context.sign()
    }

    fn open(&self, aad: &str, iv: &[u8], mut ciphertext: Vec<u8>, tag: &[u8]) -> Result<Vec<u8>, OpenError> {
        let iv: [u8; 16] =
            iv.try_into().map_err(|_| OpenError::Malformed("the initialisation vector is not 16 bytes"))?;
        if tag.len() != 32 {
            return Err(OpenError::Malformed("the tag is not 32 bytes"));
        }
        let expected = self.tag(aad.as_bytes(), &iv, &ciphertext);
        let (expected, _) = expected.as_ref().split_at(32);
        verify_slices_are_equal(expected, tag).map_err(|_| OpenError::Tampered)?;
        let length = self
            .decrypt
            .decrypt(&mut ciphertext, DecryptionContext::Iv128(FixedLength::from(iv)))
            .map_err(|_| OpenError::Tampered)?
            .len();
        ciphertext.truncate(length);
        Ok(ciphertext)
    }
}

impl GcmKey {
    /// Prepares the key.
    ///
    /// # Errors
    /// [`OpenError::Malformed`] if the cryptographic library refuses the key, which it does not for 32 bytes.
    pub fn new(key: &[u8; 32]) -> Result<Self, OpenError> {
        let unbound = UnboundKey::new(&AES_256_GCM, key).map_err(|_| OpenError::Malformed("the key is refused"))?;
        Ok(Self { kid: thumbprint(key, digest_256), key: LessSafeKey::new(unbound) })
    }

    fn open(&self, aad: &str, iv: &[u8], mut ciphertext: Vec<u8>, tag: &[u8]) -> Result<Vec<u8>, OpenError> {
        let nonce = Nonce::try_assume_unique_for_key(iv)
            .map_err(|_| OpenError::Malformed("the initialisation vector is not 12 bytes"))?;
        if tag.len() != 16 {
            return Err(OpenError::Malformed("the tag is not 16 bytes"));
        }
        ciphertext.extend_from_slice(tag);
        let length = self
            .key
            .open_in_place(nonce, Aad::from(aad.as_bytes()), &mut ciphertext)
            .map_err(|_| OpenError::Tampered)?
            .len();
        ciphertext.truncate(length);
        Ok(ciphertext)
    }
}

/// Opens a token with the first key pair whose `kid` it names. A token without `kid` is tried with the first pair only,
/// as Auth.js does.
///
/// # Errors
/// See [`OpenError`].
pub fn open(token: &str, keys: &[KeyPair]) -> Result<Opened, OpenError> {
    if token.len() > MAX_LENGTH {
        return Err(OpenError::Malformed("it is longer than 256 KiB"));
    }
    let mut parts = token.split('.');
    let (Some(header), Some(encrypted_key), Some(iv), Some(ciphertext), Some(tag), None) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(OpenError::Malformed("it has not five parts"));
    };
    // Our own tokens all begin with one of few headers: no need to decode and parse that again for every request.
    if let Some(pair) = keys.iter().find(|pair| pair.cbc.header == header) {
        let plaintext = pair.cbc.open(header, &decode(iv)?, decode(ciphertext)?, &decode(tag)?)?;
        return match encrypted_key {
            "" => Ok(Opened { plaintext, replicated: [("iss", None), ("sub", None), ("aud", None)] }),
            _ => Err(OpenError::Malformed("it has an encrypted key, although alg is dir")),
        };
    }
    let parsed: Header =
        serde_json::from_slice(&decode(header)?).map_err(|_| OpenError::Malformed("the header is not usable JSON"))?;
    if parsed.alg != "dir" {
        return Err(OpenError::Malformed("alg is not dir"));
    }
    if parsed.crit.is_some() || parsed.zip.is_some() {
        return Err(OpenError::Malformed("the header has crit or zip"));
    }
    if !encrypted_key.is_empty() {
        return Err(OpenError::Malformed("it has an encrypted key, although alg is dir"));
    }
    let chosen = |kid_of: fn(&KeyPair) -> &str| match &parsed.kid {
        None => keys.first().ok_or(OpenError::UnknownKey),
        Some(kid) => keys.iter().find(|pair| kid_of(pair) == kid).ok_or(OpenError::UnknownKey),
    };
    let (iv, ciphertext, tag) = (decode(iv)?, decode(ciphertext)?, decode(tag)?);
    let plaintext = match parsed.enc.as_str() {
        "A256CBC-HS512" => chosen(|pair| &pair.cbc.kid)?.cbc.open(header, &iv, ciphertext, &tag)?,
        "A256GCM" => chosen(|pair| &pair.gcm.kid)?.gcm.open(header, &iv, ciphertext, &tag)?,
        _ => return Err(OpenError::Malformed("enc is neither A256CBC-HS512 nor A256GCM")),
    };
    Ok(Opened { plaintext, replicated: [("iss", parsed.iss), ("sub", parsed.sub), ("aud", parsed.aud)] })
}

fn decode(part: &str) -> Result<Vec<u8>, OpenError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| OpenError::Malformed("a part is not base64url"))
}

fn digest_256(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, bytes))
}

fn digest_512(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA512, bytes))
}

/// The key's id: its RFC 7638 thumbprint, with the hash as long as the key.
fn thumbprint(key: &[u8], hash: fn(&[u8]) -> String) -> String {
    hash(format!(r#"{{"k":"{}","kty":"oct"}}"#, URL_SAFE_NO_PAD.encode(key)).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7518 appendix B.3, which gives key, IV, AAD, plaintext, ciphertext and tag of A256CBC-HS512.
    #[test]
    fn rfc_7518_appendix_b_3() {
        let key: [u8; 64] = std::array::from_fn(|index| index as u8);
        let iv = [0x1a, 0xf3, 0x8c, 0x2d, 0xc2, 0xb9, 0x6f, 0xfd, 0xd8, 0x66, 0x94, 0x09, 0x23, 0x41, 0xbc, 0x04];
        let aad = "The second principle of Auguste Kerckhoffs";
        let plaintext = b"A cipher system must not be required to be secret, and it must be able to fall into the hands of the enemy without inconvenience";
        let key = CbcHmacKey::new(&key).unwrap();
        let mut ciphertext = plaintext.to_vec();
        key.encrypt.less_safe_encrypt(&mut ciphertext, EncryptionContext::Iv128(FixedLength::from(iv))).unwrap();
        assert_eq!(ciphertext.first_chunk(), Some(&[0x4a, 0xff, 0xaa, 0xad, 0xb7, 0x8c, 0x31, 0xc5]));
        let tag = key.tag(aad.as_bytes(), &iv, &ciphertext);
        let tag = &tag.as_ref()[..32];
        assert_eq!(tag[..8], [0x4d, 0xd3, 0xb4, 0xc0, 0x88, 0xa7, 0xf4, 0x5c]);
        assert_eq!(
            tag[24..],
            [0x2e, 0x62, 0x69, 0xa8, 0xc5, 0x6a, 0x81, 0x6d, 0xbc, 0x1b, 0x26, 0x77, 0x61, 0x95, 0x5b, 0xc5][8..]
        );
        assert_eq!(key.open(aad, &iv, ciphertext, tag).unwrap(), plaintext);
    }

    #[test]
    fn a_token_opens_only_unchanged() {
        let pair = || KeyPair { cbc: CbcHmacKey::new(&[7; 64]).unwrap(), gcm: GcmKey::new(&[7; 32]).unwrap() };
        let token = pair().cbc.seal(b"{}", [1; 16]).unwrap();
        assert_eq!(open(&token, &[pair()]).unwrap().plaintext, b"{}");
        for index in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
            assert!(open(&String::from_utf8(changed).unwrap(), &[pair()]).is_err(), "byte {index}");
        }
    }
}
