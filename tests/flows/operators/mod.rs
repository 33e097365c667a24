//! Operators at the internal listener: who gets in, as what, and what is written down of it.

mod border;
mod browser;
mod provider;
mod sessions;
mod sign_in_by_provider;
mod tokens;

use std::time::Duration;

use rekindle::app::operators::NewOperatorToken;
use rekindle::config::{Config, Limits};
use rekindle::domain::act::Role;
use rekindle::domain::deed::Entry;
use rekindle::domain::ids::EnvironmentName;
use rekindle::http::{internal, server};
use rekindle::storage::audit::DeedFilter;
use secrecy::ExposeSecret;
use tokio::net::TcpListener;

use super::world::{Setting, World};
use crate::support::{Scratch, operator};
use browser::Browser;

/// A world with an internal listener.
struct Office {
    world: World,
    base: String,
}

impl Office {
    async fn on(scratch: &Scratch) -> Self {
        Self::with(scratch, |_| String::new()).await
    }

    /// With more configuration, which may need the address of the internal listener.
    async fn with(scratch: &Scratch, more: impl FnOnce(&str) -> String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let world = World::with(scratch, Setting { more: more(&base).leak(), ..Setting::default() }).await;
        let metrics = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder().handle();
        let limits = server::ServerLimits::new(&limits(), Duration::ZERO);
        let routes = internal::routes(world.app.clone(), metrics);
        tokio::spawn(server::serve(listener, routes, limits, std::future::pending()));
        Self { world, base }
    }

    fn browser(&self) -> Browser {
        Browser::new(&self.base)
    }

    /// A token of an operator, and its id.
    async fn token(&self, role: Role, environment: Option<&str>) -> (String, rekindle::domain::ids::TokenId) {
        let new = NewOperatorToken {
            note: "on call".to_owned(),
            role,
            environment: environment.map(|name| EnvironmentName::parse(name).unwrap()),
            expires_at: None,
        };
        let (token, text) = self.world.app.create_operator_token(new, &operator("olga")).await.unwrap();
        (text.expose_secret().to_owned(), token.id)
    }

    /// A browser that is signed in, and the token it signed in with.
    async fn signed_in(&self, role: Role) -> (Browser, String) {
        let (token, _) = self.token(role, None).await;
        let browser = self.browser();
        let answer = browser.submit("/sign-in", &[("token", &token)]).await;
        assert_eq!(answer.status, 303, "{answer:?}");
        (browser, token)
    }

    /// What was done, oldest first.
    async fn deeds(&self) -> Vec<Entry> {
        let mut deeds = self.world.app.deeds(&DeedFilter::default(), 1_000).await.unwrap();
        deeds.reverse();
        deeds
    }

    async fn acts(&self) -> Vec<String> {
        self.deeds().await.into_iter().map(|deed| format!("{} {}", deed.who, deed.act)).collect()
    }

    /// Ends the story: the audit is whole.
    async fn finish(self) {
        self.world.app.verify_audit(None).await.unwrap();
        self.world.finish().await;
    }
}

fn limits() -> Limits {
    Config::from_toml("").unwrap().limits
}
