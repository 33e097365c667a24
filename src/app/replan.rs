//! Plans everybody anew when the rules changed, in small transactions that block nobody.

use tracing::{error, info};

use crate::app::observe::{self, TRIES};
use crate::app::{App, Environment};
use crate::domain::ids::{EnvironmentName, InquiryId};
use crate::storage::StorageError;

/// Inquiries looked up at once; each is planned in a transaction of its own.
const PAGE: u32 = 200;

impl App {
    /// Plans every open inquiry anew in the environments whose rules differ from those last planned under.
    ///
    /// Stopped half-way, it begins again at the next start: the fingerprint is written last.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked; what was planned stays planned.
    pub async fn replan_if_rules_changed(&self) -> Result<(), StorageError> {
        for (name, environment) in self.environments() {
            let fingerprint = environment.settings.rules.fingerprint();
            let known = self.database().read().await?.rules_fingerprint(name).await?;
            if known.as_deref() == Some(fingerprint.as_str()) {
                continue;
            }
            let planned = self.replan_all(environment).await?;
            let mut tx = self.database().begin().await?;
            tx.set_rules_fingerprint(name, &fingerprint, self.clock().now()).await?;
            tx.commit().await?;
            info!(environment = %name, inquiries = planned, "planned anew under changed rules");
        }
        Ok(())
    }

    async fn replan_all(&self, environment: &Environment) -> Result<usize, StorageError> {
        let name = &environment.settings.name;
        let mut after: Option<InquiryId> = None;
        let mut planned = 0;
        loop {
            let page = self.database().read().await?.open_inquiries_after(name, after.as_ref(), PAGE).await?;
            let Some(last) = page.last().cloned() else { return Ok(planned) };
            for id in &page {
                match self.replan_one(environment, id).await {
                    // One row that can't be understood must not keep everyone else on the old plan.
                    Err(why @ StorageError::Inconsistent { .. }) => {
                        error!(environment = %name, inquiry = %id, error = %why, "not planned anew");
                    }
                    other => other?,
                }
            }
            planned += page.len();
            after = Some(last);
        }
    }

    /// Brings the plan of one inquiry, and of its person's others, up to date: after something was learnt that no
    /// observation of it tells, such as a newer version of its template.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn replan_inquiry(&self, environment: &EnvironmentName, id: &InquiryId) -> Result<(), StorageError> {
        match self.environments().get(environment) {
            Some(environment) => self.replan_one(environment, id).await,
            None => Ok(()),
        }
    }

    /// Brings the plan of one inquiry, and of its person's others, up to date.
    pub(super) async fn replan_one(&self, environment: &Environment, id: &InquiryId) -> Result<(), StorageError> {
        let key = (environment.settings.name.clone(), id.clone());
        for _ in 0..TRIES {
            let mut tx = self.database().begin().await?;
            if observe::replan(&mut tx, self.environments(), &key, self.clock().now()).await? {
                return tx.commit().await;
            }
        }
        Err(StorageError::Contended)
    }
}
