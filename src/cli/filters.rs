//! What lists can be narrowed by.

use anyhow::Context;
use clap::Args;

use crate::cli::Common;
use crate::domain::ids::EnvironmentName;

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
