//! Static links: an address of a template, with a reference id that says nothing of the person.
//!
//! A link can be printed, forwarded and read by others, so the application's own name for somebody does not belong into
//! it (<https://docs.withpersona.com/hosted-flow-parameters>). Who it stands for is kept here.

use crate::app::App;
use crate::domain::customer;
use crate::domain::ids::{CustomerName, EnvironmentName, ReferenceId, TemplateId};
use crate::domain::time::Timestamp;
use crate::domain::token::Grant;
use crate::storage::StorageError;
use crate::storage::static_links::StaticLink;

/// What opaque reference ids begin with.
const PREFIX: &str = "rk-";

/// A static link as an application may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// In this environment.
    pub environment: EnvironmentName,
    /// The opaque reference id.
    pub reference_id: ReferenceId,
    /// Of this template.
    pub template: TemplateId,
    /// The application's own name for the person.
    pub known_as: ReferenceId,
    /// Whose it is.
    pub customer: Option<CustomerName>,
    /// When it was made.
    pub made_at: Timestamp,
}

impl App {
    /// The static link of a person, template and customer; the same each time it is asked for. `None` when the name or
    /// template is another customer's, or the system gives no random numbers.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn make_static_link(
        &self,
        environment: &EnvironmentName,
        template: &TemplateId,
        known_as: &ReferenceId,
        customer: Option<&CustomerName>,
    ) -> Result<Option<Resolved>, StorageError> {
        let by_rule = customer::by_rule(self.customers(), Some(known_as), Some(template), None);
        if customer.is_some() && by_rule.is_some() && by_rule != customer {
            return Ok(None);
        }
        let mut random = [0; 16];
        let opaque = match getrandom::fill(&mut random) {
            Ok(()) => ReferenceId::parse(&format!("{PREFIX}{}", hex::encode(random))).ok(),
            Err(_) => None,
        };
        let Some(reference_id) = opaque else { return Ok(None) };
        let link = StaticLink {
            environment: environment.clone(),
            reference_id,
            template: template.clone(),
            known_as: known_as.clone(),
            customer: customer.or(by_rule).cloned(),
            made_at: self.clock().now(),
        };
        let mut tx = self.database().begin().await?;
        let kept = tx.keep_static_link(&link).await?;
        tx.commit().await?;
        Ok(Some(kept.into()))
    }

    /// Whom an opaque reference id stands for, if the grant may know.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn resolve_static_link(
        &self,
        grant: &Grant,
        reference_id: &ReferenceId,
    ) -> Result<Option<Resolved>, StorageError> {
        let mut tx = self.database().read().await?;
        for name in self.environments().keys() {
            if grant.environment.as_ref().is_some_and(|environment| environment != name) {
                continue;
            }
            let found = tx.static_link(name, reference_id).await?;
            let theirs = |link: &StaticLink| grant.customer.is_none() || link.customer == grant.customer;
            if let Some(link) = found.filter(theirs) {
                return Ok(Some(link.into()));
            }
        }
        Ok(None)
    }
}

impl From<StaticLink> for Resolved {
    fn from(link: StaticLink) -> Self {
        let StaticLink { environment, reference_id, template, known_as, customer, made_at } = link;
        Self { environment, reference_id, template, known_as, customer, made_at }
    }
}
