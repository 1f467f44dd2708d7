//! A search: query in, ranked files out.
//!
//! Runs on a blocking thread of the runtime, reads published snapshots only, never waits for an
//! indexing job. Evidence is gathered ([`gather`]), ranked by `codemem_core::rank`, and shown with
//! the file as it stands now ([`show`], [`relocate`]), and with what is remembered about it ([`beside`]).

mod beside;
mod gather;
mod relocate;
mod show;

use crate::EngineError;
use crate::config::Ports;
use crate::freshness::Freshness;
use crate::progress::RootState;
use crate::threads::Stop;
use crate::view::{View, ViewFile};
use codemem_core::ids::{IdSet, TextId};
use codemem_core::memory::{MemoryId, SessionId};
use codemem_core::ports::{Stores, WorktreeCounts};
use codemem_core::query::Query;
use codemem_core::rank::{self, Features};
use globset::GlobBuilder;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// Hits in an answer when the caller does not say.
const DEFAULT_LIMIT: usize = 10;

/// Most hits in an answer.
const MAX_LIMIT: usize = 200;

/// Most files that are read again in vain: of a root in which more has changed, the answer is worth little anyway.
const MAX_DROPPED: usize = 50;

/// Longest query read, in bytes: a whole prompt fits, a pasted file is cut.
const MAX_QUERY: usize = 64 * 1024;

/// Longest path glob compiled, in bytes: no path is longer, and its automaton grows with it.
const MAX_GLOB: usize = 4096;

/// Bytes of a query that the log shows at debug level.
const SHOWN_QUERY: usize = 500;

/// A question about code.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SearchRequest {
    /// What is looked for.
    pub query: String,
    /// A path inside the root to be searched.
    pub path: PathBuf,
    /// Most hits; 0 means 10.
    pub limit: usize,
    /// Only files of this language.
    pub language: Option<String>,
    /// Only paths that match this glob, relative to the root.
    pub path_glob: Option<String>,
    /// Say of each hit which features made its score.
    pub explain: bool,
    /// The caller's session, whose memories may stand beside hits.
    pub session: Option<SessionId>,
}

/// One file that answers.
#[derive(Clone, PartialEq, Debug)]
pub struct Hit {
    /// Relative to the root.
    pub path: String,
    /// First line of the chunk that answers best.
    pub start_line: u32,
    /// Last line of it.
    pub end_line: u32,
    /// Kind of the symbol shown, `text` when there is none.
    pub kind: String,
    /// Its qualified name; empty when there is none.
    pub name: String,
    /// Its signature; empty when there is none.
    pub signature: String,
    /// Comparable within one answer only.
    pub score: f32,
    /// The lines themselves, as they stand in the file now.
    pub snippet: String,
    /// The file's language.
    pub language: String,
    /// The file is not what was indexed.
    pub stale: bool,
    /// What made the score; empty unless asked for.
    pub shares: Vec<rank::Share>,
    /// Memories that are anchored to the file or to what is shown of it; at most three.
    pub memories: Vec<AnchoredMemory>,
}

/// A memory beside the code it is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AnchoredMemory {
    /// Its id.
    pub id: MemoryId,
    /// Its first line, cut.
    pub title: String,
    /// What has become of the code since: `code changed since 2026-11-02`.
    pub stale: Option<String>,
}

/// What an answer rests on.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Coverage {
    /// Files searchable by words and symbols.
    pub files_searched: u64,
    /// Files that the last scan found.
    pub files_total: u64,
    /// Files that the filters let through.
    pub files_in_scope: u64,
    /// Chunks of the searchable files.
    pub chunks: u64,
    /// Share of those chunks that have a vector, 0 to 1.
    pub vectors: f64,
    /// Why no vectors were used; `None` when they were.
    pub no_vectors: Option<String>,
    /// Files that would have been hits, and no longer hold what spoke for them; others took their places.
    pub hits_dropped: u64,
}

/// The answer.
#[derive(Clone, PartialEq, Debug)]
pub struct SearchAnswer {
    /// The root that was searched.
    pub root: PathBuf,
    /// Best first, one per file.
    pub hits: Vec<Hit>,
    /// What it rests on.
    pub coverage: Coverage,
    /// How true it is.
    pub freshness: Freshness,
    /// Milliseconds spent.
    pub took_ms: f64,
}

