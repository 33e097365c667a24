//! Where reference ids are sealed, nothing else is otherwise: people are known, reminded, replaced and found as ever.

use rekindle::app::names;
use rekindle::persona::simulator::NewInquiry;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

use super::api::{TEMPLATE, wanted};
use super::world::{ENVIRONMENT, Setting, World, hours, minutes};
use crate::support::vault::open;
use crate::support::{Scratch, on_both};

fn sealed() -> Setting {
    Setting { top: "seal_reference_ids = true", ..Setting::default() }
}

/// Whom nobody should find in the database.
const ADA: &str = "ada@example.com";

/// Every text that names somebody in the tables, as it stands there.
async fn kept(scratch: &Scratch) -> Vec<String> {
    let columns = [
        "reference_id FROM inquiries",
        "person FROM inquiries",
        "state FROM inquiries",
        "reference_id FROM creations",
        "reference_id FROM static_links",
        "known_as FROM static_links",
        "answer FROM idempotency_keys",
    ];
    let mut texts = Vec::new();
    for column in columns {
        let sql = AssertSqlSafe(format!("SELECT {column}"));
        let found: Vec<Option<String>> = if scratch.url.starts_with("postgres") {
            sqlx::query_scalar(sql).fetch_all(&mut PgConnection::connect(&scratch.url).await.unwrap()).await.unwrap()
        } else {
            sqlx::query_scalar(sql)
                .fetch_all(&mut SqliteConnection::connect(&scratch.url).await.unwrap())
                .await
                .unwrap()
        };
        assert!(!found.is_empty(), "nothing is kept in {column}");
        texts.extend(found.into_iter().flatten());
    }
    texts
}

on_both! {
    /// She is reminded by her own name, comes, and is left in peace about her other inquiry; none of it names her.
    async fn who_is_sealed_is_reminded_as_ever(scratch: &Scratch) {
        let world = World::with(scratch, sealed()).await;
        let first = world.person(ADA);
        world.clock.advance(minutes(5));
        let second = world.person(ADA);
        world.settle().await;
        world.clock.advance(hours(12));
        world.settle().await;
        let notice = world.application.only_notice();
        assert_eq!((notice.inquiry.as_str(), notice.reference_id.as_deref()), (second.as_str(), Some(ADA)));
        assert_eq!(world.app.stories(ADA).await.unwrap().len(), 2, "she is found by her name");
        world.persona.start(&second).unwrap();
        world.persona.complete(&second).unwrap();
        world.settle().await;
        let reason = world.actions(&first).await[0].reason.clone().unwrap();
        assert!(reason.contains(second.as_str()) || reason.contains("newer"), "{reason}");
        assert_eq!(world.planned(&first).await, Vec::<String>::new());
        world.finish().await;
    }

    /// Persona is told her name when an inquiry is made in the place of another one.
    async fn who_is_sealed_is_replaced_under_her_name(scratch: &Scratch) {
        let world = World::with(scratch, sealed()).await;
        let old = world.person(ADA);
        world.settle().await;
        let template = world.persona.templates().remove(0);
        world.persona.publish_version(&template, None).unwrap();
        world.settle().await;
        world.app.replan_inquiry(&super::world::environment(), &old).await.unwrap();
        world.clock.advance(hours(1));
        world.settle().await;
        let all = world.persona.inquiries();
        assert_eq!(all.len(), 2, "it was replaced");
        assert!(all.iter().all(|inquiry| inquiry.reference_id.as_deref() == Some(ADA)), "{all:?}");
        world.finish().await;
    }

    /// An application asks for her inquiry and for a static link, again and again, and gets the same.
    async fn an_application_that_asks_for_who_is_sealed_gets_the_same(scratch: &Scratch) {
        let mut world = World::with(scratch, sealed()).await;
        let caller = world.caller(None).await;
        let key = [("idempotency-key", "once")];
        let ask = || caller.call(reqwest::Method::POST, "/v1/inquiries", Some(wanted(ADA)), &key);
        let (made, again) = (ask().await, ask().await);
        assert_eq!((made.status, &again.body), (201, &made.body));
        assert!(made.body.to_string().contains(ADA), "{made:?}");
        let found = caller.create(ADA).await;
        assert_eq!(found.body["inquiry"]["id"], made.body["inquiry"]["id"]);
        let link = json!({ "environment": ENVIRONMENT, "reference_id": ADA, "template_id": TEMPLATE });
        let (one, other) =
            (caller.post("/v1/static-links", link.clone()).await, caller.post("/v1/static-links", link).await);
        assert_eq!(one.body["reference_id"], other.body["reference_id"], "{one:?}");
        world.settle().await;

        for text in kept(scratch).await {
            assert!(!text.contains(ADA) && !text.contains("ada@"), "{text}");
        }
        // Opened again by command, everything is as if it had never been sealed; and sealed once more, as before.
        world.stop();
        let (database, now) = (open(&scratch.url).await, world.clock.now());
        let refused = names::kept(database.clone(), false, now).await.unwrap_err().to_string();
        assert!(refused.contains("rekindle keys seal"), "{refused}");
        assert_eq!(names::keep(&database, false, now, |_| {}).await.unwrap(), 1);
        assert!(kept(scratch).await.iter().any(|text| text == ADA));
        let refused = names::kept(database.clone(), true, now).await.unwrap_err().to_string();
        assert!(refused.contains("rekindle keys seal"), "{refused}");
        assert_eq!(names::keep(&database, true, now, |_| {}).await.unwrap(), 1);
        assert_eq!(names::keep(&database, true, now, |_| {}).await.unwrap(), 0, "it is so already");
        database.close().await;
        world.restart().await;
        let caller = world.caller(None).await;
        assert_eq!(caller.create(ADA).await.body["inquiry"]["id"], made.body["inquiry"]["id"]);
        for text in kept(scratch).await.into_iter().filter(|text| !text.starts_with('{')) {
            assert!(!text.contains("ada@"), "{text}");
        }
        world.finish().await;
    }

    /// A change that broke off is not gone on with by a start; the command ends it.
    async fn a_change_that_broke_off_is_ended_by_the_command(scratch: &Scratch) {
        let mut world = World::on(scratch).await;
        for number in 0..3 {
            world.persona.create_inquiry(ENVIRONMENT, NewInquiry::for_person(format!("ada{number}@example.com"))).unwrap();
        }
        world.settle().await;
        world.stop();
        let (database, now) = (open(&scratch.url).await, world.clock.now());
        let mut tx = database.begin().await.unwrap();
        tx.keep_names(None, now).await.unwrap();
        tx.commit().await.unwrap();
        for seal in [true, false] {
            let refused = names::kept(database.clone(), seal, now).await.unwrap_err().to_string();
            assert!(refused.contains("has not ended"), "{refused}");
        }
        assert_eq!(names::keep(&database, true, now, |_| {}).await.unwrap(), 3);
        let database = names::kept(database, true, now).await.unwrap();
        let found = database.read().await.unwrap().find_inquiries("ada1@example.com").await.unwrap();
        assert_eq!(found.len(), 1);
        database.close().await;
        world.restart_as(&sealed()).await;
        world.clock.advance(hours(12));
        world.settle().await;
        assert_eq!(world.application.notices().len(), 3);
        world.finish().await;
    }
}
