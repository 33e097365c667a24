//! The key that access links are made with: one for the installation.

use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::row::Place;
use crate::storage::transaction::Tx;
use crate::vault::{KeyId, LinkKey, SealedKey};

statements! {
    READ { "SELECT sealed_key, master_key_id FROM link_keys WHERE number = 1" }
    READ_LOCKED { lock "SELECT sealed_key, master_key_id FROM link_keys WHERE number = 1" }
    ADD {
        "INSERT INTO link_keys (number, sealed_key, master_key_id, created_at) VALUES (1, $1, $2, $3)
         ON CONFLICT (number) DO NOTHING"
    }
    RESEAL { "UPDATE link_keys SET sealed_key = $1, master_key_id = $2 WHERE number = 1" }
    DROP_UNDER { "DELETE FROM link_keys WHERE number = 1 AND master_key_id = $1" }
}

impl Tx {
    /// The key of access links; `None` while no link was made.
    ///
    /// # Errors
    /// Whatever the database says, or `Sealed` when it does not open.
    pub async fn link_key(&mut self) -> Result<Option<LinkKey>> {
        let row: Option<(Vec<u8>, String)> =
            on_db!(self, conn, sql = READ => sqlx::query_as(sql).fetch_optional(conn).await)?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(self.vault.open_link_key(&sealed(row)?)?))
    }

    /// The key of access links, made if there is none: of several that make one at once, all get the same.
    ///
    /// # Errors
    /// Whatever the database says, or `Sealed` when there is no master key.
    pub async fn link_key_or_new(&mut self, now: Timestamp) -> Result<LinkKey> {
        if let Some(key) = self.link_key().await? {
            return Ok(key);
        }
        let (made, sealed) = self.vault.make_link_key()?;
        on_db!(self, conn, sql = ADD =>
            sqlx::query(sql)
                .bind(sealed.bytes.as_slice())
                .bind(sealed.master.as_str())
                .bind(now)
                .execute(conn)
                .await
                .map(drop))?;
        Ok(self.link_key().await?.unwrap_or(made))
    }

    /// Seals the key of access links anew, under the current master key, where it is under another; whether it was.
    ///
    /// # Errors
    /// Whatever the database says, or `Sealed` when it does not open.
    pub async fn reseal_link_key(&mut self) -> Result<bool> {
        let row: Option<(Vec<u8>, String)> =
            on_db!(self, conn, sql = READ_LOCKED => sqlx::query_as(sql).fetch_optional(conn).await)?;
        let Some(row) = row else { return Ok(false) };
        let Some(anew) = self.vault.reseal_link_key(&sealed(row)?)? else { return Ok(false) };
        on_db!(self, conn, sql = RESEAL =>
            sqlx::query(sql)
                .bind(anew.bytes.as_slice())
                .bind(anew.master.as_str())
                .execute(conn)
                .await
                .map(drop))?;
        Ok(true)
    }

    /// Gives up the key of access links where it is sealed under a master key that is lost; every link made with it
    /// is nobody's from then on.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn drop_link_key(&mut self, master: &KeyId) -> Result<bool> {
        let dropped = on_db!(self, conn, sql = DROP_UNDER =>
            sqlx::query(sql).bind(master.as_str()).execute(conn).await.map(|done| done.rows_affected() == 1))?;
        Ok(dropped)
    }
}

fn sealed((bytes, master): (Vec<u8>, String)) -> Result<SealedKey> {
    let master = Place { table: "link_keys", row: "1" }.some("master_key_id", KeyId::parse(&master))?;
    Ok(SealedKey { master, bytes })
}
