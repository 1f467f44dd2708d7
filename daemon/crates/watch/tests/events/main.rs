//! Watching real directories: what is hinted at, what is not, and what happens where the system does not tell.
//!
//! Nothing here waits for nothing to happen: that something was not hinted at is known once a later change is.

mod bursts;
mod files;
mod moving;
mod polling;
mod roots;
mod rules;
mod support;
