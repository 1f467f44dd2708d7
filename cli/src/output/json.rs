//! The answers as JSON, a file a noun. These shapes are a promise to other programs: fields are added, never
//! changed.

mod config;
mod daemon;
mod doctor;
mod expand;
mod freshness;
mod graph;
mod hop;
mod index;
mod languages;
mod memory;
mod models;
mod project;
mod search;
mod service;
mod status;

pub(crate) use config::{Config, ConfigFile, LogLevel, Reloaded};
pub(crate) use daemon::{Running, Stopped};
pub(crate) use doctor::Doctor;
pub(crate) use expand::Expanded;
pub(crate) use graph::{Affected, Graph, Map, Outline, SymbolAnswer};
pub(crate) use index::{Indexed, Pruned, Removed};
pub(crate) use languages::{AddedLanguage, Language, RemovedLanguage};
pub(crate) use memory::{
    AddedMemory, DeletedMemory, EditedMemory, FoundMemories, ImportReport, Memory, MemoryBackup, MemoryList,
    MemoryRestored, MemoryStats, MemoryWithHistory,
};
pub(crate) use models::{Model, Setup};
pub(crate) use project::Explained;
pub(crate) use search::Search;
pub(crate) use service::{
    FileOutcome, FileState, ServiceDaemon, ServiceFile, ServiceReport, ServiceStatus, StatusFile, Step, StepOutcome,
};
pub(crate) use status::Status;
