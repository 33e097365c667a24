//! One transaction for many deliveries: recorded, applied, planned and committed, or none of it.

use std::collections::btree_map::{BTreeMap, Entry};
use std::collections::{BTreeSet, HashMap};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::app::Environments;
use crate::app::erasure::{erase, erased_by};
use crate::app::ingest::Receipt;
use crate::app::observe::{TRIES, Told, observe};
use crate::app::tally;
use crate::clock::Clock;
use crate::domain::event::{Event, Subject};
use crate::domain::ids::{EnvironmentName, EventId, InquiryId, TemplateId};
use crate::domain::inquiry::Change;
use crate::domain::signature::Age;
use crate::domain::subject::SubjectId;
use crate::domain::template::Template;
use crate::domain::time::Timestamp;
use crate::storage::events::{EventKey, NewEvent, Origin, Outcome};
use crate::storage::subjects::SubjectRef;
use crate::storage::tallies::Deltas;
use crate::storage::{Database, StorageError, Tx};
use crate::vault::{Packed, Place, SubjectKey, VaultError};

/// Something that was verified and is to be on disk before anyone is told so. Without `Debug`: it holds people's data.
#[derive(Clone)]
pub(super) struct Arrival {
    key: EventKey,
    content: Content,
    /// Whom it is about: under whose key the body is sealed.
    subject: SubjectId,
    origin: Origin,
    received_at: Timestamp,
    body: Packed,
}

/// What is in it.
#[derive(Clone)]
enum Content {
    /// An event, and how old its signature is.
    Event(Box<Event>, Age),
    /// Nothing we understand, and why.
    Unreadable(String),
}

impl Arrival {
    /// An event.
    pub(super) fn event(
        environment: &EnvironmentName,
        event: Event,
        age: Age,
        origin: Origin,
        received_at: Timestamp,
        body: Bytes,
    ) -> Self {
        let (key, subject) = ((environment.clone(), event.id.clone()), event.subject_id());
        let body = Packed::of(body);
        Self { key, content: Content::Event(Box::new(event), age), subject, origin, received_at, body }
    }

    /// A body that is no event, as far as we understand it.
    pub(super) fn unreadable(
        environment: &EnvironmentName,
        why: String,
        origin: Origin,
        received_at: Timestamp,
        body: Bytes,
    ) -> Self {
        let id = content_id(&body);
        let (subject, body) = (SubjectId::event(&id), Packed::of(body));
        Self { key: (environment.clone(), id), content: Content::Unreadable(why), subject, origin, received_at, body }
    }

    /// The same, to be kept although it could not be applied.
    pub(super) fn set_aside(&self, why: &str) -> Self {
        let why = format!("it could not be applied: {why}");
        // What we packed ourselves unpacks.
        let body = self.body.clone().unpack().unwrap_or_default().into();
        let subject = self.subject.clone();
        Self { subject, ..Self::unreadable(&self.key.0, why, self.origin, self.received_at, body) }
    }

    fn whose(&self) -> SubjectRef {
        (self.key.0.clone(), self.subject.clone())
    }

    const fn happened_at(&self) -> Timestamp {
        match &self.content {
            Content::Event(event, _) => event.occurred_at,
            Content::Unreadable(_) => self.received_at,
        }
    }

    fn sealed(&self, key: &SubjectKey) -> Result<Vec<u8>, VaultError> {
        let (environment, event) = &self.key;
        key.seal(Place { environment, subject: &self.subject }, event, &self.body)
    }

    /// What it weighs while it waits, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.body.len()
    }

    /// What it is known by.
    pub(super) fn key(&self) -> &EventKey {
        &self.key
    }
}

/// What an unreadable body is known by: the same content is stored once.
fn content_id(body: &[u8]) -> EventId {
    let text = format!("sha256:{}", hex::encode(Sha256::digest(body)));
    EventId::parse(&text).unwrap_or_else(|_| unreachable!("hex is an id"))
}

/// Commits all of it, and gives a receipt for each; begins again when something changed hands in between.
///
/// # Errors
/// [`StorageError`], and then nothing of it happened, or nobody knows whether it did.
pub(super) async fn commit(
    database: &Database,
    environments: &Environments,
    clock: &Clock,
    arrivals: &[Arrival],
) -> Result<Vec<Receipt>, StorageError> {
    for _ in 0..TRIES {
        if let Some(receipts) = try_commit(database, environments, clock.now(), arrivals).await? {
            return Ok(receipts);
        }
    }
    Err(StorageError::Contended)
}

