//! What is known of people beyond their inquiries of one template, gathered for plans: as much at once as there is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::app::customers::owner_of;
use crate::app::party::Party;
use crate::app::{App, contacts};
use crate::domain::addressee::{Addressee, Suppressed, Told};
use crate::domain::customer::Customers;
use crate::domain::ids::{CustomerName, ReferenceId};
use crate::domain::inquiry::Inquiry;
use crate::domain::lineage::Lineages;
use crate::domain::rules::Rules;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::storage::contacts::{Asked, StoredContact};
use crate::storage::suppressions::{Kind, StoredSuppression};
use crate::storage::{StorageError, Tx};
use crate::vault::LinkKey;

/// One person's inquiries of one template, as far as it matters here who they are.
#[derive(Clone, Copy)]
pub(super) struct Group<'a> {
    pub(super) members: &'a [Inquiry],
    pub(super) lineages: &'a Lineages,
    pub(super) rules: &'a Rules,
}

/// What was found of people, to be told apart.
struct Found {
    contacts: HashMap<Asked, Vec<StoredContact>>,
    names: HashMap<Asked, ReferenceId>,
    suppressed: HashMap<String, Vec<StoredSuppression>>,
}

/// What is known of the person of each group, in their order; nothing of those who have nothing open.
pub(super) async fn gather(
    tx: &mut Tx,
    customers: &Customers,
    groups: &[Group<'_>],
    now: Timestamp,
) -> Result<Vec<Addressee>, StorageError> {
    let mut addressees = vec![Addressee::default(); groups.len()];
    let open: Vec<usize> = (0..groups.len()).filter(|index| groups[*index].may_be_told()).collect();
    if open.is_empty() {
        return Ok(addressees);
    }
    let found = find(tx, open.iter().map(|index| &groups[*index])).await?;
    let mut limited: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut key: Option<LinkKey> = None;
    for index in open {
        let group = &groups[index];
        let Some(first) = group.members.first() else { continue };
        let limits = !group.rules.courtesy.limits.is_none();
        let whose = if customers.is_empty() || !(limits || found.differs_by_customer(group)) {
            None
        } else {
            owner_of(tx, customers, first, group.lineages.first(&first.id)).await?
        };
        addressees[index] = found.addressee(group, whose.as_ref());
        if limits {
            if key.is_none() {
                key = tx.link_key().await?;
            }
            // Without a key nobody was ever told anything.
            if let Some(key) = &key {
                let name = found.name(first);
                limited.entry(person(key, first, name, whose.as_ref())).or_default().push(index);
            }
        }
    }
    let reach = limited.values().flatten().map(|index| groups[*index].rules.courtesy.limits.reach()).max();
    if let Some(reach) = reach {
        let people: Vec<&str> = limited.keys().map(String::as_str).collect();
        for (person, told) in tx.told_since(&people, now.minus(reach)).await? {
            for index in limited.get(&person).into_iter().flatten() {
                addressees[*index].told.push(told.clone());
            }
        }
        for addressee in &mut addressees {
            addressee.told.sort_by_key(|told: &Told| told.at);
        }
    }
    Ok(addressees)
}

/// A person across templates and environments, as they stand in the list of notices: by the application's name for them
/// and whose they are; else by their account, else by their inquiry, which are of one environment.
pub(super) fn person(
    key: &LinkKey,
    inquiry: &Inquiry,
    name: Option<&ReferenceId>,
    customer: Option<&CustomerName>,
) -> String {
    let customer = customer.map_or("", CustomerName::as_str);
    match (name, inquiry.person()) {
        (Some(name), _) => key.pseudonym("person", &format!("{customer}\0{name}")),
        (None, Some(person)) => key.pseudonym("account", &format!("{}\0{person}", inquiry.environment)),
        (None, None) => key.pseudonym("inquiry", &format!("{}\0{}", inquiry.environment, inquiry.id)),
    }
}

async fn find<'a>(tx: &mut Tx, groups: impl Iterator<Item = &'a Group<'a>> + Clone) -> Result<Found, StorageError> {
    let asked: BTreeSet<Asked> = groups.clone().filter_map(Group::asked).collect();
    let asked: Vec<&Asked> = asked.iter().collect();
    let names: HashMap<Asked, ReferenceId> = tx.known_as(&asked).await?.into_iter().collect();
    let mut contacts: HashMap<Asked, Vec<StoredContact>> = HashMap::new();
    for (asked, contact) in tx.contacts_of(&asked).await? {
        contacts.entry(asked).or_default().push(contact);
    }
    let mut values: BTreeSet<String> = asked.iter().map(|(_, reference)| reference.to_string()).collect();
    values.extend(names.values().map(ToString::to_string));
    values.extend(contacts.values().flatten().filter_map(|contact| contact.address_hash.clone()));
    for group in groups {
        values.extend(group.members.iter().map(|member| group.lineages.first(&member.id).to_string()));
    }
    let mut suppressed: HashMap<String, Vec<StoredSuppression>> = HashMap::new();
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    for one in tx.suppressions_of(&values).await? {
        suppressed.entry(one.value.clone()).or_default().push(one);
    }
    Ok(Found { contacts, names, suppressed })
}

