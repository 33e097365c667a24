//! A stateful Persona, served over HTTP: the stand-in in every test, in the demo and behind `rekindle simulator`.
//!
//! [`Simulator`] holds it. Its state (`world`) is plain and pure: every change takes the time it happens at, and ids
//! come from a seed, so one story is told the same way every time. Around it lie the REST API, the pages people see,
//! the deliveries to webhooks, and control routes for a shell. What Persona's documentation leaves open is a switch in
//! [`Unknowns`]; what can go wrong is a switch in [`Faults`].

mod settings;
mod unknowns;
mod webhook;

mod faults;
mod random;
mod refusal;
mod times;

mod world;

mod templates;

mod accounts;
mod inquiries;

mod lifecycle;

mod expiry;
mod sessions;

mod door;
mod links;

mod events;

mod deliveries;
mod payload;
mod signature;

mod dialect;
mod render;

mod idempotency;
mod limits;
mod requests;

mod api;
mod control;
mod flow;
mod pages;

mod dispatch;
mod handle;
mod serve;
mod shown;
mod views;

pub use self::deliveries::DeliveryState;
pub use self::dialect::{ApiVersion, Inflection};
pub use self::dispatch::{BackgroundDelivery, DeliveryOutcome, DeliveryReport};
pub use self::door::{Opened, RefusedReason};
pub use self::faults::{Failure, FailureKind, FailureMoment, Faults};
pub use self::handle::Simulator;
pub use self::inquiries::NewInquiry;
pub use self::lifecycle::Move;
pub use self::refusal::Refusal;
pub use self::requests::RequestRecord;
pub use self::serve::Serving;
pub use self::sessions::SessionStatus;
pub use self::settings::{
    DEFAULT_TEMPLATE, EnvironmentKind, EnvironmentSettings, Life, PRODUCTION_KEY, SANDBOX_KEY, Settings,
    TemplateSettings,
};
pub use self::unknowns::{LinkUse, Needless, QuotaHeaders, RefusalStatus, Unknowns};
pub use self::views::{DeliveryView, EventView, InquiryView, LinkView, SessionView};
pub use self::webhook::{Included, WebhookSecret, WebhookSettings};
