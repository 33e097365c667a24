//! Whether it ended well for someone: got in where they wanted to, known on both sides, and troubled no more than needed.

use jiff::SignedDuration;

use super::pace::REMINDERS;
use super::people::Story;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;

/// How long Persona's news of someone's end may be under way; until then a reminder is nobody's fault.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_secs(1);

/// What became of someone, seen from everywhere.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    /// As they saw it.
    pub(super) story: Story,
    /// Their inquiries, as they ended.
    pub(super) inquiries: Vec<Ended>,
    /// When letters came for them.
    pub(super) reminded_at: Vec<Timestamp>,
}

/// How an inquiry ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ended {
    /// At Persona.
    pub(super) at_persona: Status,
    /// As Rekindle has it; nothing where it never heard of it.
    pub(super) in_rekindle: Option<Status>,
}

impl Outcome {
    /// Whether they got through, with a reminder's help or without.
    pub(super) fn got_through(&self) -> bool {
        let ending = self.story.person.character.ending();
        self.story.done_at.is_some() && self.inquiries.iter().any(|inquiry| inquiry.at_persona == ending)
    }

    /// How many reminders came although they were done.
    pub(super) fn troubled_when_done(&self) -> usize {
        let Some(done) = self.story.done_at else { return 0 };
        self.reminded_at.iter().filter(|at| at.since(done) > ON_ITS_WAY).count()
    }
}

/// Everything that is not as it should be, a sentence each; nothing when it ended well.
pub(super) fn judge(outcome: &Outcome) -> Vec<String> {
    let (story, name) = (&outcome.story, outcome.story.person.name);
    let character = story.person.character;
    let mut complaints = Vec::new();
    if let Some(trouble) = &story.trouble {
        complaints.push(format!("{name}: {trouble}"));
    }
    let ending = character.ending();
    if !outcome.inquiries.iter().any(|inquiry| inquiry.at_persona == ending) {
        let found: Vec<&str> = outcome.inquiries.iter().map(|inquiry| inquiry.at_persona.as_str()).collect();
        let found = if found.is_empty() { "there is none".to_owned() } else { format!("it is {}", found.join(", ")) };
        complaints.push(format!("{name}: the inquiry should be {ending} at Persona, and {found}"));
    }
    for inquiry in &outcome.inquiries {
        if inquiry.in_rekindle.as_ref() != Some(&inquiry.at_persona) {
            let known = inquiry.in_rekindle.as_ref().map_or("nothing of it", Status::as_str);
            complaints.push(format!("{name}: an inquiry is {}, and Rekindle knows {known}", inquiry.at_persona));
        }
    }
    let (reminded, troubled) = (outcome.reminded_at.len(), outcome.troubled_when_done());
    if troubled > 0 {
        complaints.push(format!("{name}: was done, and was reminded all the same, {troubled} times"));
    }
    if reminded > REMINDERS.len() {
        complaints.push(format!("{name}: was reminded {reminded} times, and the rules say {}", REMINDERS.len()));
    }
    if ending == Status::Expired && reminded < REMINDERS.len() {
        complaints.push(format!("{name}: was reminded {reminded} times only, and the rules say {}", REMINDERS.len()));
    }
    if character.tries_the_old_link() && story.locked_out != Some(true) {
        complaints.push(format!("{name}: the old link should have been locked, and was not seen so"));
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::super::cast::{Character, cast};
    use super::*;

    const DONE: i64 = 1_000;

    /// Someone of this character to whom all went well.
    fn well(character: Character) -> Outcome {
        let mut person = cast(1).remove(0);
        person.character = character;
        let ending = character.ending();
        let expired = ending == Status::Expired;
        let reminded_at: &[i64] = if expired { &[DONE - 100, DONE - 50] } else { &[DONE - 100] };
        Outcome {
            inquiries: vec![Ended { at_persona: ending.clone(), in_rekindle: Some(ending) }],
            reminded_at: reminded_at.iter().map(|second| Timestamp::from_second(*second)).collect(),
            story: Story {
                person,
                done_at: (!expired).then(|| Timestamp::from_second(DONE)),
                came_back: true,
                locked_out: character.tries_the_old_link().then_some(true),
                trouble: None,
            },
        }
    }

    #[test]
    fn who_ended_as_they_should_is_no_cause_for_complaint() {
        for person in cast(18) {
            assert_eq!(judge(&well(person.character)), Vec::<String>::new(), "{:?}", person.character);
        }
    }

    #[test]
    fn whatever_goes_wrong_is_said_with_the_name() {
        type Spoil = fn(&mut Outcome);
        let cases: [(Character, Spoil, &str); 9] = [
            (
                Character::LosesTheTab,
                |o| o.story.trouble = Some("the link did not lead inside".to_owned()),
                "lead inside",
            ),
            (
                Character::LosesTheTab,
                |o| o.inquiries[0] = both(Status::Expired),
                "should be completed at Persona, and it is expired",
            ),
            (Character::FinishesAtOnce, |o| o.inquiries.clear(), "and there is none"),
            (
                Character::MissesTheMail,
                |o| o.inquiries[0].in_rekindle = Some(Status::Pending),
                "Rekindle knows pending",
            ),
            (
                Character::OpensAStaticLink,
                |o| o.inquiries.push(Ended { at_persona: Status::Expired, in_rekindle: None }),
                "knows nothing of it",
            ),
            (
                Character::FinishesAtOnce,
                |o| o.reminded_at.push(Timestamp::from_second(DONE + 2)),
                "was done, and was reminded",
            ),
            (Character::NeedsTwoReminders, |o| o.reminded_at = vec![Timestamp::from_second(1); 3], "reminded 3 times"),
            (Character::NeverComesBack, |o| o.reminded_at.truncate(1), "reminded 1 times only"),
            (Character::HasAScanner, |o| o.story.locked_out = Some(false), "should have been locked"),
        ];
        for (character, spoil, said) in cases {
            let mut outcome = well(character);
            spoil(&mut outcome);
            let complaints = judge(&outcome);
            assert_eq!(complaints.len(), 1, "{complaints:?}");
            assert!(complaints[0].starts_with("Ada: ") && complaints[0].contains(said), "{complaints:?}");
        }
    }

    #[test]
    fn a_reminder_under_way_when_someone_finishes_is_nobodys_fault() {
        let mut outcome = well(Character::FinishesAtOnce);
        outcome.reminded_at.push(Timestamp::from_second(DONE + 1));
        assert_eq!(judge(&outcome), Vec::<String>::new());
    }

    fn both(status: Status) -> Ended {
        Ended { at_persona: status.clone(), in_rekindle: Some(status) }
    }
}
