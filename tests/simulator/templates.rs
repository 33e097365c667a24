//! Templates and their versions.

use rekindle::persona::simulator::{EnvironmentSettings, PRODUCTION_KEY, Settings, Unknowns};
use serde_json::{Value, json};

use super::stage::{Stage, minutes, send};

async fn with_production(unknowns: Unknowns) -> Stage {
    let settings = Settings::default().with_environment(EnvironmentSettings::production("live"));
    Stage::set_with(settings.with_unknowns(unknowns)).await
}

#[tokio::test]
async fn templates_are_read_with_a_production_key_only() {
    let stage = with_production(Unknowns::default()).await;
    let template = stage.simulator.templates()[0].clone();
    let version = stage.simulator.latest_version(&template).unwrap();
    for path in [
        "/inquiry-templates".to_owned(),
        format!("/inquiry-templates/{template}"),
        format!("/inquiry-template-versions?filter[inquiry-template-id]={template}"),
    ] {
        assert_eq!(stage.get(&path).await.status, 403, "{path}");
        let answer =
            send(stage.http.get(format!("{}{path}", stage.serving.api_url())).bearer_auth(PRODUCTION_KEY)).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.text.contains(version.as_str()));
    }
    stage.simulator.set_unknowns(Unknowns { sandbox_reads_templates: true, ..Unknowns::default() });
    assert_eq!(stage.get("/inquiry-templates").await.status, 200);
}

#[tokio::test]
async fn an_inquiry_stays_with_the_version_it_was_made_from() {
    let stage = with_production(Unknowns::default()).await;
    let template = stage.simulator.templates()[0].clone();
    let ada = stage.inquiry();
    let first = stage.simulator.inquiry(&ada).unwrap().version;
    stage.clock.advance(minutes(1));
    let second = stage.simulator.publish_version(&template, None).unwrap();
    assert_ne!(first, second);

    let answer = stage.get(&format!("/inquiries/{ada}?include=inquiry-template")).await.json();
    let own = &answer["data"]["relationships"]["inquiry-template-version"]["data"]["id"];
    let latest = &answer["included"][0]["relationships"]["latest-published-version"]["data"]["id"];
    assert_eq!((own, latest), (&json!(first.as_str()), &json!(second.as_str())));
    assert_eq!(stage.simulator.inquiry(&stage.inquiry()).unwrap().version, second);

    let url = format!("{}/inquiry-template-versions?filter[inquiry-template-id]={template}", stage.serving.api_url());
    let versions = send(stage.http.get(url).bearer_auth(PRODUCTION_KEY)).await.json();
    let live: Vec<(&str, bool)> = versions["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|version| (version["id"].as_str().unwrap(), version["attributes"]["live"].as_bool().unwrap()))
        .collect();
    assert_eq!(live, [(second.as_str(), true), (first.as_str(), false)]);
}

#[tokio::test]
async fn publishing_is_told_to_every_environment_or_not_to_sandboxes() {
    for (to_sandboxes, expected) in [(true, &["sandbox", "live"][..]), (false, &["live"][..])] {
        let stage =
            with_production(Unknowns { sandbox_sends_version_events: to_sandboxes, ..Unknowns::default() }).await;
        let template = stage.simulator.templates()[0].clone();
        let version = stage.simulator.publish_version(&template, None).unwrap();
        let events = stage.simulator.events();
        let told: Vec<&str> = events.iter().map(|event| event.environment.as_str()).collect();
        assert_eq!(told, expected);
        let event = &events[0];
        assert_eq!((event.name, event.object.as_str()), ("inquiry-template-version.published", version.as_str()));
        assert_eq!(event.payload["type"], "inquiry-template-version");
        assert_eq!(event.payload["relationships"]["inquiry-template"]["data"]["id"], template.as_str());
    }
}

#[tokio::test]
async fn the_include_of_templates_may_bring_nothing_in_a_sandbox() {
    for brings in [true, false] {
        let stage = Stage::set_under(Unknowns { sandbox_includes_templates: brings, ..Unknowns::default() }).await;
        let ada = stage.inquiry();
        let answer = stage.get(&format!("/inquiries/{ada}?include=inquiry-template,account")).await.json();
        let kinds: Vec<&str> =
            answer["included"].as_array().unwrap().iter().map(|object| object["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, if brings { vec!["account", "inquiry-template"] } else { vec!["account"] });
    }
    let stage = Stage::set().await;
    let ada = stage.inquiry();
    assert_eq!(stage.get(&format!("/inquiries/{ada}")).await.json()["included"], Value::Null);
    assert_eq!(stage.get(&format!("/inquiries/{ada}?include=horoscope")).await.status, 400);
}
