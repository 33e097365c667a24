//! Alerts for those who have nothing else that watches: found by one process for all, told by notifiers.
//!
//! How an alert stands and what is to be told of it are written in one transaction, and sent from there until the
//! receiver takes it. So a restart tells nothing twice, and a crash loses nothing.

mod facts;
mod send;

use std::time::Duration;

use jiff::SignedDuration;
use tracing::{info, warn};
use ulid::Ulid;

use crate::app::App;
use crate::app::operators::DeedError;
use crate::app::singleton::Held;
use crate::domain::act::Act;
use crate::domain::alert::{Alert, AlertName, AlertState, Finding, News, Silenced};
use crate::domain::deed::{About, Deed};
use crate::domain::ids::{ActionId, EnvironmentName, NotifierName};
use crate::domain::operator::Operator;
use crate::domain::time::Timestamp;
use crate::storage::alerts::AlertNotice;
use crate::storage::{StorageError, Tx};

/// How often to look, and to send what is due.
const LOOK: Duration = Duration::from_secs(30);

/// How long notices that ended are kept, to be looked at.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The longest silence: whoever wants more should change the threshold.
pub const LONGEST_SILENCE: SignedDuration = SignedDuration::from_hours(30 * 24);

impl App {
    /// Looks for alerts and tells of them, for as long as it runs; one process does it for all.
    pub async fn watch_for_alerts(&self, held: &Held) {
        loop {
            if let Err(error) = self.look_for_alerts(held).await {
                warn!(%error, "alerts could not be looked for; it will be tried again");
            }
            if let Err(error) = self.send_alerts(held).await {
                warn!(%error, "alerts could not be sent; it will be tried again");
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Looks once at every environment, and writes how its alerts stand and what is to be told; how many notices that
    /// are. Whoever lost the right writes nothing.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn look_for_alerts(&self, held: &Held) -> Result<usize, StorageError> {
        let mut told = 0;
        for name in self.environments().keys() {
            let now = self.clock().now();
            let facts = self.alert_facts(name, now).await?;
            let found = facts.findings(&self.shared.alerts.thresholds, now);
            let mut tx = self.database().begin().await?;
            if !tx.fence(held).await? {
                return Ok(told);
            }
            told += self.go_on(&mut tx, name, &found, now).await?;
            tx.commit().await?;
        }
        let mut tx = self.database().begin().await?;
        tx.forget_alert_notices(self.clock().now().minus(REMEMBERED)).await?;
        tx.commit().await?;
        Ok(told)
    }

    /// Takes every alert of an environment on by one look.
    async fn go_on(
        &self,
        tx: &mut Tx,
        environment: &EnvironmentName,
        found: &[Finding],
        now: Timestamp,
    ) -> Result<usize, StorageError> {
        let known = tx.lock_alerts(environment).await?;
        let mut told = 0;
        for name in AlertName::ALL {
            let finding = found.iter().find(|finding| finding.name == *name);
            let before = known.iter().find(|alert| alert.name == *name);
            let mut alert = before.cloned().unwrap_or_else(|| Alert::quiet(environment.clone(), *name, now));
            let news = alert.step(finding, self.shared.alerts.pace, now);
            let was = before.map_or(AlertState::Quiet, |before| before.state);
            if was == AlertState::Quiet && alert.state == AlertState::Quiet {
                continue;
            }
            log(&alert, was);
            tx.save_alert(&alert).await?;
            let Some(news) = news else { continue };
            for notifier in &self.shared.alerts.notify {
                tx.add_alert_notice(&notice(&alert, before, news, notifier, now)).await?;
                told += 1;
            }
        }
        Ok(told)
    }

    /// Hears nothing of an alert until then, or hears of it again.
    ///
    /// # Errors
    /// [`DeedError`].
    pub async fn silence_alert(
        &self,
        environment: &EnvironmentName,
        name: AlertName,
        until: Option<Timestamp>,
        by: &Operator,
        reason: &str,
    ) -> Result<Alert, DeedError> {
        let now = self.clock().now();
        let act = if until.is_some() { Act::SilenceAlert } else { Act::UnsilenceAlert };
        let deed = Deed::new(by, act, Some(reason), now)?.within(environment);
        let deed = deed.about(About { kind: "alert", id: format!("{environment}/{name}") });
        let silenced = until.map(|until| Silenced {
            until: until.min(now.plus(LONGEST_SILENCE)),
            by: by.who.clone(),
            why: reason.trim().to_owned(),
        });
        let mut tx = self.database().begin().await?;
        tx.silence_alert(environment, name, silenced.as_ref(), now).await?;
        let kept = tx.lock_alerts(environment).await?.into_iter().find(|alert| alert.name == name);
        tx.record_deed(&deed).await?;
        tx.commit().await?;
        Ok(kept.unwrap_or_else(|| Alert { silenced, ..Alert::quiet(environment.clone(), name, now) }))
    }

    /// Every alert there can be in the configured environments, as it stands, and what was told lately.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn alerts(&self) -> Result<(Vec<Alert>, Vec<AlertNotice>), StorageError> {
        let mut tx = self.database().read().await?;
        let (known, notices) = (tx.alerts().await?, tx.latest_alert_notices(LATEST).await?);
        let now = self.clock().now();
        let all = self.environments().keys().flat_map(|name| AlertName::ALL.iter().map(move |alert| (name, *alert)));
        let standing = |(environment, name): (&EnvironmentName, AlertName)| {
            let found = known.iter().find(|alert| (&alert.environment, alert.name) == (environment, name));
            found.cloned().unwrap_or_else(|| Alert::quiet(environment.clone(), name, now))
        };
        Ok((all.map(standing).collect(), notices))
    }

    /// Who is told of alerts.
    #[must_use]
    pub fn told_of_alerts(&self) -> &[NotifierName] {
        &self.shared.alerts.notify
    }
}

/// How many notices are shown.
const LATEST: u32 = 100;

/// What is told of an alert. One that is over is told with when it began.
fn notice(alert: &Alert, before: Option<&Alert>, news: News, notifier: &NotifierName, now: Timestamp) -> AlertNotice {
    let since = match news {
        News::Firing => alert.since,
        News::Resolved => before.map_or(alert.since, |before| before.since),
    };
    let id = ActionId::parse(&format!("alert-{}", Ulid::new()));
    AlertNotice {
        id: id.unwrap_or_else(|_| unreachable!("letters and digits are an id")),
        environment: alert.environment.clone(),
        name: alert.name,
        notifier: notifier.clone(),
        news,
        since,
        value: alert.value,
        summary: alert.summary.clone(),
        created_at: now,
        due_at: now,
        tries: 0,
        ended_at: None,
        error: None,
    }
}

/// A line where an alert begins or ends, for those who watch logs.
fn log(alert: &Alert, was: AlertState) {
    let Alert { environment, name, summary, .. } = alert;
    match (was, alert.state) {
        (AlertState::Firing, AlertState::Quiet) => info!(%environment, alert = %name, "an alert is over"),
        (AlertState::Quiet | AlertState::Pending, AlertState::Firing) => {
            warn!(%environment, alert = %name, summary, "an alert fires");
        }
        _ => {}
    }
}
