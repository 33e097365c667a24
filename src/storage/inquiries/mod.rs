//! Inquiries: the merged state of each, whole, with columns beside it that queries need.

pub(super) mod change;
pub(super) mod read;
mod state;

pub(in crate::storage) use change::Row;
pub use read::{InquiryFilter, InquiryRow, StoredInquiry};
