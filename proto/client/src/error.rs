//! Why there is no connection.

use crate::service::{Action, Manager};
use codemem_proto::rendezvous::{LockError, RendezvousError};
use codemem_proto::startup::ReportError;
use codemem_proto::status::WireError;
use codemem_proto::version::{PROTOCOL, Protocol};
use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

/// Why the daemon of a service did not start.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StartFailure {
    /// What failed, with its causes.
    pub reason: String,
    /// What to do about it; may be empty.
    pub hint: String,
}

/// Why there is no connection to a daemon.
#[derive(thiserror::Error, Debug)]
pub enum ConnectError {
    /// The runtime directory cannot be used.
    #[error(transparent)]
    Rendezvous(#[from] RendezvousError),
    /// A lock file cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// No daemon listens, and this client may not start one.
    #[error("the daemon is not running")]
    NotRunning,
    /// The socket is there but cannot be connected to.
    #[error("cannot connect to {}", .socket.display())]
    Dial {
        /// The socket.
        socket: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another user's program listens at our socket.
    #[error("the program at {} runs as user {uid}", .socket.display())]
    ForeignDaemon {
        /// The socket.
        socket: PathBuf,
        /// Its user.
        uid: u32,
    },
    /// Connected, but the greeting is not answered.
    #[error("the daemon at {} does not answer", .socket.display())]
    Unresponsive {
        /// The socket.
        socket: PathBuf,
    },
    /// The greeting was answered with an error.
    #[error("the daemon refused the connection")]
    Refused(#[source] WireError),
    /// The daemon is too old for this client, and the client may not replace it.
    #[error("the daemon {version} speaks protocol {protocol}; this program needs {PROTOCOL}")]
    DaemonTooOld {
        /// Version of the daemon.
        version: String,
        /// What it speaks.
        protocol: Protocol,
        /// Whether systemd or launchd runs it.
        managed: bool,
    },
    /// This client is too old for the daemon.
    #[error("the daemon {version} speaks protocol {protocol}; this program speaks only {PROTOCOL}")]
    ClientTooOld {
        /// Version of the daemon.
        version: String,
        /// What it speaks.
        protocol: Protocol,
    },
    /// systemd or launchd runs the daemon: only they may stop it.
    #[error("the daemon is run by the system's service manager")]
    Managed,
    /// systemd or launchd is to run the daemon, so nobody else starts it.
    #[error("the daemon is a service: its manager starts it")]
    IsService,
    /// systemd or launchd is to run the daemon, and does not listen.
    #[error("the daemon is a service, and its socket is not active{}", quote(.0.as_ref()))]
    ServiceStopped(Option<StartFailure>),
    /// systemd or launchd starts the daemon, and it does not stay to answer.
    #[error("the service manager starts the daemon, but it does not stay{}", quote(.0.as_ref()))]
    ServiceFails(Option<StartFailure>),
    /// Another client has been starting or stopping the daemon for too long.
    #[error("another program has been starting or stopping the daemon for too long")]
    StartLockTaken,
    /// Somebody holds the daemon's lock and does not listen.
    #[error("a daemon holds {} but does not listen", .lock.display())]
    Stuck {
        /// The lock.
        lock: PathBuf,
    },
    /// It was asked to stop and went on.
    #[error("the daemon did not stop in time (process {pid})")]
    DidNotStop {
        /// Its process.
        pid: u32,
    },
    /// The daemon program is nowhere.
    #[error("the program `codememd` was not found; looked at: {}", .looked_at.join(", "))]
    NoProgram {
        /// Where it was looked for.
        looked_at: Vec<String>,
    },
    /// The daemon program cannot be run.
    #[error("cannot run {}", .program.display())]
    Spawn {
        /// The program.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The socket for the start-up report cannot be made.
    #[error("cannot listen at {}", .socket.display())]
    Notify {
        /// The socket.
        socket: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The daemon program ended before it said how starting went.
    #[error("{} ended while starting ({status})", .program.display())]
    Exited {
        /// The program.
        program: PathBuf,
        /// How it ended.
        status: ExitStatus,
    },
    /// The daemon says why it could not start.
    #[error("the daemon could not start: {reason}")]
    StartFailed {
        /// Its reason.
        reason: String,
        /// Its advice; may be empty.
        hint: String,
    },
    /// The daemon does not say how starting goes.
    #[error("the daemon did not finish starting in time (process {pid})")]
    StartTimedOut {
        /// Its process.
        pid: u32,
    },
    /// The daemon's report cannot be understood.
    #[error("cannot read the daemon's start-up report")]
    Report(#[source] ReportError),
    /// The report could not be received.
    #[error("cannot receive the daemon's start-up report")]
    ReceiveReport(#[source] io::Error),
    /// It starts again and again without staying.
    #[error("the daemon starts but does not stay")]
    DoesNotStay,
}

impl ConnectError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Rendezvous(error) => error.hint(),
            Self::Lock(error) => format!(
                "check that you own `{}` and that its disk has room",
                error.path.display()
            ),
            Self::NotRunning => "start it with `codemem daemon start`".to_owned(),
            Self::Dial { socket, .. } => format!("check the permissions of `{}`", socket.display()),
            Self::ForeignDaemon { .. } => "set CODEMEM_RUNTIME_DIR to a directory of your own".to_owned(),
            Self::Unresponsive { .. } | Self::Stuck { .. } => {
                "look into `codemem daemon logs`; end the process codememd if it stays like this".to_owned()
            }
            Self::Refused(error) => error
                .hint
                .clone()
                .unwrap_or_else(|| "look into `codemem daemon logs`".to_owned()),
            Self::DaemonTooOld { managed: false, .. } => "run `codemem daemon restart`".to_owned(),
            Self::DaemonTooOld { managed: true, .. } => format!(
                "update codememd to the version of this program, then {}",
                run(&Manager::of_system().command(Action::Restart))
            ),
            Self::ClientTooOld { .. } => {
                "update this program to the daemon's version, and restart the session that runs it".to_owned()
            }
            Self::Managed => format!(
                "to stop it, {}; to restart it, {}",
                run(&Manager::of_system().command(Action::Stop)),
                run(&Manager::of_system().command(Action::Restart))
            ),
            Self::IsService => format!(
                "{} to start it; `codemem service uninstall` takes it back",
                run(&Manager::of_system().command(Action::Listen))
            ),
            Self::ServiceStopped(None) => run(&Manager::of_system().command(Action::Listen)),
            Self::ServiceStopped(Some(failure)) => {
                let again = run(&Manager::of_system().command(Action::ListenAgain));
                match failure.hint.as_str() {
                    "" => format!("mend that, then {again}"),
                    hint => format!("{hint}; then {again}"),
                }
            }
            Self::ServiceFails(Some(StartFailure { hint, .. })) | Self::StartFailed { hint, .. }
                if !hint.is_empty() =>
            {
                hint.clone()
            }
            Self::ServiceFails(_) => format!(
                "{} to see why, or look into `codemem daemon logs`",
                run(&Manager::of_system().command(Action::Explain))
            ),
            Self::StartLockTaken => "try again; end hanging `codemem` processes if it stays like this".to_owned(),
            Self::DidNotStop { pid } => format!("look into `codemem daemon logs`; `kill {pid}` ends it at once"),
            Self::NoProgram { .. } => {
                "install codememd beside codemem or on PATH, or set CODEMEM_DAEMON to its path".to_owned()
            }
            Self::Spawn { program, .. } => format!("check that `{}` is a program for this machine", program.display()),
            Self::Notify { .. } | Self::ReceiveReport(_) => "try again, or run `codemem daemon run`".to_owned(),
            Self::Exited { .. } | Self::StartFailed { .. } | Self::Report(_) | Self::DoesNotStay => {
                "run `codemem daemon run` to see why, or look into `codemem daemon logs`".to_owned()
            }
            Self::StartTimedOut { pid } => format!("look into `codemem daemon logs`; `kill {pid}` gives it up"),
        }
    }
}

/// An error with all its causes, from what failed to what caused it, in one line.
///
/// No error of ours repeats its cause in its own message, so each says something new.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

fn quote(failure: Option<&StartFailure>) -> String {
    failure.map_or_else(String::new, |failure| {
        format!("; its last start failed: {}", failure.reason)
    })
}

fn run(command: &str) -> String {
    format!("run `{command}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_is_told_once_and_in_order() {
        let error = ConnectError::Notify {
            socket: "/s".into(),
            source: io::Error::other(ConnectError::ReceiveReport(io::Error::other("no luck"))),
        };
        assert_eq!(
            chain(&error),
            "cannot listen at /s: cannot receive the daemon's start-up report: no luck"
        );
        assert_eq!(chain(&ConnectError::NotRunning), "the daemon is not running");
    }
}
