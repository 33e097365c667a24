//! Stories: what happens to a person, told with a simulated Persona, a clock moved by hand, and both databases.

mod access;
mod adoption;
mod alerts;
mod api;
mod bad_days;
mod board;
mod budget;
mod clock;
mod control;
mod crashes;
mod deliveries;
mod erasure;
mod fan_out;
mod guides;
mod letters;
mod links;
mod notices;
mod operators;
mod people;
mod quarantine;
mod reconcile;
mod reminder;
mod replacement;
mod report;
mod retention;
mod sealed_names;
mod setup;
mod simulation;
mod subscriptions;
mod templates;
mod why;
mod world;

use crate::support::application;
