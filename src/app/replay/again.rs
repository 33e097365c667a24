//! An event applied once more: the same steps as when it came, so where nothing was missed it changes nothing.

use crate::app::erasure::{erase, erased_by};
use crate::app::observe::TRIES;
use crate::app::replay::judge::understood;
use crate::app::{App, Environment};
use crate::domain::event::{Event, Subject};
use crate::domain::inquiry::Change;
use crate::domain::replay::Skip;
use crate::storage::StorageError;
use crate::storage::events::{Outcome, StoredEvent};

/// What came of applying an event again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// It told something that was missed.
    Changed,
    /// Everything it tells was known.
    Unchanged,
    /// It was not applied.
    PassedOver(Skip),
}

impl App {
    /// Applies a stored event again; one that waits in quarantine is released, one that was not understood is settled if
    /// it is now.
    pub(super) async fn apply_again(
        &self,
        environment: &Environment,
        stored: &StoredEvent,
        (by, why): (&str, &str),
    ) -> Result<Again, StorageError> {
        let mut tx = self.database().read().await?;
        let event = match understood(&mut tx, stored).await? {
            Ok(event) => event,
            Err(skip) => return Ok(Again::PassedOver(skip)),
        };
        drop(tx);
        if stored.outcome == Some(Outcome::Quarantined) {
            let why = format!("released: {why}");
            let now = self.clock().now();
            let became = self.apply_quarantined(environment, &stored.id, &event, (&why, by), now, None).await?;
            return Ok(match became {
                None => Again::PassedOver(Skip::Changed),
                Some(Outcome::Applied) => Again::Changed,
                Some(_) => Again::Unchanged,
            });
        }
        for _ in 0..TRIES {
            if let Some(again) = self.try_again(environment, stored, &event).await? {
                return Ok(again);
            }
        }
        Err(StorageError::Contended)
    }

    /// `None` when the transaction has to begin again.
    async fn try_again(
        &self,
        environment: &Environment,
        stored: &StoredEvent,
        event: &Event,
    ) -> Result<Option<Again>, StorageError> {
        let (name, now) = (&environment.settings.name, self.clock().now());
        let mut tx = self.database().begin().await?;
        let (again, note) = match &event.subject {
            Subject::None(what) => (Again::Unchanged, Some(what.to_string())),
            Subject::Inquiry(observation) => match self.observe_one(&mut tx, environment, observation, now).await? {
                None => return Ok(None),
                Some(Change::Changed { .. }) => (Again::Changed, None),
                Some(Change::Unchanged(why)) => (Again::Unchanged, Some(why.to_string())),
            },
        };
        if stored.outcome == Some(Outcome::Unreadable) {
            let erased = erased_by(&mut tx, [(name, event)].into_iter()).await?;
            erase(&mut tx, &erased, now).await?;
            let outcome = if again == Again::Changed { Outcome::Applied } else { Outcome::Ignored };
            let reason = note.map_or_else(|| UNDERSTOOD.to_owned(), |note| format!("{UNDERSTOOD}; {note}"));
            tx.settle_event(name, &stored.id, outcome, Some(&reason), event.inquiry()).await?;
        }
        for template in &event.templates {
            tx.observe_template(name, template, now).await?;
        }
        tx.commit().await?;
        Ok(Some(again))
    }
}

/// Why an event that was not understood once is not unreadable any more.
const UNDERSTOOD: &str = "understood when it was applied again";
