//! What is understood of every webhook body among the fixtures.

use std::collections::BTreeSet;

use rekindle::domain::event::{Event, Subject, Unreadable};
use rekindle::domain::ids::{EventId, TemplateId};
use rekindle::domain::status::Status;
use rekindle::domain::time::Timestamp;

use super::{fixture, fixture_names};

const RECEIVED_AT: Timestamp = Timestamp::from_second(1_900_000_000);

fn parsed(name: &str) -> Result<Event, Unreadable> {
    Event::parse(fixture(&format!("webhooks/{name}")).to_string().as_bytes(), RECEIVED_AT)
}

fn told<T: ToString>(value: Option<&Option<T>>) -> String {
    match value {
        None => "?".to_owned(),
        Some(None) => "null".to_owned(),
        Some(Some(value)) => value.to_string(),
    }
}

/// One line: when, which inquiry, its status, whether the person was at work, deadline, next step, person.
fn understood(event: &Event) -> String {
    let subject = match &event.subject {
        Subject::None(reason) => format!("- {reason}"),
        Subject::Inquiry(observation) => {
            let said = &observation.attributes;
            format!(
                "{} {} {} expires {} next {} for {}/{}",
                &observation.inquiry.as_str()[..8],
                observation.status.as_ref().map_or("?", Status::as_str),
                if observation.active { "active" } else { "-" },
                told(said.expires_at.as_ref()),
                told(said.next_step.as_ref()),
                told(said.reference_id.as_ref()),
                told(said.account_id.as_ref()).chars().take(6).collect::<String>(),
            )
        }
    };
    let templates: Vec<&str> = event.templates.iter().map(|template| template.id.as_str()).collect();
    let templates = if templates.is_empty() { String::new() } else { format!(" templates {}", templates.join(",")) };
    format!("{} {subject}{templates}", event.occurred_at)
}

