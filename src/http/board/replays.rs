//! Replays: the list, the choice of what is to be done again, and what operators do about them.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::app::board::Outcome;
use crate::app::desk::{ActError, Desk};
use crate::app::replay::{Replay, ReplayChange, ReplayError, in_words};
use crate::domain::act::Act as Deed;
use crate::domain::action::Kind;
use crate::domain::ids::{EnvironmentName, ReplayId};
use crate::http::board::Pages;
use crate::http::board::page::{Trouble, trouble};
use crate::http::board::query::{Asked, ROWS};
use crate::http::board::reader::Reader;
use crate::http::board::replay::{mark, matched};
use crate::http::board::view::frame::Place;
use crate::http::board::view::list::{Choice, Nothing, grouped, href, path};
use crate::http::board::view::replays::{Again, Choose, Form, Replays, Row};
use crate::http::chosen::Chosen;
use crate::http::operators::Posted;

const PATH: &str = "/replays";

/// How often the page looks again, in seconds.
const LIVE: u32 = 5;

/// What a form says of a choice; what is empty does not matter.
#[derive(Deserialize)]
pub(super) struct Said {
    #[serde(default)]
    environment: String,
    #[serde(default)]
    of: String,
    state: Option<String>,
    kind: Option<String>,
    reason: Option<String>,
    reason_contains: Option<String>,
    template: Option<String>,
    customer: Option<String>,
    name: Option<String>,
    outcome: Option<String>,
    from: Option<String>,
    before: Option<String>,
    per_minute: Option<String>,
}

/// Why something is done.
#[derive(Deserialize)]
pub(super) struct Why {
    reason: Option<String>,
}

/// Every replay.
pub(super) async fn page(reader: Reader, asked: Asked) -> Response {
    let page = replays(&reader, &asked).await;
    reader.answer(page)
}

async fn replays(reader: &Reader, asked: &Asked) -> Result<Replays, Trouble> {
    let board = reader.board();
    let page = board.replays(asked.environment().as_ref(), asked.cursor().as_ref(), ROWS).await?;
    let nothing = "Look for dead letters on the overview: where a reason is mended, all that ended with it can be tried \
                   again at once.";
    Ok(Replays {
        frame: reader.frame("Replays", Place::Replays, if asked.is("after") { 0 } else { LIVE }),
        rows: page.items.iter().map(|replay| row(reader, replay)).collect(),
        nothing: Nothing::yet("Nothing was replayed yet", nothing),
        pages: asked.pages(PATH, page.items.len(), ("replay", "replays"), page.next.as_ref()),
        may: board.environments().iter().any(|name| reader.may(Deed::Replay, name)),
    })
}

fn row(reader: &Reader, replay: &Replay) -> Row {
    let (began, by, why) = replay.began.clone().unwrap_or((replay.as_of, String::new(), String::new()));
    Row {
        words: in_words(&replay.filter),
        href: path(&["replays", replay.id.as_str()]),
        environment: replay.filter.environment.to_string(),
        state: mark(replay.state),
        progress: format!("{} of {}", grouped(replay.counts.looked_at), matched(&replay.preview)),
        done: grouped(replay.counts.done),
        failed: grouped(replay.counts.failed),
        began: reader.when(began),
        why: format!("{by}: {why}"),
    }
}

/// The choice of what is to be done again.
pub(super) async fn choose(reader: Reader, asked: Asked) -> Response {
    let page = reader.needs(Deed::Replay).map(|()| choice(&reader, &asked));
    reader.answer(page)
}

fn choice(reader: &Reader, asked: &Asked) -> Choose {
    let all = reader.board().environments();
    let only = || all.first().filter(|_| all.len() == 1).map(ToString::to_string);
    let environment = || {
        let values = all.iter().map(|name| (name.to_string(), name.to_string()));
        (all.len() > 1)
            .then(|| Choice::of("environment", "Environment", "Choose one", asked.text("environment"), values))
    };
    let mut actions: Vec<Choice> = environment().into_iter().collect();
    let cancelled = [("cancelled".to_owned(), "Cancelled".to_owned())];
    actions.push(Choice::of(
        "state",
        "Ended as",
        "Dead letters",
        asked.text("state").filter(|state| *state == "cancelled"),
        cancelled,
    ));
    actions.push(asked.words("kind", "Kind", &Kind::ALL.map(Kind::as_str)));
    let mut events: Vec<Choice> = environment().into_iter().collect();
    let outcomes = [Outcome::Unreadable, Outcome::Quarantined, Outcome::Ignored, Outcome::Applied];
    events.push(asked.words("outcome", "What became of them", &outcomes.map(Outcome::as_str)));
    let times = || {
        let from = asked.search("from", "From, as 2026-11-23T08:00:00Z");
        [
            from,
            asked.search("before", "Before, as 2026-11-23T09:00:00Z"),
            asked.search("per_minute", "At most a minute"),
        ]
    };
    let mut of_actions = vec![
        asked.search("reason", "Exact reason"),
        asked.search("reason_contains", "Somewhere in the reason"),
        asked.search("template", "Template, itmpl_…"),
        asked.search("customer", "Customer"),
    ];
    of_actions.extend(times());
    let mut of_events = vec![asked.search("name", "Name, such as inquiry.expired")];
    of_events.extend(times());
    Choose {
        frame: reader.frame("Choose what to do again", Place::Replays, 0),
        actions: Form { choices: actions, searches: of_actions, environment: only() },
        events: Form { choices: events, searches: of_events, environment: only() },
    }
}

