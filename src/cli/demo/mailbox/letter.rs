//! A message as it came in, read as a mail reader does.

use mail_parser::MessageParser;
use secrecy::SecretString;

use crate::domain::time::Timestamp;

/// A letter in a mailbox.
pub(super) struct Received {
    /// Its `Message-ID`.
    pub(super) id: String,
    /// When it came.
    pub(super) at: Timestamp,
    /// Who wrote.
    pub(super) from: String,
    /// Whom to.
    pub(super) to: String,
    /// What about.
    pub(super) subject: String,
    /// As plain text.
    pub(super) text: String,
    /// As HTML.
    pub(super) html: String,
    /// Where its button leads.
    pub(super) link: SecretString,
}

impl Received {
    /// Reads a message; `None` where it is none of those that people can get in by.
    pub(super) fn read(message: &[u8], at: Timestamp) -> Option<Self> {
        let read = MessageParser::default().parse(message)?;
        let text = read.body_text(0)?.into_owned();
        let link =
            text.lines().map(str::trim).find(|line| line.starts_with("http://") || line.starts_with("https://"))?;
        let from = read.from()?.first()?;
        let sender = match (from.name(), from.address()) {
            (Some(name), Some(address)) => format!("{name} <{address}>"),
            (_, address) => address?.to_owned(),
        };
        Some(Self {
            id: read.message_id()?.to_owned(),
            at,
            from: sender,
            to: read.to()?.first()?.address()?.to_owned(),
            subject: read.subject()?.to_owned(),
            html: read.body_html(0)?.into_owned(),
            link: link.into(),
            text,
        })
    }

    /// What the application calls the person: their address is made of it.
    pub(super) fn reference_id(&self) -> &str {
        self.to.split('@').next().unwrap_or_default()
    }
}
