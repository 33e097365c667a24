//! Where a person is reached and how they are spoken to, as an application or an inquiry tells us.

use std::fmt;

use jiff::tz::TimeZone;
use secrecy::SecretString;

/// Countries in which every clock shows the same, and one time zone of each, from the tz database (public domain,
/// <https://www.iana.org/time-zones>): those of its `zone.tab` whose zones agree from 2025 on.
const COUNTRIES: &str = include_str!("countries.txt");

/// The longest address mail can have, in bytes (RFC 5321, with its erratum 1690).
const MAX_ADDRESS_BYTES: usize = 254;

/// The longest name that is kept, in bytes.
const MAX_NAME_BYTES: usize = 200;

/// How a person is reached. It shows nothing of them.
#[derive(Clone)]
pub struct Contact {
    /// Their e-mail address.
    pub address: SecretString,
    /// Their name, as they are addressed.
    pub name: Option<SecretString>,
    /// The language they read, as a BCP 47 tag (`de`, `pt-BR`).
    pub language: Option<String>,
    /// The time zone they live in, by its name in the tz database (`Europe/Berlin`).
    pub time_zone: Option<TimeZone>,
    /// The country they live in, by two letters (ISO 3166-1).
    pub country: Option<String>,
}

/// A contact as somebody wrote it, before it is checked.
#[derive(Clone, Default)]
pub struct Written {
    /// See [`Contact::address`].
    pub address: String,
    /// See [`Contact::name`].
    pub name: Option<String>,
    /// See [`Contact::language`].
    pub language: Option<String>,
    /// See [`Contact::time_zone`].
    pub time_zone: Option<String>,
    /// See [`Contact::country`].
    pub country: Option<String>,
}

/// What is wrong with a contact; it names the part, and nothing of what was written there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidContact {
    /// No address.
    #[error("email is no e-mail address")]
    Address,
    /// No name.
    #[error("name is longer than {MAX_NAME_BYTES} bytes or holds control characters")]
    Name,
    /// No language.
    #[error("language is no language tag; write it like \"de\" or \"pt-BR\"")]
    Language,
    /// No time zone.
    #[error("time_zone is no time zone; write it like \"Europe/Berlin\"")]
    TimeZone,
    /// No country.
    #[error("country is no country; write it in two letters, like \"DE\"")]
    Country,
}

impl Contact {
    /// Checks what somebody wrote.
    ///
    /// # Errors
    /// [`InvalidContact`].
    pub fn check(written: Written) -> Result<Self, InvalidContact> {
        let address = address(&written.address).ok_or(InvalidContact::Address)?.to_owned();
        let name = written.name.filter(|name| !name.trim().is_empty());
        if name.as_ref().is_some_and(|name| name.len() > MAX_NAME_BYTES || name.chars().any(char::is_control)) {
            return Err(InvalidContact::Name);
        }
        if written.language.as_deref().is_some_and(|tag| !is_language(tag)) {
            return Err(InvalidContact::Language);
        }
        let time_zone = written.time_zone.as_deref().map(time_zone).map(|zone| zone.ok_or(InvalidContact::TimeZone));
        let country = written.country.map(|country| country.to_ascii_uppercase());
        if country.as_ref().is_some_and(|code| code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_uppercase())) {
            return Err(InvalidContact::Country);
        }
        Ok(Self {
            address: address.into(),
            name: name.map(SecretString::from),
            language: written.language,
            time_zone: time_zone.transpose()?,
            country,
        })
    }

    /// The time zone they live in: the one that was said, else that of their country where it has only one time.
    #[must_use]
    pub fn zone(&self) -> Option<TimeZone> {
        self.time_zone.clone().or_else(|| zone_of(self.country.as_deref()?))
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Contact(…)")
    }
}

/// An e-mail address, without what is around it; `None` for what can't be one. Whether it is somebody's, only mail tells.
#[must_use]
pub fn address(text: &str) -> Option<&str> {
    let text = text.trim();
    let (local, host) = text.rsplit_once('@')?;
    let plain = |part: &str| !part.chars().any(|c| c.is_whitespace() || c.is_control() || "<>(),;:\\\"[]".contains(c));
    let labels = host.split('.').all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'));
    let fits = text.len() <= MAX_ADDRESS_BYTES && !local.is_empty() && local.len() <= 64 && !local.contains('@');
    let dots = !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
    (fits && dots && labels && host.contains('.') && plain(local) && plain(host)).then_some(text)
}

