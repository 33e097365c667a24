//! What is told of inquiries, applied and planned within an open transaction, as much at once as there is.
//!
//! Locks are taken in one order everywhere: people, then inquiries, then actions, each kind sorted and at once. The
//! lock on the person is what lets two events about two inquiries of one person, in two processes, each see the
//! other's; it also keeps the members of a group the same until the transaction ends.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::app::addressee::{self, Group};
use crate::app::{Environments, publish, tally};
use crate::domain::action::{Action, CancelledBy, DEFAULT_MAX_ATTEMPTS};
use crate::domain::customer::Customers;
use crate::domain::ids::{EnvironmentName, TemplateId};
use crate::domain::inquiry::{Change, Inquiry};
use crate::domain::lineage::Lineages;
use crate::domain::observation::Observation;
use crate::domain::plan::{Difference, Situation};
use crate::domain::template::Template;
use crate::domain::time::Timestamp;
use crate::storage::inquiries::{GroupKey, InquiryKey};
use crate::storage::{StorageError, Tx};
use crate::traces;

/// How often a transaction is begun anew because what it was to lock changed hands meanwhile.
pub(super) const TRIES: usize = 5;

/// One observation, and where it was made.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) environment: &'a EnvironmentName,
    pub(super) observation: &'a Observation,
}

/// Merges observations in their order, saves the inquiries, and brings the plan of everyone they concern up to date.
///
/// What each changed; `None` when another process was faster with something between looking and locking: then the
/// transaction has to begin again.
pub(super) async fn observe(
    tx: &mut Tx,
    environments: &Environments,
    told: &[Told<'_>],
    now: Timestamp,
) -> Result<Option<Vec<Change>>, StorageError> {
    if told.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let keys: BTreeSet<InquiryKey> = told.iter().map(Told::key).collect();
    let mut foreseen = Ledger::of(tx.peek_inquiries(&keys.iter().collect::<Vec<_>>()).await?, &keys);
    foreseen.apply(told);

    let mut ledger = Ledger::lock(tx, &keys, &foreseen.touched).await?;
    let changes = ledger.apply(told);
    if !ledger.touched.is_subset(&foreseen.touched) || !ledger.save(tx, now).await? {
        return Ok(None);
    }
    let finished = ledger.finished(now);
    ledger.plan(tx, environments, now).await?;
    tally::of_finished(tx, &finished, now).await?;
    Ok(Some(changes))
}

/// Brings the plan of an inquiry, and of its person's others, up to date. False when the transaction has to begin
/// again.
pub(super) async fn replan(
    tx: &mut Tx,
    environments: &Environments,
    key: &InquiryKey,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let Some(expected) = tx.peek_inquiries(&[key]).await?.pop() else { return Ok(true) };
    let keys = BTreeSet::from([key.clone()]);
    let touched = BTreeSet::from([Party::of(&expected)]);
    let mut ledger = Ledger::lock(tx, &keys, &touched).await?;
    ledger.touched.extend(ledger.entries.get(key).map(|entry| Party::of(&entry.inquiry)));
    if ledger.touched != touched {
        return Ok(false);
    }
    ledger.plan(tx, environments, now).await?;
    Ok(true)
}

impl Told<'_> {
    fn key(&self) -> InquiryKey {
        (self.environment.clone(), self.observation.inquiry.clone())
    }
}

/// Who is planned together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Party {
    /// The inquiries of one person made from one template.
    Group(GroupKey),
    /// An inquiry whose person is not known.
    Alone(InquiryKey),
}

impl Party {
    const fn group(&self) -> Option<&GroupKey> {
        match self {
            Self::Group(group) => Some(group),
            Self::Alone(_) => None,
        }
    }

    fn of(inquiry: &Inquiry) -> Self {
        match inquiry.person() {
            Some(person) => Self::Group((inquiry.environment.clone(), person, inquiry.known.template_id().cloned())),
            None => Self::Alone(key_of(inquiry)),
        }
    }
}

fn key_of(inquiry: &Inquiry) -> InquiryKey {
    (inquiry.environment.clone(), inquiry.id.clone())
}

