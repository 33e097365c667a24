//! Alerts: what somebody should hear of, when, how often, and when it is over.
//!
//! A condition is found again at every look, from facts alone. An alert is its history: it waits until the condition
//! has held for long enough, fires, is told again at intervals, and resolves when the condition has been gone for a
//! while. Who is told, and whether that worked, is none of its concern.

mod facts;
mod silence;
mod words;

use std::fmt;

use jiff::SignedDuration;

use crate::domain::ids::EnvironmentName;
use crate::domain::time::Timestamp;

pub use self::facts::{BudgetFacts, Facts, Finding, Thresholds};
pub use self::silence::{ExpectDeliveries, LEARNT_FROM, learnt_silence};
pub use self::words::{Message, message};

/// Declares every alert: its word, what people call it, and what helps.
macro_rules! alerts {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $title:literal, $help:literal;)+) => {
        /// What can be wrong. Each is known by its word, in tables, bodies and the runbook.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum AlertName {
            $($(#[$doc])* $name,)+
        }

        impl AlertName {
            /// Every alert there is, the most pressing first.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }

            /// What people call it.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$name => $title,)+
                }
            }

            /// What helps, in a sentence or two; the runbook says more.
            #[must_use]
            pub const fn help(self) -> &'static str {
                match self {
                    $(Self::$name => $help,)+
                }
            }
        }
    };
}

alerts! {
    /// No delivery came for longer than it should have.
    Silence = "silence", "Silence",
        "Is the webhook at Persona enabled, and does its address reach this installation? `rekindle doctor` looks.";
    /// Deliveries come whose signature is not Persona's.
    SignatureFailures = "signature_failures", "Signature failures",
        "A wrong or rotated secret refuses all of Persona's deliveries: compare webhook_secrets with Persona's dashboard.";
    /// Actions were given up.
    DeadLetters = "dead_letters", "Dead letters",
        "See why with `rekindle actions list --state failed`, mend it, then `rekindle actions retry`.";
    /// Due work is not performed.
    WorkLate = "work_late", "Work is late",
        "Is a worker running, does the database answer, and does Persona's budget have room?";
    /// Reconciliation found events that never came.
    Losses = "losses", "Losses found",
        "What was lost has been fetched. Find out why it did not come: outages of ours, or a webhook that was disabled.";
    /// It is not known for certain what changed at Persona.
    ReconciliationLate = "reconciliation_late", "Reconciliation is late",
        "`rekindle reconcile status` says where it stands and why; `rekindle reconcile` runs it now.";
    /// Nothing may be asked of Persona for reminders.
    BudgetExhausted = "budget_exhausted", "Budget exhausted",
        "Who else asks Persona with this organization's keys? Hold what can wait: `rekindle lanes pause` or `rekindle templates pause`.";
    /// Events wait for somebody's decision.
    Quarantine = "quarantine", "Quarantine is not empty",
        "See them with `rekindle events list --outcome quarantined`; release what is trusted, discard what is not.";
    /// Events were not understood.
    Unreadable = "unreadable", "Unreadable events",
        "See them with `rekindle events list --outcome unreadable`; a newer release may understand them.";
    /// A lane was paused, and perhaps forgotten.
    LanePaused = "lane_paused", "A lane is paused",
        "Ask who paused it (`rekindle lanes list`), and resume it with `rekindle lanes resume`.";
}

impl AlertName {
    /// Reads what [`AlertName::as_str`] writes.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|name| name.as_str() == word)
    }
}

impl fmt::Display for AlertName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How an alert stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AlertState {
    /// Nothing is wrong.
    Quiet,
    /// Something is, but not for long enough yet.
    Pending,
    /// It is wrong.
    Firing,
}

impl AlertState {
    /// As text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quiet => "quiet",
            Self::Pending => "pending",
            Self::Firing => "firing",
        }
    }

    /// Reads what [`AlertState::as_str`] writes.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Quiet, Self::Pending, Self::Firing].into_iter().find(|state| state.as_str() == word)
    }
}

