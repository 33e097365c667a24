//! Inquiries: the merged state of each, whole, with columns beside it that queries need.

pub(super) mod change;
mod columns;
pub(super) mod of_template;
pub(super) mod read;
mod state;

pub use change::{GroupKey, InquiryKey};
pub use read::{InquiryFilter, InquiryRow, StoredInquiry};
