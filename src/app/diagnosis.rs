//! Why can't they get in? What is known is gathered here; [`crate::domain::diagnosis`] answers.

use std::collections::BTreeMap;

use crate::app::access::Whom;
use crate::app::customers::Named;
use crate::app::party::Party;
use crate::app::{App, Environment};
use crate::config::Mode;
use crate::domain::access::Sessions;
use crate::domain::action::{Action, State};
use crate::domain::budget::Urgency;
use crate::domain::diagnosis::{Acting, Around, Diagnosis, Facts, Gift, Given, Heard, Paused, Trouble};
use crate::domain::ids::{EnvironmentName, InquiryId, ReferenceId};
use crate::domain::inquiry::Inquiry;
use crate::domain::rules::Rules;
use crate::domain::status::Status;
use crate::domain::token::Grant;
use crate::storage::actions::AttemptOutcome;
use crate::storage::events::StoredEvent;
use crate::storage::lineages::Means;
use crate::storage::{StorageError, Tx};

impl App {
    /// Why somebody can't get into their inquiry, or that they can; `None` when nothing is known of such an inquiry or
    /// person. Nothing is asked of Persona.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn diagnose(
        &self,
        environment: &EnvironmentName,
        whom: &Whom,
    ) -> Result<Option<Diagnosis>, StorageError> {
        let mut tx = self.database().read().await?;
        let id = match whom {
            Whom::Inquiry(id) => Some(id.clone()),
            Whom::Person { .. } => match self.environments().get(environment) {
                Some(configured) => self.whose(configured, whom).await?,
                None => None,
            },
        };
        let Some(id) = id else { return Ok(None) };
        let Some(asked) = tx.inquiry(environment, &id).await?.map(|stored| stored.inquiry) else { return Ok(None) };
        let party = Party::of(&mut tx, &asked).await?;
        let configured = self.environments().get(environment);
        let of_none = Rules::default();
        let rules = configured
            .map_or(&of_none, |environment| environment.settings.rules.for_template(asked.known.template_id()));
        let party = self.acquaint(&mut tx, party, rules).await?;
        let situation = party.situation(rules, self.clock().now());
        let inquiry = situation.group.iter().find(|member| member.id == asked.id).unwrap_or(&asked);
        let inquiry = situation.way_in(inquiry);
        let events = tx.events_of_inquiry(environment, &inquiry.id).await?.into_iter().filter_map(heard);
        let events: Vec<Heard> = events.collect();
        let given = given(&mut tx, inquiry, &party.actions).await?;
        let sessions = Sessions { made: tx.sessions_made(environment, &inquiry.id).await?, reusable: None };
        let around = self.around(&mut tx, environment, configured, &party).await?;
        let facts = Facts { situation, sessions, events: &events, given: &given, around: &around };
        Ok(Some(facts.diagnose(&asked)))
    }

    /// As [`App::diagnose`], where the inquiry is the grant's to see; to a customer, without what is the operator's.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn diagnose_for(&self, grant: &Grant, named: &Named) -> Result<Option<Diagnosis>, StorageError> {
        let Some((environment, id)) = self.meant(grant, named).await? else { return Ok(None) };
        // Everyone the decision could lead to is of this person and template.
        if !self.all_are_seen(grant, &environment, &id).await? {
            return Ok(None);
        }
        let diagnosis = self.diagnose(&environment, &Whom::Inquiry(id)).await?;
        Ok(if grant.customer.is_some() { diagnosis.map(Diagnosis::for_customers) } else { diagnosis })
    }

    /// The inquiry that is meant by an id or a person's reference id, in each environment that knows one: of several,
    /// the newest that is not over.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn meant_by(&self, text: &str) -> Result<Vec<(EnvironmentName, InquiryId)>, StorageError> {
        let found = self.database().read().await?.find_inquiries(text).await?;
        let by_id: Vec<_> = found.iter().filter(|stored| stored.inquiry.id.as_str() == text).collect();
        if !by_id.is_empty() {
            let place = |inquiry: &Inquiry| (inquiry.environment.clone(), inquiry.id.clone());
            return Ok(by_id.into_iter().map(|stored| place(&stored.inquiry)).collect());
        }
        let Ok(reference_id) = ReferenceId::parse(text) else { return Ok(Vec::new()) };
        let theirs = found.into_iter().filter(|stored| stored.inquiry.known.reference_id() == Some(&reference_id));
        let mut newest: BTreeMap<EnvironmentName, Inquiry> = BTreeMap::new();
        let rank = |one: &Inquiry| (!one.status().is_some_and(Status::is_over), one.began(), one.id.clone());
        for inquiry in theirs.map(|stored| stored.inquiry) {
            match newest.get(&inquiry.environment) {
                Some(known) if rank(known) >= rank(&inquiry) => {}
                _ => drop(newest.insert(inquiry.environment.clone(), inquiry)),
            }
        }
        Ok(newest.into_iter().map(|(environment, inquiry)| (environment, inquiry.id)).collect())
    }

    async fn around(
        &self,
        tx: &mut Tx,
        name: &EnvironmentName,
        environment: Option<&Environment>,
        party: &Party,
    ) -> Result<Around, StorageError> {
        let acting = match environment {
            None => Acting::NotConfigured,
            Some(environment) if environment.settings.mode == Mode::Observe => Acting::Observing,
            Some(environment) if environment.persona.is_none() => Acting::NoKey,
            Some(_) => Acting::Yes,
        };
        let paused = tx.lane_settings().await?.into_iter().filter(|lane| lane.paused && lane.lane.0 == *name);
        let paused = paused.map(|lane| Paused {
            kind: lane.lane.1,
            by: lane.changed_by,
            reason: lane.reason,
            at: lane.changed_at,
        });
        let mut around =
            Around { acting, paused: paused.collect(), spent_until: None, trouble: trouble(tx, name, party).await? };
        if let Some(environment) = environment {
            let (careful, now) = (environment.settings.careful_calls_per_minute, self.clock().now());
            if let Some(mut ledger) = tx.budget(name, careful).await? {
                ledger.advance(now);
                // Nothing left to be known, as after a start, is no limit.
                let spent = ledger.limit.is_some() && ledger.available(Urgency::Waiting, now) == 0;
                around.spent_until = spent.then(|| ledger.opens_at(now));
            }
        }
        Ok(around)
    }
}

