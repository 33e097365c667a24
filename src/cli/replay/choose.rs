//! What is chosen, and what would come of it.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;

use super::{begin, show};
use crate::app::replay::{ActionChoice, Choice, Ended, EventChoice, ReasonMatch, ReplayFilter};
use crate::cli::Common;
use crate::cli::because::Because;
use crate::cli::filters::{moment, parsed};
use crate::cli::lanes::kind;
use crate::cli::open::{one_environment, operator};
use crate::domain::ids::{ActionId, CustomerName, EventId, TemplateId};
use crate::domain::time::Timestamp;
use crate::storage::events::Outcome;

/// What both choices take.
#[derive(Debug, Args)]
struct Asked {
    #[command(flatten)]
    common: Common,
    /// Of this environment; needed only where there are several
    #[arg(long)]
    environment: Option<String>,
    /// Only this one; give it several times for several
    #[arg(long = "id", value_name = "ID")]
    ids: Vec<String>,
    /// From this time on, a time or how long ago ("2d"): ended, or first received
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Before this time
    #[arg(long, value_name = "TIME")]
    before: Option<String>,
    /// Begin at most so many in a minute; the budget may allow fewer
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    per_minute: Option<u32>,
    /// Only look at what it would do; so without --yes
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Start it at once, when it was looked at
    #[arg(long)]
    yes: bool,
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
pub(in crate::cli) struct Actions {
    #[command(flatten)]
    asked: Asked,
    /// How they ended: failed or cancelled
    #[arg(long, default_value = "failed")]
    state: String,
    /// Of this kind, such as remind
    #[arg(long)]
    kind: Option<String>,
    /// With exactly this error or reason
    #[arg(long, value_name = "TEXT", conflicts_with = "error_contains")]
    error: Option<String>,
    /// With this somewhere in their error or reason, in capitals or not
    #[arg(long, value_name = "TEXT")]
    error_contains: Option<String>,
    /// For inquiries of this template, `itmpl_…`
    #[arg(long)]
    template: Option<String>,
    /// For inquiries of this customer
    #[arg(long)]
    customer: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Events {
    #[command(flatten)]
    asked: Asked,
    /// Of this name, such as inquiry.expired
    #[arg(long)]
    name: Option<String>,
    /// With this outcome: applied, ignored, unreadable, or quarantined, which releases them
    #[arg(long)]
    outcome: Option<String>,
}

impl Actions {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let state =
            Ended::parse(&self.state).with_context(|| format!("--state {}: use failed or cancelled", self.state))?;
        let exact = self.error.clone().map(ReasonMatch::Is);
        let choice = ActionChoice {
            state,
            kind: self.kind.as_deref().map(kind).transpose()?,
            reason: exact.or(self.error_contains.clone().map(ReasonMatch::Contains)),
            template: parsed("--template", self.template.as_deref(), TemplateId::parse)?,
            customer: parsed("--customer", self.customer.as_deref(), CustomerName::parse)?,
            ids: self.asked.ids.iter().map(|id| ActionId::parse(id).context("--id")).collect::<Result<_, _>>()?,
            ..ActionChoice::default()
        };
        self.asked.run(|from, before| Choice::Actions(ActionChoice { from, before, ..choice })).await
    }
}

impl Events {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let outcome = |word: &str| {
            let known = Outcome::parse(word);
            known.with_context(|| format!("--outcome {word}: use applied, ignored, unreadable or quarantined"))
        };
        let choice = EventChoice {
            name: self.name.clone(),
            outcome: self.outcome.as_deref().map(outcome).transpose()?,
            ids: self.asked.ids.iter().map(|id| EventId::parse(id).context("--id")).collect::<Result<_, _>>()?,
            ..EventChoice::default()
        };
        self.asked.run(|from, before| Choice::Events(EventChoice { from, before, ..choice })).await
    }
}

impl Asked {
    async fn run(
        self,
        choice: impl FnOnce(Option<Timestamp>, Option<Timestamp>) -> Choice,
    ) -> anyhow::Result<ExitCode> {
        // A reason that is missing is asked for before anything is looked at, and not after a minute of that.
        let why = if self.yes { Some(self.why.said()?) } else { None };
        let (config, app) = self.common.app().await?;
        let environment = one_environment(&config, self.environment.as_deref())?;
        let now = app.clock().now();
        let from = moment("--from", self.from.as_deref(), now)?;
        let before = moment("--before", self.before.as_deref(), now)?;
        let filter = ReplayFilter { environment, of: choice(from, before) };
        let desk = app.desk(operator(self.by.as_deref()), why.clone());
        let replay = desk.preview_replay(filter, self.per_minute).await?;
        let Some(why) = why else {
            show::preview(&replay, self.common.json)?;
            return Ok(ExitCode::SUCCESS);
        };
        if replay.preview.matched == 0 {
            bail!("nothing matches, so there is nothing to start");
        }
        if !self.common.json {
            show::preview_alone(&replay);
        }
        begin(&app, &replay.id, why, self.by.as_deref(), (self.detach, self.common.json)).await
    }
}
