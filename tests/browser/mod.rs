//! Pages in a real browser: Chromium, driven by a story in JavaScript, a file for each.
//!
//! The Rust half of a story starts everything and looks at what came of it; the other half, beside it under the same
//! name, is the person in front of the browser. `harness.mjs` is what all of those share.

mod access;
mod chromium;
mod docs;
mod replay;
