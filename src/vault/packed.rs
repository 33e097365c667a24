//! Bodies made small before they are sealed: what is sealed can't be made smaller any more.

use std::cell::RefCell;

use bytes::Bytes;
use zstd::bulk::{Compressor, Decompressor};

use crate::vault::error::VaultError;

/// The fastest: a payload of 3 KB takes some 20 microseconds, and higher levels hardly make it smaller.
const LEVEL: i32 = 1;

/// What is shorter is left as it is, in bytes.
const WORTHWHILE: usize = 128;

/// Longest body that is unpacked, in bytes: the longest that a configuration lets in.
const LONGEST: usize = 64 << 20;

const AS_IT_IS: u8 = 0;
const ZSTD: u8 = 1;

thread_local! {
    // Making one costs more than using it.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = RefCell::new(Compressor::new(LEVEL).ok());
}

/// A body, made small if it gets smaller. Without `Debug`: it holds people's data.
#[derive(Clone)]
pub struct Packed {
    form: u8,
    original: u32,
    bytes: Bytes,
}

impl Packed {
    /// Packs a body.
    #[must_use]
    pub fn of(body: Bytes) -> Self {
        let original = u32::try_from(body.len()).unwrap_or(u32::MAX);
        let smaller = if body.len() >= WORTHWHILE && body.len() <= LONGEST { compress(&body) } else { None };
        match smaller.filter(|smaller| smaller.len() < body.len()) {
            Some(smaller) => Self { form: ZSTD, original, bytes: smaller.into() },
            None => Self { form: AS_IT_IS, original, bytes: body },
        }
    }

    /// Puts together what was sealed.
    pub(super) const fn from_parts(form: u8, original: u32, bytes: Bytes) -> Self {
        Self { form, original, bytes }
    }

    /// How it is packed, and how long it was.
    pub(super) const fn form(&self) -> (u8, u32) {
        (self.form, self.original)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How long it is as it is packed, in bytes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "nobody asks")]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The body as it was.
    ///
    /// # Errors
    /// [`VaultError`] when it was packed by something else.
    pub fn unpack(self) -> Result<Vec<u8>, VaultError> {
        match self.form {
            AS_IT_IS => Ok(self.bytes.into()),
            ZSTD => {
                let original = usize::try_from(self.original).ok().filter(|length| *length <= LONGEST);
                let original = original.ok_or(VaultError::Damaged)?;
                let mut decompressor = Decompressor::new().map_err(|_| VaultError::Damaged)?;
                decompressor.decompress(&self.bytes, original).map_err(|_| VaultError::Damaged)
            }
            _ => Err(VaultError::NewerForm),
        }
    }
}

fn compress(body: &[u8]) -> Option<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|compressor| compressor.as_mut()?.compress(body).ok())
}
