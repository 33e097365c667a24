//! Why something is done that people feel: said on the command line, or asked for on a terminal.

use std::io::{BufRead as _, IsTerminal as _, Write as _, stderr, stdin};

use anyhow::bail;
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct Because {
    /// Why, for whoever reads the audit; asked for on a terminal where it is not given. Name nobody
    #[arg(long)]
    reason: Option<String>,
}

impl Because {
    /// Why, in their words.
    pub(super) fn said(&self) -> anyhow::Result<String> {
        let given = match &self.reason {
            Some(reason) => reason.clone(),
            None if stdin().is_terminal() && stderr().is_terminal() => asked()?,
            None => String::new(),
        };
        let given = given.trim();
        if given.is_empty() {
            bail!("say why with --reason \"…\": people may feel it, so it is kept in the audit");
        }
        Ok(given.to_owned())
    }
}

fn asked() -> anyhow::Result<String> {
    let mut ask = stderr().lock();
    write!(ask, "Why? It is kept in the audit; name nobody: ")?;
    ask.flush()?;
    let mut line = String::new();
    stdin().lock().read_line(&mut line)?;
    Ok(line)
}
