//! The narrator: hears the people, looks into Rekindle, and tells both in one voice, in the order of time.

use std::time::Duration;

use anyhow::Context;
use jiff::SignedDuration;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::cast::Person;
use super::line::{Line, Style};
use super::watcher::{Snapshot, Watcher};
use crate::app::App;
use crate::domain::time::Timestamp;

/// How often to look.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How long a line is held back, so that what was committed a little later can still come before it.
const HELD_BACK: SignedDuration = SignedDuration::from_millis(250);

/// Tells the story as it happens.
pub(super) struct Narrator {
    app: App,
    heard: UnboundedReceiver<Line>,
    watcher: Watcher,
    waiting: Vec<Line>,
    start: Timestamp,
    style: Style,
}

impl Narrator {
    /// A narrator for whom time starts now.
    pub(super) fn new(app: App, cast: &[Person], heard: UnboundedReceiver<Line>, style: Style) -> Self {
        let start = app.clock().now();
        Self { app, heard, watcher: Watcher::new(cast), waiting: Vec::new(), start, style }
    }

    /// Starts to tell, until the sender is dropped; then tells what is left and ends.
    pub(super) fn start(self) -> (oneshot::Sender<()>, JoinHandle<anyhow::Result<()>>) {
        let (over, ending) = oneshot::channel();
        (over, tokio::spawn(self.tell(ending)))
    }

    async fn tell(mut self, mut ending: oneshot::Receiver<()>) -> anyhow::Result<()> {
        loop {
            let is_over = tokio::select! {
                _ = &mut ending => true,
                () = tokio::time::sleep(LOOK_EVERY) => false,
            };
            let now = self.app.clock().now();
            self.look().await?;
            let until = if is_over { self.app.clock().now() } else { now.minus(HELD_BACK) };
            self.speak(until);
            if is_over {
                return Ok(());
            }
        }
    }

    async fn look(&mut self) -> anyhow::Result<()> {
        let snapshot = Snapshot::take(&self.app).await.context("Rekindle's database can't be read")?;
        self.waiting.extend(self.watcher.news(&snapshot));
        while let Ok(line) = self.heard.try_recv() {
            self.waiting.push(line);
        }
        Ok(())
    }

    /// Prints what happened up to then.
    fn speak(&mut self, until: Timestamp) {
        self.waiting.sort_by_key(|line| line.at);
        let ready = self.waiting.partition_point(|line| line.at <= until);
        for line in self.waiting.drain(..ready) {
            println!("{}", line.written(self.start, self.style));
        }
    }
}
