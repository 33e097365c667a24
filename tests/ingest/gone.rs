//! The database goes away under the load, and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use rekindle::app::ingest::Refusal;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::stage::{app, deliver, event, events, status};
use crate::support;

/// A wire to PostgreSQL that can be cut.
struct Wire {
    url: String,
    cut: watch::Sender<bool>,
}

impl Wire {
    /// Leads to the server of a URL, wherever that is.
    async fn to(url: &str) -> Self {
        let mut url = url::Url::parse(url).unwrap();
        let socket = url.query_pairs().find(|(key, _)| key == "host").map(|(_, folder)| folder.into_owned());
        let there = (url.host_str().unwrap_or("localhost").to_owned(), url.port().unwrap_or(5432));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        url.set_query(None);
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        let (cut, _) = watch::channel(false);
        let cuts = cut.clone();
        tokio::spawn(async move {
            loop {
                let (mut near, _) = listener.accept().await.unwrap();
                let (mut cuts, socket, there) = (cuts.subscribe(), socket.clone(), there.clone());
                tokio::spawn(async move {
                    let pass = async {
                        match socket {
                            Some(folder) => {
                                let path = format!("{folder}/.s.PGSQL.{}", there.1);
                                copy_bidirectional(&mut near, &mut UnixStream::connect(path).await?).await
                            }
                            None => copy_bidirectional(&mut near, &mut TcpStream::connect(there).await?).await,
                        }
                    };
                    tokio::select! {
                        _ = pass => {}
                        _ = cuts.wait_for(|cut| *cut) => {}
                    }
                });
            }
        });
        Self { url: url.into(), cut }
    }

    fn cut(&self, cut: bool) {
        self.cut.send_replace(cut);
    }
}

/// Returns when some more deliveries were taken.
async fn goes_on(progress: &AtomicUsize) {
    let before = progress.load(Ordering::SeqCst);
    for _ in 0..3_000 {
        if progress.load(Ordering::SeqCst) > before + 20 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the database is back, and the load does not go on");
}

/// Whatever moment the wire is cut at: what was answered is there, and what was not can be sent again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_gone_in_flight_loses_nothing_that_was_answered() {
    let Some(database) = support::postgres().await else { return };
    let wire = Wire::to(&database.url).await;
    let app = app(&wire.url).await;
    let (over, progress) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut senders = JoinSet::new();
    for sender in 0..8 {
        let (app, over, progress) = (app.clone(), over.clone(), progress.clone());
        senders.spawn(async move {
            let (mut taken, mut refused) = (Vec::new(), 0);
            for number in 0.. {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                let id = format!("evt_{sender}_{number}");
                let body = event(&id, &format!("inq_{sender}_{number}"), "created", Some("ada"), 0);
                // As Persona does: until it is taken.
                while let Err(why) = deliver(&app, &body).await {
                    assert!(matches!(&why, Refusal::Storage(error) if error.is_unavailable()), "{why}");
                    refused += 1;
                }
                taken.push(id);
                progress.fetch_add(1, Ordering::SeqCst);
            }
            (taken, refused)
        });
    }
    for outage in [10, 100, 1_000, 10, 4_500] {
        goes_on(&progress).await;
        wire.cut(true);
        tokio::time::sleep(Duration::from_millis(outage)).await;
        wire.cut(false);
    }
    goes_on(&progress).await;
    over.store(true, Ordering::SeqCst);
    let (mut taken, mut refused) = (Vec::new(), 0);
    for (ids, count) in senders.join_all().await {
        taken.extend(ids);
        refused += count;
    }
    assert!(refused > 0, "the long outage must be noticed");
    let mut stored: Vec<String> = events(&app).await.iter().map(|event| event.id.to_string()).collect();
    taken.sort();
    stored.sort();
    assert_eq!(stored, taken, "each once");
    assert_eq!(status(&app, "inq_0_0").await.as_deref(), Some("created"));
}
