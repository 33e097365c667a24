//! The binary, run with bounds.

use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Longer than anything here takes on a machine with other things to do; only what hangs lets it pass.
pub(super) const BOUND: Duration = Duration::from_mins(2);

/// The binary with arguments, away from everyone's configuration and colours; ended with the test.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rekindle"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.current_dir(env!("CARGO_TARGET_TMPDIR")).env_remove("RUST_LOG").kill_on_drop(true);
    command
}

/// Starts it.
pub(super) fn start(arguments: &[&str]) -> Child {
    command(arguments).spawn().expect("the binary starts")
}

/// Runs it to its end.
pub(super) async fn run(arguments: &[&str]) -> Output {
    timeout(BOUND, command(arguments).output()).await.expect("it ends by itself").expect("the binary starts")
}
