//! The listener against clients that are slow, greedy, silent or many.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::get;
use rekindle::http::server::{ServerLimits, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// Longer than anything here takes; only a broken server lets it pass.
const BOUND: Duration = Duration::from_secs(20);

/// Long enough to never pass on its own within [`BOUND`].
const NEVER: Duration = Duration::from_mins(10);

const REQUEST: &str = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
const HELD: &str = "GET /held HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

fn limits() -> ServerLimits {
    ServerLimits { header_bytes: 32 * 1024, header_timeout: NEVER, connections: 16, grace: NEVER }
}

/// A server whose `/held` waits for the test's word.
struct Server {
    address: SocketAddr,
    reached: Arc<AtomicUsize>,
    holding: Arc<Notify>,
    release: Arc<Semaphore>,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl Server {
    async fn start(limits: ServerLimits) -> Self {
        let (reached, holding, release) =
            (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()), Arc::new(Semaphore::new(0)));
        let router = Router::new()
            .route("/", get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() }))
            .route("/held", get(held(holding.clone(), release.clone())))
            .layer(axum::middleware::map_request({
                let reached = reached.clone();
                move |request: axum::extract::Request| {
                    reached.fetch_add(1, Ordering::SeqCst);
                    async move { request }
                }
            }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(async move {
            let stop = async {
                let _ = stopped.await;
            };
            serve(listener, router, limits, stop).await;
        });
        Self { address, reached, holding, release, stop, served }
    }

    async fn connect(&self) -> TcpStream {
        bounded(TcpStream::connect(self.address)).await.unwrap()
    }

    async fn send(&self, text: &str) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }

    /// Sends a request that is under way when this returns.
    async fn hold(&self) -> TcpStream {
        let stream = self.send(HELD).await;
        bounded(self.holding.notified()).await;
        stream
    }
}

fn held(
    holding: Arc<Notify>,
    release: Arc<Semaphore>,
) -> impl Fn() -> std::pin::Pin<Box<dyn Future<Output = &'static str> + Send>> + Clone {
    move || {
        let (holding, release) = (holding.clone(), release.clone());
        Box::pin(async move {
            holding.notify_one();
            release.acquire().await.unwrap().forget();
            "released"
        })
    }
}

async fn bounded<T>(future: impl Future<Output = T>) -> T {
    timeout(BOUND, future).await.expect("within the bound")
}

/// Everything the server sends until it closes; a reset counts as closing.
async fn read_all(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = bounded(stream.read_to_end(&mut bytes)).await;
    String::from_utf8(bytes).unwrap()
}

fn is_ok(answer: &str) -> bool {
    answer.starts_with("HTTP/1.1 200 ")
}

#[tokio::test]
async fn a_request_is_answered_and_knows_its_client() {
    let server = Server::start(limits()).await;
    let stream = server.send(REQUEST).await;
    let client = stream.local_addr().unwrap().to_string();
    let answer = read_all(stream).await;
    assert!(is_ok(&answer) && answer.ends_with(&client), "{answer}");
}

#[tokio::test]
async fn http_2_is_understood() {
    // Only the first test to come here installs it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let server = Server::start(limits()).await;
    let client = reqwest::Client::builder().http2_prior_knowledge().no_proxy().timeout(BOUND).build().unwrap();
    let answer = client.get(format!("http://{}/", server.address)).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.version()), (200, axum::http::Version::HTTP_2));
}

