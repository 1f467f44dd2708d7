//! The budget of an answer: every hit keeps its location, the first ones get most of what is left for their lines.

use super::answer::Hit;
use super::hop::Hop;
use super::show::Draft;
use super::snippet::{Material, cost};
use codemem_core::query::Query;
use codemem_core::token::Tokenizer;
use codemem_core::tokens;

/// Tokens of an answer when the caller does not say.
pub(super) const DEFAULT_BUDGET: usize = 1_000;

/// Kept for what an answer says of itself: how much was searched, how fresh it is.
const RECEIPT: usize = 60;

/// Share of the receipt at most, where the budget is small.
const RECEIPT_SHARE: usize = 8;

/// Most tokens for the lines of one hit while others want more: a screenful.
const MAX_SHARE: usize = 1_500;

/// Cuts an answer to `budget` tokens. Hits whose location does not fit any more are left out; how many is told.
pub(super) fn fit(drafts: Vec<Draft>, query: &Query, budget: usize) -> (Vec<Hit>, usize) {
    let mut left = budget - RECEIPT.min(budget / RECEIPT_SHARE);
    let n_found = drafts.len();
    let mut shown: Vec<(Hit, Material)> = Vec::with_capacity(n_found);
    for draft in drafts {
        let fixed = location(&draft.hit);
        // The first is shown whatever it costs: an answer of nothing but counts helps nobody.
        if fixed > left && !shown.is_empty() {
            break;
        }
        left = left.saturating_sub(fixed);
        shown.push((draft.hit, draft.material));
    }
    let n_left_out = n_found - shown.len();
    // One for all hits: what it has learned of words saves most of the time.
    let mut tokenizer = Tokenizer::default();
    let mut hits = Vec::with_capacity(shown.len());
    // Neighbours come behind the lines, which leave them up to half of the room.
    let wanted: usize = shown.iter().map(|(hit, _)| hop_cost(hit)).sum();
    let kept = wanted.min(left / 2);
    left -= kept;
    let mut weights: f64 = (0..shown.len()).map(weight).sum();
    for (rank, (mut hit, material)) in shown.into_iter().enumerate() {
        // What short hits leave over, those behind them may use.
        let share = (left as f64 * weight(rank) / weights) as usize;
        weights -= weight(rank);
        hit.snippet = material.snippet(query, &mut tokenizer, share.min(MAX_SHARE));
        left = left.saturating_sub(hit.snippet.lines().map(cost).sum());
        hits.push(hit);
    }
    fit_hops(&mut hits, left + kept);
    (hits, n_left_out)
}

/// Cuts what is one step away from hits to `left` tokens. What some do not need, others may use, the first ones first.
fn fit_hops(hits: &mut [Hit], mut left: usize) {
    let weights: f64 = (0..hits.len())
        .filter(|&rank| hop_cost(&hits[rank]) > 0)
        .map(weight)
        .sum();
    let room = left as f64 / weights;
    let mut whole: Vec<Option<Hop>> = hits.iter().map(|hit| hit.hop.clone()).collect();
    let mut spent = vec![0; hits.len()];
    for (rank, hit) in hits.iter_mut().enumerate() {
        let subject = hit.subject();
        if let Some(hop) = &mut hit.hop {
            spent[rank] = hop.fit(&subject, (room * weight(rank)) as usize);
            left = left.saturating_sub(spent[rank]);
        }
    }
    for (rank, hit) in hits.iter_mut().enumerate() {
        let subject = hit.subject();
        if let Some(mut hop) = whole[rank].take() {
            let more = hop.fit(&subject, spent[rank] + left);
            left = (spent[rank] + left).saturating_sub(more);
            hit.hop = Some(hop);
        }
    }
}

/// Tokens of all that is one step away from a hit.
fn hop_cost(hit: &Hit) -> usize {
    hit.hop.as_ref().map_or(0, |hop| hop.cost(&hit.subject()))
}

