//! What came of reminding, and of not reminding those who are held out.
//!
//! A row is written in the transaction that settles the notice, and stays when the notice is taken away by retention.
//! Once the deadline of the notice has passed, what came of it is added to a count for the day; reports read the counts
//! alone, whatever the size of the tables.

pub(super) mod close;
pub(super) mod read;
pub(super) mod record;

pub use close::{Closed, Open};
pub use read::Counted;
pub use record::{Noticed, Whole};
