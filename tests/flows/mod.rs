//! Stories: what happens to a person, told with a simulated Persona, a manual clock and both databases.

mod application;
mod reminder;
mod world;
