//! One inquiry, with everything that happened to it and why it stands as it does.

use crate::app::board::{AccessLink, Board, KnownTemplate, Moment, StorageError, StoredInquiry};
use crate::domain::action::Action;
use crate::domain::diagnosis::Diagnosis;
use crate::domain::ids::{CustomerName, EnvironmentName, InquiryId};
use crate::domain::lineage::Succession;
use crate::domain::plan::Standing;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;

/// An inquiry with its whole story.
#[derive(Debug, Clone)]
pub struct InquiryView {
    /// As stored.
    pub stored: StoredInquiry,
    /// Whose it is.
    pub customer: Option<CustomerName>,
    /// What is known of its template.
    pub template: Option<KnownTemplate>,
    /// What is wanted for it now, and where nothing is, why: "why did this person get no reminder?". `None` where its
    /// environment is no longer configured.
    pub standing: Option<Standing>,
    /// Whether what is wanted is also performed.
    pub acting: bool,
    /// Whether its person is told nothing, because an operator decided so.
    pub muted: bool,
    /// Sessions it has had, as far as we know: Persona allows 25 (<https://docs.withpersona.com/inquiry-sessions>).
    pub sessions: u32,
    /// The inquiries that stand for the same verification, the first one first; this one among them.
    pub lineage: Vec<LineageMember>,
    /// The person's other inquiries of the same template that stand for another verification, newest first.
    pub others: Vec<LineageMember>,
    /// Its actions, the next due first, then those that ended, the latest first.
    pub actions: Vec<Action>,
    /// The access links into its verification, the latest first.
    pub links: Vec<AccessLink>,
    /// What happened, in time order.
    pub timeline: Vec<Moment>,
    /// Whether the beginning of the timeline is left out, because it is longer than a page bears.
    pub shortened: bool,
    /// Whether its person gets in, and why not.
    pub diagnosis: Option<Diagnosis>,
}

/// An inquiry beside another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineageMember {
    /// Which.
    pub id: InquiryId,
    /// How it stands.
    pub status: Option<Status>,
    /// When it was made.
    pub began_at: Option<Timestamp>,
    /// How it was replaced, where it was or is being.
    pub replaced: Option<Succession>,
}

impl Board {
    /// One inquiry with its whole story; `None` when there is none within the border.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn inquiry(
        &self,
        environment: &EnvironmentName,
        id: &InquiryId,
    ) -> Result<Option<InquiryView>, StorageError> {
        todo!()
    }

    /// Where inquiries with this id or reference id are, within the border; the latest first, at most 100.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn find(&self, id_or_reference: &str) -> Result<Vec<(EnvironmentName, InquiryId)>, StorageError> {
        todo!()
    }
}
