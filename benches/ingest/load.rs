//! The load: prepared requests over keep-alive connections, in a closed loop or at a steady rate.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rekindle::clock::Clock;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::payload::{Shape, request};

/// The share of a closed loop that is not counted: connections open, plans and caches warm up.
const WARM_UP: f64 = 0.1;

/// Requests ready to be sent.
pub struct Load {
    requests: Arc<Vec<Vec<u8>>>,
    address: SocketAddr,
}

/// What was measured.
pub struct Measured {
    /// Deliveries a second.
    pub rate: f64,
    /// Answer times, in order.
    latencies: Vec<Duration>,
    /// Answers other than 200.
    pub refused: usize,
}

impl Measured {
    /// The answer time that this share of all did not exceed.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts")]
    pub fn quantile(&self, share: f64) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        self.latencies.get((last as f64 * share).round() as usize).copied().unwrap_or_default()
    }
}

/// What one connection saw: when each answer came, after how long, and whether it was a good one.
type Seen = Vec<(Instant, Duration, bool)>;

impl Load {
    pub fn prepare(shape: Shape, deliveries: usize, address: SocketAddr) -> Self {
        static RUNS: AtomicUsize = AtomicUsize::new(1);
        let run = RUNS.fetch_add(1, Ordering::Relaxed) as u64;
        let now = Clock::System.now();
        let requests = (0..deliveries).map(|number| request(shape, run, number, now)).collect();
        Self { requests: Arc::new(requests), address }
    }

    /// Each connection sends the next request when it has its answer.
    pub async fn closed(self, connections: usize) -> Measured {
        self.run(connections, None).await
    }

    /// Requests are due at a steady rate; who is late is counted from when it was due.
    pub async fn open(self, rate: f64, connections: usize) -> Measured {
        self.run(connections, Some(rate)).await
    }

    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts")]
    async fn run(self, connections: usize, rate: Option<f64>) -> Measured {
        let next = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        let mut open = Vec::new();
        for _ in 0..connections {
            open.push(Connection::open(self.address).await);
        }
        let start = Instant::now() + Duration::from_millis(50);
        for mut connection in open {
            let (requests, next) = (self.requests.clone(), next.clone());
            tasks.spawn(async move {
                let mut seen: Seen = Vec::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(request) = requests.get(number) else { return seen };
                    let due = match rate {
                        Some(rate) => start + Duration::from_secs_f64(number as f64 / rate),
                        None => Instant::now().max(start),
                    };
                    sleep_until(due).await;
                    let status = connection.exchange(request).await;
                    seen.push((Instant::now(), due.elapsed(), status == 200));
                }
            });
        }
        let mut seen: Seen = tasks.join_all().await.into_iter().flatten().collect();
        seen.sort_unstable();
        let warm = if rate.is_none() { (seen.len() as f64 * WARM_UP) as usize } else { 0 };
        let counted = &seen[warm..];
        let from = if warm == 0 { start } else { seen[warm - 1].0 };
        let time = counted.last().map_or(Duration::ZERO, |last| last.0 - from);
        let mut latencies: Vec<Duration> = counted.iter().map(|(_, latency, _)| *latency).collect();
        latencies.sort_unstable();
        Measured {
            rate: counted.len() as f64 / time.as_secs_f64(),
            latencies,
            refused: seen.iter().filter(|(.., good)| !good).count(),
        }
    }
}

/// One connection that speaks as little HTTP as it takes, so that the load weighs little itself.
struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: Vec::with_capacity(1024) }
    }

    /// Sends a request, reads the whole answer and gives its status.
    async fn exchange(&mut self, request: &[u8]) -> u16 {
        self.stream.write_all(request).await.unwrap();
        self.buffer.clear();
        loop {
            let read = self.stream.read_buf(&mut self.buffer).await.unwrap();
            assert!(read > 0, "the server closed the connection");
            if let Some((status, length)) = head(&self.buffer)
                && self.buffer.len() >= length
            {
                return status;
            }
        }
    }
}

/// The status of an answer, and how long it is with its body, as soon as its head is there.
fn head(answer: &[u8]) -> Option<(u16, usize)> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let status = head.get(9..12)?.parse().ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    Some((status, end + length.unwrap_or(0)))
}
