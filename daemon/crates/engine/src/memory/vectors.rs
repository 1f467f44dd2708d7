//! Vectors of memories: made at once where there is a model, filled in behind where there was none.
//!
//! The store holds vectors of one embedder. Before any is stored or compared, the store is told which that is
//! ([`Inner::usable`]) and drops those of another. Embedding runs on blocking threads over the passages' lane, so that no query
//! waits for it.

use super::MemoryError;
use super::inner::Inner;
use codemem_core::memory::{Memory, parts};
use codemem_core::ports::{AssetsProgress, AssetsSource, Fingerprint, IndexedMemory, MemoryScope, PortErrorKind};
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

/// Memories filled in between two looks whether to stop.
const MEMORIES_PER_ROUND: usize = 32;

/// Texts embedded between two turns of whoever else wants passages embedded.
const TEXTS_PER_CALL: usize = 128;

/// Between two looks whether a model has come, while something waits for one.
const LOOK: Duration = Duration::from_mins(1);

/// Between two attempts to fetch a model that could not be had.
const FETCH_AGAIN: Duration = Duration::from_hours(1);

impl Inner {
    /// The embedder whose vectors the store holds.
    pub(super) fn agreed_fingerprint(&self) -> Option<Fingerprint> {
        self.agreed().clone()
    }

    fn agreed(&self) -> MutexGuard<'_, Option<Fingerprint>> {
        self.agreed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is stored may have changed as a whole: vectors are looked at anew.
    pub(super) fn forget_vectors(&self) {
        *self.agreed() = None;
        self.expect_gaps();
    }

    /// Some memory has no vector.
    pub(super) fn expect_gaps(&self) {
        self.has_gaps.store(true, Ordering::Relaxed);
        self.gaps.notify_one();
    }

    /// The embedder in use, once the store holds its vectors and no others; or why there is none. Blocks.
    pub(super) fn usable(&self) -> Result<Fingerprint, String> {
        let fingerprint = self
            .engine
            .inner
            .ports
            .embedder
            .fingerprint()
            .map_err(|error| error.to_string())?;
        let mut agreed = self.agreed();
        if agreed.as_ref() != Some(&fingerprint) {
            let waiting = self
                .store
                .without_vectors(&fingerprint, 1)
                .map_err(|error| error.to_string())?;
            *agreed = Some(fingerprint.clone());
            drop(agreed);
            if !waiting.is_empty() {
                self.expect_gaps();
            }
        }
        Ok(fingerprint)
    }

    /// The embedding of a question, or why there is none. Blocks.
    pub(super) fn embed_question(&self, text: &str) -> Result<Vec<f32>, String> {
        self.usable()?;
        let embedded = self.engine.inner.ports.embedder.embed_query(text);
        embedded.map_err(|error| {
            if error.kind != PortErrorKind::Unavailable {
                tracing::warn!(%error, "memories are searched without vectors");
            }
            error.to_string()
        })
    }

    /// What is indexed of memories, with vectors if they can be had, and what made them. Blocks.
    pub(super) fn index(&self, memories: &[&Memory]) -> (Vec<IndexedMemory>, Option<Fingerprint>) {
        match self.embed(memories) {
            Ok((indexed, fingerprint)) => (indexed, Some(fingerprint)),
            Err(why) => {
                tracing::debug!(why, "memories are stored without vectors for now");
                (memories.iter().map(|memory| parts::index(memory, None)).collect(), None)
            }
        }
    }

    fn embed(&self, memories: &[&Memory]) -> Result<(Vec<IndexedMemory>, Fingerprint), String> {
        let fingerprint = self.usable()?;
        let passages: Vec<Vec<String>> = memories.iter().map(|memory| parts::passages(memory)).collect();
        let counts: Vec<usize> = passages.iter().map(Vec::len).collect();
        let texts: Vec<String> = passages.into_iter().flatten().collect();
        let embedder = &self.engine.inner.ports.embedder;
        let mut vectors = Vec::with_capacity(texts.len());
        for texts in texts.chunks(TEXTS_PER_CALL) {
            vectors.extend(embedder.embed_passages(texts).map_err(|error| error.to_string())?);
        }
        if vectors.len() != texts.len() || embedder.fingerprint().ok().as_ref() != Some(&fingerprint) {
            return Err("the embedding model was replaced while vectors were made".to_owned());
        }
        let mut vectors = vectors.into_iter();
        let indexed = memories
            .iter()
            .zip(counts)
            .map(|(memory, n_parts)| parts::index(memory, Some(vectors.by_ref().take(n_parts).collect())))
            .collect();
        Ok((indexed, fingerprint))
    }

