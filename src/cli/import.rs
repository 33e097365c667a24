//! `rekindle import`: what was open at Persona before the first webhook came.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::app::import::Imported;
use crate::cli::{Common, open, output};
use crate::domain::ids::EnvironmentName;

/// Take in what was open at Persona before the first webhook
#[derive(Debug, Args)]
pub(super) struct Import {
    #[command(flatten)]
    common: Common,
    /// Only this environment; without it every one that has an API key
    #[arg(long)]
    environment: Option<String>,
}

#[derive(Serialize)]
struct Wire {
    environment: String,
    inquiries: u64,
    pages: u64,
    unreadable: u64,
}

impl Import {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let (config, app) = self.common.app().await?;
        let what = "an import asks Persona for its list of inquiries";
        let names = open::asking(&config, self.environment.as_deref(), what)?;
        let mut done = Vec::new();
        for name in names {
            let bar = progress_bar(&name);
            let imported = app.import(&name, |imported| show(&bar, imported)).await;
            bar.finish_and_clear();
            app.give_back_budgets().await;
            let imported = imported.with_context(|| format!("the import of {name} ended early; run it again"))?;
            if !self.common.json {
                println!("{name}: {} inquiries taken in, from {} pages", imported.inquiries, imported.pages);
            }
            done.push(Wire {
                environment: name.to_string(),
                inquiries: imported.inquiries,
                pages: imported.pages,
                unreadable: imported.unreadable,
            });
        }
        if self.common.json {
            output::json(&done)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Drawn on a terminal only.
fn progress_bar(name: &EnvironmentName) -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {prefix}: {msg} ({elapsed})");
    let bar = ProgressBar::new_spinner().with_prefix(name.to_string());
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn show(bar: &ProgressBar, imported: &Imported) {
    bar.set_message(format!("{} inquiries, {} pages", imported.inquiries, imported.pages));
    bar.tick();
}
