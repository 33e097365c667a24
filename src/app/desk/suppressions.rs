//! People whom an operator lets be told nothing by a channel, and told again.

use super::{ActError, Desk};
use crate::app::suppressions::{StoredSuppression, Wanted, is_within};
use crate::domain::act::Act;
use crate::domain::ids::EnvironmentName;

impl Desk {
    /// Adds a suppression; it and whether it is new. Who has a border suppresses within it.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn suppress(&self, wanted: Wanted) -> Result<(StoredSuppression, bool), ActError> {
        let environment = wanted.environment.clone().or_else(|| self.operator.environment.clone());
        self.allowed_within(Act::Suppress, environment.as_ref())?;
        let wanted = Wanted { environment, reason: self.reason().to_owned(), ..wanted };
        self.app.suppress_by(&wanted, &self.operator).await?.ok_or(ActError::Unknown("inquiry"))
    }

    /// Takes a suppression away.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn unsuppress(&self, id: &str) -> Result<StoredSuppression, ActError> {
        self.allowed_within(Act::Unsuppress, self.operator.environment.as_ref())?;
        let removed = self.app.unsuppress_by(id, &self.operator, self.reason()).await?;
        removed.ok_or(ActError::Unknown("suppression"))
    }

    /// Up to `most` suppressions after one, within the border.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn suppressions(&self, after: &str, most: u32) -> Result<Vec<StoredSuppression>, ActError> {
        let found = self.app.suppressions(after, most, None).await?;
        Ok(found.into_iter().filter(|one| is_within(one, &self.operator)).collect())
    }

    fn allowed_within(&self, act: Act, environment: Option<&EnvironmentName>) -> Result<(), ActError> {
        match environment {
            Some(environment) => self.allowed(act, environment, "environment"),
            None if self.operator.role.may(act) => Ok(()),
            None => Err(ActError::NotAllowed(act.least())),
        }
    }
}
