//! One search: the roots gathered side by side, their candidates ranked together, the best shown within the budget.

use super::alike::Key;
use super::answer::{Coverage, Hit, SearchAnswer, SearchedRoot};
use super::budget::{self, DEFAULT_BUDGET};
use super::entry::Failed;
use super::exact::Mode;
use super::exactly;
use super::gather::{Candidate, Gathered};
use super::hop;
use super::scope::{Filter, Scope};
use super::show::Draft;
use super::{DEFAULT_LIMIT, MAX_DROPPED, MAX_LIMIT, MAX_QUERY, SHOWN_QUERY, Search, SearchRequest};
use crate::EngineError;
use crate::freshness::Freshness;
use codemem_core::ids::ContentHash;
use codemem_core::query::Query;
use codemem_core::rank::{self, Evidence, Order, Ranked};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

/// What one root has to say.
struct Part {
    scope: Scope,
    no_vectors: Option<String>,
    hits_dropped: u64,
}

/// The candidates of all roots, and the root of each.
struct Joined {
    candidates: Vec<Candidate>,
    roots: Vec<usize>,
}

/// Answers a request over some roots, of which there is at least one. Up to `n_threads` of them are gathered at a time.
pub(super) fn run(searches: &[Search<'_>], request: &SearchRequest, n_threads: usize) -> Result<SearchAnswer, Failed> {
    let began = Instant::now();
    let read = exactly::read(request);
    if read.mode != Mode::Meaning {
        if request.expand {
            return Err(exactly::no_hop().into());
        }
        return exactly::run(searches, request, &read);
    }
    if request.offset > 0 {
        return Err(exactly::no_pages().into());
    }
    let first = searches.first().expect("a search has a root");
    let query = question(request)?;
    let views: Vec<_> = searches.iter().map(|search| search.view).collect();
    let filter = Filter::read(&request.filters, &first.ports.extractor.languages(), &views)?;
    let (mut parts, joined) = gather(searches, &query, &filter, n_threads)?;
    let weights = if query.is_identifier {
        &rank::IDENTIFIER
    } else {
        &rank::PROSE
    };
    let evidence: Vec<&Evidence> = joined.candidates.iter().map(|one| &one.evidence).collect();
    tracing::debug!(n_candidates = evidence.len(), "gathered");
    let ranked = Order::of(&query, weights, &evidence);
    let limit = match request.limit {
        0 => DEFAULT_LIMIT,
        limit => limit.min(MAX_LIMIT),
    };
    let mut first_of: HashMap<Key, usize> = HashMap::new();
    let mut drafts: Vec<(usize, Draft)> = Vec::with_capacity(limit.min(evidence.len()));
    for Ranked { index, score, features } in ranked.take(limit + MAX_DROPPED) {
        if drafts.len() == limit {
            break;
        }
        let root = joined.roots[index];
        let search = &searches[root];
        search.go_on()?;
        let shown = search.show(&query, &filter, &joined.candidates[index], score);
        let Some(mut draft) = shown.map_err(Failed::at(root))? else {
            parts[root].hits_dropped += 1;
            continue;
        };
        if request.expand
            && let Some(key) = draft.key()
        {
            let first = *first_of.entry(key).or_insert(drafts.len());
            if let Some((_, first)) = drafts.get_mut(first) {
                first.hit.alike.add(draft.place(search.label));
                continue;
            }
        }
        if request.explain {
            draft.hit.shares = weights.explain(&features);
        }
        drafts.push((root, draft));
    }
    tracing::debug!(n_hits = drafts.len(), "read what is shown");
    put_memories(
        searches,
        drafts.iter_mut().map(|(root, draft)| (*root, &mut draft.hit)).collect(),
        request,
    );
    if request.expand {
        hop::take(searches, &mut drafts)?;
    }
    let drafts: Vec<Draft> = drafts
        .into_iter()
        .map(|(root, draft)| draft.labelled(searches[root].label))
        .collect();
    let tokens = match request.budget {
        0 => DEFAULT_BUDGET,
        tokens => tokens,
    };
    let absence = match drafts.as_slice() {
        [] => exactly::prove_absence(searches, request, &filter)?,
        _ => None,
    };
    let (hits, hits_left_out) = budget::fit(drafts, &query, tokens);
    let roots: Vec<SearchedRoot> = searches
        .iter()
        .zip(parts)
        .map(|(search, part)| {
            search.searched(Coverage {
                files_in_scope: part.scope.n_files,
                no_vectors: part.no_vectors,
                hits_dropped: part.hits_dropped,
                ..search.coverage()
            })
        })
        .collect();
    Ok(SearchAnswer {
        hits,
        hits_left_out,
        coverage: Coverage::joined(&roots),
        freshness: Freshness::joined(&roots),
        roots,
        took_ms: began.elapsed().as_secs_f64() * 1_000.0,
        mode: Mode::Meaning,
        note: read.note,
        absence,
    })
}

fn question(request: &SearchRequest) -> Result<Query, EngineError> {
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
    Ok(query)
}

/// The candidates of all roots. A content that several roots hold is the first one's.
fn gather(
    searches: &[Search<'_>],
    query: &Query,
    filter: &Filter,
    n_threads: usize,
) -> Result<(Vec<Part>, Joined), Failed> {
    let gathered = side_by_side(searches.len(), n_threads, |at| {
        let search = &searches[at];
        let scope = search.scope(filter)?;
        let gathered = search.gather(query, &scope)?;
        Ok((scope, gathered))
    })?;
    let mut parts = Vec::with_capacity(searches.len());
    let mut joined = Joined {
        candidates: Vec::new(),
        roots: Vec::new(),
    };
    let mut holders: HashMap<ContentHash, usize> = HashMap::new();
    for (at, (scope, Gathered { candidates, no_vectors })) in gathered.into_iter().enumerate() {
        for candidate in candidates {
            let hash = searches[at].view.file(candidate.file).hash;
            // Of one root, one content is one candidate anyway.
            if *holders.entry(hash).or_insert(at) == at {
                joined.candidates.push(candidate);
                joined.roots.push(at);
            }
        }
        parts.push(Part {
            scope,
            no_vectors,
            hits_dropped: 0,
        });
    }
    Ok((parts, joined))
}

/// Does some work for every number below `n`, on this thread and on up to `n_threads - 1` more. The first failure by number
/// is the answer.
fn side_by_side<T: Send>(
    n: usize,
    n_threads: usize,
    work: impl Fn(usize) -> Result<T, EngineError> + Sync,
) -> Result<Vec<T>, Failed> {
    let next = AtomicUsize::new(0);
    let take_turns = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= n {
                return done;
            }
            done.push((at, work(at)));
        }
    };
    let span = tracing::Span::current();
    let mut done = thread::scope(|scope| {
        let helpers: Vec<_> = (1..n_threads.min(n))
            .filter_map(|_| {
                let help = || span.in_scope(take_turns);
                let helper = thread::Builder::new()
                    .name("search".to_owned())
                    .spawn_scoped(scope, help);
                // Without help it takes longer.
                helper
                    .inspect_err(|error| tracing::warn!(%error, "cannot start a thread"))
                    .ok()
            })
            .collect();
        let mut done = take_turns();
        for helper in helpers {
            match helper.join() {
                Ok(more) => done.extend(more),
                Err(_) => done.push((n, Err(EngineError::JobLost("search")))),
            }
        }
        done
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter()
        .map(|(at, outcome)| outcome.map_err(|error| if at < n { Failed::at(at)(error) } else { error.into() }))
        .collect()
}

/// Puts memories beside hits, each with the number of its root.
pub(super) fn put_memories(searches: &[Search<'_>], hits: Vec<(usize, &mut Hit)>, request: &SearchRequest) {
    let mut by_root: Vec<Vec<&mut Hit>> = searches.iter().map(|_| Vec::new()).collect();
    for (root, hit) in hits {
        by_root[root].push(hit);
    }
    for (search, mut hits) in searches.iter().zip(by_root) {
        search.put_memories(&mut hits, request.session.as_ref());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_done_once_each_and_comes_back_in_order() {
        for (n, n_threads) in [(0, 1), (1, 1), (5, 1), (5, 3), (2, 9), (100, 4)] {
            let done = side_by_side(n, n_threads, Ok);
            assert_eq!(done.ok(), Some((0..n).collect::<Vec<_>>()), "{n} {n_threads}");
        }
    }

    #[test]
    fn what_fails_is_named() {
        for n_threads in [1, 4] {
            let done = side_by_side(9, n_threads, |at| match at {
                3 | 7 => Err(EngineError::Stopping),
                at => Ok(at),
            });
            assert_eq!(done.err().and_then(|failed| failed.root), Some(3));
        }
    }
}
