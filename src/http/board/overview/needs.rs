//! What needs a person, in words, the most pressing first; each with the place where it is mended.

use crate::app::board::{Attention, BudgetLow, DeadLetters, LaneLate, LaneSetting, ReconciliationLate, Waiting};
use crate::app::channels::Broken;
use crate::domain::alert::{Alert, AlertName};
use crate::http::board::page::sentence;
use crate::http::board::reader::Reader;
use crate::http::board::replays::again;
use crate::http::board::view::list::{grouped, href};
use crate::http::board::view::mark::Mark;
use crate::http::board::view::overview::Need;

/// Everything that needs somebody.
pub(super) fn of(reader: &Reader, attention: &Attention) -> Vec<Need> {
    let mut needs: Vec<Need> = attention.alerts.iter().filter_map(|firing| alert(reader, firing)).collect();
    needs.extend(attention.dead_letters.iter().map(|dead| dead_letters(reader, dead)));
    needs.extend(attention.late.iter().map(|late| stuck(reader, late)));
    needs.extend(attention.broken.iter().map(|broken| notifier(reader, broken)));
    needs.extend(attention.unreadable.iter().map(unreadable));
    needs.extend(attention.quarantined.iter().map(quarantined));
    needs.extend(attention.reconciliation.iter().map(|late| reconciliation(reader, late)));
    needs.extend(attention.budget.iter().map(|low| budget(reader, low)));
    needs.extend(attention.paused.iter().map(|setting| paused(reader, setting)));
    needs.extend(refused(attention.refused));
    needs
}

fn need(id: String, mark: Mark, what: String, why: String, href: String, go: &'static str) -> Need {
    Need { id, mark, what, why, when: None, href, go, again: None }
}

/// An alert, unless what it is about is a need of its own.
fn alert(reader: &Reader, alert: &Alert) -> Option<Need> {
    let own = [AlertName::Silence, AlertName::SignatureFailures, AlertName::Losses];
    let environment = &alert.environment;
    let since = reader.when(alert.since).relative;
    own.contains(&alert.name).then(|| {
        need(
            format!("need-alert-{environment}-{}", alert.name),
            Mark::bad(alert.name.title()),
            format!("In {environment}, since {since}: {}", alert.summary),
            alert.name.help().replace('`', ""),
            "/alerts".to_owned(),
            "Alerts",
        )
    })
}

fn dead_letters(reader: &Reader, dead: &DeadLetters) -> Need {
    let (environment, kind) = (dead.environment.as_str(), dead.kind.as_str());
    let reason = dead.reason.as_deref().unwrap_or_default();
    let count = format!("{}{}", grouped(dead.count.into()), if dead.more { "+" } else { "" });
    let actions = if dead.count == 1 && !dead.more { "action was" } else { "actions were" };
    let href =
        href("/actions", &[("state", "failed"), ("environment", environment), ("kind", kind), ("reason", reason)]);
    let id = format!("need-dead-{environment}-{kind}-{}", short(reason));
    let what = format!("{count} “{kind}” {actions} given up in {environment}");
    let when = Some(reader.when(dead.latest));
    let why = if reason.is_empty() { "Nothing says why.".to_owned() } else { sentence(reason) };
    let said =
        [("state", Some("failed")), ("kind", Some(kind)), ("reason", Some(reason).filter(|text| !text.is_empty()))];
    let again = again(reader, &dead.environment, &said);
    Need { when, again, ..need(id, Mark::bad("Dead letters"), what, why, href, "See them") }
}

fn stuck(reader: &Reader, late: &LaneLate) -> Need {
    let (environment, kind) = (late.environment.as_str(), late.kind.as_str());
    let due = reader.when(late.oldest_due).relative;
    need(
        format!("need-late-{environment}-{kind}"),
        Mark::bad("Stuck"),
        format!("“{kind}” in {environment} is behind: its oldest action was due {due}"),
        "Is a worker running, does the database answer, and does Persona’s budget have room?".to_owned(),
        href("/actions", &[("state", "planned"), ("environment", environment), ("kind", kind)]),
        "See them",
    )
}

