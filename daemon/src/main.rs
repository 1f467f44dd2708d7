//! codememd: the per-user daemon.
//!
//! Reads as the story of its life: arguments, settings, the lock that makes it the only one, logs,
//! the engine, the socket, the end. What each step means is in the module of its name.

mod args;
mod config;
mod info;
mod lifecycle;
mod logging;
mod rpc;
mod wiring;

use crate::args::Args;
use crate::lifecycle::{Claim, Exit, StartError};
use clap::Parser as _;
use codemem_proto::env::Env;
use codemem_proto::startup::Startup;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = Args::parse();
    let exit = start(&args, &Env::from_process());
    if let Exit::Failed(error) = &exit {
        lifecycle::notify(args.notify.as_deref(), &error.report());
        lifecycle::complain(error);
    }
    exit.code()
}

fn start(args: &Args, env: &Env) -> Exit {
    let settings = match config::load(args, env) {
        Ok(settings) => settings,
        Err(error) => return Exit::Failed(StartError::Config(Box::new(error))),
    };
    lifecycle::detach(args);
    let claim = match Claim::take(env) {
        Ok(Some(claim)) => claim,
        Ok(None) => {
            lifecycle::notify(args.notify.as_deref(), &Startup::AlreadyRunning);
            return Exit::AlreadyRunning;
        }
        Err(error) => return Exit::Failed(error),
    };
    let logs = match logging::init(&settings, args.notify.is_none()) {
        Ok(logs) => logs,
        Err(error) => return Exit::Failed(StartError::Logs(Box::new(error))),
    };
    let exit = lifecycle::live(&claim, &settings, logs.file(), args.notify.as_deref(), args.managed);
    if let Exit::Failed(error) = &exit {
        tracing::error!(error = error.chain(), "cannot start");
    }
    drop(logs); // writes what is buffered
    exit
}
