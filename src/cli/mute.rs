//! `rekindle inquiries mute` and `unmute`: whether people are told anything about a verification.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;

use crate::cli::Common;
use crate::cli::because::Because;
use crate::cli::open::operator;
use crate::domain::ids::{EnvironmentName, InquiryId};

#[derive(Debug, Args)]
pub(super) struct Mute {
    #[command(flatten)]
    common: Common,
    /// The environment it lives in
    #[arg(long)]
    environment: String,
    /// The inquiry's id; it holds for all that take its place, too
    id: String,
    #[command(flatten)]
    why: Because,
}

impl Mute {
    pub(super) async fn run(self, muted: bool) -> anyhow::Result<ExitCode> {
        let environment = EnvironmentName::parse(&self.environment).context("--environment")?;
        let id = InquiryId::parse(&self.id).context("the inquiry's id")?;
        let why = self.why.said()?;
        let (_, app) = self.common.app().await?;
        let word = if muted { "muted" } else { "no longer muted" };
        match app.mute(&environment, &id, muted, &operator(None), &why).await? {
            None => bail!(
                "there is no inquiry {id} in environment {environment}; `rekindle inquiries list` shows those there are"
            ),
            Some(true) => println!("{id} is {word}; who comes by themselves still gets in"),
            Some(false) => println!("{id} was {word} already"),
        }
        Ok(ExitCode::SUCCESS)
    }
}
