//! Reference ids as they stand in the database: as they are, or sealed where an operator says that they name people.
//!
//! Sealed, the same id is the same text in every table, so people are found, grouped and joined as before; only what
//! looks into an id, such as a customer's prefix, can't be asked of the database any more.

use crate::domain::ids::{InquiryId, ReferenceId};
use crate::domain::inquiry::{Inquiry, Person};
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::inquiries::InquiryKey;
use crate::storage::row::Place;
use crate::storage::transaction::Tx;
use crate::vault::NameKey;

/// How reference ids are kept, and read.
#[derive(Debug, Clone, Default)]
pub struct Names {
    key: Option<NameKey>,
    seals: bool,
}

/// How reference ids are kept, by what was written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamesKept {
    /// Nobody said yet, and there is none.
    NotYet,
    /// As they are.
    Plain,
    /// Sealed.
    Sealed,
    /// Some so, some otherwise: a change was begun.
    Changing,
}

statements! {
    KEPT {
        "SELECT (SELECT count(*) FROM (SELECT 1 FROM inquiries LIMIT 1) AS one),
                (SELECT count(*) FROM reference_ids WHERE number = 1),
                (SELECT sealed FROM reference_ids WHERE number = 1)"
    }
    KEEP {
        "INSERT INTO reference_ids (number, sealed, changed_at) VALUES (1, $1, $2)
         ON CONFLICT (number) DO UPDATE SET sealed = excluded.sealed, changed_at = excluded.changed_at"
    }
    KEYS_AFTER { "SELECT environment, id FROM inquiries WHERE (id, environment) > ($1, $2) ORDER BY id, environment LIMIT $3" }
    CREATIONS { "SELECT environment, reference_id, template_id FROM creations" }
    RENAME_CREATION {
        "UPDATE creations SET reference_id = $4 WHERE environment = $1 AND reference_id = $2 AND template_id = $3"
    }
    LINKS { "SELECT environment, reference_id, known_as FROM static_links" }
    RENAME_LINK {
        "UPDATE static_links SET reference_id = $3, known_as = $4 WHERE environment = $1 AND reference_id = $2"
    }
}

impl Names {
    /// Sealed with this key.
    #[must_use]
    pub const fn sealed(key: NameKey) -> Self {
        Self { key: Some(key), seals: true }
    }

    /// As they are, though some may be sealed with this key.
    #[must_use]
    pub const fn opened(key: NameKey) -> Self {
        Self { key: Some(key), seals: false }
    }

    /// As it is kept.
    pub(super) fn seal(&self, name: &ReferenceId) -> ReferenceId {
        let key = self.key.as_ref().filter(|_| self.seals);
        // Letters, digits and a few signs, and not too long: it is an id.
        key.and_then(|key| ReferenceId::parse(&key.seal(name.as_str())).ok()).unwrap_or_else(|| name.clone())
    }

    /// What is meant by what is kept. What does not open is left as it is: it still tells people apart.
    pub(super) fn open(&self, kept: ReferenceId) -> ReferenceId {
        let Some(key) = &self.key else { return kept };
        key.open(kept.as_str()).and_then(|name| ReferenceId::parse(&name).ok()).unwrap_or(kept)
    }

    /// A text that may be a reference id, as it is kept.
    pub(super) fn text(&self, text: &str) -> String {
        ReferenceId::parse(text).map_or_else(|_| text.to_owned(), |name| self.seal(&name).as_str().to_owned())
    }

    /// A line that reference ids are in, as it is kept.
    pub(super) fn line(&self, line: &str) -> String {
        self.key.as_ref().filter(|_| self.seals).map_or_else(|| line.to_owned(), |key| key.seal(line))
    }

    /// What is meant by a line as it is kept.
    pub(super) fn meant(&self, kept: String) -> String {
        self.key.as_ref().and_then(|key| key.open(&kept)).map_or(kept, |line| line.as_str().to_owned())
    }

    /// Whom an inquiry is for, as text, as it is kept.
    pub(super) fn person(&self, person: &Person) -> String {
        match person {
            Person::Reference(name) if self.seals => Person::Reference(self.seal(name)).to_string(),
            _ => person.to_string(),
        }
    }

