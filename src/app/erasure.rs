//! What Persona erased is erased here too: the keys of those it was about, and what was sealed under them.

use std::collections::BTreeSet;

use tracing::info;

use crate::domain::event::Event;
use crate::domain::ids::EnvironmentName;
use crate::domain::subject::SubjectId;
use crate::domain::time::Timestamp;
use crate::storage::subjects::{Because, SubjectRef};
use crate::storage::{StorageError, Tx};

/// Whose data went by what these events say: their subjects, and with an account its inquiries that are known.
pub(super) async fn erased_by<'a>(
    tx: &mut Tx,
    events: impl Iterator<Item = (&'a EnvironmentName, &'a Event)>,
) -> Result<BTreeSet<SubjectRef>, StorageError> {
    let mut erased = BTreeSet::new();
    for (environment, event) in events.filter(|(_, event)| event.redacts()) {
        let subject = event.subject_id();
        if let Some(account) = subject.as_account() {
            let inquiries = tx.inquiries_of_account(environment, &account).await?;
            erased.extend(inquiries.iter().map(|id| (environment.clone(), SubjectId::inquiry(id))));
        }
        erased.insert((environment.clone(), subject));
    }
    Ok(erased)
}

/// Destroys the keys of these for good. Take it after inquiries and actions.
pub(super) async fn erase(tx: &mut Tx, erased: &BTreeSet<SubjectRef>, now: Timestamp) -> Result<(), StorageError> {
    tx.destroy_subjects(erased, Because::Redacted, now).await?;
    for (environment, subject) in erased {
        if let Some(inquiry) = subject.as_inquiry() {
            tx.forget_contacts_of(environment, inquiry).await?;
        }
        info!(%environment, %subject, "erased, as Persona did");
    }
    Ok(())
}
