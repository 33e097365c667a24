//! Alerts where operators look: the API, the dashboard, and Prometheus.

use rekindle::domain::act::Role;
use serde_json::json;

use super::super::board::Browser;
use super::super::control::Door;
use super::super::world::{ENVIRONMENT, hours};
use super::with_a_dead_letter;
use crate::support::on_both;

on_both! {
    async fn the_api_shows_and_silences_them(scratch: &Scratch) {
        let (world, _) = with_a_dead_letter(scratch).await;
        let door = Door::of(&world).await;
        let olga = door.caller(&world, Role::Operator, None).await;
        let quiet = olga.get("/v1/alerts").await;
        let of = |answer: &super::super::api::Answer| {
            let alerts = answer.body["alerts"].as_array().unwrap().clone();
            alerts.into_iter().find(|alert| alert["alert"] == "dead_letters").unwrap()
        };
        assert_eq!((&of(&quiet)["state"], &of(&quiet)["since"]), (&json!("quiet"), &json!(null)));
        world.watch().await;
        let fires = olga.get("/v1/alerts").await;
        assert_eq!((&of(&fires)["state"], &of(&fires)["value"]), (&json!("firing"), &json!(1)));
        assert_eq!((&fires.body["notify"], &fires.body["notices"][0]["news"]), (&json!(["app"]), &json!("firing")));
        let attention = |overview: super::super::api::Answer| overview.body["attention"]["alerts"].clone();
        assert_eq!(attention(olga.get("/v1/overview").await)[0]["alert"], "dead_letters");

        let path = format!("/v1/alerts/{ENVIRONMENT}/dead_letters");
        let silent = olga.post(&format!("{path}/silence"), json!({ "for_seconds": 60 })).await;
        assert_eq!((silent.status, &silent.body["code"]), (422, &json!("no-reason")));
        let too_long = olga.post(&format!("{path}/silence"), json!({ "for_seconds": 9_000_000, "reason": "known" })).await;
        assert_eq!(too_long.status, 409, "{too_long:?}");
        let silenced = olga.post(&format!("{path}/silence"), json!({ "for_seconds": 7_200, "reason": "known" })).await;
        assert_eq!((silenced.status, &silenced.body["silenced"]["reason"]), (200, &json!("known")), "{silenced:?}");
        assert_eq!(attention(olga.get("/v1/overview").await), json!([]), "who silenced it knows of it");
        let again = olga.post(&format!("{path}/unsilence"), json!({ "reason": "it is back" })).await;
        assert_eq!(again.body["silenced"], json!(null));
        assert_eq!(olga.post(&format!("/v1/alerts/{ENVIRONMENT}/nonsense/unsilence"), json!({ "reason": "x" })).await.status, 404);
        let deeds = ["silence_alert", "unsilence_alert"].map(|act| format!("{act}: alert {ENVIRONMENT}/dead_letters"));
        assert_eq!(world.audited().await, deeds);
        world.finish().await;
    }

    async fn the_dashboard_shows_and_silences_them(scratch: &Scratch) {
        let (world, _) = with_a_dead_letter(scratch).await;
        world.clock.advance(hours(30));
        let browser = Browser::signed_in(&world, Role::Operator, None).await;
        let calm = browser.get("/alerts").await;
        assert!(calm.has("when it is over: app.") && calm.has("10 quiet") && !calm.has("firing"), "{}", calm.body);
        world.watch().await;
        let fires = browser.get("/alerts").await;
        assert!(fires.has("firing") && fires.has("1 action was given up (1 remind).") && fires.has("Dead letters fires"));
        let wrong = browser.act("/alerts", &format!("{ENVIRONMENT}/dead_letters/silence"), &[("reason", "known"), ("long", "soon")]).await;
        assert!(wrong.status == 409 && wrong.has("ay for how long, such as 2h"), "{} {}", wrong.status, wrong.body);
        let done = browser.act("/alerts", &format!("{ENVIRONMENT}/dead_letters/silence"), &[("reason", "known"), ("long", "2h")]).await;
        assert_eq!((done.status, done.header(reqwest::header::LOCATION)), (303, "/alerts?said=silenced"));
        let silent = browser.get("/alerts?said=silenced").await;
        assert!(silent.has("Nobody is told of this alert until then.") && silent.has("Unsilence…") && silent.has("Known."), "{}", silent.body);
        let back = browser.get(&format!("/alerts/{ENVIRONMENT}/dead_letters/silence")).await;
        assert_eq!(back.header(reqwest::header::LOCATION), "/alerts", "loading the answer again leads back");
        world.finish().await;
    }
}
