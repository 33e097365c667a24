//! What an application hands out: access links with their pictures, and session tokens, the same whoever is asked.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rekindle::domain::ids::InquiryId;
use rekindle::persona::simulator::{Failure, FailureKind, FailureMoment, Faults, RequestRecord};
use serde_json::json;

use super::super::world::{Setting, World, hours, minutes};
use super::{Answer, Caller};
use crate::storage::raw;
use crate::support::{Scratch, on_both};

const PUBLIC: &str = r#"public_url = "https://verify.example.com""#;

async fn access(caller: &Caller, id: &str, form: &str) -> Answer {
    caller.post(&format!("/v1/inquiries/{id}/access"), json!({ "form": form })).await
}

fn token(answer: &Answer) -> &str {
    assert_eq!((answer.status, &answer.body["outcome"]), (200, &json!("session")), "{answer:?}");
    answer.body["session_token"].as_str().unwrap()
}

/// Somebody is in the middle of it: only a token lets their SDK in.
async fn begun(world: &World, caller: &Caller, who: &str) -> (InquiryId, String) {
    let id = caller.made(who).await;
    world.settle().await;
    let inquiry = InquiryId::parse(&id).unwrap();
    world.persona.start(&inquiry).unwrap();
    world.settle().await;
    (inquiry, id)
}

/// The tokens as they lie in the database.
async fn stored(scratch: &Scratch) -> Vec<String> {
    raw::column(scratch, "SELECT CASE WHEN token IS NULL THEN 'asked for' ELSE 'sealed' END FROM session_tokens").await
}

