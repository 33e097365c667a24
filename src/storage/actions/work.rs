//! The text in the column `arguments`: what an action is to do, told apart by its kind.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::domain::action::{Finished, Held, Invitation, Kind, Reminder, Replaced, Replacement, Revival, Work};
use crate::domain::ids::{InquiryId, NotifierName};
use crate::domain::lineage::Cause;
use crate::domain::rules::Step;
use crate::domain::time::Timestamp;
use crate::storage::actions::publication;

/// Writes the arguments of a piece of work.
pub(super) fn write(work: &Work) -> String {
    let text = match work {
        Work::Remind(reminder) => serde_json::to_string(&ReminderText {
            deadline: reminder.deadline.as_micros(),
            step: StepText::of(reminder.step),
            step_due: reminder.step_due.as_micros(),
            moved_to: reminder.moved_to.map(Timestamp::as_micros),
            notifier: reminder.notifier.as_str().to_owned(),
        }),
        Work::Revive(Revival { expired_at, asked }) => {
            serde_json::to_string(&RevivalText { expired_at: expired_at.as_micros(), asked: *asked })
        }
        Work::Replace(Replacement { cause, asked }) => {
            serde_json::to_string(&ReplacementText { cause: cause.as_str().to_owned(), asked: *asked })
        }
        Work::Tell(Replaced { old, cause, notifier }) => serde_json::to_string(&ReplacedText {
            old: old.as_str().to_owned(),
            cause: cause.as_str().to_owned(),
            notifier: notifier.as_str().to_owned(),
        }),
        Work::Expire(Finished { other }) => serde_json::to_string(&FinishedText { other: other.as_str().to_owned() }),
        Work::Invite(Invitation { asked_at, notifier }) => serde_json::to_string(&InvitationText {
            asked_at: asked_at.as_micros(),
            notifier: notifier.as_str().to_owned(),
        }),
        Work::Hold(Held { deadline, step, step_due }) => serde_json::to_string(&HeldText {
            deadline: deadline.as_micros(),
            step: StepText::of(*step),
            step_due: step_due.as_micros(),
        }),
        Work::Publish(publication) => serde_json::to_string(&publication::text_of(publication)),
    };
    // Strings and numbers only: nothing in there can fail to be written.
    text.unwrap_or_default()
}

/// Reads what [`write()`] wrote; `None` when it is anything else.
pub(super) fn read(kind: Kind, text: &str) -> Option<Work> {
    match kind {
        Kind::Remind => read_reminder(text).map(Work::Remind),
        Kind::Revive => {
            let text: RevivalText = serde_json::from_str(text).ok()?;
            Some(Work::Revive(Revival { expired_at: Timestamp::from_micros(text.expired_at), asked: text.asked }))
        }
        Kind::Replace => {
            let text: ReplacementText = serde_json::from_str(text).ok()?;
            Some(Work::Replace(Replacement { cause: Cause::parse(&text.cause)?, asked: text.asked }))
        }
        Kind::Tell => {
            let text: ReplacedText = serde_json::from_str(text).ok()?;
            Some(Work::Tell(Replaced {
                old: InquiryId::parse(&text.old).ok()?,
                cause: Cause::parse(&text.cause)?,
                notifier: NotifierName::parse(&text.notifier).ok()?,
            }))
        }
        Kind::Expire => {
            let text: FinishedText = serde_json::from_str(text).ok()?;
            Some(Work::Expire(Finished { other: InquiryId::parse(&text.other).ok()? }))
        }
        Kind::Invite => {
            let text: InvitationText = serde_json::from_str(text).ok()?;
            Some(Work::Invite(Invitation {
                asked_at: Timestamp::from_micros(text.asked_at),
                notifier: NotifierName::parse(&text.notifier).ok()?,
            }))
        }
        Kind::Hold => {
            let text: HeldText = serde_json::from_str(text).ok()?;
            let (deadline, step_due) = (Timestamp::from_micros(text.deadline), Timestamp::from_micros(text.step_due));
            Some(Work::Hold(Held { deadline, step: text.step.step(), step_due }))
        }
        Kind::Publish => publication::read(text).map(Work::Publish),
    }
}

fn read_reminder(text: &str) -> Option<Reminder> {
    let text: ReminderText = serde_json::from_str(text).ok()?;
    Some(Reminder {
        deadline: Timestamp::from_micros(text.deadline),
        step: text.step.step(),
        step_due: Timestamp::from_micros(text.step_due),
        moved_to: text.moved_to.map(Timestamp::from_micros),
        notifier: NotifierName::parse(&text.notifier).ok()?,
    })
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    moved_to: Option<i64>,
    notifier: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StepText {
    Percent(u8),
    SecondsLeft(i64),
    Revived,
    Replaced,
}

impl StepText {
    const fn of(step: Step) -> Self {
        match step {
            Step::Gone { percent } => Self::Percent(percent),
            Step::Left(left) => Self::SecondsLeft(left.as_secs()),
            Step::Revived => Self::Revived,
            Step::Replaced => Self::Replaced,
        }
    }

    const fn step(self) -> Step {
        match self {
            Self::Percent(percent) => Step::Gone { percent },
            Self::SecondsLeft(left) => Step::Left(SignedDuration::from_secs(left)),
            Self::Revived => Step::Revived,
            Self::Replaced => Step::Replaced,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct HeldText {
    deadline: i64,
    step: StepText,
    step_due: i64,
}

#[derive(Serialize, Deserialize)]
struct RevivalText {
    expired_at: i64,
    asked: bool,
}

#[derive(Serialize, Deserialize)]
struct ReplacementText {
    cause: String,
    asked: bool,
}

#[derive(Serialize, Deserialize)]
struct ReplacedText {
    old: String,
    cause: String,
    notifier: String,
}

#[derive(Serialize, Deserialize)]
struct FinishedText {
    other: String,
}

#[derive(Serialize, Deserialize)]
struct InvitationText {
    asked_at: i64,
    notifier: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_reads_back_as_it_was_written() {
        let old = InquiryId::parse("inq_1").unwrap();
        for work in [
            Work::Revive(Revival { expired_at: Timestamp::from_micros(7), asked: true }),
            Work::Replace(Replacement { cause: Cause::SessionLimit, asked: false }),
            Work::Tell(Replaced {
                old: old.clone(),
                cause: Cause::NewVersion,
                notifier: NotifierName::parse("log").unwrap(),
            }),
            Work::Expire(Finished { other: old }),
            Work::Invite(Invitation {
                asked_at: Timestamp::from_micros(7),
                notifier: NotifierName::parse("log").unwrap(),
            }),
        ] {
            assert_eq!(read(work.kind(), &write(&work)), Some(work));
        }
        let left = Step::Left(SignedDuration::from_hours(3));
        for step in [Step::Gone { percent: 50 }, left, Step::Revived, Step::Replaced] {
            let work = Work::Remind(Reminder {
                deadline: Timestamp::from_micros(1),
                step,
                step_due: Timestamp::from_micros(-2),
                moved_to: (step == left).then_some(Timestamp::from_micros(5)),
                notifier: NotifierName::parse("log").unwrap(),
            });
            assert_eq!(read(work.kind(), &write(&work)), Some(work));
            let (deadline, step_due) = (Timestamp::from_micros(1), Timestamp::from_micros(-2));
            let work = Work::Hold(Held { deadline, step, step_due });
            assert_eq!(read(work.kind(), &write(&work)), Some(work));
        }
        assert_eq!(read(Kind::Remind, "{}"), None);
        assert_eq!(kind("remind"), Some(Kind::Remind));
        assert_eq!(kind("unheard-of"), None);
    }
}
