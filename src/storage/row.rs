//! Reading rows back: what does not parse names its table, column and row.

use crate::domain::ids::{EnvironmentName, InvalidId};
use crate::storage::error::{Result, StorageError};

/// A row under the eye of its parser.
pub(super) struct Place<'a> {
    pub(super) table: &'static str,
    pub(super) row: &'a str,
}

impl Place<'_> {
    /// The error for a column that does not parse.
    pub(super) fn inconsistent(&self, column: &'static str) -> StorageError {
        StorageError::Inconsistent { table: self.table, column, row: self.row.to_owned() }
    }

    /// What a column means, or the error when it means nothing.
    pub(super) fn some<T>(&self, column: &'static str, meaning: Option<T>) -> Result<T> {
        meaning.ok_or_else(|| self.inconsistent(column))
    }

    /// An identifier.
    pub(super) fn id<T>(
        &self,
        column: &'static str,
        text: &str,
        parse: impl Fn(&str) -> Result<T, InvalidId>,
    ) -> Result<T> {
        self.some(column, parse(text).ok())
    }

    /// An identifier that may be null.
    pub(super) fn optional_id<T>(
        &self,
        column: &'static str,
        text: Option<&str>,
        parse: impl Fn(&str) -> Result<T, InvalidId>,
    ) -> Result<Option<T>> {
        text.map(|text| self.id(column, text, parse)).transpose()
    }

    pub(super) fn environment(&self, text: &str) -> Result<EnvironmentName> {
        self.id("environment", text, EnvironmentName::parse)
    }

    /// A count, which databases keep with a sign.
    pub(super) fn count(&self, column: &'static str, count: i32) -> Result<u32> {
        self.some(column, u32::try_from(count).ok())
    }
}
