//! Environment variables as a source of settings: `REKINDLE_LISTEN__PUBLIC` is `listen.public`.

use figment::util::nest;
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

/// What our environment variables begin with.
pub const PREFIX: &str = "REKINDLE_";

/// `REKINDLE_CONFIG` names the configuration file on the command line's behalf; it is no setting.
const NO_SETTING: &str = "config";

/// Lays the variables over what `figment` holds, each under its own name so that a mistake can name it.
pub(super) fn merge(figment: Figment, variables: impl IntoIterator<Item = (String, String)>) -> Figment {
    // Sorted, so that REKINDLE_LOG and REKINDLE_LOG__FORMAT end the same way whatever the system's order.
    let mut ours: Vec<Variable> = variables.into_iter().filter_map(Variable::of).collect();
    ours.sort_by(|a, b| a.name.cmp(&b.name));
    ours.into_iter().fold(figment, Figment::merge)
}

struct Variable {
    name: String,
    path: String,
    text: String,
}

impl Variable {
    /// `None` for what isn't ours, and for an empty one: compose files pass on unset variables as empty.
    fn of((name, text): (String, String)) -> Option<Self> {
        let path = name.strip_prefix(PREFIX)?.split("__").map(segment).collect::<Vec<_>>().join(".");
        (path != NO_SETTING && !text.is_empty()).then_some(Self { name, path, text })
    }
}

/// Capitals are the custom for variables and mean small letters; a template's id comes in both, and is left alone.
fn segment(text: &str) -> String {
    if text.chars().any(|c| c.is_ascii_lowercase()) { text.to_owned() } else { text.to_ascii_lowercase() }
}

impl Provider for Variable {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name.clone())
    }

    /// The value stays a text: reading `0123` or `true` as anything else would lose what was written.
    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let nested = nest(&self.path, Value::from(self.text.clone()));
        Ok(nested.into_dict().map(|dict| Profile::Default.collect(dict)).unwrap_or_default())
    }
}
