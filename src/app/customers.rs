//! What whoever shows a token sees, and how they get people in: a customer's own inquiries and no others.
//!
//! What somebody may not see does not exist for them: it is answered as if it had never been made.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use crate::app::App;
use crate::app::access::{Admission, Urgency, Whom};
use crate::app::party::Party;
use crate::domain::access::Form;
use crate::domain::customer::{self, Customers};
use crate::domain::ids::{CustomerName, EnvironmentName, InquiryId, ReferenceId, TemplateId};
use crate::domain::inquiry::Inquiry;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::domain::token::Grant;
use crate::storage::inquiries::StoredInquiry;
use crate::storage::{StorageError, Tx};

/// The most inquiries of one person that are shown.
const MOST_SHOWN: usize = 100;

/// An inquiry as an application may see it: nothing of the person but the application's own name for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// Where it lives.
    pub environment: EnvironmentName,
    /// Persona's id.
    pub id: InquiryId,
    /// The id that was asked for, where this one took its place.
    pub instead_of: Option<InquiryId>,
    /// The status.
    pub status: Option<Status>,
    /// The name Persona knows the person by.
    pub reference_id: Option<ReferenceId>,
    /// The application's own name, where Persona was given an opaque one.
    pub known_as: Option<ReferenceId>,
    /// The template.
    pub template: Option<TemplateId>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// The deadline.
    pub expires_at: Option<Timestamp>,
    /// Whether the person's data was erased.
    pub redacted: bool,
    /// Whose it is.
    pub customer: Option<CustomerName>,
}

/// Which of a person's inquiries are meant.
#[derive(Debug, Clone)]
pub struct Named {
    /// By Persona's id, or by the application's name for the person.
    pub whom: Whom,
    /// In this environment; in any the token is good for without.
    pub environment: Option<EnvironmentName>,
}

