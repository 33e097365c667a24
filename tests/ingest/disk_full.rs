//! The disk is full: nothing is promised that can't be kept, and all goes on when there is room again.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rekindle::domain::signature::sign;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::stage::{ENVIRONMENT, SECRET, configuration, event};
use rekindle::clock::Clock;

/// Mounts a small disk of its own, which nobody else sees, and serves from it.
const SCRIPT: &str =
    r#"mount -t tmpfs -o size=4m none "$1" && cp "$2" "$1/rekindle.toml" && cd "$1" && exec "$3" serve"#;

struct Rekindle {
    child: Child,
    address: String,
    disk: PathBuf,
}

impl Drop for Rekindle {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The real binary on a disk of 4 MB; `None`, and said so, where nobody may mount one.
fn start(folder: &std::path::Path) -> Option<Rekindle> {
    let unshare = |flags: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(flags);
        command
    };
    let may = |flags: &[&str]| {
        let probe = unshare(flags).args(["mount", "-t", "tmpfs", "none", "/mnt"]).stderr(Stdio::null()).status();
        probe.is_ok_and(|status| status.success())
    };
    let flags = [&["--mount"][..], &["--user", "--map-root-user", "--mount"]].into_iter().find(|flags| may(flags));
    let Some(flags) = flags else {
        eprintln!("skipped: no disk of its own can be mounted here");
        return None;
    };
    let (disk, config) = (folder.join("disk"), folder.join("rekindle.toml"));
    std::fs::create_dir(&disk).unwrap();
    let more = "database_url = \"sqlite://rekindle.db\"\n[listen]\npublic = \"127.0.0.1:0\"\ninternal = \"127.0.0.1:0\"\n\
                [log]\nformat = \"json\"\n";
    std::fs::write(&config, format!("{more}{}", configuration(&[SECRET]))).unwrap();
    let mut child = unshare(flags)
        .args(["sh", "-c", SCRIPT, "sh"])
        .args([&disk, &config])
        .arg(env!("CARGO_BIN_EXE_rekindle"))
        .env_remove("RUST_LOG")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = loop {
        let line = lines.next().expect("it starts").unwrap();
        let told: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
        if let Some(address) = told["public"].as_str() {
            break address.to_owned();
        }
    };
    std::thread::spawn(move || lines.for_each(drop));
    // The disk as the process sees it.
    let disk = PathBuf::from(format!("/proc/{}/root{}", child.id(), disk.display()));
    Some(Rekindle { child, address, disk })
}

impl Rekindle {
    /// Delivers an event of about 3 KB; the status of the answer.
    async fn deliver(&self, number: usize) -> u16 {
        let mut body = event(&format!("evt_{number}"), &format!("inq_{number}"), "created", Some("ada"), 0);
        body.resize(3_000, b' ');
        let signature = sign(&body, SECRET.as_bytes(), Clock::System.now());
        let head = format!(
            "POST /webhooks/persona/{ENVIRONMENT} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Persona-Signature: {signature}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        stream.write_all(&[head.as_bytes(), &body].concat()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.get(9..12).unwrap().parse().unwrap()
    }

    /// How many events are there.
    async fn count(&self) -> i64 {
        use sqlx::Connection as _;
        // SQLite resolves the way to the disk to one that only the process itself can go; so what is there is copied.
        let folder = tempfile::tempdir().unwrap();
        for name in ["rekindle.db", "rekindle.db-wal"] {
            std::fs::copy(self.disk.join(name), folder.path().join(name)).unwrap();
        }
        let url = format!("sqlite://{}", folder.path().join("rekindle.db").display());
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        sqlx::query_scalar("SELECT count(*) FROM events").fetch_one(&mut connection).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_nothing_is_promised_and_with_room_all_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let Some(rekindle) = start(folder.path()) else { return };
    for number in 0..3 {
        assert_eq!(rekindle.deliver(number).await, 200);
    }
    let filler = rekindle.disk.join("filler");
    let full = std::fs::write(&filler, vec![0; 8 << 20]).unwrap_err();
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    // What the files hold already has some room left; then none.
    let (mut taken, mut refused) = (3, 0);
    while refused < 3 {
        match rekindle.deliver(100 + taken).await {
            200 => taken += 1,
            503 => refused += 1,
            other => panic!("answered {other}"),
        }
        assert!(taken < 3_000, "the disk is never full");
    }
    std::fs::remove_file(&filler).unwrap();
    for number in 10_000..10_010 {
        assert_eq!(rekindle.deliver(number).await, 200, "room again");
        taken += 1;
    }
    assert_eq!(usize::try_from(rekindle.count().await).unwrap(), taken, "what was answered is there, and nothing else");
}
