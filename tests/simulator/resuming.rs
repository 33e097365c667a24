//! Resume: from expired back to pending, and what it hands out.

use rekindle::domain::status::Status;
use rekindle::domain::time::Timestamp;
use rekindle::persona::simulator::{Move, Opened, RefusedReason, SessionStatus, Unknowns};
use serde_json::Value;

use super::stage::{Stage, beginning, hours, minutes};

async fn resume(stage: &Stage, id: &rekindle::domain::ids::InquiryId) -> (u16, Value) {
    let answer = stage.post(&format!("/inquiries/{id}/resume")).await;
    (answer.status, answer.json())
}

#[tokio::test]
async fn an_expired_inquiry_becomes_pending_with_a_token_that_opens() {
    let stage = Stage::set().await;
    let ada = stage.inquiry();
    stage.clock.advance(hours(30));
    assert_eq!(stage.status(&ada), Status::Expired);
    let (status, body) = resume(&stage, &ada).await;
    assert_eq!(status, 200);
    let attributes = &body["data"]["attributes"];
    assert_eq!(attributes["status"], "pending");
    assert_eq!(attributes["expires-at"], "2026-03-03T18:00:00.000Z");
    assert_eq!(attributes["expired-at"], Value::Null);
    let token = body["meta"]["session-token"].as_str().unwrap();
    assert_eq!(token.split('.').count(), 3);
    let link = format!("{}&session-token={token}", stage.plain_link(&ada));
    assert!(matches!(stage.simulator.open_link(&link), Opened::Inside { .. }));
    assert_eq!(stage.event_names(), ["inquiry.created", "inquiry.expired", "inquiry-session.started"]);
    // The person begins only now, so the flow starts where it would have.
    stage.simulator.start(&ada).unwrap();
    assert_eq!(stage.event_names().last(), Some(&"inquiry.started"));
}

#[tokio::test]
async fn resuming_reuses_a_session_that_nobody_has_used() {
    let stage = Stage::set().await;
    let ada = stage.inquiry();
    stage.simulator.start(&ada).unwrap();
    let (_, first) = resume(&stage, &ada).await;
    let (_, second) = resume(&stage, &ada).await;
    assert_eq!(first["meta"], second["meta"]);
    let link = format!("{}&session-token={}", stage.plain_link(&ada), first["meta"]["session-token"].as_str().unwrap());
    stage.simulator.open_link(&link);
    let (_, third) = resume(&stage, &ada).await;
    assert_ne!(first["meta"], third["meta"]);
    assert_eq!(stage.simulator.inquiry(&ada).unwrap().sessions.len(), 2);
}

#[tokio::test]
async fn a_session_keeps_the_deadline_it_was_made_under() {
    let stage = Stage::set().await;
    let ada = stage.inquiry();
    stage.simulator.start(&ada).unwrap();
    let (_, before) = resume(&stage, &ada).await;
    let link =
        format!("{}&session-token={}", stage.plain_link(&ada), before["meta"]["session-token"].as_str().unwrap());
    stage.simulator.open_link(&link);
    stage.clock.advance(hours(20));
    resume(&stage, &ada).await;
    let view = stage.simulator.inquiry(&ada).unwrap();
    let begun = Timestamp::from_second(beginning().as_second());
    assert_eq!(view.expires_at, Some(begun.plus(hours(44))));
    assert_eq!(view.sessions[0].expires_at, begun.plus(hours(24)));

    stage.clock.advance(hours(5));
    assert_eq!(stage.status(&ada), Status::Pending);
    assert_eq!(stage.simulator.open_link(&link), Opened::Refused(RefusedReason::SessionExpired));
    let sessions = stage.simulator.inquiry(&ada).unwrap().sessions;
    assert_eq!((sessions[0].status, sessions[1].status), (SessionStatus::Expired, SessionStatus::New));
}

#[tokio::test]
async fn what_is_over_can_not_be_resumed() {
    for step in [Move::Complete, Move::Fail, Move::Approve, Move::Decline, Move::MarkForReview, Move::Redact] {
        let stage = Stage::set().await;
        let ada = stage.inquiry();
        stage.simulator.start(&ada).unwrap();
        stage.simulator.make(&ada, &step).unwrap();
        assert_eq!(resume(&stage, &ada).await.0, 409, "{step:?}");
    }
}

#[tokio::test]
async fn a_created_inquiry_is_refused_or_keeps_its_status() {
    for accepts in [false, true] {
        let stage = Stage::set_under(Unknowns { resume_accepts_created: accepts, ..Unknowns::default() }).await;
        let ada = stage.inquiry();
        assert_eq!(resume(&stage, &ada).await.0, if accepts { 200 } else { 409 });
        assert_eq!(stage.status(&ada), Status::Created);
    }
}

#[tokio::test]
async fn the_open_questions_of_resuming_have_both_answers() {
    for other in [false, true] {
        let stage = Stage::set_under(Unknowns {
            resume_clears_expired_at: other,
            resume_fires_event: other,
            resume_of_pending_moves_expiry: other,
            ..Unknowns::default()
        })
        .await;
        let ada = stage.inquiry();
        stage.simulator.expire(&ada).unwrap();
        resume(&stage, &ada).await;
        assert_eq!(stage.simulator.inquiry(&ada).unwrap().expired_at.is_none(), other);
        assert_eq!(stage.event_names().contains(&"inquiry.resumed"), other);
        let deadline = stage.simulator.inquiry(&ada).unwrap().expires_at;
        stage.clock.advance(minutes(10));
        resume(&stage, &ada).await;
        assert_eq!(stage.simulator.inquiry(&ada).unwrap().expires_at != deadline, other);
    }
}

#[tokio::test]
async fn at_the_session_limit_a_resume_that_needs_a_session_changes_nothing() {
    let stage = Stage::set().await;
    let ada = stage.inquiry();
    for _ in 0..25 {
        stage.link(&ada).await;
    }
    stage.simulator.expire(&ada).unwrap();
    assert_eq!(resume(&stage, &ada).await.0, 422);
    assert_eq!(stage.status(&ada), Status::Expired);
}
