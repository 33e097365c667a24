//! What is chosen to be done again, and how that is kept.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::action::{Kind, State};
use crate::domain::ids::{ActionId, CustomerName, EnvironmentName, EventId, TemplateId};
use crate::domain::time::Timestamp;
use crate::storage::events::Outcome;

/// What is chosen, of one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayFilter {
    /// Where.
    pub environment: EnvironmentName,
    /// What.
    pub of: Choice,
}

/// Actions or events; what is `None` or empty does not matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Actions, to be made due again.
    Actions(ActionChoice),
    /// Events, to be applied again.
    Events(EventChoice),
}

/// Which actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionChoice {
    /// How they ended.
    pub state: Ended,
    /// Of this kind.
    pub kind: Option<Kind>,
    /// With this reason.
    pub reason: Option<ReasonMatch>,
    /// For inquiries of this template.
    pub template: Option<TemplateId>,
    /// For inquiries of this customer.
    pub customer: Option<CustomerName>,
    /// That ended from this time on, by our clock.
    pub from: Option<Timestamp>,
    /// That ended before this time.
    pub before: Option<Timestamp>,
    /// Only these, sorted.
    pub ids: Vec<ActionId>,
}

/// How an action ended that can be made due again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was given up.
    Failed,
    /// It was cancelled.
    Cancelled,
}

/// What a reason has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReasonMatch {
    /// Exactly this.
    Is(String),
    /// Anything with this in it, in capitals or not.
    Contains(String),
}

/// Which events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventChoice {
    /// Of this name, as Persona wrote it.
    pub name: Option<String>,
    /// Of which this became.
    pub outcome: Option<Outcome>,
    /// That first came from this time on, by our clock.
    pub from: Option<Timestamp>,
    /// That first came before this time.
    pub before: Option<Timestamp>,
    /// Only these, sorted.
    pub ids: Vec<EventId>,
}

impl Ended {
    /// The state of such an action.
    #[must_use]
    pub const fn state(self) -> State {
        match self {
            Self::Failed => State::Failed,
            Self::Cancelled => State::Cancelled,
        }
    }

    /// As text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.state().as_str()
    }

    /// Reads what [`Ended::as_str`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Failed, Self::Cancelled].into_iter().find(|ended| ended.as_str() == text)
    }
}

impl Default for ActionChoice {
    /// Every dead letter.
    fn default() -> Self {
        Self {
            state: Ended::Failed,
            kind: None,
            reason: None,
            template: None,
            customer: None,
            from: None,
            before: None,
            ids: Vec::new(),
        }
    }
}

impl ReplayFilter {
    /// What is the same for the same choice.
    pub(super) fn fingerprint(&self) -> String {
        hex::encode(&Sha256::digest(format!("{}\n{}", self.environment, self.written()))[..16])
    }

    /// As it is kept.
    pub(super) fn written(&self) -> String {
        // Texts and numbers only: nothing in there can fail to be written.
        serde_json::to_string(&Written::of(&self.of)).unwrap_or_default()
    }

    /// Reads what was kept.
    pub(super) fn read(environment: EnvironmentName, text: &str) -> Option<Self> {
        let of = serde_json::from_str::<Written>(text).ok().filter(|written| written.v == VERSION)?.read()?;
        Some(Self { environment, of })
    }
}

const VERSION: u8 = 1;

/// A choice in the row.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    v: u8,
    of: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason_contains: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ids: Vec<String>,
}

fn text<T: ToString>(value: Option<&T>) -> Option<String> {
    value.map(ToString::to_string)
}

