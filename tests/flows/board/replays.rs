//! Many things tried again from pages: from the overview to the report, and nothing for whoever may not.

use reqwest::header::LOCATION;

use super::{Browser, Role, World, environment, hours, on_both, world};

/// A world in which the application refused the reminders of three people.
async fn refused(scratch: &crate::support::Scratch) -> World {
    let world = world(scratch).await;
    for name in ["ada", "grace", "mary"] {
        world.person(name);
    }
    world.settle().await;
    world.application.answer_next(&[410, 410, 410]);
    world.clock.advance(hours(12));
    world.settle().await;
    world
}

/// The fields of the first form of a page that is sent there.
fn form(page: &str, action: &str) -> Vec<(String, String)> {
    let form = page.split(&format!("action=\"{action}\"")).nth(1).expect("a form").split("</form>").next().unwrap();
    let field = |part: &str| {
        let (name, rest) = part.split_once('"').unwrap();
        let value = rest.split_once("value=\"").map_or("", |(_, value)| value.split('"').next().unwrap());
        (name.to_owned(), value.to_owned())
    };
    form.split("<input type=\"hidden\" name=\"").skip(1).map(field).collect()
}

async fn looked_at(browser: &Browser, page: &str) -> String {
    let shown = browser.get(page).await;
    let fields = form(&shown.body, "/replays/preview");
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let led = browser.post("/replays/preview", &fields).await;
    assert_eq!(led.status, 303, "{}", led.text("h1"));
    led.header(LOCATION).to_owned()
}

on_both! {
    /// From the alert to the report; every step is a page, and works without a script.
    async fn what_failed_is_tried_again(scratch: &Scratch) {
        let world = refused(scratch).await;
        let operator = Browser::signed_in(&world, Role::Operator, None).await;
        assert!(operator.get("/replays").await.has("Nothing was replayed yet"));
        let by_alert = looked_at(&operator, "/").await;
        assert!(operator.get(&by_alert).await.has("127.0.0.1 answered 410"));

        let list = format!("/actions?state=failed&environment={}&kind=remind", environment());
        let page = looked_at(&operator, &list).await;
        let preview = operator.get(&page).await;
        assert!(preview.has("not started") && preview.has("What it would do") && preview.has(">Start…</summary>"), "{}", preview.body);
        assert!(preview.has("<dt>Calls to Persona</dt><dd>6") && preview.has("<dt>Match</dt><dd>3"), "{}", preview.body);
        let silent = operator.act(&page, "start", &[("reason", " ")]).await;
        assert!(silent.status == 409 && silent.has("Say why"), "{}", silent.body);
        let started = operator.act(&page, "start", &[("reason", "the application is back")]).await;
        assert_eq!((started.status, started.header(LOCATION)), (303, format!("{page}?said=replay-started").as_str()));
        let running = operator.get(&page).await;
        assert!(running.has("running") && running.has(">Pause…</summary>") && running.has("data-live=\"2\""), "{}", running.body);

        let paused = operator.act(&page, "pause", &[("reason", "lunch")]).await;
        assert_eq!(paused.status, 303);
        assert!(operator.get(paused.header(LOCATION)).await.has("It stays where it is until it is resumed."));
        assert_eq!(operator.act(&page, "resume", &[("reason", "back")]).await.status, 303);
        assert_eq!(operator.get(&format!("{page}/pause")).await.header(LOCATION), page, "loading it again leads back");
        world.replay_to_the_end().await;
        let ended = operator.get(&page).await;
        assert!(ended.has("through") && ended.has("<dt>Done</dt><dd>3") && ended.has("3 of 3 through"), "{}", ended.body);
        assert!(!ended.has("data-live="), "what is over is not asked for again");
        assert!(operator.get("/replays").await.has(&format!("href=\"{page}\"")));
        let audit = operator.get("/audit").await;
        assert!(audit.has("the application is back") && audit.has("pause: lunch") && audit.has(&format!("href=\"{page}\"")));
        assert_eq!(world.application.notices().len(), 3);
        world.finish().await;
    }

    /// What isn't one choice is chosen on a page of its own; and what can't be meant is said.
    async fn a_choice_has_a_page(scratch: &Scratch) {
        let world = refused(scratch).await;
        let operator = Browser::signed_in(&world, Role::Operator, None).await;
        let choose = operator.get("/actions?state=failed").await;
        assert!(choose.has("href=\"/replays/preview?state=failed\""), "of which environment is not said: {}", choose.body);
        let page = operator.get("/replays/preview?state=failed").await;
        assert!(page.has("Choose one") && page.has("Look at these events"), "{}", page.body);
        let csrf = page.csrf().to_owned();
        let look = async |fields: &[(&str, &str)]| {
            operator.post("/replays/preview", &[&[("csrf", csrf.as_str()), ("of", "actions")], fields].concat()).await
        };
        let nowhere = look(&[("reason", "")]).await;
        assert!(nowhere.status == 409 && nowhere.has("Choose one environment"), "{}", nowhere.body);
        let yesterday = look(&[("environment", "sandbox"), ("from", "yesterday")]).await;
        assert!(yesterday.status == 409 && yesterday.has("From "), "{}", yesterday.body);
        let contains = look(&[("environment", "sandbox"), ("reason_contains", "410"), ("per_minute", "5"), ("kind", "")]).await;
        assert_eq!(contains.status, 303, "{}", contains.text("h1"));
        let preview = operator.get(contains.header(LOCATION)).await;
        assert!(preview.has("dead letters, reason with “410”") && preview.has("5 a minute"), "{}", preview.body);
        let nothing = look(&[("environment", "sandbox"), ("kind", "replace")]).await;
        let empty = operator.get(nothing.header(LOCATION)).await;
        assert!(empty.has("Nothing matches") && !empty.has("Start…"), "{}", empty.body);
        world.finish().await;
    }

    /// A viewer sees replays and begins none; another environment's does not exist.
    async fn a_viewer_may_look_and_no_more(scratch: &Scratch) {
        let world = refused(scratch).await;
        let operator = Browser::signed_in(&world, Role::Operator, None).await;
        let viewer = Browser::signed_in(&world, Role::Viewer, None).await;
        let elsewhere = Browser::signed_in(&world, Role::Admin, Some("other")).await;
        let list = format!("/actions?state=failed&environment={}", environment());
        let page = looked_at(&operator, &list).await;
        for there in ["/", list.as_str(), "/replays"] {
            let shown = viewer.get(there).await;
            assert!(shown.status == 200 && !shown.has("/replays/preview"), "{there}: {}", shown.body);
        }
        let seen = viewer.get(&page).await;
        assert!(seen.status == 200 && !seen.has("Start…"), "{}", seen.body);
        assert_eq!(viewer.get("/replays/preview").await.status, 403);
        let csrf = seen.csrf().to_owned();
        let form = [("csrf", csrf.as_str()), ("reason", "mine"), ("of", "actions"), ("environment", "sandbox")];
        assert_eq!(viewer.post("/replays/preview", &form).await.status, 403);
        assert_eq!(viewer.post(&format!("{page}/start"), &form).await.status, 403);
        assert_eq!(elsewhere.get(&page).await.status, 404);
        let forged = operator.post(&format!("{page}/start"), &[("csrf", "guessed"), ("reason", "mine")]).await;
        assert_eq!(forged.status, 403);
        assert!(operator.get(&page).await.has("not started"));
        world.finish().await;
    }
}
