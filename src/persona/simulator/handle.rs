//! The handle by which tests, the demo and the control routes hold the simulated Persona.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use secrecy::SecretString;

use super::deliveries::DeliveryState;
use super::dispatch::{install_crypto_provider, receiver_client};
use super::door::{Door, Opened, RefusedReason, Visit, Visited};
use super::faults::Faults;
use super::inquiries::NewInquiry;
use super::lifecycle::Move;
use super::refusal::Refusal;
use super::requests::RequestRecord;
use super::settings::{Life, Settings};
use super::unknowns::Unknowns;
use super::views::{DeliveryView, EventView, InquiryView};
use super::webhook::{Webhook, WebhookSettings};
use super::world::World;
use crate::clock::Clock;
use crate::domain::ids::{EventId, InquiryId, SessionId, TemplateId, TemplateVersionId};
use crate::domain::time::Timestamp;

/// A simulated Persona. Clones hold the same one.
#[derive(Clone)]
pub struct Simulator(Arc<Shared>);

struct Shared {
    clock: Clock,
    world: Mutex<World>,
    /// Made when the first delivery is due: it reads the machine's certificates, and many a story has no deliveries.
    receivers: OnceLock<reqwest::Client>,
    delivery_timeout: Duration,
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator").finish_non_exhaustive()
    }
}

impl Simulator {
    /// A Persona in which nothing has happened yet.
    ///
    /// # Panics
    /// When a template's id in the settings is no id.
    #[must_use]
    pub fn new(clock: Clock, settings: Settings) -> Self {
        install_crypto_provider();
        let delivery_timeout = settings.delivery_timeout;
        let world = World::new(settings, clock.now()).expect("a template's id is a short printable word");
        Self(Arc::new(Shared { clock, world: Mutex::new(world), receivers: OnceLock::new(), delivery_timeout }))
    }

    /// Makes an inquiry in the environment of this name, as the Dashboard would.
    ///
    /// # Errors
    /// When there is no such environment, template or account.
    pub fn create_inquiry(&self, environment: &str, new: NewInquiry) -> Result<InquiryId, Refusal> {
        self.change(|world, now| {
            let environment = world.environment_named(environment)?;
            world.create_inquiry(environment, new, now)
        })
    }

    /// Opens a link, or the bare code of one, as a person would who also clicks on where the page asks for it.
    pub fn open_link(&self, link: &str) -> Opened {
        self.change(|world, now| match world.visit(Door::at(link), Visit::Continuing, now) {
            Visited::Opened(opened) => opened,
            Visited::AtTheDoor(_) => Opened::Refused(RefusedReason::Unknown),
        })
    }

    /// Lets something happen to an inquiry; false when there was nothing to do and Persona does not mind.
    ///
    /// # Errors
    /// When there is no such inquiry, or its status does not allow it.
    pub fn make(&self, id: &InquiryId, step: &Move) -> Result<bool, Refusal> {
        self.change(|world, now| world.make(id, step, now))
    }

    /// Resumes an inquiry, as the Dashboard's button does.
    ///
    /// # Errors
    /// When there is no such inquiry, or its status does not allow it.
    pub fn resume(&self, id: &InquiryId) -> Result<SessionId, Refusal> {
        self.change(|world, now| world.resume(id, now))
    }

    /// Makes a one-time link, without an API request.
    ///
    /// # Errors
    /// When there is no such inquiry, it is not open, or has had all its sessions.
    pub fn generate_link(&self, id: &InquiryId) -> Result<SecretString, Refusal> {
        self.change(|world, now| world.generate_link(id, None, now)).map(|links| links.long)
    }

    /// Publishes a new version of a template; other life times apply to inquiries created from it.
    ///
    /// # Errors
    /// When there is no such template.
    pub fn publish_version(&self, template: &TemplateId, life: Option<Life>) -> Result<TemplateVersionId, Refusal> {
        self.change(|world, now| world.publish(template, life, now))
    }

    /// Lets deadlines that have passed take effect; every call and request does so first.
    pub fn tick(&self) {
        self.change(|_, _| ());
    }

    /// An inquiry as it is now.
    #[must_use]
    pub fn inquiry(&self, id: &InquiryId) -> Option<InquiryView> {
        self.change(|world, _| world.view(id))
    }

    /// All inquiries, the oldest first.
    #[must_use]
    pub fn inquiries(&self) -> Vec<InquiryView> {
        self.change(|world, _| {
            let mut all: Vec<_> = world.inquiries.values().collect();
            all.sort_by_key(|inquiry| inquiry.sequence);
            all.into_iter().filter_map(|inquiry| world.view(&inquiry.id)).collect()
        })
    }

    /// The templates' ids; the first is where [`NewInquiry::default`] leads.
    #[must_use]
    pub fn templates(&self) -> Vec<TemplateId> {
        self.world().templates.iter().map(|template| template.id.clone()).collect()
    }

    /// The latest published version of a template.
    #[must_use]
    pub fn latest_version(&self, template: &TemplateId) -> Option<TemplateVersionId> {
        self.world().template(template).ok().map(|template| template.latest().id.clone())
    }

