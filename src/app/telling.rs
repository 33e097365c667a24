//! The last look before somebody is told something, and that they were: in one transaction, so that of two workers only
//! one gets by the limits.

use crate::app::addressee::person;
use crate::app::customers::owner_of;
use crate::app::step::{Step, database};
use crate::app::{App, Environment};
use crate::domain::action::{Action, Outcome};
use crate::domain::addressee::Occasion;
use crate::domain::ids::NotifierName;
use crate::domain::inquiry::Inquiry;
use crate::domain::rules::Rules;
use crate::domain::time::Timestamp;
use crate::notify::Delivered;
use crate::notify::error::NotifyError;
use crate::storage::StorageError;
use crate::storage::notices::{Kind, StoredNotice};

impl App {
    /// Records that somebody is told something now. Where the limits no longer leave room, because they were told
    /// something else meanwhile, the plan is asked again, and says when.
    pub(super) async fn record_telling(
        &self,
        environment: &Environment,
        action: &Action,
        inquiry: &Inquiry,
        notifier: &NotifierName,
    ) -> Step<()> {
        let recorded = self.try_record(environment, action, inquiry, notifier).await;
        let Some(earliest) = recorded.map_err(|error| database(&error))? else { return Ok(()) };
        self.still_wanted(environment, action).await?;
        Err(Outcome::Postpone { reason: "the person was told something a moment ago".to_owned(), until: earliest })
    }

    /// What came of handing a notice over. One that certainly was not taken leaves no record; one that nobody answered
    /// for may have been taken, and counts.
    pub(super) async fn told(
        &self,
        action: &Action,
        notifier: &NotifierName,
        rules: &Rules,
        delivered: Result<Delivered, NotifyError>,
    ) -> Step<()> {
        if delivered.as_ref().is_err_and(NotifyError::was_not_taken) {
            self.withdraw_telling(action).await;
        }
        self.handed_over(action, notifier, rules, delivered)
    }

    async fn withdraw_telling(&self, action: &Action) {
        let withdrawn = async {
            let mut tx = self.database().begin().await?;
            tx.withdraw_notice(&action.planned.id).await?;
            tx.commit().await
        };
        if let Err(error) = withdrawn.await {
            // It counts as told then, which errs on the side of silence.
            tracing::warn!(action = %action.planned.id, %error, "a notice that was not handed over stays recorded");
        }
    }

    /// `None` when it is recorded; else from when on the person may be told.
    async fn try_record(
        &self,
        environment: &Environment,
        action: &Action,
        inquiry: &Inquiry,
        notifier: &NotifierName,
    ) -> Result<Option<Timestamp>, StorageError> {
        let (planned, now) = (&action.planned, self.clock().now());
        let limits = &environment.settings.rules.for_template(inquiry.known.template_id()).courtesy.limits;
        let mut tx = self.database().begin().await?;
        let key = match tx.link_key_or_new(now).await {
            Ok(key) => key,
            // Without a master key there is nothing to record under, and nothing that could be limited.
            Err(StorageError::Sealed(_)) if limits.is_none() => return Ok(None),
            Err(error) => return Err(error),
        };
        let (mut customer, mut name) = (None, None);
        if let Some(reference) = inquiry.known.reference_id() {
            let asked = (inquiry.environment.clone(), reference.clone());
            let known_as = tx.known_as(&[&asked]).await?.into_iter().next().map(|(_, name)| name);
            name = Some(known_as.unwrap_or_else(|| reference.clone()));
        }
        if !self.customers().is_empty() {
            let stored = tx.inquiry(&inquiry.environment, &inquiry.id).await?;
            let lineage = stored.map_or_else(|| inquiry.id.clone(), |stored| stored.lineage);
            customer = owner_of(&mut tx, self.customers(), inquiry, &lineage).await?;
        }
        let person = person(&key, inquiry, name.as_ref(), customer.as_ref());
        let (kind, occasion) = match planned.work.reminder() {
            Some(reminder) => (Kind::Remind, Occasion::of(&inquiry.id, reminder.deadline, reminder.step)),
            None => (Kind::Invite, Occasion::stored(planned.key.as_str().to_owned())),
        };
        if kind == Kind::Remind && !limits.is_none() {
            tx.lock_told(&person).await?;
            let told = tx.told_since(&[person.as_str()], now.minus(limits.reach())).await?;
            let otherwise = told.into_iter().map(|(_, told)| told).filter(|told| told.occasion != occasion);
            let earliest = limits.earliest(otherwise.map(|told| told.at), now);
            if earliest > now {
                return Ok(Some(earliest));
            }
        }
        tx.record_notice(&StoredNotice {
            action: planned.id.clone(),
            environment: planned.environment.clone(),
            inquiry: planned.inquiry.clone(),
            kind,
            occasion,
            notifier: notifier.clone(),
            person,
            told_at: now,
        })
        .await?;
        tx.commit().await?;
        Ok(None)
    }
}
