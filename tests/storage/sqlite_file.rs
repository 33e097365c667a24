//! The SQLite file: made for its owner only, safe to lose power under, and clear about what is in the way.

use std::os::unix::fs::PermissionsExt as _;

use rekindle::storage::Database;

use crate::storage::sample::{at, sandbox};

#[tokio::test]
async fn the_first_start_makes_a_file_that_only_its_owner_can_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.db");
    let database = Database::open(&format!("sqlite://{}", path.display())).await.unwrap();
    database.migrate().await.unwrap();
    for file in ["people.db", "people.db-wal", "people.db-shm"] {
        let mode = std::fs::metadata(folder.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    database.close().await;
    let names: Vec<_> = folder.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["people.db"], "closing leaves one file");
}

#[tokio::test]
async fn a_missing_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing").join("rekindle.db");
    let error = Database::open(&format!("sqlite://{}", path.display())).await.unwrap_err();
    let expected = format!("can't open the database file {}: No such file or directory (os error 2)", path.display());
    assert_eq!(error.to_string(), expected);
    assert!(!error.is_unavailable());
}

#[tokio::test]
async fn what_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "not a database, but a long enough text to be mistaken for one".repeat(100)).unwrap();
    let error = Database::open(&format!("sqlite://{}", path.display())).await.unwrap_err();
    assert_eq!(error.to_string(), "the database refused: file is not a database (26)");
}

#[tokio::test]
async fn what_is_overwritten_is_gone_from_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rekindle.db");
    let contains = |text: &str| {
        let bytes = std::fs::read(&path).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    let erased = "a text to be erased, on pages of its own. ";
    for fingerprint in [erased.repeat(1_000), "-".to_owned()] {
        // Closing writes everything to the file itself.
        let database = Database::open(&format!("sqlite://{}", path.display())).await.unwrap();
        database.migrate().await.unwrap();
        let mut tx = database.begin().await.unwrap();
        tx.set_rules_fingerprint(&sandbox(), &fingerprint, at(0)).await.unwrap();
        tx.commit().await.unwrap();
        database.close().await;
        assert_eq!(contains(erased), fingerprint.contains(erased));
    }
}
