//! `rekindle replay`: many actions made due again, or events applied again, looked at first.

mod choose;
mod show;
mod watch;

use std::process::ExitCode;

use anyhow::{Context, anyhow};
use clap::{Args, Subcommand};

use crate::app::App;
use crate::app::desk::ActError;
use crate::app::replay::{ReplayChange, ReplayError};
use crate::cli::because::Because;
use crate::cli::open::operator;
use crate::cli::{Common, filters, output};
use crate::domain::ids::{EnvironmentName, ReplayId};

#[derive(Debug, Subcommand)]
pub(super) enum Replay {
    /// Make actions due again that were given up or cancelled; without --yes only look at what that would do
    Actions(Box<choose::Actions>),
    /// Apply events again: nothing changes where nothing was missed; without --yes only look at what that would do
    Events(Box<choose::Events>),
    /// Start what was looked at; started twice, it is the same replay
    Start(Start),
    /// Replays, the latest first
    List(List),
    /// One replay with its report
    Show(One),
    /// Watch a replay until it ends
    Watch(One),
    /// Hold a replay where it is; what was made due is performed
    Pause(Change),
    /// Go on with a replay that was held
    Resume(Change),
    /// End a replay; what was made due is performed
    Cancel(Change),
}

#[derive(Debug, Args)]
pub(super) struct Start {
    #[command(flatten)]
    common: Common,
    /// The preview's id, `rpl_…`
    id: String,
    #[command(flatten)]
    why: Because,
    /// Who decides so; whom the shell names, if nobody is named here
    #[arg(long)]
    by: Option<String>,
    /// Don't watch it: the processes that serve go on with it by themselves
    #[arg(long)]
    detach: bool,
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    common: Common,
    /// Of this environment
    #[arg(long)]
    environment: Option<String>,
    /// The most to list
    #[arg(long, default_value_t = 100)]
    limit: u32,
}

#[derive(Debug, Args)]
pub(super) struct One {
    #[command(flatten)]
    common: Common,
    /// The replay's id, `rpl_…`
    id: String,
}

#[derive(Debug, Args)]
pub(super) struct Change {
    #[command(flatten)]
    common: Common,
    /// The replay's id, `rpl_…`
    id: String,
    #[command(flatten)]
    why: Because,
    /// Who decides so; whom the shell names, if nobody is named here
    #[arg(long)]
    by: Option<String>,
}

impl Replay {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Actions(actions) => actions.run().await,
            Self::Events(events) => events.run().await,
            Self::Start(start) => start.run().await,
            Self::List(list) => list.run().await,
            Self::Show(one) => one.show().await,
            Self::Watch(one) => one.watch().await,
            Self::Pause(change) => change.make(ReplayChange::Pause).await,
            Self::Resume(change) => change.make(ReplayChange::Resume).await,
            Self::Cancel(change) => change.make(ReplayChange::Cancel).await,
        }
    }
}

impl Start {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let id = replay_id(&self.id)?;
        let why = self.why.said()?;
        let (_, app) = self.common.app().await?;
        begin(&app, &id, why, self.by.as_deref(), (self.detach, self.common.json)).await
    }
}

impl List {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let environment = filters::parsed("--environment", self.environment.as_deref(), EnvironmentName::parse)?;
        let (_, app) = self.common.app().await?;
        let page = app.board(None).replays(environment.as_ref(), None, self.limit).await?;
        output::note_cut(page.next.is_some(), self.limit);
        output::note_unreadable(&page.unreadable);
        show::list(&page.items, app.clock().now(), self.common.json)?;
        Ok(ExitCode::SUCCESS)
    }
}

impl One {
    async fn show(self) -> anyhow::Result<ExitCode> {
        let id = replay_id(&self.id)?;
        let (_, app) = self.common.app().await?;
        let story = app.board(None).replay(&id).await?.ok_or_else(|| unknown(&id))?;
        show::story(&story, app.clock().now(), self.common.json)?;
        Ok(ExitCode::SUCCESS)
    }

    async fn watch(self) -> anyhow::Result<ExitCode> {
        let id = replay_id(&self.id)?;
        let (_, app) = self.common.app().await?;
        watch::to_its_end(&app, &id, self.common.json).await
    }
}

impl Change {
    async fn make(self, change: ReplayChange) -> anyhow::Result<ExitCode> {
        let id = replay_id(&self.id)?;
        let why = self.why.said()?;
        let (_, app) = self.common.app().await?;
        let desk = app.desk(operator(self.by.as_deref()), Some(why));
        let replay = desk.change_replay(&id, change).await.map_err(|why| explained(why, &id))?;
        if self.common.json {
            let story = app.board(None).replay(&id).await?.ok_or_else(|| unknown(&id))?;
            show::story(&story, app.clock().now(), true)?;
        } else {
            println!("{id} is {}; {} of what was made due has not ended yet", replay.state, replay.waiting());
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Starts what was previewed, and watches it unless told otherwise.
async fn begin(
    app: &App,
    id: &ReplayId,
    why: String,
    by: Option<&str>,
    (detach, json): (bool, bool),
) -> anyhow::Result<ExitCode> {
    let desk = app.desk(operator(by), Some(why));
    desk.start_replay(id).await.map_err(|why| explained(why, id))?;
    if !detach {
        return watch::to_its_end(app, id, json).await;
    }
    let story = app.board(None).replay(id).await?.ok_or_else(|| unknown(id))?;
    if json {
        show::story(&story, app.clock().now(), true)?;
    } else {
        println!("{id} is {}; `rekindle replay watch {id}` shows how far it is", story.replay.state);
    }
    Ok(ExitCode::SUCCESS)
}

fn replay_id(text: &str) -> anyhow::Result<ReplayId> {
    ReplayId::parse(text).with_context(|| format!("{text:?} is no replay's id"))
}

fn unknown(id: &ReplayId) -> anyhow::Error {
    anyhow!("there is no replay {id}; `rekindle replay list` shows those there are")
}

fn explained(why: ReplayError, id: &ReplayId) -> anyhow::Error {
    match why {
        ReplayError::Act(ActError::Unknown(_)) => unknown(id),
        other => other.into(),
    }
}