impl App {
    /// The inquiry of an id, or the one that took its place.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn sight(
        &self,
        grant: &Grant,
        id: &InquiryId,
        environment: Option<&EnvironmentName>,
    ) -> Result<Option<Sight>, StorageError> {
        let mut tx = self.database().read().await?;
        let Some(asked) = self.find(&mut tx, grant, id, environment).await? else { return Ok(None) };
        let party = Party::of(&mut tx, &asked.inquiry).await?;
        let latest = party.lineages.latest(id).clone();
        if latest == *id {
            return self.seen(&mut tx, grant, &asked, None).await;
        }
        let Some(live) = tx.inquiry(&asked.inquiry.environment, &latest).await? else {
            return self.seen(&mut tx, grant, &asked, None).await;
        };
        self.seen(&mut tx, grant, &live, Some(id)).await
    }

    /// A person's inquiries by the application's name for them, also those made by a static link; newest first.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn sights(
        &self,
        grant: &Grant,
        reference_id: &ReferenceId,
        template: Option<&TemplateId>,
        environment: Option<&EnvironmentName>,
    ) -> Result<Vec<Sight>, StorageError> {
        let mut tx = self.database().read().await?;
        let mut names = vec![(None, reference_id.clone())];
        for link in tx.static_links_of(reference_id).await? {
            names.push((Some(link.environment), link.reference_id));
        }
        let mut sights: Vec<Sight> = Vec::new();
        for (within, name) in names {
            for stored in tx.find_inquiries(name.as_str()).await? {
                let known = &stored.inquiry.known;
                let fits = known.reference_id() == Some(&name)
                    && within.as_ref().is_none_or(|within| *within == stored.inquiry.environment)
                    && environment.is_none_or(|environment| *environment == stored.inquiry.environment)
                    && template.is_none_or(|template| known.template_id() == Some(template));
                if fits && let Some(sight) = self.seen(&mut tx, grant, &stored, None).await? {
                    sights.push(sight);
                }
            }
        }
        sights.sort_by(|one, other| (other.created_at, &other.id).cmp(&(one.created_at, &one.id)));
        sights.dedup_by(|one, other| one.environment == other.environment && one.id == other.id);
        sights.truncate(MOST_SHOWN);
        Ok(sights)
    }

    /// Lets the person of an inquiry in, if the inquiry is the grant's to see; and into none that is not.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn admit_for(&self, grant: &Grant, named: &Named, form: Form) -> Result<Admission, StorageError> {
        let Some((environment, id)) = self.meant(grant, named).await? else { return Ok(Admission::Unknown) };
        // Everyone the decision could lead to is of this person and template.
        if !self.all_are_seen(grant, &environment, &id).await? {
            return Ok(Admission::Unknown);
        }
        let admission = self.admit(&environment, &Whom::Inquiry(id), form, Urgency::Waiting).await?;
        let led_to = match &admission {
            Admission::Link { inquiry, .. }
            | Admission::Session { inquiry, .. }
            | Admission::Done { inquiry, .. }
            | Admission::Failed { inquiry }
            | Admission::Closed { inquiry, .. } => inquiry,
            Admission::NotActing | Admission::Unknown | Admission::Busy { .. } => return Ok(admission),
        };
        let seen = self.find_seen(grant, led_to, &environment).await?.is_some();
        Ok(if seen { admission } else { Admission::Unknown })
    }

    /// Where the inquiry that is meant lives, and its id; of a person's, the newest that is not over.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn meant(
        &self,
        grant: &Grant,
        named: &Named,
    ) -> Result<Option<(EnvironmentName, InquiryId)>, StorageError> {
        let environment = named.environment.as_ref();
        let (reference_id, template) = match &named.whom {
            Whom::Inquiry(id) => {
                let mut tx = self.database().read().await?;
                let found = self.find(&mut tx, grant, id, environment).await?;
                return Ok(found.map(|stored| (stored.inquiry.environment, stored.inquiry.id)));
            }
            Whom::Person { reference_id, template } => (reference_id, template.as_ref()),
        };
        let sights = self.sights(grant, reference_id, template, environment).await?;
        let rank = |sight: &&Sight| (!sight.status.as_ref().is_some_and(Status::is_over), sight.created_at);
        Ok(sights.iter().max_by_key(rank).map(|sight| (sight.environment.clone(), sight.id.clone())))
    }

    /// Whether a customer may make inquiries for somebody of this name: with a prefix of its own, where it has some, and
    /// never with a name or template that is another's by rule.
    pub fn may_name(&self, customer: Option<&CustomerName>, name: &ReferenceId, template: &TemplateId) -> bool {
        let Some(customer) = customer else { return true };
        let by_rule = customer::by_rule(self.customers(), Some(name), Some(template), None);
        let prefixes = self.customers().get(customer).map_or(&[][..], |rules| rules.reference_prefixes.as_slice());
        let own = prefixes.is_empty() || prefixes.iter().any(|prefix| name.as_str().starts_with(prefix.as_str()));
        own && by_rule.is_none_or(|owner| owner == customer)
    }

    /// Whether a plain link with a session token may be given for an inquiry; `None` when there is none to be seen.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn allows_token_links(&self, grant: &Grant, named: &Named) -> Result<Option<bool>, StorageError> {
        let Some((name, id)) = self.meant(grant, named).await? else { return Ok(None) };
        let stored = self.database().read().await?.inquiry(&name, &id).await?;
        let template = stored.as_ref().and_then(|stored| stored.inquiry.known.template_id());
        let rules = self.environments().get(&name).map(|known| known.settings.rules.for_template(template));
        Ok(rules.map(|rules| rules.access.allow_session_token_links))
    }

    /// How long an inquiry that takes the place of this one lives, by its customer's rule.
    pub(super) async fn lifetime_by_customer(
        &self,
        environment: &EnvironmentName,
        id: &InquiryId,
    ) -> Result<Option<SignedDuration>, StorageError> {
        let mut tx = self.database().read().await?;
        let Some(stored) = tx.inquiry(environment, id).await? else { return Ok(None) };
        let owner = self.owner(&mut tx, &stored.inquiry, &stored.lineage).await?;
        Ok(owner.and_then(|owner| self.customers().get(&owner)?.expires_after))
    }

    /// Whose an inquiry is: by what is written down, else by rule.
    pub(super) async fn owner(
        &self,
        tx: &mut Tx,
        inquiry: &Inquiry,
        lineage: &InquiryId,
    ) -> Result<Option<CustomerName>, StorageError> {
        owner(tx, self.customers(), inquiry, lineage).await
    }

    /// Whether every inquiry of the person and template is the grant's to see.
    pub(super) async fn all_are_seen(
        &self,
        grant: &Grant,
        environment: &EnvironmentName,
        id: &InquiryId,
    ) -> Result<bool, StorageError> {
        if grant.customer.is_none() {
            return Ok(true);
        }
        let mut tx = self.database().read().await?;
        let Some(stored) = tx.inquiry(environment, id).await? else { return Ok(false) };
        let members: BTreeSet<InquiryId> =
            Party::of(&mut tx, &stored.inquiry).await?.group.into_iter().map(|member| member.id).collect();
        for member in members {
            if self.find(&mut tx, grant, &member, Some(environment)).await?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// An inquiry of an environment that the grant may see.
    pub(super) async fn find_seen(
        &self,
        grant: &Grant,
        id: &InquiryId,
        environment: &EnvironmentName,
    ) -> Result<Option<StoredInquiry>, StorageError> {
        let mut tx = self.database().read().await?;
        self.find(&mut tx, grant, id, Some(environment)).await
    }

    /// An inquiry that the grant may see.
    async fn find(
        &self,
        tx: &mut Tx,
        grant: &Grant,
        id: &InquiryId,
        environment: Option<&EnvironmentName>,
    ) -> Result<Option<StoredInquiry>, StorageError> {
        for stored in tx.find_inquiries(id.as_str()).await? {
            let place = &stored.inquiry.environment;
            let within = stored.inquiry.id == *id
                && environment.is_none_or(|environment| environment == place)
                && grant.environment.as_ref().is_none_or(|environment| environment == place)
                && self.environments().contains_key(place);
            if within && self.is_theirs(tx, grant, &stored).await? {
                return Ok(Some(stored));
            }
        }
        Ok(None)
    }

    async fn is_theirs(&self, tx: &mut Tx, grant: &Grant, stored: &StoredInquiry) -> Result<bool, StorageError> {
        let Some(customer) = &grant.customer else { return Ok(true) };
        Ok(self.owner(tx, &stored.inquiry, &stored.lineage).await?.as_ref() == Some(customer))
    }

    async fn seen(
        &self,
        tx: &mut Tx,
        grant: &Grant,
        stored: &StoredInquiry,
        instead_of: Option<&InquiryId>,
    ) -> Result<Option<Sight>, StorageError> {
        let inquiry = &stored.inquiry;
        let place = &inquiry.environment;
        let within = grant.environment.as_ref().is_none_or(|environment| environment == place);
        if !within || !self.environments().contains_key(place) || !self.is_theirs(tx, grant, stored).await? {
            return Ok(None);
        }
        let known = &inquiry.known;
        let known_as = match known.reference_id() {
            Some(reference) => tx.static_link(place, reference).await?.map(|link| link.known_as),
            None => None,
        };
        Ok(Some(Sight {
            environment: place.clone(),
            id: inquiry.id.clone(),
            instead_of: instead_of.cloned(),
            status: inquiry.status().cloned(),
            reference_id: known.reference_id().cloned(),
            known_as,
            template: known.template_id().cloned(),
            created_at: inquiry.began(),
            expires_at: known.expires_at().copied(),
            redacted: known.redacted_at().is_some(),
            customer: self.owner(tx, inquiry, &stored.lineage).await?,
        }))
    }
}

/// Whose an inquiry is: by what is written down, else by rule.
pub(super) async fn owner(
    tx: &mut Tx,
    customers: &Customers,
    inquiry: &Inquiry,
    lineage: &InquiryId,
) -> Result<Option<CustomerName>, StorageError> {
    let written = tx.written_customer(inquiry, lineage).await?;
    if written.is_some() {
        return Ok(written);
    }
    let mut tags = inquiry.known.tags().cloned().unwrap_or_default();
    // What took the place of a tagged one belongs to the same customer.
    if *lineage != inquiry.id && customers.values().any(|rules| !rules.tags.is_empty()) {
        let first = tx.inquiry(&inquiry.environment, lineage).await?;
        tags.extend(first.as_ref().and_then(|stored| stored.inquiry.known.tags()));
    }
    let known = &inquiry.known;
    Ok(customer::by_rule(customers, known.reference_id(), known.template_id(), Some(&tags)).cloned())
}
