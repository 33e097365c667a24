//! The processes under torture, and whoever starts them again.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use rekindle::clock::Clock;
use rekindle::domain::time::Timestamp;
use serde_json::Value;
use tempfile::TempDir;

use super::plan::Plan;
use crate::cli::process::{assert_nothing_shown, free_address};
use crate::support::vault::MASTER_KEY;

/// How long a process that ended is left alone before it is started again.
const PAUSE: Duration = Duration::from_millis(150);
/// How often to look for the first connection, with that pause between.
const LOOKS: u32 = 400;

pub struct Fleet {
    binary: PathBuf,
    sabotage: Option<&'static str>,
    processes: Mutex<Vec<Process>>,
    counts: Mutex<Counts>,
}

/// What was done to processes.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    pub kills: u32,
    pub starts: u32,
    pub soft_stops: u32,
    /// Processes that ended although nobody asked them to.
    pub ended: u32,
    /// From when to when a process stood still.
    pub freezes: Vec<(Timestamp, Timestamp)>,
}

struct Process {
    command: &'static str,
    folder: TempDir,
    public: SocketAddr,
    child: Option<Child>,
    /// Whether somebody asked it to end.
    asked: bool,
    frozen_since: Option<Timestamp>,
}

impl Fleet {
    /// A process for each of these commands with this configuration, none started yet.
    pub fn new(plan: &Plan, commands: &[&'static str], toml: &str) -> Self {
        let processes = commands.iter().map(|command| Process::new(command, toml)).collect();
        Self {
            binary: plan.binary.clone(),
            sabotage: plan.sabotage.map(super::plan::Sabotage::as_str),
            processes: Mutex::new(processes),
            counts: Mutex::default(),
        }
    }

    pub fn len(&self) -> usize {
        self.processes.lock().unwrap().len()
    }

    /// Where those are that take webhooks.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let processes = self.processes.lock().unwrap();
        processes.iter().filter(|process| process.command != "worker").map(|process| process.public).collect()
    }

    pub fn counts(&self) -> Counts {
        self.counts.lock().unwrap().clone()
    }

    /// Starts whatever does not run, for ever.
    pub async fn keep_running(&self) {
        loop {
            for number in 0..self.len() {
                self.start_if_ended(number);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until every process that takes webhooks does so for the first time.
    pub async fn started(&self) {
        for address in self.addresses() {
            let mut looks = 0;
            while tokio::net::TcpStream::connect(address).await.is_err() {
                looks += 1;
                assert!(looks < LOOKS, "a process does not start: {}", self.logs().join("\n"));
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    fn start_if_ended(&self, number: usize) {
        let process = &mut self.processes.lock().unwrap()[number];
        let mut counts = self.counts.lock().unwrap();
        if let Some(child) = &mut process.child {
            if child.try_wait().unwrap().is_none() {
                return;
            }
            process.child = None;
            counts.ended += u32::from(!process.asked);
            return;
        }
        let mut command = self.command(process, &process.command.split(' ').collect::<Vec<_>>());
        let log = File::options().create(true).append(true).open(process.folder.path().join("log")).unwrap();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        process.child = Some(command.spawn().unwrap());
        process.asked = false;
        counts.starts += 1;
    }

    /// Ends a process at once.
    pub fn kill(&self, number: usize) {
        let process = &mut self.processes.lock().unwrap()[number];
        if process.frozen_since.is_some() {
            return;
        }
        if let Some(mut child) = process.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
            self.counts.lock().unwrap().kills += 1;
        }
    }

    /// Asks a process to stop, as a process manager would.
    pub fn ask_to_stop(&self, number: usize) {
        let process = &mut self.processes.lock().unwrap()[number];
        if process.child.is_some() && process.frozen_since.is_none() && !process.asked {
            process.signal("-TERM");
            process.asked = true;
            self.counts.lock().unwrap().soft_stops += 1;
        }
    }

    /// Makes a process stand still, as a machine does that moves or swaps; false when there is none to do it to.
    pub fn freeze(&self, number: usize) -> bool {
        let process = &mut self.processes.lock().unwrap()[number];
        let can = process.child.is_some() && process.frozen_since.is_none();
        if can {
            process.signal("-STOP");
            process.frozen_since = Some(Clock::System.now());
        }
        can
    }

    pub fn thaw(&self, number: usize) {
        let process = &mut self.processes.lock().unwrap()[number];
        if let Some(since) = process.frozen_since.take() {
            process.signal("-CONT");
            self.counts.lock().unwrap().freezes.push((since, Clock::System.now()));
        }
    }

    /// Runs a command beside the processes, and reads its answer as a list.
    pub async fn list(&self, arguments: &[&str]) -> Vec<Value> {
        let mut command = {
            let processes = self.processes.lock().unwrap();
            self.command(&processes[0], &[arguments, &["--limit", "10000000", "--json"]].concat())
        };
        command.stdin(Stdio::null());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{arguments:?}: {error}"))
    }

    /// What every process logged.
    pub fn logs(&self) -> Vec<String> {
        let processes = self.processes.lock().unwrap();
        processes
            .iter()
            .map(|process| fs::read_to_string(process.folder.path().join("log")).unwrap_or_default())
            .collect()
    }

    fn command(&self, process: &Process, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.env_clear().env("REKINDLE_MASTER_KEY", MASTER_KEY).args(arguments).current_dir(process.folder.path());
        command.envs(self.sabotage.map(|name| ("SABOTAGE", name)));
        command
    }
}

impl Process {
    fn new(command: &'static str, toml: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (public, internal) = (free_address(), free_address());
        let listen = format!("[listen]\npublic = \"{public}\"\ninternal = \"{internal}\"\n");
        fs::write(folder.path().join("rekindle.toml"), format!("{toml}\n{listen}")).unwrap();
        Self { command, folder, public, child: None, asked: false, frozen_since: None }
    }

    fn signal(&self, signal: &str) {
        if let Some(child) = &self.child {
            // Gone already is as good.
            let _ = Command::new("kill").args([signal, &child.id().to_string()]).stderr(Stdio::null()).status();
        }
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for process in self.processes.get_mut().unwrap() {
            if let Some(mut child) = process.child.take() {
                let _ = child.kill();
                let _ = child.wait();
            }
        }
        if let Some(folder) = std::env::var_os("TORTURE_LOGS") {
            for (number, log) in self.logs().iter().enumerate() {
                let _ = fs::write(PathBuf::from(&folder).join(format!("process-{number}.log")), log);
            }
        }
        if !std::thread::panicking() {
            self.logs().iter().for_each(|log| assert_nothing_shown("the log", log));
        }
    }
}