/// What is told of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum News {
    /// It fires, for the first time or still.
    Firing,
    /// It is over.
    Resolved,
}

impl News {
    /// As text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }

    /// Reads what [`News::as_str`] writes.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Firing, Self::Resolved].into_iter().find(|news| news.as_str() == word)
    }
}

/// An operator's wish to hear nothing of an alert for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silenced {
    /// Until when.
    pub until: Timestamp,
    /// Who wants it so.
    pub by: String,
    /// Why, in their words.
    pub why: String,
}

/// One alert of one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Where.
    pub environment: EnvironmentName,
    /// Which.
    pub name: AlertName,
    /// How it stands.
    pub state: AlertState,
    /// Since when it stands so, by our clock; while it fires or waits, since the condition was first found.
    pub since: Timestamp,
    /// When the condition was last found.
    pub seen_at: Timestamp,
    /// When it was last told that it fires, since it does.
    pub told_at: Option<Timestamp>,
    /// How much of it there is, as last found.
    pub value: u64,
    /// What was last found, in words of ours.
    pub summary: String,
    /// Whether somebody silenced it, until when; it may be over.
    pub silenced: Option<Silenced>,
}

/// How alerts go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// It is told again after so long while it fires.
    pub repeat: SignedDuration,
    /// It is over when its condition has been gone for so long, so that one that comes and goes is one alert.
    pub settle: SignedDuration,
}

/// A condition that has to hold for a while may be gone for so long without beginning anew: a look that finds the
/// budget in its first seconds of a window proves nothing.
const GAP: SignedDuration = SignedDuration::from_mins(2);

impl Alert {
    /// One that nothing is known of.
    #[must_use]
    pub fn quiet(environment: EnvironmentName, name: AlertName, now: Timestamp) -> Self {
        Self {
            environment,
            name,
            state: AlertState::Quiet,
            since: now,
            seen_at: now,
            told_at: None,
            value: 0,
            summary: String::new(),
            silenced: None,
        }
    }

    /// Whether nobody is told of it now.
    #[must_use]
    pub fn is_silenced(&self, now: Timestamp) -> bool {
        self.silenced.as_ref().is_some_and(|silenced| now < silenced.until)
    }

    /// Goes on by one look, which found the condition or did not; what is to be told then.
    ///
    /// Who was told that it fires is told that it is over, silenced or not: that troubles nobody, and closes what they
    /// opened.
    pub fn step(&mut self, found: Option<&Finding>, pace: Pace, now: Timestamp) -> Option<News> {
        match found {
            Some(finding) => self.found(finding, pace, now),
            None => self.gone(pace, now),
        }
    }

    fn found(&mut self, finding: &Finding, pace: Pace, now: Timestamp) -> Option<News> {
        if self.state == AlertState::Quiet {
            (self.state, self.since, self.told_at) = (AlertState::Pending, now, None);
        }
        (self.seen_at, self.value) = (now, finding.value);
        self.summary.clone_from(&finding.summary);
        if self.state == AlertState::Pending && now.since(self.since) >= finding.hold {
            self.state = AlertState::Firing;
        }
        let due = self.told_at.is_none_or(|told| now.since(told) >= pace.repeat);
        if self.state != AlertState::Firing || self.is_silenced(now) || !due {
            return None;
        }
        self.told_at = Some(now);
        Some(News::Firing)
    }

    fn gone(&mut self, pace: Pace, now: Timestamp) -> Option<News> {
        let patience = match self.state {
            AlertState::Quiet => return None,
            AlertState::Pending => GAP,
            AlertState::Firing => pace.settle,
        };
        if now.since(self.seen_at) < patience {
            return None;
        }
        let told = self.told_at.take();
        (self.state, self.since) = (AlertState::Quiet, now);
        told.map(|_| News::Resolved)
    }
}

#[cfg(test)]
mod tests;
