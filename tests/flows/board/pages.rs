//! Every page answers, with nothing in the database and with something, and shows what it should and no more.

use reqwest::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION};

use super::{Browser, Page, Role, SECRETS, World, environment, hours, lively, on_both, page_of, world};

/// Every page that is there without rows.
const PAGES: [&str; 14] = [
    "/",
    "/?environment=other",
    "/inquiries",
    "/inquiries?status=created&left=0-24&sort=deadline&environment=sandbox",
    "/inquiries?outdated=yes&failures=yes&environment=sandbox&q=customer-17",
    "/events",
    "/events?outcome=applied&name=inquiry.created",
    "/actions",
    "/actions?state=failed&kind=remind&environment=sandbox",
    "/templates",
    "/quarantine",
    "/lanes",
    "/audit?check=yes",
    "/settings",
];

/// What holds of every page, whatever it shows.
fn is_sound(path: &str, page: &Page) {
    assert_eq!(page.status, 200, "{path}: {}", page.text("h1"));
    let policy = page.header(CONTENT_SECURITY_POLICY);
    assert!(policy.starts_with("default-src 'none'; style-src 'self'; script-src 'self'"), "{path}: {policy}");
    assert!(!policy.contains("unsafe"), "{path}: {policy}");
    assert_eq!(page.header(CACHE_CONTROL), "no-store", "{path}");
    for inline in [" style=", "<style", "<script>", " onclick=", "javascript:", "http://", "https://"] {
        // What Persona's environments are reached by stands in the settings.
        assert!(path == "/settings" || !page.has(inline), "{path} holds {inline}");
    }
    assert_eq!(page.body.matches("<h1").count(), 1, "{path}");
    assert!(page.has("<a class=\"skip\" href=\"#main\">") && page.has("<html lang=\"en\""), "{path}");
    for secret in SECRETS {
        assert!(!page.has(secret), "{path} shows {secret}");
    }
    ids_are_unique(path, page);
}

fn ids_are_unique(path: &str, page: &Page) {
    let mut ids: Vec<&str> = page.body.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    ids.sort_unstable();
    let twice = ids.windows(2).find(|pair| pair[0] == pair[1]);
    assert_eq!(twice, None, "{path}");
}

on_both! {
    /// Nothing has come yet: every page is there, and says what would be on it.
    async fn pages_without_rows(scratch: &Scratch) {
        let world = world(scratch).await;
        let browser = Browser::signed_in(&world, Role::Admin, None).await;
        for path in PAGES {
            is_sound(path, &browser.get(path).await);
        }
        assert!(browser.get("/inquiries").await.has("No inquiry is known yet"));
        assert!(browser.get("/inquiries?status=created").await.has("No inquiries match"));
        assert!(browser.get("/events").await.has("No event came yet"));
        assert!(browser.get("/quarantine").await.has("Nothing is kept aside"));
        assert!(browser.get("/templates").await.has("No template is known yet"));
        assert!(browser.get("/actions?state=failed").await.has("No dead letters"));
        world.finish().await;
    }

    /// Something happened: every page is there, and every row leads on.
    async fn pages_with_rows(scratch: &Scratch) {
        let (world, late) = lively(scratch).await;
        let browser = Browser::signed_in(&world, Role::Admin, None).await;
        for path in PAGES {
            is_sound(path, &browser.get(path).await);
        }
        for list in ["/inquiries", "/events", "/actions"] {
            let page = browser.get(list).await;
            let begins = format!("<td><a href=\"{list}/");
            let begins_as_id = format!("<td><a class=\"id\" href=\"{list}/");
            let rows = page.body.split(&begins).skip(1).chain(page.body.split(&begins_as_id).skip(1));
            let rows: Vec<String> = rows.map(|rest| format!("{list}/{}", rest.split('"').next().unwrap())).collect();
            assert!(rows.len() > 1, "{list} has {} rows", rows.len());
            for row in rows {
                is_sound(&row, &browser.get(&row).await);
            }
        }
        let page = browser.get(&page_of(&late)).await;
        assert!(page.has("Do they get in? Yes") && page.has("inquiry.created"), "{}", page.body);
        assert!(page.has("1 was handed over") || page.has("One was handed over"), "a reminder was");
        world.finish().await;
    }

    /// A newcomer finds out why a person gets no reminder, by the person's reference id.
    async fn why_is_nobody_reminded(scratch: &Scratch) {
        let (world, late) = lively(scratch).await;
        let browser = Browser::signed_in(&world, Role::Operator, None).await;
        let found = browser.get("/find?q=customer-17").await;
        assert_eq!((found.status, found.header(LOCATION)), (303, page_of(&late).as_str()));
        assert!(browser.get(&page_of(&late)).await.has("Are they reminded?</h2><span class=\"mark ok\">"));

        let muted = browser.act(&page_of(&late), "mute", &[("reason", "they asked for it")]).await;
        assert_eq!(muted.status, 303, "{}", muted.text("h1"));
        let page = browser.get(muted.header(LOCATION)).await;
        assert!(page.has("Nobody is told anything about it any more."), "what was done is said");
        assert!(page.has("No: its lineage is muted."), "{}", page.body);
        world.finish().await;
    }

    /// What comes from outside is text, whatever it looks like.
    async fn hostile_text_stays_text(scratch: &Scratch) {
        let world = world(scratch).await;
        let hostile = "\"><script>alert(1)</script><img src=x onerror=alert(1)>";
        let id = world.person(hostile);
        world.settle().await;
        let browser = Browser::signed_in(&world, Role::Admin, None).await;
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("q", hostile).finish();
        for path in ["/inquiries".to_owned(), format!("/inquiries?{query}"), page_of(&id), format!("/actions?{query}")] {
            let page = browser.get(&path).await;
            assert_eq!(page.status, 200, "{path}");
            assert!(!page.has("<script>") && !page.has("<img"), "{path}: {}", page.body);
        }
        assert!(browser.get("/inquiries").await.has("&#60;script&#62;alert(1)"), "it is shown as it is");
        world.finish().await;
    }

    /// A list is narrowed by its address, and its pages keep that.
    async fn lists_keep_their_filter(scratch: &Scratch) {
        let world = world(scratch).await;
        for number in 0..52 {
            world.person(&format!("customer-{number}"));
        }
        world.settle().await;
        let browser = Browser::signed_in(&world, Role::Viewer, None).await;
        let first = browser.get("/inquiries?status=created&environment=sandbox").await;
        assert!(first.has("The first 50 inquiries"), "{}", first.text("nav class=\"pages\""));
        assert!(first.has("<option value=\"created\" selected>"));
        let next = first.body.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap();
        let next = next.replace("&#38;", "&").replace("&amp;", "&");
        assert!(next.contains("status=created") && next.contains("environment=sandbox"), "{next}");
        let second = browser.get(&next).await;
        assert!(second.has("The last 2 inquiries"), "{}", second.text("nav class=\"pages\""));
        assert!(second.has("href=\"/inquiries?environment=sandbox"), "the first page is a click away");
        world.finish().await;
    }
}

