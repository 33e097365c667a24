//! `rekindle actions`: what is planned, what was tried, and an operator's hand on it.

use std::process::ExitCode;

use anyhow::{Context, anyhow};
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::app::desk::ActError;
use crate::app::operate::OperateError;
use crate::app::queries::in_words;
use crate::cli::Common;
use crate::cli::because::Because;
use crate::cli::filters::{self, Listing};
use crate::cli::lanes::{self, kind};
use crate::cli::open::operator;
use crate::cli::output::{self};
use crate::clock::Clock;
use crate::domain::action::{Action, CancelledBy, State};
use crate::domain::ids::{ActionId, InquiryId};
use crate::domain::time::Timestamp;
use crate::storage::actions::{ActionFilter, Attempt};

#[derive(Debug, Subcommand)]
pub(super) enum Actions {
    /// Actions, newest first
    List(List),
    /// One action with every attempt
    Show(One),
    /// Make a failed or cancelled action due now; the plan is still asked before anyone is troubled
    Retry(Retry),
    /// Cancel a planned or running action for good
    Cancel(Cancel),
    /// Put a planned action to another time; a reminder to one before its deadline
    Reschedule(Reschedule),
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    listing: Listing,
    /// For this inquiry
    #[arg(long)]
    inquiry: Option<String>,
    /// In this state: planned, running, done, failed or cancelled
    #[arg(long)]
    state: Option<String>,
    /// Of this kind, such as remind
    #[arg(long)]
    kind: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct One {
    #[command(flatten)]
    common: Common,
    /// The action's id
    id: String,
}

#[derive(Debug, Args)]
pub(super) struct Retry {
    #[command(flatten)]
    common: Common,
    /// The action's id
    id: String,
    #[command(flatten)]
    why: Because,
}

#[derive(Debug, Args)]
pub(super) struct Reschedule {
    #[command(flatten)]
    common: Common,
    /// The action's id
    id: String,
    /// The new time, such as 2026-11-23T08:00:00Z
    #[arg(long, value_name = "TIME")]
    to: String,
    #[command(flatten)]
    why: Because,
}

#[derive(Debug, Args)]
pub(super) struct Cancel {
    #[command(flatten)]
    common: Common,
    /// The action's id
    id: String,
    #[command(flatten)]
    why: Because,
}

/// An action as programs see it.
#[derive(Serialize)]
struct Wire {
    id: String,
    environment: String,
    kind: &'static str,
    what: String,
    inquiry_id: String,
    state: &'static str,
    due_at: String,
    attempts: u32,
    max_attempts: u32,
    reason: Option<String>,
    cancelled_by: Option<&'static str>,
    created_at: String,
    finished_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    history: Option<Vec<WireAttempt>>,
}

#[derive(Serialize)]
struct WireAttempt {
    number: u32,
    started_at: String,
    ended_at: String,
    worker: String,
    outcome: String,
    error: Option<String>,
}

impl From<&Action> for Wire {
    fn from(action: &Action) -> Self {
        Self {
            id: action.planned.id.to_string(),
            environment: action.planned.environment.to_string(),
            kind: action.planned.work.kind().as_str(),
            what: in_words(action),
            inquiry_id: action.planned.inquiry.to_string(),
            state: action.state.as_str(),
            due_at: action.planned.due_at.to_string(),
            attempts: action.attempts,
            max_attempts: action.max_attempts,
            reason: action.reason.clone(),
            cancelled_by: action.cancelled_by.map(CancelledBy::as_str),
            created_at: action.created_at.to_string(),
            finished_at: action.finished_at.map(|at| at.to_string()),
            history: None,
        }
    }
}

impl From<Attempt> for WireAttempt {
    fn from(attempt: Attempt) -> Self {
        Self {
            number: attempt.number,
            started_at: attempt.started_at.to_string(),
            ended_at: attempt.ended_at.to_string(),
            worker: attempt.worker,
            outcome: attempt.outcome.to_string(),
            error: attempt.error,
        }
    }
}

impl Actions {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::List(list) => list.run().await,
            Self::Show(one) => one.show().await,
            Self::Retry(retry) => retry.run().await,
            Self::Cancel(cancel) => cancel.run().await,
            Self::Reschedule(reschedule) => reschedule.run().await,
        }
    }
}

