//! A lexical index in memory: counts words, commits whole.

use super::{Fault, Faults};
use codemem_core::ids::{ChunkId, ContentId, IdSet, PathId};
use codemem_core::ports::{
    ChunkDocument, ChunkEvidence, ContentEvidence, LexicalEvidence, LexicalIndex, LexicalQuery, PathDocument,
    PathEvidence, PortResult,
};
use codemem_core::token::Tokenizer;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Clone, Default)]
struct State {
    chunks: BTreeMap<(ContentId, ChunkId), Vec<String>>,
    paths: BTreeMap<PathId, Vec<String>>,
}

/// Scores are counts of query words; what was neither refreshed nor committed is not found.
#[derive(Default)]
pub struct MemoryLexical {
    written: Mutex<State>,
    shown: Mutex<State>,
    committed: Mutex<State>,
    faults: Faults,
}

impl MemoryLexical {
    /// An empty index.
    pub fn new(faults: Faults) -> Self {
        Self {
            faults,
            ..Self::default()
        }
    }

    /// Loses what was not committed, as a crash does.
    pub fn crash(&self) {
        let committed = lock(&self.committed).clone();
        *lock(&self.shown) = committed.clone();
        *lock(&self.written) = committed;
    }

    /// The contents that a search can find.
    pub fn contents(&self) -> Vec<ContentId> {
        let mut contents: Vec<ContentId> = lock(&self.shown).chunks.keys().map(|(content, _)| *content).collect();
        contents.dedup();
        contents
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn words(text: &str) -> Vec<String> {
    Tokenizer::default().collect(text)
}

impl LexicalIndex for MemoryLexical {
    fn put_chunks(&self, chunks: &[ChunkDocument<'_>]) -> PortResult<()> {
        self.faults.check(Fault::PutChunks)?;
        let mut state = lock(&self.written);
        for chunk in chunks {
            state.chunks.retain(|(content, _), _| *content != chunk.content);
        }
        for chunk in chunks {
            state.chunks.insert((chunk.content, chunk.chunk), words(chunk.body));
        }
        Ok(())
    }

    fn put_paths(&self, paths: &[PathDocument<'_>]) -> PortResult<()> {
        let mut state = lock(&self.written);
        state
            .paths
            .extend(paths.iter().map(|path| (path.path, words(path.text.stem()))));
        Ok(())
    }

    fn delete(&self, contents: &[ContentId], paths: &[PathId]) -> PortResult<()> {
        let mut state = lock(&self.written);
        state.chunks.retain(|(content, _), _| !contents.contains(content));
        state.paths.retain(|path, _| !paths.contains(path));
        Ok(())
    }

    fn refresh(&self) -> PortResult<()> {
        self.faults.check(Fault::RefreshLexical)?;
        *lock(&self.shown) = lock(&self.written).clone();
        Ok(())
    }

    fn commit(&self) -> PortResult<()> {
        self.faults.check(Fault::CommitLexical)?;
        let written = lock(&self.written).clone();
        *lock(&self.shown) = written.clone();
        *lock(&self.committed) = written;
        Ok(())
    }

    fn compact(&self) -> PortResult<()> {
        Ok(())
    }

    fn search(&self, query: &LexicalQuery<'_>) -> PortResult<LexicalEvidence> {
        self.faults.check(Fault::SearchLexical)?;
        let state = lock(&self.shown);
        let count = |words: &[String]| {
            query
                .terms
                .iter()
                .map(|term| words.iter().filter(|word| **word == term.text).count() as f32)
                .sum::<f32>()
        };
        let mut contents: BTreeMap<ContentId, ContentEvidence> = BTreeMap::new();
        for ((content, chunk), words) in state
            .chunks
            .iter()
            .filter(|((content, _), _)| query.contents.contains(content.0))
        {
            let body = count(words);
            if body > 0.0 {
                let evidence = contents.entry(*content).or_insert_with(|| ContentEvidence {
                    content: *content,
                    chunks: Vec::new(),
                    file: 0.0,
                    body_sum: 0.0,
                    names: 0.0,
                    docs: 0.0,
                    coverage: 1.0,
                });
                evidence.file += body;
                evidence.body_sum += body;
                evidence.chunks.push(ChunkEvidence {
                    chunk: *chunk,
                    body,
                    names: 0.0,
                    docs: 0.0,
                    coverage: 1.0,
                });
            }
        }
        let mut contents: Vec<ContentEvidence> = contents.into_values().collect();
        contents.sort_by(|a, b| b.file.total_cmp(&a.file));
        contents.truncate(query.limit);
        for content in &mut contents {
            content.chunks.sort_by(|a, b| b.body.total_cmp(&a.body));
            content.chunks.truncate(query.chunks_per_content);
        }
        let paths = state.paths.iter().filter(|(path, _)| query.paths.contains(path.0));
        let paths = paths.map(|(path, words)| PathEvidence {
            path: *path,
            stem: count(words),
            dirs: 0.0,
        });
        Ok(LexicalEvidence {
            contents,
            paths: paths.filter(|path| path.stem > 0.0).collect(),
        })
    }

    fn held(&self) -> PortResult<(IdSet, IdSet)> {
        let state = lock(&self.shown);
        let contents = state.chunks.keys().map(|(content, _)| content.0).collect();
        Ok((contents, state.paths.keys().map(|path| path.0).collect()))
    }

    fn check(&self) -> PortResult<()> {
        self.faults.check(Fault::CheckLexical)
    }

    fn generation(&self) -> u64 {
        1
    }

    fn disk_bytes(&self) -> u64 {
        lock(&self.committed).chunks.len() as u64 * 100
    }
}
