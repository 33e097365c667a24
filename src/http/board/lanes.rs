//! What is performed and how fast: lanes, the request budget and reconciliation of each environment.

use axum::response::Response;

use crate::app::board::{EnvironmentState, LaneSetting};
use crate::domain::act::Act as Deed;
use crate::domain::action::Kind;
use crate::domain::ids::EnvironmentName;
use crate::http::board::overview::mode;
use crate::http::board::page::Trouble;
use crate::http::board::reader::Reader;
use crate::http::board::view::frame::Place;
use crate::http::board::view::inquiry::Fact;
use crate::http::board::view::lanes::{Environment, Lane, Lanes};
use crate::http::board::view::list::{Act, path};
use crate::http::board::view::mark::Mark;

/// How often the page looks again, in seconds.
const LIVE: u32 = 10;

/// Every environment with its lanes and limits.
pub(super) async fn page(reader: Reader) -> Response {
    let page = lanes(&reader).await;
    reader.answer(page)
}

async fn lanes(reader: &Reader) -> Result<Lanes, Trouble> {
    let states = reader.board().states().await?;
    let environments = states.iter().map(|state| environment(reader, state)).collect();
    Ok(Lanes { frame: reader.frame("Lanes and limits", Place::Lanes, LIVE), environments })
}

fn environment(reader: &Reader, state: &EnvironmentState) -> Environment {
    let budget = state.budget.as_ref().and_then(|budget| Some((budget.left.min(budget.limit?), budget.limit?)));
    Environment {
        name: state.environment.to_string(),
        mode: mode(state.mode),
        facts: facts(reader, state),
        budget,
        lanes: state
            .lanes
            .iter()
            .map(|(kind, setting)| lane(reader, &state.environment, *kind, setting.as_ref()))
            .collect(),
    }
}

fn facts(reader: &Reader, state: &EnvironmentState) -> Vec<Fact> {
    let mut facts = Vec::new();
    facts.push(match state.last_delivery {
        Some(at) => Fact::when("Last delivery", reader.when(at)),
        None => Fact::text("Last delivery", "none yet"),
    });
    match &state.reconciliation {
        Some(one) => {
            facts.push(Fact::when("Made sure of until", reader.when(one.reconciled_until)));
            if let Some(error) = one.run.as_ref().and_then(|run| run.error.clone()) {
                facts.push(Fact::text("The last run stopped", error));
            }
        }
        None => facts.push(Fact::text("Made sure of until", "not yet; a worker looks within the hour")),
    }
    if !state.has_key {
        facts.push(Fact::text("Requests at Persona", "no API key, so nothing is asked"));
    }
    if let Some(budget) = &state.budget {
        if budget.limit.is_none() {
            facts.push(Fact::text("Requests at Persona", "Persona has not said yet how many it allows"));
        }
        facts.push(Fact::text("Under way", format!("{} requests", budget.under_way)));
        facts.push(Fact::text("Pace", format!("{} % of what is allowed", budget.pace)));
        facts.extend(budget.resets_at.map(|at| Fact::when("This window ends", reader.when(at))));
        let closed = budget.closed_until.filter(|until| *until > reader.now());
        facts.extend(closed.map(|at| Fact::when("Nothing is asked until", reader.when(at))));
    }
    facts
}

fn lane(reader: &Reader, environment: &EnvironmentName, kind: Kind, setting: Option<&LaneSetting>) -> Lane {
    let paused = setting.is_some_and(|setting| setting.paused);
    let note = setting.map(|setting| {
        let when = reader.when(setting.changed_at).relative;
        format!("{}, {when}: {}", setting.changed_by, setting.reason)
    });
    let (deed, name, word, means) = if paused {
        (Deed::ResumeLane, "Resume…", "resume", "What is due is begun again, the oldest first.")
    } else {
        let means = "What runs may end; nothing more is begun, in no process, until somebody resumes it. People who come by \
                     themselves still get in.";
        (Deed::PauseLane, "Pause…", "pause", means)
    };
    let to = path(&["lanes", environment.as_str(), kind.as_str(), word]);
    let act = Act::of(format!("{word}-{environment}-{kind}"), name, to, means);
    Lane {
        kind: kind.to_string(),
        means: meaning(kind),
        state: if paused { Mark::new("warn", "pause", "paused") } else { Mark::ok("performed") },
        note: note.unwrap_or_default(),
        act: reader.may(deed, environment).then_some(act),
    }
}

const fn meaning(kind: Kind) -> &'static str {
    match kind {
        Kind::Remind => "notices with a fresh link, before a deadline",
        Kind::Revive => "resuming what ran out",
        Kind::Replace => "new inquiries in the place of stale ones",
        Kind::Tell => "telling the application of a replacement",
        Kind::Expire => "expiring what was finished elsewhere",
        Kind::Invite => "new access links, because somebody asked",
        Kind::Hold => "steps that pass over who is held out to measure",
        Kind::Publish => "telling applications what they subscribed to",
    }
}
