//! The diagnosis on a page: do they get in, are they reminded, and what helps.

use crate::app::board::InquiryView;
use crate::domain::action::{Kind, State};
use crate::domain::diagnosis::{Answer as Found, By, Diagnosis};
use crate::domain::plan::Standing;
use crate::http::board::reader::Reader;
use crate::http::board::view::inquiry::{Answer, Reminder};
use crate::http::board::view::list::path;
use crate::http::board::view::mark::Mark;

/// Do they get in?
pub(super) fn of(reader: &Reader, diagnosis: &Diagnosis) -> Answer {
    let mark = match diagnosis.answer() {
        Found::Yes | Found::NotNeeded => Mark::ok("yes"),
        Found::AfterRevival | Found::AfterReplacement => Mark::new("live", "half", "yes"),
        Found::NotNow => Mark::new("warn", "clock", "not now"),
        Found::No => Mark::bad("no"),
    };
    let (environment, inquiry) = (diagnosis.environment(), diagnosis.inquiry());
    let causes = std::iter::once(diagnosis.cause()).chain(diagnosis.also());
    let help = diagnosis.help().iter().map(|help| (help.to_string(), help.command(environment, inquiry)));
    let elsewhere = (inquiry != diagnosis.asked()).then(|| {
        let place = path(&["inquiries", environment.as_str(), inquiry.as_str()]);
        (inquiry.to_string(), place)
    });
    let evidence = diagnosis.evidence().iter().map(|one| {
        let by = match &one.by {
            By::Event(Some(id)) => id.to_string(),
            by => by.as_str().to_owned(),
        };
        (reader.when(one.at), by, one.what.clone())
    });
    Answer {
        mark,
        sentence: diagnosis.answer().to_string(),
        causes: causes.map(ToString::to_string).collect(),
        help: help.collect(),
        elsewhere,
        evidence: evidence.collect(),
    }
}

/// Why did this person get no reminder? Or when do they get one?
pub(super) fn reminder(reader: &Reader, found: &InquiryView) -> Reminder {
    let planned = |action: &&crate::domain::action::Action| {
        action.state == State::Planned && action.planned.work.kind() == Kind::Remind
    };
    let next = found.actions.iter().filter(planned).map(|action| action.planned.due_at).min();
    let given_up = found
        .actions
        .iter()
        .filter(|action| action.state == State::Failed && action.planned.work.kind() == Kind::Remind)
        .count();
    let done = found
        .actions
        .iter()
        .filter(|action| action.state == State::Done && action.planned.work.kind() == Kind::Remind)
        .count();
    let (mark, sentence) = match &found.standing {
        None => (Mark::new("warn", "pause", "No"), "No: its environment is no longer configured.".to_owned()),
        Some(Standing::Quiet(why)) => (Mark::new("idle", "dash", "No"), format!("No: {why}.")),
        Some(_) if !found.acting => {
            let why =
                "Not by this Rekindle: the environment is in mode observe, so what is planned is shown and not done.";
            (Mark::new("warn", "pause", "No"), why.to_owned())
        }
        Some(Standing::Reminded { held_out: true, .. }) if next.is_none() => (
            Mark::new("idle", "dash", "No"),
            "No: the person is held out to measure what reminding does. They get in as everyone does.".to_owned(),
        ),
        Some(Standing::Reminded { .. }) if next.is_some() => (Mark::ok("Yes"), "Yes.".to_owned()),
        Some(Standing::Reminded { .. }) if given_up > 0 => {
            (Mark::bad("No"), "Not any more: the reminder was given up. Its action says why.".to_owned())
        }
        Some(Standing::Reminded { .. }) => (
            Mark::new("idle", "dash", "Done"),
            "Every reminder its rules want was handed over, or its time is over.".to_owned(),
        ),
        Some(Standing::Revived(_)) => (
            Mark::new("live", "half", "Soon"),
            "It ran out. It is resumed first, and reminders count anew from then.".to_owned(),
        ),
        Some(Standing::Replaced(_)) => (
            Mark::new("live", "half", "Soon"),
            "Another inquiry takes its place, and reminders are about that one.".to_owned(),
        ),
    };
    let handed = match done {
        0 => String::new(),
        1 => " One was handed over.".to_owned(),
        done => format!(" {done} were handed over."),
    };
    Reminder { mark, sentence: format!("{sentence}{handed}"), next: next.map(|at| reader.when(at)) }
}
