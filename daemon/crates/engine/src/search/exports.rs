//! Who passes on what is asked for: the files that re-export an identifier which the tree takes from elsewhere.
//!
//! Read from what files say themselves, for one identifier that no candidate defines; of all other queries nothing is read.

use super::Search;
use super::gather::Candidate;
use crate::EngineError;
use codemem_core::ids::ContentId;
use codemem_core::query::Query;
use codemem_core::rank::Evidence;
use codemem_core::token;

/// Most files that are read, those with the best words first.
const MAX_READ: usize = 24;

impl Search<'_> {
    /// Marks the candidates that re-export the identifier asked for.
    pub(super) fn mark_exports(&self, query: &Query, candidates: &mut [Candidate]) -> Result<(), EngineError> {
        let mut ways_in = Evidence::ways_in(query, candidates.iter().map(|one| &one.evidence));
        let Some(name) = token::words(&query.question).last().filter(|_| !ways_in.is_empty()) else {
            return Ok(());
        };
        let name = &query.question[name];
        ways_in.sort_by(|&a, &b| candidates[b].evidence.file.total_cmp(&candidates[a].evidence.file));
        ways_in.truncate(MAX_READ);
        let content = |&index: &usize| self.view.file(candidates[index].file).content;
        let contents: Vec<ContentId> = ways_in.iter().map(content).collect();
        let facts = self.stores.catalog.facts(&contents);
        let facts = facts.map_err(EngineError::port("read what files re-export"))?;
        for (index, facts) in ways_in.into_iter().zip(facts) {
            candidates[index].evidence.exports = facts.imports().any(|one| one.is_exported && one.local == name);
        }
        Ok(())
    }
}
