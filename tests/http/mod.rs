//! The listeners: what they bear, what they take, and what they say while the database is gone.

mod door;
mod outage;
mod server;
mod slow_bodies;
mod webhooks;
