//! Lists: pages, filters, and what a cursor survives.

use rekindle::persona::simulator::{EnvironmentSettings, NewInquiry, Settings};
use serde_json::Value;

use super::stage::{Answer, Stage, minutes};

fn ids(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["data"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

async fn with_inquiries(count: usize) -> (Stage, Vec<String>) {
    let stage = Stage::set().await;
    let mut made: Vec<String> = Vec::new();
    for number in 0..count {
        let new = NewInquiry::for_person(format!("user-{number}"));
        made.push(stage.simulator.create_inquiry("sandbox", new).unwrap().to_string());
        stage.clock.advance(minutes(1));
    }
    made.reverse();
    (stage, made)
}

#[tokio::test]
async fn the_relative_links_lead_through_all_pages_and_back() {
    let (stage, newest_first) = with_inquiries(25).await;
    let mut seen = Vec::new();
    let mut path = "/api/v1/inquiries?filter[status]=created".to_owned();
    let last = loop {
        let answer = stage.get(&path).await;
        seen.extend(ids(&answer));
        let links = answer.json()["links"].clone();
        match links["next"].as_str() {
            Some(next) => {
                assert!(
                    next.starts_with("/api/v1/inquiries?filter%5Bstatus%5D=created&page%5Bafter%5D=inq_"),
                    "{next}"
                );
                next.clone_into(&mut path);
            }
            None => break links,
        }
    };
    assert_eq!(seen, newest_first);

    let previous = stage.get(last["prev"].as_str().unwrap()).await;
    assert_eq!(ids(&previous), newest_first[10..20]);
    let first = stage.get(previous.json()["links"]["prev"].as_str().unwrap()).await;
    assert_eq!(ids(&first), newest_first[..10]);
    assert_eq!(first.json()["links"]["prev"], Value::Null);
}

#[tokio::test]
async fn a_cursor_keeps_its_place_when_its_inquiry_leaves_the_filter() {
    let (stage, newest_first) = with_inquiries(4).await;
    let first = stage.get("/inquiries?filter[status]=created&page[size]=2").await;
    let cursor = rekindle::domain::ids::InquiryId::parse(&newest_first[1]).unwrap();
    stage.simulator.complete(&cursor).unwrap();
    let second = stage.get(first.json()["links"]["next"].as_str().unwrap()).await;
    assert_eq!(ids(&second), newest_first[2..]);
}

#[tokio::test]
async fn filters_narrow_and_unknown_ones_are_refused() {
    let (stage, newest_first) = with_inquiries(3).await;
    let oldest = newest_first[2].clone();
    let account =
        stage.get(&format!("/inquiries/{oldest}")).await.json()["data"]["relationships"]["account"]["data"]["id"]
            .clone();
    stage.simulator.complete(&rekindle::domain::ids::InquiryId::parse(&oldest).unwrap()).unwrap();
    let only_oldest = [
        "filter[reference-id]=user-0".to_owned(),
        "filter[status]=completed,approved".to_owned(),
        format!("filter[account-id]={}", account.as_str().unwrap()),
        format!("filter[inquiry-id]={oldest}"),
        "filter[created-at-end]=2026-03-01T12:00:30.000Z".to_owned(),
        "filter[referenceId]=user-0".to_owned(),
    ];
    for filter in only_oldest {
        assert_eq!(ids(&stage.get(&format!("/inquiries?{filter}")).await), [oldest.as_str()], "{filter}");
    }
    assert_eq!(
        ids(&stage.get("/inquiries?filter[created-at-start]=2026-03-01T12:01:00.000Z").await),
        newest_first[..2]
    );
    for bad in ["filter[updated-at-start]=x", "page[size]=0", "page[size]=101", "page[after]=inq_none", "page[size]=x"]
    {
        assert_eq!(stage.get(&format!("/inquiries?{bad}")).await.status, 400, "{bad}");
    }
}

#[tokio::test]
async fn one_environment_does_not_see_another() {
    let settings = Settings::default().with_environment(EnvironmentSettings::production("live"));
    let stage = Stage::set_with(settings).await;
    let bob = stage.simulator.create_inquiry("live", NewInquiry::for_person("user-bob")).unwrap();
    assert_eq!(ids(&stage.get("/inquiries").await), [""; 0]);
    assert_eq!(stage.get(&format!("/inquiries/{bob}")).await.status, 404);
    assert_eq!(stage.post(&format!("/inquiries/{bob}/generate-one-time-link")).await.status, 404);
    assert_eq!(ids(&stage.get("/events").await), [""; 0]);
}

#[tokio::test]
async fn sessions_are_listed_by_inquiry() {
    let stage = Stage::set().await;
    let (ada, bob) = (stage.inquiry(), stage.inquiry());
    stage.link(&ada).await;
    stage.link(&ada).await;
    stage.link(&bob).await;
    let answer = stage.get(&format!("/inquiry-sessions?filter[inquiry-id]={ada}")).await;
    let mut of_ada: Vec<String> =
        stage.simulator.inquiry(&ada).unwrap().sessions.iter().map(|session| session.id.to_string()).collect();
    of_ada.reverse();
    assert_eq!(ids(&answer), of_ada);
    assert_eq!(answer.json()["data"][0]["attributes"]["status"], "new");
}

#[tokio::test]
async fn events_can_be_found_by_name_and_object_and_read_in_full() {
    let stage = Stage::set().await;
    let (ada, bob) = (stage.inquiry(), stage.inquiry());
    stage.simulator.start(&ada).unwrap();
    stage.simulator.expire(&bob).unwrap();
    let answer = stage.get(&format!("/events?filter[object-id]={ada}")).await;
    let listed = answer.json();
    let names: Vec<&str> =
        listed["data"].as_array().unwrap().iter().map(|e| e["attributes"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["inquiry.started", "inquiry.created"]);
    assert_eq!(listed["data"][0]["attributes"]["payload"]["data"]["attributes"], serde_json::json!({}));

    let expired = stage.get("/events?filter[name]=inquiry.expired,inquiry.failed").await;
    let id = ids(&expired).pop().unwrap();
    let event = stage.get(&format!("/events/{id}")).await.json();
    assert_eq!(event["data"]["attributes"]["payload"]["data"]["attributes"]["status"], "expired");
    assert_eq!(event["data"]["attributes"]["created-at"], "2026-03-01T12:00:00.250Z");
}