impl List {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let filter = ActionFilter {
            environment: self.listing.environment()?,
            inquiry: filters::parsed("--inquiry", self.inquiry.as_deref(), InquiryId::parse)?,
            state: self.state.as_deref().map(state).transpose()?,
            kind: self.kind.as_deref().map(kind).transpose()?,
            ..ActionFilter::default()
        };
        let (_, database) = self.listing.common.database().await?;
        let page = database.read().await?.list_actions(&filter, None, self.listing.limit).await?;
        output::note_cut(page.next.is_some(), self.listing.limit);
        lanes::note_paused(&database).await?;
        output::note_unreadable(&page.unreadable);
        if self.listing.common.json {
            let actions: Vec<Wire> = page.items.iter().map(Wire::from).collect();
            output::json(&actions)?;
        } else {
            print(&page.items);
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn state(word: &str) -> anyhow::Result<State> {
    State::parse(word).with_context(|| format!("--state {word}: use planned, running, done, failed or cancelled"))
}

fn print(actions: &[Action]) {
    let now = Clock::System.now();
    let rows: Vec<Vec<String>> = actions
        .iter()
        .map(|action| {
            vec![
                output::time(action.planned.due_at, now),
                action.planned.environment.to_string(),
                in_words(action),
                action.planned.inquiry.to_string(),
                action.state.to_string(),
                format!("{}/{}", action.attempts, action.max_attempts),
                action.planned.id.to_string(),
                action.reason.clone().unwrap_or_default(),
            ]
        })
        .collect();
    output::table(&["DUE", "ENVIRONMENT", "ACTION", "INQUIRY", "STATE", "ATTEMPTS", "ID", "REASON"], &rows);
}

impl One {
    fn id(&self) -> anyhow::Result<ActionId> {
        action_id(&self.id)
    }

    async fn show(self) -> anyhow::Result<ExitCode> {
        let id = self.id()?;
        let (_, database) = self.common.database().await?;
        let mut tx = database.read().await?;
        let action = tx.action(&id).await?.ok_or_else(|| unknown(&id))?;
        let history = tx.attempts(&id).await?.into_iter().map(WireAttempt::from).collect();
        output::json(&Wire { history: Some(history), ..Wire::from(&action) })?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Retry {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let (id, why) = (action_id(&self.id)?, self.why.said()?);
        let (_, app) = self.common.app().await?;
        let action = app.retry_action(&id, &why, &operator(None)).await.map_err(explained)?;
        told(&self.common, &action, "is due now")
    }
}

impl Cancel {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let (id, why) = (action_id(&self.id)?, self.why.said()?);
        let (_, app) = self.common.app().await?;
        let action = app.cancel_action(&id, &why, &operator(None)).await.map_err(explained)?;
        told(&self.common, &action, "is cancelled")
    }
}

impl Reschedule {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let to = Timestamp::parse(&self.to).context("--to")?;
        let (id, why) = (action_id(&self.id)?, self.why.said()?);
        let (_, app) = self.common.app().await?;
        let action = app.desk(operator(None), Some(why)).reschedule(&id, to).await.map_err(|why| match why {
            ActError::Unknown(_) => unknown(&id),
            other => other.into(),
        })?;
        told(&self.common, &action, &format!("is due at {to}"))
    }
}

fn action_id(text: &str) -> anyhow::Result<ActionId> {
    ActionId::parse(text).with_context(|| format!("{text:?} is no action id"))
}

fn unknown(id: &ActionId) -> anyhow::Error {
    anyhow!("there is no action {id}; `rekindle actions list` shows those there are")
}

fn explained(why: OperateError) -> anyhow::Error {
    match why {
        OperateError::Unknown(id) => unknown(&id),
        other => other.into(),
    }
}

fn told(common: &Common, action: &Action, what: &str) -> anyhow::Result<ExitCode> {
    if common.json {
        output::json(&Wire::from(action))?;
    } else {
        println!("{}: {} for {} {what}", action.planned.id, in_words(action), action.planned.inquiry);
    }
    Ok(ExitCode::SUCCESS)
}
