//! The schema is the same on both databases by name, comes step by step, and is refused when it is newer.

use std::collections::BTreeSet;
use std::path::Path;

use rekindle::storage::{Database, Kind, StorageError};

use crate::storage::raw;
use crate::support::{self, Scratch, on_both};

/// The files of one database's migrations, in order.
fn files(backend: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(backend);
    let mut names: Vec<String> =
        folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Every table and column, as `table.column`.
async fn columns(database: &Scratch) -> BTreeSet<String> {
    let sql = match database.kind() {
        Kind::Sqlite => {
            "SELECT m.name || '.' || c.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c
             WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        }
        Kind::Postgres => {
            "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = 'public'"
        }
    };
    raw::column(database, sql).await.into_iter().collect()
}

/// Every index that a migration names.
async fn indices(database: &Scratch) -> BTreeSet<String> {
    let sql = match database.kind() {
        Kind::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
        Kind::Postgres => {
            "SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
             WHERE relnamespace = 'public'::regnamespace AND NOT indisunique"
        }
    };
    raw::column(database, sql).await.into_iter().collect()
}

#[test]
fn both_databases_have_the_same_migrations_numbered_without_gaps() {
    assert_eq!(files("sqlite"), files("postgres"));
    for (place, name) in files("sqlite").iter().enumerate() {
        assert!(name.starts_with(&format!("{:04}_", place + 1)), "{name}");
        assert_eq!(Path::new(name).extension().unwrap(), "sql");
    }
}

#[tokio::test]
async fn both_databases_have_the_same_tables_columns_and_indices() {
    let Some(postgres) = support::postgres().await else { return };
    let sqlite = support::sqlite().await;
    assert_eq!(columns(&sqlite).await, columns(&postgres).await);
    assert_eq!(indices(&sqlite).await, indices(&postgres).await);
    assert!(indices(&sqlite).await.contains("actions_due"));
}

on_both! {
    async fn every_migration_is_built_in_and_recorded(database: &Scratch) {
        let backend = if database.kind() == Kind::Sqlite { "sqlite" } else { "postgres" };
        let applied = raw::column(database, "SELECT description FROM _sqlx_migrations ORDER BY version").await;
        let written: Vec<String> = files(backend)
            .iter()
            .map(|name| name.trim_end_matches(".sql").split_once('_').unwrap().1.replace('_', " "))
            .collect();
        assert_eq!(applied, written, "a stale build, if a file is missing here: touch src/storage/migrations.rs");
    }

    async fn migrating_again_changes_nothing(database: &Scratch) {
        let before = columns(database).await;
        database.migrate().await.unwrap();
        database.check_schema().await.unwrap();
        assert_eq!(columns(database).await, before);
    }

    async fn a_newer_schema_is_refused(database: &Scratch) {
        let sql = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                   SELECT 9999, 'of tomorrow', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1";
        raw::execute(database, sql).await;
        let known = i64::try_from(files("sqlite").len()).unwrap();
        for error in [database.check_schema().await.unwrap_err(), database.migrate().await.unwrap_err()] {
            let StorageError::SchemaNewer { known: says, found } = error else { panic!("{error:?}") };
            assert_eq!((says, found), (known, 9999));
        }
    }

    async fn an_older_schema_is_told_from_a_changed_one(database: &Scratch) {
        let newest = files("sqlite").len();
        raw::execute(database, &format!("DELETE FROM _sqlx_migrations WHERE version = {newest}")).await;
        assert!(matches!(database.check_schema().await.unwrap_err(), StorageError::NotMigrated));
        raw::execute(database, "UPDATE _sqlx_migrations SET checksum = 'ff' WHERE version = 1").await;
        let error = database.check_schema().await.unwrap_err();
        assert!(error.to_string().contains("migration 1 was previously applied but has been modified"), "{error}");
    }

    async fn several_processes_can_migrate_at_once(database: &Scratch) {
        // Back to nothing: that is where all of them start from.
        let drop_all = "DROP VIEW view_inquiries; DROP VIEW view_events; DROP VIEW view_actions; DROP VIEW view_attempts;
                        DROP VIEW view_tallies; DROP VIEW view_templates; DROP VIEW view_lanes;
                        DROP VIEW view_reconciliations; DROP VIEW view_budgets; DROP VIEW view_refusals; DROP VIEW view_alerts;
                        DROP TABLE alerts; DROP TABLE alert_notices;
                        DROP VIEW view_outcomes; DROP TABLE outcomes; DROP TABLE outcome_counts;
                        DROP TABLE tallies; DROP TABLE tally_deltas; DROP TABLE refusals;
                        DROP TABLE contacts; DROP TABLE notices; DROP TABLE suppressions;
                        DROP TABLE session_tokens; DROP TABLE webhook_secrets; DROP TABLE access_links; DROP TABLE link_keys; DROP TABLE api_tokens;
                        DROP TABLE customer_lineages; DROP TABLE creations; DROP TABLE idempotency_keys;
                        DROP TABLE static_links; DROP TABLE successions; DROP TABLE mutes; DROP TABLE admissions;
                        DROP TABLE session_counts; DROP TABLE singletons; DROP TABLE lanes; DROP TABLE attempts; DROP TABLE actions;
                        DROP TABLE templates; DROP TABLE inquiries; DROP TABLE events; DROP TABLE environments;
                        DROP TABLE reconciliations; DROP TABLE prunings; DROP TABLE subjects; DROP TABLE master_keys;
                        DROP TABLE operator_tokens; DROP TABLE operator_sessions; DROP TABLE sign_in_links;
                        DROP TABLE sign_ins; DROP TABLE audit; DROP TABLE audit_head; DROP TABLE reference_ids;
                        DROP TABLE replays; DROP TABLE replay_waits; DROP TABLE replay_reasons;
                        DROP TABLE budgets; DROP TABLE template_runs; DROP TABLE template_polls;
                        DROP TABLE _sqlx_migrations;";
        raw::execute(database, drop_all).await;
        let unmigrated = database.check_schema().await.unwrap_err();
        assert!(matches!(unmigrated, StorageError::NotMigrated), "{unmigrated:?}");
        let mut processes = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let other = Database::open(&database.url).await.unwrap();
            processes.spawn(async move { other.migrate().await });
        }
        for outcome in processes.join_all().await {
            outcome.unwrap();
        }
        database.check_schema().await.unwrap();
        let applied = raw::column(database, "SELECT description FROM _sqlx_migrations").await;
        assert_eq!(applied.len(), files("sqlite").len(), "each once");
    }
}
