//! The API for operators, asked over HTTP: every request and answer is held against its own description.

mod acts;
mod border;
mod reading;
mod replays;

use std::time::Duration;

use rekindle::app::operators::NewOperatorToken;
use rekindle::domain::act::Role;
use rekindle::domain::ids::EnvironmentName;
use rekindle::domain::operator::Operator;
use rekindle::http::control;
use rekindle::http::operators::Gate;
use rekindle::http::server::{self, ServerLimits};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::api::{Answer, Caller};
use super::world::{Setting, World};
use crate::support::Scratch;

/// The second environment of a world that has two; nothing happens there.
const TWO: &str = r#"
    [environments.production]
    mode = "observe"
    webhook_secrets = ["wbhsec_99999999-2222-3333-4444-555555555555"]
"#;

/// The door for operators, in front of a world.
pub struct Door {
    pub base: String,
    listener: JoinHandle<()>,
}

impl Door {
    pub async fn of(world: &World) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let routes = control::routes(Gate::new(world.app.clone()));
        let limits = ServerLimits::new(&world.limits(), Duration::ZERO);
        let listener = tokio::spawn(server::serve(listener, routes, limits, std::future::pending()));
        Self { base, listener }
    }

    /// Somebody in a role, bound to an environment where one is named.
    pub async fn caller(&self, world: &World, role: Role, environment: Option<&str>) -> Caller {
        let environment = environment.map(|name| EnvironmentName::parse(name).unwrap());
        let new = NewOperatorToken { note: "olga".to_owned(), role, environment, expires_at: None };
        let by = Operator::at_the_command_line("a test");
        let (_, text) = world.app.create_operator_token(new, &by).await.unwrap();
        self.showing(Some(text.expose_secret().to_owned()))
    }

    pub fn showing(&self, token: Option<String>) -> Caller {
        Caller::at(&self.base, token, control::document)
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

impl World {
    /// A world with a second environment.
    pub async fn with_two(scratch: &Scratch) -> Self {
        Self::with(scratch, Setting { more: TWO, ..Setting::default() }).await
    }

    /// What stands in the audit: acts with what they were done to, oldest first.
    pub async fn audited(&self) -> Vec<String> {
        let mut tx = self.database().read().await.unwrap();
        let entries = tx.deeds_after(0, 1_000).await.unwrap();
        let about =
            |about: Option<(String, String)>| about.map(|(kind, id)| format!(" {kind} {id}")).unwrap_or_default();
        entries
            .into_iter()
            .filter(|entry| entry.act != "create_token")
            .map(|entry| format!("{}:{}", entry.act, about(entry.about)))
            .collect()
    }
}

pub fn because() -> Value {
    json!({ "reason": "the person called" })
}

/// The values under a key of every item of a page.
pub fn each<'a>(answer: &'a Answer, key: &str) -> Vec<&'a str> {
    let items = answer.body["items"].as_array().unwrap_or_else(|| panic!("no page: {}", answer.body));
    items.iter().map(|item| item[key].as_str().unwrap_or_default()).collect()
}
