//! A webhook as it is configured at Persona, and what of it we could not live with
//! (<https://docs.withpersona.com/webhooks>).

use std::fmt;

use crate::domain::event::FOLLOWED_NAMES;
use crate::domain::ids::WebhookId;

/// A webhook as Persona's API describes it; what it does not say is as Persona's defaults have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Which.
    pub id: WebhookId,
    /// Where it posts to, as Persona keeps it.
    pub url: String,
    /// Whether it is enabled.
    pub enabled: bool,
    /// The names of the events it sends; `*` stands for all.
    pub events: Vec<String>,
    /// The attributes it leaves out (<https://docs.withpersona.com/webhook-attribute-blocklists>).
    pub blocklist: Vec<String>,
    /// Whether payloads carry relationships (<https://docs.withpersona.com/webhook-allowlists>).
    pub relationships: bool,
    /// Whether inquiries come with their template; `None` where it is not told.
    pub templates: Option<bool>,
    /// Whether events are left out by what they hold (<https://docs.withpersona.com/webhook-event-filters>).
    pub filtered: bool,
}

/// What is missing of a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shortcoming {
    /// Nothing is sent.
    Disabled,
    /// Events without which we don't know how an inquiry stands.
    Events(Vec<&'static str>),
    /// Events that only make us better: steps, sessions, new versions.
    Helpful(Vec<&'static str>),
    /// Without relationships we know neither account nor template.
    Relationships,
    /// Without included templates a new version is learnt late.
    Templates,
    /// Attributes that we need are left out.
    Blocked(Vec<&'static str>),
    /// Some events are left out by what they hold.
    Filtered,
}

/// Those of the followed events without which it is not known how an inquiry stands.
const NEEDED_NAMES: [&str; 9] = [
    "inquiry.approved",
    "inquiry.completed",
    "inquiry.created",
    "inquiry.declined",
    "inquiry.expired",
    "inquiry.failed",
    "inquiry.marked-for-review",
    "inquiry.redacted",
    "inquiry.started",
];

/// Those that tell of sessions, steps and versions.
const HELPFUL_NAMES: [&str; 4] = [
    "inquiry-session.expired",
    "inquiry-session.started",
    "inquiry-template-version.published",
    "inquiry.transitioned",
];

/// Attributes of an inquiry that plans are made from.
const NEEDED_ATTRIBUTES: [&str; 4] = ["status", "expires-at", "created-at", "reference-id"];

impl Webhook {
    /// What is missing, the worst first.
    #[must_use]
    pub fn shortcomings(&self) -> Vec<Shortcoming> {
        let lacking = |names: &[&'static str]| -> Vec<&'static str> {
            let sent = |name: &&str| self.events.iter().any(|event| event == "*" || event == name);
            names.iter().copied().filter(|name| !sent(name)).collect()
        };
        let blocked: Vec<&'static str> = NEEDED_ATTRIBUTES.into_iter().filter(|name| self.hides(name)).collect();
        let (needed, helpful) = (lacking(&NEEDED_NAMES), lacking(&HELPFUL_NAMES));
        let mut found = Vec::new();
        let mut add = |wrong: bool, shortcoming| found.extend(wrong.then_some(shortcoming));
        add(!self.enabled, Shortcoming::Disabled);
        add(!needed.is_empty(), Shortcoming::Events(needed));
        add(!blocked.is_empty(), Shortcoming::Blocked(blocked));
        add(!self.relationships, Shortcoming::Relationships);
        add(self.filtered, Shortcoming::Filtered);
        add(!helpful.is_empty(), Shortcoming::Helpful(helpful));
        add(self.templates == Some(false), Shortcoming::Templates);
        found
    }

    /// The events it should send: those it does, and those that we follow.
    #[must_use]
    pub fn wanted_events(&self) -> Vec<String> {
        if self.events.iter().any(|event| event == "*") {
            return self.events.clone();
        }
        let mut events = self.events.clone();
        events.extend(FOLLOWED_NAMES.iter().map(|name| (*name).to_owned()));
        events.sort();
        events.dedup();
        events
    }

    /// The blocklist without the entries that hide what we need.
    #[must_use]
    pub fn wanted_blocklist(&self) -> Vec<String> {
        let harmless = |entry: &&String| !NEEDED_ATTRIBUTES.iter().any(|name| hides(entry, name));
        self.blocklist.iter().filter(harmless).cloned().collect()
    }

    /// Whether an attribute of inquiries is left out; an exemption (`!`) wins.
    fn hides(&self, name: &str) -> bool {
        let exempt = |entry: &String| entry.strip_prefix('!').is_some_and(|entry| names(entry, name));
        self.blocklist.iter().any(|entry| hides(entry, name)) && !self.blocklist.iter().any(exempt)
    }
}

fn hides(entry: &str, name: &str) -> bool {
    !entry.starts_with('!') && names(entry, name)
}

/// Whether an entry of a blocklist names an attribute of inquiries: by name, or by a full path, in any casing.
fn names(entry: &str, attribute: &str) -> bool {
    let (path, kind) = entry.split_once("?type=").map_or((entry, None), |(path, kind)| (path, Some(kind)));
    if kind.is_some_and(|kind| kind != "inquiry") {
        return false;
    }
    let name = path.strip_prefix("/data/attributes/").unwrap_or(path);
    !name.contains('/') && fits(&kebab(name), attribute)
}

/// `expiresAt` and `expires_at` as `expires-at`.
fn kebab(name: &str) -> String {
    let mut kebab = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(if c == '_' { '-' } else { c.to_ascii_lowercase() });
    }
    kebab
}

/// Whether a pattern in which `*` stands for any text fits all of a text.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|left| {
            (0..=left.len()).filter(|at| left.is_char_boundary(*at)).any(|at| fits(rest, &left[at..]))
        }),
    }
}

