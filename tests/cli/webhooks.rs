//! Persona's webhooks, posted to a process that serves, and what the commands then tell of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::process::{Installation, webhook_secret};
use crate::persona::conformance::spec::{VERSION, spec};
use crate::persona::{fixture, fixture_names};
use crate::support::{Scratch, on_both};

/// One webhook to be posted.
struct Posted {
    /// The file it comes from.
    name: String,
    body: Value,
}

/// A process that plans and shows, and performs nothing; its environments have no key.
async fn observing(scratch: &Scratch, environments: &[&str]) -> Installation {
    let section = |name: &&str| {
        format!("[environments.{name}]\nmode = \"observe\"\nwebhook_secrets = [\"{}\"]\n", webhook_secret(name))
    };
    let sections: String = environments.iter().map(section).collect();
    let mut rekindle = Installation::new(&format!("database_url = \"{}\"\n{sections}", scratch.url));
    rekindle.set("RUST_LOG", "trace");
    rekindle.start().await;
    rekindle
}

/// Posts every body under an id of its own.
async fn post(rekindle: &Installation, environment: &str, mut all: Vec<Posted>) -> Vec<Posted> {
    for (number, posted) in all.iter_mut().enumerate() {
        if posted.body["data"]["id"].is_string() {
            posted.body["data"]["id"] = json!(format!("evt_{environment}{number}"));
        }
        let (status, answer) = rekindle.deliver(environment, posted.body.to_string().as_bytes()).await;
        assert_eq!(status, 200, "{environment} {}: {answer}", posted.name);
    }
    all
}

/// Every body with an id is listed, with what it is and what became of it.
async fn all_are_listed(rekindle: &Installation, environment: &str, all: &[Posted]) -> Vec<Value> {
    let listed = rekindle.list(&["events", "list", "--environment", environment]).await;
    assert_eq!(listed.len(), all.len(), "{environment}: {listed:#?}");
    for Posted { name, body } in all.iter().filter(|posted| posted.body["data"]["id"].is_string()) {
        let data = &body["data"];
        let found: Vec<&Value> = listed.iter().filter(|event| event["id"] == data["id"]).collect();
        let [event] = found[..] else { panic!("{environment} {name} is listed {} times", found.len()) };
        assert_eq!(event["name"], data["attributes"]["name"], "{name}");
        assert_eq!(event["environment"], environment, "{name}");
        let attributes = data["attributes"].as_object().unwrap();
        let created = ["created-at", "createdAt", "created_at"].iter().find_map(|key| attributes.get(*key));
        if let Some(created) = created {
            assert_eq!(time(&event["occurred_at"]), time(created), "{name}");
        }
        let ago = time(&event["received_at"]).duration_until(now());
        assert!((0..300).contains(&ago.as_secs()), "{name}: {event}");
        let (outcome, reason) = (event["outcome"].as_str().unwrap(), &event["reason"]);
        assert!(outcome == "applied" || (outcome == "ignored" && reason.is_string()), "{name}: {event}");
    }
    listed
}

fn time(value: &Value) -> jiff::Timestamp {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{value} is no time"))
}

fn now() -> jiff::Timestamp {
    rekindle::clock::Clock::System.now().to_string().parse().unwrap()
}

/// The inquiries that were listed as spoken of are shown, each with all that was said of it.
async fn all_inquiries_are_shown(rekindle: &Installation, environment: &str, events: &[Value]) -> Vec<Value> {
    let mut of_inquiry: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for event in events.iter().filter(|event| event["inquiry_id"].is_string()) {
        of_inquiry.entry(event["inquiry_id"].as_str().unwrap()).or_default().insert(event["id"].as_str().unwrap());
    }
    let mut shown = Vec::new();
    for (id, events) in of_inquiry {
        let story = rekindle.json(&["inquiries", "show", id, "--environment", environment]).await;
        assert_eq!((&story["id"], &story["environment"]), (&json!(id), &json!(environment)));
        let entries = story["timeline"].as_array().unwrap();
        let told: BTreeSet<&str> = entries.iter().map(|entry| entry["id"].as_str().unwrap()).collect();
        assert_eq!(told, events, "{id}");
        let times: Vec<jiff::Timestamp> = entries.iter().map(|entry| time(&entry["at"])).collect();
        assert!(times.is_sorted(), "{id}: {entries:#?}");
        shown.push(story);
    }
    shown
}