/// One search over one root.
pub(crate) struct Search<'a> {
    pub(crate) ports: &'a Ports,
    pub(crate) stores: &'a Stores,
    pub(crate) root: &'a Path,
    pub(crate) view: &'a View,
    pub(crate) state: &'a RootState,
    pub(crate) freshness: &'a Freshness,
    pub(crate) counts: WorktreeCounts,
    pub(crate) max_file_bytes: u64,
    /// Requested when nobody waits for the answer any more.
    pub(crate) stop: &'a Stop,
    /// Set when a store that an answer can do without turned out damaged.
    pub(crate) met_damage: &'a AtomicBool,
}

/// The part of a view that the filters let through.
struct Scope {
    contents: IdSet,
    paths: IdSet,
    /// Texts of the summaries in scope; `None` when everything is.
    summaries: Option<IdSet>,
    n_files: u64,
}

impl Search<'_> {
    /// Answers a request.
    pub(crate) fn run(&self, request: &SearchRequest) -> Result<SearchAnswer, EngineError> {
        let began = Instant::now();
        let query = Query::parse(codemem_core::compose::clip(&request.query, MAX_QUERY));
        if query.text.is_empty() {
            return Err(EngineError::Invalid {
                message: "the query is empty".to_owned(),
                hint: "say what you are looking for: `codemem search \"where are requests routed\"`".to_owned(),
            });
        }
        // What the user asks is private: never above this level.
        tracing::debug!(
            query = codemem_core::compose::clip(&query.text, SHOWN_QUERY),
            "searching"
        );
        let scope = self.scope(request)?;
        let limit = if request.limit == 0 {
            DEFAULT_LIMIT
        } else {
            request.limit.min(MAX_LIMIT)
        };
        let gathered = self.gather(&query, &scope)?;
        let evidence: Vec<rank::Evidence> = gathered
            .candidates
            .iter()
            .map(|candidate| candidate.evidence.clone())
            .collect();
        let features = Features::of(&query, &evidence);
        let weights = if query.is_identifier {
            rank::IDENTIFIER
        } else {
            rank::PROSE
        };
        let mut order: Vec<(f32, usize)> = features
            .iter()
            .enumerate()
            .map(|(index, features)| (weights.score(features), index))
            .collect();
        // Equal scores in path order: the same question has the same answer.
        order.sort_by(|a, b| {
            rounded(b.0)
                .cmp(&rounded(a.0))
                .then_with(|| evidence[a.1].path.cmp(&evidence[b.1].path))
        });
        let mut hits = Vec::with_capacity(limit.min(order.len()));
        let mut hits_dropped = 0;
        for (score, index) in order.into_iter().take(limit + MAX_DROPPED) {
            if hits.len() == limit {
                break;
            }
            self.go_on()?;
            let Some(mut hit) = self.show(&query, &gathered.candidates[index], score)? else {
                hits_dropped += 1;
                continue;
            };
            if request.explain {
                hit.shares = weights.explain(&features[index]);
            }
            hits.push(hit);
        }
        self.put_memories(&mut hits, request.session.as_ref());
        let counts = &self.counts;
        Ok(SearchAnswer {
            root: self.root.to_path_buf(),
            hits,
            coverage: Coverage {
                files_searched: self.view.len() as u64,
                files_total: self.state.files_seen.max(self.view.len() as u64),
                files_in_scope: scope.n_files,
                chunks: counts.chunks,
                vectors: if counts.chunks == 0 {
                    1.0
                } else {
                    counts.chunks_with_vector as f64 / counts.chunks as f64
                },
                no_vectors: gathered.no_vectors,
                hits_dropped,
            },
            freshness: self.freshness.clone(),
            took_ms: began.elapsed().as_secs_f64() * 1_000.0,
        })
    }

    /// Ends a search that nobody waits for; called between its steps.
    fn go_on(&self) -> Result<(), EngineError> {
        if self.stop.is_requested() {
            tracing::debug!("a search was given up");
            return Err(EngineError::GivenUp);
        }
        Ok(())
    }

    fn scope(&self, request: &SearchRequest) -> Result<Scope, EngineError> {
        let language = request
            .language
            .as_deref()
            .map(|name| self.language(name))
            .transpose()?;
        let glob = request.path_glob.as_deref().map(glob).transpose()?;
        if language.is_none() && glob.is_none() {
            return Ok(Scope {
                contents: self.view.contents().clone(),
                paths: self.view.paths().clone(),
                summaries: None,
                n_files: self.view.len() as u64,
            });
        }
        let chosen = |file: &&ViewFile| {
            language.as_ref().is_none_or(|name| *file.language == **name)
                && glob.as_ref().is_none_or(|glob| glob.is_match(file.path.as_str()))
        };
        let files: Vec<&ViewFile> = self.view.files().filter(chosen).collect();
        Ok(Scope {
            contents: files.iter().map(|file| file.content.0).collect(),
            paths: files.iter().map(|file| file.path_id.0).collect(),
            summaries: Some(files.iter().map(|file| file.summary.0).collect()),
            n_files: files.len() as u64,
        })
    }

    /// The language a user means; one that nothing here is written in is an error that lists those that are.
    fn language(&self, name: &str) -> Result<String, EngineError> {
        let wanted = name.to_lowercase();
        let known = self.ports.extractor.languages();
        let by_name = known.iter().find(|language| language.name == wanted);
        let by_extension = || known.iter().find(|language| language.extensions.contains(&wanted));
        let present = self.view.languages();
        match by_name.or_else(by_extension).map(|language| language.name.clone()) {
            Some(name) => Ok(name),
            None if present.iter().any(|name| **name == *wanted) => Ok(wanted),
            None => Err(EngineError::Invalid {
                message: format!("no language is called `{name}`"),
                hint: format!("this root has {}", present.join(", ")),
            }),
        }
    }
}

