//! What letters say, in every language.

use super::*;

const NOW: Timestamp = Timestamp::from_second(1_767_268_800);

fn reminder(language: Language, hours: i64) -> Notice {
    let left = SignedDuration::from_hours(hours);
    sample_notice(LetterKind::Reminder, "ada@example.com".into(), language, NOW, left).unwrap()
}

fn own(text: &str) -> Result<Letters, LetterError> {
    let (kind, language) = (LetterKind::Reminder, Language::En);
    let file = PathBuf::from("letters/reminder.en.txt");
    Letters::new(LetterBrand::default(), &[OwnTemplate { file, kind, language, text: text.to_owned() }])
}

fn bank() -> LetterBrand {
    LetterBrand {
        name: "Example Bank".to_owned(),
        support: Some(Support {
            text: "help@bank.example".to_owned(),
            href: Some("mailto:help@bank.example".to_owned()),
        }),
        legal: BTreeMap::from([(Language::En, "Example Bank plc, 1 High Street, Exampleton".to_owned())]),
        ..LetterBrand::default()
    }
}

#[test]
fn a_reminder_reads_as_a_careful_company_would_write_it() {
    let letters = Letters::new(bank(), &[]).unwrap();
    let letter = letters.of_notice(&reminder(Language::En, 12)).unwrap();
    insta::assert_snapshot!(format!("{}\n\n{}", letter.subject, letter.text.expose_secret()), @r"
    Your verification for Example Bank is waiting for you

    Hello Ada Example,

    You started to confirm your identity for Example Bank, and it isn’t finished yet. Still to do: a selfie.

    Continue:
    https://verify.example.com/go/sample-link-that-opens-nothing

    You have until Friday, 2 January at 12:00 am (UTC). You can go on where you stopped.

    Example Bank

    You get this message because a verification for Example Bank is open in your name. Please don’t forward it: the link is yours alone.
    Questions? help@bank.example
    I don’t want these messages: https://verify.example.com/no-more/sample
    Example Bank plc, 1 High Street, Exampleton
    ");
}

#[test]
fn the_last_call_says_that_time_is_short_in_every_language() {
    let letters = Letters::new(bank(), &[]).unwrap();
    let subject = |language, hours| letters.of_notice(&reminder(language, hours)).unwrap().subject;
    for (language, early, late) in [
        (
            Language::En,
            "Your verification for Example Bank is waiting for you",
            "Time is nearly up: your verification for Example Bank",
        ),
        (
            Language::Es,
            "Su verificación para Example Bank le está esperando",
            "Queda poco tiempo: su verificación para Example Bank",
        ),
        (
            Language::De,
            "Ihre Überprüfung für Example Bank wartet auf Sie",
            "Die Zeit wird knapp: Ihre Überprüfung für Example Bank",
        ),
        (
            Language::Fr,
            "Votre vérification pour Example Bank vous attend",
            "Il reste peu de temps\u{a0}: votre vérification pour Example Bank",
        ),
    ] {
        assert_eq!((subject(language, 7).as_str(), subject(language, 6).as_str()), (early, late));
    }
}

#[test]
fn every_standard_letter_says_everything_and_loads_nothing() {
    let letters = Letters::new(bank(), &[]).unwrap();
    for language in Language::ALL {
        let left = SignedDuration::from_hours(12);
        let invitation = sample_invitation("ada@example.com".into(), language, NOW, left).unwrap();
        let notices = [LetterKind::Reminder, LetterKind::Revived, LetterKind::Replaced]
            .map(|kind| sample_notice(kind, "ada@example.com".into(), language, NOW, left).unwrap());
        let written =
            notices.iter().map(|notice| letters.of_notice(notice)).chain([letters.of_invitation(&invitation)]);
        for letter in written.map(Result::unwrap) {
            let (text, html) = (letter.text.expose_secret(), letter.html.expose_secret());
            assert_eq!(letter.language, language);
            for part in
                ["Ada Example", "Example Bank", "help@bank.example", "1 High Street", "/go/sample-", "/no-more/", "UTC"]
            {
                assert!(text.contains(part) && html.contains(part), "{language}: {part} in\n{text}\n{html}");
            }
            assert!(html.contains(&format!("lang=\"{language}\"")) && html.contains("color-scheme"));
            for loads in ["<img", "<link", "src=", "url(", "@import", "<script"] {
                assert!(!html.contains(loads), "{loads} in\n{html}");
            }
            assert!(!text.contains("{{") && !text.contains("\n\n\n") && letter.subject.chars().count() <= 78, "{text}");
        }
    }
}

#[test]
fn the_language_is_the_persons_where_it_is_offered_and_else_the_first() {
    let letters = Letters::new(LetterBrand { languages: vec![Language::Fr, Language::De], ..bank() }, &[]).unwrap();
    let mut notice = reminder(Language::De, 12);
    for (tag, language) in [(Some("de-CH"), Language::De), (Some("en"), Language::Fr), (None, Language::Fr)] {
        notice.to.as_mut().unwrap().language = tag.map(str::to_owned);
        assert_eq!(letters.of_notice(&notice).unwrap().language, language, "{tag:?}");
    }
}

#[test]
fn who_never_began_is_not_told_to_go_on() {
    let mut notice = reminder(Language::En, 12);
    notice.next_step = Some("start".to_owned());
    let text = Letters::standard().of_notice(&notice).unwrap().text;
    assert!(text.expose_secret().contains("It takes a few minutes. Still to do: a few short steps."));
    assert!(!text.expose_secret().contains("where you stopped"));
}

#[test]
fn a_name_that_is_none_is_left_out_and_no_name_breaks_the_page() {
    let mut notice = reminder(Language::En, 12);
    for (name, greeting) in [
        ("Ada  Example", "Hello Ada Example,"),
        ("Win at https://evil.example", "Hello,"),
        ("<b>Ada</b>", "Hello,"),
        ("[Claim](https://evil.example)", "Hello,"),
        ("Ada\r\nBcc: eve@example.com", "Hello,"),
        ("O’Neil & \"Sons\"", "Hello O’Neil & \"Sons\","),
        ("{{ link }}", "Hello {{ link }},"),
    ] {
        notice.to.as_mut().unwrap().name = Some(name.into());
        let letter = Letters::standard().of_notice(&notice).unwrap();
        assert!(letter.text.expose_secret().starts_with(greeting), "{name:?}: {}", letter.text.expose_secret());
        assert!(!letter.html.expose_secret().contains("evil.example"));
        assert!(!letter.html.expose_secret().contains("& \""), "what a name holds is text");
    }
}

#[test]
fn a_letter_shows_nothing_of_itself() {
    let letter = Letters::standard().of_notice(&reminder(Language::En, 12)).unwrap();
    assert_eq!(format!("{letter:?}"), "Letter { language: En, .. }");
}

#[test]
fn a_template_of_ones_own_is_used_in_its_language_alone() {
    let letters = own("Dear {{ brand }} customer\n\nOn we go:\n[Go]({{ link }})\n").unwrap();
    let letter = letters.of_notice(&reminder(Language::En, 12)).unwrap();
    assert_eq!(letter.subject, "Dear Rekindle customer");
    assert!(letter.text.expose_secret().starts_with("On we go:\n\nGo:\nhttps://verify.example.com/go/"));
    assert!(letters.of_notice(&reminder(Language::De, 12)).unwrap().subject.starts_with("Ihre"));
}

#[test]
fn a_template_that_would_fail_at_night_is_refused_with_its_place() {
    for (text, line, trouble) in [
        ("Hello\n\n{{ link }}\n{{ nmae }}", 4, "undefined"),
        ("Hello\n\n{{ link }} {% if last_call %}", 3, "syntax error"),
        ("Hello\n{{ link | upprecase }}", 2, "unknown filter"),
        ("\n\n{{ link }}", 1, "first line is empty"),
        ("Hello\n\nno way in", 2, "says {{ link }} nowhere"),
        // Only where somebody is known of whom nothing is: the samples hold that case, too.
        ("Hello\n\n{{ link }}\n{{ name | length }}", 4, ""),
    ] {
        let error = own(text).unwrap_err();
        assert_eq!((error.file.as_str(), error.line), ("letters/reminder.en.txt", line), "{error}");
        assert!(error.trouble.contains(trouble) && error.remedy.contains("docs/notices.md"), "{error}");
    }
}
