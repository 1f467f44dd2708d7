//! One file per verb: what it asks the daemon and what it does with the answer.

mod affected;
mod completions;
mod config;
mod daemon;
mod doctor;
mod expand;
mod graph;
mod index;
mod languages;
mod map;
mod memory;
mod model;
mod outline;
mod project;
mod prune;
mod remove;
mod search;
mod service;
mod setup;
mod status;
mod symbol;

pub(crate) use completions::run as complete;
pub(crate) use daemon::Level;

use crate::args::Command;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::Output;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Longest wait for an answer that takes the daemon no real work, even one that has just started.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(1);

/// Carries a command out.
pub(crate) async fn run(context: &Context, command: Command, output: &mut Output) -> Result<Exit, CliError> {
    match command {
        Command::Setup(args) => setup::run(context, args, output).await,
        Command::Index(args) => index::run(context, &args, output).await,
        Command::Status => status::run(context, output).await,
        Command::Search(args) => search::run(context, args, output).await,
        Command::Expand(args) => expand::run(context, args, output).await,
        Command::Symbol(args) => symbol::run(context, args, output).await,
        Command::Outline(args) => outline::run(context, &args, output).await,
        Command::Map(args) => map::run(context, &args, output).await,
        Command::Affected(args) => affected::run(context, args, output).await,
        Command::Graph(command) => graph::run(context, command, output).await,
        Command::Prune(args) => prune::run(context, &args, output).await,
        Command::Remove(args) => remove::run(context, &args, output).await,
        Command::Config(command) => config::run(context, command, output).await,
        Command::Daemon(command) => daemon::run(context, command, output).await,
        Command::Doctor(args) => doctor::run(context, &args, output).await,
        Command::Service(command) => service::run(context, command, output).await,
        Command::Completions(args) => complete(&args, output),
        Command::Languages(args) => languages::run(context, args, output).await,
        Command::Model(command) => model::run(context, command, output).await,
        Command::Project(command) => project::run(context, command, output).await,
        Command::Memory(command) => memory::run(context, command, output).await,
    }
}

/// A request that is given up after [`ANSWER_TIMEOUT`].
fn bounded<T>(message: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    request.set_timeout(ANSWER_TIMEOUT);
    request
}

/// Milliseconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "the edge: people say and read how long ago something was"
)]
fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
