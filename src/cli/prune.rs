//! `rekindle prune`: the end of rows that served their time.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use crate::app::retention::Pruned;
use crate::cli::{Common, output};

/// Take away what has served its time
#[derive(Debug, Args)]
pub(super) struct Prune {
    #[command(flatten)]
    common: Common,
    /// Show what would go, and leave it
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Wire {
    kind: &'static str,
    before: String,
    rows: u64,
}

impl From<&Pruned> for Wire {
    fn from(pruned: &Pruned) -> Self {
        Self { kind: pruned.kind.as_str(), before: pruned.before.to_string(), rows: pruned.rows }
    }
}

impl Prune {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let (_, app) = self.common.app().await?;
        let pruned = if self.dry_run { app.prunable().await? } else { app.prune().await? };
        let wires: Vec<Wire> = pruned.iter().map(Wire::from).collect();
        if self.common.json {
            output::json(&wires)?;
        } else {
            let rows: Vec<Vec<String>> =
                wires.into_iter().map(|wire| vec![wire.kind.to_owned(), wire.before, wire.rows.to_string()]).collect();
            output::table(&["KIND", "BEFORE", if self.dry_run { "WOULD GO" } else { "GONE" }], &rows);
        }
        Ok(ExitCode::SUCCESS)
    }
}