/// What a text means, where there is one; an error where it means nothing.
fn meant<T>(text: Option<&str>, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, ()> {
    text.map(|text| parse(text).ok_or(())).transpose()
}

fn all<T>(texts: &[String], parse: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    texts.iter().map(|text| parse(text)).collect()
}

impl Written {
    fn of(choice: &Choice) -> Self {
        let micros = |at: Option<Timestamp>| at.map(Timestamp::as_micros);
        match choice {
            Choice::Actions(one) => {
                let (reason, reason_contains) = match &one.reason {
                    None => (None, None),
                    Some(ReasonMatch::Is(text)) => (Some(text.clone()), None),
                    Some(ReasonMatch::Contains(text)) => (None, Some(text.clone())),
                };
                Self {
                    v: VERSION,
                    of: "actions".to_owned(),
                    state: Some(one.state.as_str().to_owned()),
                    kind: text(one.kind.as_ref()),
                    reason,
                    reason_contains,
                    template: text(one.template.as_ref()),
                    customer: text(one.customer.as_ref()),
                    from: micros(one.from),
                    before: micros(one.before),
                    ids: one.ids.iter().map(ToString::to_string).collect(),
                    ..Self::default()
                }
            }
            Choice::Events(one) => Self {
                v: VERSION,
                of: "events".to_owned(),
                name: one.name.clone(),
                outcome: text(one.outcome.as_ref()),
                from: micros(one.from),
                before: micros(one.before),
                ids: one.ids.iter().map(ToString::to_string).collect(),
                ..Self::default()
            },
        }
    }

    fn read(self) -> Option<Choice> {
        let micros = |at: Option<i64>| at.map(Timestamp::from_micros);
        let (from, before) = (micros(self.from), micros(self.before));
        if self.of == "events" {
            let outcome = meant(self.outcome.as_deref(), Outcome::parse).ok()?;
            let ids = all(&self.ids, |id| EventId::parse(id).ok())?;
            return Some(Choice::Events(EventChoice { name: self.name, outcome, from, before, ids }));
        }
        let exact = self.reason.map(ReasonMatch::Is);
        let kind = |text: &str| Kind::ALL.into_iter().find(|kind| kind.as_str() == text);
        Some(Choice::Actions(ActionChoice {
            state: Ended::parse(self.state.as_deref().filter(|_| self.of == "actions")?)?,
            kind: meant(self.kind.as_deref(), kind).ok()?,
            reason: exact.or(self.reason_contains.map(ReasonMatch::Contains)),
            template: meant(self.template.as_deref(), |id| TemplateId::parse(id).ok()).ok()?,
            customer: meant(self.customer.as_deref(), |name| CustomerName::parse(name).ok()).ok()?,
            from,
            before,
            ids: all(&self.ids, |id| ActionId::parse(id).ok())?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(of: Choice) -> ReplayFilter {
        ReplayFilter { environment: EnvironmentName::parse("sandbox").unwrap(), of }
    }

    #[test]
    fn a_choice_survives_being_written_down() {
        let actions = ActionChoice {
            state: Ended::Cancelled,
            kind: Some(Kind::Replace),
            reason: Some(ReasonMatch::Contains("50% \"off\"".to_owned())),
            template: TemplateId::parse("itmpl_1").ok(),
            customer: CustomerName::parse("acme").ok(),
            from: Some(Timestamp::from_micros(7)),
            before: Some(Timestamp::from_micros(9)),
            ids: vec![ActionId::parse("rka_1").unwrap()],
        };
        let exact = ActionChoice { reason: Some(ReasonMatch::Is(String::new())), ..ActionChoice::default() };
        let outcome = Some(Outcome::Unreadable);
        let events = EventChoice { name: Some("inquiry.started".to_owned()), outcome, ..EventChoice::default() };
        let all = [
            Choice::Actions(actions),
            Choice::Actions(exact),
            Choice::Actions(ActionChoice::default()),
            Choice::Events(events),
            Choice::Events(EventChoice::default()),
        ];
        let mut fingerprints = std::collections::BTreeSet::new();
        for one in all.map(filter) {
            assert_eq!(ReplayFilter::read(one.environment.clone(), &one.written()), Some(one.clone()));
            fingerprints.insert(one.fingerprint());
        }
        assert_eq!(fingerprints.len(), 5, "no two choices are taken for the same");
        for text in [
            "",
            "{}",
            r#"{"v":2,"of":"events"}"#,
            r#"{"v":1,"of":"actions","state":"done"}"#,
            r#"{"v":1,"of":"events","more":1}"#,
        ] {
            assert_eq!(ReplayFilter::read(EnvironmentName::parse("sandbox").unwrap(), text), None, "{text}");
        }
    }
}
