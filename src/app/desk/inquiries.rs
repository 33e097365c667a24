//! Acts on one inquiry: its person reminded, itself revived, replaced, read again or muted.

use crate::app::Environment;
use crate::app::access::{Renewal, Renewed};
use crate::app::desk::{ActError, Desk};
use crate::app::links::invited;
use crate::app::party::Party;
use crate::app::reread::RereadError;
use crate::config::Mode;
use crate::domain::act::Act;
use crate::domain::action::{Action, DEFAULT_MAX_ATTEMPTS, State};
use crate::domain::budget::Urgency;
use crate::domain::deed::About;
use crate::domain::ids::{ActionId, EnvironmentName, InquiryId};
use crate::domain::inquiry::Change;

/// How a person is reminded now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reminded {
    /// By reminders that were planned for later, and are due now.
    Earlier(Vec<ActionId>),
    /// By a fresh link, because no reminder was planned any more.
    ByLink(Vec<ActionId>),
}

/// What reading an inquiry again brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reread {
    /// What changed, as Persona names it.
    pub changed: Vec<&'static str>,
    /// Why nothing did.
    pub note: Option<String>,
}

impl Desk {
    /// Reminds a person now: by the next reminder that is planned, or by a fresh link where none is. Whether anybody is
    /// troubled is asked again right before.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn remind_now(&self, environment: &EnvironmentName, id: &InquiryId) -> Result<Reminded, ActError> {
        let deed = self.deed(Act::Remind, environment, About::inquiry(id))?;
        let configured = self.app.environments().get(environment).ok_or(ActError::Unknown("environment"))?;
        let now = self.app.clock().now();
        let mut tx = self.app.database().begin().await?;
        let stored = tx.inquiry(environment, id).await?.ok_or(ActError::Unknown("inquiry"))?;
        let party = Party::of(&mut tx, &stored.inquiry).await?;
        let next = next_reminders(&party.actions, id);
        let why = format!("due now, by {}", self.operator.who);
        for action in &next {
            tx.reschedule_action(action, now, &why, now).await?;
        }
        let reminded = if next.is_empty() {
            let rules = configured.settings.rules.for_template(stored.inquiry.known.template_id());
            let party = self.app.acquaint(&mut tx, party, rules).await?;
            let wanted = invited(&party.situation(rules, now), &stored.inquiry);
            if wanted.is_empty() {
                let why = "there is nothing to remind of, nobody to tell, or it was told as often as the rules allow";
                return Err(ActError::NotNow(why.to_owned()));
            }
            if tx.insert_actions(&wanted, DEFAULT_MAX_ATTEMPTS, now).await? == 0 {
                let why = "a fresh link was sent within this hour already";
                return Err(ActError::NotNow(why.to_owned()));
            }
            Reminded::ByLink(wanted.into_iter().map(|planned| planned.id).collect())
        } else {
            Reminded::Earlier(next)
        };
        Self::done(tx, &deed).await?;
        Ok(reminded)
    }

    /// Revives an expired inquiry, or makes another one in the place of one that no longer serves, now and within the
    /// rules.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn renew(
        &self,
        environment: &EnvironmentName,
        id: &InquiryId,
        renewal: Renewal,
    ) -> Result<InquiryId, ActError> {
        let act = match renewal {
            Renewal::Revive => Act::Revive,
            Renewal::Replace => Act::Replace,
        };
        let deed = self.deed(act, environment, About::inquiry(id))?;
        let configured = self.acting(environment)?;
        if self.app.database().read().await?.inquiry(environment, id).await?.is_none() {
            return Err(ActError::Unknown("inquiry"));
        }
        self.announced(&deed).await?;
        match self.app.renew_now(configured, id, renewal).await? {
            Renewed::Done(inquiry) => Ok(inquiry),
            Renewed::Unknown => Err(ActError::Unknown("inquiry")),
            Renewed::NotNeeded(why) => Err(ActError::NotNow(why)),
            Renewed::Busy { retry_after } => Err(ActError::Busy { retry_after }),
        }
    }

    /// Reads an inquiry at Persona.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn reread(&self, environment: &EnvironmentName, id: &InquiryId) -> Result<Reread, ActError> {
        let deed = self.deed(Act::Reread, environment, About::inquiry(id))?;
        let configured = self.app.environments().get(environment).ok_or(ActError::Unknown("environment"))?;
        let persona = configured.persona.as_ref().ok_or(ActError::NotActing)?.at(Urgency::Waiting);
        if self.app.database().read().await?.inquiry(environment, id).await?.is_none() {
            return Err(ActError::Unknown("inquiry"));
        }
        self.announced(&deed).await?;
        match self.app.reread(configured, &persona, id).await {
            Ok(Change::Changed { attributes, .. }) => Ok(Reread { changed: attributes, note: None }),
            Ok(Change::Unchanged(why)) => Ok(Reread { changed: Vec::new(), note: Some(why.to_string()) }),
            Err(RereadError::Storage(error)) => Err(error.into()),
            Err(RereadError::Persona(error)) => match error.retry_after() {
                Some(retry_after) => Err(ActError::Busy { retry_after }),
                None => Err(ActError::Persona(error.to_string())),
            },
        }
    }

    /// Mutes the verification of an inquiry, or lets its person be told again; whether that changed anything.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn mute(&self, environment: &EnvironmentName, id: &InquiryId, muted: bool) -> Result<bool, ActError> {
        let act = if muted { Act::Mute } else { Act::Unmute };
        self.allowed(act, environment, "inquiry")?;
        let changed = self.app.mute(environment, id, muted, &self.operator, self.reason()).await?;
        changed.ok_or(ActError::Unknown("inquiry"))
    }

    pub(super) fn acting(&self, environment: &EnvironmentName) -> Result<&Environment, ActError> {
        let configured = self.app.environments().get(environment).ok_or(ActError::Unknown("environment"))?;
        let acts = configured.settings.mode == Mode::Act && configured.persona.is_some();
        if acts { Ok(configured) } else { Err(ActError::NotActing) }
    }
}

/// The reminders of the next step that is planned for an inquiry: one by each notifier.
fn next_reminders(actions: &[Action], inquiry: &InquiryId) -> Vec<ActionId> {
    let planned = actions.iter().filter(|action| action.planned.inquiry == *inquiry && action.state == State::Planned);
    let reminders: Vec<_> = planned.filter_map(|action| Some((action, action.planned.work.reminder()?))).collect();
    let next = reminders.iter().map(|(_, reminder)| reminder.step_due).min();
    let of_next = reminders.iter().filter(|(_, reminder)| Some(reminder.step_due) == next);
    of_next.map(|(action, _)| action.planned.id.clone()).collect()
}
