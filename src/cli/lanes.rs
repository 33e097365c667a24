//! `rekindle lanes`: which kinds of work are performed in which environment, and in what order.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::app::lanes::LaneChange;
use crate::cli::open::operator;
use crate::cli::{Common, output};
use crate::clock::Clock;
use crate::domain::action::{Kind, State};
use crate::domain::ids::EnvironmentName;
use crate::storage::Database;
use crate::storage::actions::{Count, Lane, LaneSetting};

#[derive(Debug, Subcommand)]
pub(super) enum Lanes {
    /// Every lane: a kind of action in an environment
    List(List),
    /// Perform nothing of a lane from now on; what is under way may end
    Pause(Change),
    /// Perform a paused lane again
    Resume(Change),
    /// Perform a lane before those with a lower number
    Priority(Priority),
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(super) struct Change {
    #[command(flatten)]
    common: Common,
    /// Of this environment
    #[arg(long)]
    environment: String,
    /// Of this kind, such as remind
    #[arg(long)]
    kind: String,
    /// Why; kept with the lane
    #[arg(long)]
    reason: String,
    /// Who decides so; whom the shell names, if nobody is named here
    #[arg(long)]
    by: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Priority {
    #[command(flatten)]
    change: Change,
    /// 0 is what a lane has to begin with; a higher one goes first
    #[arg(allow_negative_numbers = true)]
    priority: i32,
}

/// A lane as programs see it.
#[derive(Serialize)]
struct Wire {
    environment: String,
    kind: &'static str,
    priority: i32,
    paused: bool,
    reason: Option<String>,
    changed_by: Option<String>,
    changed_at: Option<String>,
    planned: u64,
    running: u64,
    failed: u64,
}

impl Lanes {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::List(list) => list.run().await,
            Self::Pause(change) => change.make(LaneChange::Pause).await,
            Self::Resume(change) => change.make(LaneChange::Resume).await,
            Self::Priority(Priority { change, priority }) => change.make(LaneChange::Priority(priority)).await,
        }
    }
}

impl List {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let (_, app) = self.common.app().await?;
        let lanes = app.lane_settings().await?;
        let counts = app.database().read().await?.counts().await?;
        if self.common.json {
            let lanes: Vec<Wire> =
                lanes.iter().map(|(lane, setting)| Wire::of(lane, setting.as_ref(), &counts)).collect();
            output::json(&lanes)?;
        } else {
            print(&lanes, &counts);
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Change {
    async fn make(self, change: LaneChange) -> anyhow::Result<ExitCode> {
        let environment = EnvironmentName::parse(&self.environment).context("--environment")?;
        let kind = kind(&self.kind)?;
        let (config, app) = self.common.app().await?;
        if !config.environments.contains_key(&environment) {
            let known: Vec<&str> = config.environments.keys().map(EnvironmentName::as_str).collect();
            bail!("--environment {environment}: it is not configured; there are: {}", known.join(", "));
        }
        let setting = app.change_lane(&environment, kind, change, &operator(self.by.as_deref()), &self.reason).await?;
        if self.common.json {
            let counts = app.database().read().await?.counts().await?;
            output::json(&Wire::of(&setting.lane, Some(&setting), &counts))?;
        } else {
            let state = if setting.paused { "paused" } else { "performed" };
            println!("{environment}/{kind} is {state}, with priority {}", setting.priority);
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Reads a kind as operators write it.
pub(super) fn kind(word: &str) -> anyhow::Result<Kind> {
    let known = || Kind::ALL.map(Kind::as_str).join(", ");
    Kind::ALL.into_iter().find(|kind| kind.as_str() == word).with_context(|| format!("--kind {word}: use {}", known()))
}

/// Says on standard error which lanes are paused, where a list might make one wonder why nothing happens.
pub(super) async fn note_paused(database: &Database) -> anyhow::Result<()> {
    for setting in database.read().await?.lane_settings().await?.iter().filter(|setting| setting.paused) {
        let LaneSetting { lane: (environment, kind), reason, changed_by, changed_at, .. } = setting;
        eprintln!("rekindle: {environment}/{kind} is paused by {changed_by} since {changed_at}: {reason}");
    }
    Ok(())
}

fn count(counts: &[Count], lane: &Lane, state: State) -> u64 {
    let found = counts.iter().find(|count| (&count.environment, count.kind, count.state) == (&lane.0, lane.1, state));
    found.map_or(0, |count| count.count)
}

impl Wire {
    fn of(lane: &Lane, setting: Option<&LaneSetting>, counts: &[Count]) -> Self {
        Self {
            environment: lane.0.to_string(),
            kind: lane.1.as_str(),
            priority: setting.map_or(0, |setting| setting.priority),
            paused: setting.is_some_and(|setting| setting.paused),
            reason: setting.map(|setting| setting.reason.clone()),
            changed_by: setting.map(|setting| setting.changed_by.clone()),
            changed_at: setting.map(|setting| setting.changed_at.to_string()),
            planned: count(counts, lane, State::Planned),
            running: count(counts, lane, State::Running),
            failed: count(counts, lane, State::Failed),
        }
    }
}

fn print(lanes: &[(Lane, Option<LaneSetting>)], counts: &[Count]) {
    let now = Clock::System.now();
    let rows: Vec<Vec<String>> = lanes
        .iter()
        .map(|(lane, setting)| {
            let state = if setting.as_ref().is_some_and(|setting| setting.paused) { "paused" } else { "performed" };
            let number = |state| count(counts, lane, state).to_string();
            let setting = setting.as_ref();
            vec![
                lane.0.to_string(),
                lane.1.to_string(),
                setting.map_or(0, |setting| setting.priority).to_string(),
                state.to_owned(),
                number(State::Planned),
                number(State::Running),
                number(State::Failed),
                output::or_dash(setting.map(|setting| output::time(setting.changed_at, now))),
                output::or_dash(setting.map(|setting| &setting.changed_by)),
                setting.map_or_else(String::new, |setting| setting.reason.clone()),
            ]
        })
        .collect();
    let headings =
        ["ENVIRONMENT", "KIND", "PRIORITY", "STATE", "PLANNED", "RUNNING", "FAILED", "CHANGED", "BY", "REASON"];
    output::table(&headings, &rows);
}
