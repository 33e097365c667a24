//! What somebody is told of the installation itself: when, how often, and by which notifiers.

use jiff::SignedDuration;

use super::reader::Section;
use crate::domain::alert::{ExpectDeliveries, Pace, Thresholds};
use crate::domain::ids::NotifierName;
use crate::domain::rules::{Step, parse_duration};

/// What somebody is told of the installation itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertSettings {
    /// Who; nobody unless somebody is named: the application that takes reminders need not be who mends things.
    pub notify: Vec<NotifierName>,
    /// How often.
    pub pace: Pace,
    /// From where on.
    pub thresholds: Thresholds,
    /// How long an environment may be silent that has no word of its own.
    pub silence: ExpectDeliveries,
}

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// How many times its schedule a reconciliation may be late.
const LATE_TIMES: i32 = 3;

/// `names` are the notifiers that were meant; `every` is how often environments are reconciled.
pub(super) fn alerts(mut section: Section<'_>, names: &[NotifierName], every: SignedDuration) -> AlertSettings {
    let notify = notifiers(&mut section, names);
    let repeat = section.duration("repeat", SignedDuration::from_hours(4));
    if repeat < MINUTE * 5 {
        let trouble = "is too short: nobody mends anything sooner; use at least \"5m\"";
        section.refuse("repeat", Some(format!("\"{}\"", Step::Left(repeat))), trouble);
    }
    let pace = Pace { repeat, settle: section.duration("settle", MINUTE * 5) };
    let thresholds = Thresholds {
        dead_letters: section.number("dead_letters", 1, 1..=1_000),
        signature_failures: section.number("signature_failures", 10, 1..=1_000),
        losses: section.number("losses", 5, 1..=1_000_000),
        reconciliation_late: section.duration("reconciliation_late", every * LATE_TIMES),
        budget_exhausted: section.duration("budget_exhausted", MINUTE * 15),
        quarantine: section.duration("quarantine", SignedDuration::from_hours(1)),
        lane_paused: section.duration("lane_paused", SignedDuration::from_hours(4)),
        work_late: section.duration("work_late", MINUTE * 15),
    };
    let silence = expected(&mut section, "silence").unwrap_or(ExpectDeliveries::Learnt);
    section.finish();
    AlertSettings { notify, pace, thresholds, silence }
}

/// When the absence of deliveries is worth an alert, under a key.
pub(super) fn expected(section: &mut Section<'_>, key: &'static str) -> Option<ExpectDeliveries> {
    let entry = section.text(key)?;
    entry.parsed(section.reading, |text| match text {
        "learnt" => Ok(ExpectDeliveries::Learnt),
        "off" => Ok(ExpectDeliveries::Off),
        other => parse_duration(other)
            .map(ExpectDeliveries::Within)
            .map_err(|_| "is neither \"learnt\" nor \"off\" nor a duration such as \"6h\""),
    })
}

/// As it stands in the configuration.
pub(super) fn shown(expected: ExpectDeliveries) -> String {
    match expected {
        ExpectDeliveries::Off => "off".to_owned(),
        ExpectDeliveries::Learnt => "learnt".to_owned(),
        ExpectDeliveries::Within(allowed) => Step::Left(allowed).to_string(),
    }
}

fn notifiers(section: &mut Section<'_>, names: &[NotifierName]) -> Vec<NotifierName> {
    let mut notify = Vec::new();
    for entry in section.texts("notify").unwrap_or_default() {
        match names.iter().find(|name| name.as_str() == entry.text) {
            Some(name) if notify.contains(name) => {
                entry.refuse(section.reading, "is there twice; leave one of them out");
            }
            Some(name) => notify.push(name.clone()),
            None => entry.refuse(section.reading, "is no notifier; add a section [notifiers.<name>] for it"),
        }
    }
    notify
}
