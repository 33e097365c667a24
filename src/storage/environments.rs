//! What is remembered of each configured Persona environment.

use crate::domain::ids::EnvironmentName;
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::transaction::Tx;

statements! {
    FIND { "SELECT rules_fingerprint FROM environments WHERE name = $1" }
    SAVE {
        "INSERT INTO environments (name, rules_fingerprint, updated_at) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE
         SET rules_fingerprint = excluded.rules_fingerprint, updated_at = excluded.updated_at"
    }
}

impl Tx {
    /// The fingerprint of the rules the environment was last planned under; `None` before the first time.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn rules_fingerprint(&mut self, environment: &EnvironmentName) -> Result<Option<String>> {
        let found = on_db!(self, conn, sql = FIND =>
            sqlx::query_scalar(sql).bind(environment.as_str()).fetch_optional(conn).await);
        Ok(found?)
    }

    /// Remembers the rules under which everything in the environment is planned now.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn set_rules_fingerprint(
        &mut self,
        environment: &EnvironmentName,
        fingerprint: &str,
        now: Timestamp,
    ) -> Result<()> {
        on_db!(self, conn, sql = SAVE =>
            sqlx::query(sql).bind(environment.as_str()).bind(fingerprint).bind(now).execute(conn).await.map(drop))?;
        Ok(())
    }
}
