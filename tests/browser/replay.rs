//! On call in a browser: an alert, the dead letters, why, what trying again would mean, doing so, its end, the audit; and the
//! viewer who may not.

use rekindle::app::App;
use rekindle::app::operators::NewOperatorToken;
use rekindle::clock::Clock;
use rekindle::config::Config;
use rekindle::domain::act::Role;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::chromium::tell;
use crate::cli::outside::{ENVIRONMENT, Outside, living};
use crate::cli::process::{Installation, eventually};
use crate::support::vault::open;
use crate::support::{operator, sqlite};

/// Somebody's token.
async fn token(app: &App, role: Role) -> String {
    let new = NewOperatorToken { note: role.to_string(), role, environment: None, expires_at: None };
    let (_, token) = app.create_operator_token(new, &operator("a test")).await.unwrap();
    token.expose_secret().to_owned()
}

/// The whole story, and then every page of the dashboard, looked at by axe in both colours on a phone and a desktop: that
/// takes a while, because no less shows that nobody is kept out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_on_call_tries_again_what_failed() {
    let (scratch, outside) = (sqlite().await, Outside::with(living(86_400)).await);
    // The reminder falls due two seconds after the beginning.
    let toml = outside.configuration(&scratch.url, r#"reminders = ["23h 59m 58s"]"#);
    let mut rekindle = Installation::new(&toml);
    outside.send_webhooks_to(&rekindle);
    rekindle.start().await;
    let app = App::new(&Config::from_toml(&toml).unwrap(), open(&scratch.url).await, Clock::System).unwrap();
    outside.application.answer_next(&[410, 410, 410]);
    for name in ["ada", "grace", "mary"] {
        outside.person(name);
    }
    let failed = eventually("all are dead letters", || async {
        let failed = rekindle.list(&["actions", "list", "--state", "failed"]).await;
        (failed.len() == 3).then_some(failed)
    })
    .await;
    let events = rekindle.list(&["events", "list"]).await;
    let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    let origin = format!("http://{}", rekindle.internal);
    let pages = [
        "/",
        "/inquiries",
        "/actions",
        "/actions?state=failed",
        "/events",
        "/quarantine",
        "/templates",
        "/lanes",
        "/replays",
        "/replays/preview",
        "/audit",
        "/settings",
    ];
    let mut pages: Vec<String> = pages.map(str::to_owned).into();
    pages.push(format!("/actions/{}", text(&failed[0], "id")));
    pages.push(format!("/inquiries/{ENVIRONMENT}/{}", text(&failed[0], "inquiry_id")));
    pages.push(format!("/events/{ENVIRONMENT}/{}", text(&events[0], "id")));
    let stage = json!({
        "origins": [origin],
        "origin": origin,
        "operator": token(&app, Role::Operator).await,
        "viewer": token(&app, Role::Viewer).await,
        "admin": token(&app, Role::Admin).await,
        "reason": "127.0.0.1 answered 410",
        "pages": pages,
    });
    tell("replay", &stage).await;

    assert_eq!(outside.application.notices().len(), 3, "each once");
    let replays = rekindle.list(&["replay", "list"]).await;
    assert_eq!((replays.len(), &replays[0]["state"], &replays[0]["done"]), (1, &"done".into(), &3.into()));
}