/// Inquiries in memory, and which parties have to be planned anew because of what was applied to them.
#[derive(Default)]
struct Ledger {
    entries: BTreeMap<InquiryKey, Entry>,
    touched: BTreeSet<Party>,
}

struct Entry {
    inquiry: Inquiry,
    /// Whether the database has it.
    stored: bool,
    told: bool,
    /// Whether it was over before.
    over: bool,
}

impl Ledger {
    /// What was found, and the others of `keys` as unknown ones.
    fn of(found: Vec<Inquiry>, keys: &BTreeSet<InquiryKey>) -> Self {
        let mut entries: BTreeMap<_, _> = found
            .into_iter()
            .map(|inquiry| {
                (key_of(&inquiry), Entry { over: inquiry.finished.is_some(), inquiry, stored: true, told: false })
            })
            .collect();
        for key in keys {
            entries.entry(key.clone()).or_insert_with(|| {
                let inquiry = Inquiry::unknown(key.0.clone(), key.1.clone());
                Entry { inquiry, stored: false, told: false, over: false }
            });
        }
        Self { entries, touched: BTreeSet::new() }
    }

    /// Locks the people of these parties, then these inquiries and all members of the parties.
    async fn lock(tx: &mut Tx, keys: &BTreeSet<InquiryKey>, parties: &BTreeSet<Party>) -> Result<Self, StorageError> {
        let groups: Vec<&GroupKey> = parties.iter().filter_map(Party::group).collect();
        tx.lock_people(groups.iter().map(|(environment, person, _)| (environment, person))).await?;
        let found = tx.lock_inquiries(&keys.iter().collect::<Vec<_>>(), &groups).await?;
        Ok(Self::of(found, keys))
    }

