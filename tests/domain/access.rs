//! Who gets in how: the table, row by row, and that there is one decision for everything there can be.

mod diagnosis;
mod plan;
mod properties;
mod rows;

use rekindle::domain::access::{Access, Form, Sessions};
use rekindle::domain::action::{Action, DEFAULT_MAX_ATTEMPTS, Planned, State};
use rekindle::domain::addressee::Addressee;
use rekindle::domain::ids::{InquiryId, TemplateId, TemplateVersionId};
use rekindle::domain::inquiry::Inquiry;
use rekindle::domain::lineage::{Cause, Lineages, Stage, Succession};
use rekindle::domain::plan::{Situation, Standing};
use rekindle::domain::rules::{AccessRules, Rules};
use rekindle::domain::template::{Template, TemplateSource};
use serde_json::json;

use super::scene::{at, made, rules, tell};

const HOUR: i64 = 3_600;
const ROOM: Sessions = Sessions { made: 3, reusable: None };

fn id(text: &str) -> InquiryId {
    InquiryId::parse(text).unwrap()
}

/// The template, of which this version was told to be the latest at a time.
fn template(version: &str, second: i64) -> Template {
    Template {
        id: TemplateId::parse("itmpl_1").unwrap(),
        name: None,
        latest_version: Some(TemplateVersionId::parse(version).unwrap()),
        observed_at: at(second),
        source: TemplateSource::Published,
    }
}

/// Everything a decision is made from but the inquiry, to be changed at will.
#[derive(Debug)]
struct Scene {
    group: Vec<Inquiry>,
    actions: Vec<Action>,
    lineages: Lineages,
    template: Option<Template>,
    rules: Rules,
    addressee: Addressee,
}

impl Scene {
    fn of(group: Vec<Inquiry>) -> Self {
        let rules = rules(&["50%"]);
        Self {
            group,
            actions: Vec::new(),
            lineages: Lineages::default(),
            template: None,
            rules,
            addressee: Addressee::default(),
        }
    }

    fn situation(&self, second: i64) -> Situation<'_> {
        Situation {
            group: &self.group,
            actions: &self.actions,
            lineages: &self.lineages,
            template: self.template.as_ref(),
            rules: &self.rules,
            addressee: &self.addressee,
            now: at(second),
        }
    }

    fn access(&self, second: i64) -> Access {
        self.access_by(second, Form::Browser, ROOM)
    }

    fn access_by(&self, second: i64, form: Form, sessions: Sessions) -> Access {
        self.situation(second).access(&self.group[0], form, sessions)
    }

    fn standing(&self, second: i64) -> Standing {
        self.situation(second).standing(&self.group[0])
    }

    fn with(mut self, change: impl FnOnce(&mut AccessRules)) -> Self {
        change(&mut self.rules.access);
        self
    }

    fn published(mut self, version: &str, second: i64) -> Self {
        self.template = Some(template(version, second));
        self
    }
}

fn expired(inquiry: &str, second: i64) -> Inquiry {
    let mut inquiry = made(inquiry, "ada", 0);
    tell(&mut inquiry, "inquiry.expired", second, &json!({ "expired-at": at(second).to_string(), "expires-at": null }));
    inquiry
}

fn pending(second: i64, until: i64) -> Inquiry {
    let mut inquiry = made("inq_1", "ada", 0);
    let (started, deadline) = (at(second).to_string(), at(until).to_string());
    tell(
        &mut inquiry,
        "inquiry.started",
        second,
        &json!({ "status": "pending", "started-at": started, "expires-at": deadline }),
    );
    inquiry
}

fn replaced(old: &str, new: Option<&str>, stage: Stage) -> Succession {
    Succession {
        inquiry: id(old),
        lineage: id("inq_1"),
        cause: Cause::NewVersion,
        asked: false,
        stage,
        successor: new.map(id),
        began_at: at(0),
        changed_at: at(0),
    }
}

/// An action as it is after it was planned.
fn stored(planned: Planned, state: State, second: i64) -> Action {
    Action {
        planned,
        state,
        attempts: 0,
        max_attempts: DEFAULT_MAX_ATTEMPTS,
        generation: 0,
        cancelled_by: None,
        reason: None,
        created_at: at(second),
        finished_at: (state == State::Done).then(|| at(second)),
    }
}
