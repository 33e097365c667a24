//! `rekindle inquiries remind`, `revive`, `replace` and `reread`: something done for one person, now.

use std::process::ExitCode;

use anyhow::{Context, anyhow};
use clap::Args;
use serde::Serialize;

use crate::app::access::Renewal;
use crate::app::desk::{ActError, Desk, Reminded};
use crate::cli::because::Because;
use crate::cli::open::operator;
use crate::cli::{Common, output};
use crate::domain::ids::{EnvironmentName, InquiryId};

/// Which inquiry.
#[derive(Debug, Args)]
struct Which {
    #[command(flatten)]
    common: Common,
    /// The environment it lives in
    #[arg(long)]
    environment: String,
    /// The inquiry's id
    id: String,
    /// Who decides so; whom the shell names, if nobody is named here
    #[arg(long)]
    by: Option<String>,
}

/// An act that its person may feel.
#[derive(Debug, Args)]
pub(super) struct Felt {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    why: Because,
}

/// An act that nobody feels.
#[derive(Debug, Args)]
pub(super) struct Unfelt {
    #[command(flatten)]
    which: Which,
    /// Why; kept in the audit
    #[arg(long)]
    reason: Option<String>,
}

/// What came of it, as programs see it.
#[derive(Serialize)]
struct Wire {
    outcome: &'static str,
    inquiry_id: String,
    actions: Vec<String>,
    changed: Vec<&'static str>,
    note: Option<String>,
}

impl Felt {
    pub(super) async fn remind(self) -> anyhow::Result<ExitCode> {
        let (desk, environment, id) = self.desk().await?;
        let reminded = desk.remind_now(&environment, &id).await.map_err(|why| explained(why, &environment, &id))?;
        let (outcome, actions, said) = match reminded {
            Reminded::Earlier(actions) => ("reminder", actions, "is due now"),
            Reminded::ByLink(actions) => ("link", actions, "gets a fresh link, as no reminder is left"),
        };
        let wire = Wire::of(outcome, &id, actions.iter().map(ToString::to_string).collect());
        self.which.told(
            &wire,
            &format!("{id}: {} {said}; the plan is still asked before anyone is troubled", counted(&actions)),
        )
    }

    pub(super) async fn renew(self, renewal: Renewal) -> anyhow::Result<ExitCode> {
        let (desk, environment, id) = self.desk().await?;
        let renewed = Box::pin(desk.renew(&environment, &id, renewal)).await;
        let into = renewed.map_err(|why| explained(why, &environment, &id))?;
        let (outcome, said) = match renewal {
            Renewal::Revive => ("revived", format!("{into} is resumed")),
            Renewal::Replace => ("replaced", format!("{into} took the place of {id}")),
        };
        self.which.told(&Wire::of(outcome, &into, Vec::new()), &said)
    }

    async fn desk(&self) -> anyhow::Result<(Desk, EnvironmentName, InquiryId)> {
        let why = self.why.said()?;
        self.which.desk(Some(why)).await
    }
}

impl Unfelt {
    pub(super) async fn reread(self) -> anyhow::Result<ExitCode> {
        let (desk, environment, id) = self.which.desk(self.reason.clone()).await?;
        let read = desk.reread(&environment, &id).await.map_err(|why| explained(why, &environment, &id))?;
        let outcome = if read.changed.is_empty() { "unchanged" } else { "changed" };
        let said = match (&read.changed[..], &read.note) {
            ([], Some(note)) => format!("{id}: nothing changed, {note}"),
            ([], None) => format!("{id}: nothing changed"),
            (changed, _) => format!("{id}: changed {}", changed.join(", ")),
        };
        let wire = Wire { changed: read.changed, note: read.note, ..Wire::of(outcome, &id, Vec::new()) };
        self.which.told(&wire, &said)
    }
}

impl Which {
    async fn desk(&self, why: Option<String>) -> anyhow::Result<(Desk, EnvironmentName, InquiryId)> {
        let environment = EnvironmentName::parse(&self.environment).context("--environment")?;
        let id = InquiryId::parse(&self.id).context("the inquiry's id")?;
        let (_, app) = self.common.app().await?;
        Ok((app.desk(operator(self.by.as_deref()), why), environment, id))
    }

    fn told(&self, wire: &Wire, said: &str) -> anyhow::Result<ExitCode> {
        if self.common.json {
            output::json(wire)?;
        } else {
            println!("{said}");
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Wire {
    fn of(outcome: &'static str, inquiry: &InquiryId, actions: Vec<String>) -> Self {
        Self { outcome, inquiry_id: inquiry.to_string(), actions, changed: Vec::new(), note: None }
    }
}

fn counted<T>(actions: &[T]) -> String {
    match actions.len() {
        1 => "a notice".to_owned(),
        many => format!("{many} notices"),
    }
}

fn explained(why: ActError, environment: &EnvironmentName, id: &InquiryId) -> anyhow::Error {
    match why {
        ActError::Unknown(_) => anyhow!(
            "there is no inquiry {id} in environment {environment}; `rekindle inquiries list` shows those there are"
        ),
        ActError::Busy { retry_after } => {
            anyhow!("{}; try again in {} s", ActError::Busy { retry_after }, retry_after.as_secs().max(1))
        }
        other => other.into(),
    }
}
