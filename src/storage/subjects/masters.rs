//! Which master keys are needed, and subjects' keys sealed anew under another.

use crate::domain::subject::SubjectId;
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::row::Place;
use crate::storage::subjects::SubjectRef;
use crate::storage::subjects::keys::{place, sealed};
use crate::storage::transaction::Tx;
use crate::vault::KeyId;

/// A master key, as far as the database knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MasterKeyUse {
    /// The key.
    pub id: KeyId,
    /// How many subjects' keys are sealed under it.
    pub subjects: u64,
}

/// How far a resealing is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Where to go on; `None` at the end.
    pub next: Option<SubjectRef>,
    /// How many were sealed anew.
    pub resealed: u64,
}

statements! {
    REMEMBER { "INSERT INTO master_keys (id, first_used_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING" }
    REMEMBERED { "SELECT id FROM master_keys ORDER BY first_used_at, id" }
    FORGET {
        "DELETE FROM master_keys
         WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM subjects WHERE subjects.master_key_id = master_keys.id)
           AND NOT EXISTS (SELECT 1 FROM link_keys WHERE link_keys.master_key_id = master_keys.id)"
    }
    IN_USE {
        "SELECT master_key_id, count(*) FROM subjects WHERE sealed_key IS NOT NULL
         GROUP BY master_key_id ORDER BY master_key_id"
    }
    KEYS_AFTER {
        lock "SELECT environment, subject, sealed_key, master_key_id FROM subjects
              WHERE (environment, subject) > ($1, $2) ORDER BY environment, subject LIMIT $3"
    }
    RESEAL { "UPDATE subjects SET sealed_key = $3, master_key_id = $4 WHERE environment = $1 AND subject = $2" }
}

impl Tx {
    /// Remembers that a master key is in use.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn remember_master_key(&mut self, id: &KeyId, now: Timestamp) -> Result<()> {
        on_db!(self, conn, sql = REMEMBER =>
            sqlx::query(sql).bind(id.as_str()).bind(now).execute(conn).await.map(drop))?;
        Ok(())
    }

    /// The master keys that may still be needed, the first used first.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn master_keys(&mut self) -> Result<Vec<KeyId>> {
        let ids: Vec<String> = on_db!(self, conn, sql = REMEMBERED => sqlx::query_scalar(sql).fetch_all(conn).await)?;
        let read = |id: String| Place { table: "master_keys", row: &id }.some("id", KeyId::parse(&id));
        ids.into_iter().map(read).collect()
    }

    /// Forgets a master key; false when a subject's key is sealed under it, or it is not known.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn forget_master_key(&mut self, id: &KeyId) -> Result<bool> {
        let forgotten = on_db!(self, conn, sql = FORGET =>
            sqlx::query(sql).bind(id.as_str()).execute(conn).await.map(|done| done.rows_affected() == 1))?;
        Ok(forgotten)
    }

    /// How many subjects' keys are sealed under each master key. It counts them all.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn master_keys_in_use(&mut self) -> Result<Vec<MasterKeyUse>> {
        let rows: Vec<(String, i64)> = on_db!(self, conn, sql = IN_USE => sqlx::query_as(sql).fetch_all(conn).await)?;
        let read = |(id, count): (String, i64)| {
            let at = Place { table: "subjects", row: &id };
            let subjects = u64::try_from(count).unwrap_or(0);
            Ok(MasterKeyUse { id: at.some("master_key_id", KeyId::parse(&id))?, subjects })
        };
        rows.into_iter().map(read).collect()
    }

    /// Seals the next `most` subjects' keys anew under the current master key, where they are under another.
    ///
    /// # Errors
    /// Whatever the database says, or `Sealed` when one does not open.
    pub async fn reseal_after(&mut self, after: Option<&SubjectRef>, most: u32) -> Result<Resealed> {
        let mut done = Resealed::default();
        let rows = self.keys_after(after, most).await?;
        let full = rows.len() == usize::try_from(most).unwrap_or(usize::MAX);
        for row in rows {
            let (whose, at) = row.whose()?;
            let sealed = sealed(&at.place(), row.sealed_key, row.master_key_id.as_deref())?;
            if let Some(sealed) = sealed
                && let Some(anew) = self.vault.reseal_key(place(&whose), &sealed)?
            {
                on_db!(self, conn, sql = RESEAL =>
                    sqlx::query(sql)
                        .bind(whose.0.as_str())
                        .bind(whose.1.as_str())
                        .bind(anew.bytes.as_slice())
                        .bind(anew.master.as_str())
                        .execute(conn)
                        .await
                        .map(drop))?;
                done.resealed += 1;
            }
            done.next = Some(whose);
        }
        if !full {
            done.next = None;
        }
        Ok(done)
    }

    /// The next `most` subjects whose keys are sealed under a master key, and where to go on.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn subjects_under(
        &mut self,
        master: &KeyId,
        after: Option<&SubjectRef>,
        most: u32,
    ) -> Result<(Vec<SubjectRef>, Option<SubjectRef>)> {
        let rows = self.keys_after(after, most).await?;
        let full = rows.len() == usize::try_from(most).unwrap_or(usize::MAX);
        let (mut under, mut last) = (Vec::new(), None);
        for row in rows {
            let (whose, _) = row.whose()?;
            if row.master_key_id.as_deref() == Some(master.as_str()) {
                under.push(whose.clone());
            }
            last = Some(whose);
        }
        Ok((under, last.filter(|_| full)))
    }

    async fn keys_after(&mut self, after: Option<&SubjectRef>, most: u32) -> Result<Vec<Row>> {
        let (environment, subject) = after.map_or(("", ""), |(of, subject)| (of.as_str(), subject.as_str()));
        Ok(on_db!(self, conn, sql = KEYS_AFTER =>
            sqlx::query_as(sql).bind(environment).bind(subject).bind(i64::from(most)).fetch_all(conn).await)?)
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    environment: String,
    subject: String,
    sealed_key: Option<Vec<u8>>,
    master_key_id: Option<String>,
}

/// The name of a row, for what may be said of it.
struct RowName(String);

impl RowName {
    fn place(&self) -> Place<'_> {
        Place { table: "subjects", row: &self.0 }
    }
}

impl Row {
    fn whose(&self) -> Result<(SubjectRef, RowName)> {
        let name = RowName(format!("{}/{}", self.environment, self.subject));
        let environment = name.place().environment(&self.environment)?;
        Ok(((environment, SubjectId::stored(self.subject.clone())), name))
    }
}
