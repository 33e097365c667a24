//! Rule fingerprints.

use crate::storage::sample::{at, environment};
use crate::support::on_both;

on_both! {
    async fn the_last_fingerprint_of_each_environment_is_remembered(database: &Scratch) {
        let (sandbox, production) = (environment("sandbox"), environment("production"));
        let mut tx = database.begin().await.unwrap();
        assert_eq!(tx.rules_fingerprint(&sandbox).await.unwrap(), None);
        tx.set_rules_fingerprint(&sandbox, "first", at(0)).await.unwrap();
        tx.set_rules_fingerprint(&sandbox, "second", at(1)).await.unwrap();
        tx.set_rules_fingerprint(&production, "other", at(1)).await.unwrap();
        tx.commit().await.unwrap();

        let mut tx = database.read().await.unwrap();
        assert_eq!(tx.rules_fingerprint(&sandbox).await.unwrap().as_deref(), Some("second"));
        assert_eq!(tx.rules_fingerprint(&production).await.unwrap().as_deref(), Some("other"));
    }
}
