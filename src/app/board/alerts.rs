//! Alerts as they stand, and what was told of them.

use crate::app::board::{Board, StorageError};
use crate::domain::alert::{Alert, AlertState};
use crate::domain::ids::NotifierName;
use crate::storage::alerts::AlertNotice;

/// Alerts as they stand, and what was told of them.
#[derive(Debug, Clone)]
pub struct AlertsRead {
    /// Every alert there can be within the border, by environment and the most pressing first.
    pub alerts: Vec<Alert>,
    /// What was told lately, the latest first.
    pub notices: Vec<AlertNotice>,
    /// Who is told.
    pub notify: Vec<NotifierName>,
}

impl Board {
    /// Alerts as they stand.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn alerts(&self) -> Result<AlertsRead, StorageError> {
        let (mut alerts, mut notices) = self.app.alerts().await?;
        alerts.retain(|alert| self.sees(&alert.environment));
        notices.retain(|notice| self.sees(&notice.environment));
        Ok(AlertsRead { alerts, notices, notify: self.app.told_of_alerts().to_vec() })
    }

    /// The alerts that fire and that nobody silenced.
    pub(super) async fn firing(&self) -> Result<Vec<Alert>, StorageError> {
        let now = self.app.clock().now();
        let mut alerts = self.alerts().await?.alerts;
        alerts.retain(|alert| alert.state == AlertState::Firing && !alert.is_silenced(now));
        Ok(alerts)
    }
}
