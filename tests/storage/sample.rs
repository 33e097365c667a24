//! Invented people's inquiries and what is planned for them.

use jiff::SignedDuration;
use rekindle::domain::action::{DedupeKey, Kind, Planned, Reminder, Work};
use rekindle::domain::ids::{
    AccountId, ActionId, EnvironmentName, EventId, InquiryId, NotifierName, ReferenceId, TemplateId,
};
use rekindle::domain::inquiry::Inquiry;
use rekindle::domain::observation::{Attributes, Observation, ObservedAt, Source};
use rekindle::domain::rules::Step;
use rekindle::domain::status::Status;
use rekindle::domain::time::Timestamp;
use rekindle::storage::Database;
use rekindle::storage::actions::Lane;
use rekindle::storage::inquiries::InquiryKey;

/// A moment, in seconds after an arbitrary one.
pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_710_527_400 + second)
}

pub fn environment(name: &str) -> EnvironmentName {
    EnvironmentName::parse(name).unwrap()
}

pub fn sandbox() -> EnvironmentName {
    environment("sandbox")
}

pub fn event_id(id: &str) -> EventId {
    EventId::parse(id).unwrap()
}

/// An inquiry's key in the sandbox.
pub fn key(id: &str) -> InquiryKey {
    (sandbox(), inquiry_id(id))
}

/// An inquiry of the sandbox of which nothing is known.
pub fn unknown(id: &str) -> Inquiry {
    Inquiry::unknown(sandbox(), inquiry_id(id))
}

pub fn inquiry_id(id: &str) -> InquiryId {
    InquiryId::parse(id).unwrap()
}

pub fn template_id(id: &str) -> TemplateId {
    TemplateId::parse(id).unwrap()
}

pub fn reference_id(id: &str) -> ReferenceId {
    ReferenceId::parse(id).unwrap()
}

pub fn lane(environment: &str) -> Lane {
    (EnvironmentName::parse(environment).unwrap(), Kind::Remind)
}

/// What is said of an inquiry of one person and template.
pub fn said(id: &str, status: Status, person: Option<&str>, template: Option<&str>, second: i64) -> Observation {
    Observation {
        inquiry: inquiry_id(id),
        at: ObservedAt::new(at(second), Source::Event, Some(&status)),
        status: Some(status),
        attributes: Attributes {
            reference_id: person.map(|person| Some(reference_id(person))),
            account_id: Some(AccountId::parse("act_ada").ok()),
            template_id: template.map(|template| Some(template_id(template))),
            created_at: Some(Some(at(second))),
            expires_at: Some(Some(at(second + 86_400))),
            ..Attributes::default()
        },
        active: false,
    }
}

/// Stores an inquiry as one observation makes it.
pub async fn store(database: &Database, environment: &EnvironmentName, observation: Observation) -> Inquiry {
    let now = observation.at.time();
    let mut tx = database.begin().await.unwrap();
    let key = (environment.clone(), observation.inquiry.clone());
    let stored = tx.lock_inquiries(&[&key], &[]).await.unwrap().pop();
    let new = stored.is_none();
    let mut inquiry = stored.unwrap_or_else(|| Inquiry::unknown(key.0, key.1));
    inquiry.apply(observation);
    if new {
        assert_eq!(tx.add_inquiries(&[&inquiry], now).await.unwrap(), 1);
    } else {
        tx.save_inquiries(&[&inquiry], now).await.unwrap();
    }
    tx.commit().await.unwrap();
    inquiry
}

/// A reminder of an inquiry, due at `second`; `number` tells several of one inquiry apart.
pub fn reminder(environment: &EnvironmentName, inquiry: &str, number: u8, second: i64) -> Planned {
    let inquiry = inquiry_id(inquiry);
    let work = Work::Remind(Reminder {
        deadline: at(86_400),
        step: if number == 0 { Step::Left(SignedDuration::from_hours(3)) } else { Step::Gone { percent: number } },
        step_due: at(second),
        moved_to: None,
        notifier: NotifierName::parse("log").unwrap(),
    });
    let key = DedupeKey::of(&inquiry, &work);
    let id = ActionId::parse(&format!("{environment}:{}", key.as_str())).unwrap();
    Planned { id, environment: environment.clone(), inquiry, key, work, due_at: at(second) }
}

/// Stores the inquiries of some reminders, and plans them.
pub async fn plan(database: &Database, planned: &[Planned], max_attempts: u32) {
    let mut tx = database.begin().await.unwrap();
    for action in planned {
        let inquiry = Inquiry::unknown(action.environment.clone(), action.inquiry.clone());
        tx.add_inquiries(&[&inquiry], at(0)).await.unwrap();
    }
    tx.insert_actions(planned, max_attempts, at(0)).await.unwrap();
    tx.commit().await.unwrap();
}
