//! `replace`: a new inquiry takes the place of one that no longer serves. Never two that are open.
//!
//! The order is: mark it superseded; expire the old one at Persona, if it is open; read it again, and stop if the
//! person finished meanwhile; make the new one, or adopt one that is there; write it down. Each stage is committed
//! before the call that follows it, so whoever goes on after a crash knows what may have happened. One worker at a
//! time goes on: whoever holds the lease of the action, of which there is one for each inquiry.

use jiff::SignedDuration;

use crate::app::observe::{TRIES, replan};
use crate::app::party::Party;
use crate::app::step::{Step, Wanted, after, cancel, database, give_up, under_the_same_key};
use crate::app::{App, Environment};
use crate::domain::access::{Access, Form, Sessions};
use crate::domain::action::{Action, Outcome, Replacement};
use crate::domain::ids::InquiryId;
use crate::domain::inquiry::{Inquiry, Person};
use crate::domain::lineage::{Cause, Stage, Succession};
use crate::domain::observation::{Attributes, Observation, Snapshot, Source};
use crate::domain::status::Status;
use crate::persona::answer::Fields;
use crate::persona::client::PersonaClient;
use crate::persona::error::Next;
use crate::persona::request::{IdempotencyKey, ListFilter, NewInquiry};
use crate::storage::StorageError;

/// How much earlier than our mark an inquiry may say it was made that we made: Persona's clock is not ours.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// How often an inquiry is expired that somebody resumes at the same time.
const ROUNDS: [&str; 2] = ["expire", "expire-again"];

/// One replacement in the hands of whoever performs it.
struct Task<'a> {
    environment: &'a Environment,
    persona: &'a PersonaClient,
    action: &'a Action,
    succession: Succession,
}

impl App {
    pub(super) async fn replace(&self, action: &Action, replacement: &Replacement, wanted: Wanted) -> Outcome {
        match self.try_replace(action, replacement, wanted).await {
            Ok(()) => Outcome::Done,
            Err(outcome) => outcome,
        }
    }

    async fn try_replace(&self, action: &Action, replacement: &Replacement, wanted: Wanted) -> Step<()> {
        let (environment, persona) = &self.at_persona(action, wanted)?;
        let succession = match self.begun(environment, action).await? {
            Some(succession) => succession,
            None => self.begin(environment, persona, action, replacement, wanted).await?,
        };
        let mut task = Task { environment, persona, action, succession };
        let mut fields = None;
        if task.succession.stage == Stage::Superseding {
            let Some(read) = self.close(&task).await? else { return self.keep(&task).await };
            fields = Some(read);
            self.advance(&mut task, Stage::Closed).await?;
        }
        if task.succession.stage == Stage::Replaced {
            return Ok(());
        }
        let successor = self.successor(&mut task, fields).await?;
        self.succeed(&task, successor).await.map_err(|error| database(&error))
    }

    /// The replacement as an attempt before this one left it.
    async fn begun(&self, environment: &Environment, action: &Action) -> Step<Option<Succession>> {
        let (party, inquiry) = self.party_of(environment, action).await?;
        Ok(party.lineages.succession(&inquiry.id).cloned())
    }

    /// Marks the inquiry as superseded, if it is still to be replaced.
    async fn begin(
        &self,
        environment: &Environment,
        persona: &PersonaClient,
        action: &Action,
        replacement: &Replacement,
        wanted: Wanted,
    ) -> Step<Succession> {
        let (inquiry, cause) = match wanted {
            Wanted::ByPlan => (self.still_wanted_afresh(environment, persona, action).await?, replacement.cause),
            Wanted::BySomeone => match self.access_of(environment, action, sessions_for(replacement.cause)).await? {
                (inquiry, Access::Replace(cause)) => (inquiry, cause),
                _ => return Err(cancel("the person can get in otherwise, or is done")),
            },
        };
        self.mark(environment, inquiry.id, cause, replacement.asked).await.map_err(|error| database(&error))
    }

    async fn mark(
        &self,
        environment: &Environment,
        inquiry: InquiryId,
        cause: Cause,
        asked: bool,
    ) -> Result<Succession, StorageError> {
        let (name, now) = (&environment.settings.name, self.clock().now());
        let mut tx = self.database().begin().await?;
        let lineage = tx.inquiry(name, &inquiry).await?.map_or_else(|| inquiry.clone(), |stored| stored.lineage);
        let stage = Stage::Superseding;
        let succession =
            Succession { inquiry, lineage, cause, asked, stage, successor: None, began_at: now, changed_at: now };
        tx.begin_succession(name, &succession).await?;
        tx.commit().await?;
        Ok(succession)
    }

