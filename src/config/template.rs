//! The rules of each template of an environment, and those of all others.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::tz::TimeZone;

use crate::domain::contact;
use crate::domain::courtesy::{Courtesy, DayOff, Limits, Night, QuietTimes};
use crate::domain::holdout::Holdout;
use crate::domain::ids::{NotifierName, TemplateId};
use crate::domain::rules::{AccessRules, InvalidRule, LinkForm, Rules, Step, parse_duration};
use crate::domain::subscription::Subscription;

use super::reader::{Entry, Reading, Section};

/// The rules of an environment's templates: those with a section of their own, and one for all others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TemplateRules {
    default: Rules,
    by_template: BTreeMap<TemplateId, Rules>,
}

/// The section whose rules hold for every template without its own.
const DEFAULT: &str = "default";

impl TemplateRules {
    /// Rules for the templates named, and for all others.
    pub const fn new(default: Rules, by_template: BTreeMap<TemplateId, Rules>) -> Self {
        Self { default, by_template }
    }

    /// The rules of a template; the default ones where it has none of its own, or isn't known.
    pub fn for_template(&self, template: Option<&TemplateId>) -> &Rules {
        template.and_then(|id| self.by_template.get(id)).unwrap_or(&self.default)
    }

    /// Every set of rules with the name of its section.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Rules)> {
        let own = self.by_template.iter().map(|(id, rules)| (id.as_str(), rules));
        std::iter::once((DEFAULT, &self.default)).chain(own)
    }

    /// Lets somebody be told of what happens to inquiries of a template, or of all of them.
    pub(super) fn subscribe(&mut self, subscription: &Subscription, template: Option<&TemplateId>) {
        let told = |rules: &mut Rules| rules.subscriptions.push(subscription.clone());
        if let Some(id) = template {
            // One without a section of its own keeps the default rules, and is told of.
            told(self.by_template.entry(id.clone()).or_insert_with(|| self.default.clone()));
        } else {
            told(&mut self.default);
            self.by_template.values_mut().for_each(told);
        }
    }

    /// Notes which notifiers reach people only.
    pub(super) fn reach_people_by(&mut self, notifiers: &[NotifierName]) {
        for rules in std::iter::once(&mut self.default).chain(self.by_template.values_mut()) {
            rules.for_people = notifiers.to_vec();
        }
    }

    /// A text that differs whenever a plan made under these rules could differ; the environment's mode has no part in it.
    pub fn fingerprint(&self) -> String {
        let each: Vec<String> = self.iter().map(|(name, rules)| format!("{name}={}", rules.fingerprint())).collect();
        each.join(";")
    }
}

/// What a section starts from.
#[derive(Clone)]
struct Inherited {
    rules: Rules,
    /// Whether anyone has said who is to be told.
    notify_said: bool,
    /// Whether there can be access links.
    links: bool,
}

pub(super) fn templates(environment: &mut Section<'_>, notifiers: &[NotifierName], link: LinkForm) -> TemplateRules {
    let time_zone = environment.parsed("time_zone", TimeZone::UTC, |text| {
        contact::time_zone(text).ok_or("is no time zone; write it like \"Europe/Berlin\"")
    });
    let quiet = QuietTimes { time_zone, ..QuietTimes::default() };
    let courtesy = Courtesy { quiet, ..Courtesy::default() };
    let place_of_default = format!("templates.{DEFAULT}.notify");
    let (default, own): (Vec<_>, Vec<_>) =
        environment.sections("templates").into_iter().partition(|(name, _)| name == DEFAULT);
    let start = Inherited {
        rules: Rules { notify: only(notifiers).into_iter().collect(), link, courtesy, ..Rules::default() },
        notify_said: notifiers.len() < 2,
        links: link == LinkForm::Access,
    };
    let default = match default.into_iter().next() {
        Some((_, section)) => rules(section, start, notifiers),
        None => start,
    };
    let unsaid = !default.notify_said && !default.rules.reminders.is_empty();
    if unsaid {
        environment.refuse(&place_of_default, None, who(notifiers));
    }
    let mut by_template = BTreeMap::new();
    for (name, section) in own {
        let Some(id) = template_id(&name, &section) else { continue };
        let place = section.place("notify");
        let (reading, own) = (section.reading, rules(section, default.clone(), notifiers));
        if !own.notify_said && !own.rules.reminders.is_empty() && !unsaid {
            reading.refuse(&place, None, who(notifiers));
        }
        by_template.insert(id, own.rules);
    }
    TemplateRules { default: default.rules, by_template }
}

