//! A search: query in, ranked files out.
//!
//! Runs on a blocking thread of the runtime, reads published snapshots only, never waits for an
//! indexing job. The roots that are asked about are found ([`entry`]); in each, evidence is gathered from what the filters
//! let through ([`scope`], [`gather`]); all of it is ranked together by `codemem_core::rank` ([`run`]), and shown with
//! the files as they stand now ([`show`], [`relocate`]), with what is remembered about them ([`beside`]), and with the
//! lines that answer, as far as the budget goes ([`snippet`], [`budget`]), and, where that is asked for, with what is one
//! step away in the code graph ([`hop`], [`alike`]). Every hit has a handle, by which more of it is
//! shown ([`handle`], [`expand`], [`whole`]), also when its file has changed since ([`memo`]).

mod absence;
mod alike;
mod answer;
mod beside;
mod budget;
mod entry;
mod exact;
mod exactly;
mod expand;
mod exports;
mod gather;
mod handle;
mod hop;
mod label;
mod memo;
mod near;
mod relocate;
mod run;
mod scope;
mod show;
mod snippet;
mod whole;

use crate::EngineError;
use crate::config::{EngineConfig, Ports};
use crate::freshness::{Fresh, Freshness};
use crate::graph::{Known, Users};
use crate::progress::RootState;
use crate::threads::Stop;
use crate::view::View;
use codemem_core::error::chain;
use codemem_core::memory::SessionId;
use codemem_core::ports::{Embedder, PortError, PortErrorKind, PortResult, Stores, WorktreeCounts};
use scope::Scope;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

pub use absence::{Absence, Counted};
pub(crate) use alike::Key;
pub use alike::{Alike, Place};
pub use answer::{AnchoredMemory, Coverage, Hit, SearchAnswer, SearchedRoot};
pub(crate) use entry::Ready;
pub use exact::Mode;
pub use expand::{Code, ExpandRequest, Expanded, Refusal};
pub use hop::{Hop, Neighbour, Side};
pub(crate) use memo::Memo;
pub use scope::Tests;
pub use whole::Kept;

/// Hits in an answer when the caller does not say.
const DEFAULT_LIMIT: usize = 10;

/// Most hits in an answer.
const MAX_LIMIT: usize = 200;

/// Most files that are read again in vain: of a root in which more has changed, the answer is worth little anyway.
const MAX_DROPPED: usize = 50;

/// Longest query read, in bytes: a whole prompt fits, a pasted file is cut.
const MAX_QUERY: usize = 64 * 1024;

/// Bytes of a query that the log shows at debug level.
const SHOWN_QUERY: usize = 500;

/// A question about code.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a wish of its own")]
pub struct SearchRequest {
    /// What is looked for.
    pub query: String,
    /// How to read it.
    pub mode: Mode,
    /// In the exact modes, whether capitals equal small letters.
    pub ignore_case: bool,
    /// In the exact modes, hits to pass over.
    pub offset: usize,
    /// Paths inside the roots to be searched.
    pub paths: Vec<PathBuf>,
    /// Every registered root, whatever `paths` has.
    pub all: bool,
    /// Most hits; 0 means 10.
    pub limit: usize,
    /// Most tokens of the answer as text; 0 means 1000.
    pub budget: usize,
    /// What is looked at.
    pub filters: Filters,
    /// Say of each hit which features made its score.
    pub explain: bool,
    /// Say of each hit what it calls and who calls it, and show what is alike once. Not in the exact modes.
    pub expand: bool,
    /// The caller's session, whose memories may stand beside hits.
    pub session: Option<SessionId>,
}

/// What of the roots is looked at. All have to let something pass.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Filters {
    /// Only files of one of these languages, by name or file extension; none means all.
    pub languages: Vec<String>,
    /// Only paths, relative to their root, that match one of these globs and none of those that begin with `!`.
    pub path_globs: Vec<String>,
    /// Only symbols of one of these kinds; none means everything, text included.
    pub kinds: Vec<String>,
    /// With tests, without, or nothing else.
    pub tests: Tests,
}

/// One root of a search, as it was published when the search began.
pub(crate) struct Search<'a> {
    pub(crate) ports: &'a Ports,
    pub(crate) stores: &'a Stores,
    pub(crate) root: &'a Path,
    /// Before the paths of its hits; empty where it is the only one.
    pub(crate) label: &'a str,
    pub(crate) view: &'a View,
    pub(crate) state: &'a RootState,
    pub(crate) freshness: &'a Freshness,
    pub(crate) fresh: &'a Fresh,
    pub(crate) counts: WorktreeCounts,
    pub(crate) users: &'a Users,
    pub(crate) max_file_bytes: u64,
    pub(crate) limits: &'a EngineConfig,
    /// Requested when nobody waits for the answer any more.
    pub(crate) stop: &'a Stop,
    pub(crate) embedded: &'a Embedded,
    pub(crate) known: &'a Known,
    /// Set when a store that an answer can do without turned out damaged.
    pub(crate) met_damage: &'a AtomicBool,
}

impl Search<'_> {
    /// A path of the root as hits have it.
    fn labelled(&self, path: &str) -> String {
        match self.label {
            "" => path.to_owned(),
            label => format!("{label}/{path}"),
        }
    }

    /// What an answer from the index rests on, whatever is asked.
    fn coverage(&self) -> Coverage {
        let counts = &self.counts;
        Coverage {
            files_searched: self.view.len() as u64,
            files_total: self.state.files_seen.max(self.view.len() as u64),
            chunks: counts.chunks,
            vectors: if counts.chunks == 0 {
                1.0
            } else {
                counts.chunks_with_vector as f64 / counts.chunks as f64
            },
            ..Coverage::default()
        }
    }

    /// The root as a part of an answer.
    fn searched(&self, coverage: Coverage) -> SearchedRoot {
        SearchedRoot {
            root: self.root.to_path_buf(),
            label: self.label.to_owned(),
            coverage,
            freshness: self.freshness.clone(),
            problem: None,
        }
    }

    /// The query as a vector.
    fn embedded(&self, text: &str) -> PortResult<&[f32]> {
        self.embedded.get(&*self.ports.embedder, text)
    }

    /// Ends a search that nobody waits for; called between its steps.
    fn go_on(&self) -> Result<(), EngineError> {
        if self.stop.is_requested() {
            tracing::debug!("a search was given up");
            return Err(EngineError::GivenUp);
        }
        Ok(())
    }
}

/// The query's vector, which the first root that needs it makes for all of them.
#[derive(Default)]
pub(crate) struct Embedded(OnceLock<Result<Vec<f32>, (PortErrorKind, String)>>);

impl Embedded {
    /// Whether that has been done already.
    fn is_made(&self) -> bool {
        self.0.get().is_some()
    }

    fn get(&self, embedder: &dyn Embedder, text: &str) -> PortResult<&[f32]> {
        let made = self.0.get_or_init(|| {
            let made = embedder.embed_query(text);
            made.map_err(|error| (error.kind, chain(&error)))
        });
        match made {
            Ok(vector) => Ok(vector),
            Err((kind, why)) => Err(PortError::new(*kind, why.clone())),
        }
    }
}
