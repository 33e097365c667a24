//! Secrets of webhooks that were set up at Persona: sealed, beside those that are configured.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};

use crate::domain::ids::{EnvironmentName, EventId, WebhookId};
use crate::domain::subject::SubjectId;
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::row::Place;
use crate::storage::subjects::SubjectRef;
use crate::storage::subjects::keys::{place, sealed};
use crate::storage::transaction::Tx;
use crate::vault::Packed;

/// One secret.
#[derive(Clone)]
pub struct StoredSecret {
    /// The webhook it belongs to.
    pub webhook: WebhookId,
    /// `wbhsec_…`
    pub value: SecretString,
    /// When it ends, where it was rotated out.
    pub ends_at: Option<Timestamp>,
}

impl fmt::Debug for StoredSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { webhook, ends_at, .. } = self;
        f.debug_struct("StoredSecret").field("webhook", webhook).field("ends_at", ends_at).finish_non_exhaustive()
    }
}

statements! {
    FORGET { "DELETE FROM webhook_secrets WHERE environment = $1 AND webhook_id = $2" }
    KEEP {
        "INSERT INTO webhook_secrets (environment, webhook_id, number, secret, ends_at, stored_at)
         VALUES ($1, $2, $3, $4, $5, $6)"
    }
    OF_ENVIRONMENT {
        "SELECT webhook_secrets.webhook_id, webhook_secrets.number, webhook_secrets.secret, webhook_secrets.ends_at,
                subjects.sealed_key, subjects.master_key_id
         FROM webhook_secrets
         JOIN subjects ON subjects.environment = webhook_secrets.environment
                      AND subjects.subject = 'webhook/' || webhook_secrets.webhook_id
         WHERE webhook_secrets.environment = $1
         ORDER BY webhook_secrets.webhook_id, webhook_secrets.number"
    }
}

impl Tx {
    /// Keeps the secrets of a webhook, and no others of it.
    ///
    /// # Errors
    /// Whatever the database says, or `Sealed` when there is no master key.
    pub async fn keep_webhook_secrets(
        &mut self,
        environment: &EnvironmentName,
        webhook: &WebhookId,
        secrets: &[(SecretString, Option<Timestamp>)],
        now: Timestamp,
    ) -> Result<()> {
        let whose: SubjectRef = (environment.clone(), SubjectId::webhook(webhook));
        let keys = self.subject_keys(&BTreeMap::from([(whose.clone(), now)]), now).await?;
        let at = Place { table: "webhook_secrets", row: webhook.as_str() };
        let key = at.some("secret", keys.get(&whose))?;
        on_db!(self, conn, sql = FORGET =>
            sqlx::query(sql).bind(environment.as_str()).bind(webhook.as_str()).execute(conn).await.map(drop))?;
        for (number, (secret, ends_at)) in (0_i32..).zip(secrets) {
            let body = Packed::of(Bytes::copy_from_slice(secret.expose_secret().as_bytes()));
            let sealed = key.seal(place(&whose), &bound_to(&at, webhook, number)?, &body)?;
            on_db!(self, conn, sql = KEEP =>
                sqlx::query(sql)
                    .bind(environment.as_str())
                    .bind(webhook.as_str())
                    .bind(number)
                    .bind(sealed.as_slice())
                    .bind(*ends_at)
                    .bind(now)
                    .execute(conn)
                    .await
                    .map(drop))?;
        }
        Ok(())
    }

    /// The secrets of an environment's webhooks, those that ended among them.
    ///
    /// # Errors
    /// Whatever the database says, or `Sealed` when one does not open.
    pub async fn webhook_secrets(&mut self, environment: &EnvironmentName) -> Result<Vec<StoredSecret>> {
        let rows: Vec<Row> = on_db!(self, conn, sql = OF_ENVIRONMENT =>
            sqlx::query_as(sql).bind(environment.as_str()).fetch_all(conn).await)?;
        rows.into_iter().filter_map(|row| self.open_secret(environment, row).transpose()).collect()
    }

    /// `None` where its key was destroyed with the master key it was sealed under.
    fn open_secret(&self, environment: &EnvironmentName, row: Row) -> Result<Option<StoredSecret>> {
        let at = Place { table: "webhook_secrets", row: &row.webhook_id };
        let webhook = at.id("webhook_id", &row.webhook_id, WebhookId::parse)?;
        let Some(sealed_key) = sealed(&at, row.sealed_key, row.master_key_id.as_deref())? else { return Ok(None) };
        let whose: SubjectRef = (environment.clone(), SubjectId::webhook(&webhook));
        let key = self.vault.open_key(place(&whose), &sealed_key)?;
        let opened = key.open_body(place(&whose), &bound_to(&at, &webhook, row.number)?, &row.secret)?;
        let value = at.some("secret", String::from_utf8(opened).ok())?;
        Ok(Some(StoredSecret { webhook, value: SecretString::from(value), ends_at: row.ends_at }))
    }
}

/// What a sealed secret is bound to, so that it opens in its own row only.
fn bound_to(at: &Place<'_>, webhook: &WebhookId, number: i32) -> Result<EventId> {
    at.id("webhook_id", &format!("{webhook}/{number}"), EventId::parse)
}

#[derive(sqlx::FromRow)]
struct Row {
    webhook_id: String,
    number: i32,
    secret: Vec<u8>,
    ends_at: Option<Timestamp>,
    sealed_key: Option<Vec<u8>>,
    master_key_id: Option<String>,
}
