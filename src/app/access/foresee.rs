//! What somebody would be told who came now, as far as it is known without asking Persona.

use super::{Looks, MOST_STEPS};
use crate::app::{App, Environment};
use crate::domain::access::{Access, Form};
use crate::domain::ids::InquiryId;
use crate::storage::StorageError;

impl App {
    /// The decision about whoever comes with an inquiry and a browser, and the inquiry it is about in the end; `None`
    /// where only Persona knows. Nothing changes.
    pub(in crate::app) async fn foresee(
        &self,
        environment: &Environment,
        inquiry: &InquiryId,
    ) -> Result<Option<(InquiryId, Access)>, StorageError> {
        let mut id = inquiry.clone();
        for _ in 0..MOST_STEPS {
            let Some(view) = self.view(environment, &id, &Looks::default()).await? else { return Ok(None) };
            match self.decide(environment, &view, Form::Browser) {
                Access::Elsewhere(other) => id = other,
                Access::Failed | Access::Closed(_) if view.stale => return Ok(None),
                access => return Ok(Some((id, access))),
            }
        }
        Ok(None)
    }
}
