//! What is chosen to be done again, as requests and forms write it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::board::Outcome;
use crate::app::replay::{ActionChoice, Choice, Ended, EventChoice, ReasonMatch, ReplayFilter};
use crate::domain::action::Kind;
use crate::domain::ids::{ActionId, CustomerName, EnvironmentName, EventId, InvalidId, TemplateId};
use crate::domain::time::Timestamp;

/// What is chosen; what is left out does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Chosen {
    /// Of one environment
    pub(super) environment: String,
    /// `actions`, to be made due again, or `events`, to be applied again
    pub(super) of: String,
    /// Actions: `failed`, unless said, or `cancelled`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) state: Option<String>,
    /// Actions: `remind`, `revive`, `replace`, `tell`, `expire` or `invite`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<String>,
    /// Actions: exactly this reason
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    /// Actions: a reason with this in it, in capitals or not
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason_contains: Option<String>,
    /// Actions: for inquiries of this template
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) template: Option<String>,
    /// Actions: for inquiries of this customer
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) customer: Option<String>,
    /// Events: of this name, such as `inquiry.expired`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    /// Events: `applied`, `ignored`, `unreadable` or `quarantined` (which releases them)
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) outcome: Option<String>,
    /// Ended, or first received, from this time on
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<String>,
    /// Before this time
    #[schema(format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) before: Option<String>,
    /// Only these; at most 1,000
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) ids: Vec<String>,
    /// Begin at most so many in a minute; the budget may allow fewer
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) per_minute: Option<u32>,
}

/// An id or name under a key, where there is one.
fn id<T>(key: &str, text: Option<&str>, parse: impl Fn(&str) -> Result<T, InvalidId>) -> Result<Option<T>, String> {
    text.map(parse).transpose().map_err(|why| format!("{key} {why}"))
}

