//! The embedding pool: a query lane and an index lane over the installed model.
//!
//! Callers block on their own threads; the work is done on the threads `embed-query` and
//! `embed-index`. The lanes share nothing but the tokenizer, so a query never waits behind passages.
//! The pool starts nothing and loads nothing until the first text: it can be made before the model
//! is installed, and answers *unavailable* until then.

use crate::assets::Assets;
use crate::cache::QueryCache;
use crate::error::EmbedError;
use crate::lane::{Lane, LaneConfig};
use crate::source::{InstalledSource, ModelSource};
use codemem_core::compose;
use codemem_core::ports::{Embedder, Fingerprint, PortResult};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Longest query read, in bytes: some 1,000 word pieces. What a person or an agent asks is shorter;
/// a pasted file must not occupy the query lane for seconds.
const MAX_QUERY: usize = 8 * 1024;

/// Most parts of a query that are embedded.
const MAX_QUERY_PARTS: usize = 4;

/// How many requests may wait for a lane before their callers block.
const QUEUE: usize = 64;

/// How the pool uses the machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PoolConfig {
    /// Threads that embed passages, at least 1. As many as there are cores is right when nothing else runs.
    pub index_threads: usize,
    /// Threads that embed one query, at least 1. A query is too short for more than one to help.
    pub query_threads: usize,
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self {
            index_threads: 2,
            query_threads: 1,
        }
    }
}

/// Implements [`Embedder`] on ONNX Runtime.
pub struct EmbeddingPool {
    source: Arc<dyn ModelSource>,
    query: Lane,
    index: Lane,
    cache: Mutex<QueryCache>,
}

impl EmbeddingPool {
    /// Starts the two lanes; an error only when the system refuses a thread.
    pub fn new(assets: Arc<Assets>, config: PoolConfig) -> Result<Self, EmbedError> {
        Self::over(Arc::new(InstalledSource::new(assets)), config)
    }

    pub(crate) fn over(source: Arc<dyn ModelSource>, config: PoolConfig) -> Result<Self, EmbedError> {
        let query = LaneConfig {
            name: "query",
            threads: config.query_threads.max(1),
            max_parts: MAX_QUERY_PARTS,
            queue: QUEUE,
        };
        let index = LaneConfig {
            name: "index",
            threads: config.index_threads.max(1),
            max_parts: usize::MAX,
            queue: QUEUE,
        };
        Ok(Self {
            query: Lane::start(query, Arc::clone(&source))?,
            index: Lane::start(index, Arc::clone(&source))?,
            source,
            cache: Mutex::default(),
        })
    }

    fn cache(&self) -> MutexGuard<'_, QueryCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Embedder for EmbeddingPool {
    fn fingerprint(&self) -> PortResult<Fingerprint> {
        Ok(Fingerprint(self.source.facts()?.fingerprint))
    }

    fn dimension(&self) -> PortResult<usize> {
        Ok(self.source.facts()?.dimension)
    }

    fn embed_query(&self, text: &str) -> PortResult<Vec<f32>> {
        let text = compose::clip(text, MAX_QUERY);
        let fingerprint = self.source.facts()?.fingerprint;
        if let Some(known) = self.cache().get(&fingerprint, text) {
            return Ok(known);
        }
        let mut embedded = self.query.embed(vec![text.to_owned()])?;
        let vector = embedded.vectors.pop().expect("a lane answers with one vector per text");
        self.cache().put(&embedded.fingerprint, text, &vector);
        Ok(vector)
    }

    fn embed_passages(&self, texts: &[String]) -> PortResult<Vec<Vec<f32>>> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.index.embed(texts.to_vec())?.vectors)
    }

    fn unload(&self) {
        self.query.unload();
        self.index.unload();
        self.cache().clear();
    }

    fn is_loaded(&self) -> bool {
        self.query.is_loaded() || self.index.is_loaded()
    }
}

#[cfg(test)]
mod tests;
