//! Rows that served their time, taken away in small batches.
//!
//! A batch takes rows in the order of an index that is there for other reasons, and passes over those that somebody
//! has locked, so that nothing waits for it.

use crate::domain::ids::InquiryId;
use crate::domain::subject::SubjectId;
use crate::domain::time::Timestamp;
use crate::storage::error::Result;
use crate::storage::row::Place;
use crate::storage::sql::json;
use crate::storage::subjects::SubjectRef;
use crate::storage::transaction::Tx;

stored_words! {
    /// What is pruned, in the order in which it must be.
    Kind {
        /// Bodies of events: the row stays, so that a repetition is known for one.
        Payloads = "payloads",
        /// Events.
        Events = "events",
        /// Ended actions with their attempts, of inquiries that are not open: the plan must not make them again.
        Actions = "actions",
        /// Inquiries that are over or expired, whose people have no open ones, and of which no action is left.
        Inquiries = "inquiries",
        /// What was asked of Persona for a person and template of which no inquiry is left: whose they are is known as
        /// long as there is one.
        Creations = "creations",
        /// Static links that nobody asked for again, and of whose opaque names no inquiry is left.
        StaticLinks = "static-links",
        /// How people are reached of whom no inquiry is left.
        Contacts = "contacts",
        /// What people were told.
        Notices = "notices",
    }
}

/// How far one kind was pruned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pruning {
    /// Of what.
    pub kind: Kind,
    /// Of what is older, nothing was left to be pruned.
    pub done_until: Timestamp,
    /// When that was, by our clock.
    pub pruned_at: Timestamp,
    /// How many rows were pruned, ever.
    pub pruned: u64,
}

/// The rows that are to go: those from `$2` on and before `$1`.
macro_rules! which {
    (payloads) => {
        "received_at < $1 AND received_at >= $2 AND body_encoding <> 'dropped'"
    };
    (events) => {
        "received_at < $1 AND received_at >= $2"
    };
    (actions) => {
        "created_at < $1 AND created_at >= $2 AND finished_at < $1
         AND EXISTS (SELECT 1 FROM inquiries
                     WHERE inquiries.id = actions.inquiry_id AND inquiries.environment = actions.environment
                       AND inquiries.status NOT IN ('created', 'pending'))"
    };
    (inquiries) => {
        "first_seen_at < $1 AND first_seen_at >= $2 AND updated_at < $1 AND (read_at IS NULL OR read_at < $1)
         AND status NOT IN ('created', 'pending')
         AND NOT EXISTS (SELECT 1 FROM inquiries others
                         WHERE others.environment = inquiries.environment AND others.person = inquiries.person
                           AND others.status IN ('created', 'pending'))
         AND NOT EXISTS (SELECT 1 FROM actions
                         WHERE actions.environment = inquiries.environment AND actions.inquiry_id = inquiries.id)"
    };
    (creations) => {
        "touched_at < $1 AND touched_at >= $2 AND (held_until IS NULL OR held_until < $1)
         AND NOT EXISTS (SELECT 1 FROM inquiries
                         WHERE inquiries.environment = creations.environment
                           AND inquiries.reference_id = creations.reference_id
                           AND inquiries.template_id = creations.template_id)"
    };
    (static_links) => {
        "touched_at < $1 AND touched_at >= $2
         AND NOT EXISTS (SELECT 1 FROM inquiries
                         WHERE inquiries.environment = static_links.environment
                           AND inquiries.reference_id = static_links.reference_id)"
    };
    (contacts) => {
        "told_at < $1 AND told_at >= $2
         AND NOT EXISTS (SELECT 1 FROM inquiries
                         WHERE inquiries.environment = contacts.environment
                           AND inquiries.reference_id = contacts.reference_id)
         AND NOT EXISTS (SELECT 1 FROM static_links
                         WHERE static_links.known_as = contacts.reference_id
                           AND static_links.environment = contacts.environment)"
    };
    (notices) => {
        "told_at < $1 AND told_at >= $2"
    };
}

/// Takes `$3` of them away, the oldest first.
macro_rules! batch {
    ($kind:ident, $verb:literal, $keys:literal of $table:literal by $time:literal) => {
        batch!($kind, $verb, $keys, $table, $time, "")
    };
    ($kind:ident, $verb:literal, $keys:literal of $table:literal by $time:literal unless locked) => {
        batch!($kind, $verb, $keys, $table, $time, " FOR UPDATE SKIP LOCKED")
    };
    ($kind:ident, $verb:literal, $keys:literal, $table:literal, $time:literal, $lock:literal) => {
        concat!(
            $verb,
            " WHERE (",
            $keys,
            ") IN (SELECT ",
            $keys,
            " FROM ",
            $table,
            " WHERE ",
            which!($kind),
            " ORDER BY ",
            $time,
            " LIMIT $3",
            $lock,
            ")"
        )
    };
}