#[test]
fn every_fixture_is_understood() {
    let lines: Vec<String> = fixture_names("webhooks")
        .iter()
        .map(|name| {
            let understood = parsed(name).map_or_else(|unreadable| unreadable.to_string(), |event| understood(&event));
            format!("{}: {understood}", name.trim_end_matches(".json"))
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    account-created: 2026-03-02T09:05:12.33Z - it is not about an inquiry
    inquiry-approved: 2026-03-02T09:10:04.02Z inq_2vHd approved - expires null next success for customer-17/act_6w
    inquiry-approved.snake: 2026-03-02T09:10:04.02Z inq_2vHd approved - expires null next success for customer-17/act_6w
    inquiry-completed.2023-01-05: 2026-03-02T09:10:03.101Z inq_2vHd completed - expires null next success for customer-17/act_6w templates itmpl_9fQxTnW3bKc7LrVd2MhYpGsE
    inquiry-completed: 2026-03-02T09:10:03.101Z inq_2vHd completed - expires null next success for customer-17/act_6w
    inquiry-created.2023-01-05: 2026-03-02T09:00:00Z inq_2vHd created - expires 2026-03-03T09:00:00Z next start for customer-17/null templates itmpl_9fQxTnW3bKc7LrVd2MhYpGsE
    inquiry-created: 2026-03-02T09:00:00Z inq_2vHd created - expires 2026-03-03T09:00:00Z next start for customer-17/null templates itmpl_9fQxTnW3bKc7LrVd2MhYpGsE
    inquiry-declined: 2026-03-02T09:20:00.65Z inq_8tKr declined - expires null next failure for customer-18/act_2r
    inquiry-expired.2023-01-05: 2026-03-03T09:00:00.812Z inq_5yPn expired - expires null next start for customer-19/null templates itmpl_9fQxTnW3bKc7LrVd2MhYpGsE
    inquiry-expired: 2026-03-03T09:00:00.812Z inq_5yPn expired - expires null next start for customer-19/null
    inquiry-failed: 2026-03-02T09:12:30.404Z inq_8tKr failed - expires null next failure for customer-18/act_2r
    inquiry-marked-for-review: 2026-03-02T09:30:15.933Z inq_4mWk needs_review - expires null next review for customer-20/act_8h
    inquiry-redacted: 2026-06-01T00:00:00.19Z inq_2vHd approved - expires null next success for null/act_6w
    inquiry-reusable-persona-created: 2026-03-02T09:10:05.3Z inq_2vHd approved - expires null next success for customer-17/act_6w
    inquiry-reusable-persona-used: 2026-03-02T09:22:08.018Z inq_4mWk pending - expires 2026-03-03T09:00:00Z next verification_selfie for customer-20/act_8h
    inquiry-session-canceled: 2026-03-02T09:06:00.7Z inq_2vHd ? - expires ? next ? for ?/?
    inquiry-session-expired: 2026-03-02T09:40:00.02Z inq_2vHd approved - expires null next success for customer-17/act_6w
    inquiry-session-started: 2026-03-02T09:04:55.4Z inq_2vHd ? active expires ? next ? for ?/?
    inquiry-started.blocklisted: 2026-03-02T09:05:12.214Z inq_2vHd pending active expires ? next verification_government_id for ?/?
    inquiry-started: 2026-03-02T09:05:12.214Z inq_2vHd pending active expires 2026-03-03T09:00:00Z next verification_government_id for customer-17/act_6w
    inquiry-template-version-published: 2026-03-04T08:00:00.35Z - it is about a template templates itmpl_9fQxTnW3bKc7LrVd2MhYpGsE
    inquiry-transitioned.camel: 2026-03-02T09:07:40.53Z inq_2vHd pending active expires 2026-03-03T09:00:00Z next verification_selfie for customer-17/act_6w
    inquiry-transitioned: 2026-03-02T09:07:40.53Z inq_2vHd pending active expires 2026-03-03T09:00:00Z next verification_selfie for customer-17/act_6w
    inquiry-updated-tags: 2026-03-02T10:00:00.077Z inq_2vHd approved - expires null next success for customer-17/act_6w
    unreadable: the event has no usable data.id
    ");
}

#[test]
fn event_ids_are_our_own_and_each_is_used_once() {
    let mut seen = BTreeSet::new();
    for name in fixture_names("webhooks") {
        if let Ok(event) = parsed(&name) {
            assert!(seen.insert(event.id.clone()), "{name}: {} is used twice", event.id);
        }
    }
    assert!(seen.len() > 20, "{}", seen.len());
}

#[test]
fn every_documented_inquiry_event_has_a_fixture() {
    let documented = [
        "created",
        "started",
        "transitioned",
        "completed",
        "failed",
        "expired",
        "marked-for-review",
        "approved",
        "declined",
        "redacted",
        "updated-tags",
        "reusable-persona-created",
        "reusable-persona-used",
    ];
    let sessions = ["started", "expired", "canceled"];
    let names = documented.iter().map(|name| format!("inquiry.{name}"));
    for name in names.chain(sessions.iter().map(|name| format!("inquiry-session.{name}"))) {
        let event = parsed(&format!("{}.json", name.replace('.', "-"))).unwrap();
        assert_eq!(event.name, name);
    }
}

#[test]
fn casing_makes_no_difference() {
    for (kebab, other) in
        [("inquiry-transitioned", "inquiry-transitioned.camel"), ("inquiry-approved", "inquiry-approved.snake")]
    {
        let kebab = parsed(&format!("{kebab}.json")).unwrap();
        let other = parsed(&format!("{other}.json")).unwrap();
        assert_ne!(kebab.id, other.id);
        assert_eq!(Event { id: kebab.id.clone(), ..other }, kebab);
    }
}

#[test]
fn the_older_shape_says_the_same() {
    for name in ["inquiry-created", "inquiry-completed", "inquiry-expired"] {
        let new = parsed(&format!("{name}.json")).unwrap();
        let old = parsed(&format!("{name}.2023-01-05.json")).unwrap();
        assert_eq!(old.subject, new.subject, "{name}");
        assert_eq!(old.templates.len(), 1, "{name}: the older versions include the template");
    }
}

#[test]
fn a_blocklisted_event_still_says_what_its_name_says() {
    let event = parsed("inquiry-started.blocklisted.json").unwrap();
    let Subject::Inquiry(observation) = event.subject else { panic!("it is about an inquiry") };
    assert_eq!(observation.status, Some(Status::Pending));
    assert_eq!(observation.attributes.expires_at, None, "not spoken of, which is not null");
    assert_eq!(observation.attributes.template_id, None);
    assert!(observation.active);
}

#[test]
fn a_published_version_names_its_template() {
    let event = parsed("inquiry-template-version-published.json").unwrap();
    let template = &event.templates[0];
    assert_eq!(template.id, TemplateId::parse("itmpl_9fQxTnW3bKc7LrVd2MhYpGsE").unwrap());
    assert_eq!(template.latest_version.as_ref().unwrap().as_str(), "itmplv_8kWbVn4RtQx6LzDm2HcYgJsP");
    assert_eq!(event.inquiry(), None);
}

#[test]
fn a_body_without_an_id_is_unreadable() {
    assert_eq!(parsed("unreadable.json"), Err(Unreadable::NoId));
    assert!(EventId::parse("").is_err());
}
