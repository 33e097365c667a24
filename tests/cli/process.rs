//! The real binary: a folder with a configuration, `rekindle serve` in it, and other commands beside it.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::application::SECRET;
use crate::support::vault::MASTER_KEY;

pub const BINARY: &str = env!("CARGO_BIN_EXE_rekindle");

/// The webhook secret of an environment.
pub fn webhook_secret(environment: &str) -> String {
    format!("wbhsec_{environment}{SECRET_END}")
}

/// The API key of the sandbox.
pub const API_KEY: &str = "persona_sandbox_77777777-2222-3333-4444-555555555555";

/// How every webhook secret and API key of the tests ends.
const SECRET_END: &str = "-2222-3333-4444-555555555555";

/// Longer than anything here takes; only a defect lets it pass.
const BOUND: Duration = Duration::from_mins(2);
const BETWEEN_LOOKS: Duration = Duration::from_millis(25);
const LOOKS: u32 = 4_800;

/// What must never be seen: secrets, links and tokens, and what stands in fixtures as people's data.
const NEVER_SHOWN: [&str; 7] =
    [SECRET_END, SECRET, MASTER_KEY, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "code=", "session-token", "@example.com"];

/// Rekindle installed in a folder of its own.
pub struct Installation {
    folder: TempDir,
    pub public: SocketAddr,
    pub internal: SocketAddr,
    variables: Vec<(String, String)>,
    open_files: Option<u32>,
    serving: Option<Child>,
    client: reqwest::Client,
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Installation {
    /// A folder with a configuration; where to listen is added to it.
    pub fn new(toml: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (public, internal) = (free_address(), free_address());
        let new =
            Self { folder, public, internal, variables: Vec::new(), open_files: None, serving: None, client: http() };
        new.configure(toml);
        new
    }

    /// Replaces the configuration; a process that serves keeps the one it began with.
    pub fn configure(&self, toml: &str) {
        let (public, internal) = (self.public, self.internal);
        let listen = format!("[listen]\npublic = \"{public}\"\ninternal = \"{internal}\"\n");
        // Keys without a section come first in TOML, so ours follow.
        fs::write(self.file("rekindle.toml"), format!("{toml}\n{listen}")).unwrap();
    }

    /// Sets an environment variable for every command from here on.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.variables.push((name.to_owned(), value.into()));
    }

    /// Lets every command from here on have so many files open at most.
    pub fn allow_open_files(&mut self, most: u32) {
        self.open_files = Some(most);
    }

    /// The process that serves.
    pub fn pid(&self) -> u32 {
        self.serving.as_ref().expect("it serves").id()
    }

