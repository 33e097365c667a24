//! A throw-away PostgreSQL with its defaults: fsync, synchronous commits, autovacuum. Gone with this process.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

/// `$1` the folder of the binaries, `$2` the server's folder. Ends, and takes the folder along, when its standard
/// input closes.
const KEEPER: &str = r#"
cd "$2" || exit 1
trap '' HUP INT TERM
"$1/initdb" -D "$2/data" -U postgres -A trust -E UTF8 --locale=C >>"$2/log" 2>&1
"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= >>"$2/log" 2>&1 &
server=$!
read -r _
kill -QUIT "$server"
wait "$server"
rm -rf "$2"
"#;

pub struct Server {
    folder: PathBuf,
    _keeper: Child,
}

/// Starts it, or says why there is none.
pub async fn start() -> Server {
    let binaries = binaries().expect("the PostgreSQL programs: see scripts/test-setup.sh");
    let folder = tempfile::Builder::new().prefix("rekindle-bench-").tempdir().unwrap().keep();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).unwrap();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", KEEPER, "keeper"]).arg(binaries).arg(&folder);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    if std::fs::metadata(&folder).unwrap().uid() == 0 {
        // PostgreSQL refuses to run as root.
        let number = |flag: &str| {
            let output = Command::new("id").args([flag, "postgres"]).output().unwrap();
            String::from_utf8(output.stdout).unwrap().trim().parse::<u32>().expect("a user postgres")
        };
        let (uid, gid) = (number("-u"), number("-g"));
        chown(&folder, Some(uid), Some(gid)).unwrap();
        command.uid(uid).gid(gid);
    }
    let server = Server { folder, _keeper: command.spawn().unwrap() };
    for _ in 0..600 {
        if PgConnection::connect(&server.url("postgres")).await.is_ok() {
            return server;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("PostgreSQL does not start: see {}", server.folder.join("log").display());
}

impl Server {
    fn url(&self, name: &str) -> String {
        format!("postgres://postgres@localhost/{name}?host={}", self.folder.display())
    }

    /// An empty database.
    pub async fn fresh(&self) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("bench_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let mut admin = PgConnection::connect(&self.url("postgres")).await.unwrap();
        admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
        // What the last load left to be written is not this one's to wait for.
        admin.execute("CHECKPOINT").await.unwrap();
        self.url(&name)
    }

    /// What was measured against.
    pub async fn version(&self) -> String {
        let mut admin = PgConnection::connect(&self.url("postgres")).await.unwrap();
        let mut told = Vec::new();
        for name in
            ["server_version", "fsync", "synchronous_commit", "shared_buffers", "max_wal_size", "wal_sync_method"]
        {
            let sql = AssertSqlSafe(format!("SHOW {name}"));
            let value: String = sqlx::query_scalar(sql).fetch_one(&mut admin).await.unwrap();
            told.push(format!("{name} {value}"));
        }
        format!("PostgreSQL: {}", told.join(", "))
    }
}

/// The folder that holds `postgres` and `initdb`.
fn binaries() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    folders.extend(versions.map(|entry| entry.path().join("bin")));
    let complete = |folder: &Path| folder.join("postgres").is_file() && folder.join("initdb").is_file();
    folders.into_iter().rev().find(|folder| complete(folder))
}
