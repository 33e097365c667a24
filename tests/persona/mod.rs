//! Persona's edge: its events as we understand them, the client, and both against Persona's own specification.

mod client;
pub mod conformance;
mod events;

use std::path::PathBuf;

use serde_json::Value;

/// Where the fixtures are.
fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// A fixture by its path under `fixtures/`.
pub fn fixture(path: &str) -> Value {
    let bytes = std::fs::read(fixtures().join(path)).unwrap_or_else(|error| panic!("fixtures/{path}: {error}"));
    serde_json::from_slice(&bytes).unwrap()
}

/// The names of the fixtures in a folder, sorted.
pub fn fixture_names(folder: &str) -> Vec<String> {
    let files = std::fs::read_dir(fixtures().join(folder)).unwrap();
    let mut names: Vec<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
