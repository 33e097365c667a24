//! Who may use what: the floors, and what only one of them may touch.

use super::source::{Source, Token};

/// Each floor, and what it may use besides itself: whole floors, or one part of one.
const FLOORS: [(&str, &[&str]); 14] = [
    ("domain", &[]),
    ("clock", &["domain"]),
    ("tls", &["domain"]),
    ("traces", &["domain", "tls"]),
    ("vault", &["domain"]),
    ("config", &["domain", "tls", "vault"]),
    ("storage", &["domain", "vault"]),
    ("persona", &["domain", "clock", "tls"]),
    ("notify", &["domain", "clock", "tls"]),
    ("oidc", &["domain", "clock", "tls"]),
    ("app", &["domain", "clock", "tls", "traces", "vault", "config", "storage", "persona", "notify", "oidc"]),
    ("http", &["domain", "config", "traces", "app"]),
    ("jobs", &["domain", "config", "traces", "app", "storage::actions", "storage::StorageError"]),
    (
        "cli",
        &[
            "domain", "clock", "tls", "traces", "vault", "config", "storage", "persona", "notify", "oidc", "app",
            "http", "jobs",
        ],
    ),
];

/// What reads the time of day. Waiting by `tokio::time` reads none.
const CLOCKS: [&str; 3] = ["Timestamp :: now", "Zoned :: now", "SystemTime :: now"];

/// How our SQL begins.
const SQL: [&str; 9] = [
    "SELECT ",
    "INSERT INTO ",
    "UPDATE ",
    "DELETE FROM ",
    "CREATE TABLE ",
    "CREATE INDEX ",
    "ALTER TABLE ",
    "DROP TABLE ",
    "PRAGMA ",
];

/// What waits, does IO or is random.
const IMPURE: [&str; 12] = [
    "async",
    "await",
    "tokio",
    "futures",
    "std :: fs",
    "std :: io",
    "std :: net",
    "std :: env",
    "std :: process",
    "std :: thread",
    "rand",
    "getrandom",
];

pub fn exists(floor: &str) -> bool {
    FLOORS.iter().any(|(name, _)| *name == floor)
}

pub fn imports_look_down(source: &Source) -> Vec<String> {
    let Some(floor) = source.floor() else { return Vec::new() };
    let allowed = FLOORS.iter().find(|(name, _)| *name == floor).map_or(&[][..], |(_, allowed)| allowed);
    let wrong = |(line, path): (usize, Vec<String>)| {
        let path = path.join("::");
        let under = |part: &str| path == part || path.starts_with(&format!("{part}::"));
        let fine = under(floor) || allowed.iter().any(|part| under(part));
        (!fine).then(|| source.complaint(line, &format!("{floor} may not use crate::{path}")))
    };
    paths(source).into_iter().filter_map(wrong).collect()
}

pub fn sql_is_in_storage(source: &Source) -> Vec<String> {
    if source.floor() == Some("storage") {
        return Vec::new();
    }
    let uses = source.find("sqlx").into_iter().map(|token| source.complaint(token.line, "uses sqlx"));
    let is_sql = |(text, _): &(&str, usize)| SQL.iter().any(|beginning| text.trim_start().starts_with(beginning));
    let texts = source.texts().filter(is_sql).map(|(_, line)| source.complaint(line, "holds SQL"));
    uses.chain(texts).collect()
}

pub fn http_clients_are_at_the_edge(source: &Source) -> Vec<String> {
    if matches!(source.floor(), Some("persona" | "notify" | "oidc" | "traces")) {
        return Vec::new();
    }
    source.find("reqwest").into_iter().map(|token| source.complaint(token.line, "uses reqwest")).collect()
}

pub fn the_clock_is_in_clock(source: &Source) -> Vec<String> {
    if source.path == "src/clock.rs" {
        return Vec::new();
    }
    let reads = |clock: &str| {
        let complaint = |token: &Token| source.complaint(token.line, &format!("reads the time by {clock}"));
        source.find(clock).into_iter().map(complaint).collect::<Vec<_>>()
    };
    CLOCKS.iter().flat_map(|clock| reads(clock)).collect()
}

