//! Alerts as they stand, silences beside them, and notices until they are taken.

use jiff::SignedDuration;
use rekindle::domain::alert::{Alert, AlertName, AlertState, News, Silenced};
use rekindle::domain::ids::{ActionId, NotifierName};
use rekindle::storage::Database;
use rekindle::storage::alerts::{AlertNotice, Settled};
use rekindle::storage::refusals::Refused;

use crate::storage::sample::{at, environment};
use crate::support::on_both;

fn alert(name: AlertName) -> Alert {
    let quiet = Alert::quiet(environment("one"), name, at(1));
    Alert {
        state: AlertState::Firing,
        seen_at: at(9),
        told_at: Some(at(5)),
        value: 3,
        summary: "three".to_owned(),
        ..quiet
    }
}

fn notice(id: &str, news: News, second: i64) -> AlertNotice {
    AlertNotice {
        id: ActionId::parse(id).unwrap(),
        environment: environment("one"),
        name: AlertName::DeadLetters,
        notifier: NotifierName::parse("ops").unwrap(),
        news,
        since: at(1),
        value: 3,
        summary: "three".to_owned(),
        created_at: at(second),
        due_at: at(second),
        tries: 0,
        ended_at: None,
        error: None,
    }
}

async fn add(database: &Database, notice: &AlertNotice) {
    let mut tx = database.begin().await.unwrap();
    tx.add_alert_notice(notice).await.unwrap();
    tx.commit().await.unwrap();
}

async fn due(database: &Database, second: i64) -> Vec<AlertNotice> {
    database.read().await.unwrap().due_alert_notices(at(second), 10).await.unwrap()
}

on_both! {
    async fn an_alert_is_kept_as_it_stands_and_its_silence_beside_it(database: &Scratch) {
        let silenced = Silenced { until: at(99), by: "ada".to_owned(), why: "known".to_owned() };
        let mut tx = database.begin().await.unwrap();
        assert_eq!(tx.lock_alerts(&environment("one")).await.unwrap(), []);
        tx.silence_alert(&environment("one"), AlertName::Silence, Some(&silenced), at(1)).await.unwrap();
        tx.save_alert(&alert(AlertName::DeadLetters)).await.unwrap();
        tx.save_alert(&Alert { environment: environment("two"), ..alert(AlertName::DeadLetters) }).await.unwrap();
        let untouched = tx.lock_alerts(&environment("one")).await.unwrap();
        let quiet = Alert { silenced: Some(silenced.clone()), ..Alert::quiet(environment("one"), AlertName::Silence, at(1)) };
        assert_eq!(untouched, [alert(AlertName::DeadLetters), quiet]);

        // Each writes its own.
        tx.silence_alert(&environment("one"), AlertName::DeadLetters, Some(&silenced), at(2)).await.unwrap();
        let later = Alert { seen_at: at(10), told_at: None, ..alert(AlertName::DeadLetters) };
        tx.save_alert(&later).await.unwrap();
        tx.commit().await.unwrap();
        let kept = database.read().await.unwrap().alerts().await.unwrap();
        assert_eq!(kept[0], Alert { silenced: Some(silenced), ..later.clone() });
        assert_eq!(kept.len(), 3);
        let mut tx = database.begin().await.unwrap();
        tx.silence_alert(&environment("one"), AlertName::DeadLetters, None, at(3)).await.unwrap();
        assert_eq!(tx.lock_alerts(&environment("one")).await.unwrap()[0], later);
    }

    async fn a_notice_is_due_until_it_is_taken_or_overtaken(database: &Scratch) {
        let (first, other) = (notice("a1", News::Firing, 1), notice("a2", News::Resolved, 5));
        let elsewhere = AlertNotice { notifier: NotifierName::parse("mail").unwrap(), ..notice("a3", News::Firing, 2) };
        add(database, &first).await;
        add(database, &elsewhere).await;
        assert_eq!(due(database, 0).await, []);
        assert_eq!(due(database, 9).await, [first.clone(), elsewhere.clone()]);
        let mut tx = database.begin().await.unwrap();
        let failed = Settled { due_at: at(30), ended_at: None, error: Some("away".to_owned()) };
        tx.settle_alert_notice(&first.id, &failed).await.unwrap();
        let taken = Settled { due_at: at(9), ended_at: Some(at(9)), error: None };
        tx.settle_alert_notice(&elsewhere.id, &taken).await.unwrap();
        tx.settle_alert_notice(&elsewhere.id, &failed).await.unwrap();
        tx.commit().await.unwrap();
        let waits = AlertNotice { due_at: at(30), tries: 1, error: Some("away".to_owned()), ..first.clone() };
        assert_eq!((due(database, 29).await, due(database, 30).await), (vec![], vec![waits.clone()]));

        add(database, &other).await;
        add(database, &other).await;
        assert_eq!(due(database, 99).await, std::slice::from_ref(&other), "the same id again is the same notice");
        let mut tx = database.begin().await.unwrap();
        let latest = tx.latest_alert_notices(10).await.unwrap();
        let ended: Vec<_> = latest.iter().map(|one| (one.id.as_str(), one.ended_at, one.error.as_deref())).collect();
        let overtaken = Some("overtaken by a later one");
        assert_eq!(ended, [("a2", None, None), ("a3", Some(at(9)), None), ("a1", Some(at(5)), overtaken)]);
        assert_eq!(tx.forget_alert_notices(at(5)).await.unwrap(), 2);
        assert_eq!(tx.latest_alert_notices(10).await.unwrap().len(), 1);
    }

    async fn refusals_of_one_kind_are_counted_since_a_time(database: &Scratch) {
        let refused = |name: Option<&str>, outcome: &str, second| Refused {
            at: at(second),
            environment: name.map(environment),
            outcome: outcome.to_owned(),
            reason: "no".to_owned(),
            address: None,
        };
        let mut tx = database.begin().await.unwrap();
        let all = [refused(Some("one"), "signature", 1), refused(Some("one"), "signature", 5),
                   refused(Some("one"), "too_large", 6), refused(Some("two"), "signature", 7), refused(None, "signature", 8)];
        tx.add_refusals(&all, 100).await.unwrap();
        assert_eq!(tx.count_refusals(&environment("one"), "signature", at(2)).await.unwrap(), 1);
        assert_eq!(tx.count_refusals(&environment("one"), "signature", at(1)).await.unwrap(), 2);
        let day = SignedDuration::from_hours(24);
        assert_eq!(tx.tally_totals(&environment("one"), at(0).minus(day), at(0).plus(day)).await.unwrap().len(), 0);
    }
}