on_both! {
    /// Handing one out costs Persona nothing; whoever comes with it gets in, and the picture says the same address.
    async fn an_access_link_is_handed_out_with_its_picture(scratch: &Scratch) {
        let world = World::with(scratch, Setting { top: PUBLIC, ..Setting::default() }).await;
        let caller = world.caller(None).await;
        let ada = caller.made("ada").await;
        let asked = world.persona.requests().len();
        let given = access(&caller, &ada, "access-link").await;
        assert_eq!((given.status, &given.body["outcome"], &given.body["inquiry_id"]), (200, &json!("link"), &json!(ada)));
        let link = given.body["link"].as_str().unwrap();
        assert!(link.starts_with("https://verify.example.com/go/"), "{link}");
        assert_eq!(given.body["link_expires_at"], world.clock.now().plus(hours(72)).to_string());
        assert_eq!(given.body["expires_at"], world.clock.now().plus(hours(24)).to_string());
        let again = access(&caller, &ada, "access-link").await;
        assert_eq!(again.body["link"], link, "while it has half of its time left");
        for (form, media, begins) in [("qr-svg", "image/svg+xml", &b"<svg"[..]), ("qr-png", "image/png", b"\x89PNG")] {
            let picture = access(&caller, &ada, form).await;
            assert_eq!((picture.status, &picture.body["outcome"], &picture.body["media_type"]), (200, &json!("qr"), &json!(media)));
            assert_eq!(picture.body["link"], link);
            let bytes = STANDARD.decode(picture.body["picture"].as_str().unwrap()).unwrap();
            assert!(bytes.starts_with(begins), "{form}");
        }
        let by_name = caller.post("/v1/access", json!({ "reference_id": "ada", "form": "access-link" })).await;
        assert_eq!(by_name.body["link"], link);
        assert_eq!(world.persona.requests().len(), asked, "nobody has come yet");

        let opened = world.app.open_link(link.rsplit('/').next().unwrap()).await.unwrap();
        let rekindle::app::links::Doorway::Inside { link: inside } = opened else { panic!("{opened:?}") };
        let id = InquiryId::parse(&ada).unwrap();
        assert_eq!(world.open(secrecy::ExposeSecret::expose_secret(&inside)), Ok(id.clone()));
        world.persona.start(&id).unwrap();
        world.persona.complete(&id).unwrap();
        world.settle().await;
        let done = access(&caller, &ada, "access-link").await;
        assert_eq!((done.status, &done.body["outcome"]), (200, &json!("done")));
        assert_eq!(access(&caller, "inq_none", "access-link").await.status, 404);
        world.finish().await;
    }

    async fn without_an_address_of_ours_there_is_no_access_link(scratch: &Scratch) {
        let mut world = World::on(scratch).await;
        let caller = world.caller(None).await;
        let ada = caller.made("ada").await;
        let refused = access(&caller, &ada, "access-link").await;
        assert_eq!((refused.status, refused.body["code"].as_str()), (409, Some("no-public-url")), "{refused:?}");
        assert!(refused.body["detail"].as_str().unwrap().contains("set it to where people reach"), "{refused:?}");
        world.restart_as(&Setting { mode: "observe", top: PUBLIC, ..Setting::default() }).await;
        let refused = access(&world.caller(None).await, &ada, "qr-png").await;
        assert_eq!((refused.status, refused.body["code"].as_str()), (409, Some("not-acting")));
        world.finish().await;
    }

    /// However many ask at once, wherever: Persona is asked once, and after a restart nobody is asked.
    async fn one_token_for_everyone_who_asks(scratch: &Scratch) {
        let mut world = World::on(scratch).await;
        let here = world.caller(None).await;
        let (_, ada) = begun(&world, &here, "ada").await;
        let (address, other) = world.another_listener().await;
        let there = Caller::new(address, Some(world.token(None).await));
        let asked = world.persona.requests().len();
        let asking = (0..8).map(|number| {
            let (caller, ada) = (if number % 2 == 0 { here.clone() } else { there.clone() }, ada.clone());
            async move { access(&caller, &ada, "session-token").await }
        });
        let answers = futures::future::join_all(asking).await;
        assert!(answers.iter().all(|answer| token(answer) == token(&answers[0])), "{answers:?}");
        let resumed = world.persona.requests().split_off(asked);
        let lines: Vec<String> = resumed.iter().map(RequestRecord::line).collect();
        assert_eq!(lines, [format!("POST /api/v1/inquiries/{ada}/resume")], "one call");
        assert_eq!(stored(scratch).await, ["sealed"]);

        world.restart().await;
        let asked = world.persona.requests().len();
        let again = access(&world.caller(None).await, &ada, "session-token").await;
        assert_eq!(token(&again), token(&answers[0]));
        assert_eq!(world.persona.requests().len(), asked, "nobody is asked");
        other.abort();
        world.finish().await;
    }

    /// It lies sealed, goes with the person's data, and where it served its time.
    async fn a_token_is_sealed_and_goes_with_the_person(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let caller = world.caller(None).await;
        let ((ada, id), (_, bo)) = (begun(&world, &caller, "ada").await, begun(&world, &caller, "bo").await);
        let given = access(&caller, &id, "session-token").await;
        token(&access(&caller, &bo, "session-token").await);
        let hex = match scratch.kind() {
            rekindle::storage::Kind::Sqlite => "SELECT hex(token) FROM session_tokens",
            rekindle::storage::Kind::Postgres => "SELECT upper(encode(token, 'hex')) FROM session_tokens",
        };
        let secret = hex::encode_upper(token(&given));
        let kept = raw::column(scratch, hex).await;
        assert_eq!((kept.len(), kept.iter().any(|one| one.contains(&secret))), (2, false), "none is readable");

        // Within one second the answer to our own resume would be the last word.
        world.clock.advance(minutes(1));
        world.persona.redact(&ada).unwrap();
        world.settle().await;
        assert_eq!(stored(scratch).await.len(), 1, "ada's is gone");
        let closed = access(&caller, &id, "session-token").await;
        assert_eq!((&closed.body["outcome"], &closed.body["reason"]), (&json!("closed"), &json!("redacted")), "{closed:?}");
        world.clock.advance(hours(26));
        world.app.prune().await.unwrap();
        assert_eq!(stored(scratch).await, [""; 0], "bo's served its time");
        world.finish().await;
    }

    /// A call that fails gives the right to ask back, so that the next one need not wait.
    async fn whoever_fails_leaves_the_asking_to_the_next(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let caller = world.caller(None).await;
        let (_, ada) = begun(&world, &caller, "ada").await;
        let failure = Failure { kind: FailureKind::Status(503), moment: FailureMoment::BeforeActing };
        world.persona.set_faults(Faults { fail_share: 1.0, failure, ..Faults::default() });
        assert_eq!(access(&caller, &ada, "session-token").await.status, 503);
        assert_eq!(stored(scratch).await, [""; 0]);
        world.persona.set_faults(Faults::default());
        world.clock.advance(minutes(1));
        token(&access(&caller, &ada, "session-token").await);
        world.finish().await;
    }

    /// A process died while it asked: whoever comes next waits until its time is over, and asks under its number.
    async fn a_right_to_ask_that_nobody_uses_lapses(scratch: &Scratch) {
        use rekindle::storage::lineages::{Means, TokenKey};
        let world = World::on(scratch).await;
        let caller = world.caller(None).await;
        let (inquiry, ada) = begun(&world, &caller, "ada").await;
        let (place, now) = (super::super::world::environment(), world.clock.now());
        let mut tx = world.database().begin().await.unwrap();
        let reserved = tx.reserve_admission(&place, &inquiry, Means::Token, now.minus(hours(1)), now).await.unwrap();
        let of = TokenKey { environment: &place, inquiry: &inquiry, generation: reserved.generation };
        assert!(tx.claim_session_token(of, now.plus(minutes(1)), now).await.unwrap());
        tx.commit().await.unwrap();
        let given = world.while_time_passes(access(&caller, &ada, "session-token")).await;
        assert_eq!(stored(scratch).await, ["sealed"]);
        assert_eq!(token(&access(&caller, &ada, "session-token").await), token(&given));
        world.finish().await;
    }
}
