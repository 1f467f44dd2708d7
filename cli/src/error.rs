//! What goes wrong at the command line, what it exits with, and what to do next.

use codemem_client::{ConnectError, chain};
use codemem_proto::dirs::DirectoriesError;
use codemem_proto::rendezvous::RendezvousError;
use codemem_proto::status::{ErrorKind, WireError};
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    /// It did what was asked.
    Success = 0,
    /// It did, and there was nothing.
    NothingFound = 1,
    /// What was asked makes no sense.
    Usage = 2,
    /// The daemon cannot be reached or failed.
    Daemon = 3,
    /// Files, indexes or models are not as they need to be.
    Data = 4,
    /// Ctrl-C, as shells count it.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command failed.
#[derive(thiserror::Error, Debug)]
pub(crate) enum CliError {
    /// The arguments make no sense together.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What would be right.
        hint: String,
    },
    /// A path cannot go over the wire.
    #[error("the path is not UTF-8: {}", .0.display())]
    NotUtf8(PathBuf),
    /// A relative path cannot be completed.
    #[error("cannot make the path absolute: `{}`", .path.display())]
    NotAbsolute {
        /// The path as given.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The daemon's answer is an error.
    #[error(transparent)]
    Wire(WireError),
    /// A stream of progress ended without its result.
    #[error("the daemon ended before it was done")]
    EndedEarly,
    /// Runtime directory.
    #[error(transparent)]
    Rendezvous(#[from] RendezvousError),
    /// Other directories.
    #[error(transparent)]
    Directories(#[from] DirectoriesError),
    /// No log file.
    #[error("there is no log in {}", .0.display())]
    NoLog(PathBuf),
    /// There is a configuration file already.
    #[error("there is a configuration already: {}", .0.display())]
    ConfigExists(PathBuf),
    /// A file of the service is somebody else's.
    #[error("not written by `codemem service install`: {}", .0.display())]
    ForeignUnit(PathBuf),
    /// A file of the service cannot be read, written or removed.
    #[error("cannot {action} {}", .path.display())]
    Unit {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The configuration file cannot be made.
    #[error("cannot write {}", .path.display())]
    WriteConfig {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The log cannot be read.
    #[error("cannot read {}", .path.display())]
    ReadLog {
        /// The log file or its directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What was to be read, a file or standard input, cannot be.
    #[error("cannot read {}", .path.display())]
    ReadInput {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The user's editor, or the file that it was given.
    #[error("cannot edit the memory")]
    Edit {
        /// Why.
        source: io::Error,
    },
    /// The daemon cannot be run in the foreground.
    #[error("cannot run {}", .program.display())]
    Exec {
        /// The program.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Nobody takes the answer.
    #[error("cannot write the answer")]
    Output(#[source] io::Error),
    /// The async runtime cannot be made.
    #[error("cannot set up input and output")]
    Runtime(#[source] io::Error),
}

impl From<tonic::Status> for CliError {
    fn from(status: tonic::Status) -> Self {
        Self::Wire(WireError::from_status(&status))
    }
}

impl CliError {
    /// What the program exits with.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Usage { .. }
            | Self::NotUtf8(_)
            | Self::NotAbsolute { .. }
            | Self::ConfigExists(_)
            | Self::ForeignUnit(_) => Exit::Usage,
            Self::Wire(error) => exit_of(error.kind),
            Self::Connect(_)
            | Self::EndedEarly
            | Self::Rendezvous(_)
            | Self::Directories(_)
            | Self::Exec { .. }
            | Self::Runtime(_) => Exit::Daemon,
            Self::NoLog(_)
            | Self::ReadLog { .. }
            | Self::WriteConfig { .. }
            | Self::Unit { .. }
            | Self::ReadInput { .. }
            | Self::Edit { .. }
            | Self::Output(_) => Exit::Data,
        }
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Usage { hint, .. } => hint.clone(),
            Self::NotUtf8(_) => "rename the directory, or index it through a link with a UTF-8 name".to_owned(),
            Self::NotAbsolute { .. } => "give an absolute path, or go to a directory that exists".to_owned(),
            Self::Connect(error) => error.hint(),
            Self::Wire(error) => error.hint.clone().unwrap_or_else(|| hint_of(error.kind).to_owned()),
            Self::EndedEarly => "run the command again: it goes on where it stopped".to_owned(),
            Self::Rendezvous(error) => error.hint(),
            Self::Directories(error) => error.hint(),
            Self::NoLog(_) => "start the daemon with `codemem daemon start`".to_owned(),
            Self::ConfigExists(_) => "edit it, or move it away; `codemem config show` lists every key".to_owned(),
            Self::WriteConfig { .. } | Self::Unit { .. } => "check the permissions of its directory".to_owned(),
            Self::ForeignUnit(_) => "look into it; `codemem service install --force` replaces it".to_owned(),
            Self::ReadLog { .. } => "check the permissions of the file".to_owned(),
            Self::ReadInput { .. } => "check that it is a file you may read".to_owned(),
            Self::Edit { .. } => "set EDITOR to a program that waits, or give the content after `--`".to_owned(),
            Self::Exec { program, .. } => format!("check that `{}` is a program for this machine", program.display()),
            Self::Output(_) => "check that the disk the output goes to has room".to_owned(),
            Self::Runtime(_) => "check the limits of open files (`ulimit -n`)".to_owned(),
        }
    }

    /// The message with all its causes.
    pub(crate) fn message(&self) -> String {
        chain(self)
    }

    /// Whether the daemon's log may say more than the message: not where the question was at fault.
    pub(crate) fn is_logged(&self) -> bool {
        let is_a_question = |kind| matches!(kind, ErrorKind::Usage | ErrorKind::NotRegistered);
        matches!(self, Self::EndedEarly) || matches!(self, Self::Wire(error) if !is_a_question(error.kind))
    }

    /// Whether the reader of our answer has gone.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

fn exit_of(kind: ErrorKind) -> Exit {
    match kind {
        ErrorKind::Usage => Exit::Usage,
        ErrorKind::NotRegistered | ErrorKind::Data | ErrorKind::Assets => Exit::Data,
        ErrorKind::Unavailable
        | ErrorKind::Busy
        | ErrorKind::Incompatible
        | ErrorKind::Denied
        | ErrorKind::Cancelled
        | ErrorKind::Internal => Exit::Daemon,
    }
}

fn hint_of(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Usage => "run the command with `--help`",
        ErrorKind::NotRegistered => "run `codemem index PATH`; `codemem status` lists what is indexed",
        ErrorKind::Data => "run `codemem status`; `codemem index --force PATH` reads everything again",
        ErrorKind::Assets => "run `codemem setup`",
        ErrorKind::Unavailable | ErrorKind::Cancelled => "try again; `codemem status` tells how the daemon does",
        ErrorKind::Busy => "try again in a moment",
        ErrorKind::Incompatible => "run `codemem daemon restart`",
        ErrorKind::Denied => "run codemem as the user whose daemon it is",
        ErrorKind::Internal => "look into `codemem daemon logs`",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_their_exits() {
        for (kind, expected) in [
            (ErrorKind::Usage, 2),
            (ErrorKind::NotRegistered, 4),
            (ErrorKind::Data, 4),
            (ErrorKind::Assets, 4),
            (ErrorKind::Unavailable, 3),
            (ErrorKind::Busy, 3),
            (ErrorKind::Incompatible, 3),
            (ErrorKind::Denied, 3),
            (ErrorKind::Cancelled, 3),
            (ErrorKind::Internal, 3),
        ] {
            let error = CliError::from(tonic::Status::from(WireError::new(kind, "m")));
            assert_eq!(error.exit() as u8, expected, "{kind}");
            assert!(!error.hint().is_empty());
        }
        assert_eq!(CliError::from(ConnectError::NotRunning).exit() as u8, 3);
        assert_eq!(CliError::NotUtf8("x".into()).exit() as u8, 2);
    }

    #[test]
    fn the_daemons_hint_goes_first() {
        let wire = WireError::new(ErrorKind::Data, "m").with_hint("do this");
        assert_eq!(CliError::Wire(wire).hint(), "do this");
    }

    #[test]
    fn causes_are_told() {
        let error = CliError::ReadLog {
            path: "/log".into(),
            source: io::Error::other("no luck"),
        };
        assert_eq!(error.message(), "cannot read /log: no luck");
    }

    #[test]
    fn a_broken_pipe_is_known() {
        assert!(CliError::Output(io::ErrorKind::BrokenPipe.into()).is_broken_pipe());
        assert!(!CliError::Output(io::ErrorKind::StorageFull.into()).is_broken_pipe());
    }
}
