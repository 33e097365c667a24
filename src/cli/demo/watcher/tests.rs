//! What Rekindle did, in the words of the story.

use super::super::cast::cast;
use super::super::line::{COLUMNS, Style};
use super::*;
use crate::domain::action::{DedupeKey, Planned, Reminder, Work};
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
        decided: None,
    }
}

fn reminder(inquiry: &str, step: &str, created: i64) -> Action {
    let inquiry = InquiryId::parse(inquiry).unwrap();
    let step: Step = step.parse().unwrap();
    let Step::Gone { percent } = step else { panic!("a share") };
    let due_at = Timestamp::from_second(i64::from(percent) + 100);
    let notifier = NotifierName::parse("application").unwrap();
    let work = Work::Remind(Reminder {
        deadline: Timestamp::from_second(200),
        step,
        step_due: due_at,
        moved_to: None,
        notifier,
    });
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
    (action.state, action.cancelled_by, action.finished_at) = (State::Cancelled, Some(CancelledBy::Plan), Some(at));
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
        taken_at: RECEIVED,
        events: vec![event("inquiry.created", "inq_1", Outcome::Applied, None)],
        actions: vec![reminder("inq_1", "70%", 100), reminder("inq_1", "40%", 100)],
        inquiries: vec![inquiry("inq_1", Status::Created)],
    };
    let mut watcher = Watcher::new(&cast(1));
    assert_eq!(told(&mut watcher, &now), ["received inquiry.created: reminders planned at 40% and 70% of the time"]);
    assert!(told(&mut watcher, &now).is_empty());
    now.events[0].deliveries = 3;
    let repeat = "duplicate inquiry.created once more: known already, nothing happens";
    assert_eq!(told(&mut watcher, &now), [repeat, repeat]);
}

#[test]
fn what_is_cancelled_is_told_with_the_event_that_cancelled_it() {
    let before = Timestamp::from_second(99);
    for (name, actions, text) in [
        (
            "inquiry.completed",
            vec![cancelled(reminder("inq_1", "40%", 50), before), cancelled(reminder("inq_1", "70%", 50), RECEIVED)],
            "now completed, 1 reminder cancelled",
        ),
        (
            "inquiry.completed",
            vec![cancelled(reminder("inq_2", "40%", 50), RECEIVED)],
            "now completed, the other one's reminders cancelled",
        ),
        (
            "inquiry.created",
            vec![reminder("inq_1", "40%", 100), cancelled(reminder("inq_2", "40%", 50), RECEIVED)],
            "the reminders move to this one, the newest",
        ),
        // Planned and cancelled at once: the person has a newer inquiry.
        ("inquiry.created", vec![cancelled(reminder("inq_1", "40%", 100), RECEIVED)], "nothing more to plan"),
    ] {
        let now = Snapshot {
            taken_at: RECEIVED,
            events: vec![event(name, "inq_1", Outcome::Applied, None)],
            actions,
            inquiries: vec![inquiry("inq_1", Status::Completed), inquiry("inq_2", Status::Created)],
        };
        assert_eq!(told(&mut Watcher::new(&cast(1)), &now), [format!("received {name}: {text}")]);
    }
}

#[test]
fn what_comes_too_late_or_can_t_be_taken_is_told_as_that() {
    let overtaken = Some("the inquiry is further along: completed");
    let now = Snapshot {
        taken_at: RECEIVED,
        events: vec![
            event("inquiry.started", "inq_1", Outcome::Ignored, overtaken),
            event("inquiry.created", "inq_1", Outcome::Applied, overtaken),
            event("inquiry.failed", "inq_1", Outcome::Quarantined, Some("it is too old")),
        ],
        actions: Vec::new(),
        inquiries: vec![inquiry("inq_1", Status::Completed)],
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
    let inquiries = vec![inquiry("inq_1", Status::Pending)];
    let mut now = Snapshot { taken_at: RECEIVED, events: Vec::new(), actions: Vec::new(), inquiries };
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
            "reminded 40 % of the time is gone: an e-mail with a fresh one-time link",
        ]
    );
    now.actions[0].state = State::Failed;
    now.actions[0].reason = Some("127.0.0.1 answered 410".to_owned());
    assert_eq!(told(&mut watcher, &now), ["gave up the reminder at 40%: 127.0.0.1 answered 410"]);
}
