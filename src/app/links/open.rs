//! Somebody comes with a link: what they find behind it.

use jiff::SignedDuration;
use secrecy::SecretString;

use super::App;
use crate::app::access::{Admission, Urgency, Whom};
use crate::domain::access::{Access, Closed, Form};
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::storage::StorageError;
use crate::storage::access_links::{AccessLink, LinkId};

/// What somebody finds who comes with a link.
#[derive(Debug, Clone)]
pub enum Doorway {
    /// The link is nobody's.
    Unknown,
    /// The link no longer opens.
    Dead(Dead),
    /// There is something to get into, as far as we know without asking Persona.
    Ready {
        /// How long the link opens from now on.
        left: SignedDuration,
    },
    /// They are let in.
    Inside {
        /// By this link, single use.
        link: SecretString,
    },
    /// There is nothing to get into.
    Over(Over),
    /// Not now.
    Busy {
        /// When to try again, at the earliest.
        retry_after: SignedDuration,
    },
}

/// Why a link no longer opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dead {
    /// Its time is over.
    Expired,
    /// It was opened as often as it may be.
    UsedUp,
    /// Somebody revoked it.
    Revoked,
}

/// Why there is nothing to get into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// The verification is finished.
    Finished,
    /// It is finished and being reviewed.
    InReview,
    /// It was decided.
    Decided,
    /// It failed, and may not be tried again.
    Failed,
    /// Nobody needs it any more.
    NotNeeded,
    /// So much was tried that it is enough, or nothing can be done.
    GivenUp,
}

/// Within this time of an opening, another is the same visit: a double click, or going back. Persona's own grace for a
/// used link is five minutes, and an admission gives the same link for four.
const SAME_VISIT: SignedDuration = SignedDuration::from_mins(4);

/// When to try again, where an operator has to do something first.
const LATER: SignedDuration = SignedDuration::from_mins(1);

impl App {
    /// Looks behind a link. Nothing changes, and Persona is not asked.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn look_at_link(&self, token: &str) -> Result<Doorway, StorageError> {
        let Some(link) = self.link_behind(token).await? else { return Ok(Doorway::Unknown) };
        let now = self.clock().now();
        if let Some(dead) = dead(&link, now) {
            return Ok(Doorway::Dead(dead));
        }
        let ready = Doorway::Ready { left: link.expires_at.since(now) };
        let Some(environment) = self.environments().get(&link.environment) else { return Ok(ready) };
        let foreseen = self.foresee(environment, &link.lineage).await?;
        Ok(foreseen.and_then(|(_, access)| over(access)).map_or(ready, Doorway::Over))
    }

    /// Lets somebody in by a link, and counts that it was opened.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn open_link(&self, token: &str) -> Result<Doorway, StorageError> {
        let Some(link) = self.link_behind(token).await? else { return Ok(Doorway::Unknown) };
        let now = self.clock().now();
        let mut tx = self.database().begin().await?;
        let counted = tx.take_opening(&link.id, now, now.minus(SAME_VISIT)).await?;
        tx.commit().await?;
        if !counted {
            let link = self.database().read().await?.access_link(&link.id).await?;
            let dead = link.and_then(|link| dead(&link, now)).unwrap_or(Dead::UsedUp);
            return Ok(Doorway::Dead(dead));
        }
        let whom = Whom::Inquiry(link.lineage.clone());
        let admitted = self.admit(&link.environment, &whom, Form::Browser, Urgency::Waiting).await;
        let doorway = admitted.map(behind);
        if !matches!(doorway, Ok(Doorway::Inside { .. })) {
            // Nobody got in, so it counts for nothing.
            let mut tx = self.database().begin().await?;
            tx.give_opening_back(&link.id, now).await?;
            tx.commit().await?;
        }
        if matches!(doorway, Ok(Doorway::Inside { .. })) {
            // Before they get in, so that whoever was let in is told of; who is not, comes again.
            self.tell_of_opening(&link).await?;
        }
        doorway
    }

    /// The link whose token this is. A token that is not ours costs no look at the database.
    pub(super) async fn link_behind(&self, token: &str) -> Result<Option<AccessLink>, StorageError> {
        let Some(key) = self.link_key().await? else { return Ok(None) };
        let Some(id) = key.id_of(token).and_then(LinkId::parse) else { return Ok(None) };
        self.database().read().await?.access_link(&id).await
    }
}

/// Why a link does not open; one that was opened for the last time a moment ago still does.
fn dead(link: &AccessLink, now: Timestamp) -> Option<Dead> {
    let visiting = link.last_opened_at.is_some_and(|at| at > now.minus(SAME_VISIT));
    if link.revoked_at.is_some() {
        Some(Dead::Revoked)
    } else if link.expires_at <= now {
        Some(Dead::Expired)
    } else {
        (link.opens >= link.max_opens && !visiting).then_some(Dead::UsedUp)
    }
}

fn behind(admission: Admission) -> Doorway {
    match admission {
        Admission::Link { link, .. } => Doorway::Inside { link },
        Admission::Done { status, .. } => Doorway::Over(of_status(&status)),
        Admission::Failed { .. } => Doorway::Over(Over::Failed),
        Admission::Closed { why, .. } => Doorway::Over(of_closed(why)),
        Admission::Unknown => Doorway::Over(Over::NotNeeded),
        Admission::Busy { retry_after } => Doorway::Busy { retry_after },
        // A browser was asked for; a token can't be redirected to.
        Admission::NotActing | Admission::Session { .. } => Doorway::Busy { retry_after: LATER },
    }
}

fn over(access: Access) -> Option<Over> {
    match access {
        Access::Done { status, .. } => Some(of_status(&status)),
        Access::Failed => Some(Over::Failed),
        Access::Closed(why) => Some(of_closed(why)),
        Access::Elsewhere(_) | Access::Enter(_) | Access::Revive | Access::Replace(_) => None,
    }
}

fn of_status(status: &Status) -> Over {
    match status {
        Status::NeedsReview => Over::InReview,
        Status::Declined => Over::Decided,
        Status::Failed => Over::Failed,
        _ => Over::Finished,
    }
}

const fn of_closed(why: Closed) -> Over {
    match why {
        Closed::Redacted => Over::NotNeeded,
        Closed::StatusUnknown | Closed::NobodyKnown | Closed::GivenUp(_) => Over::GivenUp,
    }
}
