//! What a diagnosis is made from.

use crate::domain::access::Sessions;
use crate::domain::action::Kind;
use crate::domain::ids::EventId;
use crate::domain::plan::Situation;
use crate::domain::time::Timestamp;

/// What is known about one inquiry, from everywhere.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// What a decision is made from.
    pub situation: Situation<'a>,
    /// The sessions of the inquiry to get into, as far as they are known.
    pub sessions: Sessions,
    /// The events about that inquiry.
    pub events: &'a [Heard],
    /// By what the person was let in, or reminded.
    pub given: &'a [Given],
    /// What stands between the person and Persona that is no matter of the inquiry.
    pub around: &'a Around,
}

/// An event, as far as a diagnosis needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Which.
    pub id: EventId,
    /// Its name, as Persona wrote it.
    pub name: String,
    /// When it happened, by Persona's clock, else when it came, by ours.
    pub at: Timestamp,
}

/// A link or token that was handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Given {
    /// What.
    pub what: Gift,
    /// When, by our clock.
    pub at: Timestamp,
}

/// What was handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gift {
    /// A one-time link to somebody who came.
    Link,
    /// A session token for Persona's SDK.
    Token,
    /// A reminder with a one-time link.
    Reminder,
}

/// What stands between a person and Persona.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Around {
    /// Whether Rekindle asks anything of Persona in this environment.
    pub acting: Acting,
    /// The kinds of work that an operator paused there.
    pub paused: Vec<Paused>,
    /// Until when nothing of the request budget is left.
    pub spent_until: Option<Timestamp>,
    /// The latest call that Persona did not answer, where none was answered since.
    pub trouble: Option<Trouble>,
}

/// Whether Rekindle asks anything of Persona.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Acting {
    /// It does.
    #[default]
    Yes,
    /// The environment is in mode `observe`.
    Observing,
    /// It has no API key.
    NoKey,
    /// It is no longer configured.
    NotConfigured,
}

/// A kind of work that an operator paused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paused {
    /// Which.
    pub kind: Kind,
    /// Who did.
    pub by: String,
    /// Why, in their words.
    pub reason: String,
    /// When, by our clock.
    pub at: Timestamp,
}

/// A call that Persona did not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// When, by our clock.
    pub at: Timestamp,
    /// What went wrong; free of secrets and of people's data.
    pub error: String,
}
