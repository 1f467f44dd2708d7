//! The engine over fakes: every port in memory, every failure planned.

mod damage;
mod faults;
mod index;
mod memory;
mod memory_anchors;
mod memory_faults;
mod memory_levels;
mod memory_life;
mod memory_setup;
mod memory_vectors;
mod probe;
mod rest;
mod search;
mod setup;
mod vectors;
