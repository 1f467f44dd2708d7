//! codememd: the per-user daemon.
//!
//! Reads as the story of its life: arguments, what a service manager passed, settings, the lock that
//! makes it the only one, logs, the engine, the socket, the end. What each step means is in the module
//! of its name.

mod args;
mod blocking;
mod config;
mod doctor;
mod info;
mod lifecycle;
mod logging;
mod memory;
mod rpc;
mod wiring;

use crate::args::Args;
use crate::config::Configuration;
use crate::lifecycle::{Claim, Exit, Handover, StartError};
use clap::Parser as _;
use codemem_proto::env::Env;
use codemem_proto::startup::Startup;
use std::io::{self, Write as _};
use std::process::ExitCode;

fn main() -> ExitCode {
    memory::share_arenas();
    let args = Args::parse();
    if let (Some(directory), Some(language)) = (&args.check_grammar, &args.language) {
        return lifecycle::tried(wiring::check_grammar(language, directory));
    }
    let env = Env::from_process();
    if args.print_settings {
        return print_settings(&args, &env);
    }
    let (exit, handover) = match Handover::take(args.managed, &env) {
        Ok(handover) => (start(&args, &env, &handover), Some(handover)),
        Err(error) => (Exit::Failed(StartError::Activation(error)), None),
    };
    if handover.as_ref().map_or(args.managed, Handover::is_managed) {
        lifecycle::keep(&env, &exit);
    }
    if let Some(handover) = handover {
        handover.turn_away(&exit);
    }
    if let Exit::Failed(error) = &exit {
        lifecycle::notify(args.notify.as_deref(), &error.report());
        lifecycle::complain(error);
    }
    exit.code()
}

/// Prints for a client what a daemon would say of its settings, were there one.
fn print_settings(args: &Args, env: &Env) -> ExitCode {
    match Configuration::without_mistakes(args, env) {
        Ok(in_force) => lifecycle::tried(io::stdout().write_all(&rpc::settings(&in_force))),
        Err(error) => lifecycle::tried(Err::<(), _>(error)),
    }
}

fn start(args: &Args, env: &Env, handover: &Handover) -> Exit {
    let configuration = match Configuration::load(args, env) {
        Ok(configuration) => configuration,
        Err(error) => return Exit::Failed(StartError::Config(Box::new(error))),
    };
    lifecycle::detach(args);
    let claim = match Claim::take(env, handover) {
        Ok(Ok(claim)) => claim,
        // A client that finds the daemon of another client has what it wants.
        Ok(Err(_)) if args.notify.is_some() => {
            lifecycle::notify(args.notify.as_deref(), &Startup::AlreadyRunning);
            return Exit::AlreadyRunning;
        }
        Ok(Err(holder)) => return Exit::Failed(StartError::Held(holder)),
        Err(error) => return Exit::Failed(error),
    };
    let logs = logging::init(configuration.settings(), args.notify.is_none());
    let exit = lifecycle::live(&claim, configuration, logs.control(), args.notify.as_deref(), handover);
    if let Exit::Failed(error) = &exit {
        tracing::error!(error = error.chain(), "cannot start");
    }
    drop(logs); // writes what is buffered
    exit
}
