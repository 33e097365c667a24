//! The keys of many subjects at once: found, or made where there are none.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::domain::subject::SubjectId;
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::row::Place;
use crate::storage::sql::json;
use crate::storage::subjects::{Because, SubjectRef};
use crate::storage::transaction::Tx;
use crate::vault::{self, KeyId, SEALED_KEY_BYTES, SealedKey, SubjectKey};

macro_rules! find {
    ($lock:literal) => {
        concat!(
            // LATERAL with a LIMIT is a look-up by key for each, whatever the statistics say.
            r#"SELECT found.environment, found.subject, found.sealed_key, found.master_key_id, found.destroyed_at,
                      found.destroyed_because
               FROM (SELECT environment COLLATE "C" AS environment, subject COLLATE "C" AS subject
                     FROM unnest($1::text[], $2::text[]) AS asked (environment, subject)
                     ORDER BY environment, subject) AS wanted
               CROSS JOIN LATERAL (
                   SELECT environment, subject, sealed_key, master_key_id, destroyed_at, destroyed_because
                   FROM subjects WHERE environment = wanted.environment AND subject = wanted.subject LIMIT 1"#,
            $lock,
            ") AS found"
        )
    };
}

statements! {
    // Locked: what is sealed under a key must not be recorded while another transaction destroys the key.
    LOCK_KEYS {
        sqlite "SELECT found.environment, found.subject, found.sealed_key, found.master_key_id, found.destroyed_at,
                       found.destroyed_because
                FROM jsonb_each($1) AS wanted
                CROSS JOIN subjects AS found
                ON found.environment = wanted.value ->> 0 AND found.subject = wanted.value ->> 1",
        postgres find!(" FOR UPDATE")
    }
    // Those that another process has just made: waiting for them here could be waiting for each other.
    READ_KEYS { sqlite "", postgres find!("") }
    ADD_KEYS {
        sqlite "INSERT INTO subjects (environment, subject, sealed_key, master_key_id, created_at)
                SELECT value ->> 0, value ->> 1, substr($2, key * $3 + 1, $3), value ->> 2, $4
                FROM jsonb_each($1) WHERE true
                ON CONFLICT (environment, subject) DO NOTHING
                RETURNING environment, subject",
        postgres "INSERT INTO subjects (environment, subject, sealed_key, master_key_id, created_at)
                  SELECT environment, subject, sealed_key, master_key_id, $5
                  FROM unnest($1::text[], $2::text[], $3::bytea[], $4::text[])
                       AS given (environment, subject, sealed_key, master_key_id)
                  ON CONFLICT (environment, subject) DO NOTHING
                  RETURNING environment, subject"
    }
    RENEW_KEY {
        "UPDATE subjects SET sealed_key = $3, master_key_id = $4
         WHERE environment = $1 AND subject = $2 AND sealed_key IS NULL"
    }
}

impl Tx {
    /// The keys of subjects under which something is to be sealed that happened at these times, made where there are
    /// none, locked until the transaction ends. Of whom nothing may be kept is not among them.
    ///
    /// Take it after inquiries and actions, and before events.
    ///
    /// # Errors
    /// Whatever the database says, or `Sealed` when there is no master key.
    pub async fn subject_keys(
        &mut self,
        wanted: &BTreeMap<SubjectRef, Timestamp>,
        now: Timestamp,
    ) -> Result<HashMap<SubjectRef, SubjectKey>> {
        if wanted.is_empty() {
            return Ok(HashMap::new());
        }
        let mut keys = HashMap::with_capacity(wanted.len());
        let found = self.find_keys(&wanted.keys().collect::<Vec<_>>(), true).await?;
        let there: HashSet<SubjectRef> = found.iter().map(|found| found.whose.clone()).collect();
        for found in found {
            self.take_found(found, wanted, &mut keys).await?;
        }
        let missing: Vec<&SubjectRef> = wanted.keys().filter(|whose| !there.contains(whose)).collect();
        let lost = self.add_keys(&missing, now, &mut keys).await?;
        if !lost.is_empty() {
            for found in self.find_keys(&lost, false).await? {
                self.take_found(found, wanted, &mut keys).await?;
            }
        }
        Ok(keys)
    }

    async fn find_keys(&mut self, wanted: &[&SubjectRef], lock: bool) -> Result<Vec<Found>> {
        let (environments, subjects): (Vec<&str>, Vec<&str>) =
            wanted.iter().map(|(environment, subject)| (environment.as_str(), subject.as_str())).unzip();
        let rows: Vec<Row> = on_db!(self, conn => sqlite {
            let pairs: Vec<_> = environments.into_iter().zip(subjects).collect();
            sqlx::query_as(LOCK_KEYS.sqlite).bind(json(&pairs)).fetch_all(conn).await
        } postgres {
            let sql = if lock { LOCK_KEYS } else { READ_KEYS };
            sqlx::query_as(sql.postgres).bind(environments).bind(subjects).fetch_all(conn).await
        })?;
        rows.into_iter().map(Found::try_from).collect()
    }

    async fn take_found(
        &mut self,
        found: Found,
        wanted: &BTreeMap<SubjectRef, Timestamp>,
        keys: &mut HashMap<SubjectRef, SubjectKey>,
    ) -> Result<()> {
        let Found { whose, sealed, destroyed } = found;
        let key = match (sealed, destroyed) {
            (Some(sealed), _) => self.vault.open_key(place(&whose), &sealed)?,
            (None, Some((Because::Redacted, _))) => return Ok(()),
            (None, Some((Because::Retention, at))) if wanted.get(&whose).is_none_or(|happened| *happened <= at) => {
                return Ok(());
            }
            (None, _) => self.renew_key(&whose).await?,
        };
        keys.insert(whose, key);
        Ok(())
    }

    /// Adds subjects; gives those that another process added meanwhile.
    async fn add_keys<'a>(
        &mut self,
        missing: &[&'a SubjectRef],
        now: Timestamp,
        keys: &mut HashMap<SubjectRef, SubjectKey>,
    ) -> Result<Vec<&'a SubjectRef>> {
        if missing.is_empty() {
            return Ok(Vec::new());
        }
        let made = self.vault.make_keys(missing.iter().map(|whose| place(whose)))?;
        let environments: Vec<&str> = missing.iter().map(|whose| whose.0.as_str()).collect();
        let subjects: Vec<&str> = missing.iter().map(|whose| whose.1.as_str()).collect();
        let masters: Vec<&str> = made.iter().map(|(_, sealed)| sealed.master.as_str()).collect();
        let added: Vec<(String, String)> = on_db!(self, conn => sqlite {
            let rows = environments.iter().zip(&subjects).zip(&masters);
            let rows: Vec<_> = rows.map(|((environment, subject), master)| (environment, subject, master)).collect();
            let boxes: Vec<u8> = made.iter().flat_map(|(_, sealed)| sealed.bytes.iter().copied()).collect();
            sqlx::query_as(ADD_KEYS.sqlite)
                .bind(json(&rows))
                .bind(boxes)
                .bind(i64::try_from(SEALED_KEY_BYTES).unwrap_or(i64::MAX))
                .bind(now)
                .fetch_all(conn)
                .await
        } postgres {
            let boxes: Vec<&[u8]> = made.iter().map(|(_, sealed)| sealed.bytes.as_slice()).collect();
            sqlx::query_as(ADD_KEYS.postgres)
                .bind(environments)
                .bind(subjects)
                .bind(boxes)
                .bind(masters)
                .bind(now)
                .fetch_all(conn)
                .await
        })?;
        let all = added.len() == missing.len();
        let was_added = |whose: &SubjectRef| {
            all || added
                .iter()
                .any(|(environment, subject)| environment == whose.0.as_str() && subject == whose.1.as_str())
        };
        let mut lost = Vec::new();
        for (whose, (key, _)) in missing.iter().copied().zip(made) {
            if was_added(whose) {
                keys.insert(whose.clone(), key);
            } else {
                lost.push(whose);
            }
        }
        Ok(lost)
    }

    /// Gives a subject a new key in place of one that is gone.
    async fn renew_key(&mut self, whose: &SubjectRef) -> Result<SubjectKey> {
        let mut made = self.vault.make_keys([place(whose)])?;
        let (key, sealed) = made.remove(0);
        on_db!(self, conn, sql = RENEW_KEY =>
            sqlx::query(sql)
                .bind(whose.0.as_str())
                .bind(whose.1.as_str())
                .bind(sealed.bytes.as_slice())
                .bind(sealed.master.as_str())
                .execute(conn)
                .await
                .map(drop))?;
        Ok(key)
    }
}

