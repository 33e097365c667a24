//! How long each of many took.

use std::time::Duration;

use tokio::time::Instant;

pub struct Watch {
    on: String,
    what: String,
    took: Vec<Duration>,
}

impl Watch {
    pub fn new(on: &str, what: &str) -> Self {
        Self { on: on.to_owned(), what: what.to_owned(), took: Vec::new() }
    }

    pub fn rename(&mut self, what: &str) {
        what.clone_into(&mut self.what);
    }

    /// Does one, and notes how long it took.
    pub async fn time<T>(&mut self, work: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let done = work.await;
        self.took.push(began.elapsed());
        done
    }

    /// In seconds.
    pub fn median(&self) -> f64 {
        self.quantile(500)
    }

    /// Prints a line of the table; where part of it was somebody else's time, once more without that.
    pub fn tell(&self, apart: Option<f64>) {
        self.line("", 0.0);
        if let Some(apart) = apart {
            self.line(", Persona's call taken off", apart);
        }
    }

    fn line(&self, more: &str, apart: f64) {
        let millis = |thousandths| format!("{:.2} ms", (self.quantile(thousandths) - apart).max(0.0) * 1e3);
        let [p50, p99, p999, most] = [500, 990, 999, 1_000].map(millis);
        println!("| {} | {}{more} | {p50} | {p99} | {p999} | {most} |", self.on, self.what);
    }

    fn quantile(&self, thousandths: usize) -> f64 {
        let mut sorted = self.took.clone();
        sorted.sort();
        sorted[(sorted.len() - 1) * thousandths / 1_000].as_secs_f64()
    }
}
