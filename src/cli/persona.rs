//! `rekindle persona`: what is set up at Persona for us.

use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::app::App;
use crate::app::setup::{OVERLAP, SetUp, Step};
use crate::cli::open::operator;
use crate::cli::{Common, output};
use crate::domain::act::Act;
use crate::domain::ids::EnvironmentName;
use crate::domain::rules::parse_duration;

#[derive(Debug, Subcommand)]
pub(super) enum Persona {
    /// Make or mend the webhook that sends us what we live on, and keep its secret; on a terminal only shows what
    /// would be done, until --yes
    Setup(Setup),
    /// Give the webhook a new secret, beside which the old ones verify for a while
    RotateSecret(RotateSecret),
}

#[derive(Debug, Args)]
struct Which {
    #[command(flatten)]
    common: Common,
    /// The environment
    #[arg(long)]
    environment: String,
    /// Where Persona reaches us, such as <https://rekindle.example.com>; without it the webhook that posts to us already,
    /// else `public_url`
    #[arg(long)]
    url: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Setup {
    #[command(flatten)]
    which: Which,
    /// Show what would be done, and do nothing
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Do it without asking
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Args)]
pub(super) struct RotateSecret {
    #[command(flatten)]
    which: Which,
    /// How long the old secrets verify beside the new one, such as 72h; Persona's last retry comes after about 51h
    #[arg(long)]
    overlap: Option<String>,
}

/// What was or would be done, as programs see it.
#[derive(Serialize)]
struct Wire {
    environment: String,
    webhook_id: Option<String>,
    url: String,
    done: bool,
    steps: Vec<String>,
}

#[derive(Serialize)]
struct WireRotation {
    environment: String,
    webhook_id: String,
    old_secrets_end_at: Option<String>,
}

impl Persona {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Setup(setup) => setup.run().await,
            Self::RotateSecret(rotate) => rotate.run().await,
        }
    }
}

impl Which {
    async fn app(&self) -> anyhow::Result<(App, EnvironmentName)> {
        let environment = EnvironmentName::parse(&self.environment).context("--environment")?;
        if let Some(url) = &self.url {
            let parsed = url::Url::parse(url).context("--url")?;
            anyhow::ensure!(
                matches!(parsed.scheme(), "https" | "http") && parsed.query().is_none(),
                "--url {url}: write it like https://rekindle.example.com"
            );
        }
        let (_, app) = self.common.app().await?;
        Ok((app, environment))
    }
}

impl Setup {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let (app, environment) = self.which.app().await?;
        let set_up = app.plan_set_up(&environment, self.which.url.as_deref()).await?;
        let only_shown = self.dry_run || (std::io::stdout().is_terminal() && !self.yes);
        let mut wire = Wire::of(&environment, &set_up);
        if !only_shown && !set_up.steps.is_empty() {
            app.record_act(&operator(None), Act::ChangeSettings, Some("the webhook at Persona"), &environment).await?;
            wire.webhook_id = Some(app.set_up(&environment, &set_up).await?.to_string());
        }
        wire.done = !only_shown;
        app.give_back_budgets().await;
        if self.which.common.json {
            output::json(&wire)?;
        } else {
            print(&wire, only_shown);
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl RotateSecret {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let overlap = self.overlap.as_deref().map(parse_duration).transpose().map_err(|why| {
            let text = self.overlap.as_deref().unwrap_or_default();
            anyhow::anyhow!("--overlap {text}: {why}")
        })?;
        let (app, environment) = self.which.app().await?;
        let url = self.which.url.as_deref();
        app.record_act(&operator(None), Act::ChangeSettings, Some("a new webhook secret"), &environment).await?;
        let (webhook, ends) = app.rotate_secret(&environment, url, overlap.unwrap_or(OVERLAP)).await?;
        app.give_back_budgets().await;
        let old_secrets_end_at = ends.map(|at| at.to_string());
        if self.which.common.json {
            let (environment, webhook_id) = (environment.to_string(), webhook.to_string());
            output::json(&WireRotation { environment, webhook_id, old_secrets_end_at })?;
        } else {
            let ends = old_secrets_end_at.map(|at| format!("; the old ones verify until {at}")).unwrap_or_default();
            println!("{webhook} has a new secret, which is kept sealed in the database{ends}");
            println!("a secret of it in the configuration can be taken out after that");
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Wire {
    fn of(environment: &EnvironmentName, set_up: &SetUp) -> Self {
        Self {
            environment: environment.to_string(),
            webhook_id: set_up.webhook.as_ref().map(|webhook| webhook.id.to_string()),
            url: set_up.url.clone(),
            done: false,
            steps: set_up.steps.iter().map(in_words).collect(),
        }
    }
}

fn in_words(step: &Step) -> String {
    match step {
        Step::Make => "make a webhook for the events that are followed, and keep its secret".to_owned(),
        Step::Change(wrong) => {
            let wrong: Vec<String> = wrong.iter().map(ToString::to_string).collect();
            format!("change it: {}", wrong.join("; "))
        }
        Step::NewSecret => {
            "give it a new secret, as nobody here knows the one it has; the old one lives on for 72h".to_owned()
        }
        Step::Enable => "enable it".to_owned(),
    }
}

fn print(wire: &Wire, only_shown: bool) {
    println!("{} -> {}", wire.webhook_id.as_deref().unwrap_or("a new webhook"), wire.url);
    if wire.steps.is_empty() {
        println!("  it is as it should be");
        return;
    }
    for step in &wire.steps {
        println!("  {} {step}", if only_shown { "would" } else { "done:" });
    }
    if only_shown {
        println!("nothing was changed; add --yes to do it");
    }
}
