//! The daemon's life: claim the runtime directory, serve, stop once and in order.
//!
//! Only the holder of `daemon.lock` unlinks the socket and binds it; a socket that a service manager
//! passes is its own, and is only listened on. Signals, the Shutdown call and
//! idleness all cancel one token; then calls drain, jobs stop, stores close, each within its cap.

mod activation;
mod claim;
mod failure;
mod idle;
mod reload;
mod serve;
mod stop;
mod supervisor;
mod takeover;

pub(crate) use activation::{ActivationError, Handover};
pub(crate) use claim::{Claim, Holder};
pub(crate) use failure::keep;
pub(crate) use idle::Activity;
pub(crate) use serve::live;

use crate::args::Args;
use crate::config::ConfigError;
use codemem_core::error::chain;
use codemem_engine::EngineError;
use codemem_proto::rendezvous::{LockError, RendezvousError};
use codemem_proto::startup::Startup;
use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// How a life ended.
pub(crate) enum Exit {
    /// As it should.
    Stopped,
    /// Another daemon lives here.
    AlreadyRunning,
    /// It never began.
    Failed(StartError),
    /// Jobs or calls outlived their caps and were left behind.
    Forced,
}

/// Why the daemon could not start.
#[derive(thiserror::Error, Debug)]
pub(crate) enum StartError {
    #[error("cannot read the settings")]
    Config(#[source] Box<ConfigError>),
    #[error("cannot use the runtime directory")]
    Rendezvous(#[source] Box<RendezvousError>),
    #[error("cannot take the daemon's lock")]
    Lock(#[source] LockError),
    #[error("cannot take over from the service manager")]
    Activation(#[source] ActivationError),
    #[error("another daemon holds `{}`{}", .0.lock.display(), of_process(.0))]
    Held(Holder),
    #[error("another program listens on `{}`", .0.display())]
    Served(PathBuf),
    #[error("cannot listen on `{}`", path.display())]
    Bind { path: PathBuf, source: io::Error },
    #[error("cannot start the async runtime")]
    Runtime(#[source] io::Error),
    #[error("cannot open codemem's data")]
    Open(#[source] Box<crate::wiring::WiringError>),
    #[error("cannot start the engine")]
    Engine(#[source] Box<EngineError>),
}

impl StartError {
    fn hint(&self) -> String {
        match self {
            Self::Config(error) => error.hint(),
            Self::Rendezvous(error) => error.hint(),
            Self::Lock(_) | Self::Bind { .. } => {
                "check the permissions of the runtime directory, or set CODEMEM_RUNTIME_DIR to another one".to_owned()
            }
            Self::Activation(error) => error.hint(),
            Self::Held(_) => "`codemem daemon stop` ends it, or says what does".to_owned(),
            Self::Served(_) => {
                "if it is a service's, as `codemem service status` tells, connecting starts the daemon; else end that program"
                    .to_owned()
            }
            Self::Runtime(_) => "check the limits of open files and threads with `ulimit -a`".to_owned(),
            Self::Open(error) => error.hint(),
            Self::Engine(error) => error.hint().unwrap_or_else(|| "see `codemem daemon logs`".to_owned()),
        }
    }

    /// What failed, with its causes.
    pub(crate) fn chain(&self) -> String {
        chain(self)
    }

    pub(crate) fn report(&self) -> Startup {
        Startup::Failed {
            reason: chain(self),
            hint: self.hint(),
        }
    }
}

impl Exit {
    /// 0 for an orderly end, 3 when there was or is no daemon of ours, 1 when something was left behind.
    pub(crate) fn code(&self) -> ExitCode {
        match self {
            Self::Stopped => ExitCode::SUCCESS,
            Self::AlreadyRunning | Self::Failed(_) => ExitCode::from(3),
            Self::Forced => ExitCode::FAILURE,
        }
    }
}

/// Leaves the session of the client that started the daemon, so that closing its terminal does not end it.
pub(crate) fn detach(args: &Args) {
    // Files that the daemon makes are the user's alone.
    rustix::process::umask(rustix::fs::Mode::from_bits_truncate(0o077));
    if args.notify.is_some() {
        // Fails only for a process that leads a group already, which is then nobody's child to end.
        let _led = rustix::process::setsid();
    }
}

/// Tells the starting client how it went; a client that has given up is no reason to stop.
pub(crate) fn notify(socket: Option<&Path>, startup: &Startup) {
    if let Some(socket) = socket
        && let Err(error) = startup.send(socket)
    {
        tracing::warn!(%error, "the starting client is gone");
    }
}

/// Says on standard error why there is no daemon, for whoever started it by hand.
#[expect(clippy::print_stderr, reason = "start-up failed, so there may be no log to write to")]
pub(crate) fn complain(error: &StartError) {
    eprintln!("error: {}\nhint: {}", chain(error), error.hint());
}

fn of_process(holder: &Holder) -> String {
    holder.pid.map_or_else(String::new, |pid| format!(" (process {pid})"))
}

/// Ends a process that was only started to try a grammar. Whoever started it reads standard error.
#[expect(clippy::print_stderr, reason = "the answer of this process, which has no log")]
pub(crate) fn tried(outcome: Result<(), impl Error>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", chain(&error));
            ExitCode::FAILURE
        }
    }
}
