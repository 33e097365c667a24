//! One at a time through each door, and what was given out a moment ago.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use secrecy::SecretString;
use tokio::sync::OwnedMutexGuard;

use crate::domain::ids::{EnvironmentName, InquiryId};
use crate::domain::time::Timestamp;
use crate::storage::lineages::Means;

/// The most links that are kept. Each is a few hundred bytes; one that is dropped is asked for again under its number,
/// and Persona gives the same.
const MOST_KEPT: usize = 10_000;

/// An inquiry and its environment.
pub(super) type Place = (EnvironmentName, InquiryId);

/// Who is at which inquiry's door in this process, and the links that were given out, in memory only.
#[derive(Default)]
pub(in crate::app) struct Doors {
    turns: Mutex<HashMap<Place, Weak<tokio::sync::Mutex<()>>>>,
    kept: Mutex<HashMap<(Place, Means), Kept>>,
}

/// What was given out.
#[derive(Clone)]
pub(super) struct Kept {
    /// The number it was asked for under.
    pub(super) generation: u32,
    /// The link, or the token; none where the inquiry opens without.
    pub(super) secret: Option<SecretString>,
    /// The short form of a link.
    pub(super) short: Option<SecretString>,
    /// Until when it can be given again.
    pub(super) until: Timestamp,
}

impl Doors {
    /// Waits until nobody else of this process is at the inquiry's door.
    pub(super) async fn turn(&self, environment: &EnvironmentName, inquiry: &InquiryId) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            turns.retain(|_, turn| turn.strong_count() > 0);
            let place = (environment.clone(), inquiry.clone());
            let waiting = turns.get(&place).and_then(Weak::upgrade);
            waiting.unwrap_or_else(|| {
                let fresh = Arc::new(tokio::sync::Mutex::new(()));
                turns.insert(place, Arc::downgrade(&fresh));
                fresh
            })
        };
        turn.lock_owned().await
    }

    /// What was given out under this number, and still can be.
    pub(super) fn kept(&self, place: &Place, means: Means, generation: u32, now: Timestamp) -> Option<Kept> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.get(&(place.clone(), means))?;
        (found.generation == generation && found.until > now).then(|| found.clone())
    }

    /// Keeps what is given out.
    pub(super) fn keep(&self, place: Place, means: Means, one: Kept, now: Timestamp) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST_KEPT {
            kept.retain(|_, one| one.until > now);
        }
        if kept.len() < MOST_KEPT {
            kept.insert((place, means), one);
        }
    }
}

impl fmt::Debug for Doors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Doors").finish_non_exhaustive()
    }
}
