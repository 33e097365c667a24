//! A million inquiries with what belongs to them: copies, with other ids and names, of a few that Persona's simulator told
//! of and the code itself wrote down.

use rekindle::app::App;
use rekindle::app::ingest::Delivery;
use rekindle::clock::Clock;
use rekindle::domain::ids::InquiryId;
use rekindle::domain::signature::sign;
use rekindle::persona::simulator::{NewInquiry, Settings, Simulator};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, SqliteConnection};
use tokio::time::Instant;

pub const ENVIRONMENT: &str = "sandbox";
pub const SECRET: &str = "wbhsec_11111111-2222-3333-4444-555555555555";

/// An odd number: multiplied by it, numbers are scattered as random ids are, and no two meet (modulo 2^32).
const SCATTER: u64 = 2_654_435_761;

/// How an inquiry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Created,
    Pending,
    /// An expired one in whose place another was made; two rows of one lineage.
    Replaced,
    Finished,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Created, Self::Pending, Self::Replaced, Self::Finished];

    /// How many of a hundred inquiries belong to it; those of a lineage count as two.
    const fn share(self) -> u64 {
        match self {
            Self::Created => 40,
            Self::Pending => 30,
            Self::Replaced | Self::Finished => 15,
        }
    }

    const fn letter(self) -> char {
        match self {
            Self::Created => 'c',
            Self::Pending => 'p',
            Self::Replaced => 'r',
            Self::Finished => 'f',
        }
    }

    pub const fn words(self) -> &'static str {
        match self {
            Self::Created => "nobody began",
            Self::Pending => "under way",
            Self::Replaced => "replaced once",
            Self::Finished => "finished",
        }
    }
}

/// Who there is.
pub struct Crowd {
    inquiries: u64,
}

impl Crowd {
    fn people(&self, kind: Kind) -> u64 {
        let inquiries = self.inquiries * kind.share() / 100;
        if kind == Kind::Replaced { inquiries / 2 } else { inquiries }
    }

    /// The first inquiry of somebody.
    pub fn inquiry(&self, kind: Kind, number: u64) -> InquiryId {
        InquiryId::parse(&format!("inq_{}", self.name(kind, number))).unwrap()
    }

    /// Somebody's name with the application.
    pub fn person(&self, kind: Kind, number: u64) -> String {
        format!("person-{}", self.name(kind, number))
    }

    /// The id of somebody's link.
    pub fn link(&self, kind: Kind, number: u64) -> String {
        format!("L000000{}", self.name(kind, number))
    }

    fn name(&self, kind: Kind, number: u64) -> String {
        // One by one would be next to each other in the table.
        let number = 1 + number * 7_919 % self.people(kind);
        format!("{:08x}{}", number * SCATTER % (1 << 32), kind.letter())
    }
}

