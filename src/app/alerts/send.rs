//! Sending what is to be told of alerts, until it is taken or no longer worth it.

use jiff::SignedDuration;
use tracing::{debug, warn};

use crate::app::App;
use crate::app::singleton::Held;
use crate::domain::alert::{Alert, AlertState, message};
use crate::domain::time::Timestamp;
use crate::notify::error::NotifyError;
use crate::notify::notice;
use crate::storage::StorageError;
use crate::storage::alerts::{AlertNotice, Settled};

/// Sent in one look; more waits for the next.
const AT_ONCE: u32 = 20;

/// The first wait after a failed try; each next one is twice as long.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(30);

/// The longest wait between two tries.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(30);

/// Then nobody tries any longer; while the alert fires, the next repetition does.
const WORTH: SignedDuration = SignedDuration::from_hours(24);

impl App {
    /// Sends what is due, once; how much was taken. Whoever lost the right sends nothing.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked: what was sent meanwhile is sent again under the same id.
    pub async fn send_alerts(&self, held: &Held) -> Result<usize, StorageError> {
        let mut tx = self.database().begin().await?;
        if !tx.fence(held).await? {
            return Ok(0);
        }
        let due = tx.due_alert_notices(self.clock().now(), AT_ONCE).await?;
        tx.commit().await?;
        let mut taken = 0;
        for notice in due {
            let outcome = self.send_alert(&notice).await;
            taken += usize::from(outcome.is_ok());
            let settled = settled(&notice, outcome, self.clock().now());
            let mut tx = self.database().begin().await?;
            tx.settle_alert_notice(&notice.id, &settled).await?;
            tx.commit().await?;
        }
        Ok(taken)
    }

    async fn send_alert(&self, due: &AlertNotice) -> Result<(), NotifyError> {
        let notifier = self.notifier(&due.notifier);
        let notifier = notifier.map_err(|_| NotifyError::Unsendable("no notifier of that name is configured"))?;
        let page = self.sign_in().url.as_ref().and_then(|url| url.join("alerts").ok());
        let alert = Alert {
            state: AlertState::Firing,
            since: due.since,
            value: due.value,
            summary: due.summary.clone(),
            ..Alert::quiet(due.environment.clone(), due.name, due.created_at)
        };
        let words = message(&alert, due.news, page.as_ref().map(url::Url::as_str), due.created_at);
        let notice = notice::Alert {
            id: due.id.clone(),
            environment: due.environment.clone(),
            name: due.name,
            news: due.news,
            since: due.since,
            value: due.value,
            summary: due.summary.clone(),
            subject: words.subject,
            text: words.text,
            created_at: due.created_at,
        };
        notifier.alert(&notice).await.map(drop)
    }
}

/// What became of a notice by a try.
fn settled(notice: &AlertNotice, outcome: Result<(), NotifyError>, now: Timestamp) -> Settled {
    let AlertNotice { environment, name, notifier, .. } = notice;
    let Err(error) = outcome else {
        debug!(%environment, alert = %name, %notifier, "an alert was told");
        return Settled { due_at: now, ended_at: Some(now), error: None };
    };
    let doubled = FIRST_WAIT * 2_i32.saturating_pow(notice.tries.min(10));
    let wait = error.retry_after().unwrap_or(SignedDuration::ZERO).max(doubled.min(LONGEST_WAIT));
    let goes_on = error.may_retry() && now.plus(wait).since(notice.created_at) < WORTH;
    warn!(%environment, alert = %name, %notifier, %error, goes_on, "an alert was not told");
    Settled { due_at: now.plus(wait), ended_at: (!goes_on).then_some(now), error: Some(error.to_string()) }
}