/// A choice is looked at: its preview has a page.
pub(super) async fn preview(State(pages): State<Pages>, headers: HeaderMap, posted: Posted<Said>) -> Response {
    let Posted { caller, form } = posted;
    let desk = pages.app.desk(caller.operator.clone(), None);
    let reader = Reader::of(&pages, caller, &headers, "/replays/preview");
    match looked_at(&desk, form).await {
        Ok(id) => led(&path(&["replays", id.as_str()])),
        Err(why) => trouble(&reader, &why),
    }
}

async fn looked_at(desk: &Desk, said: Said) -> Result<ReplayId, Trouble> {
    let (filter, per_minute) = said.chosen()?.read().map_err(Trouble::Refused)?;
    Ok(desk.preview_replay(filter, per_minute).await?.id)
}

/// A replay is started, held or ended.
pub(super) async fn act(
    State(pages): State<Pages>,
    Path((id, act)): Path<(String, String)>,
    headers: HeaderMap,
    posted: Posted<Why>,
) -> Response {
    let page = path(&["replays", &id]);
    let Posted { caller, form } = posted;
    let desk = pages.app.desk(caller.operator.clone(), form.reason);
    let reader = Reader::of(&pages, caller, &headers, &page);
    match done(&desk, &id, &act).await {
        Ok(word) => led(&href(&page, &[("said", word)])),
        Err(why) => trouble(&reader, &why),
    }
}

async fn done(desk: &Desk, id: &str, act: &str) -> Result<&'static str, Trouble> {
    let id = ReplayId::parse(id).map_err(|_| Trouble::Unknown)?;
    let (change, word) = match act {
        "start" => {
            desk.start_replay(&id).await?;
            return Ok("replay-started");
        }
        "pause" => (ReplayChange::Pause, "replay-paused"),
        "resume" => (ReplayChange::Resume, "replay-resumed"),
        "cancel" => (ReplayChange::Cancel, "replay-cancelled"),
        _ => return Err(Trouble::Unknown),
    };
    desk.change_replay(&id, change).await?;
    Ok(word)
}

fn led(to: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, to.to_owned())]).into_response()
}

impl Said {
    fn chosen(self) -> Result<Chosen, Trouble> {
        let some = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        if self.environment.is_empty() {
            return Err(Trouble::Refused("Choose one environment: a replay is of one.".to_owned()));
        }
        let many = some(self.per_minute).map(|text| text.parse::<u32>()).transpose();
        Ok(Chosen {
            environment: self.environment,
            of: self.of,
            state: some(self.state),
            kind: some(self.kind),
            reason: some(self.reason),
            reason_contains: some(self.reason_contains),
            template: some(self.template),
            customer: some(self.customer),
            name: some(self.name),
            outcome: some(self.outcome),
            from: some(self.from),
            before: some(self.before),
            ids: Vec::new(),
            per_minute: many.map_err(|_| Trouble::Refused("“At most a minute” is a whole number.".to_owned()))?,
        })
    }
}

/// What is chosen to be tried again, where whoever reads may: those of one environment with one end.
pub(super) fn again(
    reader: &Reader,
    environment: &EnvironmentName,
    said: &[(&'static str, Option<&str>)],
) -> Option<Again> {
    let said = said.iter().filter_map(|(name, text)| Some((*name, (*text)?.to_owned())));
    let fixed = [("of", "actions".to_owned()), ("environment", environment.to_string())];
    reader.may(Deed::Replay, environment).then(|| Again { fields: fixed.into_iter().chain(said).collect() })
}

impl From<ReplayError> for Trouble {
    fn from(why: ReplayError) -> Self {
        match why {
            ReplayError::Act(ActError::Unknown(_)) => Self::Unknown,
            ReplayError::Act(why) => why.into(),
            other => Self::Refused(other.to_string()),
        }
    }
}
