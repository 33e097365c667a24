//! What the operator wants done for the people of one template.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use jiff::SignedDuration;

use crate::domain::courtesy::Courtesy;
use crate::domain::holdout::Holdout;
use crate::domain::ids::NotifierName;
use crate::domain::subscription::Subscription;
use crate::domain::time::Timestamp;

/// The rules of one template, as configured or by default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// When to remind, in the order configured.
    pub reminders: Vec<Step>,
    /// What kind of link a reminder carries.
    pub link: LinkForm,
    /// Who is told; each gets a reminder of its own for every step.
    pub notify: Vec<NotifierName>,
    /// Those of them that reach people only: they are told nothing that is news for an application.
    pub for_people: Vec<NotifierName>,
    /// How long an inquiry lives, where Persona's payloads don't carry `expires-at`. Persona's default: 24 hours.
    pub lifetime: SignedDuration,
    /// The most reminders one verification may cause, revivals and replacements included.
    pub max_reminders: u32,
    /// How long nobody is reminded after they were seen at work. Zero: not at all.
    pub quiet_while_active: SignedDuration,
    /// The share of people whom no step reminds, to measure whether reminding helps.
    pub holdout: Holdout,
    /// Who is told about people.
    pub subscriptions: Vec<Subscription>,
    /// When a person is told something, and how often.
    pub courtesy: Courtesy,
    /// The fields of an inquiry that hold the person's address, the first that does counts.
    pub address_fields: Vec<String>,
    /// Who gets in how, and how far that goes.
    pub access: AccessRules,
}

/// What is done so that everyone gets in, and how far that goes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one key of the configuration, on or off by itself")]
pub struct AccessRules {
    /// How long after an inquiry ran out it is revived, with a notice; `None`: only for somebody who comes.
    pub revive_after: Option<SignedDuration>,
    /// How long after its creation an expired inquiry may be resumed; an older one is replaced.
    pub resume_within: SignedDuration,
    /// How long nothing may have happened before an inquiry that nobody began is replaced for a newer version of its
    /// template; `None`: only for somebody who comes.
    pub replace_after: Option<SignedDuration>,
    /// How long after its start a pending inquiry is kept though its template has a newer version.
    pub keep_pending: SignedDuration,
    /// Whether a failed inquiry is replaced for somebody who comes again.
    pub replace_failed: bool,
    /// Whether a redacted inquiry is replaced for somebody who comes again.
    pub replace_redacted: bool,
    /// Whether a person whose inquiry was replaced in advance gets a notice with a fresh link at once.
    pub remind_replaced: bool,
    /// The fields that a new inquiry takes over from the one it replaces.
    pub prefill: Vec<String>,
    /// From so many sessions on, links lead into one that exists. Persona allows 25.
    pub session_limit: u32,
    /// The most revivals of one verification.
    pub max_revivals: u32,
    /// The most replacements of one verification; five times as many where new template versions are the cause.
    pub max_replacements: u32,
    /// How long after its beginning one verification is given up. Persona advises against more than 15 days
    /// (<https://help.withpersona.com/articles/4m6n5LkyT8po1eefaBmBBO>).
    pub give_up_after: SignedDuration,
    /// Whether applications may ask for a plain link with a session token in it. Whoever reads such a link, in a log or
    /// a mailbox, gets in with it until the session ends; a one-time link is used up.
    pub allow_session_token_links: bool,
}

/// Persona's default creation interval (<https://docs.withpersona.com/docs/inquiry-expiration>).
pub const DEFAULT_LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// More reminders than this to one person are no help.
pub const DEFAULT_MAX_REMINDERS: u32 = 6;

