//! Whole-program tests: the built binaries on real input in hermetic sandboxes, and the tidy rules.
//!
//! Needs the binaries of the whole workspace, hence `cargo build` before `cargo test`.

mod bad_input;
mod crash;
mod lifecycle;
mod main_path;
mod mcp;
mod sandbox;
mod tidy;
