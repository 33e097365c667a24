//! The worker as it runs in production, in this process: real time, real leases, due work in plenty.

mod floor;
mod plenty;
mod trouble;

mod ends;
mod hall;
mod lanes;
mod outages;
