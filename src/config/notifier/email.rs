//! The mail server that letters go by, and in whose name.

use std::{fmt, fs};

use lettre::message::Mailbox;
use secrecy::SecretString;

use super::super::reader::Section;
use super::super::secret;

/// The mail server that letters go by, and in whose name.
#[derive(Clone)]
pub struct EmailConfig {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is kept from others' eyes.
    pub security: EmailSecurity,
    /// Whether letters may travel unencrypted to another machine.
    pub allow_plaintext: bool,
    /// A certificate authority, as PEM, that is trusted besides the system's.
    pub authority: Option<Vec<u8>>,
    /// User and password.
    pub credentials: Option<(String, SecretString)>,
    /// In whose name.
    pub from: Mailbox,
    /// Where answers go.
    pub reply_to: Option<Mailbox>,
}

/// How the connection to a mail server is kept from others' eyes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailSecurity {
    /// TLS after a greeting in the clear.
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// Not at all.
    None,
}

impl EmailSecurity {
    const ALL: [Self; 3] = [Self::StartTls, Self::Tls, Self::None];

    /// As it stands in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StartTls => "starttls",
            Self::Tls => "tls",
            Self::None => "none",
        }
    }

    /// The port that is usual for it (RFC 6409, RFC 8314).
    const fn port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

impl EmailConfig {
    /// What is allowed and probably not meant; each begins with its key.
    pub(in crate::config) fn warnings(&self) -> impl Iterator<Item = &'static str> {
        let plain = self.security == EmailSecurity::None && self.allow_plaintext;
        let plain = plain.then_some(
            "allow_plaintext: links and addresses travel readable to the mail server; use \"starttls\" or \"tls\" where it can",
        );
        let open = self.credentials.is_some() && self.security == EmailSecurity::None;
        let open = open.then_some("password: is sent readable, as security is \"none\"");
        plain.into_iter().chain(open)
    }
}

impl fmt::Debug for EmailConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = format!("{}:{}", self.host, self.port);
        f.debug_struct("Email").field("server", &address).field("security", &self.security).finish_non_exhaustive()
    }
}

pub(super) fn email(section: &mut Section<'_>) -> Option<EmailConfig> {
    let reading = section.reading;
    let host = section.text("host");
    if host.is_none() {
        section.refuse("host", None, "is needed; it is the mail server that letters are handed to");
    }
    let host = host.and_then(|entry| entry.parsed(reading, server_name));
    let security = section.parsed("security", EmailSecurity::StartTls, |text| {
        EmailSecurity::ALL
            .into_iter()
            .find(|security| security.as_str() == text)
            .ok_or("is no way to secure a connection; use \"starttls\", \"tls\" or, on this machine only, \"none\"")
    });
    let port = section.number("port", security.port(), 1..=u16::MAX);
    let allow_plaintext = section.flag("allow_plaintext", false);
    let from = section.text("from");
    if from.is_none() {
        section.refuse(
            "from",
            None,
            "is needed; it is in whose name people are written to, like \"Example Bank <verify@example.com>\"",
        );
    }
    let from = from.and_then(|entry| entry.parsed(reading, mailbox));
    let reply_to = section.text("reply_to").and_then(|entry| entry.parsed(reading, mailbox));
    let authority = authority(section);
    let credentials = credentials(section);
    Some(EmailConfig { host: host?, port, security, allow_plaintext, authority, credentials, from: from?, reply_to })
}

fn server_name(text: &str) -> Result<String, &'static str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-' || c == ':';
    let fine = !text.is_empty() && text.chars().all(plain);
    fine.then(|| text.to_owned())
        .ok_or("is no name of a server; write it alone, like \"smtp.example.com\", and its port as port")
}

fn mailbox(text: &str) -> Result<Mailbox, &'static str> {
    text.parse()
        .map_err(|_| "is no sender; write it like \"verify@example.com\" or \"Example Bank <verify@example.com>\"")
}

fn authority(section: &mut Section<'_>) -> Option<Vec<u8>> {
    let entry = section.text("ca_file")?;
    let reading = section.reading;
    fs::read(reading.file(&entry.text)).map_err(|error| entry.refuse(reading, format!("can't be read: {error}"))).ok()
}

fn credentials(section: &mut Section<'_>) -> Option<(String, SecretString)> {
    let username = section.text("username").map(|entry| entry.text);
    let password = secret::one(section, "password", "password_file");
    let password = password.and_then(|entry| secret::plain(section.reading, &entry));
    match (username, password) {
        (Some(username), Some(password)) => Some((username, password)),
        (Some(_), None) => {
            section.refuse(
                "password",
                None,
                "is needed with username; keep it in a file and name that as password_file",
            );
            None
        }
        (None, Some(_)) => {
            section.refuse("username", None, "is needed with password");
            None
        }
        (None, None) => None,
    }
}
