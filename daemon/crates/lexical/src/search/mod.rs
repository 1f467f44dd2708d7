//! From a query to evidence, on the thread that asks.
//!
//! Tantivy's collectors give one score per document. Ranking wants more, per field, per chunk and
//! per file, so the postings are walked here, each list once:
//!
//! 1. [`scope`]: which rows take part, and the statistics of BM25 over exactly these;
//! 2. [`walk`]: the postings of one term, narrowed to the scope;
//! 3. [`score`]: their idf and the sums per file and path;
//! 4. [`rank`]: the cut, made after the filter, the sums per chunk of what is left, and the ids.

mod rank;
mod scope;
mod score;
mod walk;

pub(crate) use scope::LastScope;

use crate::snapshot::Snapshot;
use codemem_core::ports::{LexicalEvidence, LexicalQuery, QueryTerm};
use std::io;

/// Gathers the evidence that `snapshot` holds for `query`.
pub(crate) fn search(snapshot: &Snapshot, query: &LexicalQuery<'_>) -> io::Result<LexicalEvidence> {
    let terms = heaviest(query.terms);
    let scope = scope::Scope::of(snapshot, query);
    let contents = score::contents(snapshot, &scope, &terms)?;
    let paths = score::paths(snapshot, &scope, &terms)?;
    let evidence = LexicalEvidence {
        contents: rank::contents(snapshot, &scope, &contents, query)?,
        paths: rank::paths(snapshot, &paths, query),
    };
    let (n_contents, n_paths) = (evidence.contents.len(), evidence.paths.len());
    tracing::debug!(n_terms = terms.len(), n_contents, n_paths, "searched the words");
    Ok(evidence)
}

/// The terms that count, in the order of the query.
fn heaviest(terms: &[QueryTerm]) -> Vec<&QueryTerm> {
    let mut order: Vec<usize> = (0..terms.len()).filter(|&index| terms[index].weight > 0.0).collect();
    order.sort_by(|&a, &b| terms[b].weight.total_cmp(&terms[a].weight));
    order.truncate(LexicalQuery::MAX_TERMS);
    order.sort_unstable();
    order.into_iter().map(|index| &terms[index]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_terms_are_used_and_the_earlier_of_equals() {
        let terms: Vec<QueryTerm> = (0..200_u8)
            .map(|number| QueryTerm {
                text: number.to_string(),
                weight: match number {
                    0 => 0.0,
                    1..100 => 0.5,
                    100.. => 0.4,
                },
            })
            .collect();
        let used: Vec<String> = heaviest(&terms).into_iter().map(|term| term.text.clone()).collect();
        let expected: Vec<String> = (1..65).map(|number| number.to_string()).collect();
        assert_eq!(used, expected);
    }
}
