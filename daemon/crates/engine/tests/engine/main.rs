//! The engine over fakes: every port in memory, every failure planned.

mod damage;
mod faults;
mod index;
mod probe;
mod rest;
mod search;
mod setup;
mod vectors;
