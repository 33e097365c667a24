//! `rekindle audit`: what operators did, whether all of it is still there, and all of it to keep elsewhere.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::cli::{Common, output};
use crate::clock::Clock;
use crate::domain::act::Act;
use crate::domain::deed::{Entry, Head};
use crate::domain::ids::EnvironmentName;
use crate::domain::rules::parse_duration;
use crate::storage::audit::DeedFilter;

/// Records in one read of an export.
const BATCH: u32 = 1_000;

#[derive(Debug, Subcommand)]
pub(super) enum Audit {
    /// What operators did, newest first
    List(List),
    /// Go through every record: none may be missing, changed or in another order
    Verify(Verify),
    /// Every record, oldest first, one JSON document a line
    Export(Export),
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    common: Common,
    /// In this environment
    #[arg(long)]
    environment: Option<String>,
    /// By this operator, such as cli:ada or token:on call
    #[arg(long)]
    who: Option<String>,
    /// Of this kind, such as retry or cancel
    #[arg(long)]
    act: Option<String>,
    /// To the action, inquiry, event, link, lane or token with this id
    #[arg(long)]
    about: Option<String>,
    /// Not longer ago than this, such as 24h
    #[arg(long)]
    since: Option<String>,
    /// The most to list
    #[arg(long, default_value_t = 1_000)]
    limit: u32,
}

#[derive(Debug, Args)]
pub(super) struct Verify {
    #[command(flatten)]
    common: Common,
    /// A head that an earlier verify printed, kept elsewhere: the audit must still hold it
    #[arg(long, value_name = "NUMBER:HASH")]
    noted: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Export {
    #[command(flatten)]
    common: Common,
    /// Only what is behind this record
    #[arg(long, default_value_t = 0)]
    after: u64,
}

/// A record as programs see it.
#[derive(Serialize)]
struct Wire {
    number: u64,
    at: String,
    environment: Option<String>,
    who: String,
    role: String,
    how: String,
    act: String,
    about_kind: Option<String>,
    about_id: Option<String>,
    reason: Option<String>,
    address: Option<String>,
    previous: String,
    hash: String,
}

#[derive(Serialize)]
struct Verified {
    records: u64,
    head: String,
}

impl Audit {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::List(list) => list.run().await,
            Self::Verify(verify) => verify.run().await,
            Self::Export(export) => export.run().await,
        }
    }
}

impl List {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let now = Clock::System.now();
        let act = |word: &str| Act::parse(word).with_context(|| format!("--act {word}: there is no such act"));
        let since = self.since.as_deref().map(parse_duration).transpose();
        let since = since.map_err(|why| anyhow::anyhow!("--since {why}"))?;
        let environment = self.environment.as_deref().map(EnvironmentName::parse).transpose();
        let filter = DeedFilter {
            environment: environment.context("--environment")?,
            who: self.who.clone(),
            act: self.act.as_deref().map(act).transpose()?,
            about: self.about.clone(),
            since: since.map(|since| now.minus(since)),
            before: None,
        };
        let (_, database) = self.common.database().await?;
        let mut entries = database.read().await?.list_deeds(&filter, self.limit.saturating_add(1)).await?;
        let most = usize::try_from(self.limit).unwrap_or(usize::MAX);
        output::note_cut(entries.len() > most, self.limit);
        entries.truncate(most);
        if self.common.json {
            output::json(&entries.into_iter().map(Wire::from).collect::<Vec<_>>())?;
            return Ok(ExitCode::SUCCESS);
        }
        let row = |entry: Entry| {
            let about = entry.about.map(|(kind, id)| format!("{kind} {id}"));
            vec![
                entry.number.to_string(),
                output::time(entry.at, now),
                entry.who,
                entry.role,
                entry.act,
                output::or_dash(entry.environment),
                output::or_dash(about),
                entry.reason.unwrap_or_default(),
            ]
        };
        let rows: Vec<Vec<String>> = entries.into_iter().map(row).collect();
        output::table(&["NUMBER", "WHEN", "WHO", "ROLE", "ACT", "ENVIRONMENT", "ABOUT", "REASON"], &rows);
        Ok(ExitCode::SUCCESS)
    }
}

impl Verify {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let noted = self.noted.as_deref().map(|text| {
            Head::parse(text).with_context(|| format!("--noted {text}: is no head; `rekindle audit verify` prints one"))
        });
        let noted = noted.transpose()?;
        let (_, app) = self.common.app().await?;
        let head = app.verify_audit(noted).await?.head;
        if self.common.json {
            output::json(&Verified { records: head.number, head: head.to_string() })?;
        } else {
            println!("{} records, each as it was made\nhead {head}", head.number);
            eprintln!("rekindle: keep the head elsewhere, and give it to --noted the next time");
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Export {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let (_, database) = self.common.database().await?;
        let mut out = std::io::stdout().lock();
        let mut after = self.after;
        loop {
            let batch = database.read().await?.deeds_after(after, BATCH).await?;
            let Some(last) = batch.last() else { break };
            after = last.number;
            for entry in batch {
                serde_json::to_writer(&mut out, &Wire::from(entry))?;
                out.write_all(b"\n")?;
            }
        }
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}

impl From<Entry> for Wire {
    fn from(entry: Entry) -> Self {
        let (about_kind, about_id) = entry.about.unzip();
        Self {
            number: entry.number,
            at: entry.at.to_string(),
            environment: entry.environment,
            who: entry.who,
            role: entry.role,
            how: entry.how,
            act: entry.act,
            about_kind,
            about_id,
            reason: entry.reason,
            address: entry.address,
            previous: hex::encode(entry.previous),
            hash: hex::encode(entry.hash),
        }
    }
}
