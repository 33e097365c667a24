//! `rekindle migrate`: the schema brought up to date, apart from serving.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use crate::cli::Common;
use crate::storage::Database;

/// Bring the database's schema up to date
#[derive(Debug, Args)]
pub(super) struct Migrate {
    #[command(flatten)]
    common: Common,
}

impl Migrate {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let config = self.common.configuration()?;
        let database = Database::open(config.database_url.expose()).await.context("the database can't be opened")?;
        let _alone = database.claim_alone()?;
        database.migrate().await.context("the schema can't be brought up to date")?;
        if self.common.json {
            println!("{}", serde_json::json!({ "database": config.database_url.to_string(), "schema": "up to date" }));
        } else {
            println!("{}: the schema is up to date", config.database_url);
        }
        Ok(ExitCode::SUCCESS)
    }
}
