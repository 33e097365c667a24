//! `rekindle serve`: webhooks in, due work out, until told to stop.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tracing::{info, warn};

use crate::app::App;
use crate::cli::{Common, telemetry};
use crate::clock::Clock;
use crate::config::Config;
use crate::http::{internal, public, server};
use crate::jobs;
use crate::storage::Database;

/// Take webhooks and perform what is due
#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    common: Common,
}

impl Serve {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let config = self.common.configuration()?;
        config.require_environments()?;
        telemetry::install(&config.log)?;
        let metrics = telemetry::install_metrics()?;
        for warning in config.warnings() {
            warn!("{warning}");
        }
        let database = Database::open(config.database_url.expose()).await.context("the database can't be opened")?;
        let _alone = database.claim_alone()?;
        database.migrate().await.context("the database's schema can't be brought up to date")?;
        let app = App::new(&config, database, Clock::System)?;
        let running = Running::start(&config, app, metrics).await?;
        info!(public = %running.public, internal = %running.internal, "rekindle serves");
        stop_signal().await?;
        info!("stopping: finishing what was begun");
        running.stop().await;
        info!("stopped");
        Ok(ExitCode::SUCCESS)
    }
}

/// A whole Rekindle in this process: both listeners and the worker.
pub(super) struct Running {
    /// Where the public listener is.
    pub(super) public: std::net::SocketAddr,
    /// Where the internal listener is.
    pub(super) internal: std::net::SocketAddr,
    app: App,
    stop: watch::Sender<bool>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Running {
    /// Binds both listeners and starts the worker.
    pub(super) async fn start(config: &Config, app: App, metrics: PrometheusHandle) -> anyhow::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let public = bind(config.listen.public, "listen.public").await?;
        let internal = bind(config.listen.internal, "listen.internal").await?;
        let (public_address, internal_address) = (public.local_addr()?, internal.local_addr()?);
        let limits = server::ServerLimits::new(&config.limits, config.worker.shutdown_grace);

        let public_routes = public::routes(app.clone(), config.limits);
        let internal_routes = internal::routes(app.clone(), metrics);
        let worker = jobs::run(app.clone(), config.worker, until(stopped.clone()));
        let tasks = vec![
            tokio::spawn(server::serve(public, public_routes, limits, until(stopped.clone()))),
            tokio::spawn(server::serve(internal, internal_routes, limits, until(stopped.clone()))),
            tokio::spawn(worker),
            tokio::spawn(replan(app.clone(), stopped)),
        ];
        Ok(Self { public: public_address, internal: internal_address, app, stop, tasks })
    }

    /// Stops softly: nothing new is taken or claimed, what was begun is finished.
    pub(super) async fn stop(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            let _ = task.await;
        }
        self.app.database().close().await;
    }
}

async fn bind(address: std::net::SocketAddr, key: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("{key} = \"{address}\": can't listen there; choose a free address"))
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a stop as well.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Plans everybody anew if the rules changed since the last start; the database may be away for a while.
async fn replan(app: App, stopped: watch::Receiver<bool>) {
    let work = async {
        while let Err(why) = app.replan_if_rules_changed().await {
            warn!(error = %why, "changed rules could not be planned yet");
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    };
    tokio::select! {
        () = work => {}
        () = until(stopped) => {}
    }
}

/// Resolves at the first SIGINT or SIGTERM; a second one ends the process at once.
pub(super) async fn stop_signal() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        std::process::exit(130);
    });
    Ok(())
}
