//! `rekindle suppressions`: people who are told nothing, by a channel or by any.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use clap::{Args, Subcommand};
use secrecy::SecretString;
use serde::Serialize;

use crate::app::App;
use crate::app::suppressions::{StoredSuppression, Target, Wanted};
use crate::cli::open::operator;
use crate::cli::{Common, output};
use crate::domain::contact;
use crate::domain::ids::{CustomerName, EnvironmentName, InquiryId, NotifierName, ReferenceId};

/// Rows asked for at once.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(super) enum Suppressions {
    /// Those there are
    List(List),
    /// Tell somebody nothing any more; who comes by themselves still gets in
    Add(Add),
    /// Tell somebody again
    Remove(Remove),
    /// Add those of a list: one address or reference id to a line, or a table with such a first column
    Import(Import),
    /// Write them as a table that `import` takes; of addresses, only what tells them apart
    Export(Export),
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(super) struct Export {
    #[command(flatten)]
    common: Common,
}

/// Where it holds, and why.
#[derive(Debug, Args)]
struct Held {
    /// In this environment only
    #[arg(long)]
    environment: Option<String>,
    /// For this customer's people only
    #[arg(long)]
    customer: Option<String>,
    /// By this notifier only
    #[arg(long)]
    channel: Option<String>,
    /// Why; kept with it and in the audit
    #[arg(long)]
    reason: String,
}

#[derive(Debug, Args)]
pub(super) struct Add {
    #[command(flatten)]
    common: Common,
    /// A person, by the application's name for them
    #[arg(long, required_unless_present_any = ["email", "inquiry"], conflicts_with_all = ["email", "inquiry"])]
    person: Option<String>,
    /// Whoever has this address; `-` reads it from standard input, where no list of processes shows it
    #[arg(long, conflicts_with = "inquiry")]
    email: Option<String>,
    /// One verification, by its inquiry
    #[arg(long)]
    inquiry: Option<String>,
    #[command(flatten)]
    held: Held,
}

#[derive(Debug, Args)]
pub(super) struct Remove {
    #[command(flatten)]
    common: Common,
    /// Its id, as `list` shows it
    id: String,
    /// Why; kept in the audit
    #[arg(long)]
    reason: String,
}

#[derive(Debug, Args)]
pub(super) struct Import {
    #[command(flatten)]
    common: Common,
    /// The list; `-` reads standard input
    file: PathBuf,
    #[command(flatten)]
    held: Held,
}

/// A suppression as programs see it.
#[derive(Serialize)]
struct Wire {
    id: String,
    by: String,
    value: String,
    environment: Option<String>,
    customer: Option<String>,
    channel: Option<String>,
    reason: String,
    said_by: String,
    since: String,
}

impl Suppressions {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::List(list) => list.run().await,
            Self::Add(add) => add.run().await,
            Self::Remove(remove) => remove.run().await,
            Self::Import(import) => import.run().await,
            Self::Export(export) => export.run().await,
        }?;
        Ok(ExitCode::SUCCESS)
    }
}

impl List {
    async fn run(self) -> anyhow::Result<()> {
        let (_, app) = self.common.app().await?;
        let all = all(&app).await?;
        if self.common.json {
            return output::json(&all.into_iter().map(Wire::from).collect::<Vec<_>>());
        }
        let now = app.clock().now();
        let row = |one: &StoredSuppression| {
            let anywhere = |text: Option<String>| text.unwrap_or_else(|| "any".to_owned());
            let channel = anywhere(one.notifier.as_ref().map(ToString::to_string));
            let environment = anywhere(one.environment.as_ref().map(ToString::to_string));
            let (kind, since) = (one.kind.to_string(), output::time(one.at, now));
            vec![one.id(), kind, one.value.clone(), environment, channel, since, one.by.clone(), one.reason.clone()]
        };
        let rows: Vec<Vec<String>> = all.iter().map(row).collect();
        output::table(&["ID", "BY", "WHO", "ENVIRONMENT", "CHANNEL", "SINCE", "SAID BY", "REASON"], &rows);
        Ok(())
    }
}

impl Add {
    async fn run(self) -> anyhow::Result<()> {
        let (_, app) = self.common.app().await?;
        let target = match (&self.person, &self.email, &self.inquiry) {
            (Some(person), ..) => Target::Person(ReferenceId::parse(person).context("--person")?),
            (_, Some(email), _) => address(email)?,
            (.., Some(id)) => Target::Verification(InquiryId::parse(id).context("--inquiry")?),
            (None, None, None) => bail!("name one of --person, --email and --inquiry"),
        };
        let wanted = self.held.wanted(&app, target)?;
        let added = app.suppress_by(&wanted, &operator(None)).await?;
        let Some((one, new)) = added else {
            bail!("there is no such inquiry; `rekindle inquiries list` shows those there are");
        };
        println!("{} {}", one.id(), if new { "holds from now on" } else { "was there already" });
        Ok(())
    }
}

impl Remove {
    async fn run(self) -> anyhow::Result<()> {
        let (_, app) = self.common.app().await?;
        let removed = app.unsuppress_by(&self.id, &operator(None), &self.reason).await?;
        ensure!(
            removed.is_some(),
            "there is no suppression {}; `rekindle suppressions list` shows those there are",
            self.id
        );
        println!("{} holds no more", self.id);
        Ok(())
    }
}