impl Default for Rules {
    fn default() -> Self {
        Self {
            reminders: vec![Step::Gone { percent: 50 }, Step::Left(SignedDuration::from_hours(3))],
            link: LinkForm::OneTime,
            notify: Vec::new(),
            for_people: Vec::new(),
            lifetime: DEFAULT_LIFETIME,
            max_reminders: DEFAULT_MAX_REMINDERS,
            quiet_while_active: SignedDuration::from_mins(30),
            holdout: Holdout::default(),
            subscriptions: Vec::new(),
            courtesy: Courtesy::default(),
            address_fields: Vec::new(),
            access: AccessRules::default(),
        }
    }
}

impl Default for AccessRules {
    fn default() -> Self {
        Self {
            revive_after: Some(SignedDuration::from_hours(1)),
            resume_within: SignedDuration::from_hours(72),
            replace_after: Some(SignedDuration::from_mins(15)),
            keep_pending: SignedDuration::from_hours(24),
            replace_failed: false,
            replace_redacted: false,
            remind_replaced: false,
            prefill: Vec::new(),
            session_limit: 22,
            max_revivals: 2,
            max_replacements: 2,
            give_up_after: SignedDuration::from_hours(15 * 24),
            allow_session_token_links: false,
        }
    }
}

impl AccessRules {
    /// A text that differs whenever a plan made under these rules could differ.
    fn fingerprint(&self) -> String {
        format!("{self:?}")
    }
}

impl Rules {
    /// A text that differs whenever a plan made under these rules could differ.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let steps: Vec<String> = self.reminders.iter().map(ToString::to_string).collect();
        let people = |name: &NotifierName| if self.for_people.contains(name) { "+" } else { "" };
        let notify: Vec<String> = self.notify.iter().map(|name| format!("{name}{}", people(name))).collect();
        let told: Vec<String> = self.subscriptions.iter().map(Subscription::fingerprint).collect();
        format!(
            "{}|{}|{}|{}s|{}|{}s|{}|{}|{}|{}",
            steps.join(","),
            self.link,
            notify.join(","),
            self.lifetime.as_secs(),
            self.max_reminders,
            self.quiet_while_active.as_secs(),
            self.holdout,
            told.join(","),
            self.courtesy.fingerprint(),
            self.access.fingerprint()
        )
    }
}

/// What kind of link a reminder carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkForm {
    /// An access link of our own, which leads to a fresh one-time link whenever somebody comes.
    Access,
    /// Persona's one-time link.
    OneTime,
    /// Persona's one-time link in its short form, where Persona gives one.
    OneTimeShort,
}

impl fmt::Display for LinkForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Access => "access",
            Self::OneTime => "one-time",
            Self::OneTimeShort => "one-time-short",
        })
    }
}

impl FromStr for LinkForm {
    type Err = InvalidRule;

    fn from_str(text: &str) -> Result<Self, InvalidRule> {
        match text {
            "access" => Ok(Self::Access),
            "one-time" => Ok(Self::OneTime),
            "one-time-short" => Ok(Self::OneTimeShort),
            _ => Err(InvalidRule("is no link form; use \"access\", \"one-time\" or \"one-time-short\"")),
        }
    }
}

/// One reminder step of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// When this share of the lifetime is gone, 1 to 99 per cent.
    Gone {
        /// Per cent of the lifetime.
        percent: u8,
    },
    /// This long before the deadline, whole seconds.
    Left(SignedDuration),
    /// As soon as an expired inquiry was revived; no rule asks for it by name.
    Revived,
    /// As soon as an inquiry took another one's place; no rule asks for it by name.
    Replaced,
}

/// Why a text is no rule; worded to follow the key and the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidRule(pub &'static str);

impl Step {
    /// When the step is due for a lifetime from `began` to `deadline`; never before it began.
    #[must_use]
    pub fn due(self, began: Timestamp, deadline: Timestamp) -> Timestamp {
        let at = match self {
            Self::Gone { percent } => {
                let lifetime = i128::from(deadline.as_micros()) - i128::from(began.as_micros());
                let gone = i64::try_from(lifetime * i128::from(percent) / 100).unwrap_or(0);
                began.plus(SignedDuration::from_micros(gone))
            }
            Self::Left(left) => deadline.minus(left),
            Self::Revived | Self::Replaced => began,
        };
        at.max(began)
    }
}

