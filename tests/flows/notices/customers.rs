//! Customers say things of their own people, and of nobody else's.

use super::super::api::CUSTOMERS;
use super::*;

on_both! {
    async fn what_one_customer_says_changes_nothing_for_anothers_people(scratch: &Scratch) {
        let more = format!("quiet_hours = \"19:00-07:00\"\n{CUSTOMERS}");
        let world = World::with(scratch, Setting { more: more.leak(), ..Setting::default() }).await;
        let (acme, bolt) = (world.caller(Some("acme")).await, world.caller(Some("bolt")).await);
        let made = acme.made("acme-1").await;
        let nobodys = world.person("ada");
        world.settle().await;
        let put = async |caller: &super::super::api::Caller, person: &str, zone: &str| {
            let body = contact(json!({ "time_zone": zone }));
            caller.call(reqwest::Method::PUT, &format!("/v1/people/{person}/contact"), Some(body), &[]).await.status
        };
        let acmes = InquiryId::parse(&made).unwrap();
        let before = (world.planned(&acmes).await, world.planned(&nobodys).await);
        assert_eq!(put(&bolt, "acme-1", "America/New_York").await, 409);
        assert_eq!(put(&bolt, "ada", "America/New_York").await, 200, "bolt may have an ada of its own");
        assert_eq!((world.planned(&acmes).await, world.planned(&nobodys).await), before);
        assert_eq!(put(&acme, "acme-1", "America/New_York").await, 200);
        assert_ne!(world.planned(&acmes).await, before.0);

        let suppress = async |caller: &super::super::api::Caller, body: Value| caller.post("/v1/suppressions", body).await;
        let of = |key: &str, value: &str| json!({ key: value, "reason": "a test" });
        assert_eq!(suppress(&bolt, of("reference_id", "acme-1")).await.status, 409);
        assert_eq!(suppress(&bolt, of("inquiry_id", &made)).await.status, 404);
        assert_eq!(suppress(&bolt, of("email", "ada@example.com")).await.status, 201);
        assert_eq!(suppress(&bolt, of("reference_id", "ada")).await.status, 201);
        assert!(!world.planned(&acmes).await.is_empty() && !world.planned(&nobodys).await.is_empty());
        let mine = suppress(&acme, of("inquiry_id", &made)).await;
        assert_eq!((mine.status, world.planned(&acmes).await), (201, vec![]));
        let listed = bolt.get("/v1/suppressions").await.body;
        let listed: Vec<&Value> = listed["suppressions"].as_array().unwrap().iter().map(|one| &one["customer"]).collect();
        assert_eq!(listed, ["bolt", "bolt"]);
        let id = mine.body["id"].as_str().unwrap();
        let remove = |caller: super::super::api::Caller| async move {
            caller.call(reqwest::Method::DELETE, &format!("/v1/suppressions/{id}"), None, &[]).await.status
        };
        assert_eq!((remove(bolt.clone()).await, remove(acme.clone()).await, remove(acme).await), (404, 200, 404));
        assert!(!world.planned(&acmes).await.is_empty());
        world.finish().await;
    }

    async fn a_contact_comes_with_the_inquiry_it_is_for(scratch: &Scratch) {
        let world = world_with(scratch, r#"quiet_hours = "19:00-07:00""#).await;
        let caller = world.caller(None).await;
        let mut body = super::super::api::wanted("ada");
        body["contact"] = contact(json!({ "time_zone": "Asia/Tokyo", "language": "de" }))["contact"].clone();
        let made = caller.post("/v1/inquiries", body.clone()).await;
        assert_eq!(made.status, 201, "{made:?}");
        assert!(!made.body.to_string().contains("example.com"), "and is not given out again");
        let id = InquiryId::parse(made.body["inquiry"]["id"].as_str().unwrap()).unwrap();
        assert_eq!(world.planned(&id).await, ["50% in 840m", "3h in 1260m"], "07:00 in Tokyo");
        for (key, wrong) in [("email", "nobody"), ("time_zone", "Mars/Olympus"), ("language", "?"), ("country", "Japan")] {
            body["contact"][key] = json!(wrong);
            let refused = caller.post("/v1/inquiries", body.clone()).await;
            assert_eq!(refused.status, 422, "{key}");
            assert!(!refused.body.to_string().contains(wrong) || wrong == "?", "{refused:?}");
            body["contact"][key] = contact(json!({ "time_zone": "Asia/Tokyo" }))["contact"][key].clone();
        }
        world.finish().await;
    }
}
