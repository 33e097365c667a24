//! `rekindle serve`: webhooks in, due work out, until told to stop.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::{info, warn};

use crate::app::App;
use crate::cli::{Common, open_files, sign_in, telemetry, vault};
use crate::clock::Clock;
use crate::config::Config;
use crate::http::{internal, public, server};
use crate::jobs;
use crate::storage::{Database, Kind};

/// Take webhooks and perform what is due
#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    common: Common,
    /// Take webhooks only, and leave what is due to `rekindle worker` in other processes; needs PostgreSQL
    #[arg(long)]
    no_worker: bool,
}

/// Which parts of Rekindle run in a process. The internal listener always does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parts {
    /// The public listener.
    pub(super) public: bool,
    /// What performs due actions.
    pub(super) worker: bool,
}

impl Serve {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        run(&self.common, Parts { public: true, worker: !self.no_worker }).await
    }
}

/// Runs these parts until told to stop.
pub(super) async fn run(common: &Common, parts: Parts) -> anyhow::Result<ExitCode> {
    let config = common.configuration()?;
    config.require_environments()?;
    let exporter = telemetry::install_traced(&config.log, &config.telemetry)?;
    let metrics = telemetry::install_metrics()?;
    for warning in config.warnings() {
        warn!("{warning}");
    }
    let database = Database::open(config.database_url.expose()).await.context("the database can't be opened")?;
    let _alone = database.claim_alone()?;
    if database.kind() == Kind::Sqlite && parts != Parts::ALL {
        bail!(
            "on SQLite one process does everything: run `rekindle serve`, or set database_url to a PostgreSQL, which \
             several processes can share"
        );
    }
    database.migrate().await.context("the database's schema can't be brought up to date")?;
    let database = vault::unlocked(&config, database, |path| {
        info!(path = %path.display(), "made the key file: without it people's data can't be read, so keep a copy of it \
                                       apart from the database");
    })
    .await?;
    let app = App::new(&config, database, Clock::System)?;
    let running = Running::start(&config, app.clone(), metrics, parts).await?;
    let (internal, worker) = (running.internal, parts.worker);
    if let Some(public) = running.public {
        info!(%public, %internal, worker, "rekindle serves");
    } else {
        info!(%internal, "rekindle works");
    }
    sign_in::welcome(&config, &app, internal).await;
    drop(app);
    stop_signal().await?;
    info!("stopping: finishing what was begun");
    running.stop().await;
    if let Some(exporter) = exporter {
        exporter.stop().await;
    }
    info!("stopped");
    Ok(ExitCode::SUCCESS)
}

impl Parts {
    /// Everything.
    pub(super) const ALL: Self = Self { public: true, worker: true };
}

/// A Rekindle in this process, or those parts of it that were wanted.
pub(super) struct Running {
    public: Option<SocketAddr>,
    /// Where the internal listener is.
    pub(super) internal: SocketAddr,
    app: App,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    /// Binds the listeners and starts what else is wanted.
    pub(super) async fn start(
        config: &Config,
        app: App,
        metrics: PrometheusHandle,
        parts: Parts,
    ) -> anyhow::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let mut limits = server::ServerLimits::new(&config.limits, config.worker.shutdown_grace);
        limits.connections = open_files::room_for_connections(config);
        let mut tasks = Vec::new();
        let mut listen = async |address, key, routes| {
            let listener = bind(address, key).await?;
            let address = listener.local_addr()?;
            tasks.push(tokio::spawn(server::serve(listener, routes, limits, until(stopped.clone()))));
            anyhow::Ok(address)
        };
        let public = if parts.public {
            let routes = public::routes(app.clone(), config.limits);
            Some(listen(config.listen.public, "listen.public", routes).await?)
        } else {
            None
        };
        let upkeep = tokio::spawn(keep_up(metrics.clone(), until(stopped.clone())));
        let routes = internal::routes(app.clone(), metrics);
        let internal = listen(config.listen.internal, "listen.internal", routes).await?;
        if parts.worker {
            tasks.push(tokio::spawn(jobs::run(app.clone(), config.worker, until(stopped.clone()))));
            tasks.push(tokio::spawn(jobs::upkeep(app.clone(), until(stopped.clone()))));
        }
        tasks.push(upkeep);
        tasks.push(tokio::spawn(replan(app.clone(), stopped)));
        Ok(Self { public, internal, app, stop, tasks })
    }

    /// Where the public listener is.
    ///
    /// # Errors
    /// When it was not wanted.
    pub(super) fn public(&self) -> anyhow::Result<SocketAddr> {
        self.public.context("this process has no public listener")
    }

    /// Stops softly: nothing new is taken or claimed, what was begun is finished.
    pub(super) async fn stop(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            let _ = task.await;
        }
        self.app.give_back_budgets().await;
        self.app.database().close().await;
    }
}

async fn bind(address: SocketAddr, key: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("{key} = \"{address}\": can't listen there; choose a free address"))
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a stop as well.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Folds what was measured into the histograms, so that it does not pile up where nobody scrapes.
async fn keep_up(metrics: PrometheusHandle, stopped: impl Future<Output = ()>) {
    let fold = async {
        loop {
            tokio::time::sleep(Duration::from_secs(5)).await;
            metrics.run_upkeep();
        }
    };
    tokio::select! {
        () = fold => {}
        () = stopped => {}
    }
}

/// Plans everybody anew if the rules changed since the last start; the database may be away for a while.
async fn replan(app: App, stopped: watch::Receiver<bool>) {
    // Of processes that start together one is enough.
    let work = app.singly("replan", async |_| {
        while let Err(why) = app.replan_if_rules_changed().await {
            warn!(error = %why, "changed rules could not be planned yet");
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    });
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
