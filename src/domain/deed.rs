//! The audit: what was done by whom, each record bound to the one before it, so that one removed or changed shows.
//!
//! A record's hash covers everything it says and the hash of the record before. It shows tampering by whoever can't
//! write all that follows anew; against whoever can, keep a head of [`Chain`] elsewhere and compare.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::domain::act::{Act, Role};
use crate::domain::ids::{ActionId, EnvironmentName, EventId, InquiryId, ReplayId, TokenId};
use crate::domain::operator::Operator;
use crate::domain::time::Timestamp;

/// The longest text of a record, in bytes.
const MOST_BYTES: usize = 1_000;

/// What the first record is bound to.
pub const ORIGIN: [u8; 32] = [0; 32];

/// What something was done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Which kind of thing: `action`, `inquiry`, `event`, `link`, `lane`, `token`, `key`, `session` …
    pub kind: &'static str,
    /// Its id; nothing of a person.
    pub id: String,
}

/// Something that somebody did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    by: Operator,
    act: Act,
    environment: Option<EnvironmentName>,
    about: Option<About>,
    reason: Option<String>,
    at: Timestamp,
}

/// It touches people, and nobody said why it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("say why: a reason is needed for what touches people")]
pub struct NoReason;

/// A record as it is kept: in words, so that one that was changed by hand can still be read and found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the chain, from 1 on.
    pub number: u64,
    /// When, by our clock.
    pub at: Timestamp,
    /// In which environment; `None` for what concerns all.
    pub environment: Option<String>,
    /// Who, as [`Operator::who`].
    pub who: String,
    /// In which [`Role`].
    pub role: String,
    /// How they were known, as [`crate::domain::operator::How`].
    pub how: String,
    /// Which [`Act`].
    pub act: String,
    /// What it was done to: a kind and an id.
    pub about: Option<(String, String)>,
    /// Why, in their words.
    pub reason: Option<String>,
    /// Where the request came from.
    pub address: Option<String>,
    /// The hash of the record before.
    pub previous: Vec<u8>,
    /// The hash of this one.
    pub hash: Vec<u8>,
}

/// How far a chain reaches: the number and hash of its last record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The number of the last record; 0 where there is none.
    pub number: u64,
    /// Its hash.
    pub hash: [u8; 32],
}

/// What is wrong with a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A record should be there and is not.
    #[error("record {0} is missing")]
    Missing(u64),
    /// A record says something else than when it was made.
    #[error("record {0} was changed")]
    Changed(u64),
    /// A record does not follow the one before it: one of them was put in anew, or their order was changed.
    #[error("record {0} does not follow the one before it")]
    Unbound(u64),
    /// The last record is not the one that was made last.
    #[error("the chain ends with record {found}, and should end with {expected}")]
    CutShort {
        /// The last that is there.
        found: u64,
        /// The last that was made.
        expected: u64,
    },
    /// The chain does not hold the head that was kept elsewhere.
    #[error("record {0} is not the one that was noted elsewhere: the chain was written anew")]
    Rewritten(u64),
}

/// A chain as it is gone through, record by record.
#[derive(Debug, Clone)]
pub struct Chain {
    head: Head,
    noted: Option<Head>,
    noted_seen: bool,
}

impl About {
    /// An action.
    #[must_use]
    pub fn action(id: &ActionId) -> Self {
        Self { kind: "action", id: id.to_string() }
    }

    /// An inquiry, and with it its verification.
    #[must_use]
    pub fn inquiry(id: &InquiryId) -> Self {
        Self { kind: "inquiry", id: id.to_string() }
    }

    /// An event.
    #[must_use]
    pub fn event(id: &EventId) -> Self {
        Self { kind: "event", id: id.to_string() }
    }

    /// A replay.
    #[must_use]
    pub fn replay(id: &ReplayId) -> Self {
        Self { kind: "replay", id: id.to_string() }
    }

    /// A token, an application's or an operator's.
    #[must_use]
    pub fn token(id: &TokenId) -> Self {
        Self { kind: "token", id: id.to_string() }
    }
}

impl Deed {
    /// What somebody does now. A reason of white space is none.
    ///
    /// # Errors
    /// [`NoReason`] where the act touches people and there is none.
    pub fn new(by: &Operator, act: Act, reason: Option<&str>, at: Timestamp) -> Result<Self, NoReason> {
        let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
        if reason.is_none() && act.touches_people() {
            return Err(NoReason);
        }
        let environment = by.environment.clone();
        Ok(Self { by: by.clone(), act, environment, about: None, reason: reason.map(str::to_owned), at })
    }