pub fn domain_is_pure(source: &Source) -> Vec<String> {
    in_domain(source, &IMPURE, "is not pure")
}

pub fn domain_is_not_serialized(source: &Source) -> Vec<String> {
    in_domain(source, &["Serialize", "serde :: ser"], "is serialized; each edge has wire types of its own")
}

fn in_domain(source: &Source, sequences: &[&str], trouble: &str) -> Vec<String> {
    if source.floor() != Some("domain") {
        return Vec::new();
    }
    let found =
        sequences.iter().flat_map(|sequence| source.find(sequence).into_iter().map(move |token| (sequence, token)));
    found.map(|(sequence, token)| source.complaint(token.line, &format!("{sequence}: {trouble}"))).collect()
}

/// Every path into our own crate, from its root, with its line: by `crate::`, or by `super::` out of the floor.
fn paths(source: &Source) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    let mut inline = Inline::default();
    let tokens = &source.tokens;
    for at in 0..tokens.len() {
        inline.step(tokens, at);
        let before = at.checked_sub(1).map_or("", |before| tokens[before].text.as_str());
        if before == "::" || text(tokens, at + 1) != "::" {
            continue;
        }
        match text(tokens, at) {
            "crate" => {
                tree(tokens, at + 2, &mut Vec::new(), &mut found);
            }
            "super" | "self" => {
                let mut modules: Vec<String> = source.modules().into_iter().map(str::to_owned).collect();
                modules.extend(inline.names.iter().map(|(name, _)| name.clone()));
                let mut next = at;
                while matches!(text(tokens, next), "super" | "self") && text(tokens, next + 1) == "::" {
                    if text(tokens, next) == "super" {
                        modules.pop();
                    }
                    next += 2;
                }
                // What stays on the floor can only be right.
                if modules.is_empty() {
                    tree(tokens, next, &mut modules, &mut found);
                }
            }
            _ => {}
        }
    }
    found
}

/// Reads `a::b`, `a::{b, c::d}` or `*` from here, and notes each whole path; says where it ends.
fn tree(tokens: &[Token], at: usize, prefix: &mut Vec<String>, found: &mut Vec<(usize, Vec<String>)>) -> usize {
    let length = prefix.len();
    let mut next = at;
    let line = tokens.get(at).map_or(0, |token| token.line);
    loop {
        if text(tokens, next) == "{" {
            next += 1;
            while !matches!(text(tokens, next), "}" | "") {
                next = tree(tokens, next, prefix, found);
                if text(tokens, next) == "as" {
                    next += 2;
                }
                if text(tokens, next) == "," {
                    next += 1;
                }
            }
            prefix.truncate(length);
            return next + 1;
        }
        prefix.push(text(tokens, next).to_owned());
        next += 1;
        if text(tokens, next) != "::" {
            break;
        }
        next += 1;
    }
    found.push((line, prefix.clone()));
    prefix.truncate(length);
    next
}

fn text(tokens: &[Token], at: usize) -> &str {
    tokens.get(at).map_or("", |token| token.text.as_str())
}

/// The modules written out in a file that the reading stands in.
#[derive(Default)]
struct Inline {
    depth: usize,
    names: Vec<(String, usize)>,
}