/// What the bodies say of an inquiry: the values that stand there under a path, in the documented casing.
fn said(all: &[Posted], id: &Value, path: &[&str]) -> BTreeSet<String> {
    let resources = all.iter().flat_map(|posted| {
        let payload = &posted.body["data"]["attributes"]["payload"];
        let included = payload["included"].as_array().into_iter().flatten();
        included.chain([&payload["data"]]).filter(|resource| resource["type"] == "inquiry" && resource["id"] == *id)
    });
    let value = |resource: &Value| path.iter().fold(resource.clone(), |at, key| at[*key].clone());
    resources.filter_map(|resource| value(resource).as_str().map(str::to_owned)).collect()
}

on_both! {
    /// Persona's own example webhooks of two API versions, each version in an environment of its own.
    async fn every_official_example_is_taken_and_told(scratch: &Scratch) {
        let Some(spec) = spec("official examples posted to the binary") else { return };
        let versions = [(VERSION, "current"), ("2023-01-05", "older")];
        let rekindle = observing(scratch, &versions.map(|(_, environment)| environment)).await;
        for (version, environment) in versions {
            let examples = spec.examples(&format!("{version}/webhooks"));
            let all: Vec<Posted> = examples.into_iter().map(|(name, body)| Posted { name, body }).collect();
            assert!(all.len() >= 16, "{version} has only {} examples", all.len());
            let all = post(&rekindle, environment, all).await;
            let events = all_are_listed(&rekindle, environment, &all).await;
            for story in all_inquiries_are_shown(&rekindle, environment, &events).await {
                for (key, path) in [
                    ("status", &["attributes", "status"][..]),
                    ("reference_id", &["attributes", "reference-id"]),
                    ("template_id", &["relationships", "inquiry-template", "data", "id"]),
                    ("template_version_id", &["relationships", "inquiry-template-version", "data", "id"]),
                ] {
                    let said = said(&all, &story["id"], path);
                    match story[key].as_str() {
                        Some(shown) => assert!(said.contains(shown), "{key} of {story:#} is none of {said:?}"),
                        None => assert_eq!(said, BTreeSet::new(), "{key} of {story:#}"),
                    }
                }
                let expiries = said(&all, &story["id"], &["attributes", "expires-at"]);
                let expiries: Vec<_> = expiries.iter().map(|text| text.parse::<jiff::Timestamp>().unwrap()).collect();
                if !story["expires_at"].is_null() {
                    assert!(expiries.contains(&time(&story["expires_at"])), "{story:#} {expiries:?}");
                }
            }
        }
        let inquiries = rekindle.list(&["inquiries", "list"]).await;
        let environments: BTreeSet<&str> = inquiries.iter().map(|row| row["environment"].as_str().unwrap()).collect();
        assert_eq!(environments, BTreeSet::from(["current", "older"]));
    }

    /// Our own: three casings, an attribute blocklist, an event about no inquiry, and one that can't be read.
    async fn every_casing_is_taken_and_told(scratch: &Scratch) {
        let rekindle = observing(scratch, &["own"]).await;
        let names = fixture_names("webhooks");
        let all = names.into_iter().map(|name| Posted { body: fixture(&format!("webhooks/{name}")), name }).collect();
        let all = post(&rekindle, "own", all).await;
        let listed = all_are_listed(&rekindle, "own", &all).await;
        let stories = all_inquiries_are_shown(&rekindle, "own", &listed).await;
        let mut people: Vec<(Option<&str>, &str)> = stories
            .iter()
            .map(|story| (story["reference_id"].as_str(), story["status"].as_str().unwrap()))
            .collect();
        people.sort_unstable();
        let (redacted, others) = people.split_first().unwrap();
        assert_eq!(*redacted, (None, "approved"), "whom it was for is erased, what became of it is not");
        let known = [("customer-18", "declined"), ("customer-19", "expired"), ("customer-20", "needs_review")];
        assert_eq!(others, known.map(|(person, status)| (Some(person), status)));

        let unreadable = rekindle.list(&["events", "list", "--outcome", "unreadable"]).await;
        let [event] = &unreadable[..] else { panic!("{unreadable:#?}") };
        assert_eq!(event["reason"], "the event has no usable data.id");
        assert_eq!((&event["name"], &event["occurred_at"]), (&Value::Null, &Value::Null));
        assert!(!event["received_at"].is_null());
        let id = event["id"].as_str().unwrap();
        assert_eq!(rekindle.json(&["events", "show", id]).await["outcome"], "unreadable");
        assert!(rekindle.run(&["events", "list"]).await.out.contains("(unreadable)"));
        assert_eq!(rekindle.list(&["actions", "list"]).await.len(), 0, "everything in them is long over");
    }
}
