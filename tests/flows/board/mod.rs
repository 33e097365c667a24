//! The dashboard, as operators use it: asked in this process, without a listener.

mod acts;
mod borders;
mod pages;
mod replays;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, header};
use http_body_util::BodyExt as _;
use rekindle::app::operators::NewOperatorToken;
use rekindle::domain::act::Role;
use rekindle::domain::ids::{EnvironmentName, InquiryId};
use rekindle::domain::operator::Operator;
use rekindle::domain::time::Timestamp;
use rekindle::http::internal;
use secrecy::ExposeSecret as _;
use tower::ServiceExt as _;

use super::world::{Setting, World, environment, hours};
use crate::support::{Scratch, on_both};

/// A second environment, in which nothing happens.
const OTHER: &str = r#"
        public_url = "https://verify.example.com"

        [environments.other]
        mode = "observe"
        webhook_secrets = ["wbhsec_99999999-2222-3333-4444-555555555555"]
"#;

/// What nobody may see on a page.
const SECRETS: [&str; 4] = ["wbhsec_1", "wbhsec_9", "persona_sandbox_simulator", "ada@example.com"];

/// A browser in which somebody is signed in.
pub(super) struct Browser {
    router: Router,
    cookie: String,
}

/// What was answered.
pub(super) struct Page {
    pub(super) status: u16,
    headers: HeaderMap,
    pub(super) body: String,
}

impl Page {
    pub fn header(&self, name: impl header::AsHeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The text of the first such tag.
    pub(super) fn text(&self, tag: &str) -> &str {
        let open = self.body.split(&format!("<{tag}")).nth(1).and_then(|rest| rest.split_once('>'));
        open.and_then(|(_, rest)| rest.split_once(&format!("</{tag}>"))).map_or("", |(text, _)| text)
    }

    pub(super) fn has(&self, text: &str) -> bool {
        self.body.contains(text)
    }

    /// What the forms of the page carry.
    fn csrf(&self) -> &str {
        let after = self.body.split("name=\"csrf\" value=\"").nth(1).expect("a form");
        after.split('"').next().unwrap()
    }
}

impl Browser {
    /// One in which nobody is signed in.
    pub fn of(world: &World) -> Self {
        let metrics = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder().handle();
        Self { router: internal::routes(world.app.clone(), metrics), cookie: String::new() }
    }

    /// One in which somebody of a role is signed in, who is bound to an environment or not.
    pub(super) async fn signed_in(world: &World, role: Role, environment: Option<&str>) -> Self {
        let environment = environment.map(|name| EnvironmentName::parse(name).unwrap());
        let new = NewOperatorToken { note: format!("Ada, {role}"), role, environment, expires_at: None };
        let admin = Operator::at_the_command_line("test");
        let (_, token) = world.app.create_operator_token(new, &admin).await.unwrap();
        let mut browser = Self::of(world);
        let answer = browser.post("/sign-in", &[("token", token.expose_secret())]).await;
        assert_eq!(answer.status, 303, "{}", answer.text("h1"));
        answer.header(header::SET_COOKIE).split(';').next().unwrap().clone_into(&mut browser.cookie);
        browser
    }

    async fn ask(&self, method: Method, path: &str, body: String) -> Page {
        let mut request = Request::builder().method(method).uri(path).header("sec-fetch-site", "same-origin");
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        if !self.cookie.is_empty() {
            request = request.header(header::COOKIE, &self.cookie);
        }
        let answer = self.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        Page { status, headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    pub(super) async fn get(&self, path: &str) -> Page {
        self.ask(Method::GET, path, String::new()).await
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Page {
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.ask(Method::POST, path, form).await
    }

    /// Opens a page and sends one of its forms, with a reason.
    pub async fn act(&self, page: &str, act: &str, form: &[(&str, &str)]) -> Page {
        let shown = self.get(page).await;
        let csrf = shown.csrf().to_owned();
        let form = [&[("csrf", csrf.as_str())], form].concat();
        self.post(&format!("{page}/{act}"), &form).await
    }
}

/// A world with two environments.
async fn world(scratch: &Scratch) -> World {
    World::with(scratch, Setting { top: OTHER, ..Setting::default() }).await
}

/// The page of an inquiry.
fn page_of(id: &InquiryId) -> String {
    format!("/inquiries/{}/{id}", environment())
}

/// A world in which something happened: somebody was reminded, somebody finished, somebody's inquiry ran out.
async fn lively(scratch: &Scratch) -> (World, InquiryId) {
    let world = world(scratch).await;
    let (late, done) = (world.person("customer-17"), world.person("customer-18"));
    world.settle().await;
    world.persona.start(&done).unwrap();
    world.persona.complete(&done).unwrap();
    world.settle().await;
    world.clock.advance(hours(13));
    world.settle().await;
    (world, late)
}

/// The time all stories begin at.
fn beginning() -> Timestamp {
    Timestamp::parse("2026-03-01T08:00:00Z").unwrap()
}