    /// Fills in what is missing.
    fn fill(&self, may_fetch: bool) -> Result<Filled, MemoryError> {
        if self.store.is_read_only() {
            // Until it is restored, if it is damaged: then there are gaps again.
            self.has_gaps.store(false, Ordering::Relaxed);
            return Ok(Filled::Whole);
        }
        let embedder = &self.engine.inner.ports.embedder;
        if matches!(embedder.fingerprint(), Err(error) if error.kind == PortErrorKind::Unavailable) {
            let stats = self.store.stats(&MemoryScope::Everything);
            let stats = stats.map_err(MemoryError::port("count the memories without vectors"))?;
            if stats.n_without_vector == 0 {
                self.has_gaps.store(false, Ordering::Relaxed);
                return Ok(Filled::Whole);
            }
            if !may_fetch || !self.engine.inner.fetches_assets() {
                return Ok(Filled::Waiting);
            }
            if !self.fetch() {
                return Ok(Filled::InVain);
            }
        }
        let mut last_round = Vec::new();
        while !self.cancel.is_cancelled() {
            let fingerprint = match self.usable() {
                Ok(fingerprint) => fingerprint,
                Err(why) => {
                    tracing::debug!(why, "memories wait for their vectors");
                    return Ok(Filled::Waiting);
                }
            };
            // Before the look: what is written from now on is looked at again.
            self.has_gaps.store(false, Ordering::Relaxed);
            let waiting = self.store.without_vectors(&fingerprint, MEMORIES_PER_ROUND);
            let waiting = waiting.map_err(MemoryError::port("list the memories without vectors"))?;
            if waiting.is_empty() {
                return Ok(Filled::Whole);
            }
            let round: Vec<_> = waiting
                .iter()
                .map(|memory| (memory.id.clone(), memory.version))
                .collect();
            if round == last_round {
                tracing::warn!(n_memories = round.len(), "memories stay without vectors");
                return Ok(Filled::Whole);
            }
            last_round = round;
            let memories: Vec<&Memory> = waiting.iter().collect();
            match self.embed(&memories) {
                Ok((indexed, made_by)) => {
                    let indexed = self.store.index(&made_by, indexed);
                    indexed.map_err(MemoryError::port("store the memories' vectors"))?;
                }
                Err(why) => {
                    tracing::warn!(why, "memories wait for their vectors");
                    return Ok(Filled::Waiting);
                }
            }
        }
        Ok(Filled::Waiting)
    }

    /// Installs the model that is missing; whether that went well.
    fn fetch(&self) -> bool {
        let mut go_on = |_: AssetsProgress| {
            if self.cancel.is_cancelled() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let assets = &self.engine.inner.ports.assets;
        let installed = assets.ensure(&AssetsSource::default(), &mut go_on);
        if let Err(error) = &installed {
            tracing::info!(%error, "memories wait for their vectors: the model cannot be had");
        }
        installed.is_ok()
    }
}

/// What filling in came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Filled {
    /// Nothing is missing.
    Whole,
    /// Something is missing, and there is nothing to do about it now.
    Waiting,
    /// The model could not be fetched.
    InVain,
}

/// Fills in missing vectors whenever there may be some: at the start, after writes without a model, when a model comes.
pub(super) async fn run(inner: Arc<Inner>) {
    let mut fetch_from = tokio::time::Instant::now();
    let mut has_failed = false;
    loop {
        let may_fetch = fetch_from <= tokio::time::Instant::now();
        let filled = inner
            .blocking_now("memory vectors", move |inner| inner.fill(may_fetch))
            .await;
        has_failed = match &filled {
            Err(error) if !has_failed => {
                tracing::warn!(error = error.chain(), "memories wait for their vectors");
                true
            }
            // Said once.
            Err(_) => true,
            Ok(_) => false,
        };
        let filled = filled.unwrap_or(Filled::Waiting);
        if filled == Filled::InVain {
            fetch_from = tokio::time::Instant::now() + FETCH_AGAIN;
        }
        let is_whole = filled == Filled::Whole && !inner.has_gaps.load(Ordering::Relaxed);
        let look = async {
            if is_whole {
                std::future::pending::<()>().await;
            } else {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::select! {
            () = inner.cancel.cancelled() => return,
            () = inner.gaps.notified() => {}
            () = inner.engine.inner.models_changed.notified() => {}
            () = look => {}
        }
    }
}
