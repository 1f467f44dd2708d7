//! Evidence by meaning: the summaries and the chunks whose vectors are nearest to the query's.
//!
//! Chunks are looked for on a thread of their own, beside words, definitions and summaries: where there are many, both take most of
//! a search's time.

use super::gather::Pool;
use super::{Scope, Search};
use crate::EngineError;
use codemem_core::ids::{ChunkId, ContentId, TextId};
use codemem_core::ports::{PortErrorKind, VectorSpace};
use codemem_core::query::Query;
use std::collections::HashMap;
use std::thread::{self, ScopedJoinHandle};

/// Nearest file summaries.
const NEAREST_FILES: usize = 200;

/// Nearest chunks.
const NEAREST_CHUNKS: usize = 300;

/// What is near, or why nothing is compared.
type Near<T> = Result<Result<T, String>, EngineError>;

/// The nearest chunks, which another thread is looking for.
pub(super) type Ahead<'s> = ScopedJoinHandle<'s, Near<Vec<(ChunkId, ContentId, f32)>>>;

impl Search<'_> {
    /// Begins to look for the nearest chunks, where there are vectors. A model that is not in memory is left to whoever finds that
    /// it is needed.
    pub(super) fn near_ahead<'s>(
        &'s self,
        threads: &'s thread::Scope<'s, '_>,
        query: &'s Query,
        scope: &'s Scope,
    ) -> Option<Ahead<'s>> {
        let is_at_hand = self.embedded.is_made() || self.ports.embedder.is_loaded();
        if self.counts.chunks_with_vector == 0 || !is_at_hand {
            return None;
        }
        let span = tracing::Span::current();
        let look = move || {
            // First, because everything else waits for it. What goes wrong is told to whoever asks for the vector.
            drop(self.embedded(&query.question));
            self.near_chunks(query, scope)
        };
        let look = move || span.in_scope(look);
        let begun = thread::Builder::new()
            .name("search-near".to_owned())
            .spawn_scoped(threads, look);
        begun
            .inspect_err(|error| tracing::debug!(%error, "the nearest chunks are looked for later"))
            .ok()
    }

    /// Adds cosines. Vectors are a help, not a condition: without them the answer says why.
    pub(super) fn gather_near(
        &self,
        query: &Query,
        scope: &Scope,
        ahead: Option<Ahead<'_>>,
        pool: &mut Pool,
    ) -> Result<Option<String>, EngineError> {
        let near = self.near_files(query, scope);
        let chunks = match ahead {
            Some(ahead) => ahead.join().unwrap_or(Err(EngineError::JobLost("search")))?,
            // What keeps the one from being found keeps the other.
            None if near.as_ref().is_ok_and(Result::is_ok) => self.near_chunks(query, scope)?,
            None => Ok(Vec::new()),
        };
        let (files, chunks) = match (near?, chunks) {
            (Ok(files), Ok(chunks)) => (files, chunks),
            (Err(why), _) | (_, Err(why)) => return Ok(Some(why)),
        };
        for (text, cosine) in files {
            for number in self.view.summarised(text) {
                let content = self.view.file(number).content;
                if let Some(candidate) = self.candidate(pool, scope, content) {
                    let best = candidate.evidence.summary_cosine.get_or_insert(cosine);
                    *best = best.max(cosine);
                }
            }
        }
        for (chunk, content, cosine) in chunks {
            let Some(candidate) = self.candidate(pool, scope, content) else {
                continue;
            };
            let best = candidate.evidence.chunk_cosine.get_or_insert(cosine);
            *best = best.max(cosine);
            match candidate.chunks.iter_mut().find(|(id, _, _)| *id == chunk) {
                Some((_, _, known)) => *known = Some(cosine),
                None => candidate.chunks.push((chunk, 0.0, Some(cosine))),
            }
        }
        Ok(None)
    }

    /// The query as a vector, or why there is nothing to compare it with.
    fn vector(&self, query: &Query) -> Near<&[f32]> {
        let vectors = &self.stores.vectors;
        let count = |space| vectors.count(space).map_err(EngineError::port("count the vectors"));
        if count(VectorSpace::Files)? + count(VectorSpace::Chunks)? == 0 {
            let waiting = self.state.vectors_problem.clone();
            return Ok(Err(waiting.unwrap_or_else(|| "no vectors yet".to_owned())));
        }
        let embedder = &self.ports.embedder;
        let stored = self
            .stores
            .catalog
            .fingerprint()
            .map_err(EngineError::port("read the index's embedder"))?;
        match embedder.fingerprint() {
            Ok(fingerprint) if Some(&fingerprint) == stored.as_ref() => {}
            Ok(_) => {
                return Ok(Err(
                    "the vectors were made by another model; run `codemem index --force`".to_owned(),
                ));
            }
            Err(error) => return Ok(Err(error.to_string())),
        }
        match self.embedded(&query.question) {
            Ok(vector) => Ok(Ok(vector)),
            Err(error) if error.kind == PortErrorKind::Unavailable => Ok(Err(error.to_string())),
            Err(error) => Err(EngineError::port("embed the query")(error)),
        }
    }

    /// The nearest summaries in scope.
    fn near_files(&self, query: &Query, scope: &Scope) -> Near<Vec<(TextId, f32)>> {
        let vector = match self.vector(query)? {
            Ok(vector) => vector,
            Err(why) => return Ok(Err(why)),
        };
        let vectors = &self.stores.vectors;
        let mut near = vectors
            .search(VectorSpace::Files, vector, scope.summaries.as_ref(), NEAREST_FILES)
            .map_err(EngineError::port("search the file vectors"))?;
        near.retain(|(text, _)| scope.has_summary(*text));
        Ok(Ok(near))
    }

    /// The chunks with the nearest texts, in scope and perhaps others.
    fn near_chunks(&self, query: &Query, scope: &Scope) -> Near<Vec<(ChunkId, ContentId, f32)>> {
        let vector = match self.vector(query)? {
            Ok(vector) => vector,
            Err(why) => return Ok(Err(why)),
        };
        let (vectors, catalog) = (&self.stores.vectors, &self.stores.catalog);
        let within = match &scope.summaries {
            None => None,
            Some(_) => Some(
                catalog
                    .texts_of(&scope.contents)
                    .map_err(EngineError::port("find the texts in scope"))?,
            ),
        };
        let near = vectors
            .search(VectorSpace::Chunks, vector, within.as_ref(), NEAREST_CHUNKS)
            .map_err(EngineError::port("search the chunk vectors"))?;
        let cosines: HashMap<TextId, f32> = near.iter().copied().collect();
        let texts: Vec<TextId> = near.into_iter().map(|(text, _)| text).collect();
        let chunks = catalog
            .chunks_with_texts(&texts)
            .map_err(EngineError::port("look up chunks"))?;
        let cosine = |text: &TextId| cosines.get(text).copied().unwrap_or_default();
        let chunks = chunks
            .into_iter()
            .map(|(text, chunk, content)| (chunk, content, cosine(&text)));
        Ok(Ok(chunks.collect()))
    }
}
