//! What is left to do, in words, by the step that comes next.
//!
//! Step names are the template's own (`next-step-name`); those of Persona's ready-made templates, such as
//! `verification_selfie`, are known by what they hold. The rest is called by a phrase that is true of any.

use crate::domain::language::Language;

/// What a step asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Todo {
    GovernmentId,
    Selfie,
    Document,
    Phone,
    Email,
    Details,
    Signature,
    Something,
}

/// What is told by which part of a step's name; the first that fits counts.
const TOLD_BY: [(&str, Todo); 16] = [
    ("selfie", Todo::Selfie),
    ("liveness", Todo::Selfie),
    ("government_id", Todo::GovernmentId),
    ("gov_id", Todo::GovernmentId),
    ("id_card", Todo::GovernmentId),
    ("passport", Todo::GovernmentId),
    ("phone", Todo::Phone),
    ("email", Todo::Email),
    ("document", Todo::Document),
    ("signature", Todo::Signature),
    ("database", Todo::Details),
    ("address", Todo::Details),
    ("birth", Todo::Details),
    ("personal", Todo::Details),
    ("collect", Todo::Details),
    ("form", Todo::Details),
];

/// What is left to do, as it follows a colon.
pub(super) fn phrase(next_step: Option<&str>, language: Language) -> &'static str {
    let texts = match next_step.map_or(Todo::Something, of) {
        Todo::GovernmentId => [
            "a photo of your identity document",
            "una foto de su documento de identidad",
            "ein Foto Ihres Ausweises",
            "une photo de votre pièce d’identité",
        ],
        Todo::Selfie => ["a selfie", "un selfi", "ein Selfie", "un selfie"],
        Todo::Document => {
            ["a document to upload", "subir un documento", "ein Dokument hochladen", "un document à envoyer"]
        }
        Todo::Phone => [
            "confirm your phone number",
            "confirmar su número de teléfono",
            "Ihre Telefonnummer bestätigen",
            "confirmer votre numéro de téléphone",
        ],
        Todo::Email => [
            "confirm your e-mail address",
            "confirmar su correo electrónico",
            "Ihre E-Mail-Adresse bestätigen",
            "confirmer votre adresse e-mail",
        ],
        Todo::Details => [
            "some personal details",
            "algunos datos personales",
            "einige Angaben zu Ihrer Person",
            "quelques informations personnelles",
        ],
        Todo::Signature => ["your signature", "su firma", "Ihre Unterschrift", "votre signature"],
        Todo::Something => {
            ["a few short steps", "unos pocos pasos", "wenige kurze Schritte", "quelques étapes rapides"]
        }
    };
    let [en, es, de, fr] = texts;
    match language {
        Language::En => en,
        Language::Es => es,
        Language::De => de,
        Language::Fr => fr,
    }
}

fn of(step: &str) -> Todo {
    let step = step.to_ascii_lowercase().replace(['-', ' '], "_");
    TOLD_BY.iter().find(|(part, _)| step.contains(part)).map_or(Todo::Something, |(_, todo)| *todo)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_steps_have_words_and_unknown_ones_a_phrase_that_is_true() {
        for (step, todo) in [
            ("verification_government_id", Todo::GovernmentId),
            ("verification_selfie", Todo::Selfie),
            ("Government-ID and selfie", Todo::Selfie),
            ("verification_phone_number", Todo::Phone),
            ("verification_email_address", Todo::Email),
            ("verification_document", Todo::Document),
            ("verification_database", Todo::Details),
            ("start", Todo::Something),
            ("step_7f2a", Todo::Something),
        ] {
            assert_eq!(of(step), todo, "{step}");
        }
        assert_eq!(phrase(Some("verification_selfie"), Language::De), "ein Selfie");
        assert_eq!(phrase(None, Language::En), "a few short steps");
    }
}
