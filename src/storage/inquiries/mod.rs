//! Inquiries: the merged state of each, whole, with columns beside it that queries need.

pub(super) mod change;
mod columns;
pub(super) mod count;
mod filter;
pub(super) mod lines;
mod list;
pub(super) mod of_template;
pub(super) mod read;
mod state;

pub use change::{GroupKey, InquiryKey};
pub(in crate::storage) use count::COUNT_TO;
pub use count::Span;
pub use filter::{InquiryFilter, InquiryOrder, MaybeOf};
pub use lines::Beside;
pub use list::InquiryRow;
pub use read::StoredInquiry;
