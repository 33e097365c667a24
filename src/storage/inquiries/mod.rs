//! Inquiries: the merged state of each, whole, with columns beside it that queries need.

pub(super) mod change;
mod columns;
mod list;
pub(super) mod of_template;
pub(super) mod read;
mod state;

pub use change::{GroupKey, InquiryKey};
pub use list::{InquiryFilter, InquiryOrder, InquiryRow, MaybeOf};
pub use read::StoredInquiry;
