//! The end of keys: what was sealed under them can't be read any more, wherever a copy of it lies.

use std::collections::{BTreeSet, HashSet};

use crate::domain::ids::{AccountId, EnvironmentName, InquiryId};
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::row::Place;
use crate::storage::sql::json;
use crate::storage::subjects::{Because, SubjectRef};
use crate::storage::transaction::Tx;

macro_rules! destroy {
    () => {
        " ON CONFLICT (environment, subject) DO UPDATE
          SET sealed_key = NULL, master_key_id = NULL,
              destroyed_at = CASE WHEN subjects.destroyed_because = 'redacted'
                                  THEN subjects.destroyed_at ELSE excluded.destroyed_at END,
              destroyed_because = CASE WHEN subjects.destroyed_because = 'redacted'
                                       THEN subjects.destroyed_because ELSE excluded.destroyed_because END"
    };
}

// Whether a subject still has a payload, by the two ways in which an event names whom it is about, has a session token,
// is a webhook with secrets, or somebody whose contact is kept.
macro_rules! has_payload {
    () => {
        "(EXISTS (SELECT 1 FROM events
                  WHERE events.environment = subjects.environment AND events.subject = subjects.subject
                    AND events.body_encoding = 'sealed')
          OR EXISTS (SELECT 1 FROM events
                     WHERE events.environment = subjects.environment AND events.subject IS NULL
                       AND events.inquiry_id = CASE WHEN subjects.subject LIKE 'inquiry/%'
                                                    THEN substr(subjects.subject, 9) END
                       AND events.body_encoding = 'sealed')
          OR EXISTS (SELECT 1 FROM session_tokens
                     WHERE session_tokens.environment = subjects.environment
                       AND session_tokens.inquiry_id = CASE WHEN subjects.subject LIKE 'inquiry/%'
                                                            THEN substr(subjects.subject, 9) END)
          OR EXISTS (SELECT 1 FROM webhook_secrets
                     WHERE webhook_secrets.environment = subjects.environment
                       AND webhook_secrets.webhook_id = CASE WHEN subjects.subject LIKE 'webhook/%'
                                                             THEN substr(subjects.subject, 9) END)
          OR EXISTS (SELECT 1 FROM contacts
                     WHERE contacts.environment = subjects.environment AND contacts.subject = subjects.subject))"
    };
}

