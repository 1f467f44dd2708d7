//! Exact searches and proofs of absence as answers: the same shape as those of a search by meaning.

use super::absence::{self, Absence};
use super::alike::Alike;
use super::entry::Failed;
use super::exact::{self, Exactly, Listing, Mode, Question, Reading, RootCounts, Tree};
use super::scope::Filter;
use super::{Coverage, DEFAULT_LIMIT, Hit, MAX_LIMIT, Search, SearchAnswer, SearchRequest, SearchedRoot};
use super::{budget, run};
use crate::EngineError;
use crate::freshness::Freshness;
use codemem_core::ids::ContentHash;
use std::time::Instant;

/// How a request is read: in which mode, and what of its query.
pub(super) struct Read<'q> {
    pub(super) mode: Mode,
    pub(super) query: &'q str,
    /// Said where it could be read otherwise.
    pub(super) note: Option<String>,
}

/// Reads a request's mode. Only what is asked by meaning can turn out to be a pattern.
pub(super) fn read(request: &SearchRequest) -> Read<'_> {
    let as_it_is = |note| Read {
        mode: request.mode,
        query: &request.query,
        note,
    };
    match request.mode {
        Mode::Exact | Mode::Regex => as_it_is(None),
        Mode::Meaning => match exact::read_slashes(&request.query) {
            Reading::Plain => as_it_is(None),
            Reading::Path => as_it_is(Some("read as a path; with `--regex` it is a pattern".to_owned())),
            Reading::Pattern(pattern) => Read {
                mode: Mode::Regex,
                query: pattern,
                note: Some("read as a pattern; with `--exact` the slashes count".to_owned()),
            },
        },
    }
}

/// Why what is ranked cannot be paged through.
pub(super) fn no_pages() -> EngineError {
    EngineError::Invalid {
        message: "only the hits of exact searches can be passed over".to_owned(),
        hint: "raise `--limit`, or search with `--exact` or `--regex`".to_owned(),
    }
}

/// Why lines have no neighbours.
pub(super) fn no_hop() -> EngineError {
    EngineError::Invalid {
        message: "only the hits of ranked searches have calls and callers".to_owned(),
        hint: "search without `--exact` or `--regex`, or ask `codemem symbol NAME --callers`".to_owned(),
    }
}

impl Search<'_> {
    fn tree(&self) -> Tree<'_> {
        Tree {
            ports: self.ports,
            stores: self.stores,
            root: self.root,
            label: self.label,
            view: self.view,
            freshness: self.freshness,
            fresh: self.fresh,
            stop: self.stop,
        }
    }
}

