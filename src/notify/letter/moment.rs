//! A moment in words, in the person's time zone; where that is not known, in UTC, and said so.

use jiff::Zoned;
use jiff::tz::TimeZone;

use crate::domain::language::Language;
use crate::domain::time::Timestamp;

type Names<const N: usize> = [&'static str; N];

const WEEKDAYS: [Names<7>; 4] = [
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"],
    ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"],
    ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
];

const MONTHS: [Names<12>; 4] = [
    [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
    [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
    [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
];

/// The moment as it follows "until": `Monday, 2 March at 7:00 pm (CET)`. It is never later than the moment itself:
/// what is left of its minute is dropped.
pub(super) fn in_words(at: Timestamp, zone: &TimeZone, language: Language) -> String {
    let at = jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or(jiff::Timestamp::MAX).to_zoned(zone.clone());
    let place = match language {
        Language::En => 0,
        Language::Es => 1,
        Language::De => 2,
        Language::Fr => 3,
    };
    let weekday = WEEKDAYS[place][usize::try_from(at.weekday().to_monday_zero_offset()).unwrap_or(0)];
    let month = MONTHS[place][usize::try_from(at.month()).unwrap_or(1).saturating_sub(1)];
    let (day, hour, minute, zone) = (at.day(), at.hour(), at.minute(), zone_name(&at));
    match language {
        Language::En => {
            let (half, hour) = (if hour < 12 { "am" } else { "pm" }, (hour + 11) % 12 + 1);
            format!("{weekday}, {day} {month} at {hour}:{minute:02} {half} ({zone})")
        }
        Language::Es => {
            let article = if hour == 1 { "la" } else { "las" };
            format!("el {weekday} {day} de {month} a {article} {hour}:{minute:02} ({zone})")
        }
        Language::De => format!("{weekday}, {day}. {month}, {hour}:{minute:02} Uhr ({zone})"),
        Language::Fr => {
            let day = if day == 1 { "1er".to_owned() } else { day.to_string() };
            format!("{weekday} {day} {month} à {hour}\u{a0}h\u{a0}{minute:02} ({zone})")
        }
    }
}

/// What people call their zone: `CET`; where it has no such name, how far it is from UTC.
fn zone_name(at: &Zoned) -> String {
    let short = at.strftime("%Z").to_string();
    if short.starts_with(|c: char| c.is_ascii_alphabetic()) { short } else { format!("UTC{}", at.strftime("%:z")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_zone(name: &str, language: Language) -> String {
        let at = Timestamp::parse("2026-03-01T18:05:59Z").unwrap();
        in_words(at, &TimeZone::get(name).unwrap(), language)
    }

    #[test]
    fn a_moment_is_said_as_people_there_say_it() {
        assert_eq!(in_zone("UTC", Language::En), "Sunday, 1 March at 6:05 pm (UTC)");
        assert_eq!(in_zone("Europe/Berlin", Language::De), "Sonntag, 1. März, 19:05 Uhr (CET)");
        assert_eq!(in_zone("Europe/Madrid", Language::Es), "el domingo 1 de marzo a las 19:05 (CET)");
        assert_eq!(in_zone("Europe/Paris", Language::Fr), "dimanche 1er mars à 19\u{a0}h\u{a0}05 (CET)");
        assert_eq!(in_zone("America/Sao_Paulo", Language::Es), "el domingo 1 de marzo a las 15:05 (UTC-03:00)");
        assert_eq!(in_zone("Asia/Tokyo", Language::En), "Monday, 2 March at 3:05 am (JST)");
    }

    #[test]
    fn noon_and_midnight_are_twelve() {
        for (at, said) in [("T00:00:00Z", "12:00 am"), ("T12:30:00Z", "12:30 pm"), ("T01:00:00Z", "1:00 am")] {
            let at = Timestamp::parse(&format!("2026-03-01{at}")).unwrap();
            let words = in_words(at, &TimeZone::UTC, Language::En);
            assert!(words.contains(said), "{words}");
        }
    }
}
