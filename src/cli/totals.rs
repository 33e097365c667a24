//! `rekindle totals`: what happened, in numbers that were kept as it happened.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use jiff::SignedDuration;

use crate::app::board::Tally;
use crate::cli::filters::{self, moment};
use crate::cli::{Common, output};
use crate::domain::ids::EnvironmentName;

/// How often things happened
#[derive(Debug, Args)]
pub(super) struct Totals {
    #[command(flatten)]
    common: Common,
    /// Of this environment; without it of all
    #[arg(long)]
    environment: Option<String>,
    /// From this time on, a time or how long ago ("7d"); 24 hours ago, unless said. Counted by the hour
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Before this time; now, unless said
    #[arg(long, value_name = "TIME")]
    before: Option<String>,
}

impl Totals {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let (config, app) = self.common.app().await?;
        let environment = filters::parsed("--environment", self.environment.as_deref(), EnvironmentName::parse)?;
        if let Some(name) = environment.as_ref().filter(|name| !config.environments.contains_key(name)) {
            bail!("--environment {name}: it is not configured");
        }
        let now = app.clock().now();
        let from = moment("--from", self.from.as_deref(), now)?;
        let from = from.unwrap_or_else(|| now.minus(SignedDuration::from_hours(24)));
        let to = moment("--before", self.before.as_deref(), now)?;
        let to = to.unwrap_or_else(|| now.plus(SignedDuration::from_secs(1)));
        if from >= to {
            bail!("--from has to come before --before");
        }
        let totals = app.board(environment).totals(from, to).await?;
        if self.common.json {
            let by_tally: BTreeMap<&str, u64> =
                Tally::ALL.iter().map(|tally| (tally.as_str(), totals.of(*tally))).collect();
            output::json(&by_tally)?;
        } else {
            let row = |tally: &Tally| vec![tally.as_str().replace('_', " "), totals.of(*tally).to_string()];
            output::table(&["WHAT", "HOW OFTEN"], &Tally::ALL.iter().map(row).collect::<Vec<_>>());
        }
        Ok(ExitCode::SUCCESS)
    }
}