    /// All events, in the order in which they were recorded.
    #[must_use]
    pub fn events(&self) -> Vec<EventView> {
        self.change(|world, _| world.event_views())
    }

    /// All API requests, in the order in which they were answered.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.world().requests.iter().cloned().collect()
    }

    /// Forgets the API requests so far.
    pub fn forget_requests(&self) {
        self.world().requests.clear();
    }

    /// All deliveries, settled or not, in the order in which they were scheduled.
    #[must_use]
    pub fn deliveries(&self) -> Vec<DeliveryView> {
        self.change(|world, _| world.delivery_views())
    }

    /// The deliveries that are due now or later, or under way.
    #[must_use]
    pub fn pending_deliveries(&self) -> Vec<DeliveryView> {
        let is_pending = |view: &DeliveryView| matches!(view.state, DeliveryState::Due(_) | DeliveryState::UnderWay);
        self.deliveries().into_iter().filter(is_pending).collect()
    }

    /// When the next delivery is due.
    #[must_use]
    pub fn next_delivery_due(&self) -> Option<Timestamp> {
        self.change(|world, _| world.deliveries.next_due())
    }

    /// Sends an event once more, as the Dashboard's resend does.
    ///
    /// # Errors
    /// When there is no such event, or its environment has no webhook.
    pub fn resend_event(&self, id: &EventId) -> Result<(), Refusal> {
        self.change(|world, now| world.resend(id, now))
    }

    /// Sets, changes or removes an environment's webhook. Disabling or removing it gives up its pending deliveries.
    ///
    /// # Errors
    /// When there is no such environment.
    pub fn set_webhook(&self, environment: &str, webhook: Option<WebhookSettings>) -> Result<(), Refusal> {
        self.change(|world, now| {
            let environment = world.environment_named(environment)?;
            let keeps = webhook.as_ref().is_some_and(|webhook| webhook.enabled);
            let mut former = std::mem::take(&mut world.environment_mut(environment).webhooks);
            for (place, one) in former.iter().enumerate() {
                if place > 0 || !keeps {
                    world.deliveries.give_up(environment, &one.id);
                }
            }
            // Changed, it is the same webhook as before.
            let first = (!former.is_empty()).then(|| former.swap_remove(0));
            let changed = webhook.map(|settings| match first {
                Some(first) => Webhook { settings, ..first },
                None => Webhook::by_hand(settings, now),
            });
            world.environment_mut(environment).webhooks = changed.into_iter().collect();
            Ok(())
        })
    }

    /// The webhooks of an environment, in the order in which they were made.
    ///
    /// # Errors
    /// When there is no such environment.
    pub fn webhooks(&self, environment: &str) -> Result<Vec<WebhookSettings>, Refusal> {
        self.change(|world, _| {
            let environment = world.environment_named(environment)?;
            Ok(world.environment(environment).webhooks.iter().map(|webhook| webhook.settings.clone()).collect())
        })
    }

    /// Switches faults on or off.
    pub fn set_faults(&self, faults: Faults) {
        self.world().faults = faults;
    }

    /// The faults as they are; `fail_next` has counted down.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.world().faults.clone()
    }

    /// Answers the open questions otherwise from now on.
    pub fn set_unknowns(&self, unknowns: Unknowns) {
        self.world().unknowns = unknowns;
    }

    /// The answers to the open questions.
    #[must_use]
    pub fn unknowns(&self) -> Unknowns {
        self.world().unknowns.clone()
    }

    /// What links start with.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.world().base_url.clone()
    }

    /// Changes the state at the time it is, after what the clock has done by itself.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut World, Timestamp) -> T) -> T {
        let now = self.0.clock.now();
        let mut world = self.world();
        world.tick(now);
        change(&mut world, now)
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.0.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing when this machine can't make an HTTP client.
    pub(super) fn receiver_client(&self) -> Option<&reqwest::Client> {
        if let Some(client) = self.0.receivers.get() {
            return Some(client);
        }
        let client = receiver_client(self.0.delivery_timeout).ok()?;
        Some(self.0.receivers.get_or_init(|| client))
    }
}

/// [`Simulator::make`] for each [`Move`], under the names of Persona's actions.
macro_rules! moves {
    ($($(#[$doc:meta])* $name:ident => $step:expr;)*) => {
        impl Simulator {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                /// When there is no such inquiry, or its status does not allow it.
                pub fn $name(&self, id: &InquiryId) -> Result<bool, Refusal> {
                    self.make(id, &$step)
                }
            )*
        }
    };
}

moves! {
    /// The person begins: a verification is submitted.
    start => Move::Start;
    /// The person goes on to the template's next step.
    step => Move::Step(None);
    /// The person reaches the success screen.
    complete => Move::Complete;
    /// The person reaches the failure screen.
    fail => Move::Fail;
    /// The inquiry is expired before its time.
    expire => Move::Expire;
    /// Decided for.
    approve => Move::Approve;
    /// Decided against.
    decline => Move::Decline;
    /// Somebody shall look at it.
    mark_for_review => Move::MarkForReview;
    /// What is known of the person is erased.
    redact => Move::Redact;
}