/// An address in the one form in which it is compared.
#[must_use]
pub fn comparable(address: &str) -> String {
    address.trim().to_lowercase()
}

/// A time zone by its name in the tz database. Names that depend on this machine are none.
#[must_use]
pub fn time_zone(name: &str) -> Option<TimeZone> {
    let zone = TimeZone::get(name).ok()?;
    (zone.iana_name().is_some() && !name.eq_ignore_ascii_case("local")).then_some(zone)
}

/// The time zone of a country in which every clock shows the same.
fn zone_of(country: &str) -> Option<TimeZone> {
    let mut lines = COUNTRIES.lines().filter_map(|line| line.split_once(' '));
    lines.find(|(code, _)| *code == country).and_then(|(_, name)| time_zone(name))
}

fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let first = parts.next().is_some_and(|part| (2..=3).contains(&part.len()) && letters(part));
    let rest = parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    first && rest && tag.len() <= 35
}

fn letters(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(address: &str) -> Written {
        Written { address: address.to_owned(), ..Written::default() }
    }

    #[test]
    fn what_can_be_an_address_is_told_from_what_can_not() {
        for text in ["ada@example.com", " ada+1@mail.example.com ", "ädä@exämple.example", "a.b-c_d@x-y.example"] {
            assert!(Contact::check(written(text)).is_ok(), "{text}");
        }
        for text in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@example",
            "ada@@example.com",
            "ada @example.com",
            "a\r\nb@example.com",
            "Ada <ada@example.com>",
            "ada@example..com",
            "ada,eve@example.com",
            ".ada@example.com",
            "ada@-x.example",
        ] {
            assert_eq!(Contact::check(written(text)).unwrap_err(), InvalidContact::Address, "{text}");
        }
        assert!(address(&format!("{}@example.com", "x".repeat(65))).is_none());
        assert_eq!(comparable(" Ada@Example.COM "), "ada@example.com");
    }

    #[test]
    fn each_part_is_checked_and_named_without_what_it_says() {
        let ada = written("ada@example.com");
        for (wrong, why) in [
            (Written { name: Some("Ada\nExample".to_owned()), ..ada.clone() }, InvalidContact::Name),
            (Written { language: Some("german!".to_owned()), ..ada.clone() }, InvalidContact::Language),
            (Written { time_zone: Some("Mars/Olympus".to_owned()), ..ada.clone() }, InvalidContact::TimeZone),
            (Written { country: Some("Germany".to_owned()), ..ada.clone() }, InvalidContact::Country),
        ] {
            assert_eq!(Contact::check(wrong).unwrap_err(), why);
        }
        let contact = Contact::check(Written { name: Some("Ada Example".to_owned()), ..ada }).unwrap();
        assert_eq!(format!("{contact:?}"), "Contact(…)");
    }

    #[test]
    fn the_zone_is_said_or_follows_from_a_country_with_one_time() {
        let zone = |time_zone: Option<&str>, country: Option<&str>| {
            let [time_zone, country] = [time_zone, country].map(|text| text.map(str::to_owned));
            let contact = Contact::check(Written { time_zone, country, ..written("ada@example.com") }).unwrap();
            contact.zone().and_then(|zone| zone.iana_name().map(str::to_owned))
        };
        assert_eq!(zone(Some("Asia/Tokyo"), Some("DE")).as_deref(), Some("Asia/Tokyo"));
        assert_eq!(zone(None, Some("de")).as_deref(), Some("Europe/Berlin"), "Büsingen's clocks show the same");
        assert_eq!(zone(None, Some("US")), None);
        assert_eq!(zone(None, None), None);
    }

    #[test]
    fn every_country_of_the_table_has_a_zone_that_is_known() {
        for line in COUNTRIES.lines() {
            let (country, _) = line.split_once(' ').unwrap();
            assert!(zone_of(country).is_some(), "{line}");
        }
        assert!(COUNTRIES.lines().count() > 200);
    }
}
