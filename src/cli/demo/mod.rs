//! `rekindle demo`: the main job in a minute, with a simulated Persona, a whole Rekindle and a dozen invented people.
//!
//! Nothing is staged on Rekindle's side: the same listeners, worker and database as in `serve`, on loopback. The people
//! are simulated with it as the only way back in, so when one of them ends up outside, the demo fails and says who.

mod browser;
mod cast;
mod home;
mod line;
mod mailbox;
mod narrator;
mod pace;
mod people;
mod stage;
mod summary;
mod verdict;
mod watcher;

use std::process::ExitCode;

use clap::Args;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::cli::{serve, telemetry};
use crate::config::{LogFormat, LogSettings};
use cast::Person;
use line::{Style, Voice};
use narrator::Narrator;
use pace::Pace;
use people::{Life, Story};
use stage::Stage;
use summary::Summary;
use verdict::Outcome;

/// Where to go from here.
const NEXT: &str = "Look inside: rekindle demo --keep. For real: README.md, \"Five minutes to a real webhook\".";

/// What the shell is told when a signal ended us.
const INTERRUPTED: u8 = 130;

/// Show the main job in a minute: no configuration, no account, no server
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// How long the story takes; everyone's time to finish scales with it
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(10..=3600))]
    seconds: u32,
    /// How many people there are
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=26))]
    people: u32,
    /// Leave everything running afterwards, until ctrl-c, and keep the files
    #[arg(long)]
    keep: bool,
}

impl Demo {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        telemetry::install(&LogSettings { format: LogFormat::Text, filter: "warn,sqlx=error".to_owned() })?;
        let metrics = telemetry::install_metrics()?;
        let style = Style::of_terminal();
        let (pace, cast) = (Pace::new(self.seconds), cast::cast(self.people));
        let mut stage = Stage::set(&pace, metrics).await?;
        println!("{}\n", introduction(&cast, &pace, stage.mailbox_page()));
        let told = tokio::select! {
            told = play(&stage, &pace, cast, style) => Some(told?),
            stopped = serve::stop_signal() => stopped.map(|()| None)?,
        };
        let Some(outcomes) = told else {
            stage.strike().await;
            return Ok(ExitCode::from(INTERRUPTED));
        };
        let summary = Summary::of(&stage, &outcomes).await?;
        let complaints: Vec<String> = outcomes.iter().flat_map(verdict::judge).chain(stage.complaints()).collect();
        println!("\n{}", summary.text(&complaints, style));
        if self.keep {
            println!("\n{}", stage.keep()?);
            serve::stop_signal().await?;
        } else if complaints.is_empty() {
            println!("{NEXT}");
        }
        stage.strike().await;
        Ok(if complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn introduction(cast: &[Person], pace: &Pace, mailbox: &str) -> String {
    let (people, life) = (cast.len(), pace.life().as_secs());
    let crowd = if people == 1 { "1 invented person has".to_owned() } else { format!("{people} invented people have") };
    format!(
        "{crowd} {life} seconds to finish an inquiry at a simulated Persona. Some will get lost.\n\
         Lines with > are a real Rekindle: webhooks come in, e-mails with fresh links go out in time.\n\
         What people get stands in their mailbox: {mailbox}"
    )
}

/// Lets everyone live their story while the narrator tells it, and gives what became of each.
async fn play(stage: &Stage, pace: &Pace, cast: Vec<Person>, style: Style) -> anyhow::Result<Vec<Outcome>> {
    let (voice, heard) = mpsc::unbounded_channel();
    let voice = Voice::new(stage.clock().clone(), voice);
    let narrator = Narrator::new(stage.app().clone(), &cast, heard, style);
    let (over, told) = narrator.start();

    let mut lives = JoinSet::new();
    for (index, person) in cast.into_iter().enumerate() {
        let mailbox = stage.mailbox(&person);
        let life = Life::new(person, pace.clone(), stage.simulator().clone(), voice.clone(), mailbox);
        lives.spawn(life.live(pace.entrance(index)));
    }
    let mut stories: Vec<Story> = lives.join_all().await;
    stories.sort_by_key(|story| story.person.place);
    stage.settle(pace.settling()).await?;
    drop(over);
    told.await??;
    stage.outcomes(stories).await
}
