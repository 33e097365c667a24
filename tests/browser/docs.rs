//! The page that describes the API.

use serde_json::json;

use super::chromium::tell;
use crate::cli::outside::{Outside, living};
use crate::cli::process::Installation;
use crate::support::sqlite;

/// In a browser, because a policy, a width and a colour are nothing that a test of HTML sees.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_can_read_how_the_api_works() {
    let (scratch, outside) = (sqlite().await, Outside::with(living(86_400)).await);
    let mut rekindle = Installation::new(&outside.configuration(&scratch.url, "reminders = []"));
    rekindle.start().await;
    let origin = format!("http://{}", rekindle.public);
    tell("docs", &json!({ "origins": [origin], "docs": format!("{origin}/v1/docs") })).await;
}
