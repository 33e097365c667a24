//! One process serves from a SQLite file: it has one writer, and its wake-ups reach no other process.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::storage::error::{Result, StorageError};

/// Held by the one process that serves. The lock goes with the process, however it ends.
#[derive(Debug)]
pub struct Alone {
    _lock: Option<File>,
}

impl Alone {
    /// Takes the lock file beside a database file.
    pub(super) fn with(database: &Path) -> Result<Self> {
        let path = PathBuf::from(format!("{}.lock", database.display()));
        let failed = |source| StorageError::File { path: path.clone(), source };
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _lock: Some(file) }),
            Err(TryLockError::WouldBlock) => Err(StorageError::InUse { path: database.to_owned() }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// Where many may serve at once.
    pub(super) const fn needless() -> Self {
        Self { _lock: None }
    }
}
