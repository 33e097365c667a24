//! The open transaction, which carries every verb.

use std::collections::HashMap;
use std::fmt;

use jiff::SignedDuration;
use sqlx::{Executor as _, Postgres, Sqlite, Transaction};

use crate::domain::ids::{EnvironmentName, InquiryId};
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::names::Names;
use crate::storage::wake::{Bell, CHANNEL};
use crate::vault::Vault;

/// What is due within this time is worth a hint; pollers find everything else by themselves.
const SOON: SignedDuration = SignedDuration::from_secs(1);

/// An open transaction. Dropped without [`Tx::commit`], it never happened.
pub struct Tx {
    pub(super) open: Open,
    pub(super) vault: Vault,
    pub(super) names: Names,
    bell: Bell,
    ring: bool,
    /// Whether the plans of statements are made once and kept.
    keeps_plans: bool,
    /// The inquiries that it added: each is still the only one of its lineage.
    pub(super) added: HashMap<InquiryId, EnvironmentName>,
}

pub(super) enum Open {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

statements! {
    NOTIFY { sqlite "", postgres "SELECT pg_notify($1, '')" }
    PLAN_ANEW { sqlite "", postgres "SET LOCAL plan_cache_mode = force_custom_plan" }
}

impl Tx {
    pub(super) fn new(open: Open, vault: Vault, names: Names, bell: Bell) -> Self {
        Self { open, vault, names, bell, ring: false, keeps_plans: false, added: HashMap::new() }
    }

    pub(super) fn with_kept_plans(self) -> Self {
        Self { keeps_plans: true, ..self }
    }

    /// From here on plans are made for each statement: what follows depends on how much there is.
    pub(super) async fn plan_anew(&mut self) -> Result<()> {
        if std::mem::take(&mut self.keeps_plans) {
            on_db!(self, conn => sqlite {
                let _ = conn;
            } postgres {
                conn.execute(PLAN_ANEW.postgres).await?;
            });
        }
        Ok(())
    }

    /// Makes everything done in it true, and wakes the workers when actions became due.
    ///
    /// # Errors
    /// `Unavailable`; it can then have happened or not, which is why every verb can be repeated.
    pub async fn commit(mut self) -> Result<()> {
        if self.ring {
            on_db!(self, conn => sqlite {
                let _ = conn;
            } postgres {
                sqlx::query(NOTIFY.postgres).bind(CHANNEL).execute(conn).await?;
            });
        }
        match self.open {
            Open::Sqlite(open) => open.commit().await?,
            Open::Postgres(open) => open.commit().await?,
        }
        if self.ring {
            self.bell.ring();
        }
        Ok(())
    }

    /// Remembers to wake the workers when something is due at once.
    pub(super) fn due(&mut self, due_at: Timestamp, now: Timestamp) {
        self.ring |= due_at <= now.plus(SOON);
    }
}

impl fmt::Debug for Tx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx").finish_non_exhaustive()
    }
}
