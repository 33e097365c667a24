//! `invite`: a fresh access link in a notice, because somebody came with one that no longer opens. It goes the way the
//! application knows, never to whoever asked.

use crate::app::App;
use crate::app::recipient::Addressed;
use crate::app::step::{Step, Wanted};
use crate::domain::action::{Action, Invitation, Outcome};
use crate::notify::notice;

impl App {
    pub(super) async fn invite(&self, action: &Action, invitation: &Invitation) -> Outcome {
        match self.try_invite(action, invitation).await {
            Ok(()) => Outcome::Done,
            Err(outcome) => outcome,
        }
    }

    async fn try_invite(&self, action: &Action, invitation: &Invitation) -> Step<()> {
        let (environment, persona) = &self.at_persona(action, Wanted::ByPlan)?;
        let notifier = self.channel(&invitation.notifier, action)?;
        let inquiry = self.still_wanted_afresh(environment, persona, action).await?;
        let rules = environment.settings.rules.for_template(inquiry.known.template_id());
        let minted = self.link_of(action).await?;
        let Addressed { to, unsubscribe } =
            self.recipient_of(environment, &inquiry, action, &invitation.notifier).await?;
        self.record_telling(environment, action, &inquiry, &invitation.notifier).await?;
        let notice = notice::Invitation {
            id: action.planned.id.clone(),
            environment: environment.settings.name.clone(),
            reference_id: inquiry.known.reference_id().cloned(),
            template_id: inquiry.known.template_id().cloned(),
            inquiry_id: inquiry.id,
            link: minted.url,
            link_expires_at: minted.link.expires_at,
            to,
            unsubscribe,
            created_at: action.created_at,
        };
        let delivered = notifier.invite(&notice).await;
        self.told(action, &invitation.notifier, rules, delivered).await
    }
}
