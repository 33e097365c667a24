//! Persona set up for us: a webhook that sends what we live on, and its secret kept here.

use jiff::SignedDuration;
use secrecy::SecretString;
use ulid::Ulid;

use crate::app::{App, Environment};
use crate::domain::budget::Urgency;
use crate::domain::event::FOLLOWED_NAMES;
use crate::domain::ids::{EnvironmentName, WebhookId};
use crate::domain::time::Timestamp;
use crate::domain::webhook::{Shortcoming, Webhook};
use crate::persona::client::PersonaClient;
use crate::persona::error::PersonaError;
use crate::persona::request::IdempotencyKey;
use crate::persona::webhooks::{WebhookSecret, WebhookWish};
use crate::storage::StorageError;

/// How long an old secret verifies beside a new one, at the least: Persona's last retry comes after about 51 hours
/// (<https://docs.withpersona.com/webhooks>), and whether it is signed anew isn't documented.
pub const OVERLAP: SignedDuration = SignedDuration::from_hours(72);

/// More webhooks than this nobody has in one environment.
const MOST_PAGES: usize = 10;

/// What is to be done so that an environment's webhook is as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetUp {
    /// The webhook there is; `None` where one has to be made.
    pub webhook: Option<Webhook>,
    /// Where it posts to.
    pub url: String,
    /// What is to be done, in this order.
    pub steps: Vec<Step>,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Make a webhook, and keep its secret.
    Make,
    /// Change it.
    Change(Vec<Shortcoming>),
    /// Give it a new secret, because nobody knows the one it has.
    NewSecret,
    /// Enable it.
    Enable,
}

/// Why a webhook could not be set up; worded for operators.
#[derive(Debug, thiserror::Error)]
pub enum SetUpFailure {
    /// No such environment.
    #[error("no environment {0} is configured")]
    UnknownEnvironment(EnvironmentName),
    /// It can't be asked.
    #[error("environment {0} has no api_key; give it one with the permissions webhook.read and webhook.write")]
    NoKey(EnvironmentName),
    /// Nobody says where it posts to.
    #[error("no webhook at Persona posts to …{}; say with --url where Persona reaches us, such as https://rekindle.example.com, or set public_url", route(.0))]
    NoAddress(EnvironmentName),
    /// Several do.
    #[error("several webhooks at Persona post to …{}; say with --url which is meant: {}", route(.environment), .urls.join(", "))]
    Several {
        /// The environment.
        environment: EnvironmentName,
        /// Where they post to.
        urls: Vec<String>,
    },
    /// Persona did not do it.
    #[error("{source}{}", permission(.source))]
    Persona {
        /// What it said.
        #[from]
        source: PersonaError,
    },
    /// It could not be kept.
    #[error("what Persona answered can't be kept: {0}")]
    Storage(#[from] StorageError),
}

fn permission(error: &PersonaError) -> &'static str {
    match error.status() {
        Some(403) => "; the API key needs the permissions webhook.read and webhook.write",
        _ => "",
    }
}

/// The path at which deliveries of an environment are taken.
#[must_use]
pub fn route(environment: &EnvironmentName) -> String {
    format!("/webhooks/persona/{environment}")
}

/// Whether a webhook posts to an environment of ours, wherever that is.
#[must_use]
pub fn posts_to(webhook: &Webhook, environment: &EnvironmentName) -> bool {
    webhook.url.trim_end_matches('/').ends_with(&route(environment))
}

