//! Whom a notice is for, as far as the application, or the inquiry itself, told us.

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tracing::warn;

use crate::app::contacts::{fitting, read};
use crate::app::customers::owner_of;
use crate::app::step::{Step, cancel, database};
use crate::app::{App, Environment};
use crate::domain::action::{Action, Outcome};
use crate::domain::contact::{self, Contact, Written, comparable};
use crate::domain::ids::{CustomerName, EnvironmentName, InquiryId, NotifierName, ReferenceId};
use crate::domain::inquiry::Inquiry;
use crate::notify::lookup::Question;
use crate::notify::recipient::Recipient;
use crate::storage::StorageError;
use crate::storage::contacts::{ContactKey, Source, StoredContact};
use crate::storage::events::EventFilter;

/// The latest events of an inquiry that are looked through for an address.
const EVENTS_READ: u32 = 20;

/// Where a notice goes, and how whoever gets it asks for no more.
#[derive(Debug, Clone, Default)]
pub(super) struct Addressed {
    /// The person, where an address of theirs is known.
    pub(super) to: Option<Recipient>,
    /// A link that ends such notices by one click (RFC 8058), where people reach us.
    pub(super) unsubscribe: Option<SecretString>,
}

/// Whose person somebody is, and what they are called.
struct Person {
    name: Option<ReferenceId>,
    customer: Option<CustomerName>,
    contact: Option<StoredContact>,
}

/// How it is known how a person is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// The application gave it.
    Given,
    /// The application answered it when it was asked.
    Answered,
    /// A field of the inquiry says so.
    Field,
    /// It is not known: a channel that needs an address reaches nobody.
    Not,
}

impl Known {
    /// In a word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Answered => "answered",
            Self::Field => "field",
            Self::Not => "unknown",
        }
    }

    /// In words.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Given => "an address, as the application gave it",
            Self::Answered => "an address, as the application answered when it was asked",
            Self::Field => "an address, from a field of the inquiry",
            Self::Not => "no address is known: by e-mail there is nobody to tell",
        }
    }
}

impl App {
    /// Whom a notice about an inquiry is for, by one notifier. Where nobody told us, the application is asked; what it
    /// answers may change the plan, so that is asked again. An address that is suppressed ends the attempt.
    pub(super) async fn recipient_of(
        &self,
        environment: &Environment,
        inquiry: &Inquiry,
        action: &Action,
        notifier: &NotifierName,
    ) -> Step<Addressed> {
        let asked = self.ask_for_contact(environment, inquiry).await.map_err(|error| database(&error))?;
        match asked {
            Lookup::Learnt => drop(self.still_wanted(environment, action).await?),
            Lookup::Failed(error) if self.notifier(notifier)?.needs_address() => {
                return Err(Outcome::Retry { error, at: None, new_key: false });
            }
            Lookup::Failed(_) | Lookup::NotNeeded => {}
        }
        let known = self.contact_of(environment, inquiry).await.map_err(|error| database(&error))?;
        let contact = known.map(|(contact, _)| contact);
        if let Some(contact) = &contact {
            self.refuse_suppressed(environment, inquiry, contact, notifier).await?;
        }
        let unsubscribe = self.way_to_unsubscribe(action).await.map_err(|error| database(&error))?;
        let to = contact.map(|contact| {
            let time_zone = contact.zone();
            let Contact { address, name, language, .. } = contact;
            Recipient { address, name, language, time_zone }
        });
        Ok(Addressed { to, unsubscribe })
    }

