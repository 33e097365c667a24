//! A throw-away PostgreSQL for the whole test run.
//!
//! `TEST_DATABASE_URL` names a server to use, by a role that may create databases. Otherwise a private one is made
//! in a temporary folder: a shell makes it, runs it, and takes it away when its standard input closes, which the
//! kernel does for us however this process ends.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rekindle::storage::Database;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection};

/// `$1` the folder of the binaries, `$2` the server's folder, `$3` whether a commit waits for its record to be written.
/// Most servers sort texts unlike bytes, so this one does too where it can. Each line read is an order: a signal for
/// the server, whose end is waited for, or `start`. An immediate stop at the end loses nothing that anybody wants.
const KEEPER: &str = r#"
cd "$2" || exit 1
trap '' HUP INT TERM
make() { "$1/initdb" -D "$2/data" -U postgres -A trust -E UTF8 --no-sync "$3" "$4" >>"$2/log" 2>&1; }
run() {
    "$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c synchronous_commit="$3" \
        -c full_page_writes=off -c autovacuum=off -c max_connections=300 -c shared_buffers=32MB >>"$2/log" 2>&1 &
    server=$!
}
make "$1" "$2" --locale-provider=icu --icu-locale=en || { rm -rf "$2/data"; make "$1" "$2" --locale=C --no-instructions; }
run "$1" "$2" "$3"
while read -r order; do
    case "$order" in
        start) run "$1" "$2" "$3" ;;
        *) kill -"$order" "$server" && wait "$server" ;;
    esac
done
kill -QUIT "$server"
wait "$server"
rm -rf "$2"
"#;

/// The database that fresh ones are copies of, on the private server.
const TEMPLATE: &str = "migrated";

static SERVER: OnceLock<Option<Server>> = OnceLock::new();

struct Server {
    /// A database from which others can be made.
    url: String,
    /// Made by us, and taken away as a whole.
    private: bool,
    /// Its standard input is what keeps the server alive.
    _keeper: Option<Child>,
}

/// A migrated database on a server of one test's own, which it may stop and start.
pub struct Own {
    pub url: String,
    keeper: Child,
}

/// How a server is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// As a crash of all its processes: nothing is finished, and the next start recovers from the log.
    Immediate,
    /// As an operator would: open transactions are broken off.
    Fast,
}

impl Own {
    /// Makes and starts a server on which what is committed survives a crash of its processes; `None` where no
    /// PostgreSQL is installed.
    pub fn make() -> Option<Self> {
        let (url, keeper) = make_private(&binaries()?, "on");
        Some(Self { url: with_database(&url, TEMPLATE), keeper })
    }

    pub fn stop(&mut self, how: Stop) {
        self.order(match how {
            Stop::Immediate => "QUIT",
            Stop::Fast => "INT",
        });
    }

    /// Starts it again, once it has stopped; it takes connections a little later.
    pub fn start(&mut self) {
        self.order("start");
    }

    fn order(&mut self, order: &str) {
        writeln!(self.keeper.stdin.as_ref().unwrap(), "{order}").unwrap();
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// A database lent to one test.
pub struct Lent {
    pub url: String,
    name: String,
}

/// Lends a fresh database.
pub async fn lend() -> Option<Lent> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    // Starting blocks this thread, and all others that wait for it.
    let server = SERVER.get_or_init(start).as_ref()?;
    let name = format!("rekindle_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let template = if server.private { format!(" TEMPLATE {TEMPLATE}") } else { String::new() };
    let mut admin = connect(&server.url).await.unwrap();
    admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name}{template}"))).await.unwrap();
    admin.close().await.unwrap();
    Some(Lent { url: with_database(&server.url, &name), name })
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(Some(server)) = SERVER.get() else { return };
        if server.private {
            return;
        }
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let _ = blocking(async move {
            let mut admin = connect(&server.url).await?;
            admin.execute(AssertSqlSafe(sql)).await?;
            admin.close().await
        });
    }
}

