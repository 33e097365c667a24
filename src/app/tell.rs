//! `tell`: the application hears that an inquiry took another one's place. `expire`: an inquiry that nobody needs any
//! more, because its verification was finished in another one, is ended at Persona.

use crate::app::App;
use crate::app::step::{Step, Wanted, after, database, under_a_new_key};
use crate::domain::action::{Action, Outcome, Replaced};
use crate::notify::notice;
use crate::persona::error::Next;
use crate::persona::request::IdempotencyKey;

impl App {
    pub(super) async fn tell(&self, action: &Action, replaced: &Replaced) -> Outcome {
        match self.try_tell(action, replaced).await {
            Ok(()) => Outcome::Done,
            Err(outcome) => outcome,
        }
    }

    async fn try_tell(&self, action: &Action, replaced: &Replaced) -> Step<()> {
        let environment = self.environment_of(action)?;
        let notifier = self.channel(&replaced.notifier, action)?;
        let inquiry = self.still_wanted(environment, action).await?;
        let news = notice::Replaced {
            id: action.planned.id.clone(),
            environment: environment.settings.name.clone(),
            replaced_inquiry_id: replaced.old.clone(),
            cause: replaced.cause,
            reference_id: inquiry.known.reference_id().cloned(),
            template_id: inquiry.known.template_id().cloned(),
            inquiry_id: inquiry.id,
            created_at: action.created_at,
        };
        let rules = environment.settings.rules.for_template(news.template_id.as_ref());
        let told = notifier.tell(&news).await;
        self.handed_over(action, &replaced.notifier, rules, told)
    }

    pub(super) async fn expire(&self, action: &Action) -> Outcome {
        match self.try_expire(action).await {
            Ok(()) => Outcome::Done,
            Err(outcome) => outcome,
        }
    }

    async fn try_expire(&self, action: &Action) -> Step<()> {
        let (environment, persona) = &self.at_persona(action, Wanted::ByPlan)?;
        let inquiry = self.still_wanted_afresh(environment, persona, action).await?;
        let key = IdempotencyKey::of(&action.planned.id, "expire", action.generation);
        let asked_at = self.clock().now();
        let error = match persona.expire_inquiry(&inquiry.id, &key).await {
            Ok(snapshot) => {
                let taken = self.take_own(environment, snapshot, asked_at).await;
                return taken.map(drop).map_err(|error| database(&error));
            }
            Err(error) => error,
        };
        if matches!(error.next(), Next::Reread | Next::GiveUp)
            && self.reread(environment, persona, &inquiry.id).await.is_ok()
        {
            self.still_wanted(environment, action).await.map_err(under_a_new_key)?;
        }
        Err(after(&error, self.clock().now()))
    }
}
