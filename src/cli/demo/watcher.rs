//! Rekindle's side of the story, read from its database: what is there now and was not at the last look.

use std::collections::HashMap;

use super::cast::Person;
use super::line::{Line, Side, Tone};
use crate::app::App;
use crate::domain::action::{Action, CancelledBy, State};
use crate::domain::ids::{ActionId, EventId, InquiryId, ReferenceId};
use crate::domain::rules::Step;
use crate::domain::time::Timestamp;
use crate::storage::StorageError;
use crate::storage::actions::ActionFilter;
use crate::storage::events::{EventFilter, Outcome, StoredEvent};
use crate::storage::inquiries::{InquiryFilter, InquiryRow};

/// More of anything than a demo makes.
const EVERYTHING: u32 = 10_000;

/// Everything in Rekindle's database, at one moment.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) taken_at: Timestamp,
    pub(super) events: Vec<StoredEvent>,
    pub(super) actions: Vec<Action>,
    pub(super) inquiries: Vec<InquiryRow>,
}

/// Remembers what was told already.
#[derive(Debug)]
pub(super) struct Watcher {
    names: HashMap<String, &'static str>,
    deliveries: HashMap<EventId, u32>,
    /// How far each action was, and how many of its attempts had ended.
    actions: HashMap<ActionId, (State, u32)>,
}

impl Snapshot {
    /// Reads it in one transaction.
    pub(super) async fn take(app: &App) -> Result<Self, StorageError> {
        let mut tx = app.database().read().await?;
        Ok(Self {
            taken_at: app.clock().now(),
            events: tx.list_events(&EventFilter::default(), None, EVERYTHING).await?.items,
            actions: tx.list_actions(&ActionFilter::default(), None, EVERYTHING).await?.items,
            inquiries: tx.list_inquiries(&InquiryFilter::default(), None, EVERYTHING).await?.items,
        })
    }

    fn inquiry(&self, id: &InquiryId) -> Option<&InquiryRow> {
        self.inquiries.iter().find(|inquiry| inquiry.id == *id)
    }

    fn reference_id(&self, id: &InquiryId) -> Option<&str> {
        self.inquiry(id)?.reference_id.as_ref().map(ReferenceId::as_str)
    }
}

impl Watcher {
    pub(super) fn new(cast: &[Person]) -> Self {
        let names = cast.iter().map(|person| (person.reference_id.clone(), person.name)).collect();
        Self { names, deliveries: HashMap::new(), actions: HashMap::new() }
    }

    /// What is new, in no order.
    pub(super) fn news(&mut self, now: &Snapshot) -> Vec<Line> {
        let mut lines = Vec::new();
        for event in &now.events {
            let told = self.deliveries.insert(event.id.clone(), event.deliveries).unwrap_or(0);
            if told == 0 {
                lines.push(self.first_delivery(event, now));
            }
            let repeats = event.deliveries - told.max(1);
            lines.extend((0..repeats).map(|_| self.repeated_delivery(event, now)));
        }
        for action in &now.actions {
            let under_way = u32::from(action.state == State::Running);
            let found = (action.state, action.attempts.saturating_sub(under_way));
            let known = self.actions.insert(action.planned.id.clone(), found);
            if known != Some(found) {
                lines.extend(self.changed(action, known.map_or(0, |(_, attempts)| attempts), now));
            }
        }
        lines
    }

    fn first_delivery(&self, event: &StoredEvent, now: &Snapshot) -> Line {
        let name = event.name.as_deref().unwrap_or("something unreadable");
        let (verb, tone, text) = if came_late(event) {
            let status = event.inquiry.as_ref().and_then(|id| now.inquiry(id)?.status.as_ref());
            let status = status.map_or("as it was", |status| status.as_str());
            ("late", Tone::Quiet, format!("{name}: overtaken on the way, so it stays {status}"))
        } else if event.outcome == Some(Outcome::Applied) {
            ("received", Tone::Plain, received(event, now))
        } else {
            ("kept aside", Tone::Bad, format!("{name}: {}", event.reason.as_deref().unwrap_or("no reason given")))
        };
        self.line(event.received_at, event.inquiry.as_ref(), now, (verb, tone, text))
    }

    fn repeated_delivery(&self, event: &StoredEvent, now: &Snapshot) -> Line {
        let name = event.name.as_deref().unwrap_or("something unreadable");
        let told = ("duplicate", Tone::Quiet, format!("{name} once more: known already, nothing happens"));
        self.line(event.last_received_at, event.inquiry.as_ref(), now, told)
    }

