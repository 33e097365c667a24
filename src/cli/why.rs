//! `rekindle inquiries why`: whether somebody gets in now; if not, why, and what helps.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use serde::Serialize;

use crate::app::access::Whom;
use crate::app::queries::in_words;
use crate::app::recipient::Known;
use crate::cli::Common;
use crate::cli::output::{self, or_dash};
use crate::domain::action::{Action, State};
use crate::domain::diagnosis::{By, Cause, Diagnosis, Evidence};
use crate::domain::status::Status;

#[derive(Debug, Args)]
pub(super) struct Why {
    #[command(flatten)]
    common: Common,
    /// The inquiry's id, or the person's reference id (then the inquiry to get into)
    id: String,
    /// In this environment, where several have it
    #[arg(long)]
    environment: Option<String>,
}

/// A diagnosis as programs see it.
#[derive(Serialize)]
struct Wire {
    environment: String,
    asked: String,
    inquiry: String,
    status: Option<String>,
    person: Option<String>,
    gets_in: bool,
    answer: &'static str,
    in_words: String,
    cause: WireCause,
    also: Vec<WireCause>,
    evidence: Vec<WireEvidence>,
    actions: Vec<WireAction>,
    quiet: Option<String>,
    /// How it is known how the person is reached.
    reached: &'static str,
    help: Vec<WireHelp>,
    made_at: String,
}

#[derive(Serialize)]
struct WireCause {
    code: &'static str,
    text: String,
}

#[derive(Serialize)]
struct WireEvidence {
    at: String,
    by: &'static str,
    event_id: Option<String>,
    what: String,
}

#[derive(Serialize)]
struct WireAction {
    id: String,
    inquiry: String,
    what: String,
    state: &'static str,
    due_at: String,
    attempts: u32,
    reason: Option<String>,
}

#[derive(Serialize)]
struct WireHelp {
    code: &'static str,
    text: String,
    command: Option<String>,
}

impl Why {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let (_, app) = self.common.app().await?;
        let mut meant = app.meant_by(&self.id).await?;
        if let Some(environment) = &self.environment {
            meant.retain(|(name, _)| name.as_str() == environment);
        }
        let Some((environment, inquiry)) = meant.pop() else {
            bail!("there is no inquiry {}; `rekindle inquiries list` shows those there are", self.id);
        };
        for (other, id) in &meant {
            eprintln!("rekindle: there is also {id} in environment {other}; see it with --environment {other}");
        }
        let Some(diagnosis) = app.diagnose(&environment, &Whom::Inquiry(inquiry.clone())).await? else {
            bail!("{inquiry} is no longer known; it was taken away a moment ago");
        };
        let reached = app.reached_in(&environment, diagnosis.inquiry()).await?;
        if self.common.json {
            output::json(&Wire::of(&diagnosis, reached))?;
        } else {
            print(&diagnosis, reached);
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Wire {
    fn of(diagnosis: &Diagnosis, reached: Known) -> Self {
        let (environment, inquiry) = (diagnosis.environment(), diagnosis.inquiry());
        let help = diagnosis.help().iter().map(|help| WireHelp {
            code: help.code(),
            text: help.to_string(),
            command: help.command(environment, inquiry),
        });
        Self {
            environment: environment.to_string(),
            asked: diagnosis.asked().to_string(),
            inquiry: inquiry.to_string(),
            status: diagnosis.status().map(ToString::to_string),
            person: diagnosis.person().map(ToString::to_string),
            gets_in: diagnosis.answer().lets_in(),
            answer: diagnosis.answer().as_str(),
            in_words: diagnosis.in_words(),
            cause: WireCause::from(diagnosis.cause()),
            also: diagnosis.also().iter().map(WireCause::from).collect(),
            evidence: diagnosis.evidence().iter().map(WireEvidence::from).collect(),
            actions: diagnosis.actions().iter().map(WireAction::from).collect(),
            quiet: diagnosis.quiet().map(ToOwned::to_owned),
            reached: reached.as_str(),
            help: help.collect(),
            made_at: diagnosis.made_at().to_string(),
        }
    }
}

impl From<&Cause> for WireCause {
    fn from(cause: &Cause) -> Self {
        Self { code: cause.code(), text: cause.to_string() }
    }
}

impl From<&Evidence> for WireEvidence {
    fn from(evidence: &Evidence) -> Self {
        let event_id = match &evidence.by {
            By::Event(id) => id.as_ref().map(ToString::to_string),
            _ => None,
        };
        Self { at: evidence.at.to_string(), by: evidence.by.as_str(), event_id, what: evidence.what.clone() }
    }
}

impl From<&Action> for WireAction {
    fn from(action: &Action) -> Self {
        Self {
            id: action.planned.id.to_string(),
            inquiry: action.planned.inquiry.to_string(),
            what: in_words(action),
            state: action.state.as_str(),
            due_at: action.planned.due_at.to_string(),
            attempts: action.attempts,
            reason: action.reason.clone(),
        }
    }
}

fn print(diagnosis: &Diagnosis, reached: Known) {
    let now = diagnosis.made_at();
    println!("{}", diagnosis.in_words());
    println!();
    println!("{}  {}", diagnosis.inquiry(), diagnosis.status().map_or("unknown", Status::as_str));
    let causes = std::iter::once(diagnosis.cause()).chain(diagnosis.also());
    let codes: Vec<&str> = causes.map(Cause::code).collect();
    for (name, value) in [
        ("environment", diagnosis.environment().to_string()),
        ("person", or_dash(diagnosis.person())),
        ("causes", codes.join(", ")),
        ("reached by", reached.in_words().to_owned()),
        ("reminders", diagnosis.quiet().map_or_else(|| "wanted".to_owned(), |why| format!("none: {why}"))),
    ] {
        println!("  {name:<12} {value}");
    }
    println!();
    let rows: Vec<Vec<String>> = diagnosis
        .evidence()
        .iter()
        .map(|one| vec![output::time(one.at, now), said_by(&one.by), one.what.clone()])
        .collect();
    output::table(&["AT", "SAID BY", "WHAT"], &rows);
    if !diagnosis.actions().is_empty() {
        println!();
        let row = |action: &Action| {
            let when = match (action.state, action.finished_at) {
                (State::Done | State::Failed | State::Cancelled, Some(at)) => at,
                _ => action.planned.due_at,
            };
            let reason = action.reason.clone().unwrap_or_default();
            vec![output::time(when, now), action.state.to_string(), in_words(action), reason]
        };
        let rows: Vec<Vec<String>> = diagnosis.actions().iter().map(row).collect();
        output::table(&["AT", "STATE", "ACTION", "REASON"], &rows);
    }
    println!();
    println!("What helps:");
    for help in diagnosis.help() {
        println!("  {help}");
        if let Some(command) = help.command(diagnosis.environment(), diagnosis.inquiry()) {
            println!("    {command}");
        }
    }
}

fn said_by(by: &By) -> String {
    match by {
        By::Event(Some(id)) => id.to_string(),
        other => other.as_str().to_owned(),
    }
}
