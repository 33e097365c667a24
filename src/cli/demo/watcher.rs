//! Rekindle's side of the story, read from its database: what is there now and was not at the last look.

use std::collections::HashMap;

use super::cast::Person;
use super::line::{Line, Side, Tone};
use crate::app::App;
use crate::domain::action::{Action, CancelledBy, State, Work};
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
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    pub(super) events: Vec<StoredEvent>,
    pub(super) actions: Vec<Action>,
    pub(super) inquiries: Vec<InquiryRow>,
}

/// Remembers what was told already.
#[derive(Debug)]
pub(super) struct Watcher {
    names: HashMap<String, &'static str>,
    deliveries: HashMap<EventId, u32>,
    actions: HashMap<ActionId, (State, u32)>,
}

impl Snapshot {
    /// Reads it in one transaction.
    pub(super) async fn take(app: &App) -> Result<Self, StorageError> {
        let mut tx = app.database().read().await?;
        Ok(Self {
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
            let found = (action.state, action.attempts);
            let known = self.actions.insert(action.planned.id.clone(), found);
            if known != Some(found) {
                lines.extend(self.changed(action, known.map_or(0, |(_, attempts)| attempts), now));
            }
        }
        lines
    }

    fn first_delivery(&self, event: &StoredEvent, now: &Snapshot) -> Line {
        let name = event.name.as_deref().unwrap_or("something unreadable");
        let (verb, tone, text) = match (&event.outcome, &event.reason) {
            (Some(Outcome::Applied), None) => ("received", Tone::Plain, received(event, now)),
            (Some(Outcome::Applied | Outcome::Ignored), _) => {
                let status = event.inquiry.as_ref().and_then(|id| now.inquiry(id)?.status.as_ref());
                let status = status.map_or("as it was", |status| status.as_str());
                ("late", Tone::Quiet, format!("{name}: overtaken on the way, so it stays {status}"))
            }
            _ => ("kept aside", Tone::Bad, format!("{name}: {}", event.reason.as_deref().unwrap_or("no reason given"))),
        };
        self.line(event.received_at, event.inquiry.as_ref(), now, (verb, tone, text))
    }

    fn repeated_delivery(&self, event: &StoredEvent, now: &Snapshot) -> Line {
        let name = event.name.as_deref().unwrap_or("something unreadable");
        let told = ("duplicate", Tone::Quiet, format!("{name} once more: known already, nothing happens"));
        self.line(event.last_received_at, event.inquiry.as_ref(), now, told)
    }

    fn changed(&self, action: &Action, attempts_told: u32, now: &Snapshot) -> Option<Line> {
        let Work::Remind(reminder) = &action.planned.work;
        let reason = action.reason.as_deref().unwrap_or("no reason given");
        let told = match action.state {
            State::Done => {
                let gone = gone(reminder.step);
                ("reminded", Tone::Good, format!("{gone}: a fresh one-time link to the application"))
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
        let at = action.finished_at.unwrap_or(action.planned.due_at);
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

/// What followed from an event that was applied. What it planned and cancelled carries its very moment.
fn received(event: &StoredEvent, now: &Snapshot) -> String {
    let name = event.name.as_deref().unwrap_or_default();
    let person = event.inquiry.as_ref().and_then(|id| now.reference_id(id));
    let mut told: Vec<String> = status_after(name).map(str::to_owned).into_iter().collect();
    let (mut planned, mut cancelled, mut of_others) = (Vec::new(), 0, 0);
    for action in &now.actions {
        let is_own = Some(&action.planned.inquiry) == event.inquiry.as_ref();
        let made = action.created_at == event.received_at;
        let dropped = action.cancelled_by == Some(CancelledBy::Plan) && action.finished_at == Some(event.received_at);
        match (is_own, made, dropped) {
            (true, true, false) => planned.push(action),
            (true, false, true) => cancelled += 1,
            (false, false, true) if now.reference_id(&action.planned.inquiry) == person => of_others += 1,
            _ => {}
        }
    }
    if !planned.is_empty() {
        told.push(format!("reminders planned at {}", steps(planned)));
    }
    if cancelled > 0 {
        told.push(format!("{} cancelled", reminders(cancelled)));
    }
    if of_others > 0 {
        told.push("those of the other inquiry cancelled".to_owned());
    }
    if told.is_empty() {
        told.push("one more, and one is enough to remind of".to_owned());
    }
    format!("{name}: {}", told.join(", "))
}

fn steps(mut planned: Vec<&Action>) -> String {
    planned.sort_by_key(|action| action.planned.due_at);
    let step = |action: &&Action| match &action.planned.work {
        Work::Remind(reminder) => reminder.step.to_string(),
    };
    planned.iter().map(step).collect::<Vec<_>>().join(" and ")
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
    }
}

#[cfg(test)]
mod tests {
    use super::super::cast::cast;
    use super::super::line::COLUMNS;
    use super::super::line::Style;
    use super::*;
    use crate::domain::action::{DedupeKey, Planned, Reminder};
    use crate::domain::ids::{EnvironmentName, NotifierName};
    use crate::domain::status::Status;
    use crate::storage::events::Origin;

    const RECEIVED: Timestamp = Timestamp::from_second(100);

    fn inquiry(id: &str, status: Status) -> InquiryRow {
        InquiryRow {
            environment: EnvironmentName::parse("sandbox").unwrap(),
            id: InquiryId::parse(id).unwrap(),
            status: Some(status),
            person: None,
            reference_id: ReferenceId::parse("ada").ok(),
            account_id: None,
            template_id: None,
            template_version_id: None,
            created_at: None,
            expires_at: None,
            began_at: None,
            last_observed_at: None,
            redacted: false,
            lineage: InquiryId::parse(id).unwrap(),
            read_at: None,
            first_seen_at: RECEIVED,
            updated_at: RECEIVED,
        }
    }

    fn event(name: &str, inquiry: &str, outcome: Outcome, reason: Option<&str>) -> StoredEvent {
        StoredEvent {
            environment: EnvironmentName::parse("sandbox").unwrap(),
            id: EventId::parse(&format!("evt_{name}_{inquiry}")).unwrap(),
            name: Some(name.to_owned()),
            occurred_at: Some(RECEIVED),
            received_at: RECEIVED,
            last_received_at: RECEIVED,
            deliveries: 1,
            inquiry: InquiryId::parse(inquiry).ok(),
            origin: Origin::Webhook,
            outcome: Some(outcome),
            reason: reason.map(str::to_owned),
        }
    }

    fn reminder(inquiry: &str, step: &str, created: i64) -> Action {
        let inquiry = InquiryId::parse(inquiry).unwrap();
        let step: Step = step.parse().unwrap();
        let Step::Gone { percent } = step else { panic!("a share") };
        let due_at = Timestamp::from_second(i64::from(percent) + 100);
        let notifier = NotifierName::parse("application").unwrap();
        let work = Work::Remind(Reminder { deadline: Timestamp::from_second(200), step, step_due: due_at, notifier });
        let id = ActionId::parse(&format!("rka_{inquiry}_{step}")).unwrap();
        let key = DedupeKey::of(&inquiry, &work);
        let environment = EnvironmentName::parse("sandbox").unwrap();
        Action {
            planned: Planned { id, environment, inquiry, key, work, due_at },
            state: State::Planned,
            attempts: 0,
            max_attempts: 12,
            generation: 0,
            cancelled_by: None,
            reason: None,
            created_at: Timestamp::from_second(created),
            finished_at: None,
        }
    }

    fn cancelled(mut action: Action, at: Timestamp) -> Action {
        (action.state, action.cancelled_by, action.finished_at) =
            (State::Cancelled, Some(CancelledBy::Plan), Some(at));
        action
    }

    /// The verb and text of each piece of news.
    fn told(watcher: &mut Watcher, now: &Snapshot) -> Vec<String> {
        let lines = watcher.news(now);
        for line in &lines {
            let written = line.written(RECEIVED, Style::plain());
            assert!(written.chars().count() <= COLUMNS && !written.ends_with("..."), "too long: {written}");
            assert_eq!((line.name.as_str(), line.side), ("Ada", Side::Rekindle));
        }
        lines.into_iter().map(|line| format!("{} {}", line.verb, line.text)).collect()
    }

    #[test]
    fn an_event_is_told_once_with_what_followed_and_each_repeat_once_more() {
        let mut now = Snapshot {
            events: vec![event("inquiry.created", "inq_1", Outcome::Applied, None)],
            actions: vec![reminder("inq_1", "70%", 100), reminder("inq_1", "40%", 100)],
            inquiries: vec![inquiry("inq_1", Status::Created)],
        };
        let mut watcher = Watcher::new(&cast(1));
        assert_eq!(told(&mut watcher, &now), ["received inquiry.created: reminders planned at 40% and 70%"]);
        assert!(told(&mut watcher, &now).is_empty());
        now.events[0].deliveries = 3;
        let repeat = "duplicate inquiry.created once more: known already, nothing happens";
        assert_eq!(told(&mut watcher, &now), [repeat, repeat]);
    }

    #[test]
    fn what_is_cancelled_is_told_with_the_event_that_cancelled_it() {
        let now = Snapshot {
            events: vec![event("inquiry.completed", "inq_1", Outcome::Applied, None)],
            actions: vec![
                cancelled(reminder("inq_1", "40%", 50), RECEIVED),
                cancelled(reminder("inq_1", "70%", 50), Timestamp::from_second(99)),
                cancelled(reminder("inq_2", "70%", 50), RECEIVED),
            ],
            inquiries: vec![inquiry("inq_1", Status::Completed), inquiry("inq_2", Status::Created)],
        };
        let wanted = "received inquiry.completed: now completed, 1 reminder cancelled, those of the other inquiry cancelled";
        let watcher = Watcher::new(&cast(1));
        let line = watcher.first_delivery(&now.events[0], &now);
        assert_eq!(format!("{} {}", line.verb, line.text), wanted);
    }

    #[test]
    fn what_comes_too_late_or_can_t_be_taken_is_told_as_that() {
        let overtaken = Some("the inquiry is further along: completed");
        let now = Snapshot {
            events: vec![
                event("inquiry.started", "inq_1", Outcome::Ignored, overtaken),
                event("inquiry.created", "inq_1", Outcome::Applied, overtaken),
                event("inquiry.failed", "inq_1", Outcome::Quarantined, Some("it is too old")),
            ],
            inquiries: vec![inquiry("inq_1", Status::Completed)],
            ..Snapshot::default()
        };
        assert_eq!(
            told(&mut Watcher::new(&cast(1)), &now),
            [
                "late inquiry.started: overtaken on the way, so it stays completed",
                "late inquiry.created: overtaken on the way, so it stays completed",
                "kept aside inquiry.failed: it is too old",
            ]
        );
    }

    #[test]
    fn a_reminder_is_told_when_it_is_sent_tried_again_or_given_up() {
        let mut watcher = Watcher::new(&cast(1));
        let mut now = Snapshot { inquiries: vec![inquiry("inq_1", Status::Pending)], ..Snapshot::default() };
        let mut steps = Vec::new();
        for (state, attempts, reason) in [
            (State::Planned, 0, None),
            (State::Running, 1, None),
            (State::Planned, 1, Some("127.0.0.1 answered 503")),
            (State::Done, 2, None),
        ] {
            let mut action = reminder("inq_1", "40%", 50);
            (action.state, action.attempts) = (state, attempts);
            action.reason = reason.map(str::to_owned);
            now.actions = vec![action];
            steps.extend(told(&mut watcher, &now));
        }
        assert_eq!(
            steps,
            [
                "again soon the reminder at 40%: 127.0.0.1 answered 503",
                "reminded 40 % of the time is gone: a fresh one-time link to the application",
            ]
        );
        now.actions[0].state = State::Failed;
        now.actions[0].reason = Some("127.0.0.1 answered 410".to_owned());
        assert_eq!(told(&mut watcher, &now), ["gave up the reminder at 40%: 127.0.0.1 answered 410"]);
    }
}