/// Fills an empty database.
pub async fn fill(url: &str, app: &App, inquiries: u64) -> Crowd {
    let crowd = Crowd { inquiries };
    let mut sql = Vec::new();
    let began = Instant::now();
    let sqlite = url.starts_with("sqlite:");
    for kind in Kind::ALL {
        let original = told(app, kind).await;
        sql.extend(copies(sqlite, kind, &original, crowd.people(kind)));
    }
    if sqlite {
        let mut connection = SqliteConnection::connect(url).await.unwrap();
        connection
            .execute("PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -400000")
            .await
            .unwrap();
        for sql in sql {
            connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.unwrap();
        }
        connection.execute("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
    } else {
        let mut connection = PgConnection::connect(url).await.unwrap();
        connection.execute("SET session_replication_role = replica; SET synchronous_commit = off").await.unwrap();
        for sql in sql {
            connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.unwrap();
        }
        connection.execute(sqlx::raw_sql("VACUUM ANALYZE")).await.unwrap();
        connection.execute("CHECKPOINT").await.unwrap();
    }
    eprintln!("{inquiries} inquiries stored in {:.0} s", began.elapsed().as_secs_f64());
    crowd
}

/// One inquiry of a kind, told by webhooks: its id, and that of the one in its place.
async fn told(app: &App, kind: Kind) -> (InquiryId, Option<InquiryId>) {
    // Each kind has a Persona of its own, so that ids differ by their seed.
    let seed = 10 + u64::from(u32::from(kind.letter()));
    let persona = Simulator::new(Clock::System, Settings { seed, ..Settings::default() });
    let person = format!("original-{}", kind.letter());
    let new = || NewInquiry::for_person(&person);
    let first = persona.create_inquiry(ENVIRONMENT, new()).unwrap();
    let mut second = None;
    match kind {
        Kind::Created => {}
        Kind::Pending => {
            persona.start(&first).unwrap();
        }
        Kind::Replaced => {
            persona.expire(&first).unwrap();
            second = Some(persona.create_inquiry(ENVIRONMENT, new()).unwrap());
        }
        Kind::Finished => {
            persona.start(&first).unwrap();
            persona.complete(&first).unwrap();
        }
    }
    for event in persona.events() {
        let body = serde_json::json!({ "data": { "type": "event", "id": event.id.as_str(), "attributes": {
            "name": event.name, "created-at": event.created_at.to_string(), "payload": { "data": event.payload } } } });
        let body = body.to_string().into_bytes();
        let signature = sign(&body, SECRET.as_bytes(), Clock::System.now());
        let delivery = Delivery { environment: ENVIRONMENT, signature: Some(signature.as_bytes()), body: &body };
        app.receive(delivery).await.unwrap();
    }
    (first, second)
}

/// The statements that copy what was told so many times.
fn copies(sqlite: bool, kind: Kind, original: &(InquiryId, Option<InquiryId>), people: u64) -> Vec<String> {
    let (first, second) = (original.0.as_str(), original.1.as_ref().map(InquiryId::as_str));
    let (with, numbers) = if sqlite {
        (
            format!("WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {people})"),
            "numbers".to_owned(),
        )
    } else {
        (String::new(), format!("generate_series(1::bigint, {people}) AS numbers (n)"))
    };
    let scattered = format!("n * {SCATTER} % 4294967296");
    let letter = kind.letter();
    let name = if sqlite {
        format!("printf('%08x', {scattered}) || '{letter}'")
    } else {
        format!("lpad(to_hex({scattered}), 8, '0') || '{letter}'")
    };
    // Ids first: one may be in the text of another column.
    let named = |column: &str| {
        let mut text = format!("replace({column}, '{first}', 'inq_' || {name})");
        if let Some(second) = second {
            text = format!("replace({text}, '{second}', 'inq_' || {name} || 'n')");
        }
        format!("replace({text}, 'original-{letter}', 'person-' || {name})")
    };
    let own = format!("'{first}', '{}'", second.unwrap_or(first));
    let lineage = format!("'inq_' || {name}");
    let mut sql = vec![
        format!(
            "{with} INSERT INTO inquiries (environment, id, status, person, reference_id, account_id, template_id,
                 template_version_id, created_at, expires_at, began_at, last_observed_at, redacted, state, lineage,
                 read_at, first_seen_at, updated_at)
             SELECT environment, {}, status, {}, {}, account_id || {name}, template_id, template_version_id, created_at,
                    expires_at, began_at, last_observed_at, redacted, {}, {lineage}, read_at, first_seen_at, updated_at
             FROM inquiries CROSS JOIN {numbers} WHERE id IN ({own})",
            named("id"), named("person"), named("reference_id"), named("state")
        ),
        format!(
            "{with} INSERT INTO actions (id, environment, inquiry_id, lineage, kind, arguments, dedupe_key, due_at, state,
                 attempts, max_attempts, reason, cancelled_by, created_at, updated_at, finished_at)
             SELECT substr(id, 1, 12) || {name}, environment, {}, {lineage}, kind, arguments, {}, due_at, state, attempts,
                    max_attempts, reason, cancelled_by, created_at, updated_at, finished_at
             FROM actions CROSS JOIN {numbers} WHERE inquiry_id IN ({own})",
            named("inquiry_id"), named("dedupe_key")
        ),
        format!(
            "{with} INSERT INTO events (environment, id, name, occurred_at, received_at, last_received_at, deliveries,
                 inquiry_id, origin, outcome, reason, body_encoding, body)
             SELECT environment, id || {name}, name, occurred_at, received_at, last_received_at, deliveries, {}, origin,
                    outcome, reason, 'dropped', {}
             FROM events CROSS JOIN {numbers} WHERE inquiry_id IN ({own})",
            named("inquiry_id"), if sqlite { "x''" } else { "''::bytea" }
        ),
        format!(
            "{with} INSERT INTO access_links (id, environment, lineage, opens, max_opens, created_at, expires_at)
             SELECT 'L000000' || {name}, environment, {lineage}, 0, 20, first_seen_at, {}
             FROM inquiries CROSS JOIN {numbers} WHERE id = '{first}'",
            if sqlite { "first_seen_at + 259200000000" } else { "first_seen_at + interval '3 days'" }
        ),
    ];
    if kind == Kind::Pending {
        sql.push(format!(
            "{with} INSERT INTO session_counts (environment, inquiry_id, made)
             SELECT environment, {lineage}, 1 + n % 5 FROM inquiries CROSS JOIN {numbers} WHERE id = '{first}'"
        ));
        sql.push(format!(
            "{with} INSERT INTO admissions (environment, inquiry_id, means, generation, made_at)
             SELECT environment, {lineage}, 'link', 0, {} FROM inquiries CROSS JOIN {numbers} WHERE id = '{first}'",
            if sqlite { "first_seen_at - 3600000000" } else { "first_seen_at - interval '1 hour'" }
        ));
    }
    if kind == Kind::Replaced {
        sql.push(format!(
            "{with} INSERT INTO successions (environment, inquiry_id, lineage, cause, asked, stage, successor_id, began_at,
                 changed_at)
             SELECT environment, {lineage}, {lineage}, 'too-old', {}, 'replaced', {lineage} || 'n', first_seen_at,
                    first_seen_at
             FROM inquiries CROSS JOIN {numbers} WHERE id = '{first}'",
            if sqlite { "0" } else { "false" }
        ));
    }
    sql
}
