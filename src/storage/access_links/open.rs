//! What becomes of an access link: it is opened, and may be revoked.

use crate::domain::ids::{EnvironmentName, InquiryId};
use crate::domain::time::Timestamp;
use crate::storage::access_links::LinkId;
use crate::storage::error::Result;
use crate::storage::transaction::Tx;
use crate::storage::words::fit;

statements! {
    // A second click is the same visit: it is not counted, and opens also what was opened for the last time.
    TAKE_AN_OPENING {
        "UPDATE access_links
         SET opens = CASE WHEN last_opened_at > $3 THEN opens ELSE opens + 1 END,
             last_opened_at = CASE WHEN last_opened_at > $3 THEN last_opened_at ELSE $2 END
         WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2 AND (opens < max_opens OR last_opened_at > $3)"
    }
    GIVE_BACK {
        "UPDATE access_links SET opens = opens - 1, last_opened_at = NULL
         WHERE id = $1 AND opens > 0 AND last_opened_at = $2"
    }
    REVOKE {
        "UPDATE access_links SET revoked_at = $2, revoked_by = $3, revoked_why = $4
         WHERE id = $1 AND revoked_at IS NULL"
    }
    REVOKE_ALL {
        "UPDATE access_links SET revoked_at = $3, revoked_by = $4, revoked_why = $5
         WHERE environment = $1 AND lineage = $2 AND revoked_at IS NULL"
    }
}

impl Tx {
    /// Counts an opening, unless one was counted after `since`; false when the link does not open.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn take_opening(&mut self, id: &LinkId, now: Timestamp, since: Timestamp) -> Result<bool> {
        let taken = on_db!(self, conn, sql = TAKE_AN_OPENING =>
            sqlx::query(sql)
                .bind(id.as_str())
                .bind(now)
                .bind(since)
                .execute(conn)
                .await
                .map(|done| done.rows_affected() == 1))?;
        Ok(taken)
    }

    /// Takes an opening back that was counted at `at` and let nobody in; one counted earlier stays.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn give_opening_back(&mut self, id: &LinkId, at: Timestamp) -> Result<()> {
        on_db!(self, conn, sql = GIVE_BACK =>
            sqlx::query(sql).bind(id.as_str()).bind(at).execute(conn).await.map(drop))?;
        Ok(())
    }

    /// Revokes one link; false when it is not there or was revoked before.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn revoke_access_link(&mut self, id: &LinkId, by: &str, why: &str, now: Timestamp) -> Result<bool> {
        let revoked = on_db!(self, conn, sql = REVOKE =>
            sqlx::query(sql)
                .bind(id.as_str())
                .bind(now)
                .bind(fit(by).as_ref())
                .bind(fit(why).as_ref())
                .execute(conn)
                .await
                .map(|done| done.rows_affected() == 1))?;
        Ok(revoked)
    }

    /// Revokes every link of a verification; how many that were.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn revoke_access_links(
        &mut self,
        environment: &EnvironmentName,
        lineage: &InquiryId,
        by: &str,
        why: &str,
        now: Timestamp,
    ) -> Result<u64> {
        let revoked = on_db!(self, conn, sql = REVOKE_ALL =>
            sqlx::query(sql)
                .bind(environment.as_str())
                .bind(lineage.as_str())
                .bind(now)
                .bind(fit(by).as_ref())
                .bind(fit(why).as_ref())
                .execute(conn)
                .await
                .map(|done| done.rows_affected()))?;
        Ok(revoked)
    }
}
