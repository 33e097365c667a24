//! Persona's example webhooks, in every casing and with everything left out that operators can leave out.

use rekindle::domain::event::{Event, NotAboutAnInquiry, Subject};
use rekindle::domain::observation::Observation;
use rekindle::domain::status::Status;
use rekindle::domain::time::Timestamp;
use serde_json::{Map, Value};

use crate::persona::conformance::spec::{VERSION, spec};
use crate::persona::{fixture, fixture_names};

const RECEIVED_AT: Timestamp = Timestamp::from_second(1_900_000_000);

type Casing = fn(&str) -> String;

const CASINGS: [(&str, Casing); 3] =
    [("kebab", str::to_owned), ("camel", |key| camel(key)), ("snake", |key| key.replace('-', "_"))];

fn camel(key: &str) -> String {
    let mut words = key.split('-');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |key, word| key + &word[..1].to_uppercase() + &word[1..])
}

/// The same with every key in another casing; the keys of `fields` are the template's own.
fn in_casing(value: &Value, casing: Casing) -> Value {
    match value {
        Value::Object(map) => {
            let cased = |(key, value): (&String, &Value)| {
                (casing(key), if key == "fields" { value.clone() } else { in_casing(value, casing) })
            };
            Value::Object(map.iter().map(cased).collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(|item| in_casing(item, casing)).collect(),
        other => other.clone(),
    }
}

/// What an operator can leave out of payloads.
#[derive(Debug, Clone, Copy)]
struct LeftOut {
    included: bool,
    relationships: bool,
}

const LEFT_OUT: [LeftOut; 4] = [
    LeftOut { included: false, relationships: false },
    LeftOut { included: true, relationships: false },
    LeftOut { included: false, relationships: true },
    LeftOut { included: true, relationships: true },
];

impl LeftOut {
    fn of(self, body: &Value) -> Value {
        let mut body = body.clone();
        let payload = body["data"]["attributes"]["payload"].as_object_mut().unwrap();
        if self.included {
            payload.remove("included");
        }
        if self.relationships {
            payload["data"].as_object_mut().unwrap().remove("relationships");
            for resource in payload.get_mut("included").and_then(Value::as_array_mut).into_iter().flatten() {
                resource.as_object_mut().unwrap().remove("relationships");
            }
        }
        body
    }
}

fn parsed(body: &Value) -> Event {
    Event::parse(body.to_string().as_bytes(), RECEIVED_AT).unwrap()
}

#[test]
fn every_example_says_which_inquiry_what_status_and_when() {
    let Some(spec) = spec("example webhooks") else { return };
    let mut read = 0;
    for version in [VERSION, "2023-01-05"] {
        for (example, body) in spec.examples(&format!("{version}/webhooks")) {
            for left_out in LEFT_OUT {
                let body = left_out.of(&body);
                let plain = parsed(&body);
                for (casing, case) in CASINGS {
                    assert_eq!(parsed(&in_casing(&body, case)), plain, "{version} {example} in {casing}, {left_out:?}");
                }
                says_what_the_body_says(&plain, &body, &format!("{version} {example}, {left_out:?}"));
                read += 1;
            }
        }
    }
    assert!(read >= 34 * LEFT_OUT.len(), "only {read} bodies were read");
}

fn says_what_the_body_says(event: &Event, body: &Value, which: &str) {
    let data = &body["data"];
    assert_eq!(data["id"], event.id.as_str(), "{which}");
    assert_eq!(data["attributes"]["name"], event.name, "{which}");
    assert_eq!(time(&data["attributes"]["created-at"]), Some(Some(event.occurred_at)), "{which}");
    let payload = &data["attributes"]["payload"];
    let inquiry = match event.name.split_once('.').unwrap().0 {
        "inquiry" => Some(&payload["data"]),
        "inquiry-session" => included_inquiry(payload),
        _ => {
            assert_eq!(event.subject, Subject::None(NotAboutAnInquiry::OtherKind), "{which}");
            return;
        }
    };
    let named = inquiry.unwrap_or(&payload["data"]["relationships"]["inquiry"]["data"])["id"].as_str();
    let Subject::Inquiry(observation) = &event.subject else {
        assert_eq!(named, None, "{which}: the inquiry was not found");
        return;
    };
    assert_eq!(Some(observation.inquiry.as_str()), named, "{which}");
    assert_eq!(observation.at.time(), event.occurred_at, "{which}");
    match inquiry {
        Some(inquiry) => says_what_the_inquiry_says(observation, inquiry, which),
        None => assert_eq!(observation.status, None, "{which}"),
    }
}

fn included_inquiry(payload: &Value) -> Option<&Value> {
    payload["included"].as_array()?.iter().find(|resource| resource["type"] == "inquiry")
}

fn says_what_the_inquiry_says(observation: &Observation, inquiry: &Value, which: &str) {
    let (said, attributes) = (&observation.attributes, &inquiry["attributes"]);
    assert_eq!(observation.status.as_ref().map(Status::as_str), attributes["status"].as_str(), "{which}");
    for (key, understood) in [
        ("created-at", said.created_at),
        ("started-at", said.started_at),
        ("expires-at", said.expires_at),
        ("completed-at", said.completed_at),
        ("failed-at", said.failed_at),
        ("marked-for-review-at", said.marked_for_review_at),
        ("decisioned-at", said.decisioned_at),
        ("expired-at", said.expired_at),
        ("redacted-at", said.redacted_at),
    ] {
        assert_eq!(understood, time(&attributes[key]), "{which}: {key}");
    }
    for (key, understood) in [("previous-step-name", &said.previous_step), ("next-step-name", &said.next_step)] {
        let told = attributes[key].as_str().map(str::to_owned);
        assert_eq!(understood.clone().flatten(), told, "{which}: {key}");
    }
    let related = |name: &str| inquiry["relationships"][name]["data"]["id"].as_str().map(str::to_owned);
    let account = said.account_id.clone().flatten().map(|id| id.to_string());
    let template = said.template_id.clone().flatten().map(|id| id.to_string());
    let version = said.template_version_id.clone().flatten().map(|id| id.to_string());
    for (name, understood) in
        [("account", account), ("inquiry-template", template), ("inquiry-template-version", version)]
    {
        assert_eq!(understood, related(name), "{which}: {name}");
    }
}

/// `Some(None)` for null, as the observation has it.
#[expect(clippy::option_option, reason = "absent, null and a value are three things")]
fn time(value: &Value) -> Option<Option<Timestamp>> {
    match value {
        Value::Null => Some(None),
        value => Some(Some(Timestamp::parse(value.as_str()?).unwrap())),
    }
}

#[test]
fn our_own_webhook_fixtures_have_the_documented_shape() {
    let Some(spec) = spec("webhook fixtures") else { return };
    let mut checked = 0;
    for name in fixture_names("webhooks") {
        let body = fixture(&format!("webhooks/{name}"));
        let plain = !name.trim_end_matches(".json").contains('.');
        // Published versions have no documented payload; the unreadable body has the wrong shape on purpose.
        if !plain || name.starts_with("inquiry-template-version") || name.starts_with("unreadable") {
            continue;
        }
        let event = body["data"]["attributes"]["name"].as_str().unwrap().to_owned();
        assert_eq!(spec.validate_webhook(&event, &body), Vec::<String>::new(), "{name}");
        checked += 1;
    }
    assert_eq!(checked, 17, "sixteen of inquiries, one of an account");
}

#[test]
fn a_webhook_of_another_shape_is_found_out() {
    let Some(spec) = spec("webhook fixtures, the other way round") else { return };
    let mut body = fixture("webhooks/inquiry-started.json");
    body["data"]["attributes"]["payload"]["data"]["attributes"]["started-at"] = Value::from("soon");
    assert!(!spec.validate_webhook("inquiry.started", &body).is_empty(), "a date that is none");
    let body = fixture("webhooks/inquiry-transitioned.camel.json");
    assert!(!spec.validate_webhook("inquiry.transitioned", &body).is_empty(), "keys in another casing");
}