/// Whose key it is, for the vault.
pub(in crate::storage) const fn place(whose: &SubjectRef) -> vault::Place<'_> {
    vault::Place { environment: &whose.0, subject: &whose.1 }
}

struct Found {
    whose: SubjectRef,
    sealed: Option<SealedKey>,
    destroyed: Option<(Because, Timestamp)>,
}

#[derive(sqlx::FromRow)]
struct Row {
    environment: String,
    subject: String,
    sealed_key: Option<Vec<u8>>,
    master_key_id: Option<String>,
    destroyed_at: Option<Timestamp>,
    destroyed_because: Option<String>,
}

impl TryFrom<Row> for Found {
    type Error = crate::storage::StorageError;

    fn try_from(row: Row) -> Result<Self> {
        let key = row.subject.clone();
        let at = Place { table: "subjects", row: &key };
        let because = row.destroyed_because.map(|word| at.some("destroyed_because", Because::parse(&word)));
        Ok(Self {
            whose: (at.environment(&row.environment)?, SubjectId::stored(row.subject)),
            sealed: sealed(&at, row.sealed_key, row.master_key_id.as_deref())?,
            destroyed: because.transpose()?.zip(row.destroyed_at),
        })
    }
}

/// A sealed key from its two columns.
pub(in crate::storage) fn sealed(
    at: &Place<'_>,
    bytes: Option<Vec<u8>>,
    master: Option<&str>,
) -> Result<Option<SealedKey>> {
    let master = master.map(|id| at.some("master_key_id", KeyId::parse(id))).transpose()?;
    Ok(bytes.zip(master).map(|(bytes, master)| SealedKey { master, bytes }))
}