statements! {
    DROP_PAYLOADS {
        sqlite batch!(payloads, "UPDATE events SET body = X'', body_encoding = 'dropped'",
                      "id, environment" of "events" by "received_at"),
        postgres batch!(payloads, "UPDATE events SET body = '', body_encoding = 'dropped'",
                        "id, environment" of "events" by "received_at" unless locked)
    }
    DELETE_EVENTS {
        sqlite batch!(events, "DELETE FROM events", "id, environment" of "events" by "received_at"),
        postgres batch!(events, "DELETE FROM events", "id, environment" of "events" by "received_at" unless locked)
    }
    DELETE_ACTIONS {
        sqlite concat!(batch!(actions, "DELETE FROM actions", "id" of "actions" by "created_at"), " RETURNING id"),
        postgres concat!(batch!(actions, "DELETE FROM actions", "id" of "actions" by "created_at" unless locked),
                         " RETURNING id")
    }
    DELETE_ATTEMPTS {
        sqlite "DELETE FROM attempts WHERE action_id IN (SELECT value FROM json_each($1))",
        postgres "DELETE FROM attempts WHERE action_id = ANY($1)"
    }
    DELETE_INQUIRIES {
        sqlite concat!(batch!(inquiries, "DELETE FROM inquiries", "id, environment" of "inquiries" by "first_seen_at"),
                       " RETURNING environment, id"),
        postgres concat!(batch!(inquiries, "DELETE FROM inquiries",
                                "id, environment" of "inquiries" by "first_seen_at" unless locked),
                         " RETURNING environment, id")
    }
    DELETE_CREATIONS {
        sqlite batch!(creations, "DELETE FROM creations",
                      "environment, reference_id, template_id" of "creations" by "touched_at"),
        postgres batch!(creations, "DELETE FROM creations",
                        "environment, reference_id, template_id" of "creations" by "touched_at" unless locked)
    }
    DELETE_STATIC_LINKS {
        sqlite batch!(static_links, "DELETE FROM static_links",
                      "environment, reference_id" of "static_links" by "touched_at"),
        postgres batch!(static_links, "DELETE FROM static_links",
                        "environment, reference_id" of "static_links" by "touched_at" unless locked)
    }
    DELETE_CONTACTS {
        sqlite batch!(contacts, "DELETE FROM contacts", "environment, subject" of "contacts" by "told_at"),
        postgres batch!(contacts, "DELETE FROM contacts", "environment, subject" of "contacts" by "told_at" unless locked)
    }
    DELETE_NOTICES {
        sqlite batch!(notices, "DELETE FROM notices", "action_id" of "notices" by "told_at"),
        postgres batch!(notices, "DELETE FROM notices", "action_id" of "notices" by "told_at" unless locked)
    }
    COUNT_PAYLOADS { concat!("SELECT count(*) FROM events WHERE ", which!(payloads)) }
    COUNT_EVENTS { concat!("SELECT count(*) FROM events WHERE ", which!(events)) }
    COUNT_ACTIONS { concat!("SELECT count(*) FROM actions WHERE ", which!(actions)) }
    COUNT_INQUIRIES { concat!("SELECT count(*) FROM inquiries WHERE ", which!(inquiries)) }
    COUNT_CREATIONS { concat!("SELECT count(*) FROM creations WHERE ", which!(creations)) }
    COUNT_STATIC_LINKS { concat!("SELECT count(*) FROM static_links WHERE ", which!(static_links)) }
    COUNT_CONTACTS { concat!("SELECT count(*) FROM contacts WHERE ", which!(contacts)) }
    COUNT_NOTICES { concat!("SELECT count(*) FROM notices WHERE ", which!(notices)) }
    PRUNINGS { "SELECT kind, done_until, pruned_at, pruned FROM prunings ORDER BY kind" }
    REMEMBER {
        "INSERT INTO prunings (kind, done_until, pruned_at, pruned) VALUES ($1, $2, $3, $4)
         ON CONFLICT (kind) DO UPDATE
         SET done_until = excluded.done_until, pruned_at = excluded.pruned_at,
             pruned = prunings.pruned + excluded.pruned"
    }
}

