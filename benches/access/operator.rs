//! Somebody who is signed in, and looks.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use http_body_util::BodyExt as _;
use rekindle::app::App;
use rekindle::app::operators::NewOperatorToken;
use rekindle::domain::act::Role;
use rekindle::http::internal;
use secrecy::{ExposeSecret as _, SecretString};
use tower::ServiceExt as _;

pub struct Operator {
    router: Router,
    token: SecretString,
    cookie: String,
}

impl Operator {
    /// An administrator, who may see every page.
    pub async fn sign_in(app: &App) -> Self {
        let metrics = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder().handle();
        let router = internal::routes(app.clone(), metrics);
        let new = NewOperatorToken { note: "bench".to_owned(), role: Role::Admin, environment: None, expires_at: None };
        let admin = rekindle::domain::operator::Operator::at_the_command_line("bench");
        let (_, token) = app.create_operator_token(new, &admin).await.unwrap();
        let form = format!("token={}", token.expose_secret());
        let request = Request::post("/sign-in")
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = router.clone().oneshot(request.body(Body::from(form)).unwrap()).await.unwrap();
        let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Self { router, token, cookie }
    }

    /// The size of a page, in bytes.
    pub async fn get(&self, path: &str) -> usize {
        self.body(path).await.len()
    }

    /// Where a page's list goes on.
    pub async fn next_after(&self, path: &str) -> Option<String> {
        let body = String::from_utf8(self.body(path).await).unwrap();
        let link = body.split("<a ").find(|link| link.contains("rel=\"next\""))?;
        let href = link.split("href=\"").nth(1)?.split('"').next()?;
        let query = href.split_once('?')?.1.replace("&amp;", "&").replace("&#38;", "&");
        Some(format!("{}?{query}", path.split('?').next()?))
    }

    async fn body(&self, path: &str) -> Vec<u8> {
        let request = Request::get(path);
        let request = if path.starts_with("/v1/") {
            request.header(header::AUTHORIZATION, format!("Bearer {}", self.token.expose_secret()))
        } else {
            request.header(header::COOKIE, &self.cookie).header("sec-fetch-site", "same-origin")
        };
        let answer = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        // Looking for a person may lead straight to their page.
        assert!(status == 200 || status == 303, "{path}: {status} {}", String::from_utf8_lossy(&body));
        if status == 303 { vec![b' '; 1_000] } else { body.to_vec() }
    }
}
