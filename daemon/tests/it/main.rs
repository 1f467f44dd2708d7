//! Whole-program tests: the built binaries on real input in hermetic sandboxes, and the tidy rules.
//!
//! Needs the binaries of the whole workspace, hence `cargo build` before `cargo test`.

mod bad_input;
mod config;
mod crash;
mod doctor;
mod fresh;
mod graph;
mod health;
mod languages;
mod lifecycle;
mod logs;
mod main_path;
mod mcp;
mod memory;
mod sandbox;
mod search;
mod service;
mod tidy;
