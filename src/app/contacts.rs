//! How people are reached: told by the application, asked of it, or read from an inquiry's fields.

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::domain::contact::{Contact, Written, comparable};
use crate::domain::customer;
use crate::domain::ids::{CustomerName, EnvironmentName, ReferenceId};
use crate::storage::StorageError;
pub use crate::storage::contacts::ContactKey;
use crate::storage::contacts::{Source, StoredContact};

/// What is sealed of a contact.
#[derive(Serialize, Deserialize)]
struct Text {
    email: String,
    name: Option<String>,
    language: Option<String>,
    time_zone: Option<String>,
    country: Option<String>,
}

/// The contact that counts for a person, among those of their name: that of whose person they are, else the operator's.
pub(super) fn fitting<'a>(
    contacts: impl Iterator<Item = &'a StoredContact>,
    whose: Option<&CustomerName>,
) -> Option<&'a StoredContact> {
    let theirs = contacts.filter(|one| one.key.customer.is_none() || one.key.customer.as_ref() == whose);
    theirs.max_by_key(|one| one.key.customer.is_some())
}

/// What a stored contact says.
pub(super) fn read(stored: &StoredContact) -> Option<Contact> {
    let text: Text = serde_json::from_slice(stored.text.as_deref()?).ok()?;
    let Text { email: address, name, language, time_zone, country } = text;
    Contact::check(Written { address, name, language, time_zone, country }).ok()
}

fn write(contact: &Contact) -> Vec<u8> {
    let text = Text {
        email: contact.address.expose_secret().to_owned(),
        name: contact.name.as_ref().map(|name| name.expose_secret().to_owned()),
        language: contact.language.clone(),
        time_zone: contact.time_zone.as_ref().and_then(|zone| zone.iana_name().map(str::to_owned)),
        country: contact.country.clone(),
    };
    // Texts only: nothing in there can fail to be written.
    serde_json::to_vec(&text).unwrap_or_default()
}

impl App {
    /// Whether a customer may say how somebody of this name is reached: not when the name is another's by rule.
    #[must_use]
    pub fn may_tell_of(&self, customer: Option<&CustomerName>, name: &ReferenceId) -> bool {
        let by_rule = customer::by_rule(self.customers(), Some(name), None, None);
        customer.is_none() || by_rule.is_none_or(|owner| Some(owner) == customer)
    }

    /// Keeps how a person is reached, as the application says, and plans anew when that matters.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn give_contact(&self, key: &ContactKey, contact: &Contact) -> Result<(), StorageError> {
        self.keep_contact(key, Source::Given, Some(contact)).await?;
        self.replan_people(&key.environment, &key.reference_id).await
    }

    /// Forgets how a person is reached; whether it was known.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn forget_contact(&self, key: &ContactKey) -> Result<bool, StorageError> {
        let mut tx = self.database().begin().await?;
        let forgotten = tx.forget_contact(key).await?;
        tx.commit().await?;
        if forgotten {
            self.replan_people(&key.environment, &key.reference_id).await?;
        }
        Ok(forgotten)
    }

    pub(super) async fn keep_contact(
        &self,
        key: &ContactKey,
        source: Source,
        contact: Option<&Contact>,
    ) -> Result<(), StorageError> {
        let now = self.clock().now();
        let mut tx = self.database().begin().await?;
        let kept = match contact {
            Some(contact) => {
                let own = tx.link_key_or_new(now).await?;
                Some((write(contact), own.pseudonym("address", &comparable(contact.address.expose_secret()))))
            }
            None => None,
        };
        tx.keep_contact(key, source, kept, now).await?;
        tx.commit().await
    }

    /// Plans the open inquiries of a person anew, also those made by a static link.
    pub(super) async fn replan_people(
        &self,
        environment: &EnvironmentName,
        name: &ReferenceId,
    ) -> Result<(), StorageError> {
        let mut tx = self.database().read().await?;
        let links = tx.static_links_of(name).await?.into_iter().filter(|link| link.environment == *environment);
        let names: Vec<ReferenceId> =
            std::iter::once(name.clone()).chain(links.map(|link| link.reference_id)).collect();
        let mut open = Vec::new();
        for name in names {
            let found = tx.find_inquiries(name.as_str()).await?.into_iter().map(|stored| stored.inquiry);
            open.extend(found.filter(|one| {
                one.environment == *environment
                    && one.known.reference_id() == Some(&name)
                    && !one.status().is_some_and(crate::domain::status::Status::is_over)
            }));
        }
        drop(tx);
        for inquiry in open {
            self.replan_inquiry(environment, &inquiry.id).await?;
        }
        Ok(())
    }
}
