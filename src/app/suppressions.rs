//! What people do not want to be told: said by themselves, by one click, or by an application or operator for them.

use secrecy::{ExposeSecret, SecretString};

use crate::app::App;
use crate::app::customers::owner_of;
use crate::app::operators::DeedError;
use crate::domain::act::Act;
use crate::domain::contact::comparable;
use crate::domain::deed::{About, Deed};
use crate::domain::ids::{ActionId, CustomerName, EnvironmentName, InquiryId, NotifierName, ReferenceId};
use crate::domain::operator::Operator;
use crate::storage::notices::StoredNotice;
use crate::storage::suppressions::Kind;
pub use crate::storage::suppressions::{Kind as SuppressedBy, StoredSuppression};
use crate::storage::{StorageError, Tx};

/// Whom it is for.
#[derive(Debug, Clone)]
pub enum Target {
    /// A person, by the application's name for them.
    Person(ReferenceId),
    /// Whoever has this address; it is kept as a keyed hash.
    Address(SecretString),
    /// One verification, by any of its inquiries.
    Verification(InquiryId),
}

/// What is not to be told.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// To whom.
    pub target: Target,
    /// In this environment; in all without. A verification has one.
    pub environment: Option<EnvironmentName>,
    /// To this customer's people; to everyone's without.
    pub customer: Option<CustomerName>,
    /// By this channel; by any without.
    pub notifier: Option<NotifierName>,
    /// Why.
    pub reason: String,
}

/// What whoever comes with a way to unsubscribe finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subscription {
    /// It is nobody's, or of a notice so old that nobody knows of it.
    Unknown,
    /// They are told.
    Open,
    /// They are not told any more.
    Ended,
}

