//! Letters by a real mail server: `tests/browser/mail.mjs`, which runs a package that is none of ours.

mod sending;
pub mod server;