/// Scores that differ by no more than the order in which their parts were summed up are equal.
fn rounded(score: f32) -> i64 {
    (f64::from(score) * 100_000.0).round() as i64
}

fn glob(pattern: &str) -> Result<globset::GlobMatcher, EngineError> {
    if pattern.len() > MAX_GLOB {
        return Err(EngineError::Invalid {
            message: format!(
                "a path glob of {} bytes is too long; {MAX_GLOB} are read",
                pattern.len()
            ),
            hint: "write it like `src/**/*.rs`".to_owned(),
        });
    }
    // `src` and `src/` mean what is below; `*.rs` means any directory.
    let pattern = pattern.trim_start_matches("./");
    let widened = match pattern {
        _ if pattern.ends_with('/') => format!("{pattern}**"),
        _ if !pattern.contains(['*', '?', '[', '{']) => format!("{{{pattern},{pattern}/**}}"),
        _ if !pattern.contains('/') => format!("**/{pattern}"),
        _ => pattern.to_owned(),
    };
    let glob = GlobBuilder::new(&widened)
        .literal_separator(true)
        .build()
        .map_err(|error| EngineError::Invalid {
            message: format!("`{pattern}` is not a path glob: {}", error.kind()),
            hint: "write it like `src/**/*.rs`".to_owned(),
        })?;
    Ok(glob.compile_matcher())
}

impl Scope {
    fn has_summary(&self, text: TextId) -> bool {
        self.summaries.as_ref().is_none_or(|texts| texts.contains(text.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_mean_what_their_writer_means() {
        let table = [
            ("src", "src/a/b.rs", true),
            ("src/", "src/a/b.rs", true),
            ("src", "lib/src.rs", false),
            ("*.rs", "src/a/b.rs", true),
            ("src/*.rs", "src/b.rs", true),
            ("src/*.rs", "src/a/b.rs", false),
            ("src/**/*.rs", "src/a/b.rs", true),
            ("./src/b.rs", "src/b.rs", true),
        ];
        for (pattern, path, expected) in table {
            assert_eq!(
                glob(pattern).expect("valid").is_match(path),
                expected,
                "{pattern} {path}"
            );
        }
        assert!(glob("src/[").is_err());
    }
}
