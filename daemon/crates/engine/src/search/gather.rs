//! Gathering evidence: words, definitions and what is near ([`super::near`]), joined per file.

use super::near::Ahead;
use super::{Scope, Search};
use crate::EngineError;
use crate::repository::is_damage;
use codemem_core::ids::{ChunkId, ContentId};
use codemem_core::ports::{LexicalQuery, SymbolRow};
use codemem_core::query::{self, NameStrength, Query};
use codemem_core::rank::{self, Defined, Evidence};
use codemem_core::token;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::thread;

/// Contents taken from the lexical index; far more than are shown, so that other evidence can lift them.
const LEXICAL_LIMIT: usize = 300;

/// Chunks kept per content.
const CHUNKS_PER_CONTENT: usize = 4;

/// Chunks of a content whose scores are summed; more would favour long files.
const BEST_CHUNKS: usize = 3;

/// Definitions looked up, of those in scope.
const DEFINITIONS: usize = 400;

/// Cosine below which a vector alone is no reason to show a file: unrelated English and code lie
/// around 0.1 with the default model, related ones above 0.3.
const COSINE_FLOOR: f32 = 0.25;

/// A file that may answer.
pub(super) struct Candidate {
    /// Its number in the view.
    pub(super) file: u32,
    pub(super) evidence: Evidence,
    /// Its chunks with what speaks for each: lexical score, cosine.
    pub(super) chunks: Vec<(ChunkId, f32, Option<f32>)>,
    /// The definitions in it that the query names.
    pub(super) definitions: Vec<(SymbolRow, NameStrength)>,
}

impl Candidate {
    /// Whether anything but a weak resemblance speaks for the file: nothing found is an answer, noise is not.
    fn is_evident(&self) -> bool {
        let evidence = &self.evidence;
        let cosine = evidence
            .summary_cosine
            .into_iter()
            .chain(evidence.chunk_cosine)
            .fold(f32::MIN, f32::max);
        evidence.coverage > 0.0
            || evidence.stem + evidence.dirs > 0.0
            || !evidence.defines.is_empty()
            || cosine >= COSINE_FLOOR
    }
}

/// All candidates of a query.
pub(super) struct Gathered {
    pub(super) candidates: Vec<Candidate>,
    /// Why no vectors were used.
    pub(super) no_vectors: Option<String>,
}

/// Candidates by the content they show; a content that several paths hold is shown once.
#[derive(Default)]
pub(super) struct Pool {
    candidates: Vec<Candidate>,
    by_content: HashMap<ContentId, usize>,
}

