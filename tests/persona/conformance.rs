//! Our side against Persona's own specification: what we understand of its examples, what we ask, what our fixtures
//! and our simulator say. Skipped, with a line that says so, where no copy of the specification is there.

mod answers;
mod requests;
mod simulator;
pub mod spec;
mod webhooks;

/// Where a copy of the specification is looked for, from this package, unless `REKINDLE_PERSONA_SPEC` names a folder.
const USUAL_FOLDER: &str = "../shared/persona";
