//! Deliveries on good and bad days: what was answered with 2xx is on disk, once, with everything that follows from it.

mod bad_bodies;
mod crowd;
mod disk_full;
mod gone;
mod stage;
mod stop;
