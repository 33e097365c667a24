//! The main job, told on the real binary: link minted, notice delivered, person inside, person done, silence.

use std::time::Duration;

use jiff::SignedDuration;
use rekindle::domain::ids::InquiryId;
use rekindle::persona::simulator::{DeliveryState, Opened};
use serde_json::Value;

use super::outside::{Outside, living};
use super::process::{Installation, eventually};
use crate::support::application::Received;
use crate::support::{Scratch, on_both};

/// A person, whom to reach them through, and the process that does.
pub struct Story {
    pub outside: Outside,
    pub rekindle: Installation,
    pub ada: InquiryId,
}

impl Story {
    /// The process serves; the person has no inquiry yet.
    pub async fn begin(scratch: &Scratch, reminders: &str, lifetime: i64) -> Self {
        let outside = Outside::with(living(lifetime)).await;
        let rules = format!("reminders = {reminders}");
        // Every reminder reads the inquiry again at Persona: nothing is ever heard of so lately.
        let worker = "[worker]\nreread_after = \"1s\"\n";
        let toml = format!("{}\n{worker}", outside.configuration(&scratch.url, &rules));
        let mut rekindle = Installation::new(&toml);
        // Secrets and links stay out of the log, however much is logged.
        rekindle.set("RUST_LOG", "trace");
        outside.send_webhooks_to(&rekindle);
        rekindle.start().await;
        Self { outside, rekindle, ada: InquiryId::parse("inq_none_yet").unwrap() }
    }

    pub fn create(&mut self) {
        self.ada = self.outside.person("ada");
    }

    /// Waits until Persona got an answer of success for everything it has sent so far.
    pub async fn heard(&self) {
        eventually("Persona is heard", || async {
            let deliveries = self.outside.persona.deliveries();
            assert!(deliveries.iter().all(|delivery| delivery.state != DeliveryState::Failed), "{deliveries:?}");
            let delivered = deliveries.iter().all(|delivery| delivery.state == DeliveryState::Delivered);
            (delivered && !deliveries.is_empty()).then_some(())
        })
        .await;
    }

    /// Waits for a notice that was answered.
    pub async fn reminded(&self) -> Received {
        eventually("a notice comes", || async { self.outside.application.notices().pop() }).await
    }

    pub fn open(&self, link: &str) {
        let opened = self.outside.persona.open_link(link);
        assert!(matches!(&opened, Opened::Inside { inquiry, .. } if *inquiry == self.ada), "{opened:?}");
    }

    pub fn complete(&self) {
        self.outside.persona.start(&self.ada).unwrap();
        self.outside.persona.complete(&self.ada).unwrap();
    }

    /// What `inquiries show` tells of the person.
    pub async fn shown(&self) -> Value {
        self.rekindle.json(&["inquiries", "show", self.ada.as_str()]).await
    }

    /// Waits until the person is known to be done, and nothing is planned or under way.
    pub async fn at_rest(&self) -> Vec<Value> {
        eventually("all is done and at rest", || async {
            let actions = self.rekindle.list(&["actions", "list", "--inquiry", self.ada.as_str()]).await;
            let over = actions.iter().all(|action| action["state"] != "planned" && action["state"] != "running");
            (over && self.shown().await["status"] == "completed").then_some(actions)
        })
        .await
    }
}

/// The values under a key, in order.
pub fn each<'a>(list: &'a [Value], key: &str) -> Vec<&'a str> {
    list.iter().map(|entry| entry[key].as_str().unwrap_or("-")).collect()
}