impl App {
    /// All webhooks of an environment at Persona.
    ///
    /// # Errors
    /// [`SetUpFailure`].
    pub async fn webhooks(&self, name: &EnvironmentName) -> Result<Vec<Webhook>, SetUpFailure> {
        let (_, persona) = self.set_up_at(name)?;
        let (mut all, mut after) = (Vec::new(), None);
        for _ in 0..MOST_PAGES {
            let (page, _) = self.ask(|| persona.list_webhooks(after.as_ref(), 100)).await?;
            all.extend(page.items);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        Ok(all)
    }

    /// What setting up would do. `base` is where Persona reaches us; without it, the webhook there is, else one that posts
    /// to `public_url`.
    ///
    /// # Errors
    /// [`SetUpFailure`].
    pub async fn plan_set_up(&self, name: &EnvironmentName, base: Option<&str>) -> Result<SetUp, SetUpFailure> {
        let (environment, _) = self.set_up_at(name)?;
        let all = self.webhooks(name).await?;
        let wanted = base.map(|base| format!("{}{}", base.trim_end_matches('/'), route(name)));
        let fits = |webhook: &&Webhook| match &wanted {
            Some(url) => webhook.url.trim_end_matches('/') == url,
            None => posts_to(webhook, name),
        };
        let mut found: Vec<Webhook> = all.iter().filter(fits).cloned().collect();
        if found.len() > 1 && wanted.is_none() {
            let urls = found.into_iter().map(|webhook| webhook.url).collect();
            return Err(SetUpFailure::Several { environment: name.clone(), urls });
        }
        if found.is_empty() {
            let public = || self.links().address(&route(name));
            let url = wanted.or_else(public).ok_or_else(|| SetUpFailure::NoAddress(name.clone()))?;
            return Ok(SetUp { webhook: None, url, steps: vec![Step::Make, Step::Enable] });
        }
        let webhook = found.remove(0);
        let mut steps = Vec::new();
        let changes = |one: &Shortcoming| one.is_mended_by_set_up() && *one != Shortcoming::Disabled;
        let wrong: Vec<Shortcoming> = webhook.shortcomings().into_iter().filter(changes).collect();
        if !wrong.is_empty() {
            steps.push(Step::Change(wrong));
        }
        if !self.knows_secret_of(environment, &webhook.id).await? {
            steps.push(Step::NewSecret);
        }
        if !webhook.enabled {
            steps.push(Step::Enable);
        }
        Ok(SetUp { url: webhook.url.clone(), webhook: Some(webhook), steps })
    }

    /// Does what was planned. A secret is kept before anything is signed with it, and what was done stands if a later
    /// step fails: the next set-up goes on from there.
    ///
    /// # Errors
    /// [`SetUpFailure`].
    pub async fn set_up(&self, name: &EnvironmentName, set_up: &SetUp) -> Result<WebhookId, SetUpFailure> {
        let (_, persona) = self.set_up_at(name)?;
        let mut id = set_up.webhook.as_ref().map(|webhook| webhook.id.clone());
        for step in &set_up.steps {
            match (step, &id, &set_up.webhook) {
                (Step::Make, _, _) => {
                    let (wish, key) = (new_wish(&set_up.url), fresh_key()?);
                    let ((made, secrets), _) = self.ask(|| persona.create_webhook(&wish, &key)).await?;
                    self.keep_secrets(name, &made.id, secrets).await?;
                    id = Some(made.id);
                }
                (Step::Change(_), Some(id), Some(webhook)) => {
                    let wish = changed_wish(webhook);
                    self.ask(|| persona.update_webhook(id, &wish)).await?;
                }
                (Step::NewSecret, Some(id), _) => {
                    let key = fresh_key()?;
                    let (secrets, _) = self.ask(|| persona.rotate_webhook_secret(id, OVERLAP, &key)).await?;
                    self.keep_secrets(name, id, secrets).await?;
                }
                (Step::Enable, Some(id), _) => {
                    let key = fresh_key()?;
                    self.ask(|| persona.enable_webhook(id, &key)).await?;
                }
                (Step::Change(_) | Step::NewSecret | Step::Enable, _, _) => {}
            }
        }
        id.ok_or_else(|| SetUpFailure::NoAddress(name.clone()))
    }

    /// Gives the webhook a new secret; the old ones verify for so long beside it. Which webhook, and when the last of
    /// the old ones ends.
    ///
    /// # Errors
    /// [`SetUpFailure`].
    pub async fn rotate_secret(
        &self,
        name: &EnvironmentName,
        base: Option<&str>,
        overlap: SignedDuration,
    ) -> Result<(WebhookId, Option<Timestamp>), SetUpFailure> {
        let (_, persona) = self.set_up_at(name)?;
        let SetUp { webhook: Some(webhook), .. } = self.plan_set_up(name, base).await? else {
            return Err(SetUpFailure::NoAddress(name.clone()));
        };
        let key = fresh_key()?;
        let (secrets, _) = self.ask(|| persona.rotate_webhook_secret(&webhook.id, overlap, &key)).await?;
        let ends = secrets.iter().filter_map(|secret| secret.ends_at).max();
        self.keep_secrets(name, &webhook.id, secrets).await?;
        Ok((webhook.id, ends))
    }

    fn set_up_at(&self, name: &EnvironmentName) -> Result<(&Environment, PersonaClient), SetUpFailure> {
        let environment =
            self.environments().get(name).ok_or_else(|| SetUpFailure::UnknownEnvironment(name.clone()))?;
        let persona = environment.persona.as_ref().ok_or_else(|| SetUpFailure::NoKey(name.clone()))?;
        // An operator waits.
        Ok((environment, persona.at(Urgency::Waiting)))
    }

    /// Whether deliveries of a webhook can be verified: by a secret of its own, or by one that was configured, which
    /// Persona does not tell whose it is.
    async fn knows_secret_of(&self, environment: &Environment, webhook: &WebhookId) -> Result<bool, StorageError> {
        let now = self.clock().now();
        let stored = self.database().read().await?.webhook_secrets(&environment.settings.name).await?;
        let own = stored.iter().filter(|secret| secret.webhook == *webhook);
        let live = |ends_at: Option<Timestamp>| ends_at.is_none_or(|ends_at| now < ends_at);
        Ok(!environment.settings.webhook_secrets.is_empty() || own.into_iter().any(|secret| live(secret.ends_at)))
    }

    async fn keep_secrets(
        &self,
        name: &EnvironmentName,
        webhook: &WebhookId,
        secrets: Vec<WebhookSecret>,
    ) -> Result<(), StorageError> {
        let secrets: Vec<(SecretString, Option<Timestamp>)> =
            secrets.into_iter().map(|secret| (secret.value, secret.ends_at)).collect();
        let mut tx = self.database().begin().await?;
        tx.keep_webhook_secrets(name, webhook, &secrets, self.clock().now()).await?;
        tx.commit().await
    }
}

fn new_wish(url: &str) -> WebhookWish {
    let events = FOLLOWED_NAMES.iter().map(|name| (*name).to_owned()).collect();
    WebhookWish { name: Some("Rekindle".to_owned()), url: url.to_owned(), events, blocklist: Vec::new() }
}

fn changed_wish(webhook: &Webhook) -> WebhookWish {
    let (url, events, blocklist) = (webhook.url.clone(), webhook.wanted_events(), webhook.wanted_blocklist());
    WebhookWish { name: None, url, events, blocklist }
}

/// Each command is a wish of its own: what an answer that was lost has made is found by its address the next time.
fn fresh_key() -> Result<IdempotencyKey, PersonaError> {
    IdempotencyKey::parse(&format!("setup/{}", Ulid::new()))
        .map_err(|_| PersonaError::Unaskable("there is no idempotency key"))
}
