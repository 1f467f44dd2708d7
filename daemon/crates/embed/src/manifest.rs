//! What is known about an installed model without loading it.

use crate::error::EmbedError;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

/// The file beside the graphs that describes them.
pub(crate) const MANIFEST: &str = "manifest.json";
/// The tokenizer, as the model's folder had it.
pub(crate) const TOKENIZER: &str = "tokenizer.json";

/// Raised whenever the same weights would yield other vectors or other files than before: a model
/// of another format is imported again.
pub(crate) const FORMAT: u32 = 1;

/// How the vectors of the word pieces become one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// The mean over all word pieces.
    Mean,
    /// The vector of the first word piece.
    First,
}

/// Which of a model's two graphs is used.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub enum Precision {
    /// Weights in 8 bits with one scale per output channel: a quarter of the memory, twice the speed.
    #[default]
    Int8,
    /// Weights as they were published.
    Fp32,
}

impl Precision {
    /// The stable name: in the configuration, on the wire and in file names.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Int8 => "int8",
            Self::Fp32 => "fp32",
        }
    }

    /// The precision with that stable name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Int8, Self::Fp32]
            .into_iter()
            .find(|precision| precision.as_str() == name)
    }

    /// The graph's file inside the model's directory.
    pub(crate) fn file(self) -> &'static str {
        match self {
            Self::Int8 => "model.int8.onnx",
            Self::Fp32 => "model.fp32.onnx",
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A file's identity.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct FileRecord {
    pub(crate) sha256: String,
    pub(crate) bytes: u64,
}

/// The description of an installed model, kept as `manifest.json` beside its graphs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ModelManifest {
    pub(crate) format: u32,
    /// The name under which it is installed.
    pub name: String,
    /// Length of its vectors.
    pub dimension: usize,
    /// Word pieces read of one text part, the two special ones included.
    pub window: usize,
    /// How the vectors of the word pieces become one.
    pub pooling: Pooling,
    /// Its kind and the numbers that the weights do not show.
    pub(crate) architecture: String,
    /// The folder it was imported from; empty when it was fetched.
    pub(crate) origin: String,
    /// The files it was made of.
    pub(crate) sources: BTreeMap<String, FileRecord>,
    /// The files in its directory.
    pub(crate) files: BTreeMap<String, FileRecord>,
}

impl ModelManifest {
    /// Reads a model's manifest; `None` when there is none, or one of another format.
    pub(crate) fn load(directory: &Path) -> Option<Self> {
        let text = fs::read(directory.join(MANIFEST)).ok()?;
        let manifest: Self = serde_json::from_slice(&text).ok()?;
        (manifest.format == FORMAT).then_some(manifest)
    }

    /// Whether every file is there in its recorded size.
    pub(crate) fn complete(&self, directory: &Path) -> bool {
        self.files.iter().all(|(name, record)| {
            fs::metadata(directory.join(name)).is_ok_and(|metadata| metadata.len() == record.bytes)
        })
    }

    /// Names everything that decides what a vector means, precision included: two models of the
    /// same fingerprint give comparable vectors wherever their files came from.
    pub fn fingerprint(&self, precision: Precision) -> String {
        let mut hasher = Sha256::new();
        for (name, record) in &self.sources {
            hasher.update(format!("{name} {}\n", record.sha256));
        }
        hasher.update(format!(
            "{}\nformat {FORMAT}\nwindow {}\npooling {:?}\nprecision {precision}\n",
            self.architecture, self.window, self.pooling
        ));
        let hash = hex(&hasher.finalize());
        format!("bert-{}-{precision}-{}", self.dimension, &hash[..32])
    }

    /// Bytes that the model takes on disk.
    pub fn disk_bytes(&self) -> u64 {
        self.files.values().map(|record| record.bytes).sum()
    }
}

/// The models installed below `models_dir`, by name. Directories that hold no complete model are left out.
pub fn list_models(models_dir: &Path) -> Result<Vec<ModelManifest>, EmbedError> {
    let entries = match fs::read_dir(models_dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(EmbedError::read(models_dir)(error)),
    };
    let mut models = Vec::new();
    for entry in entries {
        let directory = entry.map_err(EmbedError::read(models_dir))?.path();
        if let Some(manifest) = ModelManifest::load(&directory)
            && manifest.complete(&directory)
            && directory.file_name().is_some_and(|name| name == manifest.name.as_str())
        {
            models.push(manifest);
        }
    }
    models.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(models)
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _infallible = write!(text, "{byte:02x}");
            text
        })
}
