//! How people are reached: sealed, each under a key of its own, found by the application's name for the person.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;

use crate::domain::ids::{CustomerName, EnvironmentName, EventId, ReferenceId};
use crate::domain::subject::SubjectId;
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::names::Names;
use crate::storage::row::Place;
use crate::storage::sql::json;
use crate::storage::subjects::SubjectRef;
use crate::storage::subjects::keys::{place, sealed};
use crate::storage::transaction::Tx;
use crate::vault::Packed;

stored_words! {
    /// How a contact came to us.
    Source {
        /// The application gave it.
        Given = "given",
        /// The application answered it when it was asked.
        Answered = "answered",
    }
}

/// Whose contact it is: the application's name for the person, within an environment and customer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContactKey {
    /// In this environment.
    pub environment: EnvironmentName,
    /// Whose person it is; the operator's own without.
    pub customer: Option<CustomerName>,
    /// The application's own name for the person.
    pub reference_id: ReferenceId,
}

/// A contact as it is kept. It shows nothing of the person.
#[derive(Clone)]
pub struct StoredContact {
    /// Whose it is.
    pub key: ContactKey,
    /// How it came.
    pub source: Source,
    /// What was sealed; `None` where nothing is known of the person, or its key was destroyed.
    pub text: Option<Vec<u8>>,
    /// The address as it stands among the suppressed.
    pub address_hash: Option<String>,
    /// When we were told.
    pub told_at: Timestamp,
}

impl fmt::Debug for StoredContact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, source, told_at, .. } = self;
        f.debug_struct("StoredContact")
            .field("key", key)
            .field("source", source)
            .field("told_at", told_at)
            .finish_non_exhaustive()
    }
}

impl ContactKey {
    fn whose(&self, names: &Names) -> SubjectRef {
        let customer = self.customer.as_ref().map_or("", CustomerName::as_str);
        (self.environment.clone(), SubjectId::addressee(customer, &names.seal(&self.reference_id)))
    }
}

/// Persona's name for a person in an environment, which may be an opaque one of a static link.
pub type Asked = (EnvironmentName, ReferenceId);

macro_rules! found {
    () => {
        "found.environment, found.subject, found.customer, found.reference_id, found.source, found.contact,
         found.address_hash, found.told_at, subjects.sealed_key, subjects.master_key_id"
    };
}

