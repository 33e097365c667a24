//! The audit's chain: whatever is done to it by hand is found.

use proptest::prelude::*;
use rekindle::domain::act::Act;
use rekindle::domain::deed::{About, Broken, Chain, Deed, Entry, Head, NoReason};
use rekindle::domain::ids::EnvironmentName;
use rekindle::domain::operator::Operator;
use rekindle::domain::time::Timestamp;

fn deed(number: i64) -> Deed {
    let by = Operator::at_the_command_line("ada");
    let deed = Deed::new(&by, Act::Retry, Some("once more"), Timestamp::from_second(number)).unwrap();
    let deed = deed.about(About { kind: "action", id: format!("rka_{number}") });
    if number % 2 == 0 { deed.within(&EnvironmentName::parse("sandbox").unwrap()) } else { deed }
}

/// A chain of so many records, and its head.
fn chain(records: i64) -> (Vec<Entry>, Head) {
    let (mut entries, mut head) = (Vec::new(), Head::EMPTY);
    for number in 1..=records {
        let entry = deed(number).entry(&head);
        head = Head { number: entry.number, hash: entry.hash.clone().try_into().unwrap() };
        entries.push(entry);
    }
    (entries, head)
}

fn verify(entries: &[Entry], kept: Head, noted: Option<Head>) -> Result<Head, Broken> {
    let mut chain = Chain::new(noted);
    for entry in entries {
        chain.take(entry)?;
    }
    chain.end(kept)
}

#[test]
fn a_chain_as_it_was_made_is_whole() {
    for records in [0, 1, 7] {
        let (entries, head) = chain(records);
        assert_eq!(verify(&entries, head, None), Ok(head));
        assert_eq!(Head::parse(&head.to_string()), Some(head));
    }
}

#[test]
fn a_missing_record_shows_wherever_it_was() {
    let (entries, head) = chain(5);
    for missing in 0..5 {
        let mut rest = entries.clone();
        rest.remove(missing);
        let found = verify(&rest, head, None).unwrap_err();
        let expected =
            if missing == 4 { Broken::CutShort { found: 4, expected: 5 } } else { Broken::Missing(missing as u64 + 1) };
        assert_eq!(found, expected);
    }
}

/// Every part of a record, changed by itself.
#[test]
fn a_changed_record_shows_whatever_was_changed() {
    let (entries, head) = chain(3);
    let changes: [fn(&mut Entry); 12] = [
        |entry| entry.at = Timestamp::from_second(9),
        |entry| entry.environment = None,
        |entry| entry.environment = Some("production".to_owned()),
        |entry| entry.who = "cli:grace".to_owned(),
        |entry| entry.role = "viewer".to_owned(),
        |entry| entry.how = "session".to_owned(),
        |entry| entry.act = "cancel".to_owned(),
        |entry| entry.about = None,
        |entry| entry.about = Some(("action".to_owned(), "rka_9".to_owned())),
        |entry| entry.reason = None,
        |entry| entry.reason = Some("because".to_owned()),
        |entry| entry.address = Some(String::new()),
    ];
    for (position, change) in changes.iter().enumerate() {
        let mut edited = entries.clone();
        change(&mut edited[1]);
        assert_eq!(verify(&edited, head, None), Err(Broken::Changed(2)), "change {position}");
    }
    let mut moved = entries.clone();
    (moved[1].who, moved[1].role) = ("cli:adaa".to_owned(), "dmin".to_owned());
    assert_eq!(verify(&moved, head, None), Err(Broken::Changed(2)), "no part runs into the next");
}

#[test]
fn another_order_and_a_hash_made_anew_show() {
    let (entries, head) = chain(4);
    let mut swapped = entries.clone();
    swapped.swap(1, 2);
    assert_eq!(verify(&swapped, head, None), Err(Broken::Missing(2)));
    let mut renumbered = swapped;
    (renumbered[1].number, renumbered[2].number) = (2, 3);
    assert_eq!(verify(&renumbered, head, None), Err(Broken::Unbound(2)));
    // Whoever changes one record and makes its hash anew is given away by the next.
    let mut anew = entries.clone();
    let before = Head { number: 1, hash: entries[0].hash.clone().try_into().unwrap() };
    anew[1] = deed(9).entry(&before);
    assert_eq!(verify(&anew, head, None), Err(Broken::Unbound(3)));
}

/// Whoever can write everything can write a chain anew; who keeps a head elsewhere finds out.
#[test]
fn a_chain_that_was_written_anew_is_not_the_one_that_was_noted() {
    let (entries, head) = chain(3);
    let noted = Some(head);
    let (mut anew, mut last) = (Vec::new(), Head::EMPTY);
    for number in [1, 2, 4, 5] {
        let entry = deed(number).entry(&last);
        last = Head { number: entry.number, hash: entry.hash.clone().try_into().unwrap() };
        anew.push(entry);
    }
    assert_eq!(verify(&anew, last, None), Ok(last));
    assert_eq!(verify(&anew, last, noted), Err(Broken::Rewritten(3)));
    let (longer, longest) = chain(5);
    assert_eq!(verify(&longer, longest, noted), Ok(longest), "it may have grown");
    let (shorter, short) = chain(2);
    assert_eq!(verify(&shorter, short, noted), Err(Broken::CutShort { found: 2, expected: 3 }));
    assert_eq!(verify(&entries, Head { hash: [7; 32], ..head }, None), Err(Broken::Changed(3)), "another head is kept");
}

#[test]
fn what_touches_people_is_not_done_without_a_reason() {
    let by = Operator::at_the_command_line("ada");
    let now = Timestamp::from_second(1);
    for act in Act::ALL {
        for reason in [None, Some(""), Some(" \n")] {
            assert_eq!(Deed::new(&by, *act, reason, now).err(), act.touches_people().then_some(NoReason), "{act}");
        }
        assert_eq!(Deed::new(&by, *act, Some(" why "), now).unwrap().reason(), Some("why"));
    }
}

proptest! {
    /// What is hashed is what is kept, however long and odd it is.
    #[test]
    fn any_text_makes_a_whole_record(reason in any::<String>(), who in any::<String>(), id in ".{0,3000}") {
        let by = Operator::at_the_command_line(&who);
        let deed = Deed::new(&by, Act::Look, Some(&reason), Timestamp::from_second(1)).unwrap();
        let entry = deed.about(About { kind: "event", id }).entry(&Head::EMPTY);
        let kept = [Some(&entry.who), entry.reason.as_ref(), entry.about.as_ref().map(|about| &about.1)];
        for text in kept.into_iter().flatten() {
            prop_assert!(text.len() <= 1_000 && !text.contains('\0'));
        }
        let head = Head { number: 1, hash: entry.hash.clone().try_into().unwrap() };
        prop_assert_eq!(verify(&[entry], head, None), Ok(head));
    }
}
