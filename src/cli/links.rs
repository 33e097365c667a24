//! `rekindle links`: the access links there are, a new one, and an end to those that should not open any more.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use serde::Serialize;

use crate::cli::because::Because;
use crate::cli::filters::Listing;
use crate::cli::open::operator;
use crate::cli::{Common, output};
use crate::clock::Clock;
use crate::domain::ids::{EnvironmentName, InquiryId};
use crate::domain::time::Timestamp;
use crate::storage::access_links::{AccessLink, LinkFilter, LinkId};

#[derive(Debug, Subcommand)]
pub(super) enum Links {
    /// Access links, newest first; what is listed opens nothing
    List(List),
    /// A link for the person of an inquiry: whoever has it gets in
    Mint(Mint),
    /// Let a link, or every link of a verification, open no more
    Revoke(Revoke),
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    listing: Listing,
    /// Into the verification of this inquiry
    #[arg(long, requires = "environment")]
    inquiry: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Mint {
    #[command(flatten)]
    common: Common,
    /// The environment the inquiry lives in
    #[arg(long)]
    environment: String,
    /// The inquiry's id; the link leads to whatever takes its place, too
    id: String,
    #[command(flatten)]
    why: Because,
}

#[derive(Debug, Args)]
pub(super) struct Revoke {
    #[command(flatten)]
    common: Common,
    /// The link's id, as `list` shows it
    #[arg(required_unless_present = "inquiry", conflicts_with = "inquiry")]
    id: Option<String>,
    /// Every link into the verification of this inquiry instead
    #[arg(long, requires = "environment")]
    inquiry: Option<String>,
    /// The environment the inquiry lives in
    #[arg(long)]
    environment: Option<String>,
    #[command(flatten)]
    why: Because,
    /// Who decides so; whom the shell names, if nobody is named here
    #[arg(long)]
    by: Option<String>,
}

/// A link as programs see it.
#[derive(Serialize)]
struct Wire {
    id: String,
    environment: String,
    lineage: String,
    state: &'static str,
    opens: u32,
    max_opens: u32,
    made_for: Option<String>,
    created_at: String,
    expires_at: String,
    last_opened_at: Option<String>,
    revoked_at: Option<String>,
    revoked_by: Option<String>,
    reason: Option<String>,
    /// Only of one that was just asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

impl Links {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::List(list) => list.run().await,
            Self::Mint(mint) => mint.run().await,
            Self::Revoke(revoke) => revoke.run().await,
        }
    }
}

impl List {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let (_, database) = self.listing.common.database().await?;
        let environment = self.listing.environment()?;
        let mut tx = database.read().await?;
        let mut filter = LinkFilter { environment, lineage: None };
        if let (Some(environment), Some(inquiry)) = (&filter.environment, &self.inquiry) {
            let id = inquiry_id(inquiry)?;
            let stored = tx.inquiry(environment, &id).await?.with_context(|| unknown(environment, &id))?;
            filter.lineage = Some(stored.lineage);
        }
        let page = tx.list_access_links(&filter, None, self.listing.limit).await?;
        let now = Clock::System.now();
        if self.listing.common.json {
            output::json(&page.items.iter().map(|link| Wire::of(link, now)).collect::<Vec<_>>())?;
        } else {
            print(&page.items, now);
        }
        output::note_unreadable(&page.unreadable);
        output::note_cut(page.next.is_some(), self.listing.limit);
        Ok(ExitCode::SUCCESS)
    }
}

impl Mint {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let (environment, id) = (environment_name(&self.environment)?, inquiry_id(&self.id)?);
        let why = self.why.said()?;
        let (_, app) = self.common.app().await?;
        let minted = app.mint_link(&environment, &id, &operator(None), &why).await?;
        let url = minted.url.expose_secret().to_owned();
        let now = Clock::System.now();
        if self.common.json {
            output::json(&Wire { url: Some(url), ..Wire::of(&minted.link, now) })?;
        } else {
            println!("{url}");
            eprintln!(
                "rekindle: {} opens until {}, {} times at most; whoever has it gets in",
                minted.link.id,
                output::time(minted.link.expires_at, now),
                minted.link.max_opens
            );
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Revoke {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let why = self.why.said()?;
        let (_, app) = self.common.app().await?;
        let by = operator(self.by.as_deref());
        if let Some(id) = &self.id {
            let known = LinkId::parse(id).context("a link's id has 16 characters; `rekindle links list` shows it")?;
            match app.revoke_link(&known, &by, &why).await? {
                None => bail!("there is no link {known}; `rekindle links list` shows those there are"),
                Some(true) => println!("{known} is revoked"),
                Some(false) => println!("{known} was revoked already"),
            }
            return Ok(ExitCode::SUCCESS);
        }
        let environment = environment_name(self.environment.as_deref().unwrap_or_default())?;
        let id = inquiry_id(self.inquiry.as_deref().unwrap_or_default())?;
        let revoked = app.revoke_links(&environment, &id, &by, &why).await?;
        let revoked = revoked.with_context(|| unknown(&environment, &id))?;
        println!("{revoked} links into the verification of {id} are revoked");
        Ok(ExitCode::SUCCESS)
    }
}

fn environment_name(text: &str) -> anyhow::Result<EnvironmentName> {
    EnvironmentName::parse(text).context("--environment")
}

fn inquiry_id(text: &str) -> anyhow::Result<InquiryId> {
    InquiryId::parse(text).context("the inquiry's id")
}

fn unknown(environment: &EnvironmentName, id: &InquiryId) -> String {
    format!("there is no inquiry {id} in environment {environment}; `rekindle inquiries list` shows those there are")
}

/// Whether a link opens, in a word.
fn state(link: &AccessLink, now: Timestamp) -> &'static str {
    if link.revoked_at.is_some() {
        "revoked"
    } else if link.expires_at <= now {
        "expired"
    } else if link.opens >= link.max_opens {
        "used up"
    } else {
        "opens"
    }
}

impl Wire {
    fn of(link: &AccessLink, now: Timestamp) -> Self {
        Self {
            id: link.id.to_string(),
            environment: link.environment.to_string(),
            lineage: link.lineage.to_string(),
            state: state(link, now),
            opens: link.opens,
            max_opens: link.max_opens,
            made_for: link.made_for.as_ref().map(ToString::to_string),
            created_at: link.created_at.to_string(),
            expires_at: link.expires_at.to_string(),
            last_opened_at: link.last_opened_at.map(|at| at.to_string()),
            revoked_at: link.revoked_at.map(|at| at.to_string()),
            revoked_by: link.revoked_by.clone(),
            reason: link.revoked_why.clone(),
            url: None,
        }
    }
}

fn print(links: &[AccessLink], now: Timestamp) {
    let rows: Vec<Vec<String>> = links
        .iter()
        .map(|link| {
            vec![
                link.id.to_string(),
                link.environment.to_string(),
                link.lineage.to_string(),
                state(link, now).to_owned(),
                format!("{}/{}", link.opens, link.max_opens),
                output::time(link.created_at, now),
                output::time(link.expires_at, now),
                output::or_dash(link.last_opened_at.map(|at| output::time(at, now))),
                link.revoked_why.clone().unwrap_or_default(),
            ]
        })
        .collect();
    let headings = ["ID", "ENVIRONMENT", "VERIFICATION", "STATE", "OPENED", "MADE", "EXPIRES", "LAST OPENED", "REASON"];
    output::table(&headings, &rows);
}
