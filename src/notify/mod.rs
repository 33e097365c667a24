//! Handing notices on: to the person by e-mail, to the operator's own application by a signed webhook, or to the log in a
//! dry run.
//!
//! Each delivery is tried once; whether and when to try again is the caller's to decide, from the error.

pub mod news;
pub mod notice;

pub mod recipient;

pub mod letter;

pub mod lookup;

mod log;
pub mod webhook;

pub mod email;

mod guarded;

pub mod circuit;

pub mod error;

mod wire;

use crate::notify::email::Email;
use crate::notify::error::NotifyError;
use crate::notify::news::News;
use crate::notify::notice::{Alert, Invitation, Notice, Replaced};
use crate::notify::webhook::Webhook;

/// Where notices go.
#[derive(Debug, Clone)]
pub enum Notifier {
    /// To the operator's application.
    Webhook(Webhook),
    /// To the person, by e-mail.
    Email(Email),
    /// To the log, for a dry run: one line per notice, without the link, and nobody is told.
    Log,
}

/// How a notice was delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// The receiver took it, with this HTTP status.
    Accepted {
        /// 200 to 299.
        status: u16,
    },
    /// The mail server took it.
    Mailed,
    /// It is nothing for those whom this channel reaches, so nobody was told.
    NotTheirs,
    /// It was written to the log, and nobody was told.
    Logged,
}

impl Notifier {
    /// Whether it reaches nobody without an address; an application finds its people by itself.
    #[must_use]
    pub const fn needs_address(&self) -> bool {
        match self {
            Self::Email(_) => true,
            Self::Webhook(_) | Self::Log => false,
        }
    }

    /// Hands one notice on. A repeat carries the same id, so receivers can drop it.
    ///
    /// # Errors
    /// [`NotifyError`] says whether another try can help.
    pub async fn deliver(&self, notice: &Notice) -> Result<Delivered, NotifyError> {
        match self {
            Self::Webhook(webhook) => webhook.deliver(notice).await,
            Self::Email(email) => email.deliver(notice).await,
            Self::Log => Ok(log::deliver(notice)),
        }
    }

    /// Tells the application of a replacement; e-mail reaches people, who need no such news. A repeat carries the same id, so receivers can drop it.
    ///
    /// # Errors
    /// [`NotifyError`] says whether another try can help.
    pub async fn tell(&self, news: &Replaced) -> Result<Delivered, NotifyError> {
        match self {
            Self::Webhook(webhook) => webhook.tell(news).await,
            Self::Email(_) => Ok(Delivered::NotTheirs),
            Self::Log => Ok(log::tell(news)),
        }
    }

    /// Tells an application what it subscribed to. A repeat carries the same id, so receivers can drop it.
    ///
    /// # Errors
    /// [`NotifyError`] says whether another try can help.
    pub async fn publish(&self, news: &News) -> Result<Delivered, NotifyError> {
        match self {
            Self::Webhook(webhook) => webhook.publish(news).await,
            Self::Email(_) => Ok(Delivered::NotTheirs),
            Self::Log => Ok(log::publish(news)),
        }
    }

    /// Hands a fresh link on that somebody asked for. A repeat carries the same id, so receivers can drop it.
    ///
    /// # Errors
    /// [`NotifyError`] says whether another try can help.
    pub async fn invite(&self, invitation: &Invitation) -> Result<Delivered, NotifyError> {
        match self {
            Self::Webhook(webhook) => webhook.invite(invitation).await,
            Self::Email(email) => email.invite(invitation).await,
            Self::Log => Ok(log::invite(invitation)),
        }
    }

    /// Tells whoever mends things that something is wrong, or over. A repeat carries the same id.
    ///
    /// # Errors
    /// [`NotifyError`] says whether another try can help.
    pub async fn alert(&self, alert: &Alert) -> Result<Delivered, NotifyError> {
        match self {
            Self::Webhook(webhook) => webhook.alert(alert).await,
            Self::Email(_) => Ok(Delivered::NotTheirs),
            Self::Log => Ok(log::alert(alert)),
        }
    }
}
