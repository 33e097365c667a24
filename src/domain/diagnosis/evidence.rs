//! What a diagnosis rests on: who said what, and when.

use super::{Cause, Facts, Gift};
use crate::domain::ids::EventId;
use crate::domain::inquiry::{Attribute, Inquiry};
use crate::domain::observation::{ObservedAt, Source};
use crate::domain::time::Timestamp;

/// One piece of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// When: what Persona said by its clock, everything else by ours.
    pub at: Timestamp,
    /// Who said so.
    pub by: By,
    /// What.
    pub what: String,
}

/// Who said something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// An event of Persona's; its id where it is still stored.
    Event(Option<EventId>),
    /// A reading of the inquiry at Persona's API.
    Reading,
    /// Persona's answer to a call of ours.
    Answer,
    /// Rekindle itself.
    Rekindle,
    /// An operator.
    Operator,
}

impl By {
    /// A word for it that does not change.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Event(_) => "event",
            Self::Reading => "reading",
            Self::Answer => "answer",
            Self::Rekindle => "rekindle",
            Self::Operator => "operator",
        }
    }
}

impl Facts<'_> {
    /// What the diagnosis rests on, in time order.
    pub(super) fn evidence(&self, asked: &Inquiry, inquiry: &Inquiry, causes: &[Cause]) -> Vec<Evidence> {
        let mut evidence = self.of_state(inquiry);
        evidence.extend(self.of_lineage(asked, inquiry));
        evidence.extend(self.of_sessions(inquiry));
        evidence.extend(self.of_template(inquiry));
        for cause in causes {
            match cause {
                Cause::LanePaused(paused) => evidence.push(Evidence {
                    at: paused.at,
                    by: By::Operator,
                    what: format!("{} paused {}: {}", paused.by, paused.kind, paused.reason),
                }),
                Cause::Unreachable { since, error } => evidence.push(of_ours(*since, error.clone())),
                _ => {}
            }
        }
        evidence.sort_by(|a, b| (a.at, &a.what).cmp(&(b.at, &b.what)));
        evidence.dedup();
        evidence
    }

    /// Its status and the times it names.
    fn of_state(&self, inquiry: &Inquiry) -> Vec<Evidence> {
        let known = &inquiry.known;
        let mut evidence = Vec::new();
        if let Some(status) = &inquiry.status {
            evidence.push(self.said(status.at, format!("it is {}", status.value)));
        }
        let mut told = |attribute: &Attribute<Timestamp>, what: &str| {
            if let Some(observed) = attribute
                && let Some(at) = observed.value
            {
                evidence.push(self.said(observed.at, format!("{what} {at}")));
            }
        };
        told(&known.expires_at, "it expires at");
        told(&known.started_at, "it was begun at");
        told(&known.expired_at, "it expired at");
        told(&known.completed_at, "it was completed at");
        told(&known.failed_at, "it was failed at");
        told(&known.redacted_at, "it was redacted at");
        if let Some(began) = inquiry.began() {
            evidence.push(Evidence { at: began, by: By::Event(None), what: "it was made".to_owned() });
        }
        evidence
    }

    /// How it came to be the inquiry to get into.
    fn of_lineage(&self, asked: &Inquiry, inquiry: &Inquiry) -> Vec<Evidence> {
        let lineages = self.situation.lineages;
        let first = lineages.first(&inquiry.id);
        let theirs = lineages.successions.iter().filter(|one| one.lineage == *first);
        let mut evidence: Vec<Evidence> = theirs
            .map(|one| {
                let to = one.successor.as_ref().map(|id| format!(" by {id}")).unwrap_or_default();
                of_ours(one.changed_at, format!("{} is {}{to}: {}", one.inquiry, one.stage.as_str(), one.cause))
            })
            .collect();
        if asked.id != inquiry.id && evidence.is_empty() {
            let what = format!("{} is the inquiry of the same person to get into", inquiry.id);
            evidence.push(of_ours(inquiry.began().unwrap_or(self.situation.now), what));
        }
        evidence
    }

    /// Sessions, and what was handed out.
    fn of_sessions(&self, inquiry: &Inquiry) -> Vec<Evidence> {
        let mut evidence = Vec::new();
        for (name, what) in
            [("inquiry-session.started", "a session was started"), ("inquiry-session.expired", "a session expired")]
        {
            if let Some(event) = self.events.iter().filter(|event| event.name == name).max_by_key(|event| event.at) {
                evidence.push(Evidence { at: event.at, by: By::Event(Some(event.id.clone())), what: what.to_owned() });
            }
        }
        for (gift, what) in [
            (Gift::Link, "a one-time link was handed out"),
            (Gift::Token, "a session token was handed out"),
            (Gift::Reminder, "a reminder with a link was handed over"),
        ] {
            let given = self.given.iter().filter(|given| given.what == gift).map(|given| given.at).max();
            evidence.extend(given.map(|at| of_ours(at, what.to_owned())));
        }
        if self.sessions.made > 0 {
            let limit = self.situation.rules.access.session_limit;
            let made = self.sessions.made;
            let what = format!("{made} sessions counted; from {limit} on, links lead into one there is");
            evidence.push(of_ours(self.situation.now, what));
        }
        if let Some(active) = inquiry.last_active {
            evidence.push(Evidence {
                at: active,
                by: self.event_of(active),
                what: "the person was at work".to_owned(),
            });
        }
        evidence
    }

    fn of_template(&self, inquiry: &Inquiry) -> Option<Evidence> {
        let template = self.situation.template?;
        let (latest, own) = (template.latest_version.as_ref()?, inquiry.known.template_version_id()?);
        let what = if latest == own {
            format!("{own} is the latest version of its template")
        } else {
            format!("{latest} is the latest version of its template; the inquiry was made from {own}")
        };
        Some(Evidence { at: template.observed_at, by: By::Reading, what })
    }

    /// What was observed at a moment.
    fn said(&self, at: ObservedAt, what: String) -> Evidence {
        let by = match at.source {
            Source::Event => self.event_of(at.time()),
            Source::Read | Source::SettledRead => By::Reading,
            Source::OwnCall => By::Answer,
        };
        Evidence { at: at.time(), by, what }
    }

    fn event_of(&self, at: Timestamp) -> By {
        By::Event(self.events.iter().find(|event| event.at == at).map(|event| event.id.clone()))
    }
}

const fn of_ours(at: Timestamp, what: String) -> Evidence {
    Evidence { at, by: By::Rekindle, what }
}
