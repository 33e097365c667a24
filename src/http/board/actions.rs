//! Actions, page by page.

use axum::response::Response;

use crate::app::board::ActionFilter;
use crate::app::queries::in_words;
use crate::domain::act::Act as Deed;
use crate::domain::action::{Action, Kind, State};
use crate::domain::ids::{EnvironmentName, InquiryId};
use crate::http::board::page::Trouble;
use crate::http::board::query::{Asked, ROWS};
use crate::http::board::reader::Reader;
use crate::http::board::replays;
use crate::http::board::view::actions::{Actions, Row};
use crate::http::board::view::frame::Place;
use crate::http::board::view::list::{Choice, Filter, Nothing, href, path};
use crate::http::board::view::mark::Mark;
use crate::http::board::view::overview::Tab;

const PATH: &str = "/actions";

/// How often the page looks again, in seconds.
const LIVE: u32 = 10;

const TABS: [(&str, &str); 6] = [
    ("", "All"),
    ("failed", "Dead letters"),
    ("planned", "Planned"),
    ("running", "Running"),
    ("done", "Done"),
    ("cancelled", "Cancelled"),
];

/// A page of actions.
pub(super) async fn page(reader: Reader, asked: Asked) -> Response {
    let page = actions(&reader, &asked).await;
    reader.answer(page)
}

async fn actions(reader: &Reader, asked: &Asked) -> Result<Actions, Trouble> {
    let board = reader.board();
    let all = board.environments();
    let filter = ActionFilter {
        environment: asked.environment(),
        kind: asked.read("kind", kind),
        state: asked.read("state", State::parse),
        inquiry: asked.read("inquiry", |text| InquiryId::parse(text).ok()),
        reason: asked.text("reason").map(str::to_owned),
        ..ActionFilter::default()
    };
    let page = board.actions(&filter, asked.cursor().as_ref(), ROWS).await?;
    let rows: Vec<Row> = page.items.iter().map(|action| row(reader, action)).collect();
    let nothing = match (filter.state, asked.narrows_beside(&["state"])) {
        (Some(State::Failed), false) => Nothing::yet(
            "No dead letters",
            "Nothing was given up. What fails is tried again by itself, and comes here when it is tried no more.",
        ),
        (None, false) => Nothing::yet(
            "Nothing was planned yet",
            "Actions are planned when an inquiry comes that somebody has to finish.",
        ),
        _ => Nothing::passes("actions", PATH),
    };
    let one = filter.environment.clone().or_else(|| all.first().filter(|_| all.len() == 1).cloned());
    let ended =
        matches!(filter.state, Some(State::Failed | State::Cancelled)) && !asked.is("inquiry") && !rows.is_empty();
    let said = ["state", "kind", "reason"].map(|name| (name, asked.text(name)));
    let again = one.as_ref().filter(|_| ended).and_then(|name| replays::again(reader, name, &said));
    let may = ended && one.is_none() && all.iter().any(|name| reader.may(Deed::Replay, name));
    let choose = may.then(|| href("/replays/preview", &asked.pairs()));
    let tab = |(state, name): (&str, &str)| Tab {
        name: name.to_owned(),
        href: href(PATH, &asked.with("state", state)),
        here: asked.text("state").unwrap_or_default() == state,
    };
    Ok(Actions {
        frame: reader.frame("Actions", Place::Actions, if asked.is("after") { 0 } else { LIVE }),
        tabs: TABS.into_iter().map(tab).collect(),
        filter: shown(asked, &all),
        pages: asked.pages(PATH, rows.len(), ("action", "actions"), page.next.as_ref()),
        rows,
        nothing,
        several: all.len() > 1,
        again,
        choose,
    })
}

fn kind(text: &str) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| kind.as_str() == text)
}

fn shown(asked: &Asked, all: &[EnvironmentName]) -> Filter {
    let mut choices: Vec<Choice> = asked.environments(all).into_iter().collect();
    choices.push(asked.words("kind", "Kind", &Kind::ALL.map(Kind::as_str)));
    let mut searches = vec![asked.search("inquiry", "Inquiry")];
    searches.push(asked.search("reason", "Exact reason"));
    // The state is chosen above, and stays.
    if let Some(state) = asked.text("state") {
        let stays = Choice::of(
            "state",
            "State",
            "All",
            Some(state),
            TABS[1..].iter().map(|(value, text)| ((*value).to_owned(), (*text).to_owned())),
        );
        choices.push(stays);
    }
    Filter { searches, choices, ticks: Vec::new(), clear: asked.narrows_beside(&[]).then_some(PATH) }
}

fn row(reader: &Reader, action: &Action) -> Row {
    let planned = &action.planned;
    let (environment, inquiry) = (planned.environment.as_str(), planned.inquiry.as_str());
    Row {
        words: in_words(action),
        href: path(&["actions", planned.id.as_str()]),
        environment: environment.to_owned(),
        inquiry: (inquiry.to_owned(), path(&["inquiries", environment, inquiry])),
        state: Mark::of_state(action.state.as_str()),
        attempts: format!("{} of {}", action.attempts, action.max_attempts),
        when: reader.when(time(action)),
        reason: action.reason.clone().unwrap_or_default(),
    }
}

/// When an action is due; when it ended, where it did.
pub(super) fn time(action: &Action) -> crate::domain::time::Timestamp {
    match action.state {
        State::Planned | State::Running => action.planned.due_at,
        State::Done | State::Failed | State::Cancelled => action.finished_at.unwrap_or(action.planned.due_at),
    }
}
