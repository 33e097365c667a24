//! How statements are declared, and how one body runs on either database.

use serde::Serialize;

/// One statement, as each database is told it. A text is empty where that database does it another way.
#[derive(Debug, Clone, Copy)]
pub struct Sql {
    /// Its name in the code, for a test to name it by.
    pub name: &'static str,
    /// For SQLite.
    pub sqlite: &'static str,
    /// For PostgreSQL.
    pub postgres: &'static str,
}

/// Rows for SQLite, which reads them with `jsonb_each`: with `json_each` it would write out each row, and read it again.
pub(super) fn json(rows: &impl Serialize) -> String {
    // Strings and numbers only: nothing in there can fail to be written.
    serde_json::to_string(rows).unwrap_or_default()
}

/// Declares a topic's statements, and lists them all as `STATEMENTS`, so that none can be forgotten.
///
/// `"…"` is one text for both, `lock "…"` adds PostgreSQL's row lock, `sqlite "…" postgres "…"` are two texts.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident { $($text:tt)+ })+) => {
        $($(#[$doc])* const $name: $crate::storage::Sql = statements!(@one $name $($text)+);)+

        pub(in crate::storage) const STATEMENTS: &[$crate::storage::Sql] = &[$($name),+];
    };
    (@one $name:ident lock $text:expr) => {
        $crate::storage::Sql { name: stringify!($name), sqlite: $text, postgres: concat!($text, " FOR UPDATE") }
    };
    (@one $name:ident sqlite $sqlite:expr, postgres $postgres:expr) => {
        $crate::storage::Sql { name: stringify!($name), sqlite: $sqlite, postgres: $postgres }
    };
    (@one $name:ident $text:expr) => {
        $crate::storage::Sql { name: stringify!($name), sqlite: $text, postgres: $text }
    };
}

/// Runs one body on the connection of either database; two bodies where they really differ.
///
/// With `sql = NAME` the body is given that statement's text for its database.
macro_rules! on_db {
    ($tx:expr, $conn:ident => sqlite $sqlite:block postgres $postgres:block) => {
        match &mut $tx.open {
            $crate::storage::transaction::Open::Sqlite(open) => {
                let $conn = &mut **open;
                $sqlite
            }
            $crate::storage::transaction::Open::Postgres(open) => {
                let $conn = &mut **open;
                $postgres
            }
        }
    };
    ($tx:expr, $conn:ident, $sql:ident = $statement:expr => $body:expr) => {
        on_db!($tx, $conn => sqlite {
            let $sql = $statement.sqlite;
            $body
        } postgres {
            let $sql = $statement.postgres;
            $body
        })
    };
    ($tx:expr, $conn:ident => $body:expr) => {
        on_db!($tx, $conn => sqlite { $body } postgres { $body })
    };
}
