//! Somebody has a link that no longer opens and asks for a new one. It is sent the way the application knows.

use jiff::SignedDuration;

use super::App;
use crate::app::party::Party;
use crate::domain::action::{DEFAULT_MAX_ATTEMPTS, Invitation, Planned, Work};
use crate::domain::ids::NotifierName;
use crate::domain::inquiry::Inquiry;
use crate::domain::plan::{self, Situation};
use crate::domain::time::Timestamp;
use crate::storage::StorageError;

/// Asking again within this time makes no other notice: whoever holds an old link must not be able to flood its person.
const ONCE_IN: SignedDuration = SignedDuration::from_hours(1);

impl App {
    /// Plans a notice with a new link, where there is something to get into. Whether there is, is for nobody to know
    /// who holds an old link, so the answer is the same.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn ask_for_new_link(&self, token: &str) -> Result<(), StorageError> {
        let Some(link) = self.link_behind(token).await? else { return Ok(()) };
        let Some(environment) = self.environments().get(&link.environment) else { return Ok(()) };
        let now = self.clock().now();
        let mut tx = self.database().begin().await?;
        let Some(first) = tx.inquiry(&link.environment, &link.lineage).await? else { return Ok(()) };
        let party = Party::of(&mut tx, &first.inquiry).await?;
        let latest = party.lineages.latest(&link.lineage);
        let Some(inquiry) = party.group.iter().find(|member| member.id == *latest) else { return Ok(()) };
        let rules = environment.settings.rules.for_template(inquiry.known.template_id());
        let party = self.acquaint(&mut tx, party.clone(), rules).await?;
        let wanted = invited(&party.situation(rules, now), inquiry);
        tx.insert_actions(&wanted, DEFAULT_MAX_ATTEMPTS, now).await?;
        tx.commit().await
    }
}

/// The notices with a new link that an inquiry's person may be sent now; the same ones within an hour.
pub(in crate::app) fn invited(situation: &Situation<'_>, inquiry: &Inquiry) -> Vec<Planned> {
    let now = situation.now;
    let notifiers = situation.rules.notify.iter().filter(|notifier| situation.may_invite(inquiry, notifier));
    let invitation = |notifier: &NotifierName| {
        let work = Work::Invite(Invitation { asked_at: slot(now), notifier: notifier.clone() });
        plan::planned(inquiry, work, now)
    };
    notifiers.map(invitation).collect()
}

/// The beginning of the hour.
fn slot(now: Timestamp) -> Timestamp {
    let width = ONCE_IN.as_secs();
    Timestamp::from_second(now.as_second().div_euclid(width) * width)
}
