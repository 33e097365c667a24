//! Who gets in, through which link, and for how long.

use rekindle::domain::ids::InquiryId;
use rekindle::domain::status::Status;
use rekindle::persona::simulator::{
    EnvironmentSettings, LinkUse, Move, NewInquiry, Opened, RefusalStatus, RefusedReason, SessionStatus, Settings,
    TemplateSettings, Unknowns,
};
use secrecy::ExposeSecret;
use serde_json::json;

use super::stage::{Stage, hours, minutes, send};

fn refused(reason: RefusedReason) -> Opened {
    Opened::Refused(reason)
}

fn is_inside(opened: &Opened, expected: &InquiryId) -> bool {
    matches!(opened, Opened::Inside { inquiry, .. } if inquiry == expected)
}

#[tokio::test]
async fn a_one_time_link_opens_once_with_five_minutes_of_grace() {
    let stage = Stage::set().await;
    let ada = stage.inquiry();
    let link = stage.link(&ada).await;
    let page = stage.page(&link).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("data-state=\"flow\""));
    stage.clock.advance(minutes(5));
    assert_eq!(stage.page(&link).await.status, 200);
    stage.clock.advance(minutes(1));
    let page = stage.page(&link).await;
    assert_eq!(page.status, 410);
    assert!(page.text.contains("This link was used"), "{}", page.text);
    assert_eq!(stage.simulator.open_link(&link), refused(RefusedReason::LinkUsed));
}

#[tokio::test]
async fn opening_makes_the_session_active_and_does_not_start_the_inquiry() {
    let stage = Stage::set().await;
    let ada = stage.inquiry();
    let link = stage.link(&ada).await;
    stage.page(&link).await;
    stage.page(&link).await;
    assert_eq!(stage.event_names(), ["inquiry.created", "inquiry-session.started"]);
    assert_eq!(stage.status(&ada), Status::Created);
    assert_eq!(stage.simulator.inquiry(&ada).unwrap().sessions[0].status, SessionStatus::Active);
}

