//! What commands begin with: the configuration read, the database opened, the use cases put together.

use anyhow::{Context, bail};

use crate::app::{App, names};
use crate::cli::{Common, vault};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::ids::EnvironmentName;
use crate::domain::operator::Operator;
use crate::storage::Database;
use crate::vault::Vault;

/// The environments that can be asked: the one named, or every one that has an API key. `what` asks, and what for.
pub(super) fn asking(config: &Config, wanted: Option<&str>, what: &str) -> anyhow::Result<Vec<EnvironmentName>> {
    let config = config.require_environments()?;
    let names: Vec<EnvironmentName> = match wanted {
        Some(name) => vec![EnvironmentName::parse(name).context("--environment")?],
        None => config.environments.values().filter(|e| e.api_key.is_some()).map(|e| e.name.clone()).collect(),
    };
    if names.is_empty() {
        bail!("no environment has an api_key; {what}");
    }
    Ok(names)
}

/// Who is at the command line: the one named, else whom the shell names.
pub(super) fn operator(named: Option<&str>) -> Operator {
    let shell =
        || ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok().filter(|user| !user.is_empty()));
    let user = named.map(str::to_owned).or_else(shell);
    Operator::at_the_command_line(user.as_deref().unwrap_or("somebody"))
}

/// The environment named, or the only one there is.
pub(super) fn one_environment(config: &Config, wanted: Option<&str>) -> anyhow::Result<EnvironmentName> {
    let config = config.require_environments()?;
    let known: Vec<&str> = config.environments.keys().map(EnvironmentName::as_str).collect();
    let name = match (wanted, known.as_slice()) {
        (Some(name), _) => EnvironmentName::parse(name).context("--environment")?,
        (None, [only]) => EnvironmentName::parse(only).context("the only environment")?,
        (None, _) => bail!("there are several environments; name one by --environment: {}", known.join(", ")),
    };
    if !config.environments.contains_key(&name) {
        bail!("--environment {name}: it is not configured; there are: {}", known.join(", "));
    }
    Ok(name)
}

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
        // What needs no key works without one, and what needs one then says why there is none.
        let vault = vault::at_hand(&config, &database).unwrap_or_else(|why| Vault::locked(format!("{why:#}")));
        Ok((config, names::at_hand(database.with_vault(vault)).await))
    }

    /// The use cases over the database as it is.
    pub(super) async fn app(&self) -> anyhow::Result<(Config, App)> {
        let (config, database) = self.database().await?;
        let database = vault::unlocked(&config, database, |path| {
            eprintln!("rekindle: made the key file {}: keep a copy of it apart from the database", path.display());
        })
        .await?;
        let app = App::new(&config, database, Clock::System)?;
        Ok((config, app))
    }
}
