//! Inquiries: the merged state of each, whole, with columns beside it that queries need.

pub(super) mod change;
pub(super) mod read;
mod state;

pub use read::{InquiryFilter, InquiryRow, StoredInquiry};
