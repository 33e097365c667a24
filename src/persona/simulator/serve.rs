//! Serves the simulated Persona over HTTP: API, people's pages and control routes on one address.

use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tower::ServiceExt;

use super::api::{Incoming, Reply, answer};
use super::handle::Simulator;
use super::world::base_url;
use super::{control, flow};

/// A simulator that answers on an address, until this is stopped or dropped.
#[derive(Debug)]
#[must_use = "dropping it stops the server"]
pub struct Serving {
    /// Where it answers.
    pub address: SocketAddr,
    server: JoinHandle<()>,
}

/// Marks an answer that is never written: the connection is closed in its place.
#[derive(Clone, Copy)]
struct DropConnection;

/// What hyper is told to make it close a connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is dropped on purpose")]
struct Dropped;

impl Serving {
    /// What requests start with, such as `http://127.0.0.1:8090`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What API requests start with, such as `http://127.0.0.1:8090/api/v1`.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("http://{}/api/v1", self.address)
    }

    /// Closes the address and every connection.
    pub async fn stop(mut self) {
        self.server.abort();
        // Cancelled is what it is meant to be.
        let _ = (&mut self.server).await;
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Simulator {
    /// Serves on a listener. Links start with its address from now on, unless the settings gave a public base URL.
    ///
    /// # Panics
    /// When the listener has no address, which a bound one has.
    #[expect(clippy::unused_async, reason = "it spawns, so it must be called inside a runtime; async says so")]
    pub async fn serve(&self, listener: TcpListener) -> Serving {
        let address = listener.local_addr().expect("a bound listener has an address");
        {
            let mut world = self.world();
            if world.settings.public_base_url.is_none() {
                world.base_url = base_url(&format!("http://{address}"));
            }
        }
        let server = tokio::spawn(accept(listener, self.router()));
        Serving { address, server }
    }

    /// Everything the simulator answers, to be served together with other things.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/api/v1/{*path}", any(api))
            .merge(flow::routes())
            .merge(control::routes())
            .layer(DefaultBodyLimit::max(1024 * 1024))
            .with_state(self.clone())
    }
}

async fn accept(listener: TcpListener, router: Router) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        if let Ok((stream, _)) = listener.accept().await {
            connections.spawn(serve_connection(stream, router.clone()));
        }
    }
}

async fn serve_connection(stream: TcpStream, router: Router) {
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let router = router.clone();
        async move {
            let Ok(response) = router.oneshot(request.map(Body::new)).await;
            if response.extensions().get::<DropConnection>().is_some() { Err(Dropped) } else { Ok(response) }
        }
    });
    // A connection that breaks is the caller's business.
    let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}

async fn api(
    State(simulator): State<Simulator>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let request = Incoming {
        method: method.to_string(),
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        authorization: header("authorization"),
        idempotency_key: header("idempotency-key"),
        version: header("persona-version"),
        inflection: header("key-inflection"),
        body,
    };
    let (reply, latency) = simulator.change(|world, now| (answer(world, &request, now), world.faults.latency()));
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    match reply {
        Reply::Answer { status, headers, body } => written(status, headers, body),
        Reply::ConnectionDropped => {
            let mut response = StatusCode::SERVICE_UNAVAILABLE.into_response();
            response.extensions_mut().insert(DropConnection);
            response
        }
    }
}

fn written(status: u16, headers: Vec<(&'static str, String)>, body: Bytes) -> Response {
    let mut response = Response::builder().status(status).header("content-type", "application/json; charset=utf-8");
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Body::from(body)).unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}