async fn try_commit(
    database: &Database,
    environments: &Environments,
    now: Timestamp,
    arrivals: &[Arrival],
) -> Result<Option<Vec<Receipt>>, StorageError> {
    let mut tx = database.begin_batch().await?;
    let mut records = Records::of(arrivals);
    let known = tx.known_events(&records.0.keys().copied().collect::<Vec<_>>()).await?;
    let judged: Vec<Judged<'_>> =
        arrivals.iter().map(|arrival| records.judge(arrival, Standing::of(known.get(&arrival.key)))).collect();

    let taken = || arrivals.iter().zip(&judged).filter_map(|(arrival, judged)| Some((arrival, judged.taken()?)));
    let told: Vec<Told<'_>> = taken().filter_map(|(arrival, event)| told(arrival, event)).collect();
    let Some(changes) = observe(&mut tx, environments, &told, now).await? else { return Ok(None) };
    let mut changes = changes.into_iter();
    let mut receipts = Vec::with_capacity(arrivals.len());
    for (arrival, judged) in arrivals.iter().zip(&judged) {
        receipts.push(match judged {
            Judged::Kept(receipt) => receipt.clone(),
            Judged::Taken(event) => {
                let receipt = match &event.subject {
                    Subject::None(why) => Receipt::Ignored(why.to_string()),
                    Subject::Inquiry(_) => changes.next().map_or(Receipt::Duplicate, receipt_of),
                };
                records.settle(&arrival.key, &receipt);
                receipt
            }
        });
    }

    let erased = erased_by(&mut tx, taken().map(|(arrival, event)| (&arrival.key.0, event))).await?;
    let new = || records.0.values().map(|record| record.arrival).filter(|arrival| !known.contains_key(&arrival.key));
    let bodies = seal(&mut tx, new(), &erased, now).await?;
    erase(&mut tx, &erased, now).await?;
    let there_already = tx.record_events(&records.rows(&bodies)).await?;
    for (environment, template) in newest_templates(taken()) {
        tx.observe_template(environment, template, now).await?;
    }
    let mut deltas = Deltas::new();
    for (arrival, receipt) in arrivals.iter().zip(&mut receipts) {
        // Another process recorded it at the same time; that it was applied twice changed nothing.
        let raced = !known.contains_key(&arrival.key) && there_already.contains(&arrival.key);
        if raced && matches!(receipt, Receipt::Applied(_) | Receipt::Ignored(_)) {
            *receipt = Receipt::Duplicate;
        }
        if arrival.origin == Origin::Webhook {
            tally::of_receipt(&mut deltas, &arrival.key.0, receipt);
        }
    }
    tx.tally(&deltas, now).await?;
    tx.commit().await?;
    Ok(Some(receipts))
}

/// The bodies of these, sealed, each under the key of its subject; those of whom nothing is kept are left out.
async fn seal<'a>(
    tx: &mut Tx,
    arrivals: impl Iterator<Item = &'a Arrival>,
    erased: &BTreeSet<SubjectRef>,
    now: Timestamp,
) -> Result<HashMap<&'a EventKey, Vec<u8>>, StorageError> {
    let mut wanted: BTreeMap<SubjectRef, Timestamp> = BTreeMap::new();
    let mut arrivals: Vec<(SubjectRef, &Arrival)> = arrivals.map(|arrival| (arrival.whose(), arrival)).collect();
    arrivals.retain(|(whose, _)| !erased.contains(whose));
    for (whose, arrival) in &arrivals {
        let at = wanted.entry(whose.clone()).or_insert(arrival.happened_at());
        *at = arrival.happened_at().max(*at);
    }
    let keys = tx.subject_keys(&wanted, now).await?;
    let sealed = arrivals
        .into_iter()
        .filter_map(|(whose, arrival)| keys.get(&whose).map(|key| Ok((&arrival.key, arrival.sealed(key)?))));
    Ok(sealed.collect::<Result<_, VaultError>>()?)
}

/// How an event stands when it arrives.
#[derive(Clone, Copy)]
enum Standing {
    New,
    Quarantined,
    Settled,
}

impl Standing {
    const fn of(recorded: Option<&Option<Outcome>>) -> Self {
        match recorded {
            None => Self::New,
            Some(Some(Outcome::Quarantined)) => Self::Quarantined,
            Some(_) => Self::Settled,
        }
    }
}

/// What is to be done with an arrival.
enum Judged<'a> {
    /// It is recorded, and changes nothing else.
    Kept(Receipt),
    /// It is new and trusted: what it says is taken.
    Taken(&'a Event),
}

impl<'a> Judged<'a> {
    const fn taken(&self) -> Option<&'a Event> {
        match self {
            Self::Kept(_) => None,
            Self::Taken(event) => Some(event),
        }
    }
}

/// The rows to be recorded, one for each event however often it is among the arrivals, in the order of their keys.
struct Records<'a>(BTreeMap<&'a EventKey, Record<'a>>);

struct Record<'a> {
    arrival: &'a Arrival,
    last_received_at: Timestamp,
    deliveries: u32,
    outcome: Option<Outcome>,
    reason: Option<String>,
}

impl<'a> Records<'a> {
    fn of(arrivals: &'a [Arrival]) -> Self {
        let mut records = BTreeMap::new();
        for arrival in arrivals {
            match records.entry(&arrival.key) {
                Entry::Vacant(vacant) => {
                    let last_received_at = arrival.received_at;
                    vacant.insert(Record { arrival, last_received_at, deliveries: 1, outcome: None, reason: None });
                }
                Entry::Occupied(mut occupied) => {
                    let record = occupied.get_mut();
                    record.deliveries += 1;
                    record.last_received_at = record.last_received_at.max(arrival.received_at);
                }
            }
        }
        Self(records)
    }