impl Search<'_> {
    /// Everything that speaks for a file in scope.
    pub(super) fn gather(&self, query: &Query, scope: &Scope) -> Result<Gathered, EngineError> {
        // Vectors take as long as everything else does.
        thread::scope(|threads| {
            let ahead = self.near_ahead(threads, query, scope);
            self.gather_all(query, scope, ahead)
        })
    }

    fn gather_all(&self, query: &Query, scope: &Scope, ahead: Option<Ahead<'_>>) -> Result<Gathered, EngineError> {
        let mut pool = Pool::default();
        self.go_on()?;
        self.gather_words(query, scope, &mut pool)?;
        self.go_on()?;
        self.gather_definitions(query, scope, &mut pool)?;
        self.go_on()?;
        let no_vectors = self.gather_near(query, scope, ahead, &mut pool);
        let no_vectors = no_vectors.unwrap_or_else(|error| {
            tracing::warn!(error = error.chain(), "a search goes without vectors");
            if is_damage(&error) {
                self.met_damage.store(true, Ordering::Relaxed);
            }
            Some(error.chain())
        });
        pool.candidates.retain(Candidate::is_evident);
        for one in &mut pool.candidates {
            one.evidence.users = self.users.of(self.view.file(one.file).path_id);
            one.evidence.most_users = self.users.most();
        }
        self.mark_exports(query, &mut pool.candidates)?;
        let project = self.root.file_name().unwrap_or_default().to_string_lossy();
        let mut evidence: Vec<&mut Evidence> = pool.candidates.iter_mut().map(|one| &mut one.evidence).collect();
        rank::survey(query, &project, &mut evidence);
        Ok(Gathered {
            candidates: pool.candidates,
            no_vectors,
        })
    }

    pub(super) fn candidate<'p>(
        &self,
        pool: &'p mut Pool,
        scope: &Scope,
        content: ContentId,
    ) -> Option<&'p mut Candidate> {
        if let Some(&index) = pool.by_content.get(&content) {
            return Some(&mut pool.candidates[index]);
        }
        let holders = self
            .view
            .holding(content)
            .map(|number| (number, self.view.file(number)));
        // The first by path, however the view came about: the same question has the same answer.
        let (number, file) = holders
            .filter(|(_, file)| scope.paths.contains(file.path_id.0))
            .min_by(|(_, a), (_, b)| a.path.cmp(&b.path))?;
        pool.by_content.insert(content, pool.candidates.len());
        pool.candidates.push(Candidate {
            file: number,
            evidence: Evidence::new(file.path.clone()),
            chunks: Vec::new(),
            definitions: Vec::new(),
        });
        pool.candidates.last_mut()
    }

    fn gather_words(&self, query: &Query, scope: &Scope, pool: &mut Pool) -> Result<(), EngineError> {
        let found = self
            .stores
            .lexical
            .search(&LexicalQuery {
                terms: &query.terms,
                contents: &scope.contents,
                paths: &scope.paths,
                limit: LEXICAL_LIMIT,
                chunks_per_content: CHUNKS_PER_CONTENT,
            })
            .map_err(EngineError::port("search the lexical index"))?;
        for content in found.contents {
            let Some(candidate) = self.candidate(pool, scope, content.content) else {
                continue;
            };
            let evidence = &mut candidate.evidence;
            evidence.file = content.file;
            evidence.best_chunks = content.chunks.iter().take(BEST_CHUNKS).map(|chunk| chunk.body).sum();
            evidence.names = content.names;
            evidence.docs = content.docs;
            evidence.coverage = content.coverage;
            for chunk in &content.chunks {
                evidence.chunk = evidence.chunk.max(chunk.body);
                evidence.chunk_coverage = evidence.chunk_coverage.max(chunk.coverage);
                // Names and documentation say what a chunk is for, its body what it mentions.
                candidate
                    .chunks
                    .push((chunk.chunk, chunk.body + chunk.names + 0.5 * chunk.docs, None));
            }
        }
        for path in found.paths {
            let Some(number) = self.view.at(path.path) else {
                continue;
            };
            let content = self.view.file(number).content;
            let Some(candidate) = self.candidate(pool, scope, content) else {
                continue;
            };
            // Of several paths with one content, the one that the query names is shown; the first of those that it names
            // as well.
            let (named, shown) = (path.stem + path.dirs, candidate.evidence.stem + candidate.evidence.dirs);
            let holder = &self.view.file(number).path;
            if named > shown || named >= shown && *holder < candidate.evidence.path {
                candidate.file = number;
                candidate.evidence.path = holder.clone();
                candidate.evidence.stem = path.stem;
                candidate.evidence.dirs = path.dirs;
            }
        }
        Ok(())
    }

    fn gather_definitions(&self, query: &Query, scope: &Scope, pool: &mut Pool) -> Result<(), EngineError> {
        let names: Vec<String> = query.names.iter().map(|name| name.text.clone()).collect();
        let rows = self
            .stores
            .catalog
            .definitions(&names, Some(&scope.contents), DEFINITIONS)
            .map_err(EngineError::port("look up definitions"))?;
        let strengths: HashMap<&str, NameStrength> = query
            .names
            .iter()
            .map(|name| (name.text.as_str(), name.strength))
            .collect();
        let spellings: HashSet<&str> = token::words(&query.question)
            .map(|word| &query.question[word])
            .collect();
        let mut n_files: HashMap<String, usize> = HashMap::new();
        let mut found: HashMap<(ContentId, String), Vec<SymbolRow>> = HashMap::new();
        for row in rows {
            found
                .entry((row.content, row.name.to_lowercase()))
                .or_default()
                .push(row);
        }
        for (_, name) in found.keys() {
            *n_files.entry(name.clone()).or_default() += 1;
        }
        for ((content, name), rows) in found {
            let Some(&strength) = strengths.get(name.as_str()) else {
                continue;
            };
            let Some(candidate) = self.candidate(pool, scope, content) else {
                continue;
            };
            let n_files = n_files.get(&name).copied().unwrap_or(1);
            candidate.evidence.defines.push(Defined {
                name,
                strength,
                n_files,
                is_type: rows.iter().any(|row| row.kind.is_type()),
                is_exact: rows.iter().any(|row| spellings.contains(query::unmarked(&row.name))),
            });
            candidate
                .definitions
                .extend(rows.into_iter().map(|row| (row, strength)));
        }
        Ok(())
    }
}