    pub fn file(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// Starts `rekindle serve` and waits until it is ready.
    pub async fn start(&mut self) {
        self.start_as(&["serve"]).await;
    }

    /// Starts a command that goes on, and waits until it is ready.
    pub async fn start_as(&mut self, arguments: &[&str]) {
        assert!(self.serving.is_none(), "it serves already");
        let log = File::options().create(true).append(true).open(self.file("log")).unwrap();
        let mut command = self.command(arguments);
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        self.serving = Some(command.spawn().unwrap());
        let ready = self.url("/readyz");
        for _ in 0..LOOKS {
            let ended = self.serving.as_mut().and_then(|child| child.try_wait().unwrap());
            assert_eq!(ended, None, "rekindle ended: {}", self.log());
            if self.client.get(&ready).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        panic!("rekindle is never ready: {}", self.log());
    }

    /// Ends the process at once, as a power cut would.
    pub async fn kill(&mut self) {
        let mut child = self.serving.take().expect("it serves");
        child.kill().unwrap();
        ended(&mut child).await;
    }

    /// Asks the process to stop, as a process manager would; see [`Installation::stopped`].
    pub fn ask_to_stop(&self) {
        let pid = self.pid().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// Waits until the process has stopped softly.
    pub async fn stopped(&mut self) {
        assert_eq!(self.ended().await, Some(0), "a soft stop is a success");
    }

    /// Waits until the process has ended; its exit code.
    pub async fn ended(&mut self) -> Option<i32> {
        let mut child = self.serving.take().expect("it serves");
        ended(&mut child).await.code()
    }

    /// Runs a command to its end.
    pub async fn run(&self, arguments: &[&str]) -> Said {
        let mut command = self.command(arguments);
        command.stdin(Stdio::null());
        let running = tokio::task::spawn_blocking(move || command.output().unwrap());
        let output = tokio::time::timeout(BOUND, running).await.expect("a command ends").unwrap();
        let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_nothing_shown(&format!("rekindle {}", arguments.join(" ")), &format!("{out}\n{err}"));
        Said { code: output.status.code(), out, err }
    }

    /// Runs a command that must succeed, and reads its answer as one JSON document.
    pub async fn json(&self, arguments: &[&str]) -> Value {
        let said = self.run(&[arguments, &["--json"]].concat()).await;
        assert_eq!(said.code, Some(0), "{arguments:?}: {said:?}");
        serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{arguments:?}: {error} in {}", said.out))
    }

    /// Runs a command that must succeed with a list.
    pub async fn list(&self, arguments: &[&str]) -> Vec<Value> {
        self.json(arguments).await.as_array().expect("a list is one JSON array").clone()
    }

    /// Runs a command that must fail, and gives what it says of it.
    pub async fn refused(&self, arguments: &[&str]) -> String {
        let said = self.run(arguments).await;
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{arguments:?}: {}", said.err);
        said.err
    }

    /// What the internal listener answers.
    pub async fn get(&self, path: &str) -> (u16, String) {
        let answer = self.client.get(self.url(path)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Where Persona sends an environment's webhooks.
    pub fn webhook(&self, environment: &str) -> String {
        format!("http://{}/webhooks/persona/{environment}", self.public)
    }

    /// Delivers a body to an environment as Persona would; status and answer.
    pub async fn deliver(&self, environment: &str, body: &[u8]) -> (u16, String) {
        let now = rekindle::clock::Clock::System.now();
        let signature = rekindle::domain::signature::sign(body, webhook_secret(environment).as_bytes(), now);
        let request = self.client.post(self.webhook(environment)).header("Persona-Signature", signature);
        let answer = request.body(body.to_vec()).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// What was logged so far, by every process that served here.
    pub fn log(&self) -> String {
        read(&self.file("log"))
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.internal)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = match self.open_files {
            None => Command::new(BINARY),
            Some(most) => {
                let mut shell = Command::new("/bin/sh");
                shell.args(["-c", &format!("ulimit -n {most}; exec \"$0\" \"$@\""), BINARY]);
                shell
            }
        };
        // Nothing of the tests' own environment may change what is tested.
        command.env_clear().env("REKINDLE_MASTER_KEY", MASTER_KEY).envs(self.variables.iter().cloned());
        command.args(arguments).current_dir(self.folder.path());
        command
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        if let Some(mut child) = self.serving.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let log = self.log();
        if std::thread::panicking() {
            eprintln!("--- what rekindle logged ---\n{log}");
        } else {
            assert_nothing_shown("the log", &log);
        }
    }
}

/// An address that nobody listens on, below those the system hands out by itself: it stays free over a restart.
pub fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let own = u16::try_from(std::process::id() % 100).unwrap() * 200;
    loop {
        let port = 10_000 + (own + NEXT.fetch_add(1, Ordering::Relaxed)) % 20_000;
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)) {
            return listener.local_addr().unwrap();
        }
    }
}

async fn ended(child: &mut Child) -> ExitStatus {
    for _ in 0..LOOKS {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    panic!("the process does not end");
}

/// Waits, within a bound, until there is an answer.
pub async fn eventually<T, A: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> A) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    };
    tokio::time::timeout(BOUND, asking).await.unwrap_or_else(|_| panic!("never: {what}"))
}

/// A client for loopback.
fn http() -> reqwest::Client {
    rekindle::tls::install();
    reqwest::Client::builder().no_proxy().timeout(BOUND).build().unwrap()
}

pub fn assert_nothing_shown(where_: &str, text: &str) {
    for secret in NEVER_SHOWN {
        assert!(!text.contains(secret), "{where_} shows {secret}:\n{text}");
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}
