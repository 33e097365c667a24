//! What lists can be narrowed by.

use anyhow::Context;
use clap::Args;

use crate::cli::Common;
use crate::domain::ids::EnvironmentName;
use crate::domain::rules::parse_duration;
use crate::domain::time::Timestamp;

/// What every list of rows takes.
#[derive(Debug, Args)]
pub(super) struct Listing {
    #[command(flatten)]
    pub(super) common: Common,
    /// Of this environment
    #[arg(long)]
    environment: Option<String>,
    /// The most to list
    #[arg(long, default_value_t = 1_000)]
    pub(super) limit: u32,
}

impl Listing {
    /// The environment, where one is named.
    pub(super) fn environment(&self) -> anyhow::Result<Option<EnvironmentName>> {
        parsed("--environment", self.environment.as_deref(), EnvironmentName::parse)
    }
}

/// What an argument says, where it is given; a mistake names the argument.
pub(super) fn parsed<T, E>(
    argument: &'static str,
    text: Option<&str>,
    parse: impl Fn(&str) -> Result<T, E>,
) -> anyhow::Result<Option<T>>
where
    E: std::error::Error + Send + Sync + 'static,
{
    text.map(parse).transpose().context(argument)
}

/// A time, or how long ago it was; a mistake names the argument.
pub(super) fn moment(argument: &str, text: Option<&str>, now: Timestamp) -> anyhow::Result<Option<Timestamp>> {
    let Some(text) = text else { return Ok(None) };
    if let Ok(ago) = parse_duration(text) {
        return Ok(Some(now.minus(ago)));
    }
    let at = Timestamp::parse(text);
    at.map(Some)
        .with_context(|| format!("{argument} {text}: write a time like 2026-11-23T08:00:00Z, or how long ago, like 2d"))
}
