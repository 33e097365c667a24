//! Who may see and do what: nobody without signing in, viewers no payloads and no acts, the bound nothing elsewhere.

use reqwest::header::LOCATION;

use super::{Browser, Role, environment, lively, on_both, page_of};

on_both! {
    /// Whoever is not signed in sees no page, and comes back to it afterwards.
    async fn strangers_are_sent_to_sign_in(scratch: &Scratch) {
        let (world, late) = lively(scratch).await;
        let stranger = Browser::of(&world);
        let page = page_of(&late);
        for path in ["/", "/inquiries", &page, "/events", "/actions", "/templates", "/quarantine", "/lanes", "/alerts", "/audit", "/settings", "/find?q=x", "/nowhere"] {
            let answer = stranger.get(path).await;
            assert_eq!(answer.status, 303, "{path}");
            assert!(answer.header(LOCATION).starts_with("/sign-in"), "{path}: {}", answer.header(LOCATION));
            assert!(!answer.has("inq_"), "{path}");
        }
        assert_eq!(stranger.get("/inquiries?status=created").await.header(LOCATION), "/sign-in?return_to=%2Finquiries%3Fstatus%3Dcreated");
        let before = world.actions(&late).await;
        let id = before[0].planned.id.as_str();
        for path in [format!("{page}/mute"), format!("/actions/{id}/cancel"), "/lanes/sandbox/remind/pause".to_owned(), "/alerts/sandbox/silence/silence".to_owned()] {
            let answer = stranger.post(&path, &[("reason", "because")]).await;
            assert!([303, 403].contains(&answer.status), "{path}: {}", answer.status);
        }
        assert_eq!(world.actions(&late).await, before);
        world.finish().await;
    }

    /// A viewer sees states, and neither payloads nor anything to press; pressing it anyway does nothing.
    async fn viewers_look_and_do_not_touch(scratch: &Scratch) {
        let (world, late) = lively(scratch).await;
        let viewer = Browser::signed_in(&world, Role::Viewer, None).await;
        let event = world.events().await.remove(0);
        let event = format!("/events/{}/{}", environment(), event.id);
        let action = format!("/actions/{}", world.actions(&late).await[1].planned.id);
        for path in [page_of(&late), event.clone(), action.clone(), "/lanes".to_owned(), "/alerts".to_owned(), "/quarantine".to_owned()] {
            let page = viewer.get(&path).await;
            assert_eq!(page.status, 200, "{path}");
            assert!(!page.has("<details class=\"act\""), "{path} has something to press");
            assert!(!page.has("customer-17\",") , "{path} shows a payload");
            assert!(!page.has("href=\"/audit\"") && !page.has("href=\"/settings\""), "{path}");
        }
        let before = world.actions(&late).await;
        let csrf = viewer.get("/lanes").await.csrf().to_owned();
        let form = [("csrf", csrf.as_str()), ("reason", "because")];
        for path in [format!("{event}/payload"), format!("{action}/cancel"), format!("{}/mute", page_of(&late)), "/lanes/sandbox/remind/pause".to_owned(), "/alerts/sandbox/silence/silence".to_owned()] {
            let answer = viewer.post(&path, &form).await;
            assert_eq!(answer.status, 403, "{path}");
            assert!(answer.has("This takes the role of operator."), "{path}: {}", answer.text("p"));
        }
        assert_eq!(world.actions(&late).await, before);
        assert_eq!((viewer.get("/audit").await.status, viewer.get("/settings").await.status), (403, 403));
        let operator = Browser::signed_in(&world, Role::Operator, None).await;
        assert_eq!((operator.get("/audit").await.status, operator.get("/settings").await.status), (200, 403));
        world.finish().await;
    }

    /// What lies in another environment does not exist for whoever is bound to one.
    async fn the_bound_see_their_own_environment(scratch: &Scratch) {
        let (world, late) = lively(scratch).await;
        let bound = Browser::signed_in(&world, Role::Admin, Some("other")).await;
        let event = world.events().await.remove(0).id;
        let action = world.actions(&late).await.remove(0).planned.id;
        for path in [page_of(&late), format!("/events/{}/{event}", environment()), format!("/actions/{action}")] {
            let page = bound.get(&path).await;
            assert_eq!(page.status, 404, "{path}");
            assert!(page.has("Nothing is here"), "{path}");
        }
        for path in ["/", "/inquiries", "/inquiries?environment=sandbox", "/events?environment=sandbox", "/actions", "/templates", "/lanes", "/alerts"] {
            let page = bound.get(path).await;
            assert_eq!(page.status, 200, "{path}");
            assert!(!page.has(late.as_str()) && !page.has("<h2 id=\"env-1\">sandbox"), "{path}");
        }
        assert_eq!(bound.get("/settings").await.status, 403, "it speaks of every environment");
        let paused = bound.act("/lanes", "sandbox/remind/pause", &[("reason", "because")]).await;
        assert_eq!(paused.status, 404);
        let silenced = bound.act("/alerts", "sandbox/silence/silence", &[("reason", "because"), ("long", "2h")]).await;
        assert_eq!(silenced.status, 404);
        assert!(!bound.get(&format!("/find?q={late}")).await.header(LOCATION).contains("sandbox"));
        world.finish().await;
    }
}
