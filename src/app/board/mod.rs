//! What operators read: one place for the dashboard, the API and commands, so that all of them say the same.
//!
//! A [`Board`] stands within somebody's border: what lies in another environment does not exist for it. Every list is
//! read by an index, page by page, whatever the size of the tables; every count stops at [`Capped::MOST`] or comes from
//! tallies that were kept as things happened.

mod actions;
mod alerts;
mod attention;
mod events;
mod inquiries;
mod inquiry;
mod merge;
mod overview;
mod replays;
mod report;
mod state;
mod tallies;
mod templates;
mod timeline;

use crate::app::App;
use crate::domain::ids::EnvironmentName;

pub use self::actions::ActionView;
pub use self::alerts::AlertsRead;
pub use self::attention::{Attention, BudgetLow, DeadLetters, LaneLate, ReconciliationLate, Waiting};
pub use self::events::{EventView, Revealed};
pub use self::inquiries::InquiryLine;
pub use self::inquiry::{InquiryView, LineageMember};
pub use self::overview::{DueSoon, OpenByDeadline, OpenByStatus, Overview};
pub use self::replays::ReplayStory;
pub use self::report::{Compared, Group, ReportFilter, StepReport, TemplateReport};
pub use self::state::{BudgetState, EnvironmentState};
pub use self::tallies::{Pulse, Series, Totals};
pub use self::templates::{TemplateLine, VersionLine};
pub use self::timeline::{Moment, What};
pub use crate::storage::access_links::{AccessLink, LinkId};
pub use crate::storage::actions::{ActionFilter, Attempt, AttemptOutcome, Lane, LaneSetting};
pub use crate::storage::alerts::AlertNotice;
pub use crate::storage::events::{EventFilter, Origin, Outcome, StoredEvent};
pub use crate::storage::inquiries::{InquiryFilter, InquiryOrder, InquiryRow, StoredInquiry};
pub use crate::storage::reconciliation::Reconciliation;
pub use crate::storage::refusals::Refused;
pub use crate::storage::tallies::{Period, Point, Tally};
pub use crate::storage::template_runs::{Poll, TemplateRun};
pub use crate::storage::templates::KnownTemplate;
pub use crate::storage::{Capped, Cursor, InvalidCursor, Page, StorageError};

/// What somebody sees who is bound to an environment, or to none.
#[derive(Clone)]
pub struct Board {
    app: App,
    within: Option<EnvironmentName>,
}

impl App {
    /// What is to be read within one environment, or in all of them.
    #[must_use]
    pub fn board(&self, within: Option<EnvironmentName>) -> Board {
        Board { app: self.clone(), within }
    }
}

impl Board {
    /// The environments there are within its border, in the order of their names.
    pub fn environments(&self) -> Vec<EnvironmentName> {
        let all = self.app.environments().keys();
        all.filter(|name| self.sees(name)).cloned().collect()
    }

    /// Whether an environment is within its border.
    #[must_use]
    pub fn sees(&self, environment: &EnvironmentName) -> bool {
        self.within.as_ref().is_none_or(|within| within == environment)
    }

    /// The environments that a wish comes down to: the one named, if it is within the border; else all that are.
    fn meant(&self, named: Option<&EnvironmentName>) -> Vec<EnvironmentName> {
        let all = self.environments();
        match named {
            Some(named) => all.into_iter().filter(|name| name == named).collect(),
            None => all,
        }
    }
}
