//! Identifiers as types: parsed once at the edge, trusted afterwards.
//!
//! Persona's prefixes are documented but length and format may change
//! (<https://docs.withpersona.com/versioning>), so an id is any short printable word.

use std::fmt;

/// Longest identifier we accept, in bytes. Persona's are about 30; reference ids are the application's own.
pub const MAX_ID_BYTES: usize = 255;

/// Longest text that storage keeps in the place of one, in bytes, and what such a text begins with.
const MAX_SEALED: (usize, &str) = (512, "~1.");

/// Why a text is no identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    /// The text was empty or only white space.
    #[error("is empty")]
    Empty,
    /// The text was longer than [`MAX_ID_BYTES`].
    #[error("is longer than {MAX_ID_BYTES} bytes")]
    TooLong,
    /// The text held a control character.
    #[error("holds a control character")]
    ControlCharacter,
}

fn check(text: &str) -> Result<(), InvalidId> {
    if text.trim().is_empty() {
        Err(InvalidId::Empty)
    } else if text.len() > if text.starts_with(MAX_SEALED.1) { MAX_SEALED.0 } else { MAX_ID_BYTES } {
        Err(InvalidId::TooLong)
    } else if text.chars().any(char::is_control) {
        Err(InvalidId::ControlCharacter)
    } else {
        Ok(())
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Takes a text that is not empty, at most [`MAX_ID_BYTES`] long and free of control characters.
            ///
            /// # Errors
            /// [`InvalidId`] says which of these failed.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                check(text).map(|()| Self(text.to_owned()))
            }

            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// The operator's name for one Persona environment, as it stands in the configuration and in webhook routes.
    EnvironmentName
}
id! {
    /// Persona's `evt_…`: what an event is known by, whatever the number of its deliveries.
    EventId
}
id! {
    /// Persona's `inq_…`.
    InquiryId
}
id! {
    /// Persona's `iqse_…`: one session of one inquiry.
    SessionId
}
id! {
    /// Persona's `itmpl_…`.
    TemplateId
}
id! {
    /// Persona's `itmplv_…`.
    TemplateVersionId
}
id! {
    /// Persona's `act_…`.
    AccountId
}
id! {
    /// Persona's `wbh_…`.
    WebhookId
}
id! {
    /// The application's own, opaque name for a person, as Persona's `reference-id`.
    ReferenceId
}
id! {
    /// Our name for one planned piece of work; derived from its dedupe key, so it is the same however often it is planned.
    ActionId
}
id! {
    /// The operator's name for a notifier, as it stands in the configuration.
    NotifierName
}
id! {
    /// The operator's name for a subscription, as it stands in the configuration.
    SubscriptionName
}
id! {
    /// The operator's name for a customer of theirs, as it stands in the configuration.
    CustomerName
}
id! {
    /// Our name for a token of the API; no secret.
    TokenId
}
id! {
    /// Our name for a replay, which its preview has already.
    ReplayId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_short_printable_word() {
        assert_eq!(InquiryId::parse("inq_1").unwrap().as_str(), "inq_1");
        assert_eq!(InquiryId::parse("  "), Err(InvalidId::Empty));
        assert_eq!(InquiryId::parse(&"x".repeat(256)), Err(InvalidId::TooLong));
        assert_eq!(InquiryId::parse("inq_\u{0}"), Err(InvalidId::ControlCharacter));
    }
}
