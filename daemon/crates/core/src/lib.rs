//! The pure heart of codemem: what things are called, how they compare, how they rank.
//!
//! Owns the vocabulary (ids, paths, units, skips), the decisions that need no I/O (which files a pass
//! must touch, how a query is read, how a hit is scored) and the ports through which the engine
//! reaches everything else. Runs on whatever thread calls it; never blocks, never reads the clock,
//! the environment or a file. No tokio, no database, no model.

pub mod compose;
pub mod error;
pub mod graph;
pub mod ids;
pub mod memory;
pub mod path;
pub mod plan;
pub mod ports;
pub mod query;
pub mod rank;
pub mod reference;
pub mod skip;
pub mod token;
pub mod tokens;
pub mod unit;
