//! A person's inquiries of one template, with all that a plan or a decision about them is made from.

use crate::domain::action::Action;
use crate::domain::addressee::Addressee;
use crate::domain::inquiry::Inquiry;
use crate::domain::lineage::Lineages;
use crate::domain::plan::Situation;
use crate::domain::rules::Rules;
use crate::domain::template::Template;
use crate::domain::time::Timestamp;
use crate::storage::inquiries::InquiryKey;
use crate::storage::{StorageError, Tx};

/// A person's inquiries of one template; a single one where the person is not known.
#[derive(Debug, Clone)]
pub struct Party {
    /// The inquiries.
    pub group: Vec<Inquiry>,
    /// Every action there is for them.
    pub actions: Vec<Action>,
    /// Which of them took the place of which.
    pub lineages: Lineages,
    /// What is known of their template.
    pub template: Option<Template>,
    /// What is known of the person beyond that; nothing unless it was asked for.
    pub addressee: Addressee,
}

impl Party {
    /// The party of an inquiry, as it is, without a lock.
    ///
    /// # Errors
    /// [`StorageError`] when the database can't be asked.
    pub async fn of(tx: &mut Tx, inquiry: &Inquiry) -> Result<Self, StorageError> {
        let (name, template) = (&inquiry.environment, inquiry.known.template_id());
        let group = match inquiry.person() {
            Some(person) => tx.group(name, &person, template).await?,
            None => vec![inquiry.clone()],
        };
        let keys: Vec<InquiryKey> = group.iter().map(|member| (name.clone(), member.id.clone())).collect();
        let ids: Vec<_> = group.iter().map(|member| member.id.clone()).collect();
        let actions = tx.actions_for(name, &ids).await?;
        let lineages = tx.lineages_of(&keys.iter().collect::<Vec<_>>()).await?.remove(name).unwrap_or_default();
        let template = match template {
            Some(id) => tx.template(name, id).await?.map(|known| known.template),
            None => None,
        };
        Ok(Self { group, actions, lineages, template, addressee: Addressee::default() })
    }

    /// What a plan or a decision is made from.
    #[must_use]
    pub fn situation<'a>(&'a self, rules: &'a Rules, now: Timestamp) -> Situation<'a> {
        Situation {
            group: &self.group,
            actions: &self.actions,
            lineages: &self.lineages,
            template: self.template.as_ref(),
            rules,
            addressee: &self.addressee,
            now,
        }
    }
}
