//! Accounts: what ties a person's inquiries together (<https://docs.withpersona.com/accounts>).

use super::events::Occurrence;
use super::refusal::Refusal;
use super::render;
use super::times::whole_second;
use super::world::{EnvironmentHandle, World};
use crate::domain::ids::AccountId;
use crate::domain::time::Timestamp;

pub(super) struct Account {
    pub(super) id: AccountId,
    pub(super) environment: EnvironmentHandle,
    pub(super) reference_id: Option<String>,
    pub(super) created_at: Timestamp,
}

impl World {
    pub(super) fn account(&self, environment: EnvironmentHandle, id: &str) -> Result<&Account, Refusal> {
        let id = AccountId::parse(id).map_err(|_| Refusal::not_found())?;
        let account = self.accounts.get(&id).filter(|account| account.environment == environment);
        account.ok_or_else(Refusal::not_found)
    }

    /// The account with this reference id; a new one when there is none, or when there is no reference id.
    pub(super) fn account_for(
        &mut self,
        environment: EnvironmentHandle,
        reference_id: Option<&str>,
        now: Timestamp,
    ) -> AccountId {
        let name = reference_id.map(|reference_id| (environment, reference_id.to_owned()));
        if let Some(known) = name.as_ref().and_then(|name| self.account_names.get(name)) {
            return known.clone();
        }
        let id = self.random.mint("act", AccountId::parse);
        let account = Account {
            id: id.clone(),
            environment,
            reference_id: reference_id.map(str::to_owned),
            created_at: whole_second(now),
        };
        if self.settings.account_events {
            let payload = (render::account(&account), Vec::new());
            self.record(Occurrence { environment, name: "account.created", object: id.as_str(), payload, at: now });
        }
        self.accounts.insert(id.clone(), account);
        self.account_names.extend(name.map(|name| (name, id.clone())));
        id
    }
}