    /// Sees to it that the old inquiry is not open at Persona, and reads it; the fields to be taken over. `None` when
    /// the person finished meanwhile.
    async fn close(&self, task: &Task<'_>) -> Step<Option<Fields>> {
        for effect in ROUNDS {
            let (_, inquiry) = self.party_of(task.environment, task.action).await?;
            if inquiry.status().is_some_and(Status::is_open) {
                self.expire_old(task, effect).await?;
            }
            let fields = self.read_old(task).await?;
            let (party, inquiry) = self.party_of(task.environment, task.action).await?;
            if self.is_finished(task, &party, &inquiry) {
                return Ok(None);
            }
            if !inquiry.status().is_some_and(Status::is_open) {
                return Ok(Some(fields));
            }
        }
        let error = "somebody resumes the inquiry that is to be replaced".to_owned();
        Err(Outcome::Retry { error, at: None, new_key: false })
    }

    /// Expires the old inquiry. A refusal may mean that it is not open: the reading that follows knows.
    async fn expire_old(&self, task: &Task<'_>, effect: &'static str) -> Step<()> {
        let Task { environment, persona, action, .. } = task;
        let key = IdempotencyKey::of(&action.planned.id, effect, action.generation);
        let asked_at = self.clock().now();
        match persona.expire_inquiry(&action.planned.inquiry, &key).await {
            Ok(snapshot) => {
                let taken = self.take_own(environment, snapshot, asked_at).await;
                taken.map(drop).map_err(|error| database(&error))
            }
            Err(refused) if matches!(refused.next(), Next::Reread | Next::GiveUp) => Ok(()),
            Err(error) => Err(after(&error, self.clock().now())),
        }
    }

    async fn read_old(&self, task: &Task<'_>) -> Step<Fields> {
        let Task { environment, persona, action, .. } = task;
        let asked_at = self.clock().now();
        let names = self.prefilled(task).await?;
        let read = persona.retrieve_fields(&action.planned.inquiry, &names).await;
        let (read, fields) = read.map_err(|error| under_the_same_key(after(&error, self.clock().now())))?;
        let taken = self.take_reading(environment, read.inquiry, None, asked_at).await;
        taken.map_err(|error| database(&error))?;
        Ok(fields)
    }

    async fn prefilled(&self, task: &Task<'_>) -> Step<Vec<String>> {
        let (_, inquiry) = self.party_of(task.environment, task.action).await?;
        let rules = task.environment.settings.rules.for_template(inquiry.known.template_id());
        Ok(rules.access.prefill.clone())
    }

    fn is_finished(&self, task: &Task<'_>, party: &Party, inquiry: &Inquiry) -> bool {
        // What it is replaced for is no news.
        let own = match task.succession.cause {
            Cause::Failed => inquiry.status() != Some(&Status::Failed),
            _ => true,
        };
        let rules = task.environment.settings.rules.for_template(inquiry.known.template_id());
        let situation = party.situation(rules, self.clock().now());
        let done = situation.access(inquiry, Form::Browser, Sessions::default());
        matches!(done, Access::Done { .. }) || (own && inquiry.status().is_some_and(Status::is_over))
    }

    /// Calls the replacement off.
    async fn keep(&self, task: &Task<'_>) -> Step<()> {
        let inquiry = &task.action.planned.inquiry;
        let kept = async {
            let mut tx = self.database().begin().await?;
            let name = &task.environment.settings.name;
            tx.move_succession(name, inquiry, Stage::Kept, None, self.clock().now()).await?;
            tx.commit().await
        };
        kept.await.map_err(|error| database(&error))
    }

    async fn advance(&self, task: &mut Task<'_>, stage: Stage) -> Step<()> {
        let moved = async {
            let mut tx = self.database().begin().await?;
            let name = &task.environment.settings.name;
            tx.move_succession(name, &task.action.planned.inquiry, stage, None, self.clock().now()).await?;
            tx.commit().await
        };
        moved.await.map_err(|error| database(&error))?;
        task.succession.stage = stage;
        Ok(())
    }

