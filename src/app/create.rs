//! An application wants an inquiry for a person: the one that is alive, or a new one; one, however often it asks.
//!
//! One process at a time asks Persona, under a lease. That it asks is on disk before it does, so whoever comes after a
//! crash looks at Persona for what may have been made, and takes that, before it asks under another number. A new
//! inquiry begins a lineage of its own: that happens only when the one before ended or was given up.

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Map, Value};
use tracing::warn;
use url::Url;

use crate::app::access::Urgency;
use crate::app::party::Party;
use crate::app::{App, Environment};
use crate::config::Mode;
use crate::domain::access::{Access, Closed, Form, Sessions};
use crate::domain::customer;
use crate::domain::ids::{CustomerName, EnvironmentName, InquiryId, ReferenceId, TemplateId};
use crate::domain::inquiry::{Inquiry, Person};
use crate::domain::observation::Snapshot;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::persona::client::PersonaClient;
use crate::persona::error::PersonaError;
use crate::persona::request::{IdempotencyKey, ListFilter, NewInquiry};
use crate::storage::creations::CreationKey;
use crate::storage::{StorageError, Tx};

/// How long one process may ask Persona before another one takes over: longer than a listing and a creation take.
const LEASE: SignedDuration = SignedDuration::from_mins(1);

/// How long somebody waits for another who is at it.
const PATIENCE: Duration = Duration::from_secs(10);

const LOOK: Duration = Duration::from_millis(50);

/// When to try again, where nobody says.
const SHORTLY: SignedDuration = SignedDuration::from_secs(5);

/// How much earlier than our mark an inquiry may say it was made that we made: Persona's clock is not ours.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// What is wanted. No `Debug`: fields are people's data.
#[derive(Clone)]
pub struct Wish {
    /// Where.
    pub environment: EnvironmentName,
    /// For whom, by the application's name.
    pub reference_id: ReferenceId,
    /// Of which template.
    pub template: TemplateId,
    /// Whose it is to be.
    pub customer: Option<CustomerName>,
    /// Fields to begin with.
    pub fields: Map<String, Value>,
    /// Where the browser goes when the person is through.
    pub redirect_uri: Option<Url>,
    /// How long it lives from creation, start and resume, instead of the template's settings.
    pub lifetimes: [Option<SignedDuration>; 3],
    /// Whether a verification that is done is enough, and nothing is made then.
    pub once: bool,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wished {
    /// It was made.
    Made(InquiryId),
    /// It was there.
    Found(InquiryId),
    /// The person's name is not the customer's to use.
    NotTheirs,
    /// Persona refuses to make it; its words.
    Refused(String),
    /// Nothing is asked of Persona in this environment.
    NotActing,
    /// There is no such environment.
    NoEnvironment,
    /// Not now.
    Busy {
        /// When to try again.
        retry_after: SignedDuration,
    },
}

/// The next step towards it.
enum Step {
    /// That's it.
    Answer(Wished),
    /// Somebody else is at it.
    Wait,
    /// The right to ask Persona, since when somebody may have asked before, and the number to ask under.
    Ask { unsure_since: Option<Timestamp>, generation: u32 },
}

/// Who asks, for what.
struct Task<'a> {
    environment: &'a Environment,
    persona: &'a PersonaClient,
    wish: &'a Wish,
    key: CreationKey,
    holder: String,
}