    /// In this environment.
    #[must_use]
    pub fn within(self, environment: &EnvironmentName) -> Self {
        Self { environment: Some(environment.clone()), ..self }
    }

    /// To this.
    #[must_use]
    pub fn about(self, about: About) -> Self {
        Self { about: Some(about), ..self }
    }

    /// Why it is done.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// When it is done.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// The record of it behind this head.
    #[must_use]
    pub fn entry(&self, head: &Head) -> Entry {
        let about = self.about.as_ref().map(|about| (about.kind.to_owned(), fit(&about.id)));
        let mut entry = Entry {
            number: head.number + 1,
            at: self.at,
            environment: self.environment.as_ref().map(ToString::to_string),
            who: fit(&self.by.who),
            role: self.by.role.to_string(),
            how: self.by.how.to_string(),
            act: self.act.to_string(),
            about,
            reason: self.reason.as_deref().map(fit),
            address: self.by.address.as_deref().map(fit),
            previous: head.hash.to_vec(),
            hash: Vec::new(),
        };
        entry.hash = entry.computed().to_vec();
        entry
    }
}

impl Entry {
    /// The hash of what the record says: every part with its length, so that none can pass for another.
    fn computed(&self) -> [u8; 32] {
        let (kind, id) = self.about.as_ref().map_or((None, None), |(kind, id)| (Some(kind), Some(id)));
        let texts = [
            self.environment.as_ref(),
            Some(&self.who),
            Some(&self.role),
            Some(&self.how),
            Some(&self.act),
            kind,
            id,
            self.reason.as_ref(),
            self.address.as_ref(),
        ];
        let mut hash = Sha256::new();
        hash.update(b"rekindle audit 1\0");
        hash.update((self.previous.len() as u64).to_be_bytes());
        hash.update(&self.previous);
        hash.update(self.number.to_be_bytes());
        hash.update(self.at.as_micros().to_be_bytes());
        for text in texts {
            hash.update([u8::from(text.is_some())]);
            let bytes = text.map_or(&[][..], |text| text.as_bytes());
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        }
        hash.finalize().into()
    }

    /// Which act it was, and in which role, where this program knows them.
    #[must_use]
    pub fn understood(&self) -> Option<(Act, Role)> {
        Act::parse(&self.act).zip(Role::parse(&self.role))
    }
}

impl Head {
    /// Of a chain without a record.
    pub const EMPTY: Self = Self { number: 0, hash: ORIGIN };

    /// Reads what its text form writes: `NUMBER:HASH`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (number, hash) = text.split_once(':')?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(hash, &mut bytes).ok()?;
        Some(Self { number: number.parse().ok()?, hash: bytes })
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.number, hex::encode(self.hash))
    }
}

impl Chain {
    /// At the beginning; `noted` is a head that was kept elsewhere, which must be in the chain.
    #[must_use]
    pub fn new(noted: Option<Head>) -> Self {
        Self { head: Head::EMPTY, noted_seen: noted.is_none_or(|noted| noted == Head::EMPTY), noted }
    }

    /// Takes the next record, in the order of numbers.
    ///
    /// # Errors
    /// [`Broken`] says where the chain breaks.
    pub fn take(&mut self, entry: &Entry) -> Result<(), Broken> {
        let expected = self.head.number + 1;
        if entry.number != expected {
            return Err(Broken::Missing(expected));
        }
        if entry.previous != self.head.hash {
            return Err(Broken::Unbound(entry.number));
        }
        let hash = entry.computed();
        if entry.hash != hash {
            return Err(Broken::Changed(entry.number));
        }
        self.head = Head { number: entry.number, hash };
        if let Some(noted) = self.noted.filter(|noted| noted.number == entry.number) {
            if noted.hash != hash {
                return Err(Broken::Rewritten(entry.number));
            }
            self.noted_seen = true;
        }
        Ok(())
    }

    /// How far it reaches.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.head
    }

    /// Ends it, at the head that the database holds.
    ///
    /// # Errors
    /// [`Broken`] where records are missing at the end.
    pub fn end(self, kept: Head) -> Result<Head, Broken> {
        let expected = self.noted.filter(|_| !self.noted_seen).map_or(kept.number, |noted| noted.number);
        if !self.noted_seen || self.head.number != kept.number {
            return Err(Broken::CutShort { found: self.head.number, expected });
        }
        if self.head != kept {
            return Err(Broken::Changed(kept.number));
        }
        Ok(self.head)
    }
}

/// Cut to a bounded length, without what a database refuses in a text: what is hashed is what is kept.
fn fit(text: &str) -> String {
    text[..text.floor_char_boundary(MOST_BYTES)].replace('\0', "?")
}