impl Inline {
    fn step(&mut self, tokens: &[Token], at: usize) {
        match text(tokens, at) {
            "{" => {
                if at >= 2 && text(tokens, at - 2) == "mod" {
                    self.names.push((text(tokens, at - 1).to_owned(), self.depth));
                }
                self.depth += 1;
            }
            "}" => {
                self.depth = self.depth.saturating_sub(1);
                self.names.retain(|(_, depth)| *depth < self.depth);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;

    #[test]
    fn an_import_that_looks_up_is_found() {
        check(
            imports_look_down,
            &[
                ("src/domain/plan.rs", "use crate::domain::time::Timestamp; use super::rules::Rules;", 0),
                ("src/domain/plan.rs", "use crate::clock::Clock;", 1),
                ("src/domain/plan.rs", "use super::super::clock::Clock;", 1),
                ("src/domain/mod.rs", "use super::clock::Clock;", 1),
                (
                    "src/domain/plan.rs",
                    "mod tests { use super::super::rules::Rules; } use super::super::storage::Tx;",
                    1,
                ),
                ("src/domain/plan.rs", "mod tests { mod deep { use super::super::super::rules::Rules; } }", 0),
                ("src/domain/plan.rs", "// crate::app\nconst A: &str = \"crate::app\";", 0),
                ("src/storage/mod.rs", "fn f() { crate::persona::ask(); }", 1),
                (
                    "src/storage/mod.rs",
                    "use crate::{domain::{ids::EventId, time}, notify::{Notifier as N, log}, app};",
                    3,
                ),
                ("src/notify/webhook.rs", "use crate::config::Config;", 1),
                (
                    "src/config/mod.rs",
                    "pub(crate) struct A; pub(in crate::config) struct B; use crate::domain::ids;",
                    0,
                ),
                ("src/jobs/mod.rs", "use crate::storage::actions::Claimed; use crate::storage::{actions, events};", 1),
                ("src/http/mod.rs", "use crate::*;", 1),
                ("src/http/mod.rs", "use crate::jobs; use crate::config::Limits; use crate::clock::Clock;", 2),
                ("src/cli/serve.rs", "use crate::{app::App, http, jobs, storage::Database};", 0),
                ("src/main.rs", "fn main() { rekindle::cli::main() }", 0),
            ],
        );
    }

    #[test]
    fn sql_elsewhere_is_found() {
        check(
            sql_is_in_storage,
            &[
                ("src/storage/events.rs", "sqlx::query(\"SELECT 1\")", 0),
                ("src/app/mod.rs", "fn f(pool: sqlx::PgPool) { run(\"SELECT 1\") }", 2),
                ("src/app/mod.rs", "const A: &str = r#\"\n  INSERT INTO events\"#;", 1),
                ("src/app/mod.rs", "// sqlx\nconst A: &str = \"Select a template\";", 0),
            ],
        );
    }

    #[test]
    fn an_http_client_elsewhere_is_found() {
        check(
            http_clients_are_at_the_edge,
            &[
                ("src/persona/client.rs", "use reqwest::Client;", 0),
                ("src/notify/webhook.rs", "use reqwest::Client;", 0),
                ("src/oidc/provider.rs", "use reqwest::Client;", 0),
                ("src/app/mod.rs", "use reqwest::Client;", 1),
            ],
        );
    }

    #[test]
    fn a_clock_elsewhere_is_found() {
        check(
            the_clock_is_in_clock,
            &[
                ("src/clock.rs", "jiff::Timestamp::now()", 0),
                ("src/app/mod.rs", "let a = jiff::Timestamp::now(); let b = SystemTime :: now();", 2),
                ("src/app/mod.rs", "let a = Zoned::now();", 1),
                ("src/app/mod.rs", "tokio::time::sleep(wait).await; clock.now(); Instant::now();", 0),
            ],
        );
    }

    #[test]
    fn an_impure_domain_is_found() {
        check(
            domain_is_pure,
            &[
                ("src/domain/a.rs", "async fn f() { g().await }", 2),
                ("src/domain/a.rs", "use std::fs::File;", 1),
                ("src/domain/a.rs", "use std::fmt; // async", 0),
                ("src/app/a.rs", "async fn f() {}", 0),
            ],
        );
    }

    #[test]
    fn a_serialized_domain_is_found() {
        check(
            domain_is_not_serialized,
            &[
                ("src/domain/a.rs", "#[derive(Debug, serde::Serialize)] struct A;", 1),
                ("src/domain/a.rs", "#[derive(Debug, Deserialize)] struct A;", 0),
                ("src/http/a.rs", "#[derive(Serialize)] struct A;", 0),
            ],
        );
    }
}
