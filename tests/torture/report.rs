//! What a run was and what it found, in one line.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

use super::chaos::Outages;
use super::checks::Tally;
use super::findings::Findings;
use super::fleet::Counts;
use super::ledger::Ledger;
use super::plan::Plan;

pub struct Report {
    pub database: &'static str,
    pub plan: Plan,
    pub counts: Counts,
    pub outages: Outages,
    pub quiet_after: Duration,
    pub findings: Findings,
    pub tally: Tally,
    pub ledger: Ledger,
}

impl Report {
    /// Past the capture of test output, so that it is seen although the tests pass.
    pub fn print(&self) {
        let _ = writeln!(std::io::stderr(), "{}", self.line());
    }

    fn line(&self) -> String {
        let Self { plan, counts, outages, findings, tally, .. } = self;
        let pages = self.ledger.read();
        let mut line = format!("torture on {}: seed {}, {} s", self.database, plan.seed, plan.load.as_secs());
        if let Some(sabotage) = plan.sabotage {
            let _ = write!(line, ", built to fail by {}", sabotage.as_str());
        }
        let figures: [(&str, u64); 10] = [
            ("kills", counts.kills.into()),
            ("soft stops", counts.soft_stops.into()),
            ("freezes", counts.freezes.len() as u64),
            ("starts", counts.starts.into()),
            ("ended by themselves", counts.ended.into()),
            ("database stops", outages.stops.into()),
            ("connections cut", outages.connections_cut),
            ("requests", pages.requests),
            ("answered 2xx", pages.taken),
            ("events sent", pages.entries.len() as u64),
        ];
        for (name, figure) in figures {
            let _ = write!(line, ", {figure} {name}");
        }
        let tallied = [
            ("stored", tally.stored),
            ("ignored", tally.ignored),
            ("quarantined", tally.quarantined),
            ("unreadable", tally.unreadable),
            ("inquiries", tally.inquiries),
            ("replayed exactly", tally.replayed_exactly),
            ("attempts", tally.attempts),
            ("takeovers", tally.takeovers),
            ("links minted", tally.mints),
            ("links given again", tally.mint_replays),
            ("new keys", tally.new_generations),
            ("notices", tally.notices),
            ("repeats of a webhook-id", tally.repeats),
            ("repeats after the end", tally.late_repeats),
            ("reminded in the race window", tally.reminded_in_the_window),
        ];
        for (name, figure) in tallied {
            let _ = write!(line, ", {figure} {name}");
        }
        for (state, figure) in &tally.actions {
            let _ = write!(line, ", {figure} actions {state}");
        }
        let _ = write!(line, ", quiet after {:.1} s", self.quiet_after.as_secs_f64());
        let Findings { lost, doubled, stuck, wrong } = findings;
        let (lost, doubled, stuck, wrong) = (lost.len(), doubled.len(), stuck.len(), wrong.len());
        let _ = write!(line, ": {lost} LOST, {doubled} DUPLICATES, {stuck} stuck, {wrong} otherwise wrong");
        line
    }
}
