//! The database that a run stands on.

use rekindle::storage::Database;

use crate::support::postgres::Own;
use crate::support::vault::open;
use crate::support::{Scratch, postgres, sqlite};

pub struct Ground {
    pub name: &'static str,
    pub url: String,
    /// A server that may be stopped.
    pub server: Option<Own>,
    _scratch: Option<Scratch>,
}

impl Ground {
    pub async fn sqlite() -> Self {
        let scratch = sqlite().await;
        scratch.close().await;
        Self { name: "SQLite", url: scratch.url.clone(), server: None, _scratch: Some(scratch) }
    }

    /// A server of our own; where none is installed, a database that is lent, whose server is left alone; where there
    /// is no PostgreSQL at all, nothing.
    pub async fn postgres() -> Option<Self> {
        if let Some(own) = tokio::task::spawn_blocking(Own::make).await.unwrap() {
            return Some(Self { name: "PostgreSQL", url: own.url.clone(), server: Some(own), _scratch: None });
        }
        let scratch = postgres().await?;
        Some(Self { name: "PostgreSQL", url: scratch.url.clone(), server: None, _scratch: Some(scratch) })
    }

    /// Opened beside the processes.
    pub async fn database(&self) -> Database {
        open(&self.url).await
    }
}