impl Import {
    async fn run(self) -> anyhow::Result<()> {
        let (_, app) = self.common.app().await?;
        let input: Box<dyn Read> = if self.file.as_os_str() == "-" {
            Box::new(std::io::stdin())
        } else {
            Box::new(std::fs::File::open(&self.file).with_context(|| self.file.display().to_string())?)
        };
        let (mut added, mut there, mut unusable) = (0_u64, 0_u64, Vec::new());
        for (number, line) in (1_u64..).zip(BufReader::new(input).lines()) {
            let line = line.context("the list is no text")?;
            let Some(first) = first_column(&line) else { continue };
            // The heading of a table.
            if number == 1 && matches!(first.to_lowercase().as_str(), "email" | "address" | "reference_id" | "person") {
                continue;
            }
            let target = match contact::address(&first) {
                Some(address) => Target::Address(SecretString::from(address)),
                None if first.contains('@') => {
                    unusable.push(number);
                    continue;
                }
                None => {
                    let Ok(person) = ReferenceId::parse(&first) else {
                        unusable.push(number);
                        continue;
                    };
                    Target::Person(person)
                }
            };
            match app.suppress_by(&self.held.wanted(&app, target)?, &operator(None)).await? {
                Some((_, true)) => added += 1,
                _ => there += 1,
            }
        }
        println!("{added} hold from now on, {there} were there already");
        if !unusable.is_empty() {
            let lines: Vec<String> = unusable.iter().take(20).map(ToString::to_string).collect();
            bail!("{} lines are neither an address nor a reference id: {}", unusable.len(), lines.join(", "));
        }
        Ok(())
    }
}

impl Export {
    async fn run(self) -> anyhow::Result<()> {
        let (_, app) = self.common.app().await?;
        let all = all(&app).await?;
        if self.common.json {
            return output::json(&all.into_iter().map(Wire::from).collect::<Vec<_>>());
        }
        println!("who,by,environment,customer,channel,since,said_by,reason");
        for one in all.into_iter().map(Wire::from) {
            let some = |text: Option<String>| text.unwrap_or_default();
            let cells = [
                one.value,
                one.by,
                some(one.environment),
                some(one.customer),
                some(one.channel),
                one.since,
                one.said_by,
                one.reason,
            ];
            println!("{}", cells.map(|cell| quoted(&cell)).join(","));
        }
        Ok(())
    }
}

impl Held {
    fn wanted(&self, app: &App, target: Target) -> anyhow::Result<Wanted> {
        let environment =
            self.environment.as_deref().map(EnvironmentName::parse).transpose().context("--environment")?;
        let customer = self.customer.as_deref().map(CustomerName::parse).transpose().context("--customer")?;
        let notifier = self.channel.as_deref().map(NotifierName::parse).transpose().context("--channel")?;
        if let Some(name) = notifier.as_ref().filter(|name| !app.has_notifier(name)) {
            bail!("there is no notifier {name} in the configuration");
        }
        if let Some(name) = environment.as_ref().filter(|name| !app.environments().contains_key(*name)) {
            bail!("there is no environment {name} in the configuration");
        }
        Ok(Wanted { target, environment, customer, notifier, reason: self.reason.clone() })
    }
}

impl From<StoredSuppression> for Wire {
    fn from(one: StoredSuppression) -> Self {
        Self {
            id: one.id(),
            by: one.kind.to_string(),
            value: one.value,
            environment: one.environment.map(|name| name.to_string()),
            customer: one.customer.map(|name| name.to_string()),
            channel: one.notifier.map(|name| name.to_string()),
            reason: one.reason,
            said_by: one.by,
            since: one.at.to_string(),
        }
    }
}

async fn all(app: &App) -> anyhow::Result<Vec<StoredSuppression>> {
    let mut all: Vec<StoredSuppression> = Vec::new();
    loop {
        let after = all.last().map(StoredSuppression::id).unwrap_or_default();
        let page = app.suppressions(&after, PAGE, None).await?;
        let full = page.len() == usize::try_from(PAGE).unwrap_or(usize::MAX);
        all.extend(page);
        if !full {
            return Ok(all);
        }
    }
}

fn address(said: &str) -> anyhow::Result<Target> {
    let mut line = String::new();
    let text = if said == "-" {
        std::io::stdin().lock().read_line(&mut line)?;
        line.as_str()
    } else {
        said
    };
    let address = contact::address(text).context("--email is no e-mail address")?;
    Ok(Target::Address(SecretString::from(address)))
}

/// The first cell of a line of a table; `None` for an empty line or a remark.
fn first_column(line: &str) -> Option<String> {
    let line = line.trim_start_matches('\u{feff}').trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let cell = match line.strip_prefix('"') {
        Some(rest) => rest.split('"').next().unwrap_or_default(),
        None => line.split([',', ';', '\t']).next().unwrap_or_default(),
    };
    Some(cell.trim().to_owned()).filter(|cell| !cell.is_empty())
}

/// A cell of a table. One that a spreadsheet would compute is a text.
fn quoted(cell: &str) -> String {
    let cell = if cell.starts_with(['=', '+', '-', '@']) { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_cell_of_a_line_counts() {
        for (line, cell) in [
            ("ada@example.com", Some("ada@example.com")),
            ("\u{feff}ada@example.com;Ada", Some("ada@example.com")),
            ("\"customer-17\",x", Some("customer-17")),
            ("  ", None),
            ("# those of last year", None),
            (",x", None),
        ] {
            assert_eq!(first_column(line).as_deref(), cell, "{line:?}");
        }
        assert_eq!(quoted("a, \"b\""), "\"a, \"\"b\"\"\"");
        assert_eq!(quoted("=1+1"), "'=1+1");
    }
}
