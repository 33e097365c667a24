//! Other queues on PostgreSQL, each doing the same: so many due jobs without an effect, from a process of its own.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Once;

/// One of them, with settings of its own.
#[derive(Clone, Copy)]
pub struct Peer {
    pub name: &'static str,
    script: &'static str,
    mode: &'static str,
}

pub const ALL: [Peer; 4] = [
    Peer { name: "graphile-worker, plain", script: "graphile.mjs", mode: "plain" },
    Peer { name: "graphile-worker, local queue and batched completion", script: "graphile.mjs", mode: "batched" },
    Peer { name: "pg-boss, one at a time", script: "pgboss.mjs", mode: "plain" },
    Peer { name: "pg-boss, batches of 100", script: "pgboss.mjs", mode: "batched" },
];

/// Jobs in a second; `None`, and said once, where they are not installed.
pub fn drain(url: &str, jobs: usize, peer: Peer) -> Option<f64> {
    static SAID: Once = Once::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers");
    if !folder.join("node_modules").is_dir() {
        SAID.call_once(|| println!("SKIPPED: the peers are not installed; scripts/bench-setup.sh installs them"));
        return None;
    }
    let output = Command::new("node")
        .arg(peer.script)
        .args([url, &jobs.to_string(), peer.mode])
        .current_dir(folder)
        .stderr(Stdio::inherit())
        .output()
        .expect("node");
    assert!(output.status.success(), "{} failed", peer.name);
    let told = String::from_utf8(output.stdout).unwrap();
    let rate = told.lines().last().and_then(|line| line.trim().parse().ok());
    Some(rate.unwrap_or_else(|| panic!("{} tells no rate: {told}", peer.name)))
}
