//! An inquiry's life, move by move and by the clock.

use rekindle::domain::status::Status;
use rekindle::domain::time::Timestamp;
use rekindle::persona::simulator::{Life, Move, NewInquiry, SessionStatus, Settings, TemplateSettings};
use serde_json::{Value, json};

use super::stage::{Stage, beginning, hours, minutes};

#[tokio::test]
async fn a_person_is_verified_and_every_move_is_an_event() {
    let stage = Stage::set().await;
    let ada = stage.inquiry();
    stage.clock.advance(minutes(1));
    stage.simulator.start(&ada).unwrap();
    stage.simulator.step(&ada).unwrap();
    stage.clock.advance(minutes(4));
    stage.simulator.complete(&ada).unwrap();
    stage.simulator.approve(&ada).unwrap();

    let told: Vec<String> = stage
        .simulator
        .events()
        .iter()
        .map(|event| {
            let attributes = &event.payload["attributes"];
            let of = |key: &str| attributes[key].as_str().unwrap_or("-").replace("2026-03-0", "");
            format!(
                "{} {} started {} expires {} next {}",
                event.name,
                of("status"),
                of("started-at"),
                of("expires-at"),
                of("next-step-name")
            )
        })
        .collect();
    let expected = [
        "inquiry.created created started - expires 2T12:00:00.000Z next start",
        "inquiry.started pending started 1T12:01:00.000Z expires 2T12:00:00.000Z next verification_government_id",
        "inquiry.transitioned pending started 1T12:01:00.000Z expires 2T12:00:00.000Z next verification_selfie",
        "inquiry.completed completed started 1T12:01:00.000Z expires - next success",
        "inquiry.approved approved started 1T12:01:00.000Z expires - next success",
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn moves_that_make_no_sense_are_refused_and_change_nothing() {
    let table: [(&[Move], Move); 11] = [
        (&[], Move::Step(None)),
        (&[Move::Start], Move::Start),
        (&[Move::Complete], Move::Start),
        (&[Move::Complete], Move::Fail),
        (&[Move::Complete], Move::Expire),
        (&[Move::Expire], Move::Expire),
        (&[Move::Expire], Move::Complete),
        (&[Move::Approve], Move::MarkForReview),
        (&[Move::Approve], Move::Approve),
        (&[Move::Redact], Move::Approve),
        (&[Move::Redact], Move::Redact),
    ];
    for (moves, refused) in table {
        let stage = Stage::set().await;
        let ada = stage.inquiry();
        for step in moves {
            stage.simulator.make(&ada, step).unwrap();
        }
        let (status, events) = (stage.status(&ada), stage.event_names());
        let refusal = stage.simulator.make(&ada, &refused).unwrap_err();
        assert_eq!(refusal.status, 409, "{moves:?} then {refused:?}");
        assert_eq!((stage.status(&ada), stage.event_names()), (status, events), "{moves:?} then {refused:?}");
    }
}

#[tokio::test]
async fn decisions_can_be_changed_and_can_hit_an_open_inquiry() {
    let stage = Stage::set().await;
    let ada = stage.inquiry();
    stage.simulator.decline(&ada).unwrap();
    stage.simulator.approve(&ada).unwrap();
    assert_eq!(stage.status(&ada), Status::Approved);
    let bob = stage.inquiry();
    stage.simulator.mark_for_review(&bob).unwrap();
    stage.simulator.decline(&bob).unwrap();
    assert_eq!(stage.status(&bob), Status::Declined);
}

#[tokio::test]
async fn the_clock_expires_an_inquiry_at_its_deadline_whenever_somebody_looks() {
    let stage = Stage::set().await;
    let ada = stage.inquiry();
    stage.link(&ada).await;
    stage.clock.advance(hours(24).checked_sub(minutes(1)).unwrap());
    assert_eq!(stage.status(&ada), Status::Created);

    stage.clock.advance(hours(3));
    let view = stage.simulator.inquiry(&ada).unwrap();
    assert_eq!((view.status, view.expires_at), (Status::Expired, None));
    let deadline = Timestamp::from_second(beginning().as_second()).plus(hours(24));
    assert_eq!(view.expired_at, Some(deadline));
    assert_eq!(view.sessions[0].status, SessionStatus::Expired);
    assert_eq!(stage.event_names(), ["inquiry.created", "inquiry.expired", "inquiry-session.expired"]);
    assert!(stage.simulator.events()[1..].iter().all(|event| event.created_at == deadline));
}

#[tokio::test]
async fn a_started_inquiry_lives_from_its_start_where_the_template_says_so() {
    let life = Life { from_start: Some(hours(2)), ..Life::default() };
    let template = TemplateSettings::new("itmpl_Short").with_life(life);
    let stage = Stage::set_with(Settings { templates: vec![template], ..Settings::default() }).await;
    let ada = stage.inquiry();
    stage.clock.advance(hours(1));
    stage.simulator.start(&ada).unwrap();
    stage.clock.advance(minutes(119));
    assert_eq!(stage.status(&ada), Status::Pending);
    stage.clock.advance(minutes(1));
    assert_eq!(stage.status(&ada), Status::Expired);
}

#[tokio::test]
async fn an_inquiry_can_be_given_its_own_life() {
    let stage = Stage::set().await;
    let created = stage.create(json!({ "expiration-after-create-interval-seconds": 600 })).await;
    assert_eq!(created.status, 201, "{}", created.text);
    assert_eq!(created.json()["data"]["attributes"]["expires-at"], "2026-03-01T12:10:00.000Z");
}

#[tokio::test]
async fn redacting_erases_the_person_and_keeps_the_status() {
    let stage = Stage::set().await;
    let known = NewInquiry { fields: [("name-first".to_owned(), json!("Ada"))].into(), ..NewInquiry::default() };
    let ada = stage.simulator.create_inquiry("sandbox", known).unwrap();
    stage.simulator.complete(&ada).unwrap();
    let answer = super::stage::send(stage.api("DELETE", &format!("/inquiries/{ada}"))).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let attributes = &answer.json()["data"]["attributes"];
    assert_eq!(attributes["status"], "completed");
    assert_eq!(attributes["redacted-at"], "2026-03-01T12:00:00.000Z");
    assert_eq!(attributes["fields"]["name-first"], json!({ "type": "string", "value": null }));
    assert_eq!(stage.event_names().last(), Some(&"inquiry.redacted"));
    assert!(!answer.text.contains("Ada"));
}

#[tokio::test]
async fn one_seed_tells_the_same_story_twice() {
    let mut stories = Vec::new();
    for _ in 0..2 {
        let stage = Stage::set().await;
        let ada = stage.inquiry();
        stage.simulator.start(&ada).unwrap();
        let story: Vec<Value> = stage.simulator.events().into_iter().map(|event| event.payload).collect();
        stories.push((ada, story));
    }
    assert_eq!(stories[0], stories[1]);
}
