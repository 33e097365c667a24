//! `rekindle doctor` on an installation that works, and where people are lost all the same.

use jiff::SignedDuration;
use rekindle::domain::signature::sign;
use rekindle::persona::simulator::NewInquiry;
use serde_json::json;

use super::doctor::{assert_told, findings, observing};
use super::outside::{ENVIRONMENT, Outside, living};
use super::process::{Installation, eventually, webhook_secret};
use crate::storage::raw;
use crate::support::on_both;

const DAY: i64 = 86_400;

/// Delivers an event that is signed so long from now; about this inquiry, with these attributes.
async fn deliver(rekindle: &Installation, number: usize, from_now: SignedDuration, attributes: serde_json::Value) {
    // A name that does not tell the status by itself.
    let now = rekindle::clock::Clock::System.now();
    let inquiry = json!({ "type": "inquiry", "id": format!("inq_{number}"), "attributes": attributes });
    let event =
        json!({ "name": "inquiry.updated-tags", "created-at": now.to_string(), "payload": { "data": inquiry } });
    let body = json!({ "data": { "type": "event", "id": format!("evt_{number}"), "attributes": event } }).to_string();
    let signature = sign(body.as_bytes(), webhook_secret(ENVIRONMENT).as_bytes(), now.plus(from_now));
    rekindle::tls::install();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http.post(rekindle.webhook(ENVIRONMENT)).header("persona-signature", signature).body(body);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

on_both! {
    /// Inquiries that live too long, or too short to be reminded of, and reminders that somebody paused.
    async fn what_inquiries_are_like_is_held_against_the_rules(scratch: &Scratch) {
        let outside = Outside::with(living(20 * DAY)).await;
        let mut rekindle = Installation::new(&outside.configuration(&scratch.url, "reminders = [\"3h\"]"));
        outside.send_webhooks_to(&rekindle);
        rekindle.start().await;
        outside.person("ada");
        let short = NewInquiry { from_creation: Some(SignedDuration::from_hours(1)), ..NewInquiry::for_person("bo") };
        outside.persona.create_inquiry(ENVIRONMENT, short).unwrap();
        eventually("both are known", || async {
            (rekindle.list(&["inquiries", "list", "--environment", ENVIRONMENT]).await.len() == 2).then_some(())
        })
        .await;
        let pause = ["lanes", "pause", "--environment", ENVIRONMENT, "--kind", "remind", "--by", "grace", "--reason", "a trial"];
        assert_eq!(rekindle.run(&pause).await.code, Some(0));
        let (code, told) = findings(&rekindle).await;
        assert_eq!(code, Some(0), "{told:#?}");
        assert_told(&told, "warning environments.sandbox: expiry: 1 open inquiries live longer than the 15d", "shorten the template's expiry");
        assert_told(&told, "warning environments.sandbox: reminders: 1 open inquiries live so short", "\"50%\"");
        assert_told(&told, "warning environments.sandbox: reminders: cli:grace paused them", "lanes resume --environment sandbox --kind remind");
    }

    /// Whoever lost the tab comes back by a reminder, or because an application asks for a way in.
    async fn nobody_who_could_bring_people_back_is_told(scratch: &Scratch) {
        let outside = Outside::with(living(3_600)).await;
        let rekindle = Installation::new(&outside.configuration(&scratch.url, "reminders = []"));
        assert_eq!(rekindle.run(&["migrate"]).await.code, Some(0));
        let told = findings(&rekindle).await.1;
        assert_told(&told, "warning environments.sandbox: access: nobody is reminded", "rekindle tokens create NOTE --scope access");
        let create = ["tokens", "create", "the shop", "--scope", "access", "--environment", ENVIRONMENT];
        let made = rekindle.run(&create).await;
        assert_eq!(made.code, Some(0), "{}", made.err);
        let told = findings(&rekindle).await.1;
        assert!(!told.iter().any(|finding| finding.contains("nobody is reminded")), "{told:#?}");
    }

    /// What webhooks did not bring has to be fetched in time.
    async fn a_reconciliation_that_is_late_is_told(scratch: &Scratch) {
        let outside = Outside::with(living(3_600)).await;
        let toml = outside.configuration(&scratch.url, "");
        let rekindle = Installation::new(&toml);
        assert_eq!(rekindle.run(&["migrate"]).await.code, Some(0));
        let done = rekindle.run(&["reconcile", "--environment", ENVIRONMENT]).await;
        assert_eq!(done.code, Some(0), "{}", done.err);
        assert_told(&findings(&rekindle).await.1, "ok environments.sandbox: reconciliation: everything until", "is known");
        let long_ago = match scratch.kind() {
            rekindle::storage::Kind::Sqlite => "UPDATE reconciliations SET reconciled_until = 0",
            rekindle::storage::Kind::Postgres => "UPDATE reconciliations SET reconciled_until = to_timestamp(0)",
        };
        raw::execute(scratch, long_ago).await;
        let told = findings(&rekindle).await.1;
        assert_told(&told, "warning environments.sandbox: reconciliation: what changed since 1970", "`rekindle reconcile` asks now");
        raw::execute(scratch, "UPDATE reconciliations SET error = 'Persona answered 503'").await;
        let (code, told) = findings(&rekindle).await;
        assert_eq!(code, Some(1), "{told:#?}");
        assert_told(&told, "failed environments.sandbox: reconciliation: ", "the last run stopped: Persona answered 503");
    }
}

/// Signed in the future: our clock is behind. Signed too long ago: somebody has to look.
#[tokio::test]
async fn deliveries_that_were_set_aside_are_told() {
    let mut rekindle = Installation::new(&observing("sqlite://new.db"));
    rekindle.start().await;
    deliver(&rekindle, 1, SignedDuration::from_mins(10), json!({})).await;
    assert_told(
        &findings(&rekindle).await.1,
        "failed environments.sandbox: clock: 1 deliveries of the last day are signed in the future",
        "set it by NTP",
    );
    deliver(&rekindle, 2, SignedDuration::from_hours(-80), json!({})).await;
    let (code, told) = findings(&rekindle).await;
    assert_eq!(code, Some(1), "{told:#?}");
    assert_told(
        &told,
        "warning environments.sandbox: quarantine: 1 events wait for a decision",
        "rekindle events list --outcome quarantined",
    );
}

/// A blocklist at Persona hides what plans are made from, and nobody may ask Persona for its webhook.
#[tokio::test]
async fn attributes_that_never_come_are_told() {
    let now = SignedDuration::ZERO;
    let mut rekindle = Installation::new(&observing("sqlite://new.db"));
    rekindle.start().await;
    for number in 0..10 {
        deliver(&rekindle, number, now, json!({ "reference-id": format!("person {number}") })).await;
    }
    let (code, told) = findings(&rekindle).await;
    assert_eq!(code, Some(1), "{told:#?}");
    assert_told(
        &told,
        "failed environments.sandbox: payloads: no event of 10 inquiries carries a status",
        "`rekindle persona setup` does so",
    );
    for number in 10..20 {
        deliver(&rekindle, number, now, json!({ "status": "pending" })).await;
    }
    let told = findings(&rekindle).await.1;
    assert_told(
        &told,
        "warning environments.sandbox: payloads: none of 10 open inquiries says when it expires",
        "deadlines are guessed",
    );
    assert_told(
        &told,
        "failed environments.sandbox: payloads: none of 10 open inquiries names its template",
        "let the webhook carry relationships",
    );
}

/// What the configuration alone shows.
#[tokio::test]
async fn rules_that_can_never_be_kept_are_told() {
    let notifier = "[notifiers.app]\ntype = \"log\"\n";
    let rules = "[environments.sandbox.templates.default]\n";
    let told = async |more: &str| {
        let toml = format!("{}{rules}{more}\n{notifier}", observing("sqlite://new.db"));
        findings(&Installation::new(&toml)).await.1
    };
    let long = told("lifetime = \"20d\"\ngive_up_after = \"30d\"\nresume_within = \"40d\"").await;
    assert_told(&long, "warning configuration: ", "templates.default.lifetime = \"20d\": Persona advises against");
    assert_told(&long, "warning configuration: ", "templates.default.give_up_after = \"30d\": Persona advises against");
    let never = told("lifetime = \"2h\"\nreminders = [\"3h\", \"5h\"]").await;
    assert_told(
        &never,
        "warning configuration: ",
        "templates.default.reminders: none of them comes at a time of its own",
    );
    let nobody = told("notify = []").await;
    assert_told(&nobody, "warning configuration: ", "templates.default.notify: names nobody");
}
