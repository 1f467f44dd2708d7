//! Gathering evidence: words, definitions and vectors, joined per file.

use super::{Scope, Search};
use crate::EngineError;
use crate::repository::is_damage;
use codemem_core::ids::{ChunkId, ContentId, TextId};
use codemem_core::ports::{LexicalQuery, PortErrorKind, SymbolRow, VectorSpace};
use codemem_core::query::{NameStrength, Query};
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

/// Nearest file summaries.
const NEAREST_FILES: usize = 200;

/// Nearest chunks.
const NEAREST_CHUNKS: usize = 300;

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
struct Pool {
    candidates: Vec<Candidate>,
    by_content: HashMap<ContentId, usize>,
}

impl Search<'_> {
    /// Everything that speaks for a file in scope.
    pub(super) fn gather(&self, query: &Query, scope: &Scope) -> Result<Gathered, EngineError> {
        // Making the query's vector takes as long as looking for words and definitions.
        thread::scope(|threads| {
            self.embed_ahead(threads, &query.question);
            self.gather_all(query, scope)
        })
    }

    /// Begins to make the query's vector, where there are vectors to compare it with. A model that is not in memory is left to
    /// whoever finds that it is needed.
    fn embed_ahead<'s>(&'s self, threads: &'s thread::Scope<'s, '_>, text: &'s str) {
        if self.counts.chunks_with_vector == 0 || self.embedded.is_made() || !self.ports.embedder.is_loaded() {
            return;
        }
        let span = tracing::Span::current();
        // What goes wrong is told to whoever asks for the vector.
        let embed = move || span.in_scope(|| drop(self.embedded(text)));
        let begun = thread::Builder::new()
            .name("search-embed".to_owned())
            .spawn_scoped(threads, embed);
        if let Err(error) = begun {
            tracing::debug!(%error, "the vector of a query is made later");
        }
    }

    fn gather_all(&self, query: &Query, scope: &Scope) -> Result<Gathered, EngineError> {
        let mut pool = Pool::default();
        self.go_on()?;
        self.gather_words(query, scope, &mut pool)?;
        self.go_on()?;
        self.gather_definitions(query, scope, &mut pool)?;
        self.go_on()?;
        let no_vectors = self.gather_vectors(query, scope, &mut pool).unwrap_or_else(|error| {
            tracing::warn!(error = error.chain(), "a search goes without vectors");
            if is_damage(&error) {
                self.met_damage.store(true, Ordering::Relaxed);
            }
            Some(error.chain())
        });
        pool.candidates.retain(Candidate::is_evident);
        let project = self.root.file_name().unwrap_or_default().to_string_lossy();
        let mut evidence: Vec<&mut Evidence> = pool.candidates.iter_mut().map(|one| &mut one.evidence).collect();
        rank::survey(query, &project, &mut evidence);
        Ok(Gathered {
            candidates: pool.candidates,
            no_vectors,
        })
    }

    fn candidate<'p>(&self, pool: &'p mut Pool, scope: &Scope, content: ContentId) -> Option<&'p mut Candidate> {
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
                is_exact: rows.iter().any(|row| spellings.contains(row.name.as_str())),
            });
            candidate
                .definitions
                .extend(rows.into_iter().map(|row| (row, strength)));
        }
        Ok(())
    }

    /// Adds cosines. Vectors are a help, not a condition: without them the answer says why.
    fn gather_vectors(&self, query: &Query, scope: &Scope, pool: &mut Pool) -> Result<Option<String>, EngineError> {
        let vectors = &self.stores.vectors;
        let count = |space| vectors.count(space).map_err(EngineError::port("count the vectors"));
        if count(VectorSpace::Files)? + count(VectorSpace::Chunks)? == 0 {
            let waiting = self.state.vectors_problem.clone();
            return Ok(Some(waiting.unwrap_or_else(|| "no vectors yet".to_owned())));
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
                return Ok(Some(
                    "the vectors were made by another model; run `codemem index --force`".to_owned(),
                ));
            }
            Err(error) => return Ok(Some(error.to_string())),
        }
        let vector = match self.embedded(&query.question) {
            Ok(vector) => vector,
            Err(error) if error.kind == PortErrorKind::Unavailable => return Ok(Some(error.to_string())),
            Err(error) => return Err(EngineError::port("embed the query")(error)),
        };
        let near = vectors
            .search(VectorSpace::Files, vector, scope.summaries.as_ref(), NEAREST_FILES)
            .map_err(EngineError::port("search the file vectors"))?;
        for (text, cosine) in near.into_iter().filter(|(text, _)| scope.has_summary(*text)) {
            for number in self.view.summarised(text) {
                let content = self.view.file(number).content;
                if let Some(candidate) = self.candidate(pool, scope, content) {
                    let best = candidate.evidence.summary_cosine.get_or_insert(cosine);
                    *best = best.max(cosine);
                }
            }
        }
        let within = match &scope.summaries {
            None => None,
            Some(_) => Some(
                self.stores
                    .catalog
                    .texts_of(&scope.contents)
                    .map_err(EngineError::port("find the texts in scope"))?,
            ),
        };
        let near = vectors
            .search(VectorSpace::Chunks, vector, within.as_ref(), NEAREST_CHUNKS)
            .map_err(EngineError::port("search the chunk vectors"))?;
        let cosines: HashMap<TextId, f32> = near.iter().copied().collect();
        let texts: Vec<TextId> = near.into_iter().map(|(text, _)| text).collect();
        let chunks = self
            .stores
            .catalog
            .chunks_with_texts(&texts)
            .map_err(EngineError::port("look up chunks"))?;
        for (text, chunk, content) in chunks {
            let Some(candidate) = self.candidate(pool, scope, content) else {
                continue;
            };
            let cosine = cosines.get(&text).copied().unwrap_or_default();
            let best = candidate.evidence.chunk_cosine.get_or_insert(cosine);
            *best = best.max(cosine);
            match candidate.chunks.iter_mut().find(|(id, _, _)| *id == chunk) {
                Some((_, _, known)) => *known = Some(cosine),
                None => candidate.chunks.push((chunk, 0.0, Some(cosine))),
            }
        }
        Ok(None)
    }
}
