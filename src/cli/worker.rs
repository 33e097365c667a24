//! `rekindle worker`: due work out, beside processes that take the webhooks.

use std::process::ExitCode;

use clap::Args;

use crate::cli::Common;
use crate::cli::serve::{self, Parts};

/// Perform what is due, beside processes that serve from the same PostgreSQL
#[derive(Debug, Args)]
pub(super) struct Worker {
    #[command(flatten)]
    common: Common,
}

impl Worker {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        serve::run(&self.common, Parts { public: false, worker: true }).await
    }
}
