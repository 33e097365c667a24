//! The bare baseline: the rows that a load left in all tables, written again by nothing but multi-row INSERTs.
//!
//! As each database takes them fastest: arrays on PostgreSQL, lists of values on SQLite; a batch of rows of every
//! table is a transaction, as it is with us. What a load wrote more than once is written once here.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rekindle::domain::time::Timestamp;
use rekindle::storage::Database;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, FromRow, QueryBuilder};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Events in a batch.
const BATCH: usize = 256;

macro_rules! rows {
    ($($name:ident of $table:literal { $($column:ident: $type:ty as $sql:literal,)+ })+) => {$(
        #[derive(Clone, FromRow)]
        struct $name { $($column: $type,)+ }

        impl $name {
            const TABLE: &str = $table;
            const COLUMNS: &[&str] = &[$(stringify!($column)),+];

            async fn read_postgres(from: &mut PgConnection) -> Vec<Self> {
                sqlx::query_as(select(Self::TABLE)).fetch_all(from).await.unwrap()
            }

            async fn read_sqlite(from: &mut SqliteConnection) -> Vec<Self> {
                sqlx::query_as(select(Self::TABLE)).fetch_all(from).await.unwrap()
            }

            async fn insert_postgres(rows: &[Self], into: &mut PgConnection) {
                let mut number = 0;
                let arrays = [$($sql),+].map(|kind: &str| { number += 1; format!("${number}::{kind}[]") }).join(", ");
                let columns = Self::COLUMNS.join(", ");
                let sql = format!("INSERT INTO {} ({columns}) SELECT * FROM unnest({arrays})", Self::TABLE);
                let query = sqlx::query(AssertSqlSafe(sql));
                $(let query = query.bind(rows.iter().map(|row| row.$column.clone()).collect::<Vec<$type>>());)+
                query.execute(into).await.unwrap();
            }

            async fn insert_sqlite(rows: &[Self], into: &mut SqliteConnection) {
                let start = format!("INSERT INTO {} ({}) ", Self::TABLE, Self::COLUMNS.join(", "));
                let mut query = QueryBuilder::new(start);
                query.push_values(rows, |mut values, row| {
                    $(values.push_bind(row.$column.clone());)+
                });
                query.build().execute(into).await.unwrap();
            }
        }
    )+};
}

rows! {
    EventRow of "events" {
        environment: String as "text", id: String as "text", name: Option<String> as "text",
        occurred_at: Option<Timestamp> as "timestamptz", received_at: Timestamp as "timestamptz",
        last_received_at: Timestamp as "timestamptz", deliveries: i32 as "integer",
        inquiry_id: Option<String> as "text", origin: String as "text", outcome: Option<String> as "text",
        reason: Option<String> as "text", subject: Option<String> as "text", body_encoding: String as "text",
        body: Vec<u8> as "bytea",
    }
    SubjectRow of "subjects" {
        environment: String as "text", subject: String as "text", sealed_key: Option<Vec<u8>> as "bytea",
        master_key_id: Option<String> as "text", created_at: Timestamp as "timestamptz",
    }
    InquiryRow of "inquiries" {
        environment: String as "text", id: String as "text", status: Option<String> as "text",
        person: Option<String> as "text", reference_id: Option<String> as "text", account_id: Option<String> as "text",
        template_id: Option<String> as "text", template_version_id: Option<String> as "text",
        created_at: Option<Timestamp> as "timestamptz", expires_at: Option<Timestamp> as "timestamptz",
        began_at: Option<Timestamp> as "timestamptz", last_observed_at: Option<Timestamp> as "timestamptz",
        redacted: bool as "boolean", state: String as "text", lineage: String as "text",
        first_seen_at: Timestamp as "timestamptz", updated_at: Timestamp as "timestamptz",
    }
    ActionRow of "actions" {
        id: String as "text", environment: String as "text", inquiry_id: String as "text", lineage: String as "text",
        kind: String as "text", arguments: String as "text", dedupe_key: String as "text",
        due_at: Timestamp as "timestamptz", state: String as "text", max_attempts: i32 as "integer",
        reason: Option<String> as "text", cancelled_by: Option<String> as "text",
        created_at: Timestamp as "timestamptz", updated_at: Timestamp as "timestamptz",
        finished_at: Option<Timestamp> as "timestamptz",
    }
}

fn select(table: &str) -> AssertSqlSafe<String> {
    AssertSqlSafe(format!("SELECT * FROM {table}"))
}

/// The rows of some events, and what was new with them.
#[derive(Clone)]
struct Batch {
    subjects: Vec<SubjectRow>,
    events: Vec<EventRow>,
    inquiries: Vec<InquiryRow>,
    actions: Vec<ActionRow>,
}

/// What a load left, in batches.
pub struct Rows {
    events: usize,
    batches: Vec<Batch>,
}