/// Cuts hits that are a line each to `budget` tokens; 0 keeps all of them, as whoever asks for so many lines means them.
pub(super) fn named(mut hits: Vec<Hit>, budget: usize) -> (Vec<Hit>, usize) {
    let n_found = hits.len();
    if budget > 0 {
        let mut left = budget - RECEIPT.min(budget / RECEIPT_SHARE);
        let fits = hits.iter().take_while(|hit| {
            let lines: usize = hit.snippet.lines().map(cost).sum();
            let cost = location(hit) + lines;
            let fits = cost <= left;
            left = left.saturating_sub(cost);
            fits
        });
        let n_fitting = fits.count();
        hits.truncate(n_fitting.max(1));
    }
    let n_left_out = n_found - hits.len();
    (hits, n_left_out)
}

/// How much of the room the hit of a rank gets against others.
fn weight(rank: usize) -> f64 {
    1.0 / (1.0 + 0.35 * rank as f64)
}

/// Tokens of a hit's first line, of the line that names those it stands for, and of the memories beside it, which have a
/// line each.
fn location(hit: &Hit) -> usize {
    let line = format!("{} {} {}", hit.handle, hit.kind, hit.name);
    let alike = match hit.alike.line() {
        line if line.is_empty() => 0,
        line => cost(&line),
    };
    let memories = hit.memories.iter().map(|memory| {
        let stale = memory.stale.as_deref().unwrap_or_default();
        cost(&format!("memory {}: {} {stale}", memory.id, memory.title))
    });
    tokens::estimate(&line) + 1 + alike + memories.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::super::alike::Alike;
    use super::super::hop::{Neighbour, Side};
    use super::*;
    use codemem_core::unit::LineSpan;

    fn drafts(n: usize, n_lines: usize) -> Vec<Draft> {
        let lines = (0..n_lines).map(|n| format!("    let value_{n} = compute({n});"));
        let source = format!("fn work() {{\n{}\n}}", lines.collect::<Vec<_>>().join("\n"));
        let span = LineSpan {
            start: 1,
            end: n_lines as u32 + 2,
        };
        let draft = |at: usize| Draft {
            hit: Hit {
                path: format!("src/module/file_{at}.rs"),
                root: "/r".into(),
                start_line: span.start,
                end_line: span.end,
                handle: format!("src/module/file_{at}.rs:{}-{}@3f2a", span.start, span.end),
                kind: "function".to_owned(),
                name: "work".to_owned(),
                signature: "fn work()".to_owned(),
                score: 1.0,
                snippet: String::new(),
                language: "rust".to_owned(),
                stale: false,
                shares: Vec::new(),
                memories: Vec::new(),
                hop: None,
                alike: Alike::default(),
            },
            material: Material::new(&source, span, "fn work()"),
            indexed: span,
            hash: codemem_core::ids::Hash128([0; 16]),
        };
        (0..n).map(draft).collect()
    }

    fn spent(hits: &[Hit]) -> usize {
        let text = |hit: &Hit| location(hit) + hit.snippet.lines().map(cost).sum::<usize>();
        hits.iter().map(text).sum()
    }

    #[test]
    fn an_answer_stays_within_its_budget_and_the_first_hits_get_most_of_it() {
        let query = Query::parse("compute value");
        for (n, budget) in [(10, 1_000), (10, 500), (30, 2_000), (1, 100), (10, 200)] {
            let (hits, _) = fit(drafts(n, 60), &query, budget);
            assert!(spent(&hits) <= budget, "{n} hits, {budget}: {}", spent(&hits));
        }
        let (hits, n_left_out) = fit(drafts(10, 60), &query, 1_000);
        assert_eq!((hits.len(), n_left_out), (10, 0));
        let n_lines = |at: usize| hits[at].snippet.lines().count();
        assert!(
            n_lines(0) > 2 * n_lines(9) && n_lines(9) >= 1,
            "{} {}",
            n_lines(0),
            n_lines(9)
        );
        assert!(spent(&hits) > 800, "room is used: {}", spent(&hits));
    }

    #[test]
    fn neighbours_share_the_budget_and_come_behind_the_lines() {
        let query = Query::parse("compute value");
        let neighbour = |n: usize| Neighbour {
            side: if n.is_multiple_of(2) {
                Side::Calls
            } else {
                Side::Callers
            },
            name: format!("work_{n}"),
            kind: "function".to_owned(),
            signature: "fn work()".to_owned(),
            path: format!("src/module/other_{n}.rs"),
            start_line: 1,
            end_line: 2,
            line: 2,
            evidence: "local".to_owned(),
            label: format!("work_{n}()"),
            alike: Alike::default(),
        };
        let with_hops = |n: usize, n_neighbours: usize| {
            let mut drafts = drafts(n, 60);
            for draft in &mut drafts {
                draft.hit.hop = Some(Hop {
                    neighbours: (0..n_neighbours).map(neighbour).collect(),
                    ..Hop::default()
                });
            }
            drafts
        };
        let n_shown = |hit: &Hit| hit.hop.as_ref().map_or(0, |hop| hop.neighbours.len());
        let n_left_out = |hit: &Hit| {
            let hop = hit.hop.as_ref();
            hop.map_or(0, |hop| hop.calls_left_out + hop.callers_left_out)
        };
        for (n, n_neighbours, budget) in [
            (10, 20, 1_000),
            (10, 20, 300),
            (10, 20, 8_000),
            (1, 48, 400),
            (10, 1, 1_000),
        ] {
            let (hits, _) = fit(with_hops(n, n_neighbours), &query, budget);
            let hops: usize = hits.iter().map(hop_cost_shown).sum();
            assert!(spent(&hits) + hops <= budget, "{budget}: {} and {hops}", spent(&hits));
            assert!(
                hits.iter().all(|hit| n_shown(hit) + n_left_out(hit) == n_neighbours),
                "{budget}"
            );
            assert!(n_shown(&hits[0]) >= n_shown(&hits[n - 1]), "{budget}");
        }
        let (hits, n_left_out) = fit(with_hops(10, 20), &query, 1_000);
        assert_eq!((hits.len(), n_left_out), (10, 0), "they cost no hit its place");
        assert!(n_shown(&hits[0]) > 0 && hits[0].snippet.lines().count() > 3, "{hits:?}");
        // What they do not need, lines have.
        let (few, _) = fit(with_hops(10, 0), &query, 1_000);
        let (none, _) = fit(drafts(10, 60), &query, 1_000);
        assert_eq!(spent(&few), spent(&none));
    }

    /// Tokens of the lines of a hop that are shown.
    fn hop_cost_shown(hit: &Hit) -> usize {
        match &hit.hop {
            Some(hop) if !hop.neighbours.is_empty() => hop.cost(&hit.subject()),
            _ => 0,
        }
    }

    #[test]
    fn no_location_is_lost_for_lines_and_what_has_no_room_is_counted() {
        let query = Query::parse("compute");
        let (hits, n_left_out) = fit(drafts(10, 60), &query, 260);
        assert_eq!((hits.len(), n_left_out), (10, 0));
        let (hits, n_left_out) = fit(drafts(40, 60), &query, 260);
        assert!(n_left_out > 0 && hits.len() + n_left_out == 40);
        let (hits, n_left_out) = fit(drafts(3, 60), &query, 1);
        assert_eq!((hits.len(), n_left_out), (1, 2));
        assert_eq!(fit(Vec::new(), &query, 1_000).0.len(), 0);
    }

    #[test]
    fn what_short_hits_leave_over_is_used_by_long_ones() {
        let query = Query::parse("compute");
        let mut mixed = drafts(10, 60);
        for draft in &mut mixed[..5] {
            draft.material = Material::new("fn f() {}", LineSpan { start: 1, end: 1 }, "fn f()");
        }
        let (hits, _) = fit(mixed, &query, 1_000);
        let (same, _) = fit(drafts(10, 60), &query, 1_000);
        assert!(hits[9].snippet.len() > same[9].snippet.len());
    }
}
