//! What Persona is asked, in domain words.

use jiff::SignedDuration;
use serde_json::{Map, Value};
use url::Url;

use crate::domain::ids::{AccountId, ActionId, EventId, InquiryId, InvalidId, ReferenceId, TemplateId};
use crate::domain::status::Status;
use crate::domain::time::Timestamp;

/// Which inquiries to list; what is empty doesn't narrow.
///
/// Persona has no filter on `updated-at` (<https://docs.withpersona.com/api-reference/inquiries/list-all-inquiries>).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListFilter {
    /// Those in one of these statuses.
    pub statuses: Vec<Status>,
    /// Those of one person, by the application's name.
    pub reference_id: Option<ReferenceId>,
    /// Those of one person, by Persona's account.
    pub account_id: Option<AccountId>,
    /// Those made from this template.
    pub template: Option<TemplateId>,
    /// Those created then or later.
    pub created_from: Option<Timestamp>,
    /// Those created then or before.
    pub created_until: Option<Timestamp>,
}

/// Which events to list; what is empty doesn't narrow. Persona has no filter on time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Events of these names.
    pub names: Vec<String>,
    /// Events about this inquiry.
    pub inquiry: Option<InquiryId>,
    /// These events.
    pub ids: Vec<EventId>,
}

/// Which inquiries to search for.
///
/// The index is about a minute behind, more in an outage
/// (<https://docs.withpersona.com/api-reference/inquiries/search-inquiries>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchFilter {
    /// Those that changed then or later.
    pub updated_from: Timestamp,
}

/// An inquiry to be made.
#[derive(Clone, PartialEq)]
pub struct NewInquiry {
    /// The template; its latest published version is what Persona takes.
    pub template: TemplateId,
    /// The application's name for the person. Sent as `reference-id`: deprecated in favour of an account's
    /// reference id, but it is what payloads carry and what the list filters by.
    pub reference_id: Option<ReferenceId>,
    /// Persona's account of the person.
    pub account_id: Option<AccountId>,
    /// The application's name for the person as their account has it: Persona takes that account, or makes one. What
    /// replaces `reference_id`.
    pub account_reference_id: Option<ReferenceId>,
    /// Prefilled fields by name: people's data, so `Debug` counts them only.
    pub fields: Map<String, Value>,
    /// Where the browser goes when the person is through.
    pub redirect_uri: Option<Url>,
    /// How long it lives from creation, instead of the template's setting.
    pub lifetime: Option<SignedDuration>,
    /// How long it lives from its start, instead of the template's setting.
    pub lifetime_from_start: Option<SignedDuration>,
    /// How long it lives from a resume, instead of the template's setting.
    pub lifetime_from_resume: Option<SignedDuration>,
}

/// Makes a repeated call the same call: Persona answers a key it has seen with the answer it gave then, for at
/// least 24 hours (<https://docs.withpersona.com/idempotence>).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl NewInquiry {
    /// An inquiry for nobody in particular yet.
    #[must_use]
    pub fn from_template(template: TemplateId) -> Self {
        Self {
            template,
            reference_id: None,
            account_id: None,
            account_reference_id: None,
            fields: Map::new(),
            redirect_uri: None,
            lifetime: None,
            lifetime_from_start: None,
            lifetime_from_resume: None,
        }
    }
}

impl std::fmt::Debug for NewInquiry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewInquiry")
            .field("template", &self.template)
            .field("fields", &self.fields.len())
            .finish_non_exhaustive()
    }
}

impl IdempotencyKey {
    /// The key of one effect of an action; the generation rises when an answer must not be given again.
    #[must_use]
    pub fn of(action: &ActionId, effect: &'static str, generation: u32) -> Self {
        Self(format!("{action}/{effect}/{generation}"))
    }

    /// The key under which an inquiry is made for somebody, by what names them; the generation rises with every try.
    #[must_use]
    pub fn of_creation(name: &str, generation: u32) -> Self {
        Self(format!("make/{name}/{generation}"))
    }

    /// A key from elsewhere, such as a caller's own.
    ///
    /// # Errors
    /// [`InvalidId`] when it is empty, longer than 255 bytes or holds a control character.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        ActionId::parse(text).map(|id| Self(id.as_str().to_owned()))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_action_effect_and_generation() {
        let action = ActionId::parse("0f3a").unwrap();
        assert_eq!(IdempotencyKey::of(&action, "link", 2).as_str(), "0f3a/link/2");
        assert_ne!(IdempotencyKey::of(&action, "link", 3), IdempotencyKey::of(&action, "link", 2));
        assert!(IdempotencyKey::parse("a\nb").is_err());
    }

    #[test]
    fn prefilled_fields_are_not_shown() {
        let mut new = NewInquiry::from_template(TemplateId::parse("itmpl_1").unwrap());
        new.fields.insert("name-first".to_owned(), Value::from("Ada"));
        assert!(!format!("{new:?}").contains("Ada"));
    }
}