on_both! {
    /// Created → reminder due → link minted → notice delivered with that link → opened → completed → nothing more.
    async fn a_person_who_lost_the_tab_gets_back_in(scratch: &Scratch) {
        let mut story = Story::begin(scratch, r#"["10%", "60%"]"#, 20).await;
        story.create();
        story.heard().await;
        let shown = story.shown().await;
        assert_eq!((&shown["status"], &shown["reference_id"]), (&"created".into(), &"ada".into()), "{shown}");
        assert_eq!(shown["standing"]["reminders"].as_array().unwrap().len(), 2, "{shown}");
        let second_due: jiff::Timestamp = shown["standing"]["reminders"][1]["due_at"].as_str().unwrap().parse().unwrap();

        let notice = story.reminded().await;
        assert_eq!((notice.reference_id.as_deref(), &*notice.step), (Some("ada"), "10%"));
        let links = story.outside.persona.inquiry(&story.ada).unwrap().links;
        assert_eq!(links.len(), 1, "one link was minted, and it is the notice's");
        story.open(&notice.link);
        story.complete();
        story.at_rest().await;

        // Past the time of the second reminder.
        let now = rekindle::clock::Clock::System.now().to_string().parse::<jiff::Timestamp>().unwrap();
        let left = second_due.duration_since(now).max(SignedDuration::ZERO) + SignedDuration::from_secs(1);
        tokio::time::sleep(Duration::try_from(left).unwrap()).await;
        assert_eq!(story.outside.application.deliveries(), [notice], "nobody is troubled who is done");
        assert_eq!(story.outside.calls("generate-one-time-link"), 1);
        told_in_json(&story).await;

        assert!(story.rekindle.log().contains("\"level\":\"TRACE\""), "the log was as talkative as can be");
        let (status, metrics) = story.rekindle.get("/metrics").await;
        assert_eq!(status, 200);
        for line in [
            "# TYPE rekindle_deliveries_total counter",
            "# TYPE rekindle_delivery_seconds histogram",
            "# TYPE rekindle_attempts_total counter",
            "# TYPE rekindle_actions gauge",
            "# TYPE rekindle_oldest_due_seconds gauge",
            r#"rekindle_deliveries_total{environment="sandbox",outcome="applied"}"#,
            r#"rekindle_attempts_total{kind="remind",outcome="done"} 1"#,
            r#"rekindle_actions{environment="sandbox",kind="remind",state="planned"} 0"#,
            r#"rekindle_actions{environment="sandbox",kind="remind",state="failed"} 0"#,
        ] {
            assert!(metrics.contains(line), "{line} in {metrics}");
        }
        story.rekindle.ask_to_stop();
        story.rekindle.stopped().await;
    }
}

/// The commands tell the same story.
async fn told_in_json(story: &Story) {
    let rekindle = &story.rekindle;
    let mut actions = story.at_rest().await;
    actions.sort_by_key(|action| action["due_at"].as_str().unwrap().to_owned());
    assert_eq!(each(&actions, "what"), ["remind at 10% by app", "remind at 60% by app"]);
    assert_eq!(each(&actions, "state"), ["done", "cancelled"]);
    assert_eq!(each(&actions, "reason"), ["-", "it is completed"]);
    assert_eq!(each(&actions, "cancelled_by"), ["-", "plan"]);

    let reminder = rekindle.json(&["actions", "show", actions[0]["id"].as_str().unwrap()]).await;
    let history = reminder["history"].as_array().unwrap();
    assert_eq!((each(history, "outcome"), each(history, "error")), (vec!["done"], vec!["-"]), "{reminder}");
    assert_eq!(reminder["id"], story.outside.application.only_notice().id, "a notice is known by its action's id");

    let mut events = rekindle.list(&["events", "list", "--inquiry", story.ada.as_str()]).await;
    events.sort_by_key(|event| event["occurred_at"].as_str().unwrap().to_owned());
    let happened: Vec<String> = story.outside.persona.events().into_iter().map(|event| event.id.to_string()).collect();
    assert_eq!(events.len(), happened.len(), "{events:?}");
    assert!(events.iter().all(|event| happened.contains(&event["id"].as_str().unwrap().to_owned())), "{events:?}");
    assert_eq!(events[0]["name"], "inquiry.created");
    assert!(events.iter().any(|event| event["name"] == "inquiry.completed" && event["outcome"] == "applied"));

    let shown = story.shown().await;
    assert_eq!(shown["standing"]["quiet"], "it is completed", "{shown}");
    assert!(!shown["completed_at"].is_null() && !shown["last_read_at"].is_null(), "{shown}");
    let timeline = shown["timeline"].as_array().unwrap();
    let told = |kind: &str, what: &str, outcome: &str| {
        let found = |entry: &&Value| entry["kind"] == kind && entry["what"] == what && entry["outcome"] == outcome;
        assert_eq!(timeline.iter().filter(found).count(), 1, "{kind} {what} {outcome} in {shown:#}");
    };
    told("event", "inquiry.created", "applied");
    told("attempt", "remind at 10% by app", "done");
    told("ended", "remind at 60% by app", "cancelled");
    told("event", "inquiry.completed", "applied");
    let told_in_words = rekindle.run(&["inquiries", "show", "ada"]).await;
    assert!(told_in_words.out.contains("completed") && told_in_words.out.contains("remind at 10% by app"));
}