statements! {
    DESTROY {
        sqlite concat!(
            "INSERT INTO subjects (environment, subject, created_at, destroyed_at, destroyed_because)
             SELECT value ->> 0, value ->> 1, $2, $2, $3 FROM jsonb_each($1) WHERE true", destroy!()),
        postgres concat!(
            "INSERT INTO subjects (environment, subject, created_at, destroyed_at, destroyed_because)
             SELECT environment, subject, $2, $2, $3
             FROM unnest($1::text[], $4::text[]) AS given (environment, subject)", destroy!())
    }
    DESTROY_KNOWN {
        sqlite "UPDATE subjects
                SET sealed_key = NULL, master_key_id = NULL, destroyed_at = $2, destroyed_because = $3
                WHERE (environment, subject) IN (SELECT value ->> 0, value ->> 1 FROM jsonb_each($1))
                  AND sealed_key IS NOT NULL
                RETURNING environment, subject",
        postgres "UPDATE subjects
                  SET sealed_key = NULL, master_key_id = NULL, destroyed_at = $2, destroyed_because = $3
                  WHERE (environment, subject) IN (SELECT * FROM unnest($1::text[], $4::text[]))
                    AND sealed_key IS NOT NULL
                  RETURNING environment, subject"
    }
    DROP_OF_INQUIRY {
        "UPDATE events SET body = $3, body_encoding = 'dropped'
         WHERE environment = $1 AND inquiry_id = $2 AND subject IS NULL AND body_encoding <> 'dropped'"
    }
    DROP_OF_SUBJECT {
        "UPDATE events SET body = $3, body_encoding = 'dropped'
         WHERE environment = $1 AND subject = $2 AND body_encoding <> 'dropped'"
    }
    DROP_TOKEN { "DELETE FROM session_tokens WHERE environment = $1 AND inquiry_id = $2" }
    OF_ACCOUNT { "SELECT id FROM inquiries WHERE environment = $1 AND account_id = $2 ORDER BY id" }
    // In two steps, because only a second statement sees what was committed while the first waited for its locks.
    LOCK_IDLE {
        sqlite concat!(
            "SELECT environment, subject FROM subjects
             WHERE sealed_key IS NOT NULL AND created_at < $1 AND NOT ", has_payload!(), "
             ORDER BY created_at LIMIT $2"),
        postgres concat!(
            "SELECT environment, subject FROM subjects
             WHERE sealed_key IS NOT NULL AND created_at < $1 AND NOT ", has_payload!(), "
             ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED")
    }
    DESTROY_IDLE {
        sqlite concat!(
            "UPDATE subjects
             SET sealed_key = NULL, master_key_id = NULL, destroyed_at = $2, destroyed_because = 'retention'
             WHERE (environment, subject) IN (SELECT value ->> 0, value ->> 1 FROM jsonb_each($1))
               AND NOT ", has_payload!()),
        postgres concat!(
            "UPDATE subjects
             SET sealed_key = NULL, master_key_id = NULL, destroyed_at = $2, destroyed_because = 'retention'
             WHERE (environment, subject) IN (SELECT * FROM unnest($1::text[], $3::text[]))
               AND NOT ", has_payload!())
    }
}

impl Tx {
    /// Destroys the keys of subjects and empties what was sealed under them. Of a redacted one nothing is kept from
    /// then on; that stands whatever comes later.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn destroy_subjects(
        &mut self,
        whose: &BTreeSet<SubjectRef>,
        because: Because,
        now: Timestamp,
    ) -> Result<()> {
        if whose.is_empty() {
            return Ok(());
        }
        self.plan_anew().await?;
        let (environments, subjects) = columns(whose.iter());
        on_db!(self, conn => sqlite {
            let pairs: Vec<_> = environments.into_iter().zip(subjects).collect();
            sqlx::query(DESTROY.sqlite).bind(json(&pairs)).bind(now).bind(because.as_str()).execute(conn).await?;
        } postgres {
            let query = sqlx::query(DESTROY.postgres).bind(environments).bind(now).bind(because.as_str());
            query.bind(subjects).execute(conn).await?;
        });
        self.drop_bodies_of(whose.iter()).await
    }

    /// As [`Tx::destroy_subjects`], of those only that have a key: the others leave no trace.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn destroy_known_keys(&mut self, whose: &[SubjectRef], because: Because, now: Timestamp) -> Result<u64> {
        if whose.is_empty() {
            return Ok(0);
        }
        let (environments, subjects) = columns(whose.iter());
        let destroyed: Vec<(String, String)> = on_db!(self, conn => sqlite {
            let pairs: Vec<_> = environments.into_iter().zip(subjects).collect();
            let query = sqlx::query_as(DESTROY_KNOWN.sqlite).bind(json(&pairs)).bind(now).bind(because.as_str());
            query.fetch_all(conn).await
        } postgres {
            let query = sqlx::query_as(DESTROY_KNOWN.postgres).bind(environments).bind(now).bind(because.as_str());
            query.bind(subjects).fetch_all(conn).await
        })?;
        let gone: HashSet<(&str, &str)> = destroyed.iter().map(|(of, subject)| (&**of, &**subject)).collect();
        self.drop_bodies_of(whose.iter().filter(|whose| gone.contains(&(whose.0.as_str(), whose.1.as_str())))).await?;
        Ok(gone.len() as u64)
    }

    async fn drop_bodies_of(&mut self, whose: impl Iterator<Item = &SubjectRef>) -> Result<()> {
        for (environment, subject) in whose {
            if let Some(inquiry) = subject.as_inquiry() {
                self.drop_bodies(DROP_OF_INQUIRY, environment, inquiry).await?;
                on_db!(self, conn, sql = DROP_TOKEN =>
                    sqlx::query(sql).bind(environment.as_str()).bind(inquiry).execute(conn).await.map(drop))?;
            }
            self.drop_bodies(DROP_OF_SUBJECT, environment, subject.as_str()).await?;
        }
        Ok(())
    }

    async fn drop_bodies(&mut self, sql: crate::storage::Sql, environment: &EnvironmentName, of: &str) -> Result<()> {
        on_db!(self, conn, sql = sql =>
            sqlx::query(sql).bind(environment.as_str()).bind(of).bind(&b""[..]).execute(conn).await.map(drop))?;
        Ok(())
    }

    /// The inquiries that are known to be of an account.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn inquiries_of_account(
        &mut self,
        environment: &EnvironmentName,
        account: &AccountId,
    ) -> Result<Vec<InquiryId>> {
        self.plan_anew().await?;
        let ids: Vec<String> = on_db!(self, conn, sql = OF_ACCOUNT =>
            sqlx::query_scalar(sql).bind(environment.as_str()).bind(account.as_str()).fetch_all(conn).await)?;
        ids.iter().map(|id| Place { table: "inquiries", row: id }.id("id", id, InquiryId::parse)).collect()
    }

    /// Destroys up to `most` keys that were made before `before` and of which no payload is left; how many were found.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn destroy_idle_keys(&mut self, before: Timestamp, now: Timestamp, most: u32) -> Result<u64> {
        let idle: Vec<(String, String)> = on_db!(self, conn, sql = LOCK_IDLE =>
            sqlx::query_as(sql).bind(before).bind(i64::from(most)).fetch_all(conn).await)?;
        let found = idle.len() as u64;
        if !idle.is_empty() {
            on_db!(self, conn => sqlite {
                sqlx::query(DESTROY_IDLE.sqlite).bind(json(&idle)).bind(now).execute(conn).await?;
            } postgres {
                let (environments, subjects): (Vec<String>, Vec<String>) = idle.into_iter().unzip();
                let query = sqlx::query(DESTROY_IDLE.postgres).bind(environments).bind(now).bind(subjects);
                query.execute(conn).await?;
            });
        }
        Ok(found)
    }
}

fn columns<'a>(whose: impl Iterator<Item = &'a SubjectRef>) -> (Vec<&'a str>, Vec<&'a str>) {
    whose.map(|(environment, subject)| (environment.as_str(), subject.as_str())).unzip()
}
