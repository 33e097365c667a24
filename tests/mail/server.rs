//! The mail server of the tests, and its mailbox.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_parser::{Message, MessageParser};
use rekindle::notify::email::{EmailSettings, Security};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// Longer than the server takes for anything; only what hangs lets it pass.
const BOUND: Duration = Duration::from_mins(2);

pub const USER: &str = "rekindle";
pub const PASSWORD: &str = "correct-horse-battery-staple";

/// A mail server, until this is dropped.
pub struct MailServer {
    pub port: u16,
    /// Its certificate, as PEM, which is its own authority.
    pub authority: Option<Vec<u8>>,
    lines: Lines<BufReader<ChildStdout>>,
    _stdin: ChildStdin,
    _child: Child,
}

/// A letter as it came in.
pub struct Arrived {
    pub secure: bool,
    pub user: Option<String>,
    pub from: String,
    pub to: Vec<String>,
    raw: Vec<u8>,
}

impl MailServer {
    /// One that asks nobody who they are, in the clear.
    pub async fn plain() -> Self {
        Self::start(json!({ "security": "none" }), None).await
    }

    /// One that wants a user and TLS, in this way.
    pub async fn secure(security: &str) -> Self {
        let signed = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let (cert, key) = (signed.cert.pem(), signed.signing_key.serialize_pem());
        let settings = json!({ "security": security, "cert": cert, "key": key, "user": USER, "password": PASSWORD });
        Self::start(settings, Some(cert.into_bytes())).await
    }

    async fn start(settings: Value, authority: Option<Vec<u8>>) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
        assert!(
            folder.join("node_modules/smtp-server").is_dir(),
            "the mail tests lack their package: run scripts/test-setup.sh, which brings Node.js and it"
        );
        let mut command = Command::new("node");
        command.arg("mail.mjs").current_dir(&folder).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("Node.js, which scripts/test-setup.sh brings");
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(format!("{settings}\n").as_bytes()).await.unwrap();
        let mut server = Self {
            port: 0,
            authority,
            lines: BufReader::new(child.stdout.take().unwrap()).lines(),
            _stdin: stdin,
            _child: child,
        };
        server.port = server.line().await["port"].as_u64().and_then(|port| u16::try_from(port).ok()).unwrap();
        server
    }

    /// How it is reached, by somebody it knows.
    pub fn settings(&self, security: Security) -> EmailSettings {
        let from = "Example Bank <verify@bank.example>".parse().unwrap();
        let known = self.authority.is_some();
        EmailSettings {
            host: if known { "localhost" } else { "127.0.0.1" }.to_owned(),
            security,
            authority: self.authority.clone(),
            credentials: known.then(|| (USER.to_owned(), PASSWORD.into())),
            ..EmailSettings::local(self.port, from)
        }
    }

    /// The next letter that comes in.
    pub async fn next(&mut self) -> Arrived {
        let told = self.line().await;
        let text = |key: &str| told[key].as_str().map(str::to_owned);
        Arrived {
            secure: told["secure"].as_bool().unwrap(),
            user: text("user"),
            from: text("from").unwrap(),
            to: told["to"].as_array().unwrap().iter().map(|to| to.as_str().unwrap().to_owned()).collect(),
            raw: STANDARD.decode(text("raw").unwrap()).unwrap(),
        }
    }

    async fn line(&mut self) -> Value {
        let line = tokio::time::timeout(BOUND, self.lines.next_line()).await.expect("the mail server says something");
        serde_json::from_str(&line.unwrap().expect("the mail server goes on")).unwrap()
    }
}

impl Arrived {
    /// As a mail reader reads it.
    pub fn message(&self) -> Message<'_> {
        MessageParser::default().parse(&self.raw).unwrap()
    }

    /// The link of its button, out of the plain text.
    pub fn link(&self) -> String {
        let message = self.message();
        let text = message.body_text(0).unwrap();
        text.lines().map(str::trim).find(|line| line.starts_with("http")).unwrap().to_owned()
    }

    /// A header as it was sent.
    pub fn header(&self, name: &str) -> Option<String> {
        let message = self.message();
        message.header_raw(name).map(|value| value.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}
