//! Access links: what a person, a scanner and a thief of an old link find behind them.

use rekindle::app::links::Minted;
use rekindle::domain::ids::InquiryId;
use rekindle::persona::simulator::{Failure, Faults};
use reqwest::Method;
use reqwest::header::{ACCEPT_LANGUAGE, CONTENT_SECURITY_POLICY, LOCATION, RETRY_AFTER, USER_AGENT};
use secrecy::ExposeSecret;

use super::world::{Setting, World, environment, hours, minutes, seconds};
use crate::support::{Scratch, on_both, operator};

pub const PUBLIC: &str = r#"public_url = "https://verify.example.com"
        link_hosts = ["127.0.0.1:*"]"#;

/// A phone's.
const BROWSER: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1";

/// What was answered.
#[derive(Debug)]
pub struct Page {
    status: u16,
    headers: reqwest::header::HeaderMap,
    body: String,
}

impl Page {
    fn header(&self, name: impl reqwest::header::AsHeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn heading(&self) -> &str {
        self.body.split("<h1>").nth(1).and_then(|rest| rest.split("</h1>").next()).unwrap_or_default()
    }
}

async fn world(scratch: &Scratch) -> World {
    World::with(scratch, Setting { top: PUBLIC, ..Setting::default() }).await
}

impl World {
    async fn ask(&self, method: Method, path: &str, language: &str) -> Page {
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let request = client.request(method, format!("{}{path}", self.public()));
        let answer = request.header(USER_AGENT, BROWSER).header(ACCEPT_LANGUAGE, language).send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Page { status, headers, body: answer.text().await.unwrap() }
    }

    pub async fn look(&self, path: &str) -> Page {
        self.ask(Method::GET, path, "en").await
    }

    async fn press(&self, path: &str) -> Page {
        self.ask(Method::POST, path, "en").await
    }

    pub async fn mint(&self, id: &InquiryId) -> (Minted, String) {
        let minted = self.app.link_for(&environment(), id, None).await.unwrap();
        let path = path(minted.url.expose_secret());
        (minted, path)
    }

