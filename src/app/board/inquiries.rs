//! Inquiries, page by page.

use crate::app::board::{Board, Cursor, InquiryFilter, InquiryRow, Page, StorageError};
use crate::domain::ids::{CustomerName, TemplateVersionId};
use crate::domain::time::Timestamp;

/// An inquiry in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InquiryLine {
    /// As stored.
    pub row: InquiryRow,
    /// Whose it is, as far as that can be told from its row.
    pub customer: Option<CustomerName>,
    /// The name of its template.
    pub template_name: Option<String>,
    /// The latest published version of its template, where this one is open and not of it.
    pub newer_version: Option<TemplateVersionId>,
    /// Its next planned action is due then.
    pub next_due: Option<Timestamp>,
    /// How many of its actions were given up.
    pub failures: u32,
}

impl Board {
    /// The inquiries that pass the filter, page by page. A page can have fewer than `limit`, and go on.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn inquiries(
        &self,
        filter: &InquiryFilter,
        customer: Option<&CustomerName>,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page<InquiryLine>, StorageError> {
        todo!()
    }
}
