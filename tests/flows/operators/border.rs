//! Every door of the internal listener: without a token, with too small a role, across environments; and what those
//! who build pages and routes get from the gate.

use std::time::Duration;

use axum::extract::Query;
use axum::routing::{get, post};
use axum::{Json, Router};
use rekindle::domain::act::{Act, Role};
use rekindle::domain::ids::EnvironmentName;
use rekindle::http::operators::{Caller, Gate, Posted, Refused, Visitor};
use rekindle::http::problem::Problem;
use rekindle::http::server;
use reqwest::Method;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Browser, Office, limits};
use crate::support::on_both;

#[derive(Deserialize)]
struct Wanted {
    environment: Option<String>,
}

#[derive(Deserialize)]
struct Form {
    reason: String,
}

async fn list(caller: Caller, Query(wanted): Query<Wanted>) -> Result<Json<Value>, Problem> {
    caller.may(Act::Look)?;
    let narrowed = caller.narrowed(wanted.environment.as_deref())?;
    Ok(Json(json!({ "environment": narrowed.map(|name| name.to_string()) })))
}

async fn act(caller: Caller, Query(wanted): Query<Wanted>) -> Result<&'static str, Problem> {
    let environment = EnvironmentName::parse(&wanted.environment.unwrap_or_default()).unwrap();
    caller.may_in(Act::Retry, &environment)?;
    Ok("done")
}

async fn everywhere(caller: Caller) -> Result<&'static str, Problem> {
    caller.may_everywhere(Act::ReadSettings)?;
    Ok("done")
}

async fn page(visitor: Visitor) -> Result<String, Refused> {
    visitor.may(Act::Reveal)?;
    Ok(visitor.0.operator.who)
}

async fn form(posted: Posted<Form>) -> Result<String, Refused> {
    posted.caller.may(Act::Cancel)?;
    Ok(posted.form.reason)
}

impl Office {
    /// Routes as others will build them, on a listener of their own.
    async fn annex(&self) -> String {
        let routes = Router::new()
            .route("/list", get(list))
            .route("/act", post(act))
            .route("/everywhere", get(everywhere))
            .route("/page", get(page).post(page))
            .route("/form", post(form))
            .with_state(Gate::new(self.world.app.clone()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let limits = server::ServerLimits::new(&limits(), Duration::ZERO);
        tokio::spawn(server::serve(listener, routes, limits, std::future::pending()));
        base
    }
}

/// What whoever shows a token is answered.
async fn answered(base: &str, method: Method, path: &str, token: Option<&str>) -> u16 {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let headers: Vec<(&str, &str)> = bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
    Browser::new(base).send(method, path, None, &headers).await.status
}

on_both! {
    async fn only_health_metrics_and_signing_in_are_open(scratch: &Scratch) {
        let office = Office::on(scratch).await;
        for (path, status) in [
            ("/healthz", 200), ("/readyz", 200), ("/metrics", 200), ("/sign-in", 200), ("/sign-in/style.css", 200),
            ("/sign-in/provider", 404), ("/sign-in/callback", 400), ("/sign-in/once/x", 410), ("/v1/me", 401),
        ] {
            assert_eq!(office.browser().get(path).await.status, status, "{path}");
        }
        office.finish().await;
    }

    async fn roles_and_environments_hold_at_every_route(scratch: &Scratch) {
        let office = Office::on(scratch).await;
        let base = office.annex().await;
        let (viewer, _) = office.token(Role::Viewer, None).await;
        let (operator, _) = office.token(Role::Operator, None).await;
        let (admin, _) = office.token(Role::Admin, None).await;
        let (bound, _) = office.token(Role::Admin, Some("sandbox")).await;
        let (get, post) = (Method::GET, Method::POST);
        for (method, path, statuses) in [
            // nobody, viewer, operator, admin, an admin of the sandbox
            (&get, "/list", [401, 200, 200, 200, 200]),
            (&get, "/list?environment=moon", [401, 200, 200, 200, 404]),
            (&get, "/list?environment=%20", [401, 404, 404, 404, 404]),
            (&post, "/act?environment=sandbox", [401, 403, 200, 200, 200]),
            (&post, "/act?environment=moon", [401, 403, 200, 200, 404]),
            (&get, "/everywhere", [401, 403, 403, 200, 403]),
            (&get, "/page", [303, 403, 200, 200, 200]),
            (&post, "/page", [403, 403, 403, 403, 403]),
            (&post, "/form", [303, 403, 403, 403, 403]),
        ] {
            let tokens = [None, Some(&*viewer), Some(&*operator), Some(&*admin), Some(&*bound)];
            for (token, status) in tokens.into_iter().zip(statuses) {
                assert_eq!(answered(&base, method.clone(), path, token).await, status, "{method} {path} {token:?}");
            }
        }
        let bearer = format!("Bearer {bound}");
        let listed = Browser::new(&base).send(get, "/list", None, &[("authorization", &bearer)]).await;
        assert_eq!(listed.text, r#"{"environment":"sandbox"}"#, "lists are narrowed to what is theirs");
        office.finish().await;
    }

    /// A browser is sent to sign in and comes back; what it sends carries its session's token.
    async fn a_browser_comes_back_and_its_forms_are_its_own(scratch: &Scratch) {
        let office = Office::on(scratch).await;
        let base = office.annex().await;
        let sent = Browser::new(&base).get("/page?a=1&b=2").await;
        assert_eq!(sent.location(), "/sign-in?return_to=%2Fpage%3Fa%3D1%26b%3D2");
        let (signed_in, _) = office.signed_in(Role::Operator).await;
        let browser = Browser::new(&base);
        let session = signed_in.session().unwrap();
        browser.set_cookie("rekindle-session", &session);
        assert_eq!(browser.get("/page").await.text, "token:on call");
        let found = office.world.app.operator_by_session(&session, None).await.unwrap().unwrap();
        let csrf = found.csrf.expose_secret();

        let form = [("reason", "why not"), ("csrf", csrf)];
        assert_eq!(browser.submit("/form", &form).await.text, "why not");
        assert_eq!(browser.submit("/form", &form[..1]).await.status, 403);
        assert_eq!(browser.submit("/form", &form[1..]).await.status, 422);
        assert_eq!(browser.send(Method::POST, "/form", Some(&form), &[]).await.status, 403);
        let long = "x".repeat(70_000);
        assert_eq!(browser.submit("/form", &[("reason", &long), ("csrf", csrf)]).await.status, 413);

        let act = "/act?environment=sandbox";
        let ours = ("sec-fetch-site", "same-origin");
        for (headers, status) in [
            (&[("x-csrf-token", csrf), ours][..], 200),
            (&[("x-csrf-token", csrf)], 403),
            (&[("x-csrf-token", "x"), ours], 403),
            (&[ours], 403),
            (&[], 403),
        ] {
            assert_eq!(browser.send(Method::POST, act, None, headers).await.status, status, "{headers:?}");
        }
        office.finish().await;
    }
}
