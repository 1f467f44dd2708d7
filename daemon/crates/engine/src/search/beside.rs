//! Memories beside hits: what is remembered about the code that is shown.
//!
//! One call to the memory store per search; without memories about the shown files nothing more is done. Memories are a help: a
//! store that fails is logged, and the hits go without.

use super::{AnchoredMemory, Hit, Search};
use crate::memory::{Located, Trees};
use crate::project;
use codemem_core::memory::{Anchor, Memory, Reader, SessionId};
use codemem_core::unit::LineSpan;
use std::time::UNIX_EPOCH;

/// Most memories beside one hit.
const MAX_BESIDE: usize = 3;

/// Longest title, in characters.
const TITLE: usize = 80;

/// How closely an anchor meets a hit; closer is smaller.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Closeness {
    Symbol,
    Lines,
    File,
}

impl Search<'_> {
    /// Puts the memories about what is shown beside each hit.
    pub(super) fn put_memories(&self, hits: &mut [&mut Hit], session: Option<&SessionId>) {
        let Some(memories) = &self.ports.memories else { return };
        if hits.is_empty() {
            return;
        }
        // Anchors are relative to the top of the worktree, hits to the root.
        let Ok(identity) = self.ports.source.identify(self.root) else {
            return;
        };
        let base = identity.git_top.as_deref().unwrap_or(self.root);
        let Some(prefix) = project::prefix(base, self.root) else {
            return;
        };
        let reader = Reader {
            project: Some(project::key(&identity)),
            session: session.cloned(),
        };
        let paths: Vec<String> = hits.iter().map(|hit| format!("{prefix}{}", hit.path)).collect();
        let now = (self.ports.clock)()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_millis();
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        let asked: Vec<&str> = paths.iter().map(String::as_str).collect();
        let mut found = match memories.anchored(&reader, &asked, now) {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%error, "hits are shown without memories");
                return;
            }
        };
        // What reads like an order to an agent is not set beside code without its warning.
        found.retain(|memory| reader.may_read(&memory.place) && memory.flags.is_empty());
        if found.is_empty() {
            return;
        }
        let mut trees = Trees::new(self.ports, Some(base), self.max_file_bytes);
        for (hit, path) in hits.iter_mut().zip(&paths) {
            hit.memories = beside(hit, path, &found, &mut trees);
        }
    }
}

fn beside(hit: &Hit, path: &str, found: &[Memory], trees: &mut Trees<'_>) -> Vec<AnchoredMemory> {
    let mut beside: Vec<(Closeness, &Memory)> = found
        .iter()
        .filter_map(|memory| {
            let anchors = memory.anchors.iter().filter(|anchor| anchor.path == path);
            let closest = anchors.filter_map(|anchor| closeness(hit, anchor, trees)).min()?;
            Some((closest, memory))
        })
        .collect();
    beside.sort_by(|(a, one), (b, other)| a.cmp(b).then_with(|| other.created_at.cmp(&one.created_at)));
    beside.truncate(MAX_BESIDE);
    beside
        .into_iter()
        .map(|(_, memory)| AnchoredMemory {
            id: memory.id.clone(),
            title: memory.title(TITLE),
            stale: trees.show(memory.clone()).stale,
        })
        .collect()
}

/// How an anchor in the hit's file meets what is shown of it; `None` when it is about something else there.
fn closeness(hit: &Hit, anchor: &Anchor, trees: &mut Trees<'_>) -> Option<Closeness> {
    if anchor.symbol.is_empty() {
        return Some(Closeness::File);
    }
    if anchor.symbol == hit.name {
        return Some(Closeness::Symbol);
    }
    let shown = LineSpan {
        start: hit.start_line,
        end: hit.end_line,
    };
    match trees.locate(&anchor.path, &anchor.symbol) {
        Located::Code(_, lines) => lines
            .iter()
            .any(|lines| lines.overlaps(shown))
            .then_some(Closeness::Lines),
        // The file is about it, as far as anybody knows.
        Located::Gone | Located::Unknown => Some(Closeness::File),
    }
}
