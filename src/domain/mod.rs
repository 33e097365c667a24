//! The ground: what an inquiry is and what follows from it.
//!
//! Pure: no async, no IO, no clock, no randomness. Everything here is decided from its arguments,
//! and cannot fail except by its own errors.

pub mod ids;
pub mod time;

pub mod status;

pub mod tags;

pub mod observation;

pub mod inquiry;

pub mod template;

pub mod rules;

pub mod courtesy;

pub mod contact;

pub mod lineage;

pub mod holdout;

pub mod subscription;

pub mod action;

pub mod addressee;

pub mod budget;

pub mod resource;

pub mod subject;

pub mod event;

pub mod mask;

pub mod webhook;

pub mod signature;

pub mod plan;

pub mod effect;
pub mod replay;

pub mod access;

pub mod token;

pub mod act;

pub mod operator;

pub mod deed;

pub mod customer;

pub mod hosted_flow;

pub mod language;

pub mod letter;

pub mod diagnosis;

pub mod alert;
