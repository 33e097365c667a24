//! Customers of the operator: whose an inquiry is by rule, and what holds for theirs.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::domain::ids::{CustomerName, ReferenceId, TemplateId};
use crate::domain::tags::Tags;

/// What is configured for one customer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerRules {
    /// Inquiries that carry one of these tags at Persona are theirs.
    pub tags: Vec<String>,
    /// Inquiries with a reference id that begins so are theirs; and with tokens of theirs no other can be made.
    pub reference_prefixes: Vec<String>,
    /// Inquiries made from these templates are theirs.
    pub templates: Vec<TemplateId>,
    /// How long their inquiries live from creation, where the request does not say.
    pub expires_after: Option<SignedDuration>,
    /// The most calls a minute, with all their tokens together; `None`: as each token may.
    pub calls_per_minute: Option<u32>,
}

/// Every customer that is configured.
pub type Customers = BTreeMap<CustomerName, CustomerRules>;

/// Whose an inquiry is by rule: its tag, else the longest prefix of its reference id, else its template. One with the
/// tags of several customers is nobody's, whatever else says: none of them may see another's.
#[must_use]
pub fn by_rule<'a>(
    customers: &'a Customers,
    reference_id: Option<&ReferenceId>,
    template: Option<&TemplateId>,
    tags: Option<&Tags>,
) -> Option<&'a CustomerName> {
    let tagged = |rules: &CustomerRules| tags.is_some_and(|tags| rules.tags.iter().any(|tag| tags.has(tag)));
    let mut by_tag = customers.iter().filter(|(_, rules)| tagged(rules)).map(|(name, _)| name);
    if let Some(name) = by_tag.next() {
        return Some(name).filter(|_| by_tag.next().is_none());
    }
    let longest = |rules: &CustomerRules| {
        let reference = reference_id.map_or("", ReferenceId::as_str);
        let fitting = rules.reference_prefixes.iter().filter(|prefix| reference.starts_with(prefix.as_str()));
        fitting.map(String::len).max()
    };
    let by_prefix = customers.iter().filter_map(|(name, rules)| longest(rules).map(|length| (length, name)));
    let by_template = || {
        let template = template?;
        customers.iter().find(|(_, rules)| rules.templates.contains(template)).map(|(name, _)| name)
    };
    by_prefix.max_by_key(|(length, _)| *length).map(|(_, name)| name).or_else(by_template)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_decide_and_then_the_longest_prefix_and_then_the_template() {
        let name = |text: &str| CustomerName::parse(text).unwrap();
        let reference = |text: &str| ReferenceId::parse(text).unwrap();
        let template = |text: &str| TemplateId::parse(text).unwrap();
        let rules = |prefixes: &[&str], templates: &[&str]| CustomerRules {
            reference_prefixes: prefixes.iter().map(|&prefix| prefix.to_owned()).collect(),
            templates: templates.iter().map(|id| template(id)).collect(),
            ..CustomerRules::default()
        };
        let customers = Customers::from([
            (name("acme"), rules(&["a-", "x-long-"], &["itmpl_a"])),
            (name("bolt"), rules(&["x-"], &["itmpl_b"])),
        ]);
        for (said, from, expected) in [
            ("a-1", None, Some("acme")),
            ("x-1", None, Some("bolt")),
            ("x-long-1", Some("itmpl_b"), Some("acme")),
            ("1", Some("itmpl_b"), Some("bolt")),
            ("1", Some("itmpl_c"), None),
            ("1", None, None),
        ] {
            let from = from.map(template);
            let found = by_rule(&customers, Some(&reference(said)), from.as_ref(), None);
            assert_eq!(found.map(CustomerName::as_str), expected, "{said}");
        }
        assert_eq!(by_rule(&customers, None, Some(&template("itmpl_a")), None), Some(&name("acme")));
        let mut customers = customers;
        for (whose, tags) in [("acme", ["of-acme", "a"]), ("bolt", ["of-bolt", "b"])] {
            customers.get_mut(&name(whose)).unwrap().tags = tags.map(str::to_owned).to_vec();
        }
        for (tags, expected) in [
            (&["of-bolt"][..], Some("bolt")),
            (&["b", "of-bolt", "vip"], Some("bolt")),
            (&["vip"], Some("acme")),
            (&[], Some("acme")),
            (&["of-acme", "of-bolt"], None),
        ] {
            let found = by_rule(&customers, Some(&reference("a-1")), None, Some(&Tags::new(tags.iter().copied())));
            assert_eq!(found.map(CustomerName::as_str), expected, "{tags:?}");
        }
    }
}
