//! Hints that actions became due, so that workers need not wait for their next poll.
//!
//! Polling is the truth: a hint can be lost (a connection broke, a pooler does not pass LISTEN on), never relied on.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::watch;

/// The PostgreSQL channel on which processes hint to each other.
pub(super) const CHANNEL: &str = "rekindle_actions";

/// How long to leave a PostgreSQL alone that can't be listened to.
const RELISTEN_AFTER: Duration = Duration::from_secs(5);

/// Rings for everyone in this process who waits, or will look later.
#[derive(Clone, Default)]
pub(super) struct Bell(Arc<watch::Sender<()>>);

impl Bell {
    pub(super) fn ring(&self) {
        self.0.send_replace(());
    }
}

/// Waits for hints, from this process and, on PostgreSQL, from others.
pub struct Wakes {
    near: watch::Receiver<()>,
    far: Option<Far>,
}

struct Far {
    pool: PgPool,
    listener: Option<PgListener>,
}

impl Wakes {
    pub(super) fn new(bell: &Bell, far: Option<PgPool>) -> Self {
        Self { near: bell.0.subscribe(), far: far.map(|pool| Far { pool, listener: None }) }
    }

    /// Returns at the next hint; one that came since the last call counts. Can be cancelled.
    pub async fn next(&mut self) {
        let Self { near, far } = self;
        tokio::select! {
            // The sender lives as long as the database; should it be gone, nothing will ever come.
            rung = near.changed() => if rung.is_err() { std::future::pending().await },
            () = async {
                match far {
                    Some(far) => far.next().await,
                    None => std::future::pending().await,
                }
            } => {}
        }
    }

    /// The hints as a stream that never ends.
    #[must_use]
    pub fn into_stream(self) -> BoxStream<'static, ()> {
        stream::unfold(self, |mut wakes| async move {
            wakes.next().await;
            Some(((), wakes))
        })
        .boxed()
    }
}

impl Far {
    async fn next(&mut self) {
        loop {
            match self.receive().await {
                Ok(()) => return,
                Err(error) => {
                    self.listener = None;
                    if matches!(error, sqlx::Error::PoolClosed) {
                        std::future::pending::<()>().await;
                    }
                    tracing::debug!("no hints from PostgreSQL for now, polling goes on");
                    tokio::time::sleep(RELISTEN_AFTER).await;
                }
            }
        }
    }

    async fn receive(&mut self) -> Result<(), sqlx::Error> {
        if self.listener.is_none() {
            let mut listener = PgListener::connect_with(&self.pool).await?;
            listener.listen(CHANNEL).await?;
            self.listener = Some(listener);
        }
        match &mut self.listener {
            Some(listener) => listener.recv().await.map(drop),
            None => Ok(()),
        }
    }
}