    /// How it is known how the person of an inquiry is reached. Nobody is asked for it.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn reached(&self, inquiry: &Inquiry) -> Result<Known, StorageError> {
        let Some(environment) = self.environments().get(&inquiry.environment) else { return Ok(Known::Not) };
        Ok(self.contact_of(environment, inquiry).await?.map_or(Known::Not, |(_, known)| known))
    }

    /// The same, of an inquiry by its id.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn reached_in(&self, environment: &EnvironmentName, id: &InquiryId) -> Result<Known, StorageError> {
        let stored = self.database().read().await?.inquiry(environment, id).await?;
        match stored {
            Some(stored) => self.reached(&stored.inquiry).await,
            None => Ok(Known::Not),
        }
    }

    async fn contact_of(
        &self,
        environment: &Environment,
        inquiry: &Inquiry,
    ) -> Result<Option<(Contact, Known)>, StorageError> {
        let stored = self.person_of(inquiry).await?.contact;
        let known = |stored: &StoredContact| match stored.source {
            Source::Given => Known::Given,
            Source::Answered => Known::Answered,
        };
        if let Some((contact, known)) = stored.as_ref().and_then(|stored| Some((read(stored)?, known(stored)))) {
            return Ok(Some((contact, known)));
        }
        let fields = &environment.settings.rules.for_template(inquiry.known.template_id()).address_fields;
        Ok(self.address_in_fields(inquiry, fields).await?.map(|contact| (contact, Known::Field)))
    }

    async fn person_of(&self, inquiry: &Inquiry) -> Result<Person, StorageError> {
        let Some(reference) = inquiry.known.reference_id() else {
            return Ok(Person { name: None, customer: None, contact: None });
        };
        let asked = (inquiry.environment.clone(), reference.clone());
        let mut tx = self.database().read().await?;
        let customer = if self.customers().is_empty() {
            None
        } else {
            let stored = tx.inquiry(&inquiry.environment, &inquiry.id).await?;
            let lineage = stored.map_or_else(|| inquiry.id.clone(), |stored| stored.lineage);
            owner_of(&mut tx, self.customers(), inquiry, &lineage).await?
        };
        let name = tx.known_as(&[&asked]).await?.into_iter().next().map_or(reference.clone(), |(_, name)| name);
        let contacts: Vec<StoredContact> = tx.contacts_of(&[&asked]).await?.into_iter().map(|(_, one)| one).collect();
        let contact = fitting(contacts.iter(), customer.as_ref()).cloned();
        Ok(Person { name: Some(name), customer, contact })
    }

    /// Asks the application how a person is reached, where that is configured and nobody told us lately.
    async fn ask_for_contact(&self, environment: &Environment, inquiry: &Inquiry) -> Result<Lookup, StorageError> {
        let Some((lookup, keep)) = &self.shared.lookup else { return Ok(Lookup::NotNeeded) };
        let person = self.person_of(inquiry).await?;
        let Some(name) = person.name else { return Ok(Lookup::NotNeeded) };
        let now = self.clock().now();
        let holds = |stored: &StoredContact| stored.source == Source::Given || stored.told_at.plus(*keep) > now;
        if person.contact.as_ref().is_some_and(holds) {
            return Ok(Lookup::NotNeeded);
        }
        let question = Question {
            environment: environment.settings.name.clone(),
            reference_id: name.clone(),
            customer: person.customer.clone(),
            inquiry_id: inquiry.id.clone(),
            template_id: inquiry.known.template_id().cloned(),
        };
        let answer = match lookup.ask(&question).await {
            Ok(answer) => answer,
            Err(error) => {
                warn!(environment = %question.environment, %error, "nobody says how a person is reached");
                return Ok(Lookup::Failed(format!("the application does not say how the person is reached: {error}")));
            }
        };
        let key = ContactKey { environment: question.environment, customer: person.customer, reference_id: name };
        let contact = answer.map(Contact::check).transpose().unwrap_or_else(|why| {
            warn!(environment = %key.environment, %why, "the application answered a contact that is none");
            None
        });
        self.keep_contact(&key, Source::Answered, contact.as_ref()).await?;
        Ok(Lookup::Learnt)
    }

    /// An address from the fields that the latest events of an inquiry bring.
    async fn address_in_fields(&self, inquiry: &Inquiry, names: &[String]) -> Result<Option<Contact>, StorageError> {
        if names.is_empty() || inquiry.known.redacted_at().is_some() {
            return Ok(None);
        }
        let filter = EventFilter {
            environment: Some(inquiry.environment.clone()),
            inquiry: Some(inquiry.id.clone()),
            ..EventFilter::default()
        };
        let mut tx = self.database().read().await?;
        for event in tx.list_events(&filter, None, EVENTS_READ).await?.items {
            let Some(body) = tx.event_body(&inquiry.environment, &event.id).await? else { continue };
            if let Some(address) = serde_json::from_slice(&body).ok().and_then(|body| field(&body, names)) {
                return Ok(Contact::check(Written { address, ..Written::default() }).ok());
            }
        }
        Ok(None)
    }

    /// Ends the attempt where an address that nobody gave us, but that was found now, is suppressed.
    async fn refuse_suppressed(
        &self,
        environment: &Environment,
        inquiry: &Inquiry,
        contact: &Contact,
        notifier: &NotifierName,
    ) -> Step<()> {
        let customer = self.person_of(inquiry).await.map_err(|error| database(&error))?.customer;
        let found = async {
            let mut tx = self.database().read().await?;
            let Some(key) = tx.link_key().await? else { return Ok(Vec::new()) };
            let hash = key.pseudonym("address", &comparable(contact.address.expose_secret()));
            tx.suppressions_of(&[&hash]).await
        };
        let found = found.await.map_err(|error| database(&error))?;
        let holds = found.iter().any(|one| {
            one.environment.as_ref().is_none_or(|of| *of == environment.settings.name)
                && one.customer.as_ref().is_none_or(|of| Some(of) == customer.as_ref())
                && one.notifier.as_ref().is_none_or(|of| of == notifier)
        });
        if holds { Err(cancel("the person does not want to be told")) } else { Ok(()) }
    }

    /// The link by which whoever gets an action's notice asks for no more.
    async fn way_to_unsubscribe(&self, action: &Action) -> Result<Option<SecretString>, StorageError> {
        if self.links().public_url.is_none() {
            return Ok(None);
        }
        let key = if let Some(key) = self.link_key().await? {
            key
        } else {
            let mut tx = self.database().begin().await?;
            let key = tx.link_key_or_new(self.clock().now()).await?;
            tx.commit().await?;
            key
        };
        let token = key.unsubscribe_token(action.planned.id.as_str());
        Ok(self.links().address(&format!("/unsubscribe/{token}")).map(SecretString::from))
    }
}

/// What came of asking the application.
enum Lookup {
    NotNeeded,
    Learnt,
    Failed(String),
}

/// The first of these fields that holds an address, in an event's payload. Persona writes a field as an object with its
/// type and value, and names in the casing of the webhook.
fn field(event: &Value, names: &[String]) -> Option<String> {
    let plain = |name: &str| name.chars().filter(|c| !matches!(c, '-' | '_')).collect::<String>().to_lowercase();
    let payload = &event["data"]["attributes"]["payload"];
    let included = payload["included"].as_array().into_iter().flatten();
    let resources: Vec<&Value> = std::iter::once(&payload["data"]).chain(included).collect();
    names.iter().find_map(|name| {
        resources.iter().find_map(|resource| {
            let fields = resource["attributes"]["fields"].as_object()?;
            let (_, field) = fields.iter().find(|(key, _)| plain(key) == plain(name))?;
            let text = field.as_str().or_else(|| field["value"].as_str())?;
            contact::address(text).map(str::to_owned)
        })
    })
}