impl Rows {
    pub async fn read(url: &str) -> Self {
        let (mut events, subjects, inquiries, actions) = if url.starts_with("postgres") {
            let mut from = PgConnection::connect(url).await.unwrap();
            let events = EventRow::read_postgres(&mut from).await;
            let subjects = SubjectRow::read_postgres(&mut from).await;
            (events, subjects, InquiryRow::read_postgres(&mut from).await, ActionRow::read_postgres(&mut from).await)
        } else {
            let mut from = SqliteConnection::connect(url).await.unwrap();
            let events = EventRow::read_sqlite(&mut from).await;
            let subjects = SubjectRow::read_sqlite(&mut from).await;
            (events, subjects, InquiryRow::read_sqlite(&mut from).await, ActionRow::read_sqlite(&mut from).await)
        };
        events.sort_by_key(|event| event.received_at);
        let mut inquiries: HashMap<String, InquiryRow> =
            inquiries.into_iter().map(|inquiry| (inquiry.id.clone(), inquiry)).collect();
        let mut subjects: HashMap<String, SubjectRow> =
            subjects.into_iter().map(|subject| (subject.subject.clone(), subject)).collect();
        let mut of_inquiry: HashMap<String, Vec<ActionRow>> = HashMap::new();
        for action in actions {
            of_inquiry.entry(action.inquiry_id.clone()).or_default().push(action);
        }
        let batch = |events: &[EventRow]| {
            let ids = || events.iter().filter_map(|event| event.inquiry_id.as_ref());
            let subjects = ids().filter_map(|id| subjects.remove(&format!("inquiry/{id}"))).collect();
            let new: Vec<InquiryRow> = ids().filter_map(|id| inquiries.remove(id)).collect();
            let actions = new.iter().flat_map(|inquiry| of_inquiry.remove(&inquiry.id).unwrap_or_default()).collect();
            Batch { subjects, events: events.to_vec(), inquiries: new, actions }
        };
        Self { events: events.len(), batches: events.chunks(BATCH).map(batch).collect() }
    }
}

/// Writes the rows into a fresh database over so many connections; gives events per second.
#[expect(clippy::cast_precision_loss, reason = "a count of some thousands")]
pub async fn insert(url: &str, rows: &Rows, connections: usize) -> f64 {
    let database = Database::open(url).await.unwrap();
    database.migrate().await.unwrap();
    database.close().await;
    let (batches, next) = (Arc::new(rows.batches.clone()), Arc::new(AtomicUsize::new(0)));
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let (batches, next, url) = (batches.clone(), next.clone(), url.to_owned());
        tasks.spawn(async move {
            if url.starts_with("postgres") {
                let mut into = PgConnection::connect(&url).await.unwrap();
                while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut tx = into.begin().await.unwrap();
                    EventRow::insert_postgres(&batch.events, &mut tx).await;
                    if !batch.subjects.is_empty() {
                        SubjectRow::insert_postgres(&batch.subjects, &mut tx).await;
                    }
                    if !batch.inquiries.is_empty() {
                        InquiryRow::insert_postgres(&batch.inquiries, &mut tx).await;
                    }
                    if !batch.actions.is_empty() {
                        ActionRow::insert_postgres(&batch.actions, &mut tx).await;
                    }
                    tx.commit().await.unwrap();
                }
            } else {
                // As we open it: see storage::open.
                let options: SqliteConnectOptions = url.parse().unwrap();
                let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
                let options = options.foreign_keys(true).pragma("secure_delete", "on");
                let mut into = options.disable_statement_logging().connect().await.unwrap();
                while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut tx = into.begin().await.unwrap();
                    EventRow::insert_sqlite(&batch.events, &mut tx).await;
                    if !batch.subjects.is_empty() {
                        SubjectRow::insert_sqlite(&batch.subjects, &mut tx).await;
                    }
                    if !batch.inquiries.is_empty() {
                        InquiryRow::insert_sqlite(&batch.inquiries, &mut tx).await;
                    }
                    if !batch.actions.is_empty() {
                        ActionRow::insert_sqlite(&batch.actions, &mut tx).await;
                    }
                    tx.commit().await.unwrap();
                }
            }
        });
    }
    tasks.join_all().await;
    rows.events as f64 / start.elapsed().as_secs_f64()
}

/// Events that were applied.
pub async fn count(url: &str) -> i64 {
    const APPLIED: &str = "SELECT count(*) FROM events WHERE outcome = 'applied'";
    if url.starts_with("postgres") {
        sqlx::query_scalar(APPLIED).fetch_one(&mut PgConnection::connect(url).await.unwrap()).await.unwrap()
    } else {
        sqlx::query_scalar(APPLIED).fetch_one(&mut SqliteConnection::connect(url).await.unwrap()).await.unwrap()
    }
}
