//! One authenticated box: a nonce, then what was encrypted, then its tag.

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{KeyInit, Tag, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::vault::error::VaultError;

/// Bytes of a key.
pub(super) const KEY_BYTES: usize = 32;

/// Bytes of a nonce: enough that random ones never meet.
pub(super) const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// What a box adds to what is in it.
pub(super) const ADDED_BYTES: usize = NONCE_BYTES + TAG_BYTES;

/// A key; gone from memory when it is dropped.
pub(super) type Key = Zeroizing<[u8; KEY_BYTES]>;

/// A new key.
pub(super) fn random_key() -> Result<Key, VaultError> {
    let mut key = Key::default();
    getrandom::fill(&mut *key).map_err(|_| VaultError::NoRandomness)?;
    Ok(key)
}

/// Appends the box of `plain` to `out`; it opens only together with `bound`.
pub(super) fn seal(key: &Key, bound: &[u8], plain: &[u8], out: &mut Vec<u8>) -> Result<(), VaultError> {
    let mut nonce = XNonce::default();
    getrandom::fill(&mut nonce).map_err(|_| VaultError::NoRandomness)?;
    box_up(key, &nonce, bound, plain, out)
}

/// As [`seal`], with a nonce of [`NONCE_BYTES`] that must never serve for anything else under this key.
pub(super) fn seal_with(key: &Key, nonce: &[u8], bound: &[u8], plain: &[u8], out: &mut Vec<u8>) {
    let nonce = XNonce::try_from(nonce).unwrap_or_else(|_| unreachable!("a nonce has its length"));
    // It fails for what is longer than 256 GB only.
    let _ = box_up(key, &nonce, bound, plain, out);
}

fn box_up(key: &Key, nonce: &XNonce, bound: &[u8], plain: &[u8], out: &mut Vec<u8>) -> Result<(), VaultError> {
    out.reserve(plain.len() + ADDED_BYTES);
    out.extend_from_slice(nonce);
    let begin = out.len();
    out.extend_from_slice(plain);
    let cipher = XChaCha20Poly1305::new((&**key).into());
    let tag = cipher.encrypt_inout_detached(nonce, bound, (&mut out[begin..]).into());
    // It fails for what is longer than 256 GB only.
    out.extend_from_slice(&tag.map_err(|_| VaultError::Damaged)?);
    Ok(())
}

/// What is in a box.
pub(super) fn open(key: &Key, bound: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let (nonce, rest) = sealed.split_at_checked(NONCE_BYTES).ok_or(VaultError::Damaged)?;
    let at = rest.len().checked_sub(TAG_BYTES).ok_or(VaultError::Damaged)?;
    let (encrypted, tag) = rest.split_at(at);
    let nonce = XNonce::try_from(nonce).map_err(|_| VaultError::Damaged)?;
    let tag = Tag::try_from(tag).map_err(|_| VaultError::Damaged)?;
    let mut plain = Zeroizing::new(encrypted.to_vec());
    let cipher = XChaCha20Poly1305::new((&**key).into());
    let opened = cipher.decrypt_inout_detached(&nonce, bound, plain.as_mut_slice().into(), &tag);
    opened.map_err(|_| VaultError::Damaged)?;
    Ok(plain)
}

/// What a box is bound to: parts that can't be mistaken for one another, however they are cut.
pub(super) fn bound(parts: &[&[u8]]) -> Vec<u8> {
    let mut bound = Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum());
    for part in parts {
        bound.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        bound.extend_from_slice(part);
    }
    bound
}
