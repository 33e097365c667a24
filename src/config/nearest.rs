//! The known word that a misspelt one was probably meant to be.

/// The nearest known word, where one is near enough to be offered.
pub(super) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let (distance, best) = known.iter().map(|known| (edits(word, known), *known)).min()?;
    (distance <= word.chars().count().max(3) / 3).then_some(best)
}

/// How many letters must be added, dropped or changed to turn one word into the other.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_what_is_near_and_nothing_else() {
        let known = ["reminders", "link", "notify", "lifetime"];
        assert_eq!(nearest("reminder", &known), Some("reminders"));
        assert_eq!(nearest("lnik", &known), None, "two letters of four are too many to guess");
        assert_eq!(nearest("notifi", &known), Some("notify"));
        assert_eq!(nearest("colour", &known), None);
        assert_eq!(nearest("anything", &[]), None);
    }

    #[test]
    fn counts_edits() {
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("same", "same"), 0);
    }
}
