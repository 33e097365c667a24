//! What happened to an inquiry, in one order: by Persona's clock what Persona says, by ours everything else.

use crate::app::board::{AccessLink, Attempt, AttemptOutcome, StoredEvent};
use crate::app::queries::in_words;
use crate::domain::action::{Action, State, Work};
use crate::domain::deed::Entry;
use crate::domain::ids::InquiryId;
use crate::domain::lineage::Succession;
use crate::domain::time::Timestamp;
use crate::storage::lineages::Means;

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// An event came: applied, ignored with a reason, or kept aside.
    Event,
    /// An action was planned.
    Planned,
    /// An action was tried.
    Attempt,
    /// A notice was handed over.
    Notice,
    /// An action ended without an attempt.
    Ended,
    /// An access link was made.
    Link,
    /// An access link was opened; the latest opening of each.
    Opened,
    /// An access link was revoked.
    Revoked,
    /// Its person was let in.
    Admitted,
    /// Another inquiry took its place, or it another one's.
    Replaced,
    /// It was read at Persona; the latest reading.
    Read,
    /// An operator did something.
    Deed,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// When: an event by Persona's clock, everything else by ours.
    pub at: Timestamp,
    /// What kind of thing.
    pub what: What,
    /// The id of the event, action, link or inquiry it is about.
    pub id: String,
    /// In words: an event's name, what an action does.
    pub words: String,
    /// What became of it, in a word.
    pub outcome: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Who: a worker, or an operator.
    pub who: Option<String>,
}

impl What {
    /// As a word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Planned => "planned",
            Self::Attempt => "attempt",
            Self::Notice => "notice",
            Self::Ended => "ended",
            Self::Link => "link",
            Self::Opened => "opened",
            Self::Revoked => "revoked",
            Self::Admitted => "admitted",
            Self::Replaced => "replaced",
            Self::Read => "read",
            Self::Deed => "deed",
        }
    }
}

impl Moment {
    fn new(at: Timestamp, what: What, id: &str, words: impl Into<String>) -> Self {
        Self { at, what, id: id.to_owned(), words: words.into(), outcome: None, reason: None, who: None }
    }
}

pub(super) fn of_event(event: StoredEvent) -> Moment {
    let words = event.name.unwrap_or_else(|| "unreadable".to_owned());
    Moment {
        outcome: event.outcome.map(|outcome| outcome.to_string()),
        reason: event.reason,
        who: event.decided.map(|(who, _)| who),
        ..Moment::new(event.occurred_at.unwrap_or(event.received_at), What::Event, event.id.as_str(), words)
    }
}

/// An action: planned, each attempt, and its end where no attempt tells it.
pub(super) fn of_action(action: &Action, attempts: &[Attempt]) -> Vec<Moment> {
    let (id, words) = (action.planned.id.as_str(), in_words(action));
    let tells = matches!(action.planned.work, Work::Remind(_) | Work::Tell(_) | Work::Invite(_) | Work::Publish(_));
    let planned = Moment::new(action.created_at, What::Planned, id, words.clone());
    let mut moments = vec![Moment { outcome: Some(format!("due {}", action.planned.due_at)), ..planned }];
    for attempt in attempts {
        let handed_over = tells && attempt.outcome == AttemptOutcome::Done;
        let what = if handed_over { What::Notice } else { What::Attempt };
        moments.push(Moment {
            outcome: Some(attempt.outcome.to_string()),
            reason: attempt.error.clone(),
            who: Some(attempt.worker.clone()),
            ..Moment::new(attempt.ended_at, what, id, words.clone())
        });
    }
    let told = attempts.last().map(|attempt| attempt.ended_at);
    if let (State::Cancelled | State::Failed, Some(at)) = (action.state, action.finished_at)
        && told != Some(at)
    {
        let by = action.cancelled_by.map(|by| by.as_str().to_owned());
        let ended = Moment::new(at, What::Ended, id, words);
        moments.push(Moment {
            outcome: Some(action.state.to_string()),
            reason: action.reason.clone(),
            who: by,
            ..ended
        });
    }
    moments
}

pub(super) fn of_link(link: &AccessLink) -> Vec<Moment> {
    let (id, lasts) = (link.id.as_str(), format!("until {}", link.expires_at));
    let why = link.made_for.as_ref().map(|action| format!("for action {action}"));
    let made = Moment::new(link.created_at, What::Link, id, "access link made");
    let mut moments = vec![Moment { outcome: Some(lasts), reason: why, ..made }];
    if let Some(at) = link.last_opened_at {
        let opened = Moment::new(at, What::Opened, id, "access link opened");
        moments.push(Moment { outcome: Some(format!("{} of {} times", link.opens, link.max_opens)), ..opened });
    }
    if let Some(at) = link.revoked_at {
        let revoked = Moment::new(at, What::Revoked, id, "access link revoked");
        moments.push(Moment { reason: link.revoked_why.clone(), who: link.revoked_by.clone(), ..revoked });
    }
    moments
}

pub(super) fn of_admission(inquiry: &InquiryId, means: Means, at: Timestamp) -> Moment {
    let words = match means {
        Means::Link => "let in by a one-time link",
        Means::SessionLink => "let in by a one-time link into a session there was",
        Means::Token => "let in by a session token",
    };
    Moment::new(at, What::Admitted, inquiry.as_str(), words)
}

pub(super) fn of_succession(inquiry: &InquiryId, one: &Succession) -> Moment {
    let words = match &one.successor {
        Some(successor) if one.inquiry == *inquiry => format!("{successor} took its place"),
        Some(_) => format!("took the place of {}", one.inquiry),
        None => "is being replaced".to_owned(),
    };
    let about = one.successor.as_ref().filter(|_| one.inquiry == *inquiry).unwrap_or(&one.inquiry);
    let moment = Moment::new(one.changed_at, What::Replaced, about.as_str(), words);
    Moment { outcome: Some(one.stage.as_str().to_owned()), reason: Some(one.cause.to_string()), ..moment }
}

pub(super) fn of_reading(inquiry: &InquiryId, at: Timestamp) -> Moment {
    Moment::new(at, What::Read, inquiry.as_str(), "read at Persona")
}

pub(super) fn of_deed(entry: Entry) -> Moment {
    let about = entry.about.map(|(_, id)| id).unwrap_or_default();
    let moment = Moment::new(entry.at, What::Deed, &about, entry.act.replace('_', " "));
    Moment { reason: entry.reason, who: Some(entry.who), ..moment }
}
