//! The simulated Persona's state. Pure: every change takes the time it happens at, and nothing here waits.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use secrecy::ExposeSecret;

use super::accounts::Account;
use super::deliveries::Deliveries;
use super::events::Events;
use super::expiry::Deadline;
use super::faults::Faults;
use super::idempotency::Remembered;
use super::inquiries::Inquiry;
use super::limits::Window;
use super::links::OneTimeLink;
use super::random::Random;
use super::refusal::Refusal;
use super::requests::RequestRecord;
use super::sessions::Session;
use super::settings::{EnvironmentKind, EnvironmentSettings, Settings};
use super::templates::Template;
use super::unknowns::Unknowns;
use super::webhook::Webhook;
use crate::domain::ids::{AccountId, InquiryId, InvalidId, SessionId, TemplateVersionId};
use crate::domain::time::Timestamp;

/// Which environment something belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct EnvironmentHandle(usize);

pub(super) struct Environment {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) kind: EnvironmentKind,
    pub(super) api_keys: Vec<secrecy::SecretString>,
    /// In the order in which they were made.
    pub(super) webhooks: Vec<Webhook>,
    pub(super) requests: Window,
    pub(super) creations: Window,
    pub(super) remembered: HashMap<String, Remembered>,
}

pub(super) struct World {
    pub(super) random: Random,
    pub(super) unknowns: Unknowns,
    pub(super) faults: Faults,
    pub(super) settings: Settings,
    /// What links start with; no slash at the end.
    pub(super) base_url: String,
    pub(super) organization_id: String,
    environments: Vec<Environment>,
    pub(super) templates: Vec<Template>,
    pub(super) accounts: BTreeMap<AccountId, Account>,
    pub(super) account_names: HashMap<(EnvironmentHandle, String), AccountId>,
    pub(super) inquiries: BTreeMap<InquiryId, Inquiry>,
    pub(super) sessions: BTreeMap<SessionId, Session>,
    pub(super) tokens: HashMap<String, SessionId>,
    /// By their code and by their short code.
    pub(super) links: HashMap<String, OneTimeLink>,
    pub(super) short_codes: HashMap<String, String>,
    pub(super) deadlines: BTreeSet<(Timestamp, Deadline)>,
    pub(super) events: Events,
    pub(super) deliveries: Deliveries,
    pub(super) requests: VecDeque<RequestRecord>,
    sequence: u64,
}

impl World {
    pub(super) fn new(settings: Settings, now: Timestamp) -> Result<Self, InvalidId> {
        let mut random = Random::seeded(settings.seed);
        let environments =
            settings.environments.iter().map(|environment| Environment::new(environment, &mut random, now)).collect();
        let templates = settings.templates.iter().cloned().map(|template| {
            let first = random.mint("itmplv", TemplateVersionId::parse);
            Template::new(template, first, now)
        });
        let templates = templates.collect::<Result<_, _>>()?;
        Ok(Self {
            organization_id: random.id("org"),
            random,
            unknowns: settings.unknowns.clone(),
            faults: settings.faults.clone(),
            base_url: base_url(settings.public_base_url.as_deref().unwrap_or("http://127.0.0.1")),
            settings,
            environments,
            templates,
            accounts: BTreeMap::new(),
            account_names: HashMap::new(),
            inquiries: BTreeMap::new(),
            sessions: BTreeMap::new(),
            tokens: HashMap::new(),
            links: HashMap::new(),
            short_codes: HashMap::new(),
            deadlines: BTreeSet::new(),
            events: Events::default(),
            deliveries: Deliveries::default(),
            requests: VecDeque::new(),
            sequence: 0,
        })
    }

    /// A number that rises with everything made: what came later is higher, even within one instant.
    pub(super) fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    pub(super) fn environment(&self, handle: EnvironmentHandle) -> &Environment {
        &self.environments[handle.0]
    }

    pub(super) fn environment_mut(&mut self, handle: EnvironmentHandle) -> &mut Environment {
        &mut self.environments[handle.0]
    }

    pub(super) fn environment_handles(&self) -> impl Iterator<Item = EnvironmentHandle> + use<> {
        (0..self.environments.len()).map(EnvironmentHandle)
    }

    fn find_environment(&self, wanted: impl Fn(&Environment) -> bool) -> Option<EnvironmentHandle> {
        self.environments.iter().position(wanted).map(EnvironmentHandle)
    }

    /// The environment of this name.
    pub(super) fn environment_named(&self, name: &str) -> Result<EnvironmentHandle, Refusal> {
        self.find_environment(|environment| environment.name == name).ok_or_else(Refusal::not_found)
    }

    /// The environment with this id; the first when none is named.
    pub(super) fn environment_by_id(&self, id: Option<&str>) -> Option<EnvironmentHandle> {
        self.find_environment(|environment| id.is_none_or(|id| environment.id == id))
    }

    /// The environment this API key opens.
    pub(super) fn environment_of_key(&self, key: &str) -> Option<EnvironmentHandle> {
        self.find_environment(|environment| environment.api_keys.iter().any(|known| known.expose_secret() == key))
    }
}

impl Environment {
    fn new(settings: &EnvironmentSettings, random: &mut Random, now: Timestamp) -> Self {
        Self {
            id: random.id("env"),
            name: settings.name.clone(),
            kind: settings.kind,
            api_keys: settings.api_keys.clone(),
            webhooks: settings.webhook.iter().cloned().map(|webhook| Webhook::by_hand(webhook, now)).collect(),
            requests: Window::default(),
            creations: Window::default(),
            remembered: HashMap::new(),
        }
    }
}

/// Without the slash at its end.
pub(super) fn base_url(text: &str) -> String {
    text.trim_end_matches('/').to_owned()
}
