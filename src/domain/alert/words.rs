//! An alert in words: a subject and a text that can be mailed as they are.

use std::fmt::Write as _;

use jiff::SignedDuration;

use crate::domain::alert::{Alert, News};
use crate::domain::time::Timestamp;

/// An alert in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// One line.
    pub subject: String,
    /// Plain text, some lines.
    pub text: String,
}

/// Says what is told of an alert. `page` is where the dashboard shows alerts, where that is known.
#[must_use]
pub fn message(alert: &Alert, news: News, page: Option<&str>, now: Timestamp) -> Message {
    let (environment, name) = (&alert.environment, alert.name);
    let lasted = long(now.since(alert.since));
    let mut text = String::new();
    // Writing into a text does not fail.
    let _ = match news {
        News::Firing => writeln!(text, "{}: {}.", name.title(), alert.summary)
            .and_then(|()| writeln!(text, "In environment {environment}, since {} ({lasted}).\n", alert.since))
            .and_then(|()| writeln!(text, "{}\n", name.help()))
            .and_then(|()| writeln!(text, "More about it: docs/runbook.md, section \"{}\".", name.title()))
            .and_then(|()| writeln!(text, "To hear nothing of it for a while: rekindle alerts silence {name} --environment {environment} --for 2h --reason \"…\"")),
        News::Resolved => writeln!(text, "{} is over in environment {environment}, after {lasted}.", name.title())
            .and_then(|()| writeln!(text, "It was: {}.", alert.summary)),
    };
    if let Some(page) = page {
        let _ = writeln!(text, "{page}");
    }
    let subject = match news {
        News::Firing => format!("[Rekindle] {} in {environment}: {}", name.title(), alert.summary),
        News::Resolved => format!("[Rekindle] Over: {} in {environment}", name.title()),
    };
    Message { subject, text }
}

/// A number of things.
pub(super) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// How long something lasts, in its two largest units.
pub(super) fn long(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    let two = |large: i64, unit: &str, small: i64, of: &str| {
        if small == 0 { format!("{large}{unit}") } else { format!("{large}{unit} {small}{of}") }
    };
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "m"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::alert::AlertName;
    use crate::domain::ids::EnvironmentName;

    #[test]
    fn a_message_can_be_mailed_as_it_is() {
        let since = Timestamp::from_second(1_767_225_600);
        let alert = Alert {
            summary: "2 actions were given up (2 remind)".to_owned(),
            ..Alert::quiet(EnvironmentName::parse("sandbox").unwrap(), AlertName::DeadLetters, since)
        };
        let now = since.plus(SignedDuration::from_mins(95));
        let Message { subject, text } = message(&alert, News::Firing, Some("https://rekindle.example.com/alerts"), now);
        assert!(!subject.contains('\n'));
        insta::assert_snapshot!(format!("{subject}\n---\n{text}"), @r#"
        [Rekindle] Dead letters in sandbox: 2 actions were given up (2 remind)
        ---
        Dead letters: 2 actions were given up (2 remind).
        In environment sandbox, since 2026-01-01T00:00:00Z (1h 35m).

        See why with `rekindle actions list --state failed`, mend it, then `rekindle actions retry`.

        More about it: docs/runbook.md, section "Dead letters".
        To hear nothing of it for a while: rekindle alerts silence dead_letters --environment sandbox --for 2h --reason "…"
        https://rekindle.example.com/alerts
        "#);
        let over = message(&alert, News::Resolved, None, now);
        insta::assert_snapshot!(format!("{}\n---\n{}", over.subject, over.text), @"
        [Rekindle] Over: Dead letters in sandbox
        ---
        Dead letters is over in environment sandbox, after 1h 35m.
        It was: 2 actions were given up (2 remind).
        ");
    }

    #[test]
    fn time_is_told_in_its_two_largest_units() {
        let told = |seconds| long(SignedDuration::from_secs(seconds));
        assert_eq!(
            [5, 90, 3_600, 5_400, 86_400, 100_000, -3].map(told),
            ["5s", "1m", "1h", "1h 30m", "1d", "1d 3h", "0s"]
        );
    }
}
