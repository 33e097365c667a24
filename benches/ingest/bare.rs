//! The bare baseline: the rows that a load left in all tables, written again by nothing but multi-row INSERTs.
//!
//! As each database takes them fastest: arrays on PostgreSQL, lists of values on SQLite; a batch of rows of every
//! table is a transaction, as it is with us. What a load writes more than once is written once here, or, to compare
//! with, as often as we have to: an inquiry with every event about it, its actions when they are planned and when they
//! end, by the same INSERTs with `ON CONFLICT DO UPDATE`.

use std::collections::{HashMap, HashSet};
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

            /// `again`: on conflict with these columns, a row is written over.
            async fn insert_postgres(rows: &[Self], again: Option<&str>, into: &mut PgConnection) {
                if rows.is_empty() {
                    return;
                }
                let mut number = 0;
                let arrays = [$($sql),+].map(|kind: &str| { number += 1; format!("${number}::{kind}[]") }).join(", ");
                let (columns, over) = (Self::COLUMNS.join(", "), Self::over(again));
                let sql = format!("INSERT INTO {} ({columns}) SELECT * FROM unnest({arrays}) {over}", Self::TABLE);
                let query = sqlx::query(AssertSqlSafe(sql));
                $(let query = query.bind(rows.iter().map(|row| row.$column.clone()).collect::<Vec<$type>>());)+
                query.execute(into).await.unwrap();
            }

            async fn insert_sqlite(rows: &[Self], again: Option<&str>, into: &mut SqliteConnection) {
                if rows.is_empty() {
                    return;
                }
                let start = format!("INSERT INTO {} ({}) ", Self::TABLE, Self::COLUMNS.join(", "));
                let mut query = QueryBuilder::new(start);
                query.push_values(rows, |mut values, row| {
                    $(values.push_bind(row.$column.clone());)+
                });
                query.push(Self::over(again));
                query.build().execute(into).await.unwrap();
            }

            fn over(again: Option<&str>) -> String {
                let Some(key) = again else { return String::new() };
                let set: Vec<_> = Self::COLUMNS.iter().map(|column| format!("{column} = excluded.{column}")).collect();
                format!(" ON CONFLICT ({key}) DO UPDATE SET {}", set.join(", "))
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
    once: Vec<Batch>,
    as_often: Vec<Batch>,
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
        // In the order in which they happened: by place within the life of their inquiry, then as they came.
        events.sort_by_key(|event| event.received_at);
        let inquiries: HashMap<String, InquiryRow> =
            inquiries.into_iter().map(|inquiry| (inquiry.id.clone(), inquiry)).collect();
        let subjects: HashMap<String, SubjectRow> =
            subjects.into_iter().map(|subject| (subject.subject.clone(), subject)).collect();
        let mut of_inquiry: HashMap<String, Vec<ActionRow>> = HashMap::new();
        for action in actions {
            of_inquiry.entry(action.inquiry_id.clone()).or_default().push(action);
        }
        let known = Known { subjects, inquiries, actions: of_inquiry };
        let once = in_batches(&events, &known, Writes::once);
        let as_often = in_batches(&events, &known, Writes::each);
        Self { events: events.len(), once, as_often }
    }
}

/// What there is in the end, by inquiry.
struct Known {
    subjects: HashMap<String, SubjectRow>,
    inquiries: HashMap<String, InquiryRow>,
    actions: HashMap<String, Vec<ActionRow>>,
}

/// What one event makes us write beside itself.
#[derive(Default)]
struct Writes {
    subject: Option<SubjectRow>,
    inquiry: Option<InquiryRow>,
    actions: Vec<ActionRow>,
}

impl Writes {
    /// As it is in the end, with the first event.
    fn once(event: &EventRow, first: bool, known: &Known) -> Self {
        let Some(id) = event.inquiry_id.as_ref().filter(|_| first) else { return Self::default() };
        Self {
            subject: known.subjects.get(&format!("inquiry/{id}")).cloned(),
            inquiry: known.inquiries.get(id).cloned(),
            actions: known.actions.get(id).cloned().unwrap_or_default(),
        }
    }