    /// Decides what is done with an arrival; `stored` is how it stands in the database.
    fn judge(&mut self, arrival: &'a Arrival, stored: Standing) -> Judged<'a> {
        let here = self.0.get(&arrival.key).map_or(Standing::New, |record| match record.outcome {
            None => stored,
            said => Standing::of(Some(&said)),
        });
        let receipt = match &arrival.content {
            Content::Unreadable(why) => Receipt::Unreadable(why.clone()),
            Content::Event(event, age) => match (here, age) {
                (Standing::New | Standing::Quarantined, Age::Fresh) => {
                    // What it will be is not known before it is applied, but it is no longer new.
                    self.settle(&arrival.key, &Receipt::Applied(None));
                    return Judged::Taken(event);
                }
                (Standing::New, age) => Receipt::Quarantined(*age),
                (Standing::Quarantined | Standing::Settled, _) => Receipt::Duplicate,
            },
        };
        self.settle(&arrival.key, &receipt);
        Judged::Kept(receipt)
    }

    /// Remembers what became of an event; that it came again says nothing new.
    fn settle(&mut self, key: &EventKey, receipt: &Receipt) {
        let settled = match receipt {
            Receipt::Applied(note) => (Outcome::Applied, note.clone()),
            Receipt::Ignored(why) => (Outcome::Ignored, Some(why.clone())),
            Receipt::Quarantined(age) => (Outcome::Quarantined, Some(age.reason().to_owned())),
            Receipt::Unreadable(why) => (Outcome::Unreadable, Some(why.clone())),
            Receipt::Duplicate => return,
        };
        if let Some(record) = self.0.get_mut(key) {
            (record.outcome, record.reason) = (Some(settled.0), settled.1);
        }
    }

    fn rows<'b>(&'b self, bodies: &'b HashMap<&EventKey, Vec<u8>>) -> Vec<NewEvent<'b>> {
        let row = |(key, record): (&&'b EventKey, &'b Record<'_>)| {
            let Arrival { content, subject, origin, received_at, .. } = record.arrival;
            let event = match content {
                Content::Event(event, _) => Some(event),
                Content::Unreadable(_) => None,
            };
            let inquiry = event.and_then(|event| event.inquiry());
            let is_it = |inquiry: &InquiryId| subject.as_inquiry() == Some(inquiry.as_str());
            NewEvent {
                key,
                name: event.map(|event| &*event.name),
                occurred_at: event.map(|event| event.occurred_at),
                received_at: *received_at,
                last_received_at: record.last_received_at,
                deliveries: record.deliveries,
                inquiry,
                origin: *origin,
                outcome: record.outcome,
                reason: record.reason.as_deref(),
                subject: (!inquiry.is_some_and(is_it)).then_some(subject),
                body: bodies.get(*key).map(Vec::as_slice),
            }
        };
        self.0.iter().map(row).collect()
    }
}

fn told<'a>(arrival: &'a Arrival, event: &'a Event) -> Option<Told<'a>> {
    match &event.subject {
        Subject::None(_) => None,
        Subject::Inquiry(observation) => Some(Told { environment: &arrival.key.0, observation }),
    }
}

fn receipt_of(change: Change) -> Receipt {
    match change {
        Change::Changed { status_kept, .. } => {
            Receipt::Applied(status_kept.map(|why| format!("its status was not taken: {why}")))
        }
        Change::Unchanged(why) => Receipt::Ignored(why.to_string()),
    }
}

/// What was said of each template that nothing newer among the same arrivals overrides, in the order of their ids.
fn newest_templates<'a>(
    taken: impl Iterator<Item = (&'a Arrival, &'a Event)>,
) -> impl Iterator<Item = (&'a EnvironmentName, &'a Template)> {
    let mut named: BTreeMap<(&EnvironmentName, &TemplateId), &Template> = BTreeMap::new();
    let mut versioned = named.clone();
    for (arrival, event) in taken {
        for template in &event.templates {
            let key = (&arrival.key.0, &template.id);
            if template.name.is_some() {
                let newest = named.entry(key).or_insert(template);
                *newest = std::cmp::max_by_key(*newest, template, |of| (of.observed_at, &of.name));
            }
            if template.latest_version.is_some() {
                let newest = versioned.entry(key).or_insert(template);
                *newest = std::cmp::max_by_key(*newest, template, |of| (of.observed_at, &of.latest_version));
            }
        }
    }
    let keys: BTreeSet<_> = named.keys().chain(versioned.keys()).copied().collect();
    keys.into_iter().flat_map(move |key| {
        let (named, versioned) = (named.get(&key).copied(), versioned.get(&key).copied());
        // Most often one and the same spoke of both.
        let both = named.zip(versioned).is_some_and(|(named, versioned)| std::ptr::eq(named, versioned));
        let told = [named, versioned.filter(|_| !both)];
        told.into_iter().flatten().map(move |template| (key.0, template))
    })
}
