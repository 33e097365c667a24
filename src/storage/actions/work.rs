//! The text in the column `arguments`: what an action is to do, told apart by its kind.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::domain::action::{Kind, Reminder, Work};
use crate::domain::ids::NotifierName;
use crate::domain::rules::Step;
use crate::domain::time::Timestamp;

/// Writes the arguments of a piece of work.
pub(super) fn write(work: &Work) -> String {
    let text = match work {
        Work::Remind(reminder) => serde_json::to_string(&ReminderText {
            deadline: reminder.deadline.as_micros(),
            step: match reminder.step {
                Step::Gone { percent } => StepText::Percent(percent),
                Step::Left(left) => StepText::SecondsLeft(left.as_secs()),
            },
            step_due: reminder.step_due.as_micros(),
            notifier: reminder.notifier.as_str().to_owned(),
        }),
    };
    // Strings and numbers only: nothing in there can fail to be written.
    text.unwrap_or_default()
}

/// Reads what [`write()`] wrote; `None` when it is anything else.
pub(super) fn read(kind: Kind, text: &str) -> Option<Work> {
    match kind {
        Kind::Remind => {
            let text: ReminderText = serde_json::from_str(text).ok()?;
            Some(Work::Remind(Reminder {
                deadline: Timestamp::from_micros(text.deadline),
                step: match text.step {
                    StepText::Percent(percent) => Step::Gone { percent },
                    StepText::SecondsLeft(left) => Step::Left(SignedDuration::from_secs(left)),
                },
                step_due: Timestamp::from_micros(text.step_due),
                notifier: NotifierName::parse(&text.notifier).ok()?,
            }))
        }
    }
}

/// Reads a kind as [`Kind::as_str`] writes it.
pub(super) fn kind(text: &str) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| kind.as_str() == text)
}

#[derive(Serialize, Deserialize)]
struct ReminderText {
    deadline: i64,
    step: StepText,
    step_due: i64,
    notifier: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StepText {
    Percent(u8),
    SecondsLeft(i64),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_reads_back_as_it_was_written() {
        for step in [Step::Gone { percent: 50 }, Step::Left(SignedDuration::from_hours(3))] {
            let work = Work::Remind(Reminder {
                deadline: Timestamp::from_micros(1),
                step,
                step_due: Timestamp::from_micros(-2),
                notifier: NotifierName::parse("log").unwrap(),
            });
            assert_eq!(read(work.kind(), &write(&work)), Some(work));
        }
        assert_eq!(read(Kind::Remind, "{}"), None);
        assert_eq!(kind("remind"), Some(Kind::Remind));
        assert_eq!(kind("unheard-of"), None);
    }
}
