//! The border: nothing without a token, no act with too small a role, nothing of another environment.

use rekindle::domain::act::Role;
use rekindle::http::control::document;
use reqwest::Method;
use serde_json::{Value, json};

use super::super::world::{ENVIRONMENT, World, minutes};
use super::{Door, because, each};
use crate::support::on_both;

/// Every route of the description, with places of a real thing in it.
fn routes(inquiry: &str, event: &str, action: &str, replay: &str) -> Vec<(Method, String)> {
    let document = serde_json::to_value(document()).unwrap();
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let id = match path.split('/').nth(2) {
            Some("events") => event,
            Some("actions") => action,
            Some("links") => "a0",
            Some("replays") => replay,
            _ => inquiry,
        };
        let path = path
            .replace("{environment}", ENVIRONMENT)
            .replace("{kind}", "remind")
            .replace("{alert}", "dead_letters")
            .replace("{id}", id);
        for method in methods.as_object().unwrap().keys().filter(|key| ["get", "post"].contains(&key.as_str())) {
            routes.push((method.to_uppercase().parse().unwrap(), path.clone()));
        }
    }
    assert!(routes.len() > 25, "{routes:?}");
    routes
}

fn body(method: &Method, path: &str, replay: &str) -> Option<Value> {
    let said = match path {
        "/v1/replays" => json!({ "preview": replay, "reason": "why not" }),
        "/v1/replays/previews" => json!({ "environment": ENVIRONMENT, "of": "actions" }),
        path if path.ends_with("/reschedule") => json!({ "due_at": "2026-03-01T09:00:00Z", "reason": "why not" }),
        path if path.ends_with("/silence") => json!({ "for_seconds": 60, "reason": "why not" }),
        _ => because(),
    };
    (*method == Method::POST).then_some(said)
}

on_both! {
    async fn every_route_asks_who_it_is_and_no_act_is_a_viewers(scratch: &Scratch) {
        let world = World::with_two(scratch).await;
        let door = Door::of(&world).await;
        let ada = world.person("ada");
        world.settle().await;
        let admin = door.caller(&world, Role::Admin, None).await;
        let event = each(&admin.get("/v1/events").await, "id")[0].to_owned();
        let action = each(&admin.get("/v1/actions").await, "id")[0].to_owned();
        let replay = admin.post("/v1/replays/previews", json!({ "environment": ENVIRONMENT, "of": "actions" })).await;
        let replay = replay.body["id"].as_str().unwrap().to_owned();
        let (nobody, stranger) = (door.showing(None), door.showing(Some(world.token(None).await)));
        let viewer = door.caller(&world, Role::Viewer, None).await;
        let elsewhere = door.caller(&world, Role::Admin, Some("production")).await;
        for (method, path) in routes(ada.as_str(), &event, &action, &replay) {
            // Tokens that are none are counted by the minute.
            world.clock.advance(minutes(2));
            for somebody in [&nobody, &stranger] {
                let refused = somebody.call(method.clone(), &path, body(&method, &path, &replay), &[]).await;
                assert_eq!(refused.status, 401, "{method} {path}: an application's token opens nothing here");
            }
            if method == Method::POST {
                let refused = viewer.call(method.clone(), &path, body(&method, &path, &replay), &[]).await;
                let unknown = path.starts_with("/v1/links/");
                assert_eq!(refused.status, if unknown { 404 } else { 403 }, "{path}: {refused:?}");
            }
            if path.matches('/').count() > 2 && !path.starts_with("/v1/links/") {
                let hidden = elsewhere.call(method.clone(), &path, body(&method, &path, &replay), &[]).await;
                assert_eq!(hidden.status, 404, "{method} {path}: what is elsewhere does not exist: {hidden:?}");
            }
        }
        assert_eq!(world.audited().await, Vec::<String>::new(), "nothing was done");
        world.finish().await;
    }

    async fn lists_end_at_the_border(scratch: &Scratch) {
        let world = World::with_two(scratch).await;
        let door = Door::of(&world).await;
        world.person("ada");
        world.settle().await;
        let own = door.caller(&world, Role::Viewer, Some(ENVIRONMENT)).await;
        let elsewhere = door.caller(&world, Role::Viewer, Some("production")).await;
        for list in ["/v1/inquiries", "/v1/events", "/v1/actions", "/v1/actions?state=planned", "/v1/inquiries?status=created"] {
            assert_ne!(own.get(list).await.body["items"], json!([]), "{list}");
            assert_eq!(elsewhere.get(list).await.body["items"], json!([]), "{list}");
        }
        let named = elsewhere.get(&format!("/v1/inquiries?environment={ENVIRONMENT}")).await;
        assert_eq!(named.status, 404, "{named:?}");
        assert_eq!(elsewhere.get("/v1/totals").await.body["applied"], 0);
        assert_ne!(own.get("/v1/totals").await.body["applied"], 0);
        let environments = elsewhere.get("/v1/environments").await;
        let there: Vec<&str> =
            environments.body.as_array().unwrap().iter().map(|one| one["environment"].as_str().unwrap()).collect();
        assert_eq!(there, ["production"]);
        let overview = elsewhere.get("/v1/overview").await;
        assert_eq!((&overview.body["statuses"], &overview.body["due"]), (&json!([]), &json!([])));
        world.finish().await;
    }

    async fn what_can_t_be_meant_is_said_so(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let door = Door::of(&world).await;
        let olga = door.caller(&world, Role::Viewer, None).await;
        for query in [
            "/v1/inquiries?sort=colour", "/v1/inquiries?after=zz", "/v1/inquiries?colour=red",
            "/v1/actions?state=asleep", "/v1/actions?kind=sing", "/v1/events?outcome=lost",
            "/v1/events?from=yesterday", "/v1/series?tallies=joy", "/v1/series?period=year",
            "/v1/totals?from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z",
        ] {
            let answer = olga.get(query).await;
            assert_eq!((answer.status, &answer.body["code"]), (422, &json!("query")), "{query}: {answer:?}");
        }
        for missing in ["/v1/actions/rka_0", &format!("/v1/inquiries/{ENVIRONMENT}/inq_none"),
                        &format!("/v1/events/{ENVIRONMENT}/evt_none"), "/v1/templates/nowhere"] {
            assert_eq!(olga.get(missing).await.status, 404, "{missing}");
        }
        world.finish().await;
    }
}
