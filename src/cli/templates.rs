//! `rekindle templates`: which versions are known, and how far everyone is planned anew for the latest.

use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::app::App;
use crate::app::templates::{Forecast, RunChange, TemplateStory, VersionStory};
use crate::cli::Common;
use crate::cli::because::Because;
use crate::cli::open::{one_environment, operator};
use crate::cli::output::{self, or_dash};
use crate::clock::Clock;
use crate::domain::ids::{EnvironmentName, TemplateId};
use crate::domain::rules::Step;
use crate::domain::template::TemplateSource;
use crate::domain::time::Timestamp;
use crate::storage::template_runs::{Poll, PollOutcome, TemplateRun};

#[derive(Debug, Subcommand)]
pub(super) enum Templates {
    /// Every template: its latest version, and how many open inquiries are of another one
    List(List),
    /// One template: its versions, where each is known from, and how far it is planned for everyone
    Show(One),
    /// Plan every open inquiry of a template anew for its latest version, nearest deadline first
    Replace(Replace),
    /// Hold a run where it is; what it planned already is performed (to hold that: `rekindle lanes pause`)
    Pause(Change),
    /// Go on with a run that was held
    Resume(Change),
    /// End a run; what it planned already is performed (to hold that: `rekindle lanes pause`)
    Cancel(Change),
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    common: Common,
    /// Only of this environment
    #[arg(long)]
    environment: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct One {
    #[command(flatten)]
    common: Common,
    /// Of this environment; needed only where there are several
    #[arg(long)]
    environment: Option<String>,
    /// The template, `itmpl_…`
    id: String,
}

#[derive(Debug, Args)]
pub(super) struct Replace {
    #[command(flatten)]
    one: One,
    /// Only say who, how many calls that takes, and how long
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    why: Because,
    /// Who decides so; whom the shell names, if nobody is named here
    #[arg(long)]
    by: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Change {
    #[command(flatten)]
    one: One,
    #[command(flatten)]
    why: Because,
    /// Who decides so; whom the shell names, if nobody is named here
    #[arg(long)]
    by: Option<String>,
}

/// A template as programs see it.
#[derive(Serialize)]
struct Wire {
    environment: String,
    id: String,
    name: Option<String>,
    latest_version: Option<String>,
    latest_version_source: Option<&'static str>,
    latest_version_told_for: Option<String>,
    open: u64,
    open_outdated: u64,
    open_of_unknown_version: u64,
    versions: Vec<WireVersion>,
}

#[derive(Serialize)]
struct WireVersion {
    id: String,
    open: u64,
    run: Option<WireRun>,
}

/// A run as programs see it.
#[derive(Serialize)]
struct WireRun {
    version: String,
    state: &'static str,
    source: Option<&'static str>,
    told_for: Option<String>,
    began_at: String,
    last_step_at: String,
    ended_at: Option<String>,
    looked_at: u64,
    outdated: u64,
    errors: u64,
    changed_by: String,
    reason: String,
}

/// A forecast as programs see it.
#[derive(Serialize)]
struct WireForecast {
    environment: String,
    template: String,
    version: String,
    inquiries: Vec<WireStanding>,
    calls: u64,
    calls_per_minute: u32,
    minutes: i64,
}

#[derive(Serialize)]
struct WireStanding {
    decision: &'static str,
    status: String,
    count: u64,
}

impl Templates {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::List(list) => list.run().await,
            Self::Show(one) => one.show().await,
            Self::Replace(replace) => replace.run().await,
            Self::Pause(change) => change.make(RunChange::Pause).await,
            Self::Resume(change) => change.make(RunChange::Resume).await,
            Self::Cancel(change) => change.make(RunChange::Cancel).await,
        }
    }
}

