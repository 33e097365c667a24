//! The fixed words around a letter's text.

use crate::domain::language::Language;

/// The fixed words of one language. `{brand}` stands for who writes.
pub(super) struct Words {
    pub(super) or_copy: &'static str,
    pub(super) why: &'static str,
    pub(super) questions: &'static str,
    pub(super) no_more: &'static str,
}

pub(super) const fn of(language: Language) -> Words {
    match language {
        Language::En => Words {
            or_copy: "If the button doesn’t work, copy this address into your browser:",
            why: "You get this message because a verification for {brand} is open in your name. Please don’t forward it: the link is yours alone.",
            questions: "Questions?",
            no_more: "I don’t want these messages",
        },
        Language::Es => Words {
            or_copy: "Si el botón no funciona, copie esta dirección en su navegador:",
            why: "Recibe este mensaje porque hay una verificación para {brand} abierta a su nombre. No lo reenvíe: el enlace es solo suyo.",
            questions: "¿Preguntas?",
            no_more: "No quiero recibir estos mensajes",
        },
        Language::De => Words {
            or_copy: "Wenn die Schaltfläche nicht funktioniert, kopieren Sie diese Adresse in Ihren Browser:",
            why: "Sie erhalten diese Nachricht, weil eine Überprüfung für {brand} auf Ihren Namen offen ist. Bitte leiten Sie sie nicht weiter: Der Link ist nur für Sie.",
            questions: "Fragen?",
            no_more: "Ich möchte diese Nachrichten nicht",
        },
        Language::Fr => Words {
            or_copy: "Si le bouton ne fonctionne pas, copiez cette adresse dans votre navigateur\u{a0}:",
            why: "Vous recevez ce message parce qu’une vérification pour {brand} est ouverte à votre nom. Merci de ne pas le transférer\u{a0}: ce lien est personnel.",
            questions: "Des questions\u{a0}?",
            no_more: "Je ne souhaite plus recevoir ces messages",
        },
    }
}
