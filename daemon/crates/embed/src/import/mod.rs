//! Import: a sentence-transformers folder becomes ONNX graphs of our own making.
//!
//! Pure work on files, on the caller's thread. A model appears under its name whole or not at all.

mod folder;
mod graph;
mod onnx;
mod quantize;
mod weights;

use crate::assets::files::{self, HashingWriter, Staging};
use crate::error::EmbedError;
use crate::manifest::{FORMAT, FileRecord, MANIFEST, ModelManifest, Precision, TOKENIZER};
use crate::progress::{Progress, report};
use crate::tokenize::TextEncoder;
use crate::{runtime, session};
use folder::{Folder, WEIGHTS};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::Path;
use weights::Weights;

/// Turns the plain-BERT sentence-transformers folder `dir` into a model under `models_dir`/`name`,
/// replacing one of that name.
///
/// Writes both graphs, the tokenizer and a manifest. When ONNX Runtime is loaded in this process,
/// both graphs are loaded and run once before the model appears.
pub fn import_model(
    dir: &Path,
    name: &str,
    models_dir: &Path,
    progress: Progress<'_>,
) -> Result<ModelManifest, EmbedError> {
    let origin = dir.to_string_lossy().into_owned();
    Import { name, origin, pin: &[] }.run(dir, models_dir, progress)
}

/// One import with what must be known of it beforehand.
pub(crate) struct Import<'a> {
    /// Under which name the model is kept.
    pub(crate) name: &'a str,
    /// The folder a person gave; empty when the model was fetched.
    pub(crate) origin: String,
    /// Files whose sha256 is known: (name, sha256).
    pub(crate) pin: &'a [(&'a str, &'a str)],
}

impl Import<'_> {
    pub(crate) fn run(
        self,
        dir: &Path,
        models_dir: &Path,
        progress: Progress<'_>,
    ) -> Result<ModelManifest, EmbedError> {
        check_name(self.name)?;
        let report = |what: &str| report(progress, &format!("importing {}: {what}", self.name), 0, 0);
        report("reading the folder")?;
        let folder = Folder::open(dir)?;
        let weights_path = folder.dir.join(WEIGHTS);
        let bytes = fs::read(&weights_path).map_err(EmbedError::read(&weights_path))?;
        let tokenizer_path = folder.dir.join(TOKENIZER);
        let tokenizer = fs::read(&tokenizer_path).map_err(EmbedError::read(&tokenizer_path))?;
        let sources = BTreeMap::from([
            (WEIGHTS.to_owned(), files::record(&bytes)),
            (TOKENIZER.to_owned(), files::record(&tokenizer)),
        ]);
        self.check_pins(&folder.dir, &sources)?;
        let encoder = TextEncoder::parse(&tokenizer_path, &tokenizer, folder.window)?;
        if encoder.largest_id() as usize >= folder.bert.vocab_size {
            return Err(EmbedError::malformed(
                &tokenizer_path,
                &format_args!("it knows more word pieces than the model's {}", folder.bert.vocab_size),
            ));
        }

        let staging = Staging::new(models_dir)?;
        let mut files = BTreeMap::new();
        let weights = Weights::parse(&weights_path, &bytes)?;
        for precision in [Precision::Fp32, Precision::Int8] {
            report(&format!("building the {} graph", precision.as_str()))?;
            let record = write_graph(&folder, &weights, precision, &staging.path().join(precision.file()))?;
            files.insert(precision.file().to_owned(), record);
        }
        // As large as the graphs that are loaded below.
        drop(bytes);
        files::write(&staging.path().join(TOKENIZER), &tokenizer)?;
        files.insert(TOKENIZER.to_owned(), files::record(&tokenizer));
        let manifest = ModelManifest {
            format: FORMAT,
            name: self.name.to_owned(),
            dimension: folder.bert.hidden_size,
            window: folder.window,
            pooling: folder.pooling,
            architecture: folder.bert.describe(),
            origin: self.origin,
            sources,
            files,
        };
        report("checking that it loads")?;
        check_loads(staging.path(), &manifest, &encoder)?;
        let json = serde_json::to_vec_pretty(&manifest).expect("a manifest is plain data");
        files::write(&staging.path().join(MANIFEST), &json)?;
        staging.publish(&models_dir.join(self.name))?;
        Ok(manifest)
    }

    fn check_pins(&self, dir: &Path, found: &BTreeMap<String, FileRecord>) -> Result<(), EmbedError> {
        for (name, sha256) in self.pin {
            let record = found.get(*name).expect("only imported files are pinned");
            files::expect_hash(&dir.join(name), sha256, &record.sha256)?;
        }
        Ok(())
    }
}

/// A name that is a plain directory name everywhere.
fn check_name(name: &str) -> Result<(), EmbedError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if name.is_empty() || name.len() > 64 || name.starts_with('.') || !name.chars().all(plain) {
        return Err(EmbedError::ModelName { name: name.to_owned() });
    }
    Ok(())
}

fn write_graph(
    folder: &Folder,
    weights: &Weights<'_>,
    precision: Precision,
    path: &Path,
) -> Result<FileRecord, EmbedError> {
    let graph = graph::build(folder, weights, precision)?;
    let file = File::create(path).map_err(EmbedError::write(path))?;
    let mut out = HashingWriter::new(BufWriter::new(file));
    onnx::write_model(&mut out, path, &graph.proto, &graph.tensors)?;
    let (buffer, record) = out.finish();
    let file = buffer
        .into_inner()
        .map_err(|error| EmbedError::write(path)(error.into_error()))?;
    file.sync_all().map_err(EmbedError::write(path))?;
    Ok(record)
}

/// Loads and runs each graph once, when there is a runtime to do so.
fn check_loads(directory: &Path, manifest: &ModelManifest, encoder: &TextEncoder) -> Result<(), EmbedError> {
    let Some(environment) = runtime::loaded() else {
        return Ok(());
    };
    for precision in [Precision::Fp32, Precision::Int8] {
        let path = directory.join(precision.file());
        session::check(&environment, &path, manifest.dimension, encoder)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_directory_names() {
        for good in ["all-MiniLM-L6-v2", "bge_small.en", "x"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", ".hidden", "..", "a/b", "a b", "ä", &"x".repeat(65)] {
            let error = check_name(bad).expect_err(bad);
            assert!(matches!(error, EmbedError::ModelName { .. }));
        }
    }
}
