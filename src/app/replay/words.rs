//! What is chosen, in a line.

use crate::app::replay::{Choice, Ended, ReasonMatch, ReplayFilter};

/// What is chosen, as people read it; the environment is said elsewhere.
#[must_use]
pub fn in_words(filter: &ReplayFilter) -> String {
    let mut words = Vec::new();
    let mut word = |name: &str, value: Option<String>| words.extend(value.map(|value| format!("{name} {value}")));
    let (of, from, before, ids) = match &filter.of {
        Choice::Actions(choice) => {
            word("kind", choice.kind.map(|kind| kind.to_string()));
            match &choice.reason {
                Some(ReasonMatch::Is(text)) => word("reason", Some(format!("“{text}”"))),
                Some(ReasonMatch::Contains(text)) => word("reason with", Some(format!("“{text}”"))),
                None => {}
            }
            word("template", choice.template.as_ref().map(ToString::to_string));
            word("customer", choice.customer.as_ref().map(ToString::to_string));
            let of = match choice.state {
                Ended::Failed => "dead letters",
                Ended::Cancelled => "cancelled actions",
            };
            (of, choice.from, choice.before, choice.ids.len())
        }
        Choice::Events(choice) => {
            word("name", choice.name.clone());
            word("outcome", choice.outcome.map(|outcome| outcome.to_string()));
            ("events", choice.from, choice.before, choice.ids.len())
        }
    };
    word("from", from.map(|at| at.to_string()));
    word("before", before.map(|at| at.to_string()));
    word("only", (ids > 0).then(|| format!("{ids} that are named")));
    if words.is_empty() { of.to_owned() } else { format!("{of}, {}", words.join(", ")) }
}
