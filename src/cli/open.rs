//! What commands begin with: the configuration read, the database opened, the use cases put together.

use anyhow::Context;

use crate::app::App;
use crate::cli::Common;
use crate::clock::Clock;
use crate::config::Config;
use crate::storage::Database;

impl Common {
    /// The configuration, checked.
    pub(super) fn configuration(&self) -> anyhow::Result<Config> {
        Ok(Config::load(self.config.as_deref())?)
    }

    /// The database as it is, for commands that work beside a running `serve`.
    pub(super) async fn database(&self) -> anyhow::Result<(Config, Database)> {
        let config = self.configuration()?;
        let database = Database::open(config.database_url.expose()).await.context("the database can't be opened")?;
        database.check_schema().await?;
        Ok((config, database))
    }

    /// The use cases over the database as it is.
    pub(super) async fn app(&self) -> anyhow::Result<(Config, App)> {
        let (config, database) = self.database().await?;
        let app = App::new(&config, database, Clock::System)?;
        Ok((config, app))
    }
}
