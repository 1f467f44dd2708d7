//! The engine over fakes: every port in memory, every failure planned.

mod ahead;
mod clones;
mod damage;
mod exact;
mod faults;
mod fresh;
mod fresh_faults;
mod fresh_model;
mod fresh_search;
mod index;
mod memory;
mod memory_anchors;
mod memory_faults;
mod memory_levels;
mod memory_life;
mod memory_setup;
mod memory_vectors;
mod pace;
mod probe;
mod prune;
mod rest;
mod search;
mod search_roots;
mod setup;
mod tune;
mod vectors;