    /// Somebody presses the button and is inside the flow: of which inquiry.
    pub async fn gets_in(&self, path: &str) -> InquiryId {
        let page = self.press(path).await;
        assert_eq!(page.status, 303, "{}", page.heading());
        self.open(page.header(LOCATION)).unwrap()
    }
}

pub fn path(url: &str) -> String {
    url.strip_prefix("https://verify.example.com").unwrap().to_owned()
}

const MINT: &str = "generate-one-time-link";

on_both! {
    /// A reminder carries our own link, which costs Persona nothing. A scanner opens it again and again; then the person
    /// comes, clicks twice, and is inside by one session.
    async fn a_scanner_comes_first_and_the_person_gets_in(scratch: &Scratch) {
        let world = world(scratch).await;
        let ada = world.person("ada");
        world.settle().await;
        world.clock.advance(hours(12));
        world.settle().await;
        let notice = world.application.only_notice();
        let path = path(&notice.link);
        assert_eq!(world.calls(MINT), 0, "nobody has come yet");
        for method in [Method::HEAD, Method::GET, Method::GET, Method::HEAD] {
            assert_eq!(world.ask(method, &path, "en").await.status, 200);
        }
        let page = world.look(&path).await;
        assert_eq!(page.heading(), "Continue your verification");
        assert!(page.body.contains("This link works for another 3 days."), "{}", page.body);
        assert_eq!((world.calls(MINT), world.persona.inquiry(&ada).unwrap().sessions.len()), (0, 0));

        let (first, second) = tokio::join!(world.press(&path), world.press(&path));
        assert_eq!((first.status, first.header(LOCATION)), (303, second.header(LOCATION)));
        assert_eq!(world.open(first.header(LOCATION)), Ok(ada.clone()));
        assert_eq!((world.calls(MINT), world.persona.inquiry(&ada).unwrap().sessions.len()), (1, 1));
        world.finish().await;
    }

    /// A notice that is sent again carries the same link.
    async fn a_repeated_notice_carries_the_same_link(scratch: &Scratch) {
        let world = world(scratch).await;
        world.person("ada");
        world.settle().await;
        world.application.answer_next(&[503, 503]);
        world.clock.advance(hours(12));
        for _ in 0..3 {
            world.settle().await;
            world.clock.advance(minutes(1));
        }
        let deliveries = world.application.deliveries();
        assert_eq!(deliveries.len(), 3);
        assert!(deliveries.iter().all(|one| one.link == deliveries[0].link && one.id == deliveries[0].id));
        world.finish().await;
    }

    /// The one-time link of a rule that asks for it is Persona's, as before.
    async fn a_rule_can_still_ask_for_a_one_time_link(scratch: &Scratch) {
        let setting = Setting { top: PUBLIC, more: "link = \"one-time\"", ..Setting::default() };
        let world = World::with(scratch, setting).await;
        let ada = world.person("ada");
        world.settle().await;
        world.clock.advance(hours(12));
        world.settle().await;
        assert_eq!(world.open(&world.application.only_notice().link), Ok(ada));
        world.finish().await;
    }

    /// Who comes after everything is done is told so, in their language, before and after the button.
    async fn who_comes_after_completion_is_told_so(scratch: &Scratch) {
        let world = world(scratch).await;
        let ada = world.person("ada");
        world.settle().await;
        let (_, path) = world.mint(&ada).await;
        world.persona.start(&ada).unwrap();
        world.persona.complete(&ada).unwrap();
        world.settle().await;
        let page = world.ask(Method::GET, &path, "de-AT,en;q=0.5").await;
        assert_eq!((page.status, page.heading()), (200, "Sie sind fertig"));
        assert!(page.body.contains("<html lang=\"de\">") && !page.body.contains("<button"));
        assert_eq!(world.press(&path).await.heading(), "You are done");
        world.persona.mark_for_review(&ada).unwrap();
        world.settle().await;
        assert_eq!(world.press(&path).await.heading(), "Your verification is being reviewed");
        world.persona.decline(&ada).unwrap();
        world.settle().await;
        let page = world.look(&path).await;
        assert_eq!(page.heading(), "This verification is closed");
        assert!(!page.body.to_lowercase().contains("declined"), "what came of it is between them");
        assert_eq!(world.calls(MINT), 0);
        let (minted, _) = world.mint(&ada).await;
        assert_eq!(minted.link.opens, 0, "who is not let in has opened nothing");
        world.finish().await;
    }

    /// A new version of the template: the inquiry is replaced at the click, and the link leads into the new one.
    async fn a_link_survives_a_replacement(scratch: &Scratch) {
        let world = world(scratch).await;
        let ada = world.person("ada");
        world.settle().await;
        let (_, path) = world.mint(&ada).await;
        world.persona.publish_version(&world.persona.templates().remove(0), None).unwrap();
        world.settle().await;
        let new = world.gets_in(&path).await;
        assert_ne!(new, ada);
        world.clock.advance(minutes(10));
        assert_eq!(world.gets_in(&path).await, new, "and once more, later");
        assert_eq!(world.open_at_persona("ada"), [new]);
        world.finish().await;
    }

    /// An expired inquiry is revived at the click.
    async fn a_link_into_an_expired_inquiry_revives_it(scratch: &Scratch) {
        let setting = Setting { top: PUBLIC, more: "revive_after = \"never\"", reminders: "[]", ..Setting::default() };
        let world = World::with(scratch, setting).await;
        let ada = world.person("ada");
        world.settle().await;
        let (_, path) = world.mint(&ada).await;
        world.clock.advance(hours(30));
        world.settle().await;
        assert_eq!(world.status(&ada).await, "expired");
        assert_eq!(world.look(&path).await.heading(), "Continue your verification");
        assert_eq!(world.gets_in(&path).await, ada);
        world.finish().await;
    }

    /// A link lives three days. After that whoever holds it is let in no more, and a new one goes the usual way, once.
    async fn an_expired_link_sends_a_new_one_the_usual_way(scratch: &Scratch) {
        let setting = Setting { top: PUBLIC, reminders: "[]", more: "revive_after = \"never\"", ..Setting::default() };
        let world = World::with(scratch, setting).await;
        let ada = world.person("ada");
        world.settle().await;
        let (_, old) = world.mint(&ada).await;
        world.clock.advance(hours(73));
        world.settle().await;
        for page in [world.look(&old).await, world.press(&old).await] {
            assert_eq!((page.status, page.heading()), (410, "This link has expired"));
            let action = format!("action=\"{}/renew\"", old.strip_prefix("/go/").unwrap());
            assert!(page.body.contains(&action), "{}", page.body);
        }
        for _ in 0..3 {
            let page = world.press(&format!("{old}/renew")).await;
            assert_eq!((page.status, page.heading()), (200, "Thank you"));
        }
        world.settle().await;
        let notice = world.application.only_notice();
        assert_eq!((notice.step.as_str(), notice.reference_id.as_deref()), ("inquiry.link_requested", Some("ada")));
        let new = path(&notice.link);
        assert_ne!(new, old);
        let inside = world.gets_in(&new).await;

        world.persona.start(&inside).unwrap();
        world.persona.complete(&inside).unwrap();
        world.settle().await;
        world.clock.advance(hours(2));
        let page = world.press(&format!("{old}/renew")).await;
        assert_eq!((page.status, page.heading()), (200, "Thank you"), "the answer tells nothing");
        world.settle().await;
        assert_eq!(world.application.notices().len(), 1, "and nothing is sent");
        world.finish().await;
    }

    /// Asked for an hour ago, an hour later and so on, no more is sent than a person is to be told at most.
    async fn an_old_link_floods_nobody(scratch: &Scratch) {
        let more = "revive_after = \"never\"\n        max_reminders = 2";
        let world = World::with(scratch, Setting { top: PUBLIC, reminders: "[]", more, ..Setting::default() }).await;
        let ada = world.person("ada");
        world.settle().await;
        let (minted, path) = world.mint(&ada).await;
        world.app.revoke_link(&minted.link.id, &operator("ops"), "lost").await.unwrap();
        for _ in 0..5 {
            world.press(&format!("{path}/renew")).await;
            world.settle().await;
            world.clock.advance(hours(1));
        }
        assert_eq!(world.application.notices().len(), 2);
        world.finish().await;
    }

    /// Revoked, one link opens no more and the others do; then all of them.
    async fn a_revoked_link_lets_nobody_in(scratch: &Scratch) {
        let world = world(scratch).await;
        let ada = world.person("ada");
        world.settle().await;
        let (minted, first) = world.mint(&ada).await;
        assert_eq!(world.mint(&ada).await.1, first, "one is enough");
        assert_eq!(world.app.revoke_link(&minted.link.id, &operator("ops"), "lost").await.unwrap(), Some(true));
        let (_, second) = world.mint(&ada).await;
        assert_ne!(second, first);
        for page in [world.look(&first).await, world.press(&first).await] {
            assert_eq!((page.status, page.heading()), (410, "This link is no longer valid"));
        }
        world.gets_in(&second).await;
        assert_eq!(world.app.revoke_links(&environment(), &ada, &operator("ops"), "all").await.unwrap(), Some(1));
        assert_eq!(world.press(&second).await.status, 410, "within the same visit, too");
        world.finish().await;
    }

    /// Twenty visits, each of as many clicks as they like; the next one is one too many.
    async fn a_link_opens_twenty_times(scratch: &Scratch) {
        let world = world(scratch).await;
        let ada = world.person("ada");
        world.settle().await;
        let (_, path) = world.mint(&ada).await;
        for visit in 1..=20 {
            assert_eq!(world.press(&path).await.status, 303, "visit {visit}");
            world.clock.advance(minutes(1));
            if visit % 10 == 0 {
                assert_eq!(world.press(&path).await.status, 303, "visit {visit}, once more");
                assert_eq!(world.look(&path).await.status, 200);
            }
            world.clock.advance(minutes(5));
        }
        for page in [world.look(&path).await, world.press(&path).await] {
            assert_eq!((page.status, page.heading()), (410, "This link was used up"));
        }
        world.finish().await;
    }

    /// Persona is down at the click: an honest page that says when to come back, no opening counted, and later all is well.
    async fn persona_is_down_at_the_click(scratch: &Scratch) {
        let world = world(scratch).await;
        let ada = world.person("ada");
        world.settle().await;
        let (minted, path) = world.mint(&ada).await;
        world.persona.set_faults(Faults { fail_next: 100, failure: Failure::default(), ..Faults::default() });
        let page = world.press(&path).await;
        assert_eq!((page.status, page.heading()), (503, "Please try again shortly"));
        let wait: i64 = page.header(RETRY_AFTER).parse().unwrap();
        assert!((1..=120).contains(&wait) && page.body.contains(&format!("about {wait} seconds")));
        assert!(page.body.contains("Try again</button>"));
        let kept = world.database().read().await.unwrap().access_link(&minted.link.id).await.unwrap().unwrap();
        assert_eq!(kept.opens, 0);
        world.persona.set_faults(Faults::default());
        world.clock.advance(seconds(wait));
        assert_eq!(world.gets_in(&path).await, ada);
        world.finish().await;
    }

    /// Whoever guesses finds nothing, and every answer keeps a link to itself.
    async fn nobody_guesses_a_link_and_no_page_gives_one_away(scratch: &Scratch) {
        let world = world(scratch).await;
        let ada = world.person("ada");
        assert_eq!(world.look("/go/anything").await.status, 404, "while there is no link at all");
        world.settle().await;
        let (_, path) = world.mint(&ada).await;
        let mut wrong = path.clone();
        let last = wrong.pop().unwrap();
        wrong.push(if last == 'A' { 'B' } else { 'A' });
        let wrong = [wrong, "/go/x".to_owned(), format!("/go/{}", "A".repeat(40)), "/go/%FF".to_owned()];
        for path in &wrong {
            for page in [world.look(path).await, world.press(path).await, world.look(&format!("{path}/qr.svg")).await] {
                assert_eq!((page.status, page.heading()), (404, "This page does not exist"), "{path}");
            }
            assert_eq!(world.press(&format!("{path}/renew")).await.heading(), "Thank you", "as for a link of ours");
        }
        let page = world.look(&path).await;
        assert!(page.body.len() < 20_000, "{} bytes", page.body.len());
        for secret in ["ada", ada.as_str(), "http://", "https://"] {
            assert!(!page.body.contains(secret), "{secret}: {}", page.body);
        }
        for page in [page, world.press(&path).await, world.look(&format!("{path}/qr.png")).await] {
            let policy = page.header(CONTENT_SECURITY_POLICY);
            assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
            assert!(policy.contains("form-action 'self' http://127.0.0.1:*;"), "{policy}");
            assert_eq!(page.header("cache-control"), "no-store");
            assert_eq!(page.header("referrer-policy"), "no-referrer");
            assert_eq!(page.header("x-content-type-options"), "nosniff");
        }
        world.finish().await;
    }

    /// A crowd on one link is asked to wait, and the others are not.
    async fn a_crowd_on_one_link_waits(scratch: &Scratch) {
        let world = world(scratch).await;
        let (ada, bob) = (world.person("ada"), world.person("bob"));
        world.settle().await;
        let ((_, crowded), (_, other)) = (world.mint(&ada).await, world.mint(&bob).await);
        let mut statuses = Vec::new();
        for _ in 0..41 {
            statuses.push(world.look(&crowded).await.status);
        }
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 40);
        let page = world.press(&crowded).await;
        assert_eq!((page.status, page.heading()), (429, "One moment, please"));
        assert!((1..=60).contains(&page.header(RETRY_AFTER).parse::<i64>().unwrap()));
        assert_eq!(world.look(&other).await.status, 200);
        world.finish().await;
    }
}