/// Answers a request for what stands in the files of some roots, of which there is at least one.
pub(super) fn run(searches: &[Search<'_>], request: &SearchRequest, read: &Read<'_>) -> Result<SearchAnswer, Failed> {
    let began = Instant::now();
    let first = searches.first().expect("a search has a root");
    let views: Vec<_> = searches.iter().map(|search| search.view).collect();
    let filter = Filter::read(&request.filters, &first.ports.extractor.languages(), &views)?;
    let question = Question {
        query: read.query,
        mode: read.mode,
        ignores_case: request.ignore_case,
        offset: request.offset,
        limit: if request.limit == 0 {
            DEFAULT_LIMIT
        } else {
            request.limit
        },
        bounds: exact::bounds(first.limits.exact_time, first.limits.search_threads),
    };
    let trees: Vec<Tree<'_>> = searches.iter().map(Search::tree).collect();
    let Exactly { page, counts, absence } = Exactly::of(&trees, &filter, question)?;
    let n_dropped = page.n_dropped;
    let mut hits: Vec<(usize, ContentHash, Hit)> = page.hits.into_iter().map(|found| hit(found, searches)).collect();
    if hits.len() <= MAX_LIMIT {
        let hits = hits.iter_mut().map(|(root, _, hit)| (*root, hit)).collect();
        run::put_memories(searches, hits, request);
    }
    let hits = hits.into_iter().map(|(root, hash, mut hit)| {
        hit.name_it(searches[root].label, hash);
        hit
    });
    let (hits, hits_left_out) = budget::named(hits.collect(), request.budget);
    let parts = searches.iter().zip(counts);
    let roots: Vec<SearchedRoot> = parts.map(|(search, counts)| searched(search, counts)).collect();
    Ok(SearchAnswer {
        hits,
        hits_left_out,
        coverage: Coverage {
            hits_dropped: n_dropped,
            ..Coverage::joined(&roots)
        },
        freshness: Freshness::joined(&roots),
        roots,
        took_ms: began.elapsed().as_secs_f64() * 1_000.0,
        mode: read.mode,
        note: read.note.clone(),
        absence,
    })
}

fn searched(search: &Search<'_>, counts: RootCounts) -> SearchedRoot {
    let swept = counts.swept;
    let n_files = swept.n_searched + swept.n_unread;
    search.searched(Coverage {
        files_searched: swept.n_searched,
        files_total: n_files,
        files_in_scope: n_files,
        matches: counts.n_matches,
        files_matched: counts.n_files,
        files_unread: swept.n_unread,
        files_binary: swept.n_binary,
        cut_short: swept.cut_short,
        ..search.coverage()
    })
}

/// What an answer without hits proves; nothing where the files cannot be read.
pub(super) fn prove_absence(
    searches: &[Search<'_>],
    request: &SearchRequest,
    filter: &Filter,
) -> Result<Option<Absence>, EngineError> {
    let prove = || {
        let listed = searches.iter().map(|search| {
            let tree = search.tree();
            Ok((tree, tree.list(filter)?))
        });
        let trees: Vec<(Tree<'_>, Listing)> = listed.collect::<Result<_, EngineError>>()?;
        let n_threads = searches.first().map_or(1, |search| search.limits.search_threads);
        absence::prove(&trees, &request.query, Mode::Meaning, n_threads)
    };
    match prove() {
        Ok(absence) => Ok(Some(absence)),
        Err(EngineError::GivenUp) => Err(EngineError::GivenUp),
        // A root may be away: what the index says of it stands.
        Err(error) => {
            tracing::warn!(error = error.chain(), "an empty answer proves nothing");
            Ok(None)
        }
    }
}

fn hit(found: exact::PageHit, searches: &[Search<'_>]) -> (usize, ContentHash, Hit) {
    let hit = Hit {
        path: found.path,
        root: searches[found.tree].root.to_path_buf(),
        start_line: found.line,
        end_line: found.line,
        handle: String::new(),
        kind: found.kind.to_owned(),
        name: found.name,
        signature: String::new(),
        score: f32::from(u8::from(found.is_definition)),
        snippet: found.text,
        language: found.language,
        stale: false,
        shares: Vec::new(),
        memories: Vec::new(),
        hop: None,
        alike: Alike::default(),
    };
    (found.tree, found.hash, hit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_a_query_is_read_is_said_where_it_could_be_read_otherwise() {
        let request = |query: &str, mode| SearchRequest {
            query: query.to_owned(),
            mode,
            ..SearchRequest::default()
        };
        for (query, mode, expected, told) in [
            ("/a.b/", Mode::Meaning, (Mode::Regex, "a.b"), true),
            ("/src/lib/", Mode::Meaning, (Mode::Meaning, "/src/lib/"), true),
            ("where is it", Mode::Meaning, (Mode::Meaning, "where is it"), false),
            ("/a.b/", Mode::Exact, (Mode::Exact, "/a.b/"), false),
            ("/a.b/", Mode::Regex, (Mode::Regex, "/a.b/"), false),
        ] {
            let request = request(query, mode);
            let read = read(&request);
            assert_eq!((read.mode, read.query), expected);
            assert_eq!(read.note.is_some(), told, "{query}");
        }
    }
}
