//! What operators do from pages: with a reason, by a form of ours, and written down.

use rekindle::persona::simulator::NewInquiry;
use reqwest::header::LOCATION;
use serde_json::json;

use super::{Browser, Role, beginning, environment, hours, lively, on_both, page_of, world};

on_both! {
    /// An action is cancelled: not without a reason, not by a form of another's, and once with one.
    async fn an_action_is_cancelled_with_a_reason(scratch: &Scratch) {
        let (world, late) = lively(scratch).await;
        let operator = Browser::signed_in(&world, Role::Operator, None).await;
        let planned = world.actions(&late).await.into_iter().find(|action| action.finished_at.is_none()).unwrap();
        let page = format!("/actions/{}", planned.planned.id);
        assert!(operator.get(&page).await.has(">Cancel…</summary>"));

        let forged = operator.post(&format!("{page}/cancel"), &[("csrf", "guessed"), ("reason", "because")]).await;
        assert_eq!(forged.status, 403);
        let silent = operator.act(&page, "cancel", &[("reason", "  ")]).await;
        assert_eq!(silent.status, 409);
        assert!(silent.has("Say why") && silent.has(&format!("href=\"{page}\"")), "{}", silent.body);
        assert!(!operator.get("/audit").await.has("cancel</strong>"), "what was not done is not in the audit");

        let done = operator.act(&page, "cancel", &[("reason", "they called us")]).await;
        assert_eq!((done.status, done.header(LOCATION)), (303, format!("{page}?said=cancelled").as_str()));
        let after = operator.get(done.header(LOCATION)).await;
        assert!(after.has("It is cancelled for good.") && after.has("they called us"), "{}", after.body);
        assert!(!after.has(">Cancel…</summary>"), "what is over can't be cancelled");
        let audit = operator.get("/audit").await;
        assert!(audit.has("<strong>cancel</strong>") && audit.has("they called us") && audit.has("Ada, operator"));
        assert!(audit.has(&format!("href=\"{page}\"")), "the row leads to what it was about");
        world.finish().await;
    }

    /// A payload is masked; looking at it is asked for, and written down.
    async fn a_payload_is_revealed_and_that_is_written_down(scratch: &Scratch) {
        let world = world(scratch).await;
        let fields = [("name-first".to_owned(), json!("Adalina"))].into();
        let ada = NewInquiry { fields, ..NewInquiry::for_person("customer-17") };
        world.persona.create_inquiry(environment().as_str(), ada).unwrap();
        world.settle().await;
        let operator = Browser::signed_in(&world, Role::Operator, None).await;
        let event = world.events().await.remove(0);
        let page = format!("/events/{}/{}", environment(), event.id);
        let masked = operator.get(&page).await;
        assert!(masked.has("masked: the shape stays") && masked.text("pre").contains("name-first"), "{}", masked.body);
        assert!(!masked.has("Adalina"), "{}", masked.text("pre"));
        let silent = operator.act(&page, "payload", &[]).await;
        assert!(silent.status == 409 && !silent.has("Adalina"), "not without a reason");
        let shown = operator.act(&page, "payload", &[("reason", "a complaint")]).await;
        assert_eq!(shown.status, 200, "{}", shown.text("h1"));
        assert!(shown.text("pre").contains("Adalina"), "{}", shown.text("pre"));
        assert_eq!(shown.header("cache-control"), "no-store");
        assert!(operator.get("/audit").await.has("a complaint"));
        assert_eq!(operator.get(&format!("{page}/payload")).await.header(LOCATION), page, "loading it again leads back");
        world.finish().await;
    }

    /// A lane is paused and resumed; the overview says so meanwhile.
    async fn a_lane_is_paused_and_resumed(scratch: &Scratch) {
        let (world, _) = lively(scratch).await;
        let operator = Browser::signed_in(&world, Role::Operator, None).await;
        assert!(!operator.get("/").await.has("is paused"));
        let paused = operator.act("/lanes", "sandbox/replace/pause", &[("reason", "a rollout")]).await;
        assert_eq!((paused.status, paused.header(LOCATION)), (303, "/lanes?said=paused"));
        let overview = operator.get("/").await;
        assert!(overview.has("“replace” in sandbox is paused") && overview.has("A rollout."), "{}", overview.text("ul"));
        let resumed = operator.act("/lanes", "sandbox/replace/resume", &[("reason", "it is out")]).await;
        assert_eq!(resumed.status, 303, "{}", resumed.text("h1"));
        assert!(!operator.get("/").await.has("is paused"));
        world.finish().await;
    }

    /// What was signed too long ago waits, and the overview leads there; somebody releases it.
    async fn quarantine_is_decided(scratch: &Scratch) {
        let world = world(scratch).await;
        let ada = world.person("customer-17");
        world.deliver_signed(hours(80)).await;
        let operator = Browser::signed_in(&world, Role::Operator, None).await;
        let overview = operator.get("/").await;
        assert!(overview.has("event waits for a decision in sandbox"), "{}", overview.text("ul class=\"needs body\""));
        let id = world.events().await.remove(0).id;
        assert!(operator.get("/quarantine").await.has(id.as_str()));
        let page = format!("/events/{}/{id}", environment());
        let released = operator.act(&page, "release", &[("reason", "the proxy was slow")]).await;
        assert_eq!((released.status, released.header(LOCATION)), (303, format!("{page}?said=released").as_str()));
        assert_eq!(world.status(&ada).await, "created");
        assert!(operator.get("/quarantine").await.has("Nothing is kept aside"));
        world.finish().await;
    }

    /// A link is made for somebody on the telephone: shown once, and revoked from the inquiry's page.
    async fn a_link_is_made_and_revoked(scratch: &Scratch) {
        let (world, late) = lively(scratch).await;
        let operator = Browser::signed_in(&world, Role::Operator, None).await;
        let page = page_of(&late);
        let made = operator.act(&page, "mint-link", &[("reason", "on the telephone")]).await;
        assert_eq!(made.status, 200, "{}", made.text("h1"));
        let link = made.body.split("value=\"https://verify.example.com/go/").nth(1).unwrap().split('"').next().unwrap();
        let shown = operator.get(&page).await;
        assert!(!shown.has(link), "it is shown once");
        let after = shown.body.split("name=\"link\" value=\"").nth(1).expect("a form that revokes");
        let id = after.split('"').next().unwrap();
        let revoked = operator.act(&page, "revoke-link", &[("reason", "sent to the wrong person"), ("link", id)]).await;
        assert_eq!((revoked.status, revoked.header(LOCATION)), (303, format!("{page}?said=revoked").as_str()));
        assert!(operator.get(&page).await.has("sent to the wrong person"));
        assert!(world.clock.now() > beginning());
        world.finish().await;
    }
}
