//! A replay watched until it ends: a bar on a terminal, lines otherwise.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::{show, unknown};
use crate::app::App;
use crate::app::replay::{Counts, Replay, ReplayState};
use crate::domain::ids::ReplayId;

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(500);

/// After so many looks at which nothing moved that should, something is said.
const STILL: u32 = 20;

/// Watches a replay until it has ended. It goes on without being watched; a failure code says that something failed
/// again, or that it was cancelled.
pub(super) async fn to_its_end(app: &App, id: &ReplayId, json: bool) -> anyhow::Result<ExitCode> {
    let board = app.board(None);
    let shown = if json { Shown::Nothing } else { Shown::of(std::io::stderr().is_terminal()) };
    let (mut before, mut still) = (None, 0);
    loop {
        let story = board.replay(id).await?.ok_or_else(|| unknown(id))?;
        let replay = &story.replay;
        if before == Some((replay.counts, replay.state)) {
            let due = replay.next_at.is_none_or(|at| at <= app.clock().now());
            still += u32::from(replay.state == ReplayState::Running && due);
            if still == STILL && !json {
                shown.note(
                    "nothing moves; is `rekindle serve` or `rekindle worker` running, and is the lane performed?",
                );
            }
        } else {
            shown.tell(replay);
            (before, still) = (Some((replay.counts, replay.state)), 0);
        }
        if replay.is_under_way() {
            tokio::time::sleep(LOOK).await;
            continue;
        }
        shown.end();
        show::story(&story, app.clock().now(), json)?;
        let well = replay.state == ReplayState::Done && replay.counts.failed == 0;
        return Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
}

/// Where it is shown how far it is.
enum Shown {
    Bar(ProgressBar),
    Lines,
    Nothing,
}

impl Shown {
    fn of(terminal: bool) -> Self {
        if !terminal {
            return Self::Lines;
        }
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}") {
            bar.set_style(style);
        }
        Self::Bar(bar)
    }

    fn tell(&self, replay: &Replay) {
        let Counts { looked_at, done, unchanged, failed, .. } = replay.counts;
        let (ended, all) = (looked_at.saturating_sub(replay.waiting()), replay.preview.matched.max(looked_at));
        let mut said = format!("{}: {} done", replay.state, done + unchanged);
        for (count, word) in [(failed, "failed again"), (replay.waiting(), "waiting")] {
            if count > 0 {
                // Writing into a text does not fail.
                let _ = write!(said, ", {count} {word}");
            }
        }
        match self {
            Self::Bar(bar) => {
                bar.set_length(all);
                bar.set_position(ended);
                bar.set_message(said);
            }
            Self::Lines => eprintln!("rekindle: {ended} of {all}, {said}"),
            Self::Nothing => {}
        }
    }

    fn note(&self, text: &str) {
        match self {
            Self::Bar(bar) => bar.println(format!("rekindle: {text}")),
            Self::Lines | Self::Nothing => eprintln!("rekindle: {text}"),
        }
    }

    fn end(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
