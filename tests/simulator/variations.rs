//! Under every answer to every open question, a person whose inquiry expired can be brought back in and finish.

use rekindle::domain::status::Status;
use rekindle::persona::simulator::{Opened, Unknowns};
use secrecy::ExposeSecret;

use super::stage::{Stage, hours, send};

#[tokio::test]
async fn whatever_persona_really_does_resume_and_link_bring_a_person_back() {
    for (question, unknowns) in Unknowns::all_variations() {
        let stage = Stage::set_under(unknowns).await;
        let ada = stage.inquiry();
        stage.clock.advance(hours(25));
        let link = stage.api("POST", &format!("/inquiries/{ada}/generate-one-time-link"));
        assert!([409, 422].contains(&send(link).await.status), "{question}");
        assert_eq!(stage.post(&format!("/inquiries/{ada}/resume")).await.status, 200, "{question}");
        let link = stage.link(&ada).await;
        assert!(matches!(stage.simulator.open_link(&link), Opened::Inside { .. }), "{question}");
        stage.simulator.start(&ada).unwrap();
        stage.simulator.complete(&ada).unwrap();
        assert_eq!(stage.status(&ada), Status::Completed, "{question}");
        let names = stage.event_names();
        let of_inquiry: Vec<_> =
            names.iter().filter(|name| name.starts_with("inquiry.") && **name != "inquiry.resumed").collect();
        assert_eq!(
            of_inquiry,
            [&"inquiry.created", &"inquiry.expired", &"inquiry.started", &"inquiry.completed"],
            "{question}"
        );
    }
}

#[tokio::test]
async fn the_handle_resumes_and_links_without_a_request() {
    let stage = Stage::set().await;
    let ada = stage.inquiry();
    stage.simulator.expire(&ada).unwrap();
    assert_eq!(stage.simulator.generate_link(&ada).unwrap_err().status, 409);
    stage.simulator.resume(&ada).unwrap();
    let link = stage.simulator.generate_link(&ada).unwrap();
    assert_eq!(stage.page(link.expose_secret()).await.status, 200);
    assert_eq!(stage.simulator.requests(), []);
}
