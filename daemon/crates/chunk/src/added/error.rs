//! Why a grammar was not added or removed.

use codemem_core::ports::{PortError, PortErrorKind};
use std::io;
use std::path::PathBuf;
use std::time::Duration;
use thiserror::Error;

/// A failed addition or removal. Nothing is changed then.
#[derive(Debug, Error)]
pub enum GrammarError {
    /// No file could be recognised as being in that language.
    #[error("no language is called `{0}`")]
    Unknown(String),
    /// It needs no adding.
    #[error("the grammar of `{0}` is built in")]
    BuiltIn(String),
    /// It would be ambiguous which one is meant.
    #[error("a grammar of `{0}` is already added")]
    AlreadyAdded(String),
    /// There is nothing to remove.
    #[error("no grammar of `{0}` was added")]
    NotAdded(String),
    /// The given path holds neither a library nor a grammar's source.
    #[error("`{}` holds neither `{library}` nor `src/parser.c`", path.display())]
    NoSource {
        /// The path as given.
        path: PathBuf,
        /// The library's name on this system.
        library: String,
    },
    /// A file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A program cannot be started.
    #[error("cannot run `{program}`")]
    Run {
        /// The program.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// A program did not end in time.
    #[error("`{program}` did not end within {} seconds", after.as_secs())]
    TimedOut {
        /// The program.
        program: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// The compiler does not take the source.
    #[error("`{program}` cannot compile the grammar:\n{output}")]
    Compile {
        /// The compiler.
        program: String,
        /// What it said, clipped.
        output: String,
    },
    /// The library cannot be used.
    #[error("the grammar was tried and refused: {0}")]
    Refused(String),
    /// The library ended the process that tried it.
    #[error("the grammar was tried in a process of its own, which {0}")]
    Crashed(String),
    /// Nothing may be fetched.
    #[error("the grammar of `{0}` is not here, and the configuration forbids to fetch it (`offline`)")]
    Offline(String),
    /// Fetching failed.
    #[error("cannot fetch the grammar of `{name}`")]
    Download {
        /// The language.
        name: String,
        /// Why.
        source: Box<tree_sitter_language_pack::Error>,
    },
}

impl GrammarError {
    /// What to do next.
    pub fn hint(&self) -> String {
        let from = |name: &str| format!("get its source or library and run `codemem languages add {name} --from DIR`");
        match self {
            Self::Unknown(_) | Self::NotAdded(_) => "`codemem languages` lists what there is".to_owned(),
            Self::BuiltIn(name) => {
                format!("to change what it defines, write `queries/{name}.scm` in the configuration directory")
            }
            Self::AlreadyAdded(name) => format!("remove it first with `codemem languages remove {name}`"),
            Self::NoSource { .. } => {
                "name the library, or the directory of the grammar that holds `src/parser.c`".to_owned()
            }
            Self::Read { .. } => "check that the file is there and readable".to_owned(),
            Self::Write { .. } => "check the room and the permissions of the data directory".to_owned(),
            Self::Run { .. } => "install a C compiler, or name one in CC before the daemon starts".to_owned(),
            Self::TimedOut { .. } => "compile the library yourself and give it with `--from`".to_owned(),
            Self::Compile { .. } => "mend the source, or give a compiled library with `--from`".to_owned(),
            Self::Refused(_) | Self::Crashed(_) => {
                "take a grammar that fits tree-sitter's current generation and this machine".to_owned()
            }
            Self::Offline(name) | Self::Download { name, .. } => from(name),
        }
    }

    fn kind(&self) -> PortErrorKind {
        match self {
            Self::Unknown(_) | Self::NotAdded(_) | Self::BuiltIn(_) | Self::AlreadyAdded(_) => PortErrorKind::NotFound,
            Self::Offline(_) | Self::Download { .. } => PortErrorKind::Unavailable,
            Self::Read { source, .. } | Self::Write { source, .. } | Self::Run { source, .. } => match source.kind() {
                io::ErrorKind::PermissionDenied => PortErrorKind::Denied,
                io::ErrorKind::StorageFull => PortErrorKind::DiskFull,
                _ => PortErrorKind::Failed,
            },
            Self::NoSource { .. }
            | Self::TimedOut { .. }
            | Self::Compile { .. }
            | Self::Refused(_)
            | Self::Crashed(_) => PortErrorKind::Failed,
        }
    }
}

impl From<GrammarError> for PortError {
    fn from(error: GrammarError) -> Self {
        let (kind, hint) = (error.kind(), error.hint());
        Self::new(kind, error).with_hint(hint)
    }
}
