//! The model and its runtime: whether they are here, and how they get here.

use super::PortResult;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Whether vectors can be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AssetsState {
    /// Runtime and model are installed.
    Ready,
    /// Something is missing; the text names it.
    Missing(String),
}

/// How far a long action is.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AssetsProgress {
    /// What is being done, for a person.
    pub step: String,
    /// Units done; bytes for a download.
    pub done: u64,
    /// Units in all; 0 while not known.
    pub total: u64,
}

/// An installed model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InstalledModel {
    /// Its name.
    pub name: String,
    /// Length of its vectors.
    pub dimension: u32,
    /// Word pieces read of one text part.
    pub window: u32,
    /// Everything that decides what its vectors mean.
    pub fingerprint: String,
    /// `int8` or `fp32`: the graph in use.
    pub precision: String,
    /// Whether new vectors are made with it.
    pub active: bool,
    /// Bytes on disk.
    pub disk_bytes: u64,
}

/// Where assets come from other than the usual sources.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AssetsSource {
    /// A runtime library to use.
    pub onnxruntime: Option<PathBuf>,
    /// A model folder to import.
    pub model_dir: Option<PathBuf>,
}

/// Where progress goes; breaking off cancels the work.
pub type AssetsReport<'a> = &'a mut dyn FnMut(AssetsProgress) -> ControlFlow<()>;

/// The installed runtime and models. Implemented over `codemem-embed`.
pub trait ModelAssets: Send + Sync {
    /// What is there, without touching the network.
    fn state(&self) -> AssetsState;

    /// Installs what is missing; quick when nothing is. Safe to call from several threads. Breaking
    /// off the progress gives the installation up.
    fn ensure(&self, source: &AssetsSource, progress: AssetsReport<'_>) -> PortResult<()>;

    /// Turns a sentence-transformers folder into a model of ours.
    fn import(&self, directory: &Path, name: Option<&str>, progress: AssetsReport<'_>) -> PortResult<InstalledModel>;

    /// The installed models, by name.
    fn models(&self) -> PortResult<Vec<InstalledModel>>;

    /// The runtime library in use, when there is one.
    fn runtime(&self) -> Option<PathBuf>;
}
