//! Subscriptions: what applications are told about people.

use std::collections::BTreeMap;

use super::Environment;
use super::reader::{Entry, Section};
use crate::domain::customer::Customers;
use crate::domain::ids::{EnvironmentName, NotifierName, SubscriptionName, TemplateId};
use crate::domain::subscription::{Subscription, Topic};

/// One subscription, and where it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionConfig {
    /// Who is told what.
    pub subscription: Subscription,
    /// In this environment alone; `None`: in all.
    pub environment: Option<EnvironmentName>,
    /// Of inquiries made from this template alone; `None`: from any.
    pub template: Option<TemplateId>,
}

/// Every subscription that is configured.
pub type Subscriptions = BTreeMap<SubscriptionName, SubscriptionConfig>;

/// Reads the subscriptions, and puts each among the rules of the environments and templates it is for.
pub(super) fn subscriptions(
    top: &mut Section<'_>,
    notifiers: &[NotifierName],
    environments: &mut BTreeMap<EnvironmentName, Environment>,
    customers: &Customers,
) -> Subscriptions {
    let mut all = Subscriptions::new();
    for (name, section) in top.sections("subscriptions") {
        let name = super::plain_name(&section, &name).and_then(|name| SubscriptionName::parse(name).ok());
        if let Some(read) = name.and_then(|name| subscription(name, section, notifiers, environments, customers)) {
            all.insert(read.subscription.name.clone(), read);
        }
    }
    for SubscriptionConfig { subscription, environment, template } in all.values() {
        let held = environments.values_mut().filter(|one| environment.as_ref().is_none_or(|name| *name == one.name));
        for one in held {
            one.rules.subscribe(subscription, template.as_ref());
        }
    }
    all
}

fn subscription(
    name: SubscriptionName,
    mut section: Section<'_>,
    notifiers: &[NotifierName],
    environments: &BTreeMap<EnvironmentName, Environment>,
    customers: &Customers,
) -> Option<SubscriptionConfig> {
    let reading = section.reading;
    let notifier = section.text("notifier");
    if notifier.is_none() {
        section.refuse("notifier", None, "is needed; it says who is told");
    }
    let notifier =
        notifier.and_then(|entry| one_of(&section, &entry, notifiers, NotifierName::as_str, "[notifiers.<name>]"));
    let topics = topics(&mut section);
    let environment = section.text("environment");
    let known: Vec<EnvironmentName> = environments.keys().cloned().collect();
    let environment = environment
        .and_then(|entry| one_of(&section, &entry, &known, EnvironmentName::as_str, "[environments.<name>]"));
    let customer = section.text("customer");
    let known: Vec<_> = customers.keys().cloned().collect();
    let customer =
        customer.and_then(|entry| one_of(&section, &entry, &known, |name| name.as_str(), "[customers.<name>]"));
    let template = section.text("template").and_then(|entry| entry.parsed(reading, TemplateId::parse));
    section.finish();
    let subscription = Subscription { name, notifier: notifier?, topics: topics?, customer };
    Some(SubscriptionConfig { subscription, environment, template })
}

fn topics(section: &mut Section<'_>) -> Option<Vec<Topic>> {
    let reading = section.reading;
    let Some(entries) = section.texts("events").filter(|entries| !entries.is_empty()) else {
        section.refuse("events", None, format!("is needed; name some of: {}", all_topics()));
        return None;
    };
    let mut topics = Vec::new();
    for entry in &entries {
        match Topic::parse(&entry.text) {
            Some(topic) if topics.contains(&topic) => entry.refuse(reading, "is named twice; leave one of them out"),
            Some(topic) => topics.push(topic),
            None => entry.refuse(reading, format!("is nothing to subscribe to; use: {}", all_topics())),
        }
    }
    Some(topics)
}

fn all_topics() -> String {
    Topic::ALL.map(Topic::as_str).join(", ")
}

/// The one of those that are configured which an entry names.
fn one_of<T: Clone>(
    section: &Section<'_>,
    entry: &Entry,
    known: &[T],
    name: impl Fn(&T) -> &str,
    add: &str,
) -> Option<T> {
    let found = known.iter().find(|one| name(one) == entry.text);
    if found.is_none() {
        let names: Vec<&str> = known.iter().map(name).collect();
        let remedy = if names.is_empty() { format!("add {add}") } else { format!("there are: {}", names.join(", ")) };
        entry.refuse(section.reading, format!("is not configured; {remedy}"));
    }
    found.cloned()
}
