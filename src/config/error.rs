//! What can be wrong with a configuration, told all at once.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why there is no configuration to work with.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file was named that isn't there.
    #[error("there is no configuration file {}", .0.display())]
    Missing(PathBuf),
    /// The file is there but can't be read.
    #[error("the configuration file {} can't be read", .path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is no TOML. The text names line and column and quotes nothing: the line may hold a secret.
    #[error("the configuration is no valid TOML: {0}")]
    Syntax(String),
    /// Everything that is wrong with the values.
    #[error("{}", listed(.0))]
    Invalid(Vec<Problem>),
    /// The command needs an environment, and none is configured.
    #[error(
        "no environment is configured; add [environments.<name>] with webhook_secrets and api_key \
         to the configuration file, or set REKINDLE_ENVIRONMENTS__<NAME>__WEBHOOK_SECRETS and …__API_KEY"
    )]
    NoEnvironments,
}

/// One mistake: the key, the value as far as it may be shown, what is wrong and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key's full path, such as `environments.production.mode`.
    pub key: String,
    /// The value; never a secret's.
    pub value: Option<String>,
    /// What is wrong with it, and the remedy.
    pub trouble: String,
    /// The environment variable that set it, where one did.
    pub variable: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)?;
        if let Some(value) = &self.value {
            write!(f, " = {value}")?;
        }
        write!(f, ": {}", self.trouble)?;
        if let Some(variable) = &self.variable {
            write!(f, " (set by {variable})")?;
        }
        Ok(())
    }
}

fn listed(problems: &[Problem]) -> String {
    let head = match problems.len() {
        1 => "the configuration has a mistake:".to_owned(),
        many => format!("the configuration has {many} mistakes:"),
    };
    let lines = problems.iter().map(|problem| format!("  {problem}"));
    std::iter::once(head).chain(lines).collect::<Vec<_>>().join("\n")
}