fn only(notifiers: &[NotifierName]) -> Option<NotifierName> {
    if let [only] = notifiers { Some(only.clone()) } else { None }
}

fn who(notifiers: &[NotifierName]) -> String {
    let names: Vec<&str> = notifiers.iter().map(NotifierName::as_str).collect();
    format!("is needed, as there are several notifiers; name those to be told: {}", names.join(", "))
}

fn template_id(name: &str, section: &Section<'_>) -> Option<TemplateId> {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let known = name.starts_with("itmpl_") || name.starts_with("tmpl_");
    match TemplateId::parse(name) {
        Ok(id) if plain && known => Some(id),
        _ => {
            let trouble =
                "is no template; use \"default\", or the template's id as Persona's dashboard shows it (itmpl_…)";
            section.reading.refuse(&section.here(), None, trouble);
            None
        }
    }
}

fn rules(mut section: Section<'_>, from: Inherited, notifiers: &[NotifierName]) -> Inherited {
    let reading = section.reading;
    let reminders = section.texts("reminders").map(|entries| steps(reading, &entries));
    let notify = section.texts("notify").map(|entries| names(reading, &entries, notifiers));
    let notify_said = from.notify_said || notify.is_some();
    let rules = Rules {
        reminders: reminders.unwrap_or(from.rules.reminders),
        link: section.parsed("link", from.rules.link, |text| form(text, from.links)),
        notify: notify.unwrap_or(from.rules.notify),
        for_people: from.rules.for_people,
        lifetime: section.duration("lifetime", from.rules.lifetime),
        max_reminders: section.number("max_reminders", from.rules.max_reminders, 1..=50),
        quiet_while_active: section.parsed("quiet_while_active", from.rules.quiet_while_active, or_zero),
        holdout: section.parsed("holdout", from.rules.holdout, str::parse::<Holdout>),
        subscriptions: from.rules.subscriptions,
        courtesy: courtesy(&mut section, from.rules.courtesy),
        address_fields: address_fields(&mut section, from.rules.address_fields),
        access: access(&mut section, from.rules.access),
    };
    section.finish();
    Inherited { rules, notify_said, links: from.links }
}

fn form(text: &str, links: bool) -> Result<LinkForm, InvalidRule> {
    match text.parse()? {
        LinkForm::Access if !links => Err(InvalidRule(
            "leads to a page of ours, and nothing says where people reach it; set public_url, or use \"one-time\"",
        )),
        form => Ok(form),
    }
}

/// The keys that say when a person is told something, and how often.
fn courtesy(section: &mut Section<'_>, from: Courtesy) -> Courtesy {
    let reading = section.reading;
    let night = section.parsed("quiet_hours", from.quiet.night, |text| unless_none(text, str::parse::<Night>));
    let days = section.texts("days_off");
    let days_off = days.map(|days| days.iter().filter_map(|day| day.parsed(reading, str::parse::<DayOff>)).collect());
    let days_off: Vec<DayOff> = days_off.unwrap_or(from.quiet.days_off);
    if (0..7)
        .all(|day| days_off.iter().any(|off| matches!(off, DayOff::Weekly(of) if of.to_monday_zero_offset() == day)))
    {
        section.refuse("days_off", None, "leaves no day of the week on which anybody is told; leave one of them out");
    }
    let quiet = QuietTimes { night, days_off, time_zone: from.quiet.time_zone };
    let most = section.parsed("max_notices_per_person", from.limits.most, |text| unless_none(text, str::parse));
    let spacing = section.parsed("notice_spacing", from.limits.spacing, |text| unless_none(text, parse_duration));
    Courtesy { quiet, limits: Limits { most, spacing } }
}

