//! The words of the pages that people see, in four languages; a configuration can replace each of them.

pub use crate::domain::language::Language;

/// Declares the texts: a name, and what it says in each language. `{name}` stands for who asks.
macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident $key:literal { $en:literal $es:literal $de:literal $fr:literal })+) => {
        /// One text of the pages.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Text {
            $($(#[$doc])* $name,)+
        }

        impl Text {
            /// Every text there is.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its key in the configuration.
            pub const fn key(self) -> &'static str {
                match self {
                    $(Self::$name => $key,)+
                }
            }

            /// What it says, unless the configuration says otherwise.
            pub const fn standard(self, language: Language) -> &'static str {
                match (self, language) {
                    $(
                        (Self::$name, Language::En) => $en,
                        (Self::$name, Language::Es) => $es,
                        (Self::$name, Language::De) => $de,
                        (Self::$name, Language::Fr) => $fr,
                    )+
                }
            }
        }
    };
}

texts! {
    /// The way in.
    AskHeading "ask_heading" {
        "Continue your verification"
        "Continúe con su verificación"
        "Weiter zu Ihrer Überprüfung"
        "Poursuivre votre vérification"
    }
    /// Who asks, and why.
    AskBody "ask_body" {
        "{name} asks you to verify your identity. It takes a few minutes. If you are interrupted, come back to this page."
        "{name} le pide que verifique su identidad. Solo lleva unos minutos. Si se interrumpe, vuelva a esta página."
        "{name} bittet Sie, Ihre Identität zu bestätigen. Das dauert einige Minuten. Wenn Sie unterbrochen werden, kommen Sie auf diese Seite zurück."
        "{name} vous demande de vérifier votre identité. Cela prend quelques minutes. En cas d’interruption, revenez sur cette page."
    }
    /// The one button.
    AskButton "ask_button" { "Continue" "Continuar" "Weiter" "Continuer" }
    /// What happens next.
    AskNext "ask_next" {
        "The button takes you to Persona, which checks identities for {name}."
        "El botón le lleva a Persona, que comprueba identidades para {name}."
        "Die Schaltfläche führt Sie zu Persona. Dort werden Identitäten für {name} geprüft."
        "Le bouton vous mène à Persona, qui vérifie les identités pour {name}."
    }
    /// Until when, where that is soon.
    UntilSoon "until_soon" {
        "This link works for less than two more hours."
        "Este enlace funcionará menos de dos horas más."
        "Dieser Link gilt noch weniger als zwei Stunden."
        "Ce lien reste valable moins de deux heures."
    }
    /// Until when, in hours: `{n}`, at least 2.
    UntilHours "until_hours" {
        "This link works for another {n} hours."
        "Este enlace funcionará {n} horas más."
        "Dieser Link gilt noch {n} Stunden."
        "Ce lien reste valable {n} heures."
    }
    /// Until when, in days: `{n}`, at least 2.
    UntilDays "until_days" {
        "This link works for another {n} days."
        "Este enlace funcionará {n} días más."
        "Dieser Link gilt noch {n} Tage."
        "Ce lien reste valable {n} jours."
    }
    /// It is finished.
    DoneHeading "done_heading" { "You are done" "Ha terminado" "Sie sind fertig" "Vous avez terminé" }
    /// It is finished.
    DoneBody "done_body" {
        "Nothing more is to be done here. You can close this page, and {name} will go on from here."
        "No queda nada por hacer aquí. Puede cerrar esta página; {name} se encarga del resto."
        "Hier ist nichts mehr zu tun. Sie können diese Seite schließen, {name} kümmert sich um alles Weitere."
        "Il n’y a plus rien à faire ici. Vous pouvez fermer cette page, {name} s’occupe de la suite."
    }
    /// It is being reviewed.
    ReviewHeading "review_heading" {
        "Your verification is being reviewed"
        "Su verificación está en revisión"
        "Ihre Überprüfung wird bearbeitet"
        "Votre vérification est en cours d’examen"
    }
    /// It is being reviewed.
    ReviewBody "review_body" {
        "You have done your part. {name} will let you know when there is a result. You can close this page."
        "Usted ya ha hecho su parte. {name} le avisará cuando haya un resultado. Puede cerrar esta página."
        "Sie haben Ihren Teil getan. {name} meldet sich, sobald es ein Ergebnis gibt. Sie können diese Seite schließen."
        "Vous avez fait le nécessaire. {name} vous préviendra dès qu’il y aura un résultat. Vous pouvez fermer cette page."
    }
    /// It was decided.
    DecidedHeading "decided_heading" {
        "This verification is closed"
        "Esta verificación está cerrada"
        "Diese Überprüfung ist abgeschlossen"
        "Cette vérification est close"
    }
    /// It was decided.
    DecidedBody "decided_body" {
        "It has been decided, and nothing more can be done here. {name} can tell you the result."
        "Ya se ha tomado una decisión y aquí no puede hacerse nada más. {name} puede comunicarle el resultado."
        "Es wurde entschieden, und hier ist nichts mehr zu tun. {name} kann Ihnen das Ergebnis nennen."
        "Une décision a été prise et plus rien n’est à faire ici. {name} peut vous communiquer le résultat."
    }
    /// It failed, and may not be tried again.
    FailedHeading "failed_heading" {
        "This verification can’t be continued"
        "Esta verificación no puede continuar"
        "Diese Überprüfung kann nicht fortgesetzt werden"
        "Cette vérification ne peut pas être poursuivie"
    }
    /// It failed, and may not be tried again.
    FailedBody "failed_body" {
        "Please contact {name} if you would like to try again. They can start a new one for you."
        "Si desea intentarlo de nuevo, póngase en contacto con {name}. Allí pueden iniciar otra."
        "Wenn Sie es noch einmal versuchen möchten, wenden Sie sich bitte an {name}. Dort kann eine neue begonnen werden."
        "Pour réessayer, veuillez contacter {name}, qui peut en ouvrir une nouvelle."
    }
    /// It is no longer needed.
    ClosedHeading "closed_heading" {
        "This is no longer needed"
        "Esto ya no es necesario"
        "Das wird nicht mehr benötigt"
        "Ce n’est plus nécessaire"
    }
    /// It is no longer needed.
    ClosedBody "closed_body" {
        "There is nothing left to do here. If you think that is a mistake, please contact {name}."
        "Aquí no queda nada por hacer. Si cree que es un error, póngase en contacto con {name}."
        "Hier ist nichts mehr zu tun. Wenn Sie das für einen Irrtum halten, wenden Sie sich bitte an {name}."
        "Il n’y a plus rien à faire ici. Si vous pensez qu’il s’agit d’une erreur, veuillez contacter {name}."
    }
    /// It was given up.
    StuckHeading "stuck_heading" {
        "We can’t take you further here"
        "Aquí no podemos llevarle más lejos"
        "Hier kommen wir nicht weiter"
        "Nous ne pouvons pas aller plus loin ici"
    }
    /// It was given up.
    StuckBody "stuck_body" {
        "This verification can’t be opened any more. Please contact {name}: they can start a new one for you."
        "Esta verificación ya no puede abrirse. Póngase en contacto con {name}: allí pueden iniciar otra."
        "Diese Überprüfung lässt sich nicht mehr öffnen. Bitte wenden Sie sich an {name}: Dort kann eine neue begonnen werden."
        "Cette vérification ne peut plus être ouverte. Veuillez contacter {name}, qui peut en ouvrir une nouvelle."
    }
    /// Not now.
    BusyHeading "busy_heading" {
        "Please try again shortly"
        "Inténtelo de nuevo en breve"
        "Bitte gleich noch einmal versuchen"
        "Veuillez réessayer dans un instant"
    }
    /// Not now: `{n}` seconds.
    BusyBody "busy_body" {
        "The verification can’t be opened right now. Nothing is lost. Please try again in about {n} seconds."
        "La verificación no puede abrirse en este momento. No se ha perdido nada. Inténtelo de nuevo en unos {n} segundos."
        "Die Überprüfung lässt sich gerade nicht öffnen. Nichts ist verloren. Bitte versuchen Sie es in etwa {n} Sekunden noch einmal."
        "La vérification ne peut pas être ouverte pour le moment. Rien n’est perdu. Veuillez réessayer dans environ {n} secondes."
    }
    /// Not now.
    BusyButton "busy_button" { "Try again" "Intentar de nuevo" "Noch einmal versuchen" "Réessayer" }
    /// The link's time is over.
    ExpiredHeading "expired_heading" {
        "This link has expired"
        "Este enlace ha caducado"
        "Dieser Link ist abgelaufen"
        "Ce lien a expiré"
    }
    /// The link was opened as often as it may be.
    UsedUpHeading "used_up_heading" {
        "This link was used up"
        "Este enlace ya se ha agotado"
        "Dieser Link ist aufgebraucht"
        "Ce lien est épuisé"
    }
    /// Somebody revoked it.
    RevokedHeading "revoked_heading" {
        "This link is no longer valid"
        "Este enlace ya no es válido"
        "Dieser Link gilt nicht mehr"
        "Ce lien n’est plus valable"
    }
    /// What to do about a link that doesn't open.
    DeadBody "dead_body" {
        "For your safety, links don’t work for ever. You can ask for a new one. {name} sends it the way they usually reach you."
        "Por su seguridad, los enlaces no funcionan para siempre. Puede pedir uno nuevo. {name} se lo enviará por el medio habitual."
        "Zu Ihrer Sicherheit gelten Links nicht für immer. Sie können einen neuen anfordern. {name} schickt ihn auf dem gewohnten Weg."
        "Pour votre sécurité, les liens ne sont pas valables indéfiniment. Vous pouvez en demander un nouveau. {name} vous l’enverra par le moyen habituel."
    }
    /// Asks for a new link.
    DeadButton "dead_button" {
        "Send me a new link"
        "Enviarme un enlace nuevo"
        "Neuen Link anfordern"
        "M’envoyer un nouveau lien"
    }
    /// A new link was asked for, whatever came of it.
    SentHeading "sent_heading" { "Thank you" "Gracias" "Danke" "Merci" }
    /// A new link was asked for, whatever came of it.
    SentBody "sent_body" {
        "If this verification is still open, {name} sends you a new link the usual way. You can close this page."
        "Si esta verificación sigue abierta, {name} le enviará un enlace nuevo por el medio habitual. Puede cerrar esta página."
        "Wenn diese Überprüfung noch offen ist, schickt {name} Ihnen auf dem gewohnten Weg einen neuen Link. Sie können diese Seite schließen."
        "Si cette vérification est toujours ouverte, {name} vous envoie un nouveau lien par le moyen habituel. Vous pouvez fermer cette page."
    }
    /// The way to unsubscribe.
    StopHeading "stop_heading" {
        "Stop these messages?"
        "¿Dejar de recibir estos mensajes?"
        "Diese Nachrichten beenden?"
        "Ne plus recevoir ces messages ?"
    }
    /// What it means to unsubscribe.
    StopBody "stop_body" {
        "{name} then no longer reminds you this way. You can still complete your verification with the link that you have."
        "{name} dejará de recordárselo por este medio. Podrá seguir completando su verificación con el enlace que tiene."
        "{name} erinnert Sie dann auf diesem Weg nicht mehr. Ihre Überprüfung können Sie mit Ihrem Link weiterhin abschließen."
        "{name} ne vous enverra plus de rappels par ce moyen. Vous pourrez toujours terminer votre vérification avec le lien que vous avez."
    }
    /// The button that unsubscribes.
    StopButton "stop_button" { "Stop messages" "No recibir más mensajes" "Nachrichten beenden" "Ne plus recevoir" }
    /// Somebody unsubscribed.
    StoppedHeading "stopped_heading" {
        "You get no more of these messages"
        "No recibirá más mensajes de este tipo"
        "Sie erhalten keine solchen Nachrichten mehr"
        "Vous ne recevrez plus ces messages"
    }
    /// Somebody unsubscribed.
    StoppedBody "stopped_body" {
        "{name} no longer reminds you this way. You can close this page."
        "{name} ya no se lo recordará por este medio. Puede cerrar esta página."
        "{name} erinnert Sie auf diesem Weg nicht mehr. Sie können diese Seite schließen."
        "{name} ne vous enverra plus de rappels par ce moyen. Vous pouvez fermer cette page."
    }
    /// Nobody's link.
    UnknownHeading "unknown_heading" {
        "This page does not exist"
        "Esta página no existe"
        "Diese Seite gibt es nicht"
        "Cette page n’existe pas"
    }
    /// Nobody's link.
    UnknownBody "unknown_body" {
        "The link may be incomplete. Please open it again from the message that you received."
        "Puede que el enlace esté incompleto. Ábralo de nuevo desde el mensaje que recibió."
        "Vielleicht ist der Link unvollständig. Bitte öffnen Sie ihn noch einmal aus der Nachricht, die Sie erhalten haben."
        "Le lien est peut-être incomplet. Veuillez l’ouvrir de nouveau depuis le message que vous avez reçu."
    }
    /// Too many requests.
    SlowHeading "slow_heading" {
        "One moment, please"
        "Un momento, por favor"
        "Einen Moment bitte"
        "Un instant, s’il vous plaît"
    }
    /// Too many requests: `{n}` seconds.
    SlowBody "slow_body" {
        "There were too many requests in a short time. Please try again in about {n} seconds."
        "Ha habido demasiadas solicitudes en poco tiempo. Inténtelo de nuevo en unos {n} segundos."
        "Es gab zu viele Anfragen in kurzer Zeit. Bitte versuchen Sie es in etwa {n} Sekunden noch einmal."
        "Il y a eu trop de demandes en peu de temps. Veuillez réessayer dans environ {n} secondes."
    }
    /// Before whom to ask.
    Questions "questions" { "Questions?" "¿Preguntas?" "Fragen?" "Des questions ?" }
}
