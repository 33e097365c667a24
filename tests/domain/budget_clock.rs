//! The budget by a clock that is set back: what was told for a time that has not come keeps nobody waiting for it.

use jiff::SignedDuration;
use rekindle::domain::budget::{Returned, Told, Urgency};

use super::budget::{WINDOW, at, told};

#[test]
fn a_clock_that_was_set_back_locks_nobody_out() {
    let mut ledger = told(80);
    ledger.closed_until = Some(at(60_000));
    ledger.exchange("dead", &Returned::default(), Some((Urgency::Waiting, 10)), at(15_000), at(0));
    let before = at(-86_400_000);
    ledger.advance(before);
    assert!(ledger.available(Urgency::Waiting, before) > 0, "{ledger:?}");
    assert!(ledger.opens_at(before) <= before.plus(WINDOW * 2));
    let told = Told { limit: 80, remaining: 7, resets_at: before.plus(WINDOW) };
    ledger.exchange("a", &Returned { told: Some(told), ..Returned::default() }, None, before, before);
    assert_eq!((ledger.left, ledger.assumed_since), (7, None), "answers are listened to again");
}

#[test]
fn a_clock_that_was_set_back_a_little_makes_nobody_wait_longer_and_frees_nothing_early() {
    let spent = |resets_at: i64| {
        let mut ledger = told(80);
        let told = Told { limit: 80, remaining: 0, resets_at: at(resets_at) };
        ledger.exchange("a", &Returned { told: Some(told), ..Returned::default() }, None, at(35_000), at(20_000));
        ledger
    };
    let in_doubt = Returned { clock_in_doubt: true, ..Returned::default() };
    // Four minutes back, of which forty seconds were still to be waited.
    let (mut ledger, before) = (spent(60_000), at(20_000 - 240_000));
    let grant = ledger.exchange("a", &in_doubt, Some((Urgency::Waiting, 1)), before, before);
    assert_eq!((grant.calls, grant.opens_at), (0, before.plus(SignedDuration::from_secs(41))), "{ledger:?}");
    let after = grant.opens_at;
    assert!(ledger.exchange("a", &Returned::default(), Some((Urgency::Waiting, 1)), after, after).calls > 0);

    // Persona closed the door for long: the same.
    let mut ledger = spent(60_000);
    ledger.closed_until = Some(at(320_000));
    ledger.exchange("a", &in_doubt, None, before, before);
    assert_eq!(ledger.closed_until, Some(at(80_000)));

    // Another process whose clock is a few seconds behind, and one that does not say that its clock was set back.
    for (returned, now) in [(&in_doubt, at(15_000)), (&in_doubt, at(10_500)), (&Returned::default(), before)] {
        let mut ledger = spent(60_000);
        let grant = ledger.exchange("b", returned, Some((Urgency::Waiting, 1)), now, now);
        assert_eq!((grant.calls, ledger.resets_at), (0, Some(at(60_000))), "{ledger:?}");
    }
}
