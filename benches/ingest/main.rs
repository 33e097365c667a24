//! How fast deliveries get on disk, beside what the database takes without us, in one run on one machine.
//!
//! `cargo bench --bench ingest`; `-- quick` for a tenth of it, `-- sqlite` or `-- postgres` for one half, `-- memory` for
//! twenty minutes of steady load, the memory told each minute, and nothing else. The server
//! is the real binary in a process of its own; the load comes from this process, and PostgreSQL is a throw-away one
//! with everything that makes it durable left on.

mod bare;
mod load;
mod payload;
mod plain;
mod postgres;
mod serve;
mod table;

use std::time::Duration;

use bare::Written;
use load::{Load, Measured};
use payload::Shape;
use serve::{Home, Server};
use table::Table;

/// Connections of the closed loop.
const CONNECTIONS: usize = 200;

/// Deliveries of a closed loop: about ten seconds' worth.
const DELIVERIES: usize = 50_000;

/// The share of the reached rate at which answer times are measured.
const SHARE: f64 = 0.8;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if let [word, config, rest @ ..] = &*words
        && word == plain::WORD
    {
        assert!(rest.is_empty());
        return runtime.block_on(plain::serve(config));
    }
    let asked = |word: &str| words.iter().any(|asked| asked == word);
    let scale = if asked("quick") { 10 } else { 1 };
    let half = asked("sqlite") || asked("postgres");
    runtime.block_on(async {
        let mut table = Table::new();
        if asked("memory") {
            return memory().await;
        }
        if !half || asked("postgres") {
            on_postgres(DELIVERIES / scale, &mut table).await;
        }
        if !half || asked("sqlite") {
            on_sqlite(DELIVERIES / scale, &mut table).await;
        }
        table.print();
    });
}

/// Whether the server grows under a load that does not: its resident memory after each of twenty minutes.
async fn memory() {
    const MINUTES: u32 = 20;
    const RATE: f64 = 200.0;
    let postgres = postgres::start().await;
    let home = Home::on(&postgres.fresh().await).await;
    let server = Server::rekindle(&home).await;
    println!("{RATE} deliveries a second; resident {} MB idle", server.memory().0);
    for minute in 1..=MINUTES {
        let load = Load::prepare(Shape::FiveEach, 12_000, server.address);
        let measured = load.open(RATE, 50).await;
        let (now, most) = server.memory();
        println!(
            "minute {minute}: resident {now} MB, at most {most} MB; {:.0}/s, refused {}",
            measured.rate, measured.refused
        );
    }
    server.stop().await;
}

impl Shape {
    /// Where each row is written once anyhow, one baseline is both.
    const fn baselines(self) -> &'static [(Written, &'static str)] {
        match self {
            Self::Distinct => &[(Written::Once, "each row once")],
            Self::FiveEach => &[(Written::Once, "each row once"), (Written::AsOften, "rows as often as we write them")],
        }
    }
}

async fn on_postgres(deliveries: usize, table: &mut Table) {
    let server = postgres::start().await;
    table.note(&server.version().await);
    for shape in [Shape::Distinct, Shape::FiveEach] {
        let home = Home::on(&server.fresh().await).await;
        let ours = closed(&home, Server::rekindle(&home).await, shape, deliveries, table, "postgres").await;
        let rows = bare::Rows::read(&home.url).await;
        let ratio = |of: f64| Some(ours / of);
        for (written, words) in shape.baselines() {
            for connections in [1, 2] {
                let rate = bare::insert(&server.fresh().await, &rows, *written, connections).await;
                let name = format!("bare inserts, {words}, {connections} connection(s)");
                table.rate("postgres", shape.name(), &name, rate, ratio(rate));
            }
        }
        let home = Home::on(&server.fresh().await).await;
        let plain = closed(&home, Server::plain(&home).await, shape, deliveries / 4, table, "postgres, plain").await;
        table.rate("postgres", shape.name(), "plain handler, a transaction each", plain, ratio(plain));
        if shape == Shape::Distinct {
            open(&server.fresh().await, ours, table, "postgres").await;
        }
    }
}

async fn on_sqlite(deliveries: usize, table: &mut Table) {
    for shape in [Shape::Distinct, Shape::FiveEach] {
        let folder = tempfile::tempdir().unwrap();
        let url = |name: &str| format!("sqlite://{}", folder.path().join(name).display());
        let home = Home::on(&url("ours.db")).await;
        let ours = closed(&home, Server::rekindle(&home).await, shape, deliveries, table, "sqlite").await;
        let rows = bare::Rows::read(&home.url).await;
        for (number, (written, words)) in shape.baselines().iter().enumerate() {
            let rate = bare::insert(&url(&format!("bare-{number}.db")), &rows, *written, 1).await;
            table.rate("sqlite", shape.name(), &format!("bare inserts, {words}"), rate, Some(ours / rate));
        }
        if shape == Shape::Distinct {
            open(&url("open.db"), ours, table, "sqlite").await;
        }
    }
}

/// As fast as so many connections can; gives the rate reached.
async fn closed(home: &Home, server: Server, shape: Shape, deliveries: usize, table: &mut Table, on: &str) -> f64 {
    let idle = server.memory();
    let load = Load::prepare(shape, deliveries, server.address);
    let measured = load.closed(CONNECTIONS).await;
    table.closed(on, shape.name(), &measured, idle, server.memory());
    server.stop().await;
    home.check(deliveries).await;
    measured.rate
}

/// At a steady rate, whatever the answers; then at a low one.
async fn open(url: &str, reached: f64, table: &mut Table, on: &str) {
    let home = Home::on(url).await;
    let server = Server::rekindle(&home).await;
    for (rate, connections, seconds) in [(50.0, 100, 10.0), (reached * SHARE, CONNECTIONS, 10.0)] {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of some thousands")]
        let deliveries = (rate * seconds) as usize;
        let load = Load::prepare(Shape::Distinct, deliveries, server.address);
        let measured: Measured = load.open(rate, connections).await;
        table.open(on, rate, connections, &measured);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    server.stop().await;
}
