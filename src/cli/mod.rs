//! The roof: commands, and the only place that puts everything together.

mod actions;
mod alerts;
mod audit;
mod because;
mod demo;
mod doctor;
mod events;
mod filters;
mod import;
mod inquiries;
mod keys;
mod lanes;
mod links;
pub mod metrics;
mod migrate;
mod mute;
mod notices;
mod one_inquiry;
mod open;
mod open_files;
mod output;
mod persona;
mod prune;
mod reconcile;
mod replay;
mod report;
mod serve;
mod sign_in;
mod simulator;
mod suppressions;
pub mod telemetry;
mod templates;
mod tokens;
mod totals;
mod vault;
mod why;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// Keeps every Persona inquiry reachable: receives the webhooks, keeps the true state, brings people back in.
#[derive(Debug, Parser)]
#[command(name = "rekindle", version, max_term_width = 100)]
struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Take webhooks and perform what is due
    Serve(serve::Serve),
    /// Perform what is due, beside processes that serve from the same PostgreSQL
    Worker(worker::Worker),
    /// Show the main job in a minute: no configuration, no account, no server
    Demo(demo::Demo),
    /// Serve a simulated Persona
    Simulator(simulator::Simulator),
    /// Events as received
    #[command(subcommand)]
    Events(events::Events),
    /// Inquiries as last observed
    #[command(subcommand)]
    Inquiries(inquiries::Inquiries),
    /// Planned, running and finished work
    #[command(subcommand)]
    Actions(actions::Actions),
    /// Many actions made due again, or events applied again: looked at first, then watched
    #[command(subcommand)]
    Replay(Box<replay::Replay>),
    /// Kinds of work in environments: paused or performed, and in which order
    #[command(subcommand)]
    Lanes(lanes::Lanes),
    /// What is wrong with this installation, and who hears of it
    #[command(subcommand)]
    Alerts(alerts::Alerts),
    /// Templates: their versions, and everyone planned anew for the latest
    #[command(subcommand)]
    Templates(templates::Templates),
    /// Access links: our own way in, which leads to a fresh link of Persona's
    #[command(subcommand)]
    Links(links::Links),
    /// What people are written: looked at, and tried out
    #[command(subcommand)]
    Notices(notices::Notices),
    /// People who are told nothing, by a channel or by any
    #[command(subcommand)]
    Suppressions(suppressions::Suppressions),
    /// Take in what was open at Persona before the first webhook
    Import(import::Import),
    /// Ask Persona for what its webhooks did not bring
    Reconcile(reconcile::Reconcile),
    /// Whether reminding helps
    Report(report::Report),
    /// How often things happened
    Totals(totals::Totals),
    /// Take away what has served its time
    Prune(prune::Prune),
    /// The keys that people's data is sealed under
    #[command(subcommand)]
    Keys(keys::Keys),
    /// What applications, customers and operators authenticate by
    #[command(subcommand)]
    Tokens(tokens::Tokens),
    /// A one-time address that signs a browser in
    SignIn(sign_in::SignIn),
    /// What operators did
    #[command(subcommand)]
    Audit(audit::Audit),
    /// What is set up at Persona for us
    #[command(subcommand)]
    Persona(persona::Persona),
    /// Bring the database's schema up to date
    Migrate(migrate::Migrate),
    /// Check configuration, database, Persona and secrets, and say what to do
    Doctor(doctor::Doctor),
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
struct Common {
    /// The configuration file; without it `rekindle.toml` in the current folder, if there is one
    #[arg(long, value_name = "FILE", env = "REKINDLE_CONFIG")]
    config: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

/// Reads the command line and runs what it says. Errors go to standard error, with exit code 1.
pub fn main() -> ExitCode {
    let command = Command::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(why) => return failed(&anyhow::Error::new(why).context("the runtime could not be started")),
    };
    match runtime.block_on(run(command.verb)) {
        Ok(code) => code,
        Err(why) => failed(&why),
    }
}

async fn run(verb: Verb) -> anyhow::Result<ExitCode> {
    match verb {
        Verb::Serve(serve) => serve.run().await,
        Verb::Worker(worker) => worker.run().await,
        Verb::Demo(demo) => demo.run().await,
        Verb::Simulator(simulator) => simulator.run().await,
        Verb::Events(events) => events.run().await,
        Verb::Inquiries(inquiries) => inquiries.run().await,
        Verb::Actions(actions) => actions.run().await,
        Verb::Replay(replay) => replay.run().await,
        Verb::Lanes(lanes) => lanes.run().await,
        Verb::Alerts(alerts) => alerts.run().await,
        Verb::Templates(templates) => templates.run().await,
        Verb::Links(links) => links.run().await,
        Verb::Notices(notices) => notices.run().await,
        Verb::Suppressions(suppressions) => suppressions.run().await,
        Verb::Import(import) => import.run().await,
        Verb::Reconcile(reconcile) => reconcile.run().await,
        Verb::Report(report) => report.run().await,
        Verb::Totals(totals) => totals.run().await,
        Verb::Prune(prune) => prune.run().await,
        Verb::Keys(keys) => keys.run().await,
        Verb::Tokens(tokens) => tokens.run().await,
        Verb::SignIn(sign_in) => sign_in.run().await,
        Verb::Audit(audit) => audit.run().await,
        Verb::Persona(persona) => persona.run().await,
        Verb::Migrate(migrate) => migrate.run().await,
        Verb::Doctor(doctor) => doctor.run().await,
    }
}

fn failed(why: &anyhow::Error) -> ExitCode {
    eprintln!("rekindle: {why:#}");
    ExitCode::FAILURE
}
