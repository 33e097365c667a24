//! A mail server and a mailbox for the demo's people: what Rekindle sends by SMTP is kept, and shown on a page.

mod letter;
mod page;
mod smtp;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use super::cast::Person;
use crate::clock::Clock;
use crate::domain::time::Timestamp;
use letter::Received;

/// The domain of everyone's address: kept for examples (RFC 2606).
const DOMAIN: &str = "people.example";

/// What comes into a person's mailbox: the link.
pub(super) type Mailbox = UnboundedReceiver<SecretString>;

/// The mail server and its page, until this is dropped.
pub(super) struct PostOffice {
    kept: Arc<Kept>,
    tasks: [JoinHandle<()>; 2],
    smtp_port: u16,
    page: String,
}

/// A letter that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Taken {
    /// When.
    pub(super) at: Timestamp,
    /// For whom.
    pub(super) reference_id: String,
}

struct Kept {
    clock: Clock,
    mail: Mutex<Mail>,
}

#[derive(Default)]
struct Mail {
    mailboxes: HashMap<String, UnboundedSender<SecretString>>,
    ids: BTreeSet<String>,
    letters: Vec<Received>,
    refused: usize,
}

/// Someone's address.
pub(super) fn address_of(person: &Person) -> String {
    format!("{}@{DOMAIN}", person.reference_id)
}

impl PostOffice {
    /// Opens it on ports of the system's choice.
    pub(super) async fn open(clock: Clock) -> anyhow::Result<Self> {
        let kept = Arc::new(Kept { clock, mail: Mutex::default() });
        let smtp = TcpListener::bind("127.0.0.1:0").await.context("no port is free on loopback")?;
        let pages = TcpListener::bind("127.0.0.1:0").await.context("no port is free on loopback")?;
        let (smtp_port, page) = (smtp.local_addr()?.port(), format!("http://{}/", pages.local_addr()?));
        let routes = page::routes(kept.clone());
        let serving = tokio::spawn(async move {
            // It serves until it is dropped.
            let _ = axum::serve(pages, routes).await;
        });
        let tasks = [tokio::spawn(smtp::serve(smtp, kept.clone())), serving];
        Ok(Self { kept, tasks, smtp_port, page })
    }

    /// Where letters are handed in, on this machine.
    pub(super) const fn smtp_port(&self) -> u16 {
        self.smtp_port
    }

    /// Where letters are looked at.
    pub(super) fn page(&self) -> &str {
        &self.page
    }

    /// Opens a person's mailbox.
    pub(super) fn mailbox(&self, person: &Person) -> Mailbox {
        let (sender, mailbox) = unbounded_channel();
        self.kept.mail().mailboxes.insert(person.reference_id.clone(), sender);
        mailbox
    }

    /// The letters so far, each once however often it came.
    pub(super) fn taken(&self) -> Vec<Taken> {
        let taken = |letter: &Received| Taken { at: letter.at, reference_id: letter.reference_id().to_owned() };
        self.kept.mail().letters.iter().map(taken).collect()
    }

    /// How many messages could not be read, or led nowhere.
    pub(super) fn refused(&self) -> usize {
        self.kept.mail().refused
    }
}

impl Drop for PostOffice {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Kept {
    fn mail(&self) -> MutexGuard<'_, Mail> {
        self.mail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a message in; a repeat, by its `Message-ID`, counts once. Whether it was one.
    fn take(&self, message: &[u8]) -> bool {
        let at = self.clock.now();
        let mut mail = self.mail();
        let Some(letter) = Received::read(message, at) else {
            mail.refused += 1;
            return false;
        };
        if mail.ids.insert(letter.id.clone()) {
            if let Some(mailbox) = mail.mailboxes.get(letter.reference_id()) {
                // Whose story is over reads no mail; the letter counts all the same.
                let _ = mailbox.send(letter.link.clone());
            }
            mail.letters.push(letter);
        }
        true
    }
}

#[cfg(test)]
mod tests;
