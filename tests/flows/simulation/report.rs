//! What it came to, in numbers.

use std::io::Write as _;

use rekindle::persona::simulator::Simulator;

use super::visits::Life;

/// What was spent at Persona.
#[derive(Debug, Default, Clone)]
pub struct Spent {
    pub calls: usize,
    pub links: usize,
    pub sessions: usize,
}

impl Spent {
    /// Counts the API's requests so far, and forgets them.
    pub fn count(&mut self, persona: &Simulator) {
        self.calls += persona.requests().len();
        persona.forget_requests();
    }

    /// Counts what is left to be counted at the end.
    pub fn end(mut self, persona: &Simulator) -> Self {
        self.count(persona);
        for inquiry in persona.inquiries() {
            self.links += inquiry.links.len();
            self.sessions += inquiry.sessions.len();
        }
        self
    }

    pub fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.links += other.links;
        self.sessions += other.sessions;
    }

    fn per_person(&self, people: usize) -> String {
        let share = |count: usize| {
            let hundredths = count * 100 / people.max(1);
            format!("{}.{:02}", hundredths / 100, hundredths % 100)
        };
        let (links, sessions, calls) = (share(self.links), share(self.sessions), share(self.calls));
        format!("{links} links, {sessions} sessions, {calls} API calls a person")
    }
}

/// The same people with a naive sender.
#[derive(Debug, Default)]
pub struct Naive {
    pub finished: usize,
    pub spent: Spent,
}

/// What became of a crowd.
#[derive(Debug)]
pub struct Report {
    pub people: usize,
    pub wanted: usize,
    pub finished: usize,
    pub spent: Spent,
    /// Who wanted to finish and did not, and why.
    pub outside: Vec<String>,
}

impl Report {
    pub fn of(lives: &[Life], spent: Spent) -> Self {
        let wanted = lives.iter().filter(|life| life.someone.wants).count();
        let finished = lives.iter().filter(|life| life.someone.wants && life.finished).count();
        Self { people: lives.len(), wanted, finished, spent, outside: Vec::new() }
    }

    /// Prints it past the test harness, which would keep a passing test's output to itself.
    pub fn print(&self, name: &str, naive: &Naive) {
        let Self { people, wanted, finished, spent, .. } = self;
        let ours = spent.per_person(*people);
        // It makes one call of its own for each inquiry's link, which the simulator's handle made here.
        let mut theirs = naive.spent.clone();
        theirs.calls += people;
        let text = format!(
            "simulation {name}: {finished} of {wanted} who wanted to finish did ({ours}); \
             with one link by mail {} did ({})",
            naive.finished,
            theirs.per_person(*people)
        );
        let _ = writeln!(std::io::stderr(), "{text}");
        for outside in &self.outside {
            let _ = writeln!(std::io::stderr(), "  outside: {outside}");
        }
    }
}
