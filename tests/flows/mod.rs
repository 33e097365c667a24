//! Stories: what happens to a person, told with a simulated Persona, a manual clock and both databases.

mod reminder;
mod world;

use crate::support::application;