#[tokio::test]
async fn a_person_walks_through_the_pages_to_the_end() {
    let stage = Stage::set().await;
    let ada = stage.inquiry();
    let page = stage.page(&stage.link(&ada).await).await;
    let token = page.text.split("name=\"session-token\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let mut states = Vec::new();
    for action in ["start", "step", "complete", "complete"] {
        let form = format!("inquiry-id={ada}&session-token={token}&action={action}");
        let page = send(stage.http.post(format!("{}/verify/step", stage.serving.url())).body(form)).await;
        let shown = page.text.split("data-state=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        states.push(format!("{action}: {} {shown}", page.status));
    }
    assert_eq!(states, ["start: 200 flow", "step: 200 flow", "complete: 200 done", "complete: 410 refused"]);
    assert_eq!(stage.status(&ada), Status::Completed);
}

#[tokio::test]
async fn a_link_dies_at_its_own_life_or_with_the_inquiry_whichever_comes_first() {
    let stage = Stage::set().await;
    let ada = stage.inquiry();
    let generate = format!("/inquiries/{ada}/generate-one-time-link");
    let short = stage.post_json(&generate, &json!({ "meta": { "expires-in-seconds": 3600 } })).await;
    let short_lived = short.json()["meta"]["one-time-link"].as_str().unwrap().to_owned();
    let long = stage.post_json(&generate, &json!({ "meta": { "expires-in-seconds": 360_000 } })).await;
    let long_lived = long.json()["meta"]["one-time-link-short"].as_str().unwrap().to_owned();

    stage.clock.advance(hours(1));
    assert_eq!(stage.simulator.open_link(&short_lived), refused(RefusedReason::LinkExpired));
    stage.clock.advance(hours(22));
    assert!(is_inside(&stage.simulator.open_link(&long_lived), &ada));
    stage.clock.advance(hours(1));
    assert_eq!(stage.simulator.open_link(&long_lived), refused(RefusedReason::InquiryExpired));
    assert_eq!(stage.page(&long_lived).await.status, 410);
}

#[tokio::test]
async fn a_link_of_before_the_expiry_stays_dead_after_a_resume() {
    let stage = Stage::set().await;
    let ada = stage.inquiry();
    let link = stage.link(&ada).await;
    stage.simulator.expire(&ada).unwrap();
    assert_eq!(stage.post(&format!("/inquiries/{ada}/resume")).await.status, 200);
    assert_eq!(stage.simulator.open_link(&link), refused(RefusedReason::SessionExpired));
}

#[tokio::test]
async fn the_plain_link_is_for_everybody_until_the_inquiry_is_started() {
    let stage = Stage::set().await;
    let ada = stage.inquiry();
    let link = stage.plain_link(&ada);
    assert!(is_inside(&stage.simulator.open_link(&link), &ada));
    assert_eq!(stage.page(&link).await.status, 200);
    stage.simulator.start(&ada).unwrap();
    let page = stage.page(&link).await;
    assert_eq!(page.status, 410);
    assert!(page.text.contains("Session expired"));
    let with_token = stage.simulator.inquiry(&ada).unwrap().sessions[0].link.clone();
    assert!(is_inside(&stage.simulator.open_link(with_token.expose_secret()), &ada));
    assert_eq!(
        stage.simulator.open_link(&format!("{link}&session-token=x.y.z")),
        refused(RefusedReason::SessionExpired)
    );
}

#[tokio::test]
async fn a_token_opens_its_own_inquiry_alone() {
    let stage = Stage::set().await;
    let (ada, bob) = (stage.inquiry(), stage.inquiry());
    stage.link(&bob).await;
    let of_bob = stage.simulator.inquiry(&bob).unwrap().sessions[0].link.clone();
    let token = of_bob.expose_secret().split("session-token=").nth(1).unwrap().to_owned();
    let link = format!("{}&session-token={token}", stage.plain_link(&ada));
    assert_eq!(stage.simulator.open_link(&link), refused(RefusedReason::SessionExpired));
    let form = format!("inquiry-id={ada}&session-token={token}&action=start");
    let page = send(stage.http.post(format!("{}/verify/step", stage.serving.url())).body(form)).await;
    assert_eq!((page.status, stage.status(&ada)), (410, Status::Created));
}

#[tokio::test]
async fn once_opened_the_plain_link_may_ask_for_a_token() {
    for needs_token in [false, true] {
        let unknowns = Unknowns { opened_created_needs_token: needs_token, ..Unknowns::default() };
        let stage = Stage::set_under(unknowns).await;
        let ada = stage.inquiry();
        let link = stage.plain_link(&ada);
        assert!(is_inside(&stage.simulator.open_link(&link), &ada));
        assert_eq!(is_inside(&stage.simulator.open_link(&link), &ada), !needs_token);
    }
}

#[tokio::test]
async fn a_finished_inquiry_lets_nobody_in() {
    for (step, reason) in [
        (Move::Complete, RefusedReason::Finished),
        (Move::Decline, RefusedReason::Finished),
        (Move::Expire, RefusedReason::InquiryExpired),
        (Move::Redact, RefusedReason::Redacted),
    ] {
        let stage = Stage::set().await;
        let ada = stage.inquiry();
        let link = stage.link(&ada).await;
        stage.simulator.make(&ada, &step).unwrap();
        assert_eq!(stage.simulator.open_link(&link), refused(reason));
        assert_eq!(stage.simulator.open_link(&stage.plain_link(&ada)), refused(reason));
        let answer = stage.post(&format!("/inquiries/{ada}/generate-one-time-link")).await;
        assert_eq!(answer.status, 409, "{step:?}");
    }
}

#[tokio::test]
async fn an_inquiry_has_25_sessions_and_a_session_can_have_another_link() {
    let stage = Stage::set().await;
    let ada = stage.inquiry();
    for _ in 0..25 {
        stage.link(&ada).await;
    }
    let refused_link = stage.post(&format!("/inquiries/{ada}/generate-one-time-link")).await;
    assert_eq!(refused_link.status, 422);
    assert_eq!(refused_link.json()["errors"][0]["details"], "Inquiry has reached its limit of 25 sessions");
    assert_eq!(stage.simulator.open_link(&stage.plain_link(&ada)), refused(RefusedReason::SessionLimit));

    let session = stage.simulator.inquiry(&ada).unwrap().sessions[24].id.clone();
    let answer = stage.post(&format!("/inquiry-sessions/{session}/generate-one-time-link")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let link = answer.json()["meta"]["one-time-link"].as_str().unwrap().to_owned();
    assert_eq!(stage.simulator.open_link(&link), Opened::Inside { inquiry: ada.clone(), session });
    assert_eq!(stage.simulator.inquiry(&ada).unwrap().sessions.len(), 25);
}

#[tokio::test]
async fn the_statuses_of_refused_links_can_be_chosen() {
    let unknowns = Unknowns {
        link_refusal: RefusalStatus::UnprocessableEntity,
        session_limit_refusal: RefusalStatus::Conflict,
        ..Unknowns::default()
    };
    let template = TemplateSettings { session_limit: 1, ..TemplateSettings::new("itmpl_Narrow") };
    let settings = Settings { templates: vec![template], ..Settings::default() }.with_unknowns(unknowns);
    let stage = Stage::set_with(settings).await;
    let ada = stage.inquiry();
    stage.link(&ada).await;
    let generate = format!("/inquiries/{ada}/generate-one-time-link");
    assert_eq!(stage.post(&generate).await.status, 409);
    stage.simulator.expire(&ada).unwrap();
    assert_eq!(stage.post(&generate).await.status, 422);
}

#[tokio::test]
async fn a_scanner_uses_a_link_up_or_does_not() {
    for (used_by, left_for_ada) in [(LinkUse::Loading, false), (LinkUse::Continuing, true)] {
        let stage = Stage::set_under(Unknowns { link_used_by: used_by, ..Unknowns::default() }).await;
        let ada = stage.inquiry();
        let link = stage.link(&ada).await;
        assert_eq!(stage.page(&link).await.status, 200);
        stage.clock.advance(hours(1));
        let opened = send(stage.http.post(&link)).await;
        assert_eq!(opened.status == 200, left_for_ada, "{used_by:?}");
    }
}

#[tokio::test]
async fn before_the_persons_own_click_nothing_has_happened() {
    let stage = Stage::set_under(Unknowns { link_used_by: LinkUse::Continuing, ..Unknowns::default() }).await;
    let ada = stage.inquiry();
    let link = stage.link(&ada).await;
    let page = stage.page(&link).await;
    assert!(page.text.contains("data-state=\"at-the-door\""));
    assert!(page.text.contains("method=\"post\""));
    assert_eq!(stage.event_names(), ["inquiry.created"]);
    assert_eq!(stage.simulator.inquiry(&ada).unwrap().links[0].first_used_at, None);
}

#[tokio::test]
async fn asking_for_the_head_of_a_link_is_no_use() {
    let stage = Stage::set().await;
    let ada = stage.inquiry();
    let link = stage.link(&ada).await;
    assert_eq!(send(stage.http.head(&link)).await.status, 200);
    assert_eq!(stage.simulator.inquiry(&ada).unwrap().links[0].first_used_at, None);
}

#[tokio::test]
async fn a_new_link_may_kill_the_older_ones() {
    for kills in [false, true] {
        let stage = Stage::set_under(Unknowns { new_link_kills_older: kills, ..Unknowns::default() }).await;
        let ada = stage.inquiry();
        let (older, newer) = (stage.link(&ada).await, stage.link(&ada).await);
        assert_eq!(stage.simulator.open_link(&older) == refused(RefusedReason::LinkReplaced), kills);
        assert!(is_inside(&stage.simulator.open_link(&newer), &ada));
    }
}

#[tokio::test]
async fn a_new_link_may_move_the_deadline() {
    for moves in [false, true] {
        let stage = Stage::set_under(Unknowns { new_link_moves_expiry: moves, ..Unknowns::default() }).await;
        let ada = stage.inquiry();
        stage.clock.advance(hours(23));
        stage.link(&ada).await;
        stage.clock.advance(hours(2));
        assert_eq!(stage.status(&ada) == Status::Created, moves);
    }
}

#[tokio::test]
async fn every_load_of_a_template_link_makes_another_inquiry() {
    let stage = Stage::set().await;
    let template = &stage.simulator.templates()[0];
    let link = format!("{}/verify?inquiry-template-id={template}&reference-id=user-ada", stage.serving.url());
    assert_eq!(stage.page(&link).await.status, 200);
    assert_eq!(stage.page(&link).await.status, 200);
    let inquiries = stage.simulator.inquiries();
    assert_eq!(inquiries.len(), 2);
    assert!(inquiries.iter().all(|inquiry| inquiry.reference_id.as_deref() == Some("user-ada")));
    assert_eq!(inquiries[0].account, inquiries[1].account);
}

#[tokio::test]
async fn a_template_link_can_name_its_environment() {
    let settings = Settings::default().with_environment(EnvironmentSettings::production("live"));
    let stage = Stage::set_with(settings).await;
    let overview = stage.page(&format!("{}/simulator", stage.serving.url())).await.json();
    let live = overview["environments"][1]["id"].as_str().unwrap();
    let template = &stage.simulator.templates()[0];
    let link = format!("{}/verify?inquiry-template-id={template}", stage.serving.url());
    stage.page(&format!("{link}&environment-id={live}")).await;
    stage.page(&link).await;
    let environments: Vec<String> =
        stage.simulator.inquiries().into_iter().map(|inquiry| inquiry.environment).collect();
    assert_eq!(environments, ["live", "sandbox"]);
    assert_eq!(stage.page(&format!("{link}&environment-id=env_none")).await.status, 403);
}

#[tokio::test]
async fn the_last_page_leads_back_to_where_the_application_said_and_nowhere_worse() {
    for (redirect_uri, leads_back) in [("https://app.example/done?a=1", true), ("javascript:alert(1)", false)] {
        let stage = Stage::set().await;
        let new = NewInquiry { redirect_uri: Some(redirect_uri.to_owned()), ..NewInquiry::for_person("user-ada") };
        let ada = stage.simulator.create_inquiry("sandbox", new).unwrap();
        let page = stage.page(&stage.link(&ada).await).await;
        let token = page.text.split("name=\"session-token\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let form = format!("inquiry-id={ada}&session-token={token}&action=complete");
        let page = send(stage.http.post(format!("{}/verify/step", stage.serving.url())).body(form)).await;
        let back = format!("href=\"https://app.example/done?a=1&amp;inquiry-id={ada}&amp;reference-id=user-ada\"");
        assert_eq!(page.text.contains(&back), leads_back, "{}", page.text);
        assert!(!page.text.contains("javascript:"));
    }
}

#[tokio::test]
async fn links_start_with_the_public_address_when_there_is_one() {
    let settings = Settings { public_base_url: Some("https://persona.example/".to_owned()), ..Settings::default() };
    let stage = Stage::set_with(settings).await;
    let ada = stage.inquiry();
    let link = stage.link(&ada).await;
    assert!(link.starts_with("https://persona.example/verify?code=us1-"), "{link}");
    assert!(is_inside(&stage.simulator.open_link(&link), &ada));
}

#[tokio::test]
async fn what_leads_nowhere_is_forbidden() {
    let stage = Stage::set().await;
    for path in
        ["/verify", "/verify?code=us1-none", "/v/none", "/verify?inquiry-id=inq_none", "/verify?inquiry-template-id=x"]
    {
        assert_eq!(stage.page(&format!("{}{path}", stage.serving.url())).await.status, 403, "{path}");
    }
}
