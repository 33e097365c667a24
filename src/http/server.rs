//! A listener with limits from the first byte on.
//!
//! `axum::serve` sets no timers and no cap: a client that sends nothing, or a letter a minute, holds its connection
//! for ever. Here a connection without a request under way lives as long as `header_timeout`, a request's head has a
//! greatest length, and connections beyond the cap wait in the system's queue until one ends.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

use crate::config::Limits;

/// What a listener bears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerLimits {
    /// The longest request head, in bytes; at least 8192, which is the least hyper takes.
    pub header_bytes: usize,
    /// How long a connection may be without a request under way: before the first, within a head, and between two.
    pub header_timeout: Duration,
    /// The most connections at one time.
    pub connections: usize,
    /// How long requests under way may take to end after the stop.
    pub grace: Duration,
}

impl ServerLimits {
    /// The configured limits, and the grace at shutdown.
    pub const fn new(limits: &Limits, grace: Duration) -> Self {
        Self {
            header_bytes: limits.header_bytes,
            header_timeout: limits.header_timeout,
            connections: limits.connections,
            grace,
        }
    }
}

/// Serves until `stop`; then refuses new connections, lets requests under way end within the grace, and cuts the rest.
///
/// Requests carry the client's address as [`ConnectInfo<SocketAddr>`].
pub async fn serve(listener: TcpListener, router: Router, limits: ServerLimits, stop: impl Future<Output = ()>) {
    let slots = Arc::new(Semaphore::new(limits.connections));
    let builder = Arc::new(builder(&limits));
    let (tell, stopping) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        while connections.try_join_next().is_some() {}
        let next = async {
            // The slot comes first: what can't be served yet stays in the system's queue.
            let slot = slots.clone().acquire_owned().await.ok();
            (slot, accept(&listener).await)
        };
        tokio::select! {
            () = &mut stop => break,
            (slot, (stream, peer)) = next => {
                let (builder, router, stopping) = (builder.clone(), router.clone(), stopping.clone());
                let patience = limits.header_timeout;
                connections.spawn(async move {
                    attend(&builder, stream, peer, router, patience, stopping).await;
                    drop(slot);
                });
            }
        }
    }
    drop(listener);
    tell.send_replace(true);
    let ended = timeout(limits.grace, async { while connections.join_next().await.is_some() {} }).await;
    if ended.is_err() {
        tracing::warn!(connections = connections.len(), "http.server.stop: the grace is over, cutting what is left");
    }
    connections.shutdown().await;
}

/// The most requests at one time on one HTTP/2 connection.
const HTTP2_STREAMS: u32 = 8;

fn builder(limits: &ServerLimits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.header_bytes.max(8 * 1024));
    builder
        .http2()
        .timer(TokioTimer::new())
        // A connection is what the cap counts, so it must not stand for hundreds of requests.
        .max_concurrent_streams(HTTP2_STREAMS)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .keep_alive_interval(limits.header_timeout)
        .keep_alive_timeout(limits.header_timeout);
    builder
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                // Most likely no file descriptor is left; asking again at once would only burn the processor.
                tracing::warn!(%error, "http.server.accept: no connection could be taken");
                sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

/// Attends to one connection until it ends, is idle for too long, or is told to stop.
async fn attend(
    builder: &Builder<TokioExecutor>,
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    patience: Duration,
    mut stopping: watch::Receiver<bool>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "http.server.nodelay: not set");
    }
    let under_way = UnderWay::default();
    let service = service_fn({
        let under_way = under_way.clone();
        move |request| answer(router.clone(), peer, under_way.clone(), request)
    });
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut told = false;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(error, "http.server.connection: ended early");
                }
                return;
            }
            _ = stopping.wait_for(|stopping| *stopping), if !told => {
                connection.as_mut().graceful_shutdown();
                told = true;
            }
            () = under_way.none_for(patience) => break,
        }
    }
    // Says goodbye where the protocol has a word for it; who doesn't listen to that either is left.
    connection.as_mut().graceful_shutdown();
    let _ = timeout(patience, connection).await;
}

async fn answer(
    router: Router,
    peer: SocketAddr,
    under_way: UnderWay,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let one = under_way.begin();
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    let response = router.oneshot(request).await?;
    // The request is under way until its answer is sent, and the body's end is where that shows.
    Ok(response.map(|body| {
        Body::new(body.map_frame(move |frame| {
            let _held = &one;
            frame
        }))
    }))
}

/// Counts the requests under way on one connection.
#[derive(Clone)]
struct UnderWay(Arc<watch::Sender<usize>>);

struct One(Arc<watch::Sender<usize>>);

impl Default for UnderWay {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl UnderWay {
    fn begin(&self) -> One {
        self.0.send_modify(|count| *count += 1);
        One(self.0.clone())
    }

    /// Ends when there has been no request for so long.
    async fn none_for(&self, patience: Duration) {
        let mut count = self.0.subscribe();
        loop {
            if count.wait_for(|count| *count == 0).await.is_err() {
                return pending().await;
            }
            if timeout(patience, count.changed()).await.is_err() {
                return;
            }
        }
    }
}

impl Drop for One {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}
