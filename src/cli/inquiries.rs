//! `rekindle inquiries`: what is known of each, and one person's whole story.

use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::app::access::Renewal;
use crate::app::queries::{Entry, Story};
use crate::cli::Common;
use crate::cli::filters::{self, Listing};
use crate::cli::mute::Mute;
use crate::cli::one_inquiry::{Felt, Unfelt};
use crate::cli::output::{self, or_dash};
use crate::cli::why::Why;
use crate::clock::Clock;
use crate::domain::diagnosis::HELD_OUT;
use crate::domain::ids::{ReferenceId, TemplateId};
use crate::domain::plan::Standing;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::storage::inquiries::{InquiryFilter, InquiryRow};

#[derive(Debug, Subcommand)]
pub(super) enum Inquiries {
    /// Inquiries, newest first
    List(List),
    /// One inquiry with everything that happened to it
    Show(Show),
    /// Whether the person of an inquiry gets in now; if not, why, and what helps
    Why(Why),
    /// Remind the person of an inquiry now: by the next reminder, or by a fresh link where none is left
    Remind(Felt),
    /// Resume an expired inquiry now, within the rules
    Revive(Felt),
    /// Make another inquiry in the place of one that no longer serves, now and within the rules
    Replace(Felt),
    /// Ask Persona how an inquiry stands
    Reread(Unfelt),
    /// Tell nobody anything about an inquiry, and revive nothing in advance; who comes still gets in
    Mute(Mute),
    /// Let people be told again
    Unmute(Mute),
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    listing: Listing,
    /// With this status, such as pending
    #[arg(long)]
    status: Option<String>,
    /// Made from this template
    #[arg(long)]
    template: Option<String>,
    /// Of this person, by the application's reference id
    #[arg(long)]
    reference_id: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    #[command(flatten)]
    common: Common,
    /// The inquiry's id, or the person's reference id (then the person's newest inquiry)
    id: String,
    /// In this environment, where several have it
    #[arg(long)]
    environment: Option<String>,
}

/// An inquiry in a list, as programs see it.
#[derive(Serialize)]
struct WireRow {
    id: String,
    environment: String,
    status: Option<String>,
    reference_id: Option<String>,
    account_id: Option<String>,
    template_id: Option<String>,
    template_version_id: Option<String>,
    created_at: Option<String>,
    expires_at: Option<String>,
    last_observed_at: Option<String>,
    redacted: bool,
}

/// An inquiry with its story, as programs see it.
#[derive(Serialize)]
struct WireStory {
    id: String,
    environment: String,
    status: Option<String>,
    reference_id: Option<String>,
    account_id: Option<String>,
    template_id: Option<String>,
    template_version_id: Option<String>,
    created_at: Option<String>,
    started_at: Option<String>,
    expires_at: Option<String>,
    completed_at: Option<String>,
    failed_at: Option<String>,
    decisioned_at: Option<String>,
    expired_at: Option<String>,
    redacted_at: Option<String>,
    previous_step: Option<String>,
    next_step: Option<String>,
    lineage: String,
    last_read_at: Option<String>,
    standing: WireStanding,
    timeline: Vec<WireEntry>,
}

/// What is wanted now: reminders, or quiet and why.
#[derive(Serialize)]
struct WireStanding {
    acting: bool,
    quiet: Option<String>,
    reminders: Vec<WireReminder>,
}

#[derive(Serialize)]
struct WireReminder {
    action_id: String,
    due_at: String,
}

#[derive(Serialize)]
struct WireEntry {
    at: String,
    kind: &'static str,
    id: String,
    what: String,
    outcome: Option<String>,
    reason: Option<String>,
}

impl Inquiries {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::List(list) => list.run().await,
            Self::Show(show) => show.run().await,
            Self::Why(why) => why.run().await,
            Self::Remind(felt) => felt.remind().await,
            Self::Revive(felt) => felt.renew(Renewal::Revive).await,
            Self::Replace(felt) => felt.renew(Renewal::Replace).await,
            Self::Reread(unfelt) => unfelt.reread().await,
            Self::Mute(mute) => mute.run(true).await,
            Self::Unmute(mute) => mute.run(false).await,
        }
    }
}

