//! The operator's customers: whose an inquiry is by rule, and what holds for theirs.

use jiff::SignedDuration;

use super::reader::Section;
use crate::domain::customer::{CustomerRules, Customers};
use crate::domain::ids::{CustomerName, TemplateId};
use crate::domain::rules::parse_duration;
use crate::domain::tags::LONGEST;

pub(super) fn customers(top: &mut Section<'_>, sealed: bool) -> Customers {
    let mut customers = Customers::new();
    for (name, section) in top.sections("customers") {
        let parsed = super::plain_name(&section, &name).and_then(|name| CustomerName::parse(name).ok());
        let rules = rules(section, &customers, sealed);
        if let Some(name) = parsed {
            customers.insert(name, rules);
        }
    }
    customers
}

/// The rules of one customer; what another one has before it is refused.
fn rules(mut section: Section<'_>, others: &Customers, sealed: bool) -> CustomerRules {
    let reading = section.reading;
    let mut rules = CustomerRules::default();
    for entry in section.texts("tags").unwrap_or_default() {
        if entry.text.is_empty() || entry.text.len() > LONGEST {
            entry.refuse(reading, format!("is no usable tag; use 1 to {LONGEST} bytes"));
        } else if others.values().any(|other| other.tags.contains(&entry.text)) {
            entry.refuse(reading, "is another customer's as well; whose inquiries would they be?");
        } else {
            rules.tags.push(entry.text);
        }
    }
    for entry in section.texts("reference_prefixes").unwrap_or_default() {
        if sealed {
            entry.refuse(
                reading,
                "can't be told from a sealed reference id; use tags or templates, or no seal_reference_ids",
            );
        } else if entry.text.is_empty() {
            entry.refuse(reading, "is empty, and every reference id begins so; leave it out");
        } else if others.values().any(|other| other.reference_prefixes.contains(&entry.text)) {
            entry.refuse(reading, "is another customer's as well; whose inquiries would they be?");
        } else {
            rules.reference_prefixes.push(entry.text);
        }
    }
    for entry in section.texts("templates").unwrap_or_default() {
        let Some(id) = entry.parsed(reading, TemplateId::parse) else { continue };
        if others.values().any(|other| other.templates.contains(&id)) {
            entry.refuse(reading, "is another customer's as well; whose inquiries would they be?");
        } else {
            rules.templates.push(id);
        }
    }
    let none = SignedDuration::ZERO;
    let expires_after = section.parsed("expires_after", none, parse_duration);
    rules.expires_after = (expires_after > none).then_some(expires_after);
    let calls: u32 = section.number("calls_per_minute", 0, 0..=1_000_000);
    rules.calls_per_minute = (calls > 0).then_some(calls);
    section.finish();
    rules
}