/// The fields that hold an address, as the template names them.
fn address_fields(section: &mut Section<'_>, from: Vec<String>) -> Vec<String> {
    section.texts("address_fields").map_or(from, |names| names.into_iter().map(|entry| entry.text).collect())
}

/// A value, or none at all: a template's section may want none where the default one has some.
fn unless_none<T>(text: &str, parse: impl Fn(&str) -> Result<T, InvalidRule>) -> Result<Option<T>, InvalidRule> {
    if text == "none" { Ok(None) } else { parse(text).map(Some) }
}

/// The keys that say who gets in how.
fn access(section: &mut Section<'_>, from: AccessRules) -> AccessRules {
    let prefill = section.texts("prefill");
    AccessRules {
        revive_after: section.parsed("revive_after", from.revive_after, or_never),
        resume_within: section.duration("resume_within", from.resume_within),
        replace_after: section.parsed("replace_after", from.replace_after, or_never),
        keep_pending: section.duration("keep_pending", from.keep_pending),
        replace_failed: section.flag("replace_failed", from.replace_failed),
        replace_redacted: section.flag("replace_redacted", from.replace_redacted),
        remind_replaced: section.flag("remind_replaced", from.remind_replaced),
        prefill: prefill.map_or(from.prefill, |names| names.into_iter().map(|entry| entry.text).collect()),
        session_limit: section.number("session_limit", from.session_limit, 1..=1_000),
        max_revivals: section.number("max_revivals", from.max_revivals, 0..=50),
        max_replacements: section.number("max_replacements", from.max_replacements, 0..=50),
        give_up_after: section.duration("give_up_after", from.give_up_after),
        allow_session_token_links: section.flag("allow_session_token_links", from.allow_session_token_links),
    }
}

/// A duration, or that it never happens by itself.
fn or_never(text: &str) -> Result<Option<SignedDuration>, InvalidRule> {
    const WRONG: InvalidRule = InvalidRule("is no duration; write it like \"3h\" or \"30m\", or \"never\"");
    if text == "never" { Ok(None) } else { parse_duration(text).map(Some).map_err(|_| WRONG) }
}

/// A duration, or none at all.
fn or_zero(text: &str) -> Result<SignedDuration, InvalidRule> {
    if text == "0s" { Ok(SignedDuration::ZERO) } else { parse_duration(text) }
}

fn steps(reading: &Reading, entries: &[Entry]) -> Vec<Step> {
    let mut steps = Vec::new();
    for entry in entries {
        let Some(step) = entry.parsed(reading, str::parse::<Step>) else { continue };
        if steps.contains(&step) {
            entry.refuse(reading, "repeats an earlier step; leave one of them out");
        }
        steps.push(step);
    }
    steps
}

fn names(reading: &Reading, entries: &[Entry], notifiers: &[NotifierName]) -> Vec<NotifierName> {
    let mut names = Vec::new();
    for entry in entries {
        match notifiers.iter().find(|name| name.as_str() == entry.text) {
            Some(name) if names.contains(name) => entry.refuse(reading, "is named twice; leave one of them out"),
            Some(name) => names.push(name.clone()),
            None => entry.refuse(reading, unknown(notifiers)),
        }
    }
    names
}

fn unknown(notifiers: &[NotifierName]) -> String {
    if notifiers.is_empty() {
        return "is no notifier; none is configured, add [notifiers.<name>]".to_owned();
    }
    let names: Vec<&str> = notifiers.iter().map(NotifierName::as_str).collect();
    format!("is no notifier; configured are: {}", names.join(", "))
}