    /// Applies what was told, in its order.
    fn apply(&mut self, told: &[Told<'_>]) -> Vec<Change> {
        let mut changes = Vec::with_capacity(told.len());
        for told in told {
            let Some(entry) = self.entries.get_mut(&told.key()) else { unreachable!("every key told of has an entry") };
            // One that is not stored yet was in no party before.
            if entry.stored || entry.told {
                self.touched.insert(Party::of(&entry.inquiry));
            }
            changes.push(entry.inquiry.apply(told.observation.clone()));
            entry.told = true;
            self.touched.insert(Party::of(&entry.inquiry));
        }
        changes
    }

    /// Those that are over since they were told of.
    fn finished(&self, now: Timestamp) -> Vec<InquiryKey> {
        let news = self.entries.iter().filter(|(_, entry)| entry.told && !entry.over);
        news.filter(|(_, entry)| tally::is_news(&entry.inquiry, now)).map(|(key, _)| key.clone()).collect()
    }

    /// Writes what was told of. False when an inquiry that was not there is there now.
    async fn save(&self, tx: &mut Tx, now: Timestamp) -> Result<bool, StorageError> {
        let told = self.entries.values().filter(|entry| entry.told);
        let (stored, new): (Vec<&Entry>, Vec<&Entry>) = told.partition(|entry| entry.stored);
        let [stored, new] = [stored, new].map(|all| all.into_iter().map(|entry| &entry.inquiry).collect::<Vec<_>>());
        tx.save_inquiries(&stored, now).await?;
        Ok(tx.add_inquiries(&new, now).await? == new.len())
    }

    /// Writes the difference between the actions that should exist for every touched party and those that do.
    async fn plan(self, tx: &mut Tx, environments: &Environments, now: Timestamp) -> Result<(), StorageError> {
        let mut parties: BTreeMap<Party, Vec<Inquiry>> = BTreeMap::new();
        let mut stored: Vec<InquiryKey> = Vec::new();
        for (key, entry) in self.entries {
            let party = Party::of(&entry.inquiry);
            if !self.touched.contains(&party) {
                continue;
            }
            if entry.stored {
                stored.push(key);
            }
            parties.entry(party).or_default().push(entry.inquiry);
        }
        let mut actions: HashMap<InquiryKey, Vec<Action>> = HashMap::new();
        for action in tx.actions_of(&stored.iter().collect::<Vec<_>>()).await? {
            let key = (action.planned.environment.clone(), action.planned.inquiry.clone());
            actions.entry(key).or_default().push(action);
        }
        // A group of new inquiries alone has no lineage that anybody muted or that something took the place in.
        let known: HashSet<&InquiryKey> = stored.iter().collect();
        let is_known = |group: &&Vec<Inquiry>| group.iter().any(|inquiry| known.contains(&key_of(inquiry)));
        let members: Vec<InquiryKey> = parties.values().filter(is_known).flatten().map(key_of).collect();
        let lineages = tx.lineages_of(&members.iter().collect::<Vec<_>>()).await?;
        let templates = templates(tx, parties.values().filter_map(|group| group.first())).await?;
        let unknown = Lineages::default();
        let mut groups = Vec::with_capacity(parties.len());
        for members in parties.values() {
            let Some(first) = members.first() else { continue };
            let Some(environment) = environments.get(&first.environment) else { continue };
            let rules = environment.settings.rules.for_template(first.known.template_id());
            let lineages = lineages.get(&first.environment).unwrap_or(&unknown);
            groups.push(Group { members, lineages, rules });
        }
        // Customers are the installation's, so every environment has the same.
        let customers = environments.values().next().map(|environment| &*environment.customers);
        let nobody = Customers::new();
        let addressees = addressee::gather(tx, customers.unwrap_or(&nobody), &groups, now).await?;
        let mut all = Difference::default();
        for (Group { members: group, lineages, rules }, addressee) in groups.into_iter().zip(&addressees) {
            let Some(first) = group.first() else { continue };
            let actions: Vec<Action> =
                group.iter().flat_map(|inquiry| actions.remove(&key_of(inquiry)).unwrap_or_default()).collect();
            let template =
                first.known.template_id().and_then(|id| templates.get(&(first.environment.clone(), id.clone())));
            let mut one =
                Situation { group, actions: &actions, lineages, template, rules, addressee, now }.difference();
            if let Some(customers) = customers {
                publish::keep_theirs(tx, customers, rules, group, &mut one).await?;
            }
            all.insert.extend(one.insert);
            all.replan.extend(one.replan);
            all.cancel.extend(one.cancel);
        }
        write(tx, all, now).await
    }
}

/// What is known of the templates of some inquiries; most often all have the same.
async fn templates<'a>(
    tx: &mut Tx,
    inquiries: impl Iterator<Item = &'a Inquiry>,
) -> Result<HashMap<(EnvironmentName, TemplateId), Template>, StorageError> {
    let wanted = inquiries.filter_map(|one| Some((one.environment.clone(), one.known.template_id()?.clone())));
    let wanted: BTreeSet<(EnvironmentName, TemplateId)> = wanted.collect();
    let mut found = HashMap::new();
    for (environment, id) in wanted {
        if let Some(known) = tx.template(&environment, &id).await? {
            found.insert((environment, id), known.template);
        }
    }
    Ok(found)
}

async fn write(tx: &mut Tx, mut difference: Difference, now: Timestamp) -> Result<(), StorageError> {
    traces::planned(difference.insert.iter().chain(&difference.replan));
    difference.insert.sort_unstable_by(|one, other| one.id.cmp(&other.id));
    tx.insert_actions(&difference.insert, DEFAULT_MAX_ATTEMPTS, now).await?;
    tx.replan_actions(&difference.replan, now).await?;
    let (late, unwanted): (Vec<_>, Vec<_>) = difference.cancel.into_iter().partition(|(_, why)| why.too_late);
    let reasons = |objections: Vec<(_, crate::domain::plan::Objection)>| {
        objections.into_iter().map(|(id, why)| (id, why.reason)).collect::<Vec<_>>()
    };
    tx.cancel_planned(&reasons(unwanted), CancelledBy::Plan, now).await?;
    tx.fail_planned(&reasons(late), now).await?;
    Ok(())
}
