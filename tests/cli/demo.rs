//! `rekindle demo`: the first thing a newcomer runs.

use std::collections::BTreeMap;

use super::command::run;

/// How often each verb stands in the story, and each row of the summary with its number.
struct Told {
    text: String,
    verbs: BTreeMap<String, usize>,
    summary: BTreeMap<String, usize>,
}

impl Told {
    fn read(text: String) -> Self {
        let (story, summary) = text.split_once("\nSUMMARY\n").expect("a summary");
        let mut verbs = BTreeMap::new();
        for line in story.lines().filter(|line| line.get(5..6) == Some("s")) {
            let verb = line[18..28].trim().to_owned();
            *verbs.entry(verb).or_default() += 1;
        }
        let row = |line: &str| Some((line.get(2..26)?.trim().to_owned(), line.get(26..30)?.trim().parse().ok()?));
        let summary = summary.lines().filter_map(row).collect();
        Self { text, verbs, summary }
    }

    fn count(&self, verbs: &[&str]) -> usize {
        verbs.iter().map(|verb| self.verbs.get(*verb).copied().unwrap_or(0)).sum()
    }

    fn number(&self, row: &str) -> usize {
        *self.summary.get(row).unwrap_or_else(|| panic!("no row {row:?} in:\n{}", self.text))
    }
}

#[tokio::test]
async fn the_demo_tells_how_everyone_who_wanted_to_finish_got_in() {
    let output = run(&["demo", "--seconds", "16", "--people", "6"]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{}\n{text}\n{errors}", output.status);
    assert_eq!(errors, "", "the process itself is quiet");
    let told = Told::read(text);

    // Six characters: who loses the tab, finishes at once, misses the mail, stays away, has three inquiries, and a scanner.
    for (verbs, lines) in
        [(&["invited"][..], 5), (&["completed"], 5), (&["locked out"], 2), (&["missed it"], 1), (&["scanned"], 1)]
    {
        assert_eq!(told.count(verbs), lines, "{verbs:?} in:\n{}", told.text);
    }
    assert!(told.count(&["opened"]) >= 9, "{}", told.text);
    assert!(told.text.contains("40 % of the time is gone: an e-mail with a fresh one-time link"), "{}", told.text);

    // Every delivery, duplicate and reminder has its line, and the summary counts them from the database.
    for (row, verbs) in [
        ("deliveries taken", &["received", "late", "duplicate"][..]),
        ("reminders sent", &["reminded"]),
        ("reminded when done", &["never said"]),
        ("left outside", &["never said"]),
    ] {
        assert_eq!(told.number(row), told.count(verbs), "{row} in:\n{}", told.text);
    }
    assert_eq!((told.number("people"), told.number("inquiries")), (6, 8));
    assert_eq!((told.number("back by a reminder"), told.number("finished by themselves")), (3, 2), "{}", told.text);
    assert_eq!(told.number("reminders sent"), 5);
}

/// Links, codes and tokens are for their person alone; and a line fits a terminal.
#[tokio::test]
async fn the_demo_shows_no_secret_and_no_wide_line() {
    let output = run(&["demo", "--seconds", "10", "--people", "1"]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    // One address is there for everyone to open: the mailbox, which is gone with the demo.
    let mailbox = text.lines().find_map(|line| line.strip_prefix("What people get stands in their mailbox: ")).unwrap();
    assert!(mailbox.starts_with("http://127.0.0.1:") && mailbox.ends_with('/'), "{mailbox}");
    let text = text.replacen(mailbox, "", 1);
    for secret in
        ["code=", "token=", "us1-", "eyJ", "whsec_", "wbhsec_", "persona_sandbox_", "inq_", "http://", "\u{1b}"]
    {
        assert!(!text.contains(secret), "{secret} stands in:\n{text}");
    }
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}