impl Group<'_> {
    fn may_be_told(&self) -> bool {
        self.members.iter().any(|member| !member.status().is_some_and(Status::is_over))
    }

    /// Persona's name for the person.
    fn asked(&self) -> Option<Asked> {
        let first = self.members.first()?;
        Some((first.environment.clone(), first.known.reference_id()?.clone()))
    }
}

impl Found {
    /// The application's own name for the person of an inquiry.
    fn name<'a>(&'a self, inquiry: &'a Inquiry) -> Option<&'a ReferenceId> {
        let reference = inquiry.known.reference_id()?;
        Some(self.names.get(&(inquiry.environment.clone(), reference.clone())).unwrap_or(reference))
    }

    /// Whether it matters whose the person is.
    fn differs_by_customer(&self, group: &Group<'_>) -> bool {
        let of_customer = |contact: &StoredContact| contact.key.customer.is_some();
        self.contacts_of(group).any(of_customer)
            || self.suppressed.values().flatten().any(|suppressed| suppressed.customer.is_some())
    }

    fn contacts_of(&self, group: &Group<'_>) -> impl Iterator<Item = &StoredContact> {
        group.asked().and_then(|asked| self.contacts.get(&asked)).into_iter().flatten()
    }

    fn addressee(&self, group: &Group<'_>, whose: Option<&CustomerName>) -> Addressee {
        let contact = contacts::fitting(self.contacts_of(group), whose);
        let time_zone = contact.and_then(contacts::read).and_then(|contact| contact.zone());
        let name = group.members.first().and_then(|first| self.name(first)).map(ReferenceId::as_str);
        let asked = group.asked().map(|(_, reference)| reference.to_string());
        let hash = contact.and_then(|contact| contact.address_hash.as_deref());
        let mut suppressed = Vec::new();
        let of = |value: &str| self.suppressed.get(value).into_iter().flatten();
        let by_person = [name, asked.as_deref().filter(|asked| Some(*asked) != name)].into_iter().flatten();
        let by_person = by_person.flat_map(of).filter(|one| one.kind == Kind::Person);
        let by_address = hash.into_iter().flat_map(of).filter(|one| one.kind == Kind::Address);
        for one in by_person.chain(by_address).filter(|one| holds(one, group, whose)) {
            suppressed.push(told_not(one, None));
        }
        let lineages: BTreeSet<_> = group.members.iter().map(|member| group.lineages.first(&member.id)).collect();
        for lineage in lineages {
            let those = of(lineage.as_str()).filter(|one| one.kind == Kind::Lineage && holds(one, group, whose));
            suppressed.extend(those.map(|one| told_not(one, Some(lineage.clone()))));
        }
        Addressee { time_zone, told: Vec::new(), suppressed }
    }
}

/// Whether a suppression holds where a group lives, for whose person it is.
fn holds(one: &StoredSuppression, group: &Group<'_>, whose: Option<&CustomerName>) -> bool {
    let environment = group.members.first().map(|first| &first.environment);
    one.environment.as_ref().is_none_or(|of| Some(of) == environment)
        && one.customer.as_ref().is_none_or(|of| Some(of) == whose)
}

fn told_not(one: &StoredSuppression, lineage: Option<crate::domain::ids::InquiryId>) -> Suppressed {
    Suppressed { notifier: one.notifier.clone(), lineage, reason: one.reason.clone(), since: one.at }
}

impl App {
    /// Adds to a party what is known of its person beyond their inquiries of one template.
    pub(super) async fn acquaint(&self, tx: &mut Tx, mut party: Party, rules: &Rules) -> Result<Party, StorageError> {
        let group = Group { members: &party.group, lineages: &party.lineages, rules };
        let known = gather(tx, self.customers(), &[group], self.clock().now()).await?;
        party.addressee = known.into_iter().next().unwrap_or_default();
        Ok(party)
    }
}
