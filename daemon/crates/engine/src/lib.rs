//! The engine: which repositories there are, how they are indexed, how they are searched; what is remembered.
//!
//! One actor task per repository owns its state behind a bounded mailbox and runs at most one job at
//! a time on a named thread (`repository`); the front keeps the set of repositories
//! ([`Engine`]). Searches never pass through a mailbox: they read the published stores and views.
//! Everything outside (files, grammars, indexes, models, the wall clock) is reached through
//! `codemem_core::ports`; this crate names no database, no model and no wire type.

mod config;
mod engine;
mod error;
mod explain;
mod freshness;
pub mod graph;
mod group;
mod health;
mod left_out;
pub mod memory;
mod pace;
mod pass;
mod permits;
mod progress;
mod project;
mod prune;
mod registrar;
mod repository;
mod search;
mod threads;
mod vectors;
mod view;

pub use config::{EngineConfig, Ports};
pub use engine::{Engine, IndexTicket, RootStatus};
pub use error::{EngineError, ErrorKind};
pub use explain::{AnsweringRoot, ExplainedIndex, ExplainedProject, Explanation, ProjectRule, Standing};
pub use freshness::Freshness;
pub use group::PlacementReason;
pub use health::{HealthReport, RepositoryHealth};
pub use progress::{Phase, Progress, RootState};
pub use prune::PruneReport;
pub use search::{
    Absence, Alike, AnchoredMemory, Code, Counted, Coverage, ExpandRequest, Expanded, Filters, Hit, Hop, Kept, Mode,
    Neighbour, Place, Refusal, SearchAnswer, SearchRequest, SearchedRoot, Side, Tests,
};