impl Tx {
    /// Takes away up to `most` rows of a kind, those from `from` on and before `before`; how many those were. Fewer
    /// than `most` means that nothing is left, or that somebody holds what is.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn prune(&mut self, kind: Kind, from: Timestamp, before: Timestamp, most: u32) -> Result<u64> {
        let statement = match kind {
            Kind::Payloads => DROP_PAYLOADS,
            Kind::Events => DELETE_EVENTS,
            Kind::Creations => DELETE_CREATIONS,
            Kind::StaticLinks => DELETE_STATIC_LINKS,
            Kind::Contacts => DELETE_CONTACTS,
            Kind::Notices => DELETE_NOTICES,
            Kind::Actions => return self.prune_actions(from, before, most).await,
            Kind::Inquiries => return Ok(self.prune_inquiries(from, before, most).await?.len() as u64),
        };
        let pruned = on_db!(self, conn, sql = statement =>
            sqlx::query(sql)
                .bind(before)
                .bind(from)
                .bind(i64::from(most))
                .execute(conn)
                .await
                .map(|done| done.rows_affected()))?;
        Ok(pruned)
    }

    async fn prune_actions(&mut self, from: Timestamp, before: Timestamp, most: u32) -> Result<u64> {
        let ids: Vec<String> = on_db!(self, conn, sql = DELETE_ACTIONS =>
            sqlx::query_scalar(sql).bind(before).bind(from).bind(i64::from(most)).fetch_all(conn).await)?;
        let pruned = ids.len() as u64;
        on_db!(self, conn => sqlite {
            sqlx::query(DELETE_ATTEMPTS.sqlite).bind(json(&ids)).execute(conn).await.map(drop)
        } postgres {
            sqlx::query(DELETE_ATTEMPTS.postgres).bind(ids).execute(conn).await.map(drop)
        })?;
        Ok(pruned)
    }

    /// As [`Tx::prune`], of inquiries: which those were.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn prune_inquiries(&mut self, from: Timestamp, before: Timestamp, most: u32) -> Result<Vec<SubjectRef>> {
        let rows: Vec<(String, String)> = on_db!(self, conn, sql = DELETE_INQUIRIES =>
            sqlx::query_as(sql).bind(before).bind(from).bind(i64::from(most)).fetch_all(conn).await)?;
        let read = |(environment, id): (String, String)| {
            let place = Place { table: "inquiries", row: &id };
            let inquiry = place.id("id", &id, InquiryId::parse)?;
            Ok((place.environment(&environment)?, SubjectId::inquiry(&inquiry)))
        };
        rows.into_iter().map(read).collect()
    }

    /// How many rows of a kind [`Tx::prune`] would take away as things are. What only becomes free when rows of an earlier
    /// kind are pruned, as inquiries by their actions, is not among them.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn count_prunable(&mut self, kind: Kind, from: Timestamp, before: Timestamp) -> Result<u64> {
        let statement = match kind {
            Kind::Payloads => COUNT_PAYLOADS,
            Kind::Events => COUNT_EVENTS,
            Kind::Actions => COUNT_ACTIONS,
            Kind::Inquiries => COUNT_INQUIRIES,
            Kind::Creations => COUNT_CREATIONS,
            Kind::StaticLinks => COUNT_STATIC_LINKS,
            Kind::Contacts => COUNT_CONTACTS,
            Kind::Notices => COUNT_NOTICES,
        };
        let count: i64 = on_db!(self, conn, sql = statement =>
            sqlx::query_scalar(sql).bind(before).bind(from).fetch_one(conn).await)?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// How far each kind was pruned; kinds that never were are not in it.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn prunings(&mut self) -> Result<Vec<Pruning>> {
        let rows: Vec<Row> = on_db!(self, conn, sql = PRUNINGS => sqlx::query_as(sql).fetch_all(conn).await)?;
        let read = |row: Row| {
            let place = Place { table: "prunings", row: &row.kind };
            Ok(Pruning {
                kind: place.some("kind", Kind::parse(&row.kind))?,
                done_until: row.done_until,
                pruned_at: row.pruned_at,
                pruned: place.some("pruned", u64::try_from(row.pruned).ok())?,
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// Remembers that a kind was pruned up to `done_until`, with so many rows more.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn remember_pruning(
        &mut self,
        kind: Kind,
        done_until: Timestamp,
        pruned: u64,
        now: Timestamp,
    ) -> Result<()> {
        let pruned = i64::try_from(pruned).unwrap_or(i64::MAX);
        on_db!(self, conn, sql = REMEMBER =>
            sqlx::query(sql).bind(kind.as_str()).bind(done_until).bind(now).bind(pruned).execute(conn).await
                .map(drop))?;
        Ok(())
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    kind: String,
    done_until: Timestamp,
    pruned_at: Timestamp,
    pruned: i64,
}
