//! An answer: hits, and what they rest on, root by root and in all.

use super::absence::Absence;
use super::alike::Alike;
use super::exact::Mode;
use super::hop::Hop;
use crate::freshness::Freshness;
use codemem_core::memory::MemoryId;
use codemem_core::ports::Watching;
use codemem_core::rank;
use std::path::PathBuf;

/// One file that answers.
#[derive(Clone, PartialEq, Debug)]
pub struct Hit {
    /// Relative to the root; where several were searched, behind the root's label.
    pub path: String,
    /// The root it belongs to.
    pub root: PathBuf,
    /// First line of the chunk that answers best.
    pub start_line: u32,
    /// Last line of it.
    pub end_line: u32,
    /// Names these lines for [`Engine::expand`](crate::Engine::expand): `path:start-end@hash`.
    pub handle: String,
    /// Kind of the symbol shown, `text` when there is none.
    pub kind: String,
    /// Its qualified name; empty when there is none.
    pub name: String,
    /// Its signature; empty when there is none.
    pub signature: String,
    /// Comparable within one answer only.
    pub score: f32,
    /// The lines that answer, as they stand in the file now, as far as the budget goes.
    pub snippet: String,
    /// The file's language.
    pub language: String,
    /// The file is not what was indexed.
    pub stale: bool,
    /// What made the score; empty unless asked for.
    pub shares: Vec<rank::Share>,
    /// Memories that are anchored to the file or to what is shown of it; at most three.
    pub memories: Vec<AnchoredMemory>,
    /// What is one step away in the code graph; `None` unless asked for.
    pub hop: Option<Hop>,
    /// Hits that it stands for: only where a hop was asked for.
    pub alike: Alike,
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
    /// In the exact modes, lines that match, shown or not.
    pub matches: u64,
    /// In the exact modes, files that have such lines.
    pub files_matched: u64,
    /// In the exact modes, files that were not searched: unreadable, too large, or not reached in time.
    pub files_unread: u64,
    /// In the exact modes, files that are no text, and count nowhere else.
    pub files_binary: u64,
    /// In the exact modes, whether time was up before every file was searched.
    pub cut_short: bool,
}

/// One root of an answer.
#[derive(Clone, PartialEq, Debug)]
pub struct SearchedRoot {
    /// The root.
    pub root: PathBuf,
    /// Before the paths of its hits; empty where it was searched alone.
    pub label: String,
    /// What its part of the answer rests on.
    pub coverage: Coverage,
    /// How true that is.
    pub freshness: Freshness,
    /// Why it was not searched; `None` when it was.
    pub problem: Option<String>,
}

/// The answer.
#[derive(Clone, PartialEq, Debug)]
pub struct SearchAnswer {
    /// The roots that were searched, in the order asked for; at least one.
    pub roots: Vec<SearchedRoot>,
    /// Best first, one per file.
    pub hits: Vec<Hit>,
    /// Hits that were found and not even named, because the budget has no room for another line.
    pub hits_left_out: usize,
    /// What it rests on: of several roots, sums.
    pub coverage: Coverage,
    /// How true it is: of several roots, the worst of each.
    pub freshness: Freshness,
    /// Milliseconds spent.
    pub took_ms: f64,
    /// How the query was read.
    pub mode: Mode,
    /// What to say of that, where it could be read otherwise.
    pub note: Option<String>,
    /// What the answer proves when it has no hits.
    pub absence: Option<Absence>,
}

