//! Short words for building events, inquiries and rules in tests of the domain.

use rekindle::domain::action::{Action, DEFAULT_MAX_ATTEMPTS, Planned, State};
use rekindle::domain::addressee::Addressee;
use rekindle::domain::event::{Event, Subject};
use rekindle::domain::ids::{EnvironmentName, InquiryId, NotifierName};
use rekindle::domain::inquiry::{Change, Inquiry};
use rekindle::domain::lineage::Lineages;
use rekindle::domain::observation::Observation;
use rekindle::domain::plan::{Difference, Situation};
use rekindle::domain::rules::Rules;
use rekindle::domain::time::Timestamp;
use serde_json::{Value, json};

/// A fixed start of every story: 2026-03-01T08:00:00Z.
pub const START: i64 = 1_772_352_000;

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(START + second)
}

pub fn environment() -> EnvironmentName {
    EnvironmentName::parse("sandbox").unwrap()
}

/// An event as Persona would send it, `second` seconds (and some milliseconds) after the start.
pub fn event(name: &str, inquiry: &str, millis: i64, attributes: &Value) -> Value {
    json!({ "data": { "type": "event", "id": format!("evt_{inquiry}_{name}_{millis}"), "attributes": {
        "name": name,
        "created-at": Timestamp::from_micros((START * 1_000 + millis) * 1_000).to_string(),
        "payload": { "data": { "type": "inquiry", "id": inquiry, "attributes": attributes, "relationships": {
            "inquiry-template": { "data": { "type": "inquiry-template", "id": "itmpl_1" } },
            "inquiry-template-version": { "data": { "type": "inquiry-template-version", "id": "itmplv_1" } },
            "account": { "data": null } } } } } } })
}

pub fn observation(event: &Value) -> Observation {
    match Event::of(event, at(0)).unwrap().subject {
        Subject::Inquiry(observation) => *observation,
        Subject::None(why) => panic!("no inquiry in it: {why}"),
    }
}

pub fn unknown(inquiry: &str) -> Inquiry {
    Inquiry::unknown(environment(), InquiryId::parse(inquiry).unwrap())
}

/// Applies an event about the inquiry, in one line.
pub fn tell(inquiry: &mut Inquiry, name: &str, second: i64, attributes: &Value) -> Change {
    inquiry.apply(observation(&event(name, inquiry.id.clone().as_str(), second * 1_000, attributes)))
}

/// An inquiry made `second` seconds after the start, for a person, with a day to live.
pub fn made(inquiry: &str, reference: &str, second: i64) -> Inquiry {
    let mut made = unknown(inquiry);
    let (from, until) = (at(second).to_string(), at(second + 86_400).to_string());
    tell(
        &mut made,
        "inquiry.created",
        second,
        &json!({
        "status": "created", "reference-id": reference, "created-at": from, "expires-at": until }),
    );
    made
}

pub fn rules(steps: &[&str]) -> Rules {
    Rules {
        reminders: steps.iter().map(|step| step.parse().unwrap()).collect(),
        notify: vec![NotifierName::parse("app").unwrap()],
        ..Rules::default()
    }
}

/// What storage does with a plan, in memory.
#[derive(Debug, Default, Clone)]
pub struct Actions(pub Vec<Action>);

impl Actions {
    pub fn replan(&mut self, group: &[Inquiry], rules: &Rules, now: Timestamp) -> Difference {
        let (lineages, addressee) = (&Lineages::default(), &Addressee::default());
        let situation = Situation { group, actions: &self.0, lineages, template: None, rules, addressee, now };
        let difference = situation.difference();
        for planned in &difference.insert {
            self.0.push(fresh(planned.clone(), now));
        }
        for planned in &difference.replan {
            let action = self.0.iter_mut().find(|action| action.planned.id == planned.id).unwrap();
            *action = fresh(planned.clone(), now);
        }
        for (id, objection) in &difference.cancel {
            let action = self.0.iter_mut().find(|action| action.planned.id == *id).unwrap();
            action.state = State::Cancelled;
            action.cancelled_by = Some(rekindle::domain::action::CancelledBy::Plan);
            action.reason = Some(objection.reason.clone());
        }
        difference
    }

    /// Marks the planned reminder of a step as handed over.
    pub fn perform(&mut self, step: &str, now: Timestamp) {
        let action = self.0.iter_mut().find(|action| {
            action.state == State::Planned && action.planned.key.as_str().contains(&format!("/{step}/"))
        });
        let action = action.unwrap_or_else(|| panic!("no planned reminder for {step}"));
        action.state = State::Done;
        action.finished_at = Some(now);
    }

    /// The planned reminders: inquiry, step and seconds since the start, in time order.
    pub fn planned(&self) -> Vec<String> {
        let mut rows: Vec<(Timestamp, String)> = self
            .0
            .iter()
            .filter(|action| action.state == State::Planned)
            .map(|action| (action.planned.due_at, action.planned.key.as_str().to_owned()))
            .collect();
        rows.sort();
        rows.into_iter()
            .map(|(due, key)| {
                let parts: Vec<&str> = key.split('/').collect();
                let what = if parts[0] == "remind" { parts[3] } else { parts[0] };
                format!("{} {what} at {}", parts[1], due.as_second() - START)
            })
            .collect()
    }
}

fn fresh(planned: Planned, now: Timestamp) -> Action {
    Action {
        planned,
        state: State::Planned,
        attempts: 0,
        max_attempts: DEFAULT_MAX_ATTEMPTS,
        generation: 0,
        cancelled_by: None,
        reason: None,
        created_at: now,
        finished_at: None,
    }
}