    /// Inquiries as they are kept; `None` where that is as they are.
    pub(super) fn seal_all(&self, inquiries: &[&Inquiry]) -> Option<Vec<Inquiry>> {
        let seal = |inquiry: &&Inquiry| renamed((*inquiry).clone(), |name| self.seal(&name));
        self.seals.then(|| inquiries.iter().map(seal).collect())
    }

    /// An inquiry as it is meant.
    pub(super) fn open_inquiry(&self, inquiry: Inquiry) -> Inquiry {
        if self.key.is_some() { renamed(inquiry, |name| self.open(name)) } else { inquiry }
    }
}

fn renamed(mut inquiry: Inquiry, name: impl Fn(ReferenceId) -> ReferenceId) -> Inquiry {
    if let Some(said) = &mut inquiry.known.reference_id {
        said.value = said.value.take().map(name);
    }
    inquiry
}

impl Tx {
    /// How reference ids are kept.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn names_kept(&mut self) -> Result<NamesKept> {
        let (inquiries, said, sealed): (i64, i64, Option<bool>) =
            on_db!(self, conn, sql = KEPT => sqlx::query_as(sql).fetch_one(conn).await)?;
        Ok(match (said, sealed) {
            (0, _) if inquiries == 0 => NamesKept::NotYet,
            (0, _) | (_, Some(false)) => NamesKept::Plain,
            (_, Some(true)) => NamesKept::Sealed,
            (_, None) => NamesKept::Changing,
        })
    }

    /// Writes down how reference ids are kept from now on; `None` while that is being changed.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn keep_names(&mut self, sealed: Option<bool>, now: Timestamp) -> Result<()> {
        on_db!(self, conn, sql = KEEP => sqlx::query(sql).bind(sealed).bind(now).execute(conn).await.map(drop))?;
        Ok(())
    }

    /// Keeps the next inquiries after `after` as they are to be kept; how many those were and the last of them, `None`
    /// behind the last one.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn rename_inquiries(
        &mut self,
        after: Option<&InquiryKey>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Option<(u64, InquiryKey)>> {
        let (environment, id) = after.map_or(("", ""), |(environment, id)| (environment.as_str(), id.as_str()));
        let rows: Vec<(String, String)> = on_db!(self, conn, sql = KEYS_AFTER =>
            sqlx::query_as(sql).bind(id).bind(environment).bind(i64::from(limit)).fetch_all(conn).await)?;
        let key = |(environment, id): &(String, String)| {
            let place = Place { table: "inquiries", row: id };
            Ok((place.environment(environment)?, place.id("id", id, InquiryId::parse)?))
        };
        let keys: Vec<InquiryKey> = rows.iter().map(key).collect::<Result<_>>()?;
        let Some(last) = keys.last().cloned() else { return Ok(None) };
        let inquiries = self.lock_inquiries(&keys.iter().collect::<Vec<_>>(), &[]).await?;
        self.save_inquiries(&inquiries.iter().collect::<Vec<_>>(), now).await?;
        Ok(Some((keys.len() as u64, last)))
    }

    /// Keeps the names of creations, static links, contacts and suppressions as they are to be kept, all at once.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn rename_others(&mut self) -> Result<()> {
        let names = self.names.clone();
        let anew = |kept: &str| {
            let name = ReferenceId::parse(kept).map(|kept| names.seal(&names.open(kept)));
            name.map_or_else(|_| kept.to_owned(), |name| name.as_str().to_owned())
        };
        let creations: Vec<(String, String, String)> =
            on_db!(self, conn, sql = CREATIONS => sqlx::query_as(sql).fetch_all(conn).await)?;
        for (environment, kept, template) in &creations {
            on_db!(self, conn, sql = RENAME_CREATION =>
                sqlx::query(sql).bind(environment).bind(kept).bind(template).bind(anew(kept)).execute(conn).await.map(drop))?;
        }
        let links: Vec<(String, String, String)> =
            on_db!(self, conn, sql = LINKS => sqlx::query_as(sql).fetch_all(conn).await)?;
        self.rename_contacts().await?;
        self.rename_suppressions().await?;
        for (environment, kept, known_as) in &links {
            on_db!(self, conn, sql = RENAME_LINK =>
                sqlx::query(sql).bind(environment).bind(kept).bind(anew(kept)).bind(anew(known_as)).execute(conn).await.map(drop))?;
        }
        Ok(())
    }
}
