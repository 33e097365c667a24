//! At last, open inquiries that fell silent: their deadline passed and nobody said so, or nothing was heard for long.

use jiff::SignedDuration;

use crate::app::reconcile::ReconcileError;
use crate::app::reconcile::run::Walk;
use crate::domain::ids::InquiryId;
use crate::domain::inquiry::Change;
use crate::storage::reconciliation::{Run, Silence};

/// How long after a deadline its event is waited for.
const GRACE: SignedDuration = SignedDuration::from_mins(2);

/// How often an inquiry is read that stays open after its deadline.
const AGAIN: SignedDuration = SignedDuration::from_hours(1);

/// How many are looked up at once.
const PAGE: u32 = 200;

impl<Progress: FnMut(&Run) + Send> Walk<'_, Progress> {
    pub(super) async fn silent(&mut self) -> Result<(), ReconcileError> {
        loop {
            let now = self.app.clock().now();
            let silence = Silence {
                deadline_before: now.minus(GRACE),
                read_before: now.minus(AGAIN),
                heard_before: now.minus(self.app.shared.reconcile.reread_quiet),
            };
            let after = self.run.place.as_deref().and_then(|place| InquiryId::parse(place).ok());
            let mut tx = self.app.database().read().await?;
            let ids = tx.silent_after(self.name(), silence, after.as_ref(), PAGE).await?;
            drop(tx);
            if ids.is_empty() {
                return Ok(());
            }
            for id in ids {
                self.look_again(&id).await?;
                self.step(Some(id.to_string())).await?;
            }
        }
    }

    async fn look_again(&mut self, id: &InquiryId) -> Result<(), ReconcileError> {
        if let Some(change) = self.read(id).await? {
            self.run.found.reread += 1;
            self.run.found.overdue += u64::from(matches!(change, Change::Changed { .. }));
            return Ok(());
        }
        // Refused now, it would be refused at every run: it has its turn when it was quiet for long again.
        let mut tx = self.app.database().begin().await?;
        tx.mark_read(self.name(), id, self.app.clock().now()).await?;
        Ok(tx.commit().await?)
    }
}
