//! Whom a notice goes to, as far as it is known: their address and how they are spoken to.

use std::fmt;

use jiff::tz::TimeZone;
use secrecy::SecretString;

/// The person a notice is for. It shows nothing of them.
#[derive(Clone)]
pub struct Recipient {
    /// Their e-mail address.
    pub address: SecretString,
    /// Their name, as they are addressed.
    pub name: Option<SecretString>,
    /// The language they read, as a BCP 47 tag (`de`, `pt-BR`).
    pub language: Option<String>,
    /// The time zone they live in.
    pub time_zone: Option<TimeZone>,
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recipient(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipient_shows_nothing_of_themselves() {
        let recipient = Recipient {
            address: "ada@example.com".into(),
            name: Some("Ada Example".into()),
            language: Some("de".to_owned()),
            time_zone: Some(TimeZone::UTC),
        };
        assert_eq!(format!("{recipient:?}"), "Recipient(…)");
    }
}
