//! What is done without anybody's asking: reconciliation, and the end of rows that served their time.

use jiff::SignedDuration;

use super::reader::Section;
use crate::domain::rules::Step;

/// When what we know is compared with what Persona knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReconcileSettings {
    /// How often.
    pub every: SignedDuration,
    /// Once more when no event was delivered for so long.
    pub silence: SignedDuration,
    /// How much before the last run's beginning the next one looks.
    pub overlap: SignedDuration,
    /// Open inquiries of which nothing was heard for so long are read again.
    pub reread_quiet: SignedDuration,
    /// How often Persona's list of templates is asked for, where the key may see it.
    pub templates_every: SignedDuration,
}

/// How long rows are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionSettings {
    /// How often to look for what has served its time.
    pub every: SignedDuration,
    /// Bodies of events, from when they came.
    pub payloads: SignedDuration,
    /// Events, from when they came.
    pub events: SignedDuration,
    /// Actions, from their end.
    pub actions: SignedDuration,
    /// Inquiries that are not open, from when they last changed; and what was asked of Persona for their people.
    pub inquiries: SignedDuration,
    /// Static links, from when they were last asked for: somebody may open one at any time, so longer than the rest.
    pub static_links: SignedDuration,
    /// What people were told, from when they were.
    pub notices: SignedDuration,
}

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Persona's search is about a minute behind
/// (<https://docs.withpersona.com/api-reference/inquiries/search-inquiries>); twice that, for clocks that differ.
const LEAST_OVERLAP: SignedDuration = SignedDuration::from_mins(2);

/// Persona retries for 51 hours (<https://docs.withpersona.com/webhooks>).
const RETRIES: SignedDuration = SignedDuration::from_hours(52);

/// Persona keeps an event for 30 days and sends it again when asked (<https://docs.withpersona.com/webhooks>).
const RESENDABLE: SignedDuration = SignedDuration::from_hours(31 * 24);

pub(super) fn reconcile(mut section: Section<'_>) -> ReconcileSettings {
    let settings = ReconcileSettings {
        every: section.duration("every", SignedDuration::from_mins(15)),
        silence: section.duration("silence", SignedDuration::from_mins(5)),
        overlap: section.duration("overlap", SignedDuration::from_mins(3)),
        reread_quiet: section.duration("reread_quiet", DAY),
        templates_every: section.duration("templates_every", SignedDuration::from_mins(15)),
    };
    let budget = "each run takes a few of Persona's 300 calls a minute";
    at_least(&section, "every", settings.every, MINUTE, budget);
    at_least(&section, "silence", settings.silence, MINUTE, budget);
    at_least(&section, "templates_every", settings.templates_every, MINUTE, budget);
    at_least(&section, "overlap", settings.overlap, LEAST_OVERLAP, "Persona's search is about a minute behind");
    at_least(&section, "reread_quiet", settings.reread_quiet, MINUTE * 60, "each reading is one of those calls too");
    section.finish();
    settings
}

/// `tolerance` is the longest time after which a signature is still taken, in any environment.
pub(super) fn retention(mut section: Section<'_>, tolerance: Option<SignedDuration>) -> RetentionSettings {
    let inquiries = section.duration("inquiries", DAY * 400);
    let settings = RetentionSettings {
        every: section.duration("every", SignedDuration::from_hours(1)),
        payloads: section.duration("payloads", DAY * 30),
        events: section.duration("events", DAY * 400),
        actions: section.duration("actions", DAY * 90),
        inquiries,
        static_links: section.duration("static_links", inquiries.max(DAY * 1_095)),
        notices: section.duration("notices", DAY * 400),
    };
    let late = "Persona sends an event again for about two days";
    at_least(&section, "every", settings.every, MINUTE, "nothing is gained by looking more often");
    at_least(&section, "payloads", settings.payloads, RETRIES, late);
    at_least(&section, "actions", settings.actions, RETRIES, late);
    at_least(&section, "inquiries", settings.inquiries, RETRIES, late);
    let unsubscribed = "who gets a notice may unsubscribe by it for 30 days";
    at_least(&section, "notices", settings.notices, DAY * 30, unsubscribed);
    let known_by = "the people of inquiries are known by them, and those are kept that long";
    at_least(&section, "static_links", settings.static_links, settings.inquiries, known_by);
    at_least(&section, "events", settings.events, RESENDABLE, "Persona can send an event again for 30 days");
    at_least(&section, "events", settings.events, settings.payloads, "payloads are kept that long");
    if let Some(tolerance) = tolerance {
        at_least(&section, "events", settings.events, tolerance, "a signature_tolerance takes deliveries that old");
    }
    section.finish();
    settings
}

fn at_least(section: &Section<'_>, key: &str, value: SignedDuration, least: SignedDuration, because: &str) {
    if value < least {
        let trouble = format!("is too short: {because}; use at least \"{}\"", Step::Left(least));
        section.refuse(key, Some(format!("\"{}\"", Step::Left(value))), trouble);
    }
}