impl fmt::Display for Shortcoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disabled => f.write_str("it is disabled, so Persona sends nothing"),
            Self::Events(names) => write!(f, "it does not send {}", names.join(", ")),
            Self::Helpful(names) => write!(f, "it does not send {}, which tell who is at work", names.join(", ")),
            Self::Relationships => {
                f.write_str("its payloads carry no relationships, so accounts and templates are unknown")
            }
            Self::Templates => f.write_str("its payloads include no templates, so new versions are learnt late"),
            Self::Blocked(names) => write!(f, "its blocklist hides {}", names.join(", ")),
            Self::Filtered => f.write_str("its payload filter leaves some events out"),
        }
    }
}

impl Shortcoming {
    /// Whether people may be lost by it.
    #[must_use]
    pub const fn is_grave(&self) -> bool {
        matches!(self, Self::Disabled | Self::Events(_) | Self::Blocked(_) | Self::Relationships)
    }

    /// Whether setting up mends it. Whom a filter leaves out somebody decided on purpose.
    #[must_use]
    pub const fn is_mended_by_set_up(&self) -> bool {
        !matches!(self, Self::Filtered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound() -> Webhook {
        Webhook {
            id: WebhookId::parse("wbh_1").unwrap(),
            url: "https://rekindle.example.com/webhooks/persona/sandbox".to_owned(),
            enabled: true,
            events: vec!["*".to_owned()],
            blocklist: Vec::new(),
            relationships: true,
            templates: Some(true),
            filtered: false,
        }
    }

    #[test]
    fn what_is_sound_has_no_shortcoming_and_each_one_is_found() {
        assert_eq!(sound().shortcomings(), []);
        assert_eq!(Webhook { templates: None, ..sound() }.shortcomings(), []);
        assert_eq!(Webhook { enabled: false, ..sound() }.shortcomings(), [Shortcoming::Disabled]);
        assert_eq!(Webhook { relationships: false, ..sound() }.shortcomings(), [Shortcoming::Relationships]);
        assert_eq!(Webhook { templates: Some(false), ..sound() }.shortcomings(), [Shortcoming::Templates]);
        assert_eq!(Webhook { filtered: true, ..sound() }.shortcomings(), [Shortcoming::Filtered]);
        let few = Webhook { events: NEEDED_NAMES[1..].iter().map(|name| (*name).to_owned()).collect(), ..sound() };
        let lacking = [Shortcoming::Events(vec!["inquiry.approved"]), Shortcoming::Helpful(HELPFUL_NAMES.to_vec())];
        assert_eq!(few.shortcomings(), lacking);
        assert_eq!(Webhook { events: few.wanted_events(), ..sound() }.shortcomings(), []);
    }

    #[test]
    fn a_blocklist_is_read_as_persona_documents_it() {
        for (entries, hidden) in [
            (&["status"][..], &["status"][..]),
            (&["expires*"], &["expires-at"]),
            (&["*-at"], &["expires-at", "created-at"]),
            (&["*-at", "!created-at"], &["expires-at"]),
            (&["expiresAt", "reference_id"], &["expires-at", "reference-id"]),
            (&["/data/attributes/status?type=inquiry"], &["status"]),
            (&["/data/attributes/status?type=account", "name-*", "/data/attributes/fields/status"], &[]),
        ] {
            let blocklist = entries.iter().map(|entry| (*entry).to_owned()).collect();
            let webhook = Webhook { blocklist, ..sound() };
            let found: Vec<Shortcoming> =
                (!hidden.is_empty()).then(|| Shortcoming::Blocked(hidden.to_vec())).into_iter().collect();
            assert_eq!(webhook.shortcomings(), found, "{entries:?}");
            let mended = Webhook { blocklist: webhook.wanted_blocklist(), ..sound() };
            assert_eq!(mended.shortcomings(), [], "{entries:?}");
        }
    }

    #[test]
    fn what_is_needed_is_followed() {
        assert!(NEEDED_NAMES.iter().chain(&HELPFUL_NAMES).all(|name| FOLLOWED_NAMES.contains(name)));
    }
}