/// A word under a key, where there is one.
fn word<T>(key: &str, text: Option<&str>, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, String> {
    text.map(|text| parse(text).ok_or_else(|| format!("{key}: there is no {text}"))).transpose()
}

fn time(key: &str, text: Option<&str>) -> Result<Option<Timestamp>, String> {
    text.map(Timestamp::parse).transpose().map_err(|why| format!("{key} {why}"))
}

fn ids<T>(texts: &[String], parse: impl Fn(&str) -> Result<T, InvalidId>) -> Result<Vec<T>, String> {
    texts.iter().map(|text| parse(text).map_err(|why| format!("one of ids {why}"))).collect()
}

/// A choice that can be read as one.
pub(super) type Meant = (ReplayFilter, Option<u32>);

impl Chosen {
    /// A choice as it is shown.
    pub(super) fn of(filter: &ReplayFilter, per_minute: Option<u32>) -> Self {
        let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
        let environment = filter.environment.to_string();
        match &filter.of {
            Choice::Actions(choice) => {
                let (reason, reason_contains) = match choice.reason.clone() {
                    None => (None, None),
                    Some(ReasonMatch::Is(text)) => (Some(text), None),
                    Some(ReasonMatch::Contains(text)) => (None, Some(text)),
                };
                Self {
                    environment,
                    of: "actions".to_owned(),
                    state: Some(choice.state.as_str().to_owned()),
                    kind: choice.kind.map(|kind| kind.to_string()),
                    reason,
                    reason_contains,
                    template: choice.template.as_ref().map(ToString::to_string),
                    customer: choice.customer.as_ref().map(ToString::to_string),
                    from: time(choice.from),
                    before: time(choice.before),
                    ids: choice.ids.iter().map(ToString::to_string).collect(),
                    per_minute,
                    ..Self::default()
                }
            }
            Choice::Events(choice) => Self {
                environment,
                of: "events".to_owned(),
                name: choice.name.clone(),
                outcome: choice.outcome.map(|outcome| outcome.to_string()),
                from: time(choice.from),
                before: time(choice.before),
                ids: choice.ids.iter().map(ToString::to_string).collect(),
                per_minute,
                ..Self::default()
            },
        }
    }

    /// What is meant, or what can't be.
    pub(super) fn read(self) -> Result<Meant, String> {
        let environment = EnvironmentName::parse(&self.environment).map_err(|why| format!("environment {why}"))?;
        if self.per_minute == Some(0) {
            return Err("per_minute has to be 1 or more".to_owned());
        }
        let per_minute = self.per_minute;
        let of = match self.of.as_str() {
            "actions" => Choice::Actions(self.actions()?),
            "events" => Choice::Events(self.events()?),
            _ => return Err("of is `actions` or `events`".to_owned()),
        };
        Ok((ReplayFilter { environment, of }, per_minute))
    }

    fn actions(self) -> Result<ActionChoice, String> {
        foreign("actions", [("name", &self.name), ("outcome", &self.outcome)])?;
        let reason = match (self.reason, self.reason_contains) {
            (Some(_), Some(_)) => return Err("use reason or reason_contains, not both".to_owned()),
            (exact, part) => exact.map(ReasonMatch::Is).or(part.map(ReasonMatch::Contains)),
        };
        let kind = |text: &str| Kind::ALL.into_iter().find(|kind| kind.as_str() == text);
        Ok(ActionChoice {
            state: word("state", self.state.as_deref(), Ended::parse)?.unwrap_or(Ended::Failed),
            kind: word("kind", self.kind.as_deref(), kind)?,
            reason,
            template: id("template", self.template.as_deref(), TemplateId::parse)?,
            customer: id("customer", self.customer.as_deref(), CustomerName::parse)?,
            from: time("from", self.from.as_deref())?,
            before: time("before", self.before.as_deref())?,
            ids: ids(&self.ids, ActionId::parse)?,
        })
    }

    fn events(self) -> Result<EventChoice, String> {
        let of_actions = [("state", &self.state), ("kind", &self.kind), ("template", &self.template)];
        foreign("events", of_actions)?;
        let reasons = [("reason", &self.reason), ("reason_contains", &self.reason_contains)];
        foreign("events", reasons)?;
        foreign("events", [("customer", &self.customer)])?;
        Ok(EventChoice {
            name: self.name,
            outcome: word("outcome", self.outcome.as_deref(), Outcome::parse)?,
            from: time("from", self.from.as_deref())?,
            before: time("before", self.before.as_deref())?,
            ids: ids(&self.ids, EventId::parse)?,
        })
    }
}

/// Refuses what is said of the other kind: it would be passed over in silence, and more chosen than is meant.
fn foreign<const N: usize>(of: &str, said: [(&str, &Option<String>); N]) -> Result<(), String> {
    match said.into_iter().find(|(_, text)| text.is_some()) {
        Some((key, _)) => Err(format!("{of} can't be chosen by {key}")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(of: &str) -> Chosen {
        Chosen { environment: "sandbox".to_owned(), of: of.to_owned(), ..Chosen::default() }
    }

    #[test]
    fn a_choice_is_shown_as_it_was_written() {
        let text = |text: &str| Some(text.to_owned());
        let actions = Chosen {
            state: text("cancelled"),
            kind: text("remind"),
            reason_contains: text("410"),
            template: text("itmpl_1"),
            customer: text("acme"),
            from: text("2026-03-01T08:00:00Z"),
            ids: vec!["rka_1".to_owned()],
            per_minute: Some(30),
            ..chosen("actions")
        };
        let events = Chosen { name: text("inquiry.started"), outcome: text("unreadable"), ..chosen("events") };
        for one in [actions, events] {
            let (filter, per_minute) = one.clone().read().unwrap();
            assert_eq!(Chosen::of(&filter, per_minute), one);
        }
    }

    #[test]
    fn what_can_t_be_meant_is_said() {
        let text = |text: &str| Some(text.to_owned());
        for (one, said) in [
            (chosen("people"), "of is `actions` or `events`"),
            (Chosen { environment: String::new(), ..chosen("actions") }, "environment is empty"),
            (Chosen { state: text("done"), ..chosen("actions") }, "state: there is no done"),
            (Chosen { kind: text("sing"), ..chosen("actions") }, "kind: there is no sing"),
            (Chosen { outcome: text("lost"), ..chosen("events") }, "outcome: there is no lost"),
            (Chosen { kind: text("remind"), ..chosen("events") }, "events can't be chosen by kind"),
            (Chosen { name: text("inquiry.started"), ..chosen("actions") }, "actions can't be chosen by name"),
            (
                Chosen { reason: text("a"), reason_contains: text("b"), ..chosen("actions") },
                "use reason or reason_contains, not both",
            ),
            (Chosen { per_minute: Some(0), ..chosen("actions") }, "per_minute has to be 1 or more"),
            (Chosen { ids: vec![String::new()], ..chosen("actions") }, "one of ids is empty"),
        ] {
            assert_eq!(one.read().map(|_| ()), Err(said.to_owned()));
        }
    }
}
