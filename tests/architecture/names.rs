//! Names that say what a thing is, and the same names on both databases.

use super::source::Source;

/// Each of these fits everything, and so says nothing.
const EMPTY_WORDS: [&str; 7] = ["manager", "service", "helper", "util", "processor", "data", "info"];

pub fn names_are_telling(source: &Source) -> Vec<String> {
    let file = source.modules().last().map(|name| (1, "file", (*name).to_owned()));
    let types = source.tokens.iter().enumerate().filter_map(|(at, token)| {
        let before = at.checked_sub(1).map_or("", |before| source.tokens[before].text.as_str());
        // A bare `type` may stand in the implementation of someone else's trait.
        let kind = match token.text.as_str() {
            "struct" | "enum" | "trait" | "union" => true,
            "type" => matches!(before, "pub" | ")"),
            _ => false,
        };
        let name = source.tokens.get(at + 1).filter(|_| kind)?;
        Some((name.line, "type", name.text.clone()))
    });
    let named = file.into_iter().chain(types);
    let empty = named.filter(|(_, _, name)| words(name).iter().any(|word| is_empty(word)));
    empty.map(|(line, kind, name)| source.complaint(line, &format!("the {kind} name {name} says nothing"))).collect()
}

fn is_empty(word: &str) -> bool {
    EMPTY_WORDS.iter().any(|empty| word == *empty || word.strip_suffix('s') == Some(empty))
}

/// `HttpInfo` and `http_info` are `http`, `info`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in name.chars() {
        if (c == '_' || c.is_uppercase()) && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if c != '_'
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
    }
    words
}

/// What one of two lists has and the other lacks; two empty lists lack everything.
pub fn differences(sqlite: &[String], postgres: &[String]) -> Vec<String> {
    if sqlite.is_empty() && postgres.is_empty() {
        return vec!["there are no migrations".to_owned()];
    }
    let only = |one: &[String], other: &[String], database: &str| -> Vec<String> {
        one.iter().filter(|name| !other.contains(name)).map(|name| format!("only {database} has {name}")).collect()
    };
    [only(sqlite, postgres, "sqlite"), only(postgres, sqlite, "postgres")].concat()
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;

    #[test]
    fn a_name_that_says_nothing_is_found() {
        check(
            names_are_telling,
            &[
                ("src/app/utils.rs", "", 1),
                ("src/app/event_processor.rs", "", 1),
                (
                    "src/app/update.rs",
                    "impl Body for A { type Data = u8; } struct Database; enum Metadata {} fn service() {}",
                    0,
                ),
                (
                    "src/app/a.rs",
                    "struct ReminderService; enum InquiryInfo {} trait Managers {} pub type Data = u8;",
                    4,
                ),
                ("src/app/a.rs", "use other::ConnectInfo; // struct Helper\nlet a = \"struct Helper\";", 0),
            ],
        );
    }

    #[test]
    fn migrations_that_differ_are_found() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert!(differences(&names(&["0001_a.sql"]), &names(&["0001_a.sql"])).is_empty());
        assert_eq!(
            differences(&names(&["0001_a.sql", "0002_b.sql"]), &names(&["0001_a.sql", "0002_c.sql"])),
            ["only sqlite has 0002_b.sql", "only postgres has 0002_c.sql"]
        );
        assert_eq!(differences(&[], &[]).len(), 1);
    }
}
