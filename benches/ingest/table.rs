//! The one table at the end.

use std::time::Duration;

use crate::load::Measured;

pub struct Table {
    notes: Vec<String>,
    lines: Vec<[String; 7]>,
}

impl Table {
    pub fn new() -> Self {
        Self { notes: vec![machine()], lines: Vec::new() }
    }

    pub fn note(&mut self, note: &str) {
        self.notes.push(note.to_owned());
    }

    /// A baseline, and how often it goes into what we reached.
    pub fn rate(&mut self, on: &str, work: &str, name: &str, rate: f64, ratio: Option<f64>) {
        let ratio = ratio.map_or_else(String::new, |ratio| format!("{ratio:.2} x"));
        self.line([on, &format!("{work}: {name}"), &format!("{rate:.0}/s"), "", "", "", &format!("we are {ratio}")]);
    }

    pub fn closed(&mut self, on: &str, work: &str, measured: &Measured, idle: (u64, u64), after: (u64, u64)) {
        let note = format!(
            "refused {}, resident {} MB idle, {} MB after, {} MB at most",
            measured.refused, idle.0, after.0, after.1
        );
        self.measured(on, &format!("{work}: closed loop"), measured, &note);
    }

    pub fn open(&mut self, on: &str, rate: f64, connections: usize, measured: &Measured) {
        let work = format!("open loop at {rate:.0}/s, {connections} connections");
        self.measured(on, &work, measured, &format!("refused {}", measured.refused));
    }

    fn measured(&mut self, on: &str, work: &str, measured: &Measured, note: &str) {
        let millis = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
        let [p50, p99, p999] = [0.5, 0.99, 0.999].map(|share| millis(measured.quantile(share)));
        self.line([on, work, &format!("{:.0}/s", measured.rate), &p50, &p99, &p999, note]);
    }

    fn line(&mut self, cells: [&str; 7]) {
        eprintln!("{}", cells.join(" | "));
        self.lines.push(cells.map(str::to_owned));
    }

    pub fn print(&self) {
        for note in &self.notes {
            println!("{note}");
        }
        println!("\n| on | work | rate | p50 | p99 | p99.9 | |\n| --- | --- | ---: | ---: | ---: | ---: | --- |");
        for line in &self.lines {
            println!("| {} |", line.join(" | "));
        }
    }
}

/// What it was measured on.
fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpus = read("/proc/cpuinfo");
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let cores = cpus.lines().filter(|line| line.starts_with("processor")).count();
    let load = read("/proc/loadavg");
    let load: Vec<&str> = load.split_ascii_whitespace().take(3).collect();
    format!("Machine: {cores} x{}, load before {}", model.trim_start_matches([' ', '\t', ':']), load.join(" "))
}
