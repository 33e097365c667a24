//! One action, with every attempt at it.

use axum::extract::Path;
use axum::response::Response;
use jiff::SignedDuration;

use crate::app::board::{ActionView, Attempt as Tried};
use crate::domain::act::Act as Deed;
use crate::domain::action::{Action as Planned, State};
use crate::domain::ids::ActionId;
use crate::http::board::page::Trouble;
use crate::http::board::reader::Reader;
use crate::http::board::view::action::{Action, Attempt};
use crate::http::board::view::frame::Place;
use crate::http::board::view::inquiry::Fact;
use crate::http::board::view::list::{Act, path};
use crate::http::board::view::mark::Mark;

/// How often the page looks again, in seconds.
const LIVE: u32 = 5;

/// One action.
pub(super) async fn page(reader: Reader, Path(id): Path<String>) -> Response {
    let page = action(&reader, &id).await;
    reader.answer(page)
}

async fn action(reader: &Reader, id: &str) -> Result<Action, Trouble> {
    let id = ActionId::parse(id).map_err(|_| Trouble::Unknown)?;
    let found = reader.board().action(&id).await?.ok_or(Trouble::Unknown)?;
    let (words, action) = (found.words.clone(), &found.action);
    let ended = matches!(action.state, State::Done | State::Failed | State::Cancelled);
    Ok(Action {
        frame: reader.frame(&words, Place::Actions, LIVE),
        state: Mark::of_state(action.state.as_str()),
        reason: action.reason.clone().filter(|_| ended || action.attempts > 0),
        next: next(reader, action),
        facts: facts(reader, &found),
        attempts: found.attempts.iter().rev().map(|tried| attempt(reader, tried)).collect(),
        acts: acts(reader, &found),
        words,
    })
}

fn next(reader: &Reader, action: &Planned) -> String {
    let due = reader.when(action.planned.due_at).relative;
    match action.state {
        State::Planned if action.planned.due_at > reader.now() => {
            format!(
                "Due {due}. Right before it is performed the plan is asked again, so nobody is troubled who need not be."
            )
        }
        State::Planned => {
            format!("It was due {due}, and is performed as soon as a worker is free and nothing holds it.")
        }
        State::Running => "A worker is at it.".to_owned(),
        State::Done => "It was performed.".to_owned(),
        State::Failed => {
            "It was given up, and is not tried again by itself. Mend its reason, and then try it again.".to_owned()
        }
        State::Cancelled => "It was no longer wanted.".to_owned(),
    }
}

fn facts(reader: &Reader, found: &ActionView) -> Vec<Fact> {
    let (action, planned) = (&found.action, &found.action.planned);
    let environment = planned.environment.as_str();
    let inquiry = path(&["inquiries", environment, planned.inquiry.as_str()]);
    let mut facts = vec![
        Fact::id("Inquiry", planned.inquiry.as_str()).to(inquiry),
        Fact::text("Environment", environment),
        Fact::text("Kind", planned.work.kind().as_str()),
        Fact::when("Due", reader.when(planned.due_at)),
        Fact::text("Attempts", format!("{} of {}", action.attempts, action.max_attempts)),
        Fact::when("First planned", reader.when(action.created_at)),
    ];
    facts.extend(action.finished_at.map(|at| Fact::when("Ended", reader.when(at))));
    facts.extend(action.cancelled_by.map(|by| Fact::text("Cancelled by", format!("the {}", by.as_str()))));
    if let Some(link) = &found.link {
        facts.push(Fact::id("Access link", link.id.to_string()));
        facts.push(Fact::text("Opened", format!("{} of {} times", link.opens, link.max_opens)));
    }
    facts.push(Fact::id("Id", planned.id.as_str()));
    facts
}

fn attempt(reader: &Reader, tried: &Tried) -> Attempt {
    Attempt {
        number: tried.number,
        began: reader.when(tried.started_at),
        took: took(tried.ended_at.since(tried.started_at)),
        outcome: Mark::of_attempt(tried.outcome.as_str()),
        error: tried.error.clone().unwrap_or_default(),
        worker: tried.worker.clone(),
    }
}

fn took(length: SignedDuration) -> String {
    let millis = length.as_millis().max(0);
    if millis < 1_000 { format!("{millis} ms") } else { format!("{}.{} s", millis / 1_000, millis % 1_000 / 100) }
}

fn acts(reader: &Reader, found: &ActionView) -> Vec<Act> {
    let planned = &found.action.planned;
    let (environment, here) = (&planned.environment, path(&["actions", planned.id.as_str()]));
    let may = |act| reader.may(act, environment);
    let mut acts = Vec::new();
    if found.can_be_retried && may(Deed::Retry) {
        let means = "It is due now, with all its attempts before it. The plan is asked once more before anybody is \
                     troubled.";
        acts.push(Act::of("retry", "Try again…", format!("{here}/retry"), means));
    }
    if found.can_be_rescheduled && may(Deed::Reschedule) {
        let means = "It is performed then, and not before. The plan does not move it back.";
        let due = planned.due_at.to_string();
        let act = Act::of("reschedule", "Reschedule…", format!("{here}/reschedule"), means);
        acts.push(Act { ask: Some(("due_at", "Due at, as 2026-11-23T08:00:00Z", due)), ..act });
    }
    if found.can_be_cancelled && may(Deed::Cancel) {
        let means = "It is not performed, and the plan does not bring it back.";
        acts.push(Act::of("cancel", "Cancel…", format!("{here}/cancel"), means).dangerous());
    }
    acts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_short() {
        assert_eq!(took(SignedDuration::from_millis(12)), "12 ms");
        assert_eq!(took(SignedDuration::from_millis(1_280)), "1.2 s");
    }
}
