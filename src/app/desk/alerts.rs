//! Acts on alerts.

use jiff::SignedDuration;

use crate::app::alerts::LONGEST_SILENCE;
use crate::app::desk::{ActError, Desk};
use crate::domain::act::Act;
use crate::domain::alert::{Alert, AlertName};
use crate::domain::ids::EnvironmentName;

impl Desk {
    /// Lets nobody be told of an alert for so long, at most [`LONGEST_SILENCE`]; with no time, ends its silence.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn silence_alert(
        &self,
        environment: &EnvironmentName,
        name: AlertName,
        long: Option<SignedDuration>,
    ) -> Result<Alert, ActError> {
        let act = if long.is_some() { Act::SilenceAlert } else { Act::UnsilenceAlert };
        self.allowed(act, environment, "alert")?;
        if long.is_some_and(|long| !long.is_positive() || long > LONGEST_SILENCE) {
            return Err(ActError::NotNow("say for how long, such as 2h; 30d is the most".to_owned()));
        }
        let until = long.map(|long| self.app.clock().now().plus(long));
        Ok(self.app.silence_alert(environment, name, until, &self.operator, self.reason()).await?)
    }
}
