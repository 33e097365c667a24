//! What answers look like. Times are RFC 3339 in UTC; counts that stop at 10,000 say so.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::board::{Attempt, Capped, Cursor, InquiryLine, Page, StoredEvent};
use crate::app::queries::in_words;
use crate::domain::action::{Action, CancelledBy};
use crate::domain::time::Timestamp;

/// Why it is done; needed for what touches people.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Why {
    /// In your words; it stands in the audit. Name nobody
    pub(super) reason: Option<String>,
}

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub(super) struct PageView<T> {
    /// The rows; a page can be short, or empty, and go on
    pub(super) items: Vec<T>,
    /// Ask for the next page with it as `after`; null at the end
    pub(super) next: Option<String>,
    /// The keys of rows that can't be understood
    pub(super) unreadable: Vec<String>,
}

/// A count that stops at 10,000.
#[derive(Serialize, ToSchema)]
pub(super) struct CountView {
    /// How many; 10,000 where there are more
    count: u32,
    /// Whether there are more
    more: bool,
}

/// An inquiry in a list.
#[derive(Serialize, ToSchema)]
pub(super) struct InquiryView {
    environment: String,
    /// Persona's id (`inq_…`)
    id: String,
    /// Persona's status; the list is open
    status: Option<String>,
    reference_id: Option<String>,
    account_id: Option<String>,
    template_id: Option<String>,
    template_name: Option<String>,
    template_version_id: Option<String>,
    /// The latest published version, where this one is open and of another
    newer_version: Option<String>,
    /// The first inquiry of its verification
    lineage: String,
    customer: Option<String>,
    #[schema(format = DateTime)]
    created_at: Option<String>,
    /// When it expires; null once it is over
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// When anything was last observed of it, by Persona's clock
    #[schema(format = DateTime)]
    last_observed_at: Option<String>,
    /// When it was first heard of, by our clock
    #[schema(format = DateTime)]
    first_seen_at: String,
    /// When its next planned action is due
    #[schema(format = DateTime)]
    next_due_at: Option<String>,
    /// How many of its actions were given up
    failures: u32,
    redacted: bool,
}

/// An event, without its payload.
#[derive(Serialize, ToSchema)]
pub(super) struct EventView {
    environment: String,
    /// Persona's id (`evt_…`), or a hash of what was not understood
    id: String,
    name: Option<String>,
    inquiry_id: Option<String>,
    /// `webhook`, `api` or `import`
    origin: String,
    /// `applied`, `ignored`, `quarantined`, `unreadable` or `discarded`
    outcome: Option<String>,
    /// Why
    reason: Option<String>,
    /// How often it came
    deliveries: u32,
    #[schema(format = DateTime)]
    occurred_at: Option<String>,
    #[schema(format = DateTime)]
    received_at: String,
    #[schema(format = DateTime)]
    last_received_at: String,
    /// Who released or discarded it
    decided_by: Option<String>,
    #[schema(format = DateTime)]
    decided_at: Option<String>,
}

/// An action.
#[derive(Serialize, ToSchema)]
pub(super) struct ActionView {
    environment: String,
    id: String,
    inquiry_id: String,
    /// `remind`, `revive`, `replace`, `tell`, `expire` or `invite`
    kind: &'static str,
    /// What it does, in words
    what: String,
    /// `planned`, `running`, `done`, `failed` or `cancelled`
    state: &'static str,
    /// The last error, or why it ended as it did
    reason: Option<String>,
    attempts: u32,
    max_attempts: u32,
    /// Of the next attempt
    #[schema(format = DateTime)]
    due_at: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    finished_at: Option<String>,
    /// `plan` or `operator`
    cancelled_by: Option<&'static str>,
}

/// One try of an action.
#[derive(Serialize, ToSchema)]
pub(super) struct AttemptView {
    number: u32,
    #[schema(format = DateTime)]
    started_at: String,
    #[schema(format = DateTime)]
    ended_at: String,
    worker: String,
    /// `done`, `retry`, `gave_up`, `cancelled` or `lost`
    outcome: &'static str,
    error: Option<String>,
}

/// A time as text, where there is one.
pub(super) fn time(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

/// Whatever has a text, where it is there.
pub(super) fn text<T: ToString>(value: Option<T>) -> Option<String> {
    value.map(|value| value.to_string())
}

impl<T> PageView<T> {
    /// A page in the shapes of this edge.
    pub(super) fn of<R>(page: Page<R>, view: impl Fn(R) -> T) -> Self {
        let next = page.next.as_ref().map(Cursor::to_string);
        Self { items: page.items.into_iter().map(view).collect(), next, unreadable: page.unreadable }
    }
}

impl From<Capped> for CountView {
    fn from(Capped { count, more }: Capped) -> Self {
        Self { count, more }
    }
}

impl From<InquiryLine> for InquiryView {
    fn from(line: InquiryLine) -> Self {
        let row = line.row;
        Self {
            environment: row.environment.to_string(),
            id: row.id.to_string(),
            status: text(row.status),
            reference_id: text(row.reference_id),
            account_id: text(row.account_id),
            template_id: text(row.template_id),
            template_name: line.template_name,
            template_version_id: text(row.template_version_id),
            newer_version: text(line.newer_version),
            lineage: row.lineage.to_string(),
            customer: text(line.customer),
            created_at: time(row.created_at),
            expires_at: time(row.expires_at),
            last_observed_at: time(row.last_observed_at),
            first_seen_at: row.first_seen_at.to_string(),
            next_due_at: time(line.next_due),
            failures: line.failures,
            redacted: row.redacted,
        }
    }
}

impl From<StoredEvent> for EventView {
    fn from(event: StoredEvent) -> Self {
        let (decided_by, decided_at) = event.decided.unzip();
        Self {
            environment: event.environment.to_string(),
            id: event.id.to_string(),
            name: event.name,
            inquiry_id: text(event.inquiry),
            origin: event.origin.to_string(),
            outcome: text(event.outcome),
            reason: event.reason,
            deliveries: event.deliveries,
            occurred_at: time(event.occurred_at),
            received_at: event.received_at.to_string(),
            last_received_at: event.last_received_at.to_string(),
            decided_by,
            decided_at: time(decided_at),
        }
    }
}

impl From<Action> for ActionView {
    fn from(action: Action) -> Self {
        Self {
            what: in_words(&action),
            environment: action.planned.environment.to_string(),
            id: action.planned.id.to_string(),
            inquiry_id: action.planned.inquiry.to_string(),
            kind: action.planned.work.kind().as_str(),
            state: action.state.as_str(),
            reason: action.reason,
            attempts: action.attempts,
            max_attempts: action.max_attempts,
            due_at: action.planned.due_at.to_string(),
            created_at: action.created_at.to_string(),
            finished_at: time(action.finished_at),
            cancelled_by: action.cancelled_by.map(CancelledBy::as_str),
        }
    }
}

impl From<Attempt> for AttemptView {
    fn from(attempt: Attempt) -> Self {
        Self {
            number: attempt.number,
            started_at: attempt.started_at.to_string(),
            ended_at: attempt.ended_at.to_string(),
            worker: attempt.worker,
            outcome: attempt.outcome.as_str(),
            error: attempt.error,
        }
    }
}