    /// The inquiry that takes the place: one of the person's that is open, one that an attempt before this one made,
    /// or a new one.
    async fn successor(&self, task: &mut Task<'_>, fields: Option<Fields>) -> Step<Snapshot> {
        let (party, inquiry) = self.party_of(task.environment, task.action).await?;
        if let Some(open) = self.open_sibling(&party, &inquiry) {
            return Ok(named(open));
        }
        if task.succession.stage == Stage::Creating {
            if let Some(made) = self.made_before(task, &inquiry).await? {
                return Ok(made);
            }
        } else {
            self.advance(task, Stage::Creating).await?;
        }
        let fields = match fields {
            Some(fields) => fields,
            None => self.read_old(task).await?,
        };
        let mut new = new_inquiry(&inquiry, fields)
            .ok_or_else(|| give_up("nobody knows whom the new inquiry would be for, or from which template"))?;
        let lifetime = self.lifetime_by_customer(&inquiry.environment, &inquiry.id).await;
        new.lifetime = lifetime.map_err(|error| database(&error))?;
        let key = IdempotencyKey::of(&task.action.planned.id, "create", task.action.generation);
        let made = task.persona.create_inquiry(&new, &key).await;
        made.map_err(|error| after(&error, self.clock().now()))
    }

    /// The person's newest open inquiry of the template, of a version that serves.
    fn open_sibling<'a>(&self, party: &'a Party, inquiry: &Inquiry) -> Option<&'a Inquiry> {
        let now = self.clock().now();
        let serves = |other: &&Inquiry| {
            other.id != inquiry.id
                && other.is_alive(now)
                && !other.is_superseded(party.template.as_ref())
                && party.lineages.succession(&other.id).is_none()
        };
        party.group.iter().filter(serves).max_by_key(|other| (other.began(), other.id.clone()))
    }

    /// An open inquiry of the person at Persona that was made since the replacement began: by an attempt of which
    /// nobody knows the end, or by the application, and then it serves as well.
    async fn made_before(&self, task: &Task<'_>, old: &Inquiry) -> Step<Option<Snapshot>> {
        let account = old.known.account_id().cloned();
        let filter = ListFilter {
            statuses: vec![Status::Created, Status::Pending],
            reference_id: old.known.reference_id().filter(|_| account.is_none()).cloned(),
            account_id: account,
            template: old.known.template_id().cloned(),
            created_from: Some(task.succession.began_at.minus(SKEW)),
            created_until: None,
        };
        let page = task.persona.list_inquiries(&filter, None, 100).await;
        let page = page.map_err(|error| under_the_same_key(after(&error, self.clock().now())))?;
        Ok(page.items.into_iter().find(|found| found.id != old.id))
    }

    /// Writes down which inquiry took the place: from here on an old id leads to it.
    async fn succeed(&self, task: &Task<'_>, successor: Snapshot) -> Result<(), StorageError> {
        let (name, old) = (&task.environment.settings.name, &task.action.planned.inquiry);
        let now = self.clock().now();
        let id = successor.id.clone();
        let at = successor.updated_at.unwrap_or(now);
        let observation = Observation::of(successor, at, Source::OwnCall);
        for _ in 0..TRIES {
            let mut tx = self.database().begin().await?;
            if self.observe_one(&mut tx, task.environment, &observation, now).await?.is_none() {
                continue;
            }
            tx.move_succession(name, old, Stage::Replaced, Some(&id), now).await?;
            tx.join_lineage(name, &id, &task.succession.lineage).await?;
            let keys = [(name.clone(), id.clone()), (name.clone(), old.clone())];
            let mut planned = true;
            for key in &keys {
                planned &= replan(&mut tx, self.environments(), key, now).await?;
            }
            if planned {
                return tx.commit().await;
            }
        }
        Err(StorageError::Contended)
    }
}

/// What the guard is to think of the sessions: whoever wants it replaced for their number has counted them.
const fn sessions_for(cause: Cause) -> Sessions {
    match cause {
        Cause::SessionLimit => Sessions { made: u32::MAX, reusable: Some(false) },
        _ => Sessions { made: 0, reusable: None },
    }
}

/// An inquiry that is known already: nothing is said of it.
fn named(inquiry: &Inquiry) -> Snapshot {
    Snapshot {
        id: inquiry.id.clone(),
        status: None,
        updated_at: inquiry.last_observed,
        attributes: Attributes::default(),
    }
}

/// What the new inquiry is made from: the same person, template, and the fields that the rules allow.
fn new_inquiry(old: &Inquiry, Fields(fields): Fields) -> Option<NewInquiry> {
    let mut new = NewInquiry::from_template(old.known.template_id()?.clone());
    match old.person()? {
        Person::Reference(reference) => new.account_reference_id = Some(reference),
        Person::Account(account) => new.account_id = Some(account),
    }
    new.fields = fields;
    Some(new)
}
