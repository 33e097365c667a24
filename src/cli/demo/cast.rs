//! Who is in the story: invented people, each with a character that says how they get lost and how it should end.

use crate::domain::status::Status;

/// Someone invented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    /// Which of the people it is, from 0.
    pub(super) place: usize,
    /// What the story calls them.
    pub(super) name: &'static str,
    /// What the application calls them.
    pub(super) reference_id: String,
    /// How they are.
    pub(super) character: Character,
}

/// How someone gets lost, or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Character {
    /// Begins, closes the tab, and the session is gone with it.
    LosesTheTab,
    /// Opens the mail, begins, finishes.
    FinishesAtOnce,
    /// Never opens the first mail.
    MissesTheMail,
    /// Has a mail scanner that opens every link first.
    HasAScanner,
    /// Reads every reminder and never comes.
    NeverComesBack,
    /// Has a link to the template, which makes a new inquiry each time it is opened.
    OpensAStaticLink,
    /// Puts the first reminder off.
    NeedsTwoReminders,
    /// Gets through the flow and fails.
    Fails,
    /// Finishes, and is decided on by a reviewer later.
    IsReviewed {
        /// How the reviewer decides.
        approved: bool,
    },
}

const NAMES: [&str; 26] = [
    "Ada", "Bo", "Chidi", "Dara", "Emre", "Farah", "Goran", "Hana", "Ines", "Jun", "Kofi", "Lena", "Mio", "Nia",
    "Omar", "Pia", "Quim", "Rosa", "Sami", "Tala", "Uma", "Vito", "Wen", "Xeni", "Yara", "Zoe",
];

const TURN: [Character; 9] = [
    Character::LosesTheTab,
    Character::FinishesAtOnce,
    Character::MissesTheMail,
    Character::NeverComesBack,
    Character::OpensAStaticLink,
    Character::HasAScanner,
    Character::NeedsTwoReminders,
    Character::Fails,
    Character::IsReviewed { approved: true },
];

/// So many people, their characters by turn; at most 26.
pub(super) fn cast(people: u32) -> Vec<Person> {
    let count = usize::try_from(people).unwrap_or(NAMES.len());
    let person = |(place, name): (usize, &&'static str)| Person {
        place,
        name,
        reference_id: name.to_lowercase(),
        character: TURN[place % TURN.len()].in_round(place / TURN.len()),
    };
    NAMES.iter().enumerate().take(count).map(person).collect()
}

impl Character {
    /// Reviewers approve in one round and decline in the next.
    const fn in_round(self, round: usize) -> Self {
        match self {
            Self::IsReviewed { .. } => Self::IsReviewed { approved: round.is_multiple_of(2) },
            other => other,
        }
    }

    /// Where their inquiry has to end up.
    pub(super) const fn ending(self) -> Status {
        match self {
            Self::NeverComesBack => Status::Expired,
            Self::Fails => Status::Failed,
            Self::IsReviewed { approved: true } => Status::Approved,
            Self::IsReviewed { approved: false } => Status::Declined,
            _ => Status::Completed,
        }
    }

    /// Whether they try the old link once the session is gone.
    pub(super) const fn tries_the_old_link(self) -> bool {
        matches!(self, Self::LosesTheTab | Self::HasAScanner)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_dozen_holds_every_character_and_everyone_has_a_name_of_their_own() {
        let everyone = cast(12);
        for character in TURN {
            assert!(everyone.iter().any(|person| person.character == character), "{character:?}");
        }
        let names: BTreeSet<String> = cast(26).into_iter().map(|person| person.reference_id).collect();
        assert_eq!(names.len(), 26);
        assert_eq!(cast(18)[17].character, Character::IsReviewed { approved: false });
    }
}