impl App {
    /// Adds a suppression; it and whether it is new. `None` when it is about an inquiry that is not there.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn suppress(&self, wanted: &Wanted, by: &str) -> Result<Option<(StoredSuppression, bool)>, StorageError> {
        let mut tx = self.database().begin().await?;
        let Some(new) = self.to_be_stored(&mut tx, wanted, by).await? else { return Ok(None) };
        let added = tx.suppress(&new).await?;
        tx.commit().await?;
        self.replan_suppressed(&new).await?;
        Ok(Some((new, added)))
    }

    /// The same by an operator, with a record of it.
    ///
    /// # Errors
    /// [`DeedError`].
    pub async fn suppress_by(
        &self,
        wanted: &Wanted,
        by: &Operator,
    ) -> Result<Option<(StoredSuppression, bool)>, DeedError> {
        let deed = Deed::new(by, Act::Suppress, Some(&wanted.reason), self.clock().now())?;
        let mut tx = self.database().begin().await?;
        let Some(new) = self.to_be_stored(&mut tx, wanted, &by.who).await? else { return Ok(None) };
        let added = tx.suppress(&new).await?;
        if added {
            tx.record_deed(&of(deed, &new)).await?;
        }
        tx.commit().await?;
        self.replan_suppressed(&new).await?;
        Ok(Some((new, added)))
    }

    /// Takes a suppression away, within an environment's and a customer's border; `None` when there is none.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn unsuppress(
        &self,
        id: &str,
        (environment, customer): (Option<&EnvironmentName>, Option<&CustomerName>),
    ) -> Result<Option<StoredSuppression>, StorageError> {
        let mut tx = self.database().begin().await?;
        let theirs = |one: &StoredSuppression| {
            (customer.is_none() || one.customer.as_ref() == customer)
                && (environment.is_none() || one.environment.as_ref() == environment)
        };
        let Some(one) = tx.suppression(id).await?.filter(theirs) else { return Ok(None) };
        tx.remove_suppression(id).await?;
        tx.commit().await?;
        self.replan_suppressed(&one).await?;
        Ok(Some(one))
    }

    /// The same by an operator, within their border and with a record of it.
    ///
    /// # Errors
    /// [`DeedError`].
    pub async fn unsuppress_by(
        &self,
        id: &str,
        by: &Operator,
        reason: &str,
    ) -> Result<Option<StoredSuppression>, DeedError> {
        let deed = Deed::new(by, Act::Unsuppress, Some(reason), self.clock().now())?;
        let mut tx = self.database().begin().await?;
        let Some(one) = tx.suppression(id).await?.filter(|one| is_within(one, by)) else { return Ok(None) };
        tx.remove_suppression(id).await?;
        tx.record_deed(&of(deed, &one)).await?;
        tx.commit().await?;
        self.replan_suppressed(&one).await?;
        Ok(Some(one))
    }

    /// Up to `most` suppressions after one, in the order of their ids: of one customer's people, or all.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn suppressions(
        &self,
        after: &str,
        most: u32,
        customer: Option<&CustomerName>,
    ) -> Result<Vec<StoredSuppression>, StorageError> {
        self.database().read().await?.list_suppressions(after, most, customer).await
    }

    /// Looks at what a way to unsubscribe would end. Nothing changes.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn look_at_subscription(&self, token: &str) -> Result<Subscription, StorageError> {
        let mut tx = self.database().read().await?;
        let Some(notice) = notice_of(&mut tx, token).await? else { return Ok(Subscription::Unknown) };
        let Some(new) = self.unsubscription(&mut tx, &notice).await? else { return Ok(Subscription::Unknown) };
        let there = tx.suppression(&new.id()).await?;
        Ok(if there.is_some() { Subscription::Ended } else { Subscription::Open })
    }

    /// Ends what a notice came by: its person is told nothing more by its channel, in its environment.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn unsubscribe(&self, token: &str) -> Result<Subscription, StorageError> {
        let mut tx = self.database().begin().await?;
        let Some(notice) = notice_of(&mut tx, token).await? else { return Ok(Subscription::Unknown) };
        let Some(new) = self.unsubscription(&mut tx, &notice).await? else { return Ok(Subscription::Unknown) };
        tx.suppress(&new).await?;
        tx.commit().await?;
        self.replan_suppressed(&new).await?;
        tracing::info!(environment = %notice.environment, notifier = %notice.notifier, "somebody unsubscribed");
        Ok(Subscription::Ended)
    }

    async fn unsubscription(
        &self,
        tx: &mut Tx,
        notice: &StoredNotice,
    ) -> Result<Option<StoredSuppression>, StorageError> {
        let Some(stored) = tx.inquiry(&notice.environment, &notice.inquiry).await? else { return Ok(None) };
        let customer = owner_of(tx, self.customers(), &stored.inquiry, &stored.lineage).await?;
        let (kind, value) = match stored.inquiry.known.reference_id() {
            Some(reference) => {
                let asked = (notice.environment.clone(), reference.clone());
                let known_as = tx.known_as(&[&asked]).await?.into_iter().next().map(|(_, name)| name);
                (Kind::Person, known_as.unwrap_or_else(|| reference.clone()).to_string())
            }
            None => (Kind::Lineage, stored.lineage.to_string()),
        };
        Ok(Some(StoredSuppression {
            kind,
            value,
            environment: Some(notice.environment.clone()),
            customer,
            notifier: Some(notice.notifier.clone()),
            reason: "unsubscribed by a link in a notice".to_owned(),
            by: "the person".to_owned(),
            at: self.clock().now(),
        }))
    }

    async fn to_be_stored(
        &self,
        tx: &mut Tx,
        wanted: &Wanted,
        by: &str,
    ) -> Result<Option<StoredSuppression>, StorageError> {
        let now = self.clock().now();
        let (mut environment, Wanted { customer, notifier, reason, .. }) = (wanted.environment.clone(), wanted.clone());
        let (kind, value) = match &wanted.target {
            Target::Person(reference) => (Kind::Person, reference.to_string()),
            Target::Address(address) => {
                let key = tx.link_key_or_new(now).await?;
                (Kind::Address, key.pseudonym("address", &comparable(address.expose_secret())))
            }
            Target::Verification(id) => {
                let found = tx.find_inquiries(id.as_str()).await?;
                let within = |of: &EnvironmentName| wanted.environment.as_ref().is_none_or(|wanted| wanted == of);
                let found = found.into_iter().find(|one| one.inquiry.id == *id && within(&one.inquiry.environment));
                let Some(found) = found else { return Ok(None) };
                environment = Some(found.inquiry.environment);
                (Kind::Lineage, found.lineage.to_string())
            }
        };
        Ok(Some(StoredSuppression { kind, value, environment, customer, notifier, reason, by: by.to_owned(), at: now }))
    }

    /// Plans those anew whom a suppression is about, as far as it names them; others are looked at before they are told.
    async fn replan_suppressed(&self, one: &StoredSuppression) -> Result<(), StorageError> {
        let names = self.environments().keys().filter(|name| one.environment.as_ref().is_none_or(|of| of == *name));
        for environment in names {
            match one.kind {
                Kind::Person => {
                    if let Ok(name) = ReferenceId::parse(&one.value) {
                        self.replan_people(environment, &name).await?;
                    }
                }
                Kind::Lineage => {
                    if let Ok(id) = InquiryId::parse(&one.value) {
                        self.replan_inquiry(environment, &id).await?;
                    }
                }
                Kind::Address => {}
            }
        }
        Ok(())
    }
}

/// Whether an operator sees a suppression: one that holds everywhere is for those who see everything.
#[must_use]
pub fn is_within(one: &StoredSuppression, by: &Operator) -> bool {
    match &one.environment {
        Some(environment) => by.sees(environment),
        None => by.environment.is_none(),
    }
}

fn of(deed: Deed, one: &StoredSuppression) -> Deed {
    let deed = deed.about(About { kind: "suppression", id: one.id() });
    match &one.environment {
        Some(environment) => deed.within(environment),
        None => deed,
    }
}

async fn notice_of(tx: &mut Tx, token: &str) -> Result<Option<StoredNotice>, StorageError> {
    let Some(key) = tx.link_key().await? else { return Ok(None) };
    let Some(id) = key.unsubscribed_by(token).and_then(|id| ActionId::parse(id).ok()) else { return Ok(None) };
    tx.notice(&id).await
}