fn start() -> Option<Server> {
    if let Ok(url) = std::env::var("TEST_DATABASE_URL") {
        return Some(Server { url, private: false, _keeper: None });
    }
    let Some(binaries) = binaries() else {
        assert!(std::env::var_os("CI").is_none(), "in CI there must be a PostgreSQL: none on PATH, none in /usr/lib");
        // Past the capture of test output, so that it is seen although the tests pass.
        let _ = writeln!(std::io::stderr(), "skipped: no PostgreSQL here, and TEST_DATABASE_URL names none");
        return None;
    };
    let (url, keeper) = make_private(&binaries, "off");
    Some(Server { url, private: true, _keeper: Some(keeper) })
}

/// Makes a private server with a migrated database, [`TEMPLATE`]; it lasts as long as its keeper's standard input.
fn make_private(binaries: &Path, synchronous_commit: &str) -> (String, Child) {
    let folder = tempfile::Builder::new().prefix("rekindle-pg-").tempdir().unwrap().keep();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).unwrap();
    let mut keeper = keeper(binaries, &folder, synchronous_commit);
    let url = format!("postgres://postgres@localhost/postgres?host={}", folder.display());
    if let Err(why) = blocking(prepare(url.clone())) {
        // The keeper takes the folder with it: read the log first.
        let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        drop(keeper.stdin.take());
        let _ = keeper.wait();
        panic!("the private PostgreSQL does not start: {why}\n{log}");
    }
    (url, keeper)
}

/// Starts the shell that makes, runs and removes the server, in a process group of its own, so that what ends the
/// tests does not end it too. PostgreSQL refuses to run as root: then as whoever else there is.
fn keeper(binaries: &Path, folder: &Path, synchronous_commit: &str) -> Child {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", KEEPER, "keeper"]).arg(binaries).arg(folder).arg(synchronous_commit);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    if std::fs::metadata(folder).unwrap().uid() == 0 {
        let number = |flag, user| {
            let output =
                Command::new("id").args([flag, user]).output().ok().filter(|output| output.status.success())?;
            String::from_utf8(output.stdout).ok()?.trim().parse::<u32>().ok()
        };
        let ids = ["postgres", "nobody"].into_iter().find_map(|user| number("-u", user).zip(number("-g", user)));
        let (uid, gid) = ids.expect("a user other than root to run PostgreSQL as");
        chown(folder, Some(uid), Some(gid)).unwrap();
        command.uid(uid).gid(gid);
    }
    command.spawn().unwrap()
}

/// Waits for the server, a minute at most, and makes the database that others are copies of.
async fn prepare(url: String) -> Result<(), sqlx::Error> {
    let mut tries = 0;
    let mut admin = loop {
        match connect(&url).await {
            Ok(connection) => break connection,
            Err(error) if tries == 600 => return Err(error),
            Err(_) => tries += 1,
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    admin.execute(AssertSqlSafe(format!("CREATE DATABASE {TEMPLATE}"))).await?;
    admin.close().await?;
    let template = Database::open(&with_database(&url, TEMPLATE)).await.unwrap();
    template.migrate().await.unwrap();
    template.close().await;
    Ok(())
}

/// The folder that holds `postgres` and `initdb`.
fn binaries() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut versions: Vec<PathBuf> =
        std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    versions.sort_by_key(|folder| folder.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()));
    folders.extend(versions.into_iter().rev().map(|folder| folder.join("bin")));
    if let Ok(mut child) = Command::new("pg_config").arg("--bindir").stdout(Stdio::piped()).spawn() {
        let mut folder = String::new();
        let _ = child.stdout.take().map(|mut output| output.read_to_string(&mut folder));
        let _ = child.wait();
        folders.push(PathBuf::from(folder.trim()));
    }
    folders.into_iter().find(|folder| folder.join("postgres").is_file() && folder.join("initdb").is_file())
}

async fn connect(url: &str) -> Result<PgConnection, sqlx::Error> {
    url.parse::<PgConnectOptions>()?.connect().await
}

fn with_database(url: &str, name: &str) -> String {
    let mut url = url::Url::parse(url).unwrap();
    url.set_path(name);
    url.into()
}

/// Runs something to its end from where nothing can be awaited, on a thread and runtime of its own.
fn blocking<T: Send>(work: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let run = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
        scope.spawn(run).join().unwrap()
    })
}
