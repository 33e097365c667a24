//! Secrets: written in place or kept in files, checked for shape, and never shown.

use std::fs;

use secrecy::SecretString;

use super::reader::{Entry, Reading, Section};

/// Persona's own examples are 43 characters; anything this short was cut off on the way here.
const SHORTEST_WEBHOOK_SECRET: usize = "wbhsec_".len() + 16;

/// The beginnings that say what a secret is for without giving it away.
const KNOWN_BEGINNINGS: [&str; 5] = ["wbhsec_", "whsec_", "persona_production_", "persona_sandbox_", "persona_"];

/// What may be said of a secret: its known beginning, or how long it is.
pub(super) fn shape(secret: &str) -> String {
    match KNOWN_BEGINNINGS.iter().find(|beginning| secret.starts_with(**beginning)) {
        Some(beginning) => format!("\"{beginning}…\""),
        None if secret.is_empty() => "an empty text".to_owned(),
        None => format!("a {}-character text", secret.chars().count()),
    }
}

/// The secret under `key`, or in the file under `file_key`; the two together are a mistake.
pub(super) fn one(section: &mut Section<'_>, key: &'static str, file_key: &'static str) -> Option<Entry> {
    let (inline, file) = (section.text(key), section.text(file_key));
    match (inline, file) {
        (inline, None) => inline,
        (None, Some(file)) => {
            let text = contents(section.reading, &file)?.trim().to_owned();
            Some(Entry { place: file.place, text })
        }
        (Some(_), Some(_)) => refuse_both(section, key, file_key),
    }
}

/// The secrets under `key`, or in the file under `file_key`, one to a line.
pub(super) fn several(section: &mut Section<'_>, key: &'static str, file_key: &'static str) -> Option<Vec<Entry>> {
    let (inline, file) = (section.texts(key), section.text(file_key));
    match (inline, file) {
        (inline, None) => inline,
        (None, Some(file)) => {
            let text = contents(section.reading, &file)?;
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            Some(lines.map(|line| Entry { place: file.place.clone(), text: line.to_owned() }).collect())
        }
        (Some(_), Some(_)) => refuse_both(section, key, file_key),
    }
}

fn refuse_both<T>(section: &Section<'_>, key: &str, file_key: &str) -> Option<T> {
    section.refuse(key, None, format!("is given, and {file_key} too; keep one of the two"));
    None
}

fn contents(reading: &Reading, file: &Entry) -> Option<String> {
    let path = reading.file(&file.text);
    fs::read_to_string(&path)
        .map_err(|error| file.refuse(reading, format!("can't be read from {}: {error}", path.display())))
        .ok()
}

/// Notes a mistake about a secret, showing only its shape.
pub(super) fn refuse(reading: &Reading, secret: &Entry, trouble: &str) {
    reading.refuse(&secret.place, Some(shape(&secret.text)), trouble);
}

fn checked(reading: &Reading, secret: &Entry, trouble: Option<&str>) -> Option<SecretString> {
    let trouble = match trouble {
        _ if secret.text.chars().any(|c| c.is_whitespace() || c.is_control()) => {
            Some("holds white space; copy the secret alone")
        }
        trouble => trouble,
    };
    match trouble {
        Some(trouble) => {
            refuse(reading, secret, trouble);
            None
        }
        None => Some(SecretString::from(secret.text.clone())),
    }
}

/// A webhook's secret, as Persona's dashboard shows it (<https://docs.withpersona.com/webhooks-best-practices>).
pub(super) fn webhook_secret(reading: &Reading, secret: &Entry) -> Option<SecretString> {
    let trouble = if !secret.text.starts_with("wbhsec_") {
        Some("is no webhook secret; Persona's begin with \"wbhsec_\", see the webhook's page in its dashboard")
    } else if secret.text.len() < SHORTEST_WEBHOOK_SECRET {
        Some("is too short for a webhook secret; copy the whole of it from Persona's dashboard")
    } else {
        None
    };
    checked(reading, secret, trouble)
}

/// An API key (<https://docs.withpersona.com/api-keys>).
pub(super) fn api_key(reading: &Reading, secret: &Entry) -> Option<SecretString> {
    let trouble = (!secret.text.starts_with("persona_") || secret.text.len() < "persona_".len() + 8)
        .then_some("is no API key; Persona's begin with \"persona_production_\" or \"persona_sandbox_\"");
    checked(reading, secret, trouble)
}

/// A secret of our own to sign notices with, in the form of Standard Webhooks (<https://www.standardwebhooks.com>).
pub(super) fn signing_secret(reading: &Reading, secret: &Entry) -> Option<SecretString> {
    let encoded = secret.text.strip_prefix("whsec_").is_some_and(|rest| !rest.is_empty());
    let trouble = if encoded && standardwebhooks::Webhook::new(&secret.text).is_ok() {
        None
    } else {
        Some(
            "is no signing secret; it must be \"whsec_\" and base64, for instance by: \
             echo whsec_$(openssl rand -base64 32)",
        )
    };
    checked(reading, secret, trouble)
}

/// A secret of somebody else's making, which can have any shape.
pub(super) fn plain(reading: &Reading, secret: &Entry) -> Option<SecretString> {
    checked(reading, secret, secret.text.is_empty().then_some("is empty; leave it out where there is none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_of_a_secret_gives_nothing_away() {
        assert_eq!(shape("wbhsec_0123"), "\"wbhsec_…\"");
        assert_eq!(shape("persona_sandbox_0123"), "\"persona_sandbox_…\"");
        assert_eq!(shape("hunter2"), "a 7-character text");
        assert_eq!(shape(""), "an empty text");
    }
}
