//! `hold`: a step of the rules passes over somebody who is held out, to measure what reminding does. It goes as far as a
//! reminder does, up to the notice: who finished unheard is found out here as well, so that both groups are alike.

use crate::app::App;
use crate::app::step::{Step, Wanted};
use crate::domain::action::{Action, Outcome};

impl App {
    pub(super) async fn pass_over(&self, action: &Action) -> Outcome {
        match self.try_hold(action).await {
            Ok(()) => Outcome::Done,
            Err(outcome) => outcome,
        }
    }

    async fn try_hold(&self, action: &Action) -> Step<()> {
        let (environment, persona) = &self.at_persona(action, Wanted::ByPlan)?;
        self.still_wanted_afresh(environment, persona, action).await.map(drop)
    }
}
