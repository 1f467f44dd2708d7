//! A graph in memory, ready to turn batches into vectors.
//!
//! A lane owns one and uses it on its own thread.

use crate::batch::Batch;
use crate::error::EmbedError;
use crate::tokenize::TextEncoder;
use ort::environment::Environment;
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::TensorRef;
use std::path::Path;

/// Turns batches of word pieces into unit vectors.
///
/// A trait so that the lanes can be tested against a model that waits at a gate.
pub(crate) trait Model: Send {
    /// One vector per row of the batch.
    fn embed(&mut self, batch: &Batch) -> Result<Vec<Vec<f32>>, EmbedError>;
}

/// A graph loaded by ONNX Runtime.
pub(crate) struct OnnxModel {
    session: Session,
    dimension: usize,
}

impl OnnxModel {
    /// Loads a graph that runs on `threads` threads, the calling one included.
    pub(crate) fn load(
        environment: &Environment,
        path: &Path,
        dimension: usize,
        threads: usize,
    ) -> Result<Self, EmbedError> {
        let session = open(environment, path, threads).map_err(|error| EmbedError::Session {
            path: path.to_owned(),
            source: Box::new(error),
        })?;
        Ok(Self { session, dimension })
    }
}

fn open(environment: &Environment, path: &Path, threads: usize) -> ort::Result<Session> {
    Session::builder(environment)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_intra_threads(threads)?
        // Batches have many shapes: patterns would be remembered for each and rarely met again.
        .with_memory_pattern(false)?
        // A waiting thread gives its core to searches and to the lexical pass.
        .with_intra_op_spinning(false)?
        .commit_from_file(path)
}

impl Model for OnnxModel {
    fn embed(&mut self, batch: &Batch) -> Result<Vec<Vec<f32>>, EmbedError> {
        let (rows, width) = (batch.rows, batch.width);
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| EmbedError::Inference { rows, width, source };
        let vectors = run(&mut self.session, batch, self.dimension).map_err(|error| failed(Box::new(error)))?;
        // A model that answers with something else than numbers would poison the index unseen.
        if vectors.len() != rows || vectors.iter().flatten().any(|value| !value.is_finite()) {
            return Err(failed("the answer is not one finite vector per row".into()));
        }
        Ok(vectors)
    }
}

fn run(session: &mut Session, batch: &Batch, dimension: usize) -> ort::Result<Vec<Vec<f32>>> {
    let shape = [batch.rows, batch.width];
    let ids = TensorRef::from_array_view((shape, batch.ids.as_slice()))?;
    let mask = TensorRef::from_array_view((shape, batch.mask.as_slice()))?;
    let outputs = session.run(ort::inputs!["input_ids" => ids, "attention_mask" => mask])?;
    let (_, values) = outputs["embedding"].try_extract_tensor::<f32>()?;
    Ok(values.chunks_exact(dimension).map(<[f32]>::to_vec).collect())
}

/// Loads a graph and runs it once on an empty text.
pub(crate) fn check(
    environment: &Environment,
    path: &Path,
    dimension: usize,
    encoder: &TextEncoder,
) -> Result<(), EmbedError> {
    let mut model = OnnxModel::load(environment, path, dimension, 1)?;
    let parts = encoder.parts("")?;
    model.embed(&Batch::new(&parts, &[0]))?;
    Ok(())
}
