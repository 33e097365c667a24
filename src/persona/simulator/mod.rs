//! A stateful Persona, served over HTTP.
