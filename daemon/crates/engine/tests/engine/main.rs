//! The engine over fakes: every port in memory, every failure planned.

mod faults;
mod index;
mod search;
mod setup;
mod vectors;
