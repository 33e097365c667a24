//! `rekindle events`: what Persona sent, and what became of it.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::cli::Common;
use crate::cli::because::Because;
use crate::cli::filters::{self, Listing};
use crate::cli::open::operator;
use crate::cli::output::{self, or_dash};
use crate::clock::Clock;
use crate::domain::ids::{EnvironmentName, EventId, InquiryId};
use crate::domain::operator::Operator;
use crate::storage::events::{EventFilter, Outcome, StoredEvent};

#[derive(Debug, Subcommand)]
pub(super) enum Events {
    /// Events, newest first
    List(List),
    /// One event
    Show(Show),
    /// Apply an event that was set aside
    Release(Release),
    /// Discard an event that was set aside
    Discard(Discard),
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    listing: Listing,
    /// About this inquiry
    #[arg(long)]
    inquiry: Option<String>,
    /// Of this name, such as inquiry.started
    #[arg(long)]
    name: Option<String>,
    /// With this outcome: applied, ignored, quarantined, unreadable or discarded
    #[arg(long)]
    outcome: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    #[command(flatten)]
    common: Common,
    /// Persona's id of the event, or the id of an unreadable body
    id: String,
    /// Show the body as received: it holds people's data
    #[arg(long)]
    payload: bool,
}

#[derive(Debug, Args)]
pub(super) struct Release {
    #[command(flatten)]
    held: Held,
    #[command(flatten)]
    why: Because,
}

#[derive(Debug, Args)]
pub(super) struct Discard {
    #[command(flatten)]
    held: Held,
    #[command(flatten)]
    why: Because,
}

/// Which event, and who decides about it.
#[derive(Debug, Args)]
struct Held {
    #[command(flatten)]
    common: Common,
    /// Persona's id of the event
    id: String,
    /// In this environment, where several have it
    #[arg(long)]
    environment: Option<String>,
    /// Who decides; without it the user of this machine
    #[arg(long)]
    by: Option<String>,
}

/// An event as programs see it.
#[derive(Serialize)]
struct Wire {
    id: String,
    environment: String,
    name: Option<String>,
    inquiry_id: Option<String>,
    occurred_at: Option<String>,
    received_at: String,
    last_received_at: String,
    deliveries: u32,
    origin: &'static str,
    outcome: Option<&'static str>,
    reason: Option<String>,
    decided_by: Option<String>,
    decided_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<serde_json::Value>,
}

impl From<StoredEvent> for Wire {
    fn from(event: StoredEvent) -> Self {
        let (decided_by, decided_at) = event.decided.unzip();
        Self {
            id: event.id.to_string(),
            environment: event.environment.to_string(),
            name: event.name,
            inquiry_id: event.inquiry.map(|id| id.to_string()),
            occurred_at: event.occurred_at.map(|at| at.to_string()),
            received_at: event.received_at.to_string(),
            last_received_at: event.last_received_at.to_string(),
            deliveries: event.deliveries,
            origin: event.origin.as_str(),
            outcome: event.outcome.map(Outcome::as_str),
            reason: event.reason,
            decided_by,
            decided_at: decided_at.map(|at| at.to_string()),
            payload: None,
        }
    }
}

impl Events {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::List(list) => list.run().await,
            Self::Show(show) => show.run().await,
            Self::Release(release) => release.run().await,
            Self::Discard(discard) => discard.run().await,
        }
    }
}

impl List {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let filter = EventFilter {
            environment: self.listing.environment()?,
            inquiry: filters::parsed("--inquiry", self.inquiry.as_deref(), InquiryId::parse)?,
            outcome: self.outcome.as_deref().map(outcome).transpose()?,
            name: self.name,
            ..EventFilter::default()
        };
        let (_, database) = self.listing.common.database().await?;
        let page = database.read().await?.list_events(&filter, None, self.listing.limit).await?;
        output::note_cut(page.next.is_some(), self.listing.limit);
        output::note_unreadable(&page.unreadable);
        if self.listing.common.json {
            let events: Vec<Wire> = page.items.into_iter().map(Wire::from).collect();
            output::json(&events)?;
        } else {
            print(page.items);
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn outcome(word: &str) -> anyhow::Result<Outcome> {
    Outcome::parse(word)
        .with_context(|| format!("--outcome {word}: use applied, ignored, quarantined, unreadable or discarded"))
}

fn print(events: Vec<StoredEvent>) {
    let now = Clock::System.now();
    let rows: Vec<Vec<String>> = events
        .into_iter()
        .map(|event| {
            vec![
                output::time(event.received_at, now),
                event.environment.to_string(),
                event.name.unwrap_or_else(|| "(unreadable)".to_owned()),
                or_dash(event.inquiry),
                or_dash(event.outcome),
                event.deliveries.to_string(),
                event.id.to_string(),
                event.reason.unwrap_or_default(),
            ]
        })
        .collect();
    output::table(&["RECEIVED", "ENVIRONMENT", "EVENT", "INQUIRY", "OUTCOME", "CAME", "ID", "REASON"], &rows);
}

impl Show {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let id = EventId::parse(&self.id).with_context(|| format!("{:?} is no event id", self.id))?;
        let (_, database) = self.common.database().await?;
        let mut tx = database.read().await?;
        let found = tx.find_event(&id).await?;
        if found.is_empty() {
            bail!("there is no event {id}; `rekindle events list` shows those there are");
        }
        let mut events = Vec::with_capacity(found.len());
        for event in found {
            let body = if self.payload { tx.event_body(&event.environment, &id).await? } else { None };
            let payload = body.map(|body| readable(&body));
            events.push(Wire { payload, ..Wire::from(event) });
        }
        // One event id can stand in several environments; the newest is the one meant, more often than not.
        events.sort_by(|a, b| a.received_at.cmp(&b.received_at));
        if let Some(event) = events.pop() {
            output::json(&event)?;
        }
        for event in events {
            eprintln!("rekindle: environment {} has an event of this id too", event.environment);
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Release {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let (id, environment) = self.held.which()?;
        let why = self.why.said()?;
        let (_, app) = self.held.common.app().await?;
        let event = app.release_event(environment.as_ref(), &id, &why, &self.held.by()).await?;
        self.held.tell(event)
    }
}

impl Discard {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let (id, environment) = self.held.which()?;
        let why = self.why.said()?;
        let (_, app) = self.held.common.app().await?;
        let event = app.discard_event(environment.as_ref(), &id, &why, &self.held.by()).await?;
        self.held.tell(event)
    }
}

impl Held {
    fn which(&self) -> anyhow::Result<(EventId, Option<EnvironmentName>)> {
        let id = EventId::parse(&self.id).with_context(|| format!("{:?} is no event id", self.id))?;
        let environment =
            self.environment.as_deref().map(EnvironmentName::parse).transpose().context("--environment")?;
        Ok((id, environment))
    }

    fn by(&self) -> Operator {
        operator(self.by.as_deref())
    }

    fn tell(&self, event: StoredEvent) -> anyhow::Result<ExitCode> {
        if self.common.json {
            output::json(&Wire::from(event))?;
        } else {
            println!("{} of {}: {}", event.id, event.environment, or_dash(event.outcome));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A body as JSON, or as text where it is none.
fn readable(body: &[u8]) -> serde_json::Value {
    serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into_owned().into())
}
