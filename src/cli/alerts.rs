//! `rekindle alerts`: what is wrong with the installation, and silences.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use jiff::SignedDuration;
use serde::Serialize;

use crate::cli::open::operator;
use crate::cli::{Common, output};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::alert::{Alert, AlertName, AlertState};
use crate::domain::ids::EnvironmentName;
use crate::domain::rules::parse_duration;
use crate::domain::time::Timestamp;

#[derive(Debug, Subcommand)]
pub(super) enum Alerts {
    /// Every alert as it stands
    List(List),
    /// Tell nobody of an alert for a while
    Silence(Silence),
    /// Tell of an alert again
    Unsilence(Unsilence),
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    common: Common,
    /// Those that fire, or may soon
    #[arg(long)]
    firing: bool,
}

#[derive(Debug, Args)]
pub(super) struct Silence {
    #[command(flatten)]
    whom: Whom,
    /// For how long, such as 2h; at most 30d
    #[arg(long = "for", value_name = "DURATION")]
    long: String,
}

#[derive(Debug, Args)]
pub(super) struct Unsilence {
    #[command(flatten)]
    whom: Whom,
}

#[derive(Debug, Args)]
struct Whom {
    #[command(flatten)]
    common: Common,
    /// Which alert, such as `dead_letters`
    name: String,
    /// In this environment; without it, in all of them
    #[arg(long)]
    environment: Option<String>,
    /// Why; kept with the alert and in the audit
    #[arg(long)]
    reason: String,
    /// Who decides so; whom the shell names, if nobody is named here
    #[arg(long)]
    by: Option<String>,
}

/// An alert as programs see it.
#[derive(Serialize)]
struct Wire {
    environment: String,
    alert: &'static str,
    state: &'static str,
    since: Option<String>,
    told_at: Option<String>,
    value: u64,
    summary: String,
    silenced_until: Option<String>,
    silenced_by: Option<String>,
    silenced_why: Option<String>,
}

impl Alerts {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::List(list) => list.run().await,
            Self::Silence(silence) => {
                let long = parse_duration(&silence.long).context("--for")?;
                silence.whom.change(Some(long)).await
            }
            Self::Unsilence(unsilence) => unsilence.whom.change(None).await,
        }
    }
}

impl List {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let (_, app) = self.common.app().await?;
        let (mut alerts, _) = app.alerts().await?;
        alerts.retain(|alert| !self.firing || alert.state != AlertState::Quiet);
        let now = Clock::System.now();
        if self.common.json {
            output::json(&alerts.iter().map(|alert| Wire::of(alert, now)).collect::<Vec<_>>())?;
            return Ok(ExitCode::SUCCESS);
        }
        if app.told_of_alerts().is_empty() {
            eprintln!("rekindle: nobody is told of alerts; name notifiers in alerts.notify");
        }
        print(&alerts, now);
        Ok(ExitCode::SUCCESS)
    }
}

impl Whom {
    async fn change(self, long: Option<SignedDuration>) -> anyhow::Result<ExitCode> {
        let known = || AlertName::ALL.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
        let name = AlertName::parse(&self.name);
        let name = name.with_context(|| format!("there is no alert {}; there are: {}", self.name, known()))?;
        let (config, app) = self.common.app().await?;
        let environments = environments(&config, self.environment.as_deref())?;
        let now = Clock::System.now();
        let mut changed = Vec::new();
        for environment in &environments {
            let until = long.map(|long| now.plus(long));
            let by = operator(self.by.as_deref());
            changed.push(app.silence_alert(environment, name, until, &by, &self.reason).await?);
        }
        if self.common.json {
            output::json(&changed.iter().map(|alert| Wire::of(alert, now)).collect::<Vec<_>>())?;
            return Ok(ExitCode::SUCCESS);
        }
        for alert in &changed {
            match alert.silenced.as_ref().filter(|_| alert.is_silenced(now)) {
                Some(silenced) => {
                    println!("{name} in {} is silenced until {}", alert.environment, output::time(silenced.until, now));
                }
                None => println!("{name} in {} is told of again", alert.environment),
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn environments(config: &Config, named: Option<&str>) -> anyhow::Result<Vec<EnvironmentName>> {
    let Some(named) = named else { return Ok(config.require_environments()?.environments.keys().cloned().collect()) };
    let environment = EnvironmentName::parse(named).context("--environment")?;
    if !config.environments.contains_key(&environment) {
        let known: Vec<&str> = config.environments.keys().map(EnvironmentName::as_str).collect();
        bail!("--environment {environment}: it is not configured; there are: {}", known.join(", "));
    }
    Ok(vec![environment])
}

impl Wire {
    fn of(alert: &Alert, now: Timestamp) -> Self {
        let silenced = alert.silenced.as_ref().filter(|_| alert.is_silenced(now));
        Self {
            environment: alert.environment.to_string(),
            alert: alert.name.as_str(),
            state: alert.state.as_str(),
            since: (!alert.summary.is_empty()).then(|| alert.since.to_string()),
            told_at: alert.told_at.map(|at| at.to_string()),
            value: alert.value,
            summary: alert.summary.clone(),
            silenced_until: silenced.map(|silenced| silenced.until.to_string()),
            silenced_by: silenced.map(|silenced| silenced.by.clone()),
            silenced_why: silenced.map(|silenced| silenced.why.clone()),
        }
    }
}

fn print(alerts: &[Alert], now: Timestamp) {
    let row = |alert: &Alert| {
        let silenced = alert.silenced.as_ref().filter(|_| alert.is_silenced(now));
        vec![
            alert.environment.to_string(),
            alert.name.to_string(),
            alert.state.as_str().to_owned(),
            output::or_dash((alert.state != AlertState::Quiet).then(|| output::time(alert.since, now))),
            output::or_dash(silenced.map(|silenced| output::time(silenced.until, now))),
            alert.summary.clone(),
        ]
    };
    let rows: Vec<Vec<String>> = alerts.iter().map(row).collect();
    output::table(&["ENVIRONMENT", "ALERT", "STATE", "SINCE", "SILENCED UNTIL", "WHAT"], &rows);
}
