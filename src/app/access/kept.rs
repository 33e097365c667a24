//! What was given out under a number, and is given again: links from this process's memory, session tokens from the
//! database, where they lie sealed.

use std::time::Duration;

use jiff::SignedDuration;
use tracing::warn;

use super::doors::{Kept, Place};
use super::enter::Ask;
use crate::app::App;
use crate::storage::StorageError;
use crate::storage::lineages::{Means, TokenKey};

/// How long one process has the right to ask Persona for a token before another one takes it.
const ASKING: SignedDuration = SignedDuration::from_secs(15);

/// How long somebody waits for another who is at it. After that they ask themselves: under the same number Persona gives
/// the same token.
const PATIENCE: Duration = Duration::from_secs(10);

const LOOK: Duration = Duration::from_millis(50);

impl App {
    /// What was given out under the number of an ask and can be given again. For a token, whoever is asking for it in
    /// another process is waited for; without an answer it is up to the caller to ask.
    pub(super) async fn given_before(&self, ask: &Ask<'_>) -> Result<Option<Kept>, StorageError> {
        let (place, generation) = (ask.place(), ask.reserved.generation);
        if let Some(kept) = self.shared.doors.kept(&place, ask.means, generation, self.clock().now()) {
            return Ok(Some(kept));
        }
        if ask.means != Means::Token {
            return Ok(None);
        }
        let of = TokenKey { environment: &place.0, inquiry: &place.1, generation };
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            let now = self.clock().now();
            let mut tx = self.database().begin().await?;
            if let Some(kept) = tx.session_token(of, now).await? {
                return Ok(Some(Kept { generation, secret: Some(kept.token), short: None, until: kept.until }));
            }
            let ours = tx.claim_session_token(of, now.plus(ASKING), now).await?;
            tx.commit().await?;
            if ours || tokio::time::Instant::now() >= until {
                return Ok(None);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Keeps what is given out, so that it can be given again. Where it can't be kept it is asked for again, under its
    /// number.
    pub(super) async fn keep_given(&self, place: &Place, means: Means, kept: &Kept) {
        let now = self.clock().now();
        let of = TokenKey { environment: &place.0, inquiry: &place.1, generation: kept.generation };
        if means != Means::Token {
            return self.shared.doors.keep(place.clone(), means, kept.clone(), now);
        }
        let Some(token) = &kept.secret else {
            // It opens by its id: nothing to seal, and soon it may be otherwise.
            self.shared.doors.keep(place.clone(), means, kept.clone(), now);
            return self.give_back(of).await;
        };
        let stored = async {
            let mut tx = self.database().begin().await?;
            tx.keep_session_token(of, token, kept.until, now).await?;
            tx.commit().await
        };
        if let Err(error) = stored.await {
            warn!(inquiry = %of.inquiry, %error, "a session token was not kept");
        }
    }

    /// Lets whoever waits for a token ask for it.
    pub(super) async fn leave_asking(&self, ask: &Ask<'_>) {
        if ask.means == Means::Token {
            let (environment, inquiry) = ask.place();
            let generation = ask.reserved.generation;
            self.give_back(TokenKey { environment: &environment, inquiry: &inquiry, generation }).await;
        }
    }

    async fn give_back(&self, of: TokenKey<'_>) {
        let left = async {
            let mut tx = self.database().begin().await?;
            tx.leave_session_token(of).await?;
            tx.commit().await
        };
        if let Err(error) = left.await {
            warn!(inquiry = %of.inquiry, %error, "the right to ask for a session token was not given back");
        }
    }
}
