//! What came of reminding: written down when somebody is reminded or passed over, found out when the deadline has
//! passed, and added up. One process finds it out for all.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use jiff::SignedDuration;
use tracing::warn;

use crate::app::perform::Finished;
use crate::app::{App, Environments};
use crate::domain::action::{End, Work};
use crate::domain::ids::InquiryId;
use crate::domain::inquiry::Inquiry;
use crate::domain::lineage::Lineages;
use crate::domain::rules::Step;
use crate::domain::time::Timestamp;
use crate::storage::inquiries::InquiryKey;
use crate::storage::outcomes::{Closed, Noticed, Open};
use crate::storage::{StorageError, Tx};

/// How often it is looked whether deadlines have passed.
const EVERY: Duration = Duration::from_mins(1);

/// Notices looked at in one transaction.
const AT_ONCE: u32 = 500;

/// How long after a deadline what happened before it may still come to be known: Persona delivers a failed webhook again
/// after 3, 64 and 729 seconds (<https://docs.withpersona.com/webhooks>), and reconciliation runs every few minutes.
const LATE: SignedDuration = SignedDuration::from_hours(1);

/// How long the counts of a day are kept.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 400);

/// Writes down who of some settled actions was reminded or passed over.
pub(super) async fn of_notices<'a>(
    tx: &mut Tx,
    environments: &Environments,
    settled: impl Iterator<Item = &'a Finished>,
) -> Result<(), StorageError> {
    let notices: Vec<(InquiryKey, Notice)> = settled.filter_map(notice_of).collect();
    if notices.is_empty() {
        return Ok(());
    }
    let wholes = tx.wholes_of(&notices.iter().map(|(key, _)| key).collect::<Vec<_>>()).await?;
    let mut rows = Vec::new();
    for (key, notice) in &notices {
        let Some((lineage, template)) = wholes.get(key) else { continue };
        let Some(environment) = environments.get(&key.0) else { continue };
        let rules = environment.settings.rules.for_template(template.as_ref());
        let of_step = Noticed {
            environment: key.0.clone(),
            lineage: lineage.clone(),
            step: notice.step.to_string(),
            template: template.clone(),
            held_out: notice.held_out,
            link_form: rules.link.to_string(),
            noticed_at: notice.at,
            deadline: notice.deadline,
        };
        // What tells of a revival or replacement is sent to both groups, so it begins no comparison.
        if notice.step.is_of_a_rule() {
            rows.push(Noticed { step: String::new(), ..of_step.clone() });
        }
        rows.push(of_step);
    }
    tx.add_outcomes(&rows).await
}

struct Notice {
    step: Step,
    deadline: Timestamp,
    held_out: bool,
    at: Timestamp,
}

fn notice_of(finished: &Finished) -> Option<(InquiryKey, Notice)> {
    let (action, end, at) = finished.parts();
    if *end != End::Done {
        return None;
    }
    let (step, deadline, held_out) = match &action.planned.work {
        Work::Remind(reminder) => (reminder.step, reminder.deadline, false),
        Work::Hold(held) => (held.step, held.deadline, true),
        _ => return None,
    };
    let key = (action.planned.environment.clone(), action.planned.inquiry.clone());
    Some((key, Notice { step, deadline, held_out, at }))
}

impl App {
    /// Finds out what came of notices, for as long as it runs; one process does it for all.
    pub async fn close_outcomes(&self) {
        loop {
            if let Err(error) = self.close_outcomes_once().await {
                warn!(%error, "what came of reminders could not be added up yet; it will be tried again");
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Finds out what came of every notice whose deadline passed an hour ago, and forgets what is too old.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked; what was added up is.
    pub async fn close_outcomes_once(&self) -> Result<(), StorageError> {
        let now = self.clock().now();
        loop {
            let mut tx = self.database().begin().await?;
            let due = tx.due_outcomes(now.minus(LATE), AT_ONCE).await?;
            if due.is_empty() {
                let kept = now.minus(self.shared.retention.inquiries);
                tx.forget_outcomes(kept, now.minus(REMEMBERED)).await?;
                return tx.commit().await;
            }
            let closed = Facts::of(&mut tx, &due).await?.close(due);
            tx.close_outcomes(&closed).await?;
            tx.commit().await?;
        }
    }
}

/// What is known of the people of some notices.
struct Facts {
    members: HashMap<InquiryKey, Vec<Inquiry>>,
    openings: Vec<(InquiryKey, Timestamp)>,
}

impl Facts {
    async fn of(tx: &mut Tx, due: &[Open]) -> Result<Self, StorageError> {
        let wholes: BTreeSet<&InquiryKey> = due.iter().map(|notice| &notice.verification).collect();
        let wholes: Vec<&InquiryKey> = wholes.into_iter().collect();
        let lineages = tx.lineages_of(&wholes).await?;
        let mut of: HashMap<InquiryKey, InquiryKey> = HashMap::new();
        for (environment, first) in &wholes {
            let known = lineages.get(environment);
            for member in members(known, first) {
                of.insert((environment.clone(), member), (environment.clone(), first.clone()));
            }
        }
        let mut members: HashMap<InquiryKey, Vec<Inquiry>> = HashMap::new();
        for inquiry in tx.peek_inquiries(&of.keys().collect::<Vec<_>>()).await? {
            let key = (inquiry.environment.clone(), inquiry.id.clone());
            if let Some(whole) = of.get(&key) {
                members.entry(whole.clone()).or_default().push(inquiry);
            }
        }
        Ok(Self { members, openings: tx.openings_of(&wholes).await? })
    }

    fn close(&self, due: Vec<Open>) -> Vec<Closed> {
        due.into_iter().map(|notice| self.closed(notice)).collect()
    }

    /// What came of one notice before its deadline. Activity that is later hides what came before it: of that no more
    /// than the latest is kept.
    fn closed(&self, notice: Open) -> Closed {
        let within = |at: Timestamp| at >= notice.noticed_at && at <= notice.deadline;
        let members = self.members.get(&notice.verification).map_or(&[][..], Vec::as_slice);
        let seen = members.iter().filter_map(|member| member.last_active).any(within);
        let by_link = self.openings.iter().any(|(whole, at)| *whole == notice.verification && within(*at));
        // Who was through before the notice would not have got it, as far as anybody knew.
        let through = |at: Timestamp| at <= notice.deadline;
        let finished = members.iter().filter_map(|member| member.finished).any(through);
        let came_back = seen || by_link || finished;
        // Without a link of ours, that somebody began a session is all that is heard.
        Closed { opened: by_link || (notice.is_by_persona() && seen), came_back, finished, notice }
    }
}

/// The inquiries of a verification, by its first.
fn members(lineages: Option<&Lineages>, first: &InquiryId) -> BTreeSet<InquiryId> {
    let successions = lineages.map_or(&[][..], |lineages| lineages.successions.as_slice());
    let own = successions.iter().filter(|one| one.lineage == *first).filter_map(|one| one.successor.clone());
    own.chain([first.clone()]).collect()
}