impl App {
    /// The live inquiry of a person and template, made if there is none.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn create_or_get(&self, wish: &Wish) -> Result<Wished, StorageError> {
        let Some(environment) = self.environments().get(&wish.environment) else { return Ok(Wished::NoEnvironment) };
        let acting = environment.settings.mode == Mode::Act;
        let Some(persona) = environment.persona.as_ref().filter(|_| acting) else { return Ok(Wished::NotActing) };
        let by_rule = customer::by_rule(self.customers(), Some(&wish.reference_id), Some(&wish.template), None);
        if wish.customer.is_some() && by_rule.is_some() && by_rule != wish.customer.as_ref() {
            return Ok(Wished::NotTheirs);
        }
        let mut random = [0; 16];
        if getrandom::fill(&mut random).is_err() {
            return Ok(Wished::Busy { retry_after: SHORTLY });
        }
        let key = CreationKey {
            environment: wish.environment.clone(),
            reference_id: wish.reference_id.clone(),
            template: wish.template.clone(),
        };
        let persona = persona.at(Urgency::Waiting);
        let task = Task { environment, persona: &persona, wish, key, holder: hex::encode(random) };
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            match self.step_towards(&task).await? {
                Step::Answer(answer) => return Ok(answer),
                Step::Ask { unsure_since, generation } => {
                    return self.ask_for_it(&task, unsure_since, generation).await;
                }
                Step::Wait if tokio::time::Instant::now() < until => tokio::time::sleep(LOOK).await,
                Step::Wait => return Ok(Wished::Busy { retry_after: SHORTLY }),
            }
        }
    }

    async fn step_towards(&self, task: &Task<'_>) -> Result<Step, StorageError> {
        let (wish, now) = (task.wish, self.clock().now());
        let mut tx = self.database().begin().await?;
        let row = tx.open_creation(&task.key, now).await?;
        let held = row.held_until.is_some_and(|until| until > now && until <= now.plus(LEASE));
        let person = Person::Reference(wish.reference_id.clone());
        let group = tx.group(&wish.environment, &person, Some(&wish.template)).await?;
        let mut theirs = wish.customer.is_none() || row.customer.is_none() || row.customer == wish.customer;
        for member in &group {
            let Some(stored) = tx.inquiry(&wish.environment, &member.id).await? else { continue };
            let owner = self.owner(&mut tx, member, &stored.lineage).await?;
            theirs &= wish.customer.is_none() || owner == wish.customer;
        }
        if !theirs {
            return Ok(Step::Answer(Wished::NotTheirs));
        }
        if let Some(found) = self.standing(&mut tx, task, &group, now).await? {
            return Ok(Step::Answer(Wished::Found(found)));
        }
        if held {
            return Ok(Step::Wait);
        }
        tx.hold_creation(&task.key, &task.holder, now.plus(LEASE), wish.customer.as_ref(), now).await?;
        tx.commit().await?;
        Ok(Step::Ask { unsure_since: row.asked_at, generation: row.generation + 1 })
    }

    /// The inquiry that answers the wish, if there is one: one that can be entered, or made so.
    async fn standing(
        &self,
        tx: &mut Tx,
        task: &Task<'_>,
        group: &[Inquiry],
        now: Timestamp,
    ) -> Result<Option<InquiryId>, StorageError> {
        let rank = |one: &&Inquiry| (!one.status().is_some_and(Status::is_over), one.began(), one.id.clone());
        let Some(mut inquiry) = group.iter().max_by_key(rank) else { return Ok(None) };
        let party = Party::of(tx, inquiry).await?;
        let rules = task.environment.settings.rules.for_template(Some(&task.wish.template));
        // Each step leads to another member, and none back.
        for _ in 0..=group.len() {
            match party.situation(rules, now).access(inquiry, Form::Browser, Sessions::default()) {
                Access::Elsewhere(other) => match group.iter().find(|member| member.id == other) {
                    Some(member) => inquiry = member,
                    None => return Ok(Some(other)),
                },
                Access::Done { inquiry: done, .. } => return Ok(Some(done).filter(|_| task.wish.once)),
                Access::Enter(_) | Access::Revive | Access::Replace(_) | Access::Closed(Closed::StatusUnknown) => break,
                Access::Failed | Access::Closed(_) => return Ok(None),
            }
        }
        Ok(Some(inquiry.id.clone()))
    }

    async fn ask_for_it(
        &self,
        task: &Task<'_>,
        unsure_since: Option<Timestamp>,
        generation: u32,
    ) -> Result<Wished, StorageError> {
        let asked_at = self.clock().now();
        if let Some(since) = unsure_since {
            match self.made_since(task, since).await {
                Ok(None) => {}
                Ok(Some(made)) => return self.take_made(task, made, asked_at).await.map(Wished::Found),
                // Whatever was refused here, one may have been made before.
                Err(error) => return self.not_made(task, &error, false).await,
            }
        }
        let wish = task.wish;
        let [lifetime, lifetime_from_start, lifetime_from_resume] = wish.lifetimes;
        let new = NewInquiry {
            // What payloads carry and the list filters by.
            reference_id: Some(wish.reference_id.clone()),
            fields: wish.fields.clone(),
            redirect_uri: wish.redirect_uri.clone(),
            lifetime: lifetime.or_else(|| self.lifetime_for(wish)),
            lifetime_from_start,
            lifetime_from_resume,
            ..NewInquiry::from_template(wish.template.clone())
        };
        match task.persona.create_inquiry(&new, &task.idempotency_key(generation)).await {
            Ok(made) => self.take_made(task, made, asked_at).await.map(Wished::Made),
            Err(error) => {
                // A time-out and a conflict are said about requests that may have taken effect.
                let refused =
                    error.status().is_some_and(|status| matches!(status, 400..500) && !matches!(status, 408 | 409));
                self.not_made(task, &error, refused).await
            }
        }
    }

    /// By the customer's rule, where the request does not say.
    fn lifetime_for(&self, wish: &Wish) -> Option<SignedDuration> {
        let by_rule = || customer::by_rule(self.customers(), Some(&wish.reference_id), Some(&wish.template), None);
        self.customers().get(wish.customer.as_ref().or_else(by_rule)?)?.expires_after
    }

    /// An open inquiry of the person at Persona, made since somebody asked and did not say what came of it.
    async fn made_since(&self, task: &Task<'_>, since: Timestamp) -> Result<Option<Snapshot>, PersonaError> {
        let filter = ListFilter {
            statuses: vec![Status::Created, Status::Pending],
            reference_id: Some(task.wish.reference_id.clone()),
            template: Some(task.wish.template.clone()),
            created_from: Some(since.minus(SKEW)),
            ..ListFilter::default()
        };
        Ok(task.persona.list_inquiries(&filter, None, 100).await?.items.into_iter().next())
    }

    async fn take_made(
        &self,
        task: &Task<'_>,
        mut made: Snapshot,
        asked_at: Timestamp,
    ) -> Result<InquiryId, StorageError> {
        let (id, name) = (made.id.clone(), &task.wish.environment);
        // Whom it is for we know, also where an answer leaves it out.
        made.attributes.reference_id.get_or_insert(Some(task.wish.reference_id.clone()));
        made.attributes.template_id.get_or_insert(Some(task.wish.template.clone()));
        self.take_own(task.environment, made, asked_at).await?;
        let mut tx = self.database().begin().await?;
        if let Some(customer) = &task.wish.customer {
            tx.assign_customer(name, &id, customer, self.clock().now()).await?;
        }
        tx.creation_made(&task.key, &id).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Says that nothing came of it. `refused`: none was made for certain; else one may have been, and whoever comes
    /// next looks for it first.
    async fn not_made(&self, task: &Task<'_>, error: &PersonaError, refused: bool) -> Result<Wished, StorageError> {
        let mut tx = self.database().begin().await?;
        if refused {
            tx.creation_refused(&task.key, &task.holder).await?;
        } else {
            tx.leave_creation(&task.key, &task.holder).await?;
        }
        tx.commit().await?;
        warn!(environment = %task.wish.environment, template = %task.wish.template, %error, "no inquiry was made");
        // What the caller can mend; the rest is between us and Persona.
        if refused && !matches!(error.status(), Some(401 | 403 | 425 | 429)) {
            return Ok(Wished::Refused(error.to_string()));
        }
        Ok(Wished::Busy { retry_after: error.retry_after().unwrap_or(SHORTLY).min(SignedDuration::from_mins(1)) })
    }
}

impl Task<'_> {
    /// Names and templates can be long, and a key can't: so their hash.
    fn idempotency_key(&self, generation: u32) -> IdempotencyKey {
        use sha2::{Digest, Sha256};
        let CreationKey { environment, reference_id, template } = &self.key;
        let mut hash = Sha256::new();
        for part in [environment.as_str(), reference_id.as_str(), template.as_str()] {
            hash.update(part);
            hash.update([0]);
        }
        IdempotencyKey::of_creation(&hex::encode(hash.finalize()), generation)
    }
}