impl List {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let filter = InquiryFilter {
            environment: self.listing.environment()?,
            status: self.status.as_deref().map(Status::parse),
            template: filters::parsed("--template", self.template.as_deref(), TemplateId::parse)?,
            reference_id: filters::parsed("--reference-id", self.reference_id.as_deref(), ReferenceId::parse)?,
            ..InquiryFilter::default()
        };
        let (_, database) = self.listing.common.database().await?;
        let page = database.read().await?.list_inquiries(&filter, None, self.listing.limit).await?;
        output::note_cut(page.next.is_some(), self.listing.limit);
        output::note_unreadable(&page.unreadable);
        if self.listing.common.json {
            let rows: Vec<WireRow> = page.items.into_iter().map(WireRow::from).collect();
            output::json(&rows)?;
        } else {
            print_rows(page.items);
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl From<InquiryRow> for WireRow {
    fn from(row: InquiryRow) -> Self {
        Self {
            id: row.id.to_string(),
            environment: row.environment.to_string(),
            status: text(row.status.as_ref()),
            reference_id: text(row.reference_id.as_ref()),
            account_id: text(row.account_id.as_ref()),
            template_id: text(row.template_id.as_ref()),
            template_version_id: text(row.template_version_id.as_ref()),
            created_at: text(row.created_at.as_ref()),
            expires_at: text(row.expires_at.as_ref()),
            last_observed_at: text(row.last_observed_at.as_ref()),
            redacted: row.redacted,
        }
    }
}

fn text<T: ToString>(value: Option<&T>) -> Option<String> {
    value.map(ToString::to_string)
}

fn print_rows(rows: Vec<InquiryRow>) {
    let now = Clock::System.now();
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|row| {
            vec![
                row.id.to_string(),
                row.environment.to_string(),
                row.status.map_or_else(|| "unknown".to_owned(), |status| status.to_string()),
                row.reference_id
                    .map(|id| id.to_string())
                    .or(row.account_id.map(|id| id.to_string()))
                    .unwrap_or_default(),
                row.expires_at.map(|at| output::time(at, now)).unwrap_or_default(),
                or_dash(row.template_id),
            ]
        })
        .collect();
    output::table(&["INQUIRY", "ENVIRONMENT", "STATUS", "PERSON", "EXPIRES", "TEMPLATE"], &rows);
}

impl Show {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let (_, app) = self.common.app().await?;
        let mut stories = app.stories(&self.id).await?;
        if let Some(environment) = &self.environment {
            stories.retain(|story| story.inquiry().environment.as_str() == environment);
        }
        // The newest is the one meant, more often than not; the others are named.
        stories.sort_by_key(|story| (story.inquiry().began(), story.stored.updated_at));
        let Some(story) = stories.pop() else {
            bail!("there is no inquiry {}; `rekindle inquiries list` shows those there are", self.id);
        };
        for other in &stories {
            let (id, environment) = (&other.inquiry().id, &other.inquiry().environment);
            eprintln!(
                "rekindle: there is also {id} in environment {environment}; see it with --environment {environment}"
            );
        }
        if self.common.json {
            output::json(&WireStory::from(&story))?;
        } else {
            print_story(&story);
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl From<&Story> for WireStory {
    fn from(story: &Story) -> Self {
        let (inquiry, known) = (story.inquiry(), &story.inquiry().known);
        Self {
            id: inquiry.id.to_string(),
            environment: inquiry.environment.to_string(),
            status: text(inquiry.status()),
            reference_id: text(known.reference_id()),
            account_id: text(known.account_id()),
            template_id: text(known.template_id()),
            template_version_id: text(known.template_version_id()),
            created_at: text(known.created_at()),
            started_at: text(known.started_at()),
            expires_at: text(known.expires_at()),
            completed_at: text(known.completed_at()),
            failed_at: text(known.failed_at()),
            decisioned_at: text(known.decisioned_at()),
            expired_at: text(known.expired_at()),
            redacted_at: text(known.redacted_at()),
            previous_step: known.previous_step().cloned(),
            next_step: known.next_step().cloned(),
            lineage: story.stored.lineage.to_string(),
            last_read_at: text(story.stored.read_at.as_ref()),
            standing: WireStanding::from(story),
            timeline: story.timeline.iter().map(WireEntry::from).collect(),
        }
    }
}

impl From<&Story> for WireStanding {
    fn from(story: &Story) -> Self {
        let (quiet, reminders) = match &story.standing {
            None => (Some("its environment is no longer configured".to_owned()), Vec::new()),
            Some(Standing::Quiet(why)) => (Some(why.to_string()), Vec::new()),
            Some(Standing::Reminded { held_out: true, .. }) => (Some(HELD_OUT.to_owned()), Vec::new()),
            Some(standing) => (None, standing.wanted().cloned().collect()),
        };
        let reminders = reminders
            .into_iter()
            .map(|planned| WireReminder { action_id: planned.id.to_string(), due_at: planned.due_at.to_string() });
        Self { acting: story.acting, quiet, reminders: reminders.collect() }
    }
}

impl From<&Entry> for WireEntry {
    fn from(entry: &Entry) -> Self {
        Self {
            at: entry.at.to_string(),
            kind: entry.kind,
            id: entry.id.clone(),
            what: entry.what.clone(),
            outcome: entry.outcome.clone(),
            reason: entry.reason.clone(),
        }
    }
}

fn print_story(story: &Story) {
    let now = Clock::System.now();
    let (inquiry, known) = (story.inquiry(), &story.inquiry().known);
    let time = |at: Option<&Timestamp>| at.map_or_else(|| "-".to_owned(), |at| output::time(*at, now));
    println!("{}  {}", inquiry.id, inquiry.status().map_or("unknown", Status::as_str));
    for (name, value) in [
        ("environment", inquiry.environment.to_string()),
        ("person", or_dash(inquiry.person())),
        ("template", or_dash(known.template_id())),
        ("version", or_dash(known.template_version_id())),
        ("created", time(known.created_at())),
        ("expires", time(known.expires_at())),
        ("next step", or_dash(known.next_step())),
        ("reminders", standing(story, now)),
    ] {
        println!("  {name:<12} {value}");
    }
    println!();
    let rows: Vec<Vec<String>> = story.timeline.iter().map(|entry| row(entry, now)).collect();
    output::table(&["AT", "", "WHAT", "OUTCOME", "REASON"], &rows);
}

fn standing(story: &Story, now: Timestamp) -> String {
    match &story.standing {
        None => "none: its environment is no longer configured".to_owned(),
        Some(Standing::Quiet(why)) => format!("none: {why}"),
        Some(Standing::Reminded { held_out: true, .. }) => format!("none: {HELD_OUT}"),
        Some(standing) => {
            let next = standing.wanted().map(|planned| planned.due_at).min();
            let observed = if story.acting { "" } else { " (observed only: the environment is in mode observe)" };
            match next {
                Some(at) => format!("{} {}{observed}", next_of(standing), output::time(at, now)),
                None => "no more: all were sent".to_owned(),
            }
        }
    }
}

const fn next_of(standing: &Standing) -> &'static str {
    match standing {
        Standing::Revived(_) => "to be revived",
        Standing::Replaced(_) => "to be replaced",
        Standing::Reminded { .. } | Standing::Quiet(_) => "next",
    }
}

fn row(entry: &Entry, now: Timestamp) -> Vec<String> {
    vec![
        output::time(entry.at, now),
        entry.kind.to_owned(),
        entry.what.clone(),
        entry.outcome.clone().unwrap_or_default(),
        entry.reason.clone().unwrap_or_default(),
    ]
}
