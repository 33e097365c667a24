//! What the clock does by itself: deadlines that pass.

use super::lifecycle::Move;
use super::world::World;
use crate::domain::ids::{InquiryId, SessionId};
use crate::domain::time::Timestamp;

/// Whose deadline it is. An inquiry's comes before its sessions' at the same moment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Deadline {
    Inquiry(InquiryId),
    Session(SessionId),
}

impl World {
    /// Lets every deadline up to `now` take effect, in order, each at its own time.
    pub(super) fn tick(&mut self, now: Timestamp) {
        while let Some((at, _)) = self.deadlines.first() {
            if *at > now {
                break;
            }
            if let Some((at, deadline)) = self.deadlines.pop_first() {
                self.pass(&deadline, at);
            }
        }
    }

    /// A deadline that has been moved since leaves another behind; only the one that still stands counts.
    fn pass(&mut self, deadline: &Deadline, at: Timestamp) {
        match deadline {
            Deadline::Inquiry(id) => {
                if self.inquiry(id).is_ok_and(|inquiry| inquiry.open_until() == Some(at)) {
                    // An open inquiry can always be expired.
                    let _ = self.make(id, &Move::Expire, at);
                }
            }
            Deadline::Session(id) => self.expire_session(id, at),
        }
    }
}
