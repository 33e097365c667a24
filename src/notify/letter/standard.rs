//! The standard templates, which are built in.

use crate::domain::language::Language;
use crate::domain::letter::LetterKind;

macro_rules! texts {
    ($kind:literal) => {
        [
            (Language::En, include_str!(concat!("../../../templates/letters/", $kind, ".en.txt"))),
            (Language::Es, include_str!(concat!("../../../templates/letters/", $kind, ".es.txt"))),
            (Language::De, include_str!(concat!("../../../templates/letters/", $kind, ".de.txt"))),
            (Language::Fr, include_str!(concat!("../../../templates/letters/", $kind, ".fr.txt"))),
        ]
    };
}

/// Every kind in every language.
pub(super) fn all() -> impl Iterator<Item = (LetterKind, Language, &'static str)> {
    let of = |kind| match kind {
        LetterKind::Reminder => texts!("reminder"),
        LetterKind::Revived => texts!("revived"),
        LetterKind::Replaced => texts!("replaced"),
        LetterKind::Invitation => texts!("invitation"),
    };
    LetterKind::ALL.into_iter().flat_map(move |kind| of(kind).map(|(language, text)| (kind, language, text)))
}
