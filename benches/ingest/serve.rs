//! The server under load: a process of its own, told where to listen and which database to use.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use rekindle::storage::Database;
use tempfile::TempDir;

use crate::payload::{ENVIRONMENT, SECRET};
use crate::plain;

/// Invented, and of use to nobody.
const MASTER_KEY: &str = "cmVraW5kbGUgYmVuY2ggbWFzdGVyIGtleSwgMzIgYi4=";

/// A configuration and a migrated database.
pub struct Home {
    pub url: String,
    folder: TempDir,
}

impl Home {
    pub async fn on(url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(url).await.unwrap();
        database.migrate().await.unwrap();
        database.close().await;
        // In mode observe everything is planned and nothing performed: this is about ingest.
        let config = format!(
            "database_url = \"{url}\"\nmaster_key = \"{MASTER_KEY}\"\n\
             [listen]\npublic = \"127.0.0.1:0\"\ninternal = \"127.0.0.1:0\"\n\
             [log]\nformat = \"json\"\n\
             [environments.{ENVIRONMENT}]\nmode = \"observe\"\nwebhook_secrets = [\"{SECRET}\"]\n\
             [environments.{ENVIRONMENT}.templates.default]\nreminders = [\"50%\", \"3h\"]\n\
             [notifiers.log]\ntype = \"log\"\n"
        );
        std::fs::write(folder.path().join("rekindle.toml"), config).unwrap();
        Self { url: url.to_owned(), folder }
    }

    fn config(&self) -> String {
        self.folder.path().join("rekindle.toml").display().to_string()
    }

    /// Everything that was answered is there, applied.
    pub async fn check(&self, deliveries: usize) {
        let rows = crate::bare::count(&self.url).await;
        assert_eq!(rows, i64::try_from(deliveries).unwrap(), "events applied");
    }
}

pub struct Server {
    pub address: SocketAddr,
    child: Child,
}

impl Server {
    /// The real binary.
    pub async fn rekindle(home: &Home) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rekindle"));
        command.args(["serve", "--config", &home.config()]);
        Self::start(command).await
    }

    /// The plain handler.
    pub async fn plain(home: &Home) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([plain::WORD, &home.config()]);
        Self::start(command).await
    }

    async fn start(mut command: Command) -> Self {
        command.env_remove("RUST_LOG").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (tell, told) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let mut tell = Some(tell);
            for line in lines.map_while(Result::ok) {
                let value: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
                match (value["public"].as_str(), tell.take()) {
                    (Some(address), Some(tell)) => drop(tell.send(address.parse().unwrap())),
                    (_, waiting) => {
                        tell = waiting;
                        eprintln!("{line}");
                    }
                }
            }
        });
        Self { address: told.await.expect("the server says where it listens"), child }
    }

    /// Resident memory now and at its highest, in MB.
    pub fn memory(&self) -> (u64, u64) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let of = |key: &str| {
            let line = status.lines().find(|line| line.starts_with(key));
            line.and_then(|line| line.split_ascii_whitespace().nth(1)?.parse::<u64>().ok()).unwrap_or(0) / 1024
        };
        (of("VmRSS"), of("VmHWM"))
    }

    pub async fn stop(mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        tokio::task::spawn_blocking(move || self.child.wait()).await.unwrap().unwrap();
    }
}