#[tokio::test]
async fn the_database_is_away_and_the_page_says_so() {
    let scratch = crate::support::sqlite().await;
    let world = world(&scratch).await;
    let browser = Browser::signed_in(&world, Role::Viewer, None).await;
    world.clock.advance(hours(1));
    world.app.database().close().await;
    let page = browser.get("/inquiries").await;
    assert_eq!(page.status, 503);
    assert!(!page.has("sqlite") && !page.has("rekindle.db"), "nothing of the inside: {}", page.body);
}

/// Colours are chosen without a script, and nobody is led elsewhere by it.
#[tokio::test]
async fn colours_are_kept_in_a_cookie() {
    let scratch = crate::support::sqlite().await;
    let world = world(&scratch).await;
    let mut browser = Browser::signed_in(&world, Role::Viewer, None).await;
    assert!(!browser.get("/").await.has("data-theme"));
    let chosen = browser.post("/theme", &[("theme", "dark"), ("back", "/events")]).await;
    assert_eq!((chosen.status, chosen.header(LOCATION)), (303, "/events"));
    let kept = chosen.header("set-cookie").split(';').next().unwrap().to_owned();
    browser.cookie = format!("{}; {kept}", browser.cookie);
    assert!(browser.get("/").await.has("data-theme=\"dark\""));
    let elsewhere = browser.post("/theme", &[("theme", "x"), ("back", "//evil.example")]).await;
    assert_eq!(elsewhere.header(LOCATION), "/");
    world.finish().await;
}

/// Style, script and picture are ours, are kept by browsers, and need nobody signed in.
#[tokio::test]
async fn assets_are_ours() {
    let scratch = crate::support::sqlite().await;
    let world: World = world(&scratch).await;
    let browser = Browser::signed_in(&world, Role::Viewer, None).await;
    let page = browser.get("/lanes").await;
    let stranger = Browser::of(&world);
    for (before, media) in [
        ("rel=\"stylesheet\" href=\"", "text/css"),
        ("<script src=\"", "text/javascript"),
        ("svg+xml\" href=\"", "image/svg"),
    ] {
        let at = page.body.split(before).nth(1).unwrap().split('"').next().unwrap();
        let asset = stranger.get(at).await;
        assert_eq!(asset.status, 200, "{at}");
        assert!(asset.header("content-type").starts_with(media), "{at}");
        assert!(!asset.has("http://") || media == "image/svg" || !asset.has("://"), "{at} loads something");
    }
    assert_eq!(environment().as_str(), "sandbox");
    world.finish().await;
}
