//! The state of every inquiry is what all its stored events make, whatever order they came in, and what Persona says;
//! and the actions are what the plan wants for that state.

use std::collections::BTreeMap;

use rekindle::app::party::Party;
use rekindle::domain::action::Action;
use rekindle::domain::event::{Event, Subject};
use rekindle::domain::ids::InquiryId;
use rekindle::domain::inquiry::Inquiry;
use rekindle::domain::observation::Observation;
use rekindle::persona::simulator::InquiryView;
use rekindle::storage::events::{Outcome, StoredEvent};
use rekindle::storage::inquiries::StoredInquiry;

use super::{Tally, Witnesses, environment, events};
use crate::torture::findings::Findings;
use crate::torture::random::Random;

/// What may pass between an event's arrival and the plan made for it.
const MARGIN: jiff::SignedDuration = jiff::SignedDuration::from_secs(2);

pub async fn check(
    witnesses: &Witnesses<'_>,
    stored: &BTreeMap<String, StoredEvent>,
    findings: &mut Findings,
    tally: &mut Tally,
) {
    let mut of_inquiry: BTreeMap<&InquiryId, Vec<&StoredEvent>> = BTreeMap::new();
    for event in stored.values().filter(|event| matches!(event.outcome, Some(Outcome::Applied | Outcome::Ignored))) {
        if let Some(inquiry) = &event.inquiry {
            of_inquiry.entry(inquiry).or_default().push(event);
        }
    }
    for view in witnesses.persona.inquiries() {
        tally.inquiries += 1;
        let found = witnesses.database.read().await.unwrap().inquiry(&environment(), &view.id).await.unwrap();
        let Some(known) = found else {
            findings.lost.push(format!("inquiry {} is not known", view.id));
            continue;
        };
        if known.inquiry.status() != Some(&view.status) {
            let (ours, theirs) = (known.inquiry.status(), &view.status);
            findings.wrong.push(format!("inquiry {} is {ours:?} here and {theirs} at Persona", view.id));
        }
        let events = of_inquiry.get(&view.id).map_or(&[][..], Vec::as_slice);
        replay(witnesses, &known, events, findings, tally).await;
        plan(witnesses, &known.inquiry, findings).await;
        planned_at_all(witnesses, &view, &known, events, findings).await;
    }
}

/// All events merged anew, in any order, say nothing that is not known; and where nothing else was heard, they say all
/// that is known.
async fn replay(
    witnesses: &Witnesses<'_>,
    known: &StoredInquiry,
    events: &[&StoredEvent],
    findings: &mut Findings,
    tally: &mut Tally,
) {
    let id = &known.inquiry.id;
    let mut observations: Vec<Observation> = Vec::new();
    for event in events {
        let body = events::body(witnesses.database, &event.id).await;
        match Event::parse(&body, event.received_at).map(|event| event.subject) {
            Ok(Subject::Inquiry(observation)) => observations.push(*observation),
            Ok(Subject::None(_)) => {}
            Err(why) => findings.wrong.push(format!("event {} of inquiry {id} is unreadable: {why}", event.id)),
        }
    }
    Random::of(witnesses.seed, id.as_str()).shuffle(&mut observations);
    let mut merged = known.inquiry.clone();
    let mut replayed = Inquiry::unknown(environment(), id.clone());
    for observation in observations {
        merged.apply(observation.clone());
        replayed.apply(observation);
    }
    if merged != known.inquiry {
        findings.lost.push(format!("inquiry {id} lacks what its stored events say"));
    }
    if known.read_at.is_none() {
        tally.replayed_exactly += 1;
        if replayed != known.inquiry {
            findings.wrong.push(format!("inquiry {id} is not what its stored events make"));
        }
    }
}

/// What the plan wants is there, and nothing else waits.
async fn plan(witnesses: &Witnesses<'_>, inquiry: &Inquiry, findings: &mut Findings) {
    let mut tx = witnesses.database.read().await.unwrap();
    let party = Party::of(&mut tx, inquiry).await.unwrap();
    let actions = &party.actions;
    let rules = witnesses.rules.for_template(inquiry.known.template_id());
    let difference = party.situation(rules, witnesses.now).difference();
    let id = &inquiry.id;
    for planned in difference.insert.iter().chain(&difference.replan).filter(|planned| planned.inquiry == *id) {
        findings.lost.push(format!("inquiry {id}: {} is wanted and not planned", planned.key.as_str()));
    }
    let of_this = |action: &&Action| action.planned.inquiry == *id;
    for action in actions.iter().filter(of_this).filter(|action| is_cancelled_by(&difference.cancel, action)) {
        findings.wrong.push(format!("action {} is {} and not wanted", action.planned.id, action.state));
    }
}

fn is_cancelled_by<T>(cancel: &[(rekindle::domain::ids::ActionId, T)], action: &Action) -> bool {
    cancel.iter().any(|(id, _)| *id == action.planned.id)
}

/// Whoever was heard of alone, in the beginning and in time, had the last reminder planned, whatever became of it.
async fn planned_at_all(
    witnesses: &Witnesses<'_>,
    view: &InquiryView,
    known: &StoredInquiry,
    events: &[&StoredEvent],
    findings: &mut Findings,
) {
    let mut events = events.to_vec();
    events.sort_by_key(|event| event.received_at);
    let Some((first, rest)) = events.split_first() else { return };
    let deadline = match Event::parse(&events::body(witnesses.database, &first.id).await, first.received_at) {
        Ok(Event { subject: Subject::Inquiry(observation), .. }) => observation.attributes.expires_at.flatten(),
        _ => None,
    };
    let Some(deadline) = deadline else { return };
    let in_time = deadline.since(first.received_at) > MARGIN;
    let undisturbed = rest.first().is_none_or(|next| next.received_at.since(first.received_at) > MARGIN);
    let alone =
        view.reference_id.as_ref().is_some_and(|name| !witnesses.people.with_more_than_one_inquiry().contains(name));
    // One that came twice may have been kept aside at first.
    let at_once = first.name.as_deref() == Some("inquiry.created") && first.deliveries == 1;
    if !at_once || !in_time || !undisturbed || !alone {
        return;
    }
    let id = &known.inquiry.id;
    let rules = witnesses.rules.for_template(known.inquiry.known.template_id());
    let last = rules.reminders.last().unwrap();
    let actions = witnesses.database.read().await.unwrap().actions_for(&environment(), std::slice::from_ref(id)).await;
    let has_last = |action: &Action| {
        let reminder = action.planned.work.reminder();
        reminder.is_some_and(|reminder| reminder.step == *last && reminder.deadline == deadline)
    };
    if !actions.unwrap().iter().any(has_last) {
        findings.lost.push(format!("inquiry {id}: the reminder at {last} was never planned"));
    }
}
