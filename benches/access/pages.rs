//! How long every page of the dashboard takes with a million inquiries and five million events stored.
//!
//! Pages are asked for in this process, from the session's cookie to the last byte of HTML, without a network between.

use rekindle::app::App;

use crate::busy;
use crate::fill::{self, Crowd, Kind};
use crate::operator::Operator;
use crate::watch::Watch;

/// Events stored for each inquiry, at least.
const EVENTS_EACH: u64 = 5;

/// How often each page is asked for.
const LOOKS: u64 = 300;

/// Fills a database, and has every page of it.
pub async fn measure(on: &str, url: &str, app: &App, inquiries: u64) {
    let crowd = fill::fill(url, app, inquiries).await;
    busy::busy(url, inquiries, EVENTS_EACH).await;
    let operator = Operator::sign_in(app).await;
    for page in PAGES {
        let mut watch = Watch::new(on, page);
        for number in 0..LOOKS {
            let path = path(page, &crowd, number);
            let size = watch.time(operator.get(&path)).await;
            assert!(size > 500, "{path} shows something");
        }
        watch.tell(None);
    }
    // A reader who goes on from page to page: the hundredth must cost what the first one did.
    for list in ["/inquiries", "/events", "/actions"] {
        let mut watch = Watch::new(on, &format!("{list}, each of the next 200 pages"));
        let mut next = Some(list.to_owned());
        for _ in 0..200 {
            let Some(path) = next.take() else { break };
            next = watch.time(operator.next_after(&path)).await;
        }
        watch.tell(None);
    }
}

/// Every page, with the filters that people set. `{inquiry}` is somebody's, `{person}` their name.
const PAGES: &[&str] = &[
    "/",
    "/inquiries",
    "/inquiries?status=pending",
    "/inquiries?sort=deadline&environment=sandbox",
    "/inquiries?failures=on&environment=sandbox",
    "/inquiries?outdated=on&environment=sandbox",
    "/inquiries?q={person}",
    "/inquiries/sandbox/{inquiry}",
    "/find?q={person}",
    "/events",
    "/events?environment=sandbox&outcome=ignored",
    "/actions",
    "/actions?state=failed",
    "/actions?state=planned&kind=remind",
    "/templates",
    "/quarantine",
    "/lanes",
    "/audit",
    "/settings",
    "/v1/overview",
    "/v1/totals",
    "/v1/inquiries?limit=100",
    "/v1/inquiries/sandbox/{inquiry}",
    "/v1/events?limit=100",
    "/v1/actions?limit=100&state=failed",
];

fn path(page: &str, crowd: &Crowd, number: u64) -> String {
    let kind = if number.is_multiple_of(2) { Kind::Pending } else { Kind::Replaced };
    page.replace("{inquiry}", crowd.inquiry(kind, number).as_str()).replace("{person}", &crowd.person(kind, number))
}
