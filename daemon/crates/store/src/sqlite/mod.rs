//! How this crate uses SQLite: one writer, a few readers, versioned schemas. Nothing of what is stored.
//!
//! Every database file goes through [`Database`]: the code index, the registry and whatever else has
//! a schema of its own. Runs on the caller's threads.

mod copy;
mod database;
mod migrate;
mod readers;
mod way;

pub(crate) use copy::open_copy;
pub(crate) use database::{Database, Fault};
pub(crate) use migrate::{Schema, Synchronous};