    fn changed(&self, action: &Action, attempts_told: u32, now: &Snapshot) -> Option<Line> {
        // The demo's rules leave what else can be planned to those who come.
        let reminder = action.planned.work.reminder()?;
        let reason = action.reason.as_deref().unwrap_or("no reason given");
        let told = match action.state {
            State::Done => {
                let gone = gone(reminder.step);
                ("reminded", Tone::Good, format!("{gone}: an e-mail with a fresh one-time link"))
            }
            State::Failed => ("gave up", Tone::Bad, format!("the reminder at {}: {reason}", reminder.step)),
            State::Cancelled if action.attempts > attempts_told => {
                ("spared", Tone::Quiet, format!("right before the reminder at {}: {reason}", reminder.step))
            }
            State::Planned if action.attempts > attempts_told => {
                ("again soon", Tone::Bad, format!("the reminder at {}: {reason}", reminder.step))
            }
            State::Planned | State::Running | State::Cancelled => return None,
        };
        let at = action.finished_at.unwrap_or(now.taken_at);
        Some(self.line(at, Some(&action.planned.inquiry), now, told))
    }

    fn line(
        &self,
        at: Timestamp,
        inquiry: Option<&InquiryId>,
        now: &Snapshot,
        (verb, tone, text): (&'static str, Tone, String),
    ) -> Line {
        let reference = inquiry.and_then(|id| now.reference_id(id));
        let name = reference.and_then(|reference| self.names.get(reference)).copied().unwrap_or("?");
        Line { at, name: name.to_owned(), side: Side::Rekindle, verb, tone, text }
    }
}

/// Whether an event, or what it says of the status, was overtaken by newer news.
pub(super) fn came_late(event: &StoredEvent) -> bool {
    match event.outcome {
        Some(Outcome::Applied) => event.reason.is_some(),
        outcome => outcome == Some(Outcome::Ignored),
    }
}

/// What followed from an event that was applied: what was planned and cancelled before the person's next event came in.
fn received(event: &StoredEvent, now: &Snapshot) -> String {
    let name = event.name.as_deref().unwrap_or_default();
    let person = event.inquiry.as_ref().and_then(|id| now.reference_id(id));
    let mut told: Vec<String> = status_after(name).map(str::to_owned).into_iter().collect();
    let (mut planned, mut cancelled, mut of_others) = (Vec::new(), 0, 0);
    let of_person = |other: &&StoredEvent| other.inquiry.as_ref().and_then(|id| now.reference_id(id)) == person;
    let later = now.events.iter().filter(of_person).map(|other| other.received_at);
    let next = later.filter(|at| *at > event.received_at).min();
    let followed = |at: Timestamp| at >= event.received_at && next.is_none_or(|next| at < next);
    for action in &now.actions {
        let is_own = Some(&action.planned.inquiry) == event.inquiry.as_ref();
        let made = followed(action.created_at);
        let dropped = action.cancelled_by == Some(CancelledBy::Plan) && action.finished_at.is_some_and(followed);
        match (is_own, made, dropped) {
            (true, true, false) => planned.push(action),
            (true, false, true) => cancelled += 1,
            (false, false, true) if now.reference_id(&action.planned.inquiry) == person => of_others += 1,
            _ => {}
        }
    }
    if !planned.is_empty() && of_others > 0 {
        told.push("the reminders move to this one, the newest".to_owned());
    } else if !planned.is_empty() {
        told.push(format!("reminders planned at {}", steps(planned)));
    } else if of_others > 0 {
        told.push("the other one's reminders cancelled".to_owned());
    }
    if cancelled > 0 {
        told.push(format!("{} cancelled", reminders(cancelled)));
    }
    if told.is_empty() {
        told.push("nothing more to plan".to_owned());
    }
    format!("{name}: {}", told.join(", "))
}

fn steps(mut planned: Vec<&Action>) -> String {
    planned.sort_by_key(|action| action.planned.due_at);
    let step = |action: &&Action| action.planned.work.reminder().map(|reminder| reminder.step.to_string());
    let steps: Vec<String> = planned.iter().filter_map(step).collect();
    format!("{} of the time", steps.join(" and "))
}

fn reminders(count: usize) -> String {
    if count == 1 { "1 reminder".to_owned() } else { format!("{count} reminders") }
}

fn status_after(event: &str) -> Option<&'static str> {
    Some(match event {
        "inquiry.started" => "now pending",
        "inquiry.completed" => "now completed",
        "inquiry.failed" => "now failed",
        "inquiry.expired" => "now expired",
        "inquiry.marked-for-review" => "now waits for a reviewer",
        "inquiry.approved" => "now approved",
        "inquiry.declined" => "now declined",
        _ => return None,
    })
}

fn gone(step: Step) -> String {
    match step {
        Step::Gone { percent } => format!("{percent} % of the time is gone"),
        Step::Left(_) => format!("only {step} left"),
        Step::Revived | Step::Replaced => format!("the inquiry was {step}"),
    }
}

#[cfg(test)]
mod tests;