    /// As it is at that moment, with each.
    fn each(event: &EventRow, first: bool, known: &Known) -> Self {
        let (Some(id), Some(name)) = (&event.inquiry_id, &event.name) else { return Self::default() };
        let status = match name.trim_start_matches("inquiry.") {
            "started" | "transitioned" => "pending",
            moment => moment,
        };
        let now = |inquiry: &InquiryRow| InquiryRow { status: Some(status.to_owned()), ..inquiry.clone() };
        let planned = |action: ActionRow| ActionRow {
            state: "planned".to_owned(),
            cancelled_by: None,
            finished_at: None,
            ..action
        };
        let Self { subject, actions: ended, .. } = Self::once(event, true, known);
        let actions = match status {
            _ if first => ended.into_iter().map(planned).collect(),
            "completed" => ended,
            _ => Vec::new(),
        };
        Self { subject: subject.filter(|_| first), inquiry: known.inquiries.get(id).map(now), actions }
    }
}

fn in_batches(events: &[EventRow], known: &Known, of: fn(&EventRow, bool, &Known) -> Writes) -> Vec<Batch> {
    let mut seen = HashSet::new();
    let batch = |events: &[EventRow]| {
        // Within one statement a row can be written once.
        let (mut subjects, mut inquiries, mut actions) = (Vec::new(), HashMap::new(), HashMap::new());
        for event in events {
            let writes = of(event, seen.insert(event.inquiry_id.clone()), known);
            subjects.extend(writes.subject);
            inquiries.extend(writes.inquiry.map(|inquiry| (inquiry.id.clone(), inquiry)));
            actions.extend(writes.actions.into_iter().map(|action| (action.id.clone(), action)));
        }
        let (inquiries, actions) = (inquiries.into_values().collect(), actions.into_values().collect());
        Batch { subjects, events: events.to_vec(), inquiries, actions }
    };
    events.chunks(BATCH).map(batch).collect()
}

/// How often a row is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Written {
    Once,
    AsOften,
}

/// Writes the rows into a fresh database over so many connections; gives events per second.
#[expect(clippy::cast_precision_loss, reason = "a count of some thousands")]
pub async fn insert(url: &str, rows: &Rows, written: Written, connections: usize) -> f64 {
    let database = Database::open(url).await.unwrap();
    database.migrate().await.unwrap();
    database.close().await;
    let batches = if written == Written::Once { &rows.once } else { &rows.as_often };
    let (batches, next) = (Arc::new(batches.clone()), Arc::new(AtomicUsize::new(0)));
    let again = |key: &'static str| (written == Written::AsOften).then_some(key);
    let (inquiry, action) = (again("id, environment"), again("id"));
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let (batches, next, url) = (batches.clone(), next.clone(), url.to_owned());
        tasks.spawn(async move {
            if url.starts_with("postgres") {
                let mut into = PgConnection::connect(&url).await.unwrap();
                while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut tx = into.begin().await.unwrap();
                    EventRow::insert_postgres(&batch.events, None, &mut tx).await;
                    SubjectRow::insert_postgres(&batch.subjects, None, &mut tx).await;
                    InquiryRow::insert_postgres(&batch.inquiries, inquiry, &mut tx).await;
                    ActionRow::insert_postgres(&batch.actions, action, &mut tx).await;
                    tx.commit().await.unwrap();
                }
            } else {
                // As we open it: see storage::open.
                let options: SqliteConnectOptions = url.parse().unwrap();
                let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
                let options = options.foreign_keys(true).pragma("secure_delete", "on");
                let options = options.pragma("wal_autocheckpoint", "4000");
                let mut into = options.disable_statement_logging().connect().await.unwrap();
                while let Some(batch) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut tx = into.begin().await.unwrap();
                    EventRow::insert_sqlite(&batch.events, None, &mut tx).await;
                    SubjectRow::insert_sqlite(&batch.subjects, None, &mut tx).await;
                    InquiryRow::insert_sqlite(&batch.inquiries, inquiry, &mut tx).await;
                    ActionRow::insert_sqlite(&batch.actions, action, &mut tx).await;
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