impl Coverage {
    /// What an answer over several roots rests on.
    pub(super) fn joined(roots: &[SearchedRoot]) -> Self {
        let mut all = Self::default();
        let mut n_with_vector = 0.0;
        for one in roots {
            let coverage = &one.coverage;
            all.files_searched += coverage.files_searched;
            all.files_total += coverage.files_total;
            all.files_in_scope += coverage.files_in_scope;
            all.chunks += coverage.chunks;
            all.hits_dropped += coverage.hits_dropped;
            all.matches += coverage.matches;
            all.files_matched += coverage.files_matched;
            all.files_unread += coverage.files_unread;
            all.files_binary += coverage.files_binary;
            all.cut_short |= coverage.cut_short;
            n_with_vector += coverage.vectors * coverage.chunks as f64;
            if all.no_vectors.is_none()
                && let Some(reason) = &coverage.no_vectors
            {
                all.no_vectors = Some(if roots.len() > 1 {
                    format!("{}: {reason}", one.label)
                } else {
                    reason.clone()
                });
            }
        }
        all.vectors = match roots {
            [one] => one.coverage.vectors,
            _ if all.chunks == 0 => 1.0,
            _ => n_with_vector / all.chunks as f64,
        };
        all
    }
}

impl Freshness {
    /// The worst of each. What is checked out is told only where it is the same everywhere.
    pub(super) fn joined(roots: &[SearchedRoot]) -> Self {
        let mut each = roots.iter().map(|root| &root.freshness);
        let Some(first) = each.next() else {
            return Self::default();
        };
        each.fold(first.clone(), |all, next| Self {
            head: all.head.filter(|head| Some(head) == next.head.as_ref()),
            dirty: match (all.dirty, next.dirty) {
                (Some(one), Some(other)) => Some(one + other),
                (one, other) => one.or(other),
            },
            pending: all.pending + next.pending,
            rescanning: all.rescanning || next.rescanning,
            watching: if trust(&next.watching) < trust(&all.watching) {
                next.watching.clone()
            } else {
                all.watching
            },
            // One that was never compared is the oldest.
            checked_at: all.checked_at.min(next.checked_at),
        })
    }
}

fn trust(watching: &Watching) -> u8 {
    match watching {
        Watching::Off => 0,
        Watching::Polling { .. } => 1,
        Watching::Events { .. } => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use codemem_core::ports::Head;
    use std::time::{Duration, UNIX_EPOCH};

    fn root(label: &str, coverage: Coverage, freshness: Freshness) -> SearchedRoot {
        SearchedRoot {
            root: format!("/{label}").into(),
            label: label.to_owned(),
            coverage,
            freshness,
            problem: None,
        }
    }

    #[test]
    fn sums_and_the_worst_of_each() {
        let head = |branch: &str| {
            Some(Head {
                branch: Some(branch.to_owned()),
                commit: None,
            })
        };
        let roots = [
            root(
                "a",
                Coverage {
                    files_searched: 1,
                    files_total: 2,
                    chunks: 30,
                    vectors: 1.0,
                    ..Coverage::default()
                },
                Freshness {
                    head: head("main"),
                    dirty: Some(2),
                    watching: Watching::Events { directories: 1 },
                    checked_at: Some(UNIX_EPOCH + Duration::from_secs(9)),
                    ..Freshness::default()
                },
            ),
            root(
                "b",
                Coverage {
                    files_searched: 10,
                    files_total: 20,
                    chunks: 10,
                    vectors: 0.0,
                    no_vectors: Some("no vectors yet".to_owned()),
                    hits_dropped: 1,
                    ..Coverage::default()
                },
                Freshness {
                    head: head("other"),
                    pending: 3,
                    rescanning: true,
                    checked_at: Some(UNIX_EPOCH + Duration::from_secs(4)),
                    ..Freshness::default()
                },
            ),
        ];
        let coverage = Coverage::joined(&roots);
        assert_eq!((coverage.files_searched, coverage.files_total), (11, 22));
        assert!((coverage.vectors - 0.75).abs() < 1e-9);
        assert_eq!(coverage.no_vectors.as_deref(), Some("b: no vectors yet"));
        let freshness = Freshness::joined(&roots);
        assert_eq!((freshness.head, freshness.dirty, freshness.pending), (None, Some(2), 3));
        assert_eq!(freshness.watching, Watching::Off);
        assert_eq!(freshness.checked_at, roots[1].freshness.checked_at);
        assert_eq!(Freshness::joined(&roots[..1]), roots[0].freshness);
        assert_eq!(Coverage::joined(&roots[..1]), roots[0].coverage);
    }
}
