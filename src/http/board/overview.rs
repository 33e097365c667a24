//! The first page, from what [`crate::app::board`] knows.

mod needs;
mod numbers;

use axum::response::Response;
use jiff::SignedDuration;

use crate::app::board::{Board, EnvironmentState, Overview as Read, Period, Series, Tally};
use crate::config::Mode;
use crate::http::board::page::Trouble;
use crate::http::board::query::Asked;
use crate::http::board::reader::Reader;
use crate::http::board::view::frame::Place;
use crate::http::board::view::list::href;
use crate::http::board::view::mark::Mark;
use crate::http::board::view::overview::{Health, Overview, Tab};

/// How often the page looks again, in seconds.
const LIVE: u32 = 10;

/// The first page; of one environment, where the address names it.
pub(super) async fn page(reader: Reader, asked: Asked) -> Response {
    let page = overview(&reader, &asked).await;
    reader.answer(page)
}

async fn overview(reader: &Reader, asked: &Asked) -> Result<Overview, Trouble> {
    let wide = reader.board();
    let all = wide.environments();
    let one = asked.environment().filter(|name| all.contains(name));
    let board = match &one {
        Some(name) => reader.board_within(name),
        None => wide,
    };
    let read = board.overview().await?;
    let states = board.states().await?;
    let (day, month) = (hours(&board, &read).await?, days(&board, &read).await?);
    let tab = |name: &str, environment: &str, here| Tab {
        name: name.to_owned(),
        href: href("/", &[("environment", environment)]),
        here,
    };
    let tabs = std::iter::once(tab("All environments", "", one.is_none()))
        .chain(all.iter().map(|name| tab(name.as_str(), name.as_str(), one.as_ref() == Some(name))));
    Ok(Overview {
        frame: reader.frame("Overview", Place::Overview, LIVE),
        environments: if all.len() > 1 { tabs.collect() } else { Vec::new() },
        needs: needs::of(reader, &read.attention),
        flow: numbers::flow(&read.day),
        deliveries: numbers::deliveries(&day, read.at),
        statuses: numbers::statuses(&read.statuses, one.as_ref()),
        deadlines: numbers::deadlines(&read.deadlines, one.as_ref()),
        due: numbers::due(&read.due, one.as_ref()),
        spans: numbers::spans(&read.due),
        outcome: numbers::outcome(&read.month),
        finished: numbers::finished(&month),
        health: states.iter().map(|state| health(reader, state)).collect(),
    })
}

async fn hours(board: &Board, read: &Read) -> Result<Vec<Series>, Trouble> {
    let from = Period::Hour.beginning(read.at.minus(SignedDuration::from_hours(23)));
    Ok(board.series(&[Tally::Ignored, Tally::Applied], from, read.at, Period::Hour).await?)
}

async fn days(board: &Board, read: &Read) -> Result<Vec<Series>, Trouble> {
    let from = Period::Day.beginning(read.at.minus(SignedDuration::from_hours(29 * 24)));
    Ok(board.series(&[Tally::Finished, Tally::CameBack], from, read.at, Period::Day).await?)
}

fn health(reader: &Reader, state: &EnvironmentState) -> Health {
    let budget = match &state.budget {
        _ if !state.has_key => "no API key, so nothing is asked".to_owned(),
        Some(budget) => match (budget.closed_until.filter(|until| *until > reader.now()), budget.limit) {
            (Some(until), _) => format!("nothing is asked for {}: Persona said so", reader.when(until).relative),
            (None, Some(limit)) => format!("{} of {limit} requests left in this minute", budget.left),
            (None, None) => "not known before the first call".to_owned(),
        },
        None => "not known before the first call".to_owned(),
    };
    let run = state.reconciliation.as_ref();
    let error = run.and_then(|one| one.run.as_ref()).and_then(|run| run.error.as_ref());
    Health {
        name: state.environment.to_string(),
        mode: mode(state.mode),
        delivery: state.last_delivery.map(|at| reader.when(at)),
        reconciled: run.map(|one| reader.when(one.reconciled_until)),
        trouble: error.map(|why| format!("The last run stopped: {why}")),
        budget,
    }
}

/// Whether what is planned is performed, in a word.
pub(super) fn mode(mode: Mode) -> Mark {
    match mode {
        Mode::Act => Mark::ok("acts"),
        Mode::Observe => Mark::new("idle", "ring", "observes only"),
    }
}
