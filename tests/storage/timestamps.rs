//! A time is the same on both databases, to the microsecond, and sorts as a time.

use rekindle::domain::template::{Template, TemplateSource};
use rekindle::domain::time::Timestamp;
use rekindle::storage::{Kind, StorageError};

use crate::storage::sample::{at, sandbox, template_id};
use crate::support::on_both;

/// In their order: before 1970, before 2000 (where PostgreSQL starts to count), with and without a fraction, far away.
const TIMES: [&str; 8] = [
    "0001-01-01T00:00:00Z",
    "1969-12-31T23:59:59.999999Z",
    "1970-01-01T00:00:00Z",
    "1999-12-31T23:59:59.999999Z",
    "2024-03-15T18:30:00Z",
    "2024-03-15T18:30:00.000001Z",
    "2024-03-15T18:30:00.5Z",
    "9999-12-30T21:59:59.999999Z",
];

fn template(number: usize, observed_at: Timestamp) -> Template {
    Template {
        id: template_id(&format!("itmpl_{number}")),
        name: None,
        latest_version: None,
        observed_at,
        source: TemplateSource::Included,
    }
}

on_both! {
    async fn a_time_reads_back_as_it_was_written(database: &Scratch) {
        let mut tx = database.begin().await.unwrap();
        for (number, text) in TIMES.iter().enumerate() {
            let time = Timestamp::parse(text).unwrap();
            tx.observe_template(&sandbox(), &template(number, time), time).await.unwrap();
        }
        tx.commit().await.unwrap();
        let mut tx = database.read().await.unwrap();
        let known = tx.list_templates(&sandbox()).await.unwrap();
        let read: Vec<String> = known.iter().map(|known| known.template.observed_at.to_string()).collect();
        assert_eq!(read, TIMES);
        assert!(known.iter().all(|known| known.learnt_at == known.template.observed_at));
    }

    async fn the_database_compares_times_as_we_do(database: &Scratch) {
        let times: Vec<Timestamp> = TIMES.iter().map(|text| Timestamp::parse(text).unwrap()).collect();
        for (number, earlier) in times.iter().enumerate() {
            for later in &times[number..] {
                let mut tx = database.begin().await.unwrap();
                tx.observe_template(&sandbox(), &template(0, *later), at(0)).await.unwrap();
                tx.observe_template(&sandbox(), &template(0, *earlier), at(0)).await.unwrap();
                let known = tx.template(&sandbox(), &template_id("itmpl_0")).await.unwrap().unwrap();
                assert_eq!(known.template.observed_at, *later, "{earlier} and {later}");
            }
        }
    }

    async fn a_time_that_postgres_can_t_keep_is_refused_before_it_is_sent(database: &Scratch) {
        let mut tx = database.begin().await.unwrap();
        let result = tx.observe_template(&sandbox(), &template(0, Timestamp::from_micros(i64::MIN)), at(0)).await;
        if database.kind() == Kind::Postgres {
            assert!(matches!(result.unwrap_err(), StorageError::Sqlx(_)));
        }
        tx.observe_template(&sandbox(), &template(1, at(0)), at(0)).await.unwrap();
        tx.commit().await.unwrap();
    }
}
