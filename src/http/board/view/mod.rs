//! What pages show: texts, marks and links, ready to be written, and their templates. Nothing is asked for here.

pub(super) mod action;
pub(super) mod actions;
pub(super) mod alerts;
pub(super) mod audit;
pub(super) mod chart;
pub(super) mod event;
pub(super) mod events;
pub(super) mod frame;
pub(super) mod inquiries;
pub(super) mod inquiry;
pub(super) mod lanes;
pub(super) mod list;
pub(super) mod lone;
pub(super) mod mark;
pub(super) mod minted;
pub(super) mod notice;
pub(super) mod overview;
pub(super) mod quarantine;
pub(super) mod replays;
pub(super) mod report;
pub(super) mod settings;
pub(super) mod templates;
pub(super) mod when;
