//! Addresses of Persona's hosted flow (<https://docs.withpersona.com/hosted-flow-parameters>), every value escaped.

use std::collections::BTreeMap;
use std::fmt;

use url::Url;

use crate::domain::ids::{AccountId, InquiryId, ReferenceId, TemplateId};

/// Persona's own subdomain, for organizations without one of theirs.
pub const DEFAULT_SUBDOMAIN: &str = "inquiry";

/// An address of the hosted flow, in its parts. `Debug` shows what it opens, and nothing of people.
#[derive(Clone, PartialEq, Eq)]
pub struct HostedFlow {
    /// The organization's subdomain of withpersona.com; Persona's own without.
    pub subdomain: Option<String>,
    /// What it opens.
    pub target: Target,
    /// Where the browser goes afterwards. No proof that anybody finished.
    pub redirect_uri: Option<Url>,
    /// The language, such as `de` or `pt-BR`.
    pub language: Option<String>,
    /// A theme set.
    pub theme_set_id: Option<String>,
    /// Light or dark.
    pub style: Option<Style>,
}

/// What the address opens.
#[derive(Clone, PartialEq, Eq)]
pub enum Target {
    /// A new inquiry, each time it is loaded.
    Template {
        /// Made from this template.
        template: TemplateId,
        /// Persona's id of the environment (`env_…`); production's without.
        environment_id: Option<String>,
        /// For whom.
        person: Option<Person>,
        /// The type of the account that Persona makes for them.
        account_type_id: Option<String>,
        /// Prefilled fields by name.
        fields: BTreeMap<String, String>,
    },
    /// An inquiry there is.
    Inquiry {
        /// Its id.
        id: InquiryId,
        /// What lets somebody in who began it.
        session_token: Option<String>,
    },
}

/// For whom a new inquiry is: by one name or the other, never both.
#[derive(Clone, PartialEq, Eq)]
pub enum Person {
    /// The application's name.
    Reference(ReferenceId),
    /// Persona's account.
    Account(AccountId),
}

impl fmt::Debug for HostedFlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostedFlow").field("target", &self.target).finish_non_exhaustive()
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Template { template, .. } => f.debug_tuple("Template").field(template).finish(),
            Self::Inquiry { id, .. } => f.debug_tuple("Inquiry").field(id).finish(),
        }
    }
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reference(_) => "Reference(…)",
            Self::Account(_) => "Account(…)",
        })
    }
}

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Style {
    /// As it stands in the address.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// Why there is no such address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFlow {
    /// A subdomain that could lead to another host.
    #[error("subdomain is no name of a host: use letters, digits and hyphens, at most 63")]
    Subdomain,
}

impl HostedFlow {
    /// An address that opens something, with nothing else said.
    #[must_use]
    pub const fn to(target: Target) -> Self {
        Self { subdomain: None, target, redirect_uri: None, language: None, theme_set_id: None, style: None }
    }

    /// The address as text.
    ///
    /// # Errors
    /// [`InvalidFlow`] when the subdomain is none.
    pub fn url(&self) -> Result<String, InvalidFlow> {
        let subdomain = self.subdomain.as_deref().unwrap_or(DEFAULT_SUBDOMAIN);
        let edge = subdomain.starts_with('-') || subdomain.ends_with('-');
        let plain = subdomain.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if subdomain.is_empty() || subdomain.len() > 63 || edge || !plain {
            return Err(InvalidFlow::Subdomain);
        }
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.parameters() {
            query.append_pair(&name, &value);
        }
        // A plus is a space in forms only; escaped, both mean the same everywhere.
        let query = query.finish().replace('+', "%20");
        Ok(format!("https://{}.withpersona.com/verify?{query}", subdomain.to_ascii_lowercase()))
    }

    fn parameters(&self) -> Vec<(String, String)> {
        let mut all = Vec::new();
        let mut say = |name: &str, value: Option<&str>| {
            all.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        };
        match &self.target {
            Target::Template { template, environment_id, person, account_type_id, fields } => {
                say("inquiry-template-id", Some(template.as_str()));
                say("environment-id", environment_id.as_deref());
                match person {
                    Some(Person::Reference(id)) => say("reference-id", Some(id.as_str())),
                    Some(Person::Account(id)) => say("account-id", Some(id.as_str())),
                    None => {}
                }
                say("account-type-id", account_type_id.as_deref());
                for (name, value) in fields {
                    say(&format!("fields[{name}]"), Some(value));
                }
            }
            Target::Inquiry { id, session_token } => {
                say("inquiry-id", Some(id.as_str()));
                say("session-token", session_token.as_deref());
            }
        }
        say("redirect-uri", self.redirect_uri.as_ref().map(Url::as_str));
        say("language", self.language.as_deref());
        say("theme-set-id", self.theme_set_id.as_deref());
        say("style-variant", self.style.map(Style::as_str));
        all
    }
}