statements! {
    KEEP {
        "INSERT INTO contacts (environment, subject, customer, reference_id, source, contact, address_hash, told_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (environment, subject) DO UPDATE
         SET source = excluded.source, contact = excluded.contact, address_hash = excluded.address_hash,
             told_at = excluded.told_at"
    }
    FORGET { "DELETE FROM contacts WHERE environment = $1 AND subject = $2" }
    FORGET_KEY { "DELETE FROM subjects WHERE environment = $1 AND subject = $2" }
    ONE {
        concat!("SELECT '' AS asked, ", found!(), " FROM contacts AS found
                 LEFT JOIN subjects ON subjects.environment = found.environment AND subjects.subject = found.subject
                 WHERE found.environment = $1 AND found.subject = $2")
    }
    ALL {
        concat!("SELECT '' AS asked, ", found!(), " FROM contacts AS found
                 LEFT JOIN subjects ON subjects.environment = found.environment AND subjects.subject = found.subject")
    }
    OF_PEOPLE {
        sqlite concat!(
            "SELECT wanted.value ->> 1 AS asked, ", found!(), "
             FROM jsonb_each($1) AS wanted
             LEFT JOIN static_links
             ON static_links.environment = wanted.value ->> 0 AND static_links.reference_id = wanted.value ->> 1
             CROSS JOIN contacts AS found
             ON found.reference_id = coalesce(static_links.known_as, wanted.value ->> 1)
                AND found.environment = wanted.value ->> 0
             LEFT JOIN subjects ON subjects.environment = found.environment AND subjects.subject = found.subject"),
        postgres concat!(
            "SELECT wanted.reference_id AS asked, ", found!(), "
             FROM unnest($1::text[], $2::text[]) AS wanted (environment, reference_id)
             LEFT JOIN LATERAL (
                 SELECT known_as FROM static_links
                 WHERE static_links.environment = wanted.environment
                   AND static_links.reference_id = wanted.reference_id LIMIT 1
             ) AS link ON true
             CROSS JOIN LATERAL (
                 SELECT * FROM contacts
                 WHERE contacts.reference_id = coalesce(link.known_as, wanted.reference_id)
                   AND contacts.environment = wanted.environment
                 ORDER BY contacts.reference_id LIMIT 20
             ) AS found
             LEFT JOIN subjects ON subjects.environment = found.environment AND subjects.subject = found.subject")
    }
    OF_INQUIRY {
        "SELECT environment, subject FROM contacts
         WHERE environment = $1 AND reference_id IN (
             SELECT coalesce(static_links.known_as, inquiries.reference_id) FROM inquiries
             LEFT JOIN static_links ON static_links.environment = inquiries.environment
                                    AND static_links.reference_id = inquiries.reference_id
             WHERE inquiries.environment = $1 AND inquiries.id = $2)"
    }
}

impl Tx {
    /// Keeps how a person is reached, in place of what was kept before; `None` that nothing is known of them.
    ///
    /// # Errors
    /// Whatever the database says, or `Sealed` when there is no master key.
    pub async fn keep_contact(
        &mut self,
        key: &ContactKey,
        source: Source,
        contact: Option<(Vec<u8>, String)>,
        now: Timestamp,
    ) -> Result<()> {
        let whose = key.whose(&self.names);
        let keys = self.subject_keys(&BTreeMap::from([(whose.clone(), now)]), now).await?;
        let at = Place { table: "contacts", row: whose.1.as_str() };
        let own = at.some("subject", keys.get(&whose))?;
        let (text, hash) = contact.unzip();
        let text = match text {
            Some(text) => Some(own.seal(place(&whose), &bound_to(&at)?, &Packed::of(Bytes::from(text)))?),
            None => None,
        };
        let name = self.names.seal(&key.reference_id);
        on_db!(self, conn, sql = KEEP =>
            sqlx::query(sql)
                .bind(key.environment.as_str())
                .bind(whose.1.as_str())
                .bind(key.customer.as_ref().map_or("", CustomerName::as_str))
                .bind(name.as_str())
                .bind(source.as_str())
                .bind(text.as_deref())
                .bind(hash.as_deref())
                .bind(now)
                .execute(conn)
                .await
                .map(drop))?;
        Ok(())
    }

    /// Forgets how a person is reached, and destroys what it was sealed under; whether there was anything.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn forget_contact(&mut self, key: &ContactKey) -> Result<bool> {
        self.forget_contacts(vec![key.whose(&self.names)]).await
    }

    /// The same, for whom an inquiry is: whoever's person they are.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn forget_contacts_of(&mut self, environment: &EnvironmentName, inquiry: &str) -> Result<bool> {
        let rows: Vec<(String, String)> = on_db!(self, conn, sql = OF_INQUIRY =>
            sqlx::query_as(sql).bind(environment.as_str()).bind(inquiry).fetch_all(conn).await)?;
        let read = |(_, subject)| (environment.clone(), SubjectId::stored(subject));
        self.forget_contacts(rows.into_iter().map(read).collect()).await
    }

    async fn forget_contacts(&mut self, whose: Vec<SubjectRef>) -> Result<bool> {
        let mut gone = 0;
        for (environment, subject) in &whose {
            gone += on_db!(self, conn, sql = FORGET =>
                sqlx::query(sql)
                    .bind(environment.as_str())
                    .bind(subject.as_str())
                    .execute(conn)
                    .await
                    .map(|done| done.rows_affected()))?;
            // No tombstone stays of the key: whoever is told of again is somebody new.
            on_db!(self, conn, sql = FORGET_KEY =>
                sqlx::query(sql).bind(environment.as_str()).bind(subject.as_str()).execute(conn).await.map(drop))?;
        }
        Ok(gone > 0)
    }

    /// How a person is reached.
    ///
    /// # Errors
    /// Whatever the database says, or `Sealed` when it does not open.
    pub async fn contact(&mut self, key: &ContactKey) -> Result<Option<StoredContact>> {
        let (environment, subject) = key.whose(&self.names);
        let row: Option<Row> = on_db!(self, conn, sql = ONE =>
            sqlx::query_as(sql).bind(environment.as_str()).bind(subject.as_str()).fetch_optional(conn).await)?;
        row.map(|row| self.read_contact(row).map(|(_, contact)| contact)).transpose()
    }

    /// How people are reached, by Persona's names for them, whoever's they are.
    ///
    /// # Errors
    /// Whatever the database says, or `Sealed` when one does not open.
    pub async fn contacts_of(&mut self, people: &[&Asked]) -> Result<Vec<(Asked, StoredContact)>> {
        if people.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<ReferenceId> = people.iter().map(|(_, reference)| self.names.seal(reference)).collect();
        let references: Vec<&str> = names.iter().map(ReferenceId::as_str).collect();
        let environments: Vec<&str> = people.iter().map(|(environment, _)| environment.as_str()).collect();
        let rows: Vec<Row> = on_db!(self, conn => sqlite {
            let pairs: Vec<_> = environments.into_iter().zip(references).collect();
            sqlx::query_as(OF_PEOPLE.sqlite).bind(json(&pairs)).fetch_all(conn).await
        } postgres {
            sqlx::query_as(OF_PEOPLE.postgres).bind(environments).bind(references).fetch_all(conn).await
        })?;
        rows.into_iter().map(|row| self.read_contact(row)).collect()
    }

    /// Keeps every contact under its person's name as that is to be kept from now on.
    ///
    /// # Errors
    /// Whatever the database says, or `Sealed` when one does not open.
    pub(super) async fn rename_contacts(&mut self) -> Result<()> {
        let rows: Vec<Row> = on_db!(self, conn, sql = ALL => sqlx::query_as(sql).fetch_all(conn).await)?;
        for row in rows {
            let was = SubjectId::stored(row.subject.clone());
            let ((environment, _), contact) = self.read_contact(row)?;
            if contact.key.whose(&self.names).1 == was {
                continue;
            }
            self.forget_contacts(vec![(environment, was)]).await?;
            let text = contact.text.zip(contact.address_hash);
            self.keep_contact(&contact.key, contact.source, text, contact.told_at).await?;
        }
        Ok(())
    }

    fn read_contact(&self, row: Row) -> Result<(Asked, StoredContact)> {
        let at = Place { table: "contacts", row: &row.subject };
        let environment = at.environment(&row.environment)?;
        let customer = Some(row.customer.as_str()).filter(|customer| !customer.is_empty());
        let key = ContactKey {
            environment: environment.clone(),
            customer: at.optional_id("customer", customer, CustomerName::parse)?,
            reference_id: self.names.open(at.id("reference_id", &row.reference_id, ReferenceId::parse)?),
        };
        let whose = (environment.clone(), SubjectId::stored(row.subject.clone()));
        let sealed_key = sealed(&at, row.sealed_key, row.master_key_id.as_deref())?;
        let text = match (row.contact, sealed_key) {
            (Some(text), Some(sealed_key)) => {
                let own = self.vault.open_key(place(&whose), &sealed_key)?;
                Some(own.open_body(place(&whose), &bound_to(&at)?, &text)?)
            }
            _ => None,
        };
        let asked = ReferenceId::parse(&row.asked);
        let asked = asked.map_or_else(|_| key.reference_id.clone(), |asked| self.names.open(asked));
        let source = at.some("source", Source::parse(&row.source))?;
        let contact = StoredContact { key, source, text, address_hash: row.address_hash, told_at: row.told_at };
        Ok(((environment, asked), contact))
    }
}

/// What a sealed contact is bound to.
fn bound_to(at: &Place<'_>) -> Result<EventId> {
    at.id("contact", "contact", EventId::parse)
}

#[derive(sqlx::FromRow)]
struct Row {
    asked: String,
    environment: String,
    subject: String,
    customer: String,
    reference_id: String,
    source: String,
    contact: Option<Vec<u8>>,
    address_hash: Option<String>,
    told_at: Timestamp,
    sealed_key: Option<Vec<u8>>,
    master_key_id: Option<String>,
}
