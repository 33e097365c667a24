//! Tells the JavaScript half of a story, within a bound.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// Longer than any story takes on a machine with other things to do; only what hangs lets it pass.
const BOUND: Duration = Duration::from_mins(8);

/// Runs `tests/browser/<story>.mjs`, which gets `stage` as JSON; what it says when it fails is this test's failure.
///
/// The browser ends with it: it holds the other end of a pipe.
pub async fn tell(story: &str, stage: &Value) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    assert!(
        folder.join("node_modules/playwright-core").is_dir(),
        "the browser tests lack their packages: run scripts/test-setup.sh, which brings Chromium, Node.js and them"
    );
    let mut command = Command::new("node");
    command.arg(format!("{story}.mjs")).current_dir(&folder).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut node = command.spawn().expect("Node.js, which scripts/test-setup.sh brings");
    let mut stdin = node.stdin.take().unwrap();
    // One that ends before it has read says why on its standard error.
    let _ = stdin.write_all(stage.to_string().as_bytes()).await;
    drop(stdin);
    let output = tokio::time::timeout(BOUND, node.wait_with_output()).await.expect("the story ends").unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).join("\n");
    assert!(output.status.success(), "{story}.mjs failed:\n{said}");
}