impl List {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let (config, app) = self.common.app().await?;
        let names: Vec<EnvironmentName> = match &self.environment {
            Some(_) => vec![one_environment(&config, self.environment.as_deref())?],
            None => config.environments.keys().cloned().collect(),
        };
        let now = Clock::System.now();
        let mut stories = Vec::new();
        for name in names {
            let (of_environment, poll) = app.templates(&name).await?;
            note_poll(&name, poll.as_ref());
            stories.extend(of_environment);
        }
        if self.common.json {
            output::json(&stories.iter().map(Wire::of).collect::<Vec<_>>())?;
        } else {
            let headings = ["ENVIRONMENT", "ID", "NAME", "LATEST VERSION", "FROM", "SINCE", "OPEN", "OUTDATED", "RUN"];
            output::table(&headings, &stories.iter().map(|story| row(story, now)).collect::<Vec<_>>());
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl One {
    async fn open(&self) -> anyhow::Result<(App, EnvironmentName, TemplateId)> {
        let (config, app) = self.common.app().await?;
        let environment = one_environment(&config, self.environment.as_deref())?;
        Ok((app, environment, TemplateId::parse(&self.id).context("the template's id")?))
    }

    async fn show(self) -> anyhow::Result<ExitCode> {
        let (app, environment, id) = self.open().await?;
        let story = app.template(&environment, &id).await?;
        if self.common.json {
            output::json(&Wire::of(&story))?;
        } else {
            print(&story, Clock::System.now());
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Replace {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let (app, environment, id) = self.one.open().await?;
        let json = self.one.common.json;
        if self.dry_run {
            let forecast = app.forecast_replacements(&environment, &id).await?;
            if json {
                output::json(&WireForecast::of(&forecast))?;
            } else {
                print_forecast(&forecast);
            }
            return Ok(ExitCode::SUCCESS);
        }
        let why = self.why.said()?;
        let key = app.begin_template_run(&environment, &id, &operator(self.by.as_deref()), &why).await?;
        let story = app.template(&environment, &id).await?;
        let run = story.versions.iter().find(|version| version.id == key.version).and_then(|found| found.run.as_ref());
        if json {
            output::json(&run.map(WireRun::of))?;
        } else {
            println!("{id} is planned anew for {} by the processes that serve; see `templates show {id}`", key.version);
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Change {
    async fn make(self, change: RunChange) -> anyhow::Result<ExitCode> {
        let why = self.why.said()?;
        let (app, environment, id) = self.one.open().await?;
        let run = app.change_template_run(&environment, &id, change, &operator(self.by.as_deref()), &why).await?;
        if self.one.common.json {
            output::json(&WireRun::of(&run))?;
        } else {
            println!("the run of {id} for {} is {}", run.key.version, run.state);
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Says on standard error why versions may be missing.
fn note_poll(environment: &EnvironmentName, poll: Option<&Poll>) {
    let Some(Poll { at, outcome: PollOutcome::Refused | PollOutcome::Failed, error }) = poll else { return };
    let error = error.as_deref().unwrap_or("no reason was given");
    eprintln!(
        "rekindle: Persona's list of templates of {environment} could not be asked for at {at}: {error}; new versions \
         are learnt from webhooks and readings"
    );
}

fn outdated(story: &TemplateStory) -> u64 {
    let latest = story.known.template.latest_version.as_ref();
    let of_others = story.versions.iter().filter(|version| latest.is_some_and(|latest| version.id != *latest));
    of_others.map(|version| version.open).sum()
}

fn open(story: &TemplateStory) -> u64 {
    story.versions.iter().map(|version| version.open).sum::<u64>() + story.open_of_unknown
}

fn source(story: &TemplateStory) -> Option<TemplateSource> {
    story.known.template.latest_version.as_ref().map(|_| story.known.template.source)
}

impl Wire {
    fn of(story: &TemplateStory) -> Self {
        let template = &story.known.template;
        Self {
            environment: story.known.environment.to_string(),
            id: template.id.to_string(),
            name: template.name.clone(),
            latest_version: template.latest_version.as_ref().map(ToString::to_string),
            latest_version_source: source(story).map(TemplateSource::as_str),
            latest_version_told_for: story.known.version_told_for.map(|at| at.to_string()),
            open: open(story),
            open_outdated: outdated(story),
            open_of_unknown_version: story.open_of_unknown,
            versions: story.versions.iter().map(WireVersion::of).collect(),
        }
    }
}

impl WireVersion {
    fn of(version: &VersionStory) -> Self {
        Self { id: version.id.to_string(), open: version.open, run: version.run.as_ref().map(WireRun::of) }
    }
}

impl WireRun {
    fn of(run: &TemplateRun) -> Self {
        Self {
            version: run.key.version.to_string(),
            state: run.state.as_str(),
            source: run.source.map(TemplateSource::as_str),
            told_for: run.told_for.map(|at| at.to_string()),
            began_at: run.began_at.to_string(),
            last_step_at: run.touched_at.to_string(),
            ended_at: run.ended_at.map(|at| at.to_string()),
            looked_at: run.progress.looked_at,
            outdated: run.progress.outdated,
            errors: run.progress.errors,
            changed_by: run.changed_by.clone(),
            reason: run.reason.clone(),
        }
    }
}

impl WireForecast {
    fn of(forecast: &Forecast) -> Self {
        let standing = |(of, count): (&crate::app::templates::Standing, &u64)| WireStanding {
            decision: of.standing.as_str(),
            status: of.status.clone(),
            count: *count,
        };
        Self {
            environment: forecast.key.environment.to_string(),
            template: forecast.key.template.to_string(),
            version: forecast.key.version.to_string(),
            inquiries: forecast.standings.iter().map(standing).collect(),
            calls: forecast.calls,
            calls_per_minute: forecast.calls_per_minute,
            minutes: forecast.duration().as_mins(),
        }
    }
}

fn row(story: &TemplateStory, now: Timestamp) -> Vec<String> {
    let template = &story.known.template;
    let latest = template.latest_version.as_ref();
    let run = story.versions.iter().find(|version| Some(&version.id) == latest).and_then(|found| found.run.as_ref());
    vec![
        story.known.environment.to_string(),
        template.id.to_string(),
        or_dash(template.name.as_ref()),
        or_dash(latest),
        or_dash(source(story).map(TemplateSource::as_str)),
        or_dash(story.known.version_told_for.map(|at| output::time(at, now))),
        open(story).to_string(),
        outdated(story).to_string(),
        or_dash(run.map(|run| run.state)),
    ]
}

fn print(story: &TemplateStory, now: Timestamp) {
    let template = &story.known.template;
    println!("{} in {}: {}", template.id, story.known.environment, or_dash(template.name.as_ref()));
    let rows: Vec<Vec<String>> = story
        .versions
        .iter()
        .map(|version| {
            let run = version.run.as_ref();
            vec![
                version.id.to_string(),
                version.open.to_string(),
                run.and_then(|run| run.source).map_or("seen on inquiries", TemplateSource::as_str).to_owned(),
                or_dash(run.and_then(|run| run.told_for).map(|at| output::time(at, now))),
                or_dash(run.map(|run| run.state)),
                or_dash(run.map(|run| run.progress.looked_at)),
                or_dash(run.map(|run| run.progress.outdated)),
                or_dash(run.map(|run| run.progress.errors)),
                run.map_or_else(String::new, |run| format!("{} ({})", run.reason, run.changed_by)),
            ]
        })
        .collect();
    output::table(&["VERSION", "OPEN", "FROM", "SINCE", "RUN", "LOOKED AT", "OUTDATED", "ERRORS", "WHY"], &rows);
    if story.open_of_unknown > 0 {
        println!("{} open inquiries do not say of which version they are", story.open_of_unknown);
    }
}

fn print_forecast(forecast: &Forecast) {
    let Forecast { key, standings, calls, calls_per_minute } = forecast;
    let rows: Vec<Vec<String>> = standings
        .iter()
        .map(|(of, count)| vec![of.standing.as_str().to_owned(), of.status.clone(), count.to_string()])
        .collect();
    println!("Open inquiries of {}, seen from its latest version {}:", key.template, key.version);
    output::table(&["DECISION", "STATUS", "INQUIRIES"], &rows);
    if *calls > 0 {
        let duration = Step::Left(forecast.duration());
        println!("{calls} calls to Persona; at {calls_per_minute} a minute that takes about {duration}");
    }
}
