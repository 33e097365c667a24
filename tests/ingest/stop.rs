//! Told to stop, or kept from the database: what was taken is committed and answered, the rest is refused in time.

use std::net::SocketAddr;
use std::time::Duration;

use rekindle::app::App;
use rekindle::config::Config;
use rekindle::domain::ids::ReferenceId;
use rekindle::domain::inquiry::Person;
use rekindle::domain::signature::sign;
use rekindle::http::{public, server};
use rekindle::storage::Database;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use super::stage::{ENVIRONMENT, SECRET, app, configuration, environment, event, events, now};
use crate::support::on_both;

/// Far longer than anything here takes.
const BOUND: Duration = Duration::from_secs(30);

struct Listening {
    app: App,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

async fn listen(url: &str) -> Listening {
    let app = app(url).await;
    let config = Config::from_toml(&configuration(&[SECRET])).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let limits = server::ServerLimits::new(&config.limits, BOUND);
    let routes = public::routes(app.clone(), config.limits);
    let served = tokio::spawn(server::serve(listener, routes, limits, async move { drop(stopped.await) }));
    Listening { app, address, stop, served }
}

/// Posts a delivery and gives the whole answer.
async fn post(address: SocketAddr, body: Vec<u8>) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let signature = sign(&body, SECRET.as_bytes(), now());
    let head = format!(
        "POST /webhooks/persona/{ENVIRONMENT} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Persona-Signature: {signature}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), &body].concat()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn ada() -> Person {
    Person::Reference(ReferenceId::parse("ada").unwrap())
}

fn deliveries(address: SocketAddr, count: usize) -> JoinSet<String> {
    let mut deliveries = JoinSet::new();
    for number in 0..count {
        let body = event(&format!("evt_{number}"), &format!("inq_{number}"), "created", Some("ada"), 0);
        deliveries.spawn(post(address, body));
    }
    deliveries
}

on_both! {
    /// A soft stop answers everything that was taken before it, on disk.
    async fn a_stop_in_the_middle(database: &Scratch) {
        let listening = listen(&database.url).await;
        // Somebody else holds what the deliveries need.
        let other = Database::open(&database.url).await.unwrap();
        let mut held = other.begin().await.unwrap();
        held.lock_people([(&environment(), &ada())]).await.unwrap();
        let answers = deliveries(listening.address, 50);
        tokio::time::sleep(Duration::from_millis(500)).await;
        listening.stop.send(()).unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(TcpStream::connect(listening.address).await.is_err(), "nothing new is taken");
        drop(held);
        let answers = tokio::time::timeout(BOUND, answers.join_all()).await.unwrap();
        tokio::time::timeout(BOUND, listening.served).await.unwrap().unwrap();
        assert!(answers.iter().all(|answer| answer.starts_with("HTTP/1.1 200 ")), "{answers:#?}");
        let stored = events(&listening.app).await;
        assert_eq!((stored.len(), stored.iter().all(|event| event.outcome.is_some())), (50, true));
    }

    /// Kept from the database, we say so while Persona still listens; when it is back, the same deliveries are taken.
    async fn an_answer_in_time_although_nothing_can_be_stored(database: &Scratch) {
        let listening = listen(&database.url).await;
        let other = Database::open(&database.url).await.unwrap();
        let mut held = other.begin().await.unwrap();
        held.lock_people([(&environment(), &ada())]).await.unwrap();
        let began = Instant::now();
        let answers = tokio::time::timeout(BOUND, deliveries(listening.address, 5).join_all()).await.unwrap();
        let elapsed = began.elapsed();
        for answer in &answers {
            assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
            assert!(answer.to_ascii_lowercase().contains("\r\nretry-after: 5\r\n"), "{answer}");
        }
        // Persona waits 5 seconds; this is the one promise here that is about time.
        assert!(elapsed < Duration::from_secs(5), "{elapsed:?}");
        drop(held);
        let again = tokio::time::timeout(BOUND, deliveries(listening.address, 5).join_all()).await.unwrap();
        assert!(again.iter().all(|answer| answer.starts_with("HTTP/1.1 200 ")), "{again:#?}");
        assert_eq!(events(&listening.app).await.len(), 5, "whatever became of the first ones, each is there once");
    }
}
