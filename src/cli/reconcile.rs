//! `rekindle reconcile`: what Persona's webhooks did not bring, and how far that is.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::cli::output::{self, or_dash};
use crate::cli::{Common, open};
use crate::clock::Clock;
use crate::domain::act::Act;
use crate::domain::ids::EnvironmentName;
use crate::domain::rules::parse_duration;
use crate::domain::time::Timestamp;
use crate::storage::reconciliation::{Found, Reconciliation, Run, Stage, Why};

/// Ask Persona for what its webhooks did not bring
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Reconcile {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    common: Common,
    /// Only this environment; without it every one that has an API key
    #[arg(long)]
    environment: Option<String>,
    /// Since then, a time or how long ago ("2d"); without it since the last run
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// How far each environment is, and what the latest run found
    Status(Status),
}

#[derive(Debug, Args)]
struct Status {
    #[command(flatten)]
    common: Common,
}

/// An environment's reconciliation as programs see it.
#[derive(Serialize)]
struct Wire {
    environment: String,
    reconciled_until: String,
    running: bool,
    run: Option<WireRun>,
}

#[derive(Serialize)]
struct WireRun {
    why: &'static str,
    began_at: String,
    since: String,
    last_step_at: String,
    stage: &'static str,
    error: Option<String>,
    found: WireFound,
}

#[derive(Serialize)]
struct WireFound {
    inquiries_searched: u64,
    inquiries_changed: u64,
    events_listed: u64,
    events_recovered: u64,
    quarantined_confirmed: u64,
    quarantined_discarded: u64,
    silent_reread: u64,
    silent_changed: u64,
    lists_refused: u64,
    errors: u64,
}

impl Wire {
    fn of(known: &Reconciliation, now: Timestamp) -> Self {
        Self {
            environment: known.environment.to_string(),
            reconciled_until: known.reconciled_until.to_string(),
            running: known.held.as_ref().is_some_and(|(_, until)| *until > now),
            run: known.run.as_ref().map(WireRun::from),
        }
    }
}

impl From<&Run> for WireRun {
    fn from(run: &Run) -> Self {
        Self {
            why: run.why.as_str(),
            began_at: run.began_at.to_string(),
            since: run.since.to_string(),
            last_step_at: run.touched_at.to_string(),
            stage: run.stage.as_str(),
            error: run.error.clone(),
            found: run.found.into(),
        }
    }
}

impl From<Found> for WireFound {
    fn from(found: Found) -> Self {
        Self {
            inquiries_searched: found.searched,
            inquiries_changed: found.changed,
            events_listed: found.listed,
            events_recovered: found.recovered,
            quarantined_confirmed: found.confirmed,
            quarantined_discarded: found.discarded,
            silent_reread: found.reread,
            silent_changed: found.overdue,
            lists_refused: found.refused,
            errors: found.errors,
        }
    }
}

impl Reconcile {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        if let Some(Verb::Status(status)) = self.verb {
            return status.run().await;
        }
        let (config, app) = self.common.app().await?;
        let now = app.clock().now();
        let since = self.since.as_deref().map(|text| moment(text, now)).transpose()?;
        let what = "reconciliation asks Persona what webhooks did not bring";
        let names = open::asking(&config, self.environment.as_deref(), what)?;
        for name in &names {
            app.record_act(&open::operator(None), Act::Reconcile, None, name).await?;
            let bar = progress_bar(name);
            let run = app.reconcile(name, Why::Asked, since, |run| show(&bar, run)).await;
            bar.finish_and_clear();
            app.give_back_budgets().await;
            let run = run.with_context(|| format!("the reconciliation of {name} is not through; run it again"))?;
            if !self.common.json {
                println!("{name}: {}", in_words(&run.found));
            }
        }
        if self.common.json {
            let mut known = app.reconciliations().await?;
            known.retain(|known| names.contains(&known.environment));
            output::json(&known.iter().map(|known| Wire::of(known, now)).collect::<Vec<_>>())?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Status {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let (_, app) = self.common.app().await?;
        let known = app.reconciliations().await?;
        let now = Clock::System.now();
        if self.common.json {
            output::json(&known.iter().map(|known| Wire::of(known, now)).collect::<Vec<_>>())?;
            return Ok(ExitCode::SUCCESS);
        }
        let rows: Vec<Vec<String>> = known.iter().map(|known| row(known, now)).collect();
        output::table(&["ENVIRONMENT", "RECONCILED UNTIL", "LATEST RUN", "STAGE", "FOUND", "ERROR"], &rows);
        Ok(ExitCode::SUCCESS)
    }
}

fn row(known: &Reconciliation, now: Timestamp) -> Vec<String> {
    let run = known.run.as_ref();
    vec![
        known.environment.to_string(),
        output::time(known.reconciled_until, now),
        or_dash(run.map(|run| output::time(run.began_at, now))),
        or_dash(run.map(|run| run.stage)),
        or_dash(run.map(|run| in_words(&run.found))),
        run.and_then(|run| run.error.clone()).unwrap_or_default(),
    ]
}

fn in_words(found: &Found) -> String {
    let parts = [
        (found.changed, "inquiries had changed"),
        (found.recovered, "events had not come"),
        (found.confirmed, "quarantined events confirmed"),
        (found.discarded, "quarantined events discarded"),
        (found.overdue, "silent inquiries had changed"),
        (found.errors, "answers passed over"),
    ];
    let told: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if told.is_empty() { "nothing was missing".to_owned() } else { told.join(", ") }
}

fn moment(text: &str, now: Timestamp) -> anyhow::Result<Timestamp> {
    if let Ok(ago) = parse_duration(text) {
        return Ok(now.minus(ago));
    }
    match Timestamp::parse(text) {
        Ok(at) if at <= now => Ok(at),
        Ok(_) => bail!("--since {text}: is in the future"),
        Err(_) => bail!("--since {text}: write a time like 2026-03-01T08:00:00Z, or how long ago, like 2d"),
    }
}

/// Drawn on a terminal only.
fn progress_bar(name: &EnvironmentName) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_prefix(name.to_string());
    match ProgressStyle::with_template("{spinner} {prefix}: {msg} ({elapsed})") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn show(bar: &ProgressBar, run: &Run) {
    let stage = match run.stage {
        Stage::Search => format!("{} inquiries looked at", run.found.searched),
        Stage::Events => format!("{} events looked at, {} had not come", run.found.listed, run.found.recovered),
        Stage::Quarantine => "quarantined events".to_owned(),
        Stage::Reread => format!("{} silent inquiries read", run.found.reread),
        Stage::Done => "done".to_owned(),
    };
    bar.set_message(stage);
    bar.tick();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_or_told_by_how_long_ago_it_was() {
        let now = Timestamp::parse("2026-03-03T08:00:00Z").unwrap();
        for (text, expected) in [("2d", "2026-03-01T08:00:00Z"), ("2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z")] {
            assert_eq!(moment(text, now).unwrap().to_string(), expected);
        }
        for text in ["2026-03-04T00:00:00Z", "yesterday", ""] {
            assert!(moment(text, now).is_err(), "{text}");
        }
    }

    #[test]
    fn what_was_found_is_said_in_words() {
        assert_eq!(in_words(&Found::default()), "nothing was missing");
        let found = Found { changed: 2, recovered: 5, ..Found::default() };
        assert_eq!(in_words(&found), "2 inquiries had changed, 5 events had not come");
    }
}