fn notifier(reader: &Reader, broken: &Broken) -> Need {
    let name = broken.notifier.as_str();
    need(
        format!("need-notifier-{name}"),
        Mark::bad("Notifier"),
        format!("notifier {name} fails for everyone since {}", reader.when(broken.since).relative),
        format!(
            "Its notices wait, and none is lost; the next is tried {}. Does its server answer, and does it know us?",
            reader.when(broken.next_try).relative
        ),
        href("/actions", &[("state", "planned"), ("kind", "remind")]),
        "See them",
    )
}

fn unreadable(waiting: &Waiting) -> Need {
    let environment = waiting.environment.as_str();
    need(
        format!("need-unreadable-{environment}"),
        Mark::bad("Unreadable"),
        format!(
            "{} {} not understood in {environment}",
            waiting.count,
            if one(waiting) { "body was" } else { "bodies were" }
        ),
        "They were signed, so they are Persona’s. They are kept, and can be applied after an upgrade.".to_owned(),
        href("/events", &[("environment", environment), ("outcome", "unreadable")]),
        "See them",
    )
}

fn quarantined(waiting: &Waiting) -> Need {
    let environment = waiting.environment.as_str();
    need(
        format!("need-quarantined-{environment}"),
        Mark::new("warn", "diamond", "Quarantine"),
        format!(
            "{} {} for a decision in {environment}",
            waiting.count,
            if one(waiting) { "event waits" } else { "events wait" }
        ),
        "Release what is trusted and discard what is not, or let reconciliation find out what is true.".to_owned(),
        href("/quarantine", &[("environment", environment)]),
        "Decide",
    )
}

fn reconciliation(reader: &Reader, late: &ReconciliationLate) -> Need {
    let environment = late.environment.as_str();
    let what = match late.until {
        Some(until) => format!("{environment} was last made sure of {}", reader.when(until).relative),
        None => format!("{environment} was never made sure of"),
    };
    let why = match &late.error {
        Some(error) => format!("The last run stopped: {}", sentence(error)),
        None => "What a lost webhook would have said is not known. A worker has to be running.".to_owned(),
    };
    let mark = Mark::new("warn", "clock", "Late");
    need(format!("need-reconciliation-{environment}"), mark, what, why, "/lanes".to_owned(), "Limits")
}

fn budget(reader: &Reader, low: &BudgetLow) -> Need {
    let environment = low.environment.as_str();
    let of = low.limit.map(|limit| format!(" of {limit}")).unwrap_or_default();
    let more = reader.when(low.opens_at).relative;
    let slower =
        if low.pace < 100 { format!(" Persona refused some, so {} % are used.", low.pace) } else { String::new() };
    need(
        format!("need-budget-{environment}"),
        Mark::new("warn", "half", "Budget low"),
        format!("{}{of} requests are left at Persona in {environment}", low.left),
        format!("More {more}. People who are waiting come first, everything else waits.{slower}"),
        "/lanes".to_owned(),
        "Limits",
    )
}

fn paused(reader: &Reader, setting: &LaneSetting) -> Need {
    let (environment, kind) = (setting.lane.0.as_str(), setting.lane.1.as_str());
    need(
        format!("need-paused-{environment}-{kind}"),
        Mark::new("warn", "pause", "Paused"),
        format!("“{kind}” in {environment} is paused"),
        format!(
            "By {}, {}: {}",
            setting.changed_by,
            reader.when(setting.changed_at).relative,
            sentence(&setting.reason)
        ),
        "/lanes".to_owned(),
        "Lanes",
    )
}

fn refused(count: u64) -> Option<Need> {
    let deliveries = if count == 1 { "delivery was" } else { "deliveries were" };
    (count > 0).then(|| {
        need(
            "need-refused".to_owned(),
            Mark::warn("Refused"),
            format!("{} {deliveries} refused in the last hour", grouped(count)),
            "A wrong secret refuses all of Persona’s; a few may be anybody’s.".to_owned(),
            "/quarantine#refused".to_owned(),
            "See them",
        )
    })
}

fn one(waiting: &Waiting) -> bool {
    waiting.count.count == 1
}

/// A text as the part of an id.
fn short(text: &str) -> String {
    let plain = text.chars().filter(char::is_ascii_alphanumeric);
    plain.take(60).collect()
}
