//! How fast due actions are performed and settled, beside other queues on the same PostgreSQL, and how late they are
//! begun when there are millions of them.
//!
//! `cargo bench --bench drain`; `-- quick` for a tenth of it, `-- late` for the lateness too, `-- latest` for that of
//! ten million, `-- lateness` instead of `-- late` for the lateness alone. Claiming, leases, apalis, settling and
//! recording attempts are the real ones, in this process; only the effect is left out. The peers do the same work in a
//! process of their own: see `benches/peers`.

mod late;
mod ours;
mod peers;
#[path = "../ingest/postgres.rs"]
mod postgres;

use std::fmt::Write as _;

use postgres::Server;

/// Actions of a drain.
const ACTIONS: usize = 50_000;

/// What is measured how often: the machine is anybody's, so the best of these is told, for everyone.
const ROUNDS: usize = 3;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let asked = |word: &str| words.iter().any(|asked| asked == word);
    let scale = if asked("quick") { 10 } else { 1 };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let server = postgres::start().await;
        println!("{}\n{}", machine(), server.version().await);
        if !asked("lateness") {
            drain(&server, ACTIONS / scale).await;
        }
        if asked("late") || asked("latest") || asked("lateness") {
            late::measure(&server, 2_000_000 / scale, 4_000).await;
        }
        if asked("latest") {
            late::measure(&server, 10_000_000 / scale, 1_000).await;
        }
    });
}

/// Everyone in turn, round by round, so that what else the machine does falls on all of them.
async fn drain(server: &Server, actions: usize) {
    let mut best: Vec<(String, f64)> = Vec::new();
    let mut note = |name: String, rate: f64| {
        eprintln!("{name}: {rate:.0}/s");
        match best.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = known.max(rate),
            None => best.push((name, rate)),
        }
    };
    for _ in 0..ROUNDS {
        for concurrency in [16, 512] {
            let rate = ours::drain(&server.fresh().await, actions, concurrency).await;
            note(format!("rekindle, concurrency {concurrency}"), rate);
        }
        for peer in peers::ALL {
            if let Some(rate) = peers::drain(&server.fresh().await, actions, peer) {
                note(peer.name.to_owned(), rate);
            }
        }
    }
    let of = |name: &str| best.iter().find(|(known, _)| known == name).map_or(0.0, |(_, rate)| *rate);
    let (plain, batched) = (of("rekindle, concurrency 16"), of("rekindle, concurrency 512"));
    let mut table = format!(
        "\n| drain of {actions} | rate, best of {ROUNDS} | of rekindle 16 | of rekindle 512 |\n| --- | ---: | ---: | ---: |\n"
    );
    for (name, rate) in &best {
        let _ = writeln!(table, "| {name} | {rate:.0}/s | {:.2} x | {:.2} x |", rate / plain, rate / batched);
    }
    println!("{table}");
}

/// What it was measured on.
fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cores = read("/proc/cpuinfo").lines().filter(|line| line.starts_with("processor")).count();
    format!("Machine: {cores} cores, load before {}", read("/proc/loadavg").trim())
}