#[tokio::test]
async fn who_sends_no_whole_head_is_cut_off() {
    let server = Server::start(ServerLimits { header_timeout: Duration::from_millis(200), ..limits() }).await;
    // The last is the beginning of HTTP/2.
    for start in ["", "G", "P", "GET / HTTP/1.1\r\nHost: loc", "PRI * HTTP/2.0\r\n"] {
        let answer = read_all(server.send(start).await).await;
        assert!(!is_ok(&answer), "{start:?} was answered: {answer}");
    }
    assert_eq!(server.reached.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn dripping_a_head_gains_no_time() {
    let server = Server::start(ServerLimits { header_timeout: Duration::from_millis(200), ..limits() }).await;
    let (mut read, mut write) = server.send("GET / HTTP/1.1\r\n").await.into_split();
    let drip = async {
        while write.write_all(b"X-Drip: 1\r\n").await.is_ok() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let closed = async {
        let mut rest = Vec::new();
        let _ = read.read_to_end(&mut rest).await;
    };
    bounded(async {
        tokio::select! { () = drip => {}, () = closed => {} }
    })
    .await;
    assert_eq!(server.reached.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_silent_connection_ends_after_its_request() {
    let server = Server::start(ServerLimits { header_timeout: Duration::from_millis(200), ..limits() }).await;
    // Without `Connection: close` the client leaves it to the server.
    let answer = read_all(server.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await).await;
    assert!(is_ok(&answer), "{answer}");
}

#[tokio::test]
async fn a_long_request_is_not_taken_for_a_silent_connection() {
    let server = Server::start(ServerLimits { header_timeout: Duration::from_millis(50), ..limits() }).await;
    let stream = server.hold().await;
    sleep(Duration::from_millis(300)).await;
    server.release.add_permits(1);
    let answer = read_all(stream).await;
    assert!(is_ok(&answer) && answer.ends_with("released"), "{answer}");
}

#[tokio::test]
async fn an_oversized_head_is_refused() {
    let server = Server::start(ServerLimits { header_bytes: 8192, ..limits() }).await;
    let with_header = |bytes: usize| REQUEST.replace("Host", &format!("X-Long: {}\r\nHost", "x".repeat(bytes)));
    let answer = read_all(server.send(&with_header(7000)).await).await;
    assert!(is_ok(&answer), "{answer}");
    let mut stream = server.connect().await;
    // The server may close before it has read all of this.
    let _ = stream.write_all(with_header(12_000).as_bytes()).await;
    let answer = read_all(stream).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    assert_eq!(server.reached.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_connection_beyond_the_cap_waits_and_is_then_served() {
    let server = Server::start(ServerLimits { connections: 1, ..limits() }).await;
    let first = server.hold().await;
    let mut second = server.send(REQUEST).await;
    let mut byte = [0];
    let early = timeout(Duration::from_millis(200), second.read(&mut byte)).await;
    assert!(early.is_err(), "the second connection was served beside the first");
    server.release.add_permits(1);
    assert!(is_ok(&read_all(first).await));
    assert!(is_ok(&read_all(second).await));
}

#[tokio::test]
async fn a_half_open_connection_blocks_nobody() {
    let server = Server::start(ServerLimits { connections: 2, ..limits() }).await;
    let _half_open = server.send("POST / HTTP/1.1\r\nHost: loc").await;
    for _ in 0..3 {
        assert!(is_ok(&read_all(server.send(REQUEST).await).await));
    }
}

#[tokio::test]
async fn a_half_open_connection_gives_up_the_last_place() {
    let limits = ServerLimits { connections: 1, header_timeout: Duration::from_millis(200), ..limits() };
    let server = Server::start(limits).await;
    let _half_open = server.send("POST / HTTP/1.1\r\nHost: loc").await;
    assert!(is_ok(&read_all(server.send(REQUEST).await).await));
}

#[tokio::test]
async fn a_stop_lets_the_request_under_way_end() {
    let server = Server::start(limits()).await;
    let under_way = server.hold().await;
    let idle = server.connect().await;
    let half_open = server.send("GET / HTTP/1.1\r\nHost: loc").await;
    server.stop.send(()).unwrap();
    // What has no request under way is closed at once, and nothing new is taken.
    assert_eq!(read_all(idle).await, "");
    assert!(!is_ok(&read_all(half_open).await));
    bounded(async {
        while let Ok(stream) = TcpStream::connect(server.address).await {
            drop(stream);
            tokio::task::yield_now().await;
        }
    })
    .await;
    server.release.add_permits(1);
    assert!(is_ok(&read_all(under_way).await));
    bounded(server.served).await.unwrap();
}

#[tokio::test]
async fn a_stop_cuts_what_outlasts_the_grace() {
    let server = Server::start(ServerLimits { grace: Duration::from_millis(100), ..limits() }).await;
    let under_way = server.hold().await;
    server.stop.send(()).unwrap();
    bounded(server.served).await.unwrap();
    assert_eq!(read_all(under_way).await, "");
}
