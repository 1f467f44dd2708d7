//! The client side of the contract: find the daemon, greet it, start or replace it when allowed.
//!
//! Everything here runs on the caller's async runtime, a current-thread one included, and waits with
//! a bound. A [`Client`] is one connection that was greeted once: when it breaks it stays broken, and
//! whoever wants to go on asks the [`Connector`] for another. Nothing here unlinks the daemon's
//! socket, prints, or reads the environment. What a service manager runs is neither started nor ended:
//! connecting to its socket is all it takes.

mod caller;
mod client;
mod connector;
mod dial;
mod error;
mod holder;
mod launcher;
pub mod service;
#[cfg(feature = "testing")]
pub mod testing;

pub use caller::{Connection, Naming, name};
pub use client::Client;
pub use connector::Connector;
pub use error::{ConnectError, StartFailure, chain};
pub use launcher::Launcher;