fn heard(event: StoredEvent) -> Option<Heard> {
    let at = event.occurred_at.unwrap_or(event.received_at);
    Some(Heard { id: event.id, name: event.name?, at })
}

/// By what the person of an inquiry was let in, or reminded.
async fn given(tx: &mut Tx, inquiry: &Inquiry, actions: &[Action]) -> Result<Vec<Given>, StorageError> {
    let admissions = tx.admissions(&inquiry.environment, &inquiry.id).await?;
    let gift = |means| match means {
        Means::Link | Means::SessionLink => Gift::Link,
        Means::Token => Gift::Token,
    };
    let mut given: Vec<Given> = admissions.into_iter().map(|(means, at)| Given { what: gift(means), at }).collect();
    let reminders = actions.iter().filter(|action| {
        action.planned.inquiry == inquiry.id && action.state == State::Done && action.planned.work.reminder().is_some()
    });
    let handed_over = reminders.filter_map(|action| action.finished_at);
    given.extend(handed_over.map(|at| Given { what: Gift::Reminder, at }));
    Ok(given)
}

/// The latest failure of a call to Persona that we know of, where nothing went well since: of an action for this
/// person, or of reconciliation.
async fn trouble(tx: &mut Tx, name: &EnvironmentName, party: &Party) -> Result<Option<Trouble>, StorageError> {
    let mut attempts = Vec::new();
    for action in party.actions.iter().filter(|action| action.attempts > 0) {
        attempts.extend(tx.attempts(&action.planned.id).await?);
    }
    let well = attempts.iter().filter(|attempt| attempt.outcome == AttemptOutcome::Done).map(|one| one.ended_at).max();
    let failed = attempts.into_iter().filter_map(|attempt| Some((attempt.ended_at, attempt.error?)));
    let runs = tx.reconciliations().await?.into_iter().filter(|one| one.environment == *name);
    let stopped = runs.filter_map(|one| one.run).filter_map(|run| Some((run.touched_at, run.error?)));
    let of_persona = failed.chain(stopped).filter(|(at, error)| error.contains("Persona ") && well < Some(*at));
    Ok(of_persona.max_by_key(|(at, _)| *at).map(|(at, error)| Trouble { at, error }))
}