impl Step {
    /// Whether a rule asks for it, and not something that we did.
    #[must_use]
    pub const fn is_of_a_rule(self) -> bool {
        matches!(self, Self::Gone { .. } | Self::Left(_))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone { percent } => write!(f, "{percent}%"),
            Self::Left(left) => f.write_str(&shortest(*left)),
            Self::Revived => f.write_str("revived"),
            Self::Replaced => f.write_str("replaced"),
        }
    }
}

/// A duration in the largest whole units: `3h`, `90m` as `1h30m`, `45s`.
fn shortest(duration: SignedDuration) -> String {
    let mut left = duration.as_secs().max(0);
    let mut text = String::new();
    for (unit, seconds) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
        if left >= seconds {
            let _ = write!(text, "{}{unit}", left / seconds);
            left %= seconds;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

impl FromStr for Step {
    type Err = InvalidRule;

    fn from_str(text: &str) -> Result<Self, InvalidRule> {
        if let Some(number) = text.strip_suffix('%') {
            return match number.trim().parse() {
                Ok(percent @ 1..=99) => Ok(Self::Gone { percent }),
                _ => Err(InvalidRule("is no share of the lifetime; use a whole number from 1% to 99%")),
            };
        }
        let left = parse_duration(text)?;
        if left < SignedDuration::from_secs(1) {
            return Err(InvalidRule("leaves no time; use at least one second, such as \"30m\""));
        }
        Ok(Self::Left(left))
    }
}

/// Reads a duration as people write it: `3h`, `30m`, `1h 30m`, `90s`, `2d`. Whole seconds.
///
/// # Errors
/// [`InvalidRule`] when the text is anything else, or not positive.
pub fn parse_duration(text: &str) -> Result<SignedDuration, InvalidRule> {
    const WRONG: InvalidRule = InvalidRule("is no duration; write it like \"3h\", \"30m\", \"90s\" or \"2d\"");
    // A calendar day has no fixed length for jiff; here it means 24 hours, as it does for Persona's intervals.
    let span: jiff::Span = text.parse().map_err(|_| WRONG)?;
    let days = i64::from(span.get_weeks()) * 7 + i64::from(span.get_days());
    if span.get_months() != 0 || span.get_years() != 0 {
        return Err(WRONG);
    }
    let rest = SignedDuration::try_from(span.weeks(0).days(0)).map_err(|_| WRONG)?;
    let whole = SignedDuration::from_hours(days * 24).checked_add(rest).ok_or(WRONG)?;
    if whole.is_positive() && whole.subsec_nanos() == 0 { Ok(whole) } else { Err(WRONG) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_read_back_as_they_are_written() {
        for (text, shown) in
            [("50%", "50%"), ("3h", "3h"), ("90m", "1h30m"), ("1h 30m", "1h30m"), ("2d", "2d"), ("36h", "1d12h")]
        {
            assert_eq!(text.parse::<Step>().unwrap().to_string(), shown);
        }
        for text in ["0%", "100%", "-3h", "soon", "0s", "", "1mo"] {
            assert!(text.parse::<Step>().is_err(), "{text:?} is no step");
        }
    }

    #[test]
    fn a_step_is_due_within_the_lifetime() {
        let (began, deadline) = (Timestamp::from_second(0), Timestamp::from_second(86_400));
        assert_eq!("50%".parse::<Step>().unwrap().due(began, deadline), Timestamp::from_second(43_200));
        assert_eq!("3h".parse::<Step>().unwrap().due(began, deadline), Timestamp::from_second(75_600));
        assert_eq!("3d".parse::<Step>().unwrap().due(began, deadline), began, "not before it began");
    }
}
