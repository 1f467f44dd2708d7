//! One step from hits in the code graph: what they call, who calls them.
//!
//! Looked up in the index that the search reads, on its thread, each hit in its own root; a hit whose file has changed
//! since is looked up as it was indexed. Methods that are alike are one neighbour. What the budget has no room for is
//! counted, and so is what was not looked up in time.

use super::Search;
use super::alike::{Alike, Key, Place, label};
use super::answer::Hit;
use super::entry::Failed;
use super::show::Draft;
use super::snippet::cost;
use crate::EngineError;
use crate::graph::{self, Call, Caller, Definition, Neighbours, Tree};
use codemem_core::graph::Evidence;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Hits whose neighbours are looked up, the best first.
const MAX_HOPS: usize = 50;

/// Longest time spent on that: names that half a large tree uses have callers that take long to tell.
const MAX_TIME: Duration = Duration::from_millis(250);

/// Neighbours of each kind that are looked at more closely; those behind them are counted.
const MAX_NEIGHBOURS: usize = 24;

/// On which side a neighbour is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Side {
    /// The hit calls it.
    Calls,
    /// It calls the hit.
    Callers,
}

/// A definition that a hit calls, or that calls it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Neighbour {
    /// On which side.
    pub side: Side,
    /// With its enclosing names; empty for the top of a file.
    pub name: String,
    /// What it is; `text` for the top of a file.
    pub kind: String,
    /// Without its body.
    pub signature: String,
    /// As hits have it.
    pub path: String,
    /// First line, from 1 on.
    pub start_line: u32,
    /// Last line.
    pub end_line: u32,
    /// The line of the first call: in the hit's file, of callers in their own.
    pub line: u32,
    /// Why the call is believed to mean that.
    pub evidence: String,
    /// What text shows for it: its name with its parameters.
    pub label: String,
    /// The same method with the same signature elsewhere.
    pub alike: Alike,
}

/// One step from a hit.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Hop {
    /// Calls in the order in which they stand, then callers, those that are no tests first.
    pub neighbours: Vec<Neighbour>,
    /// Definitions that it calls and that are not among them.
    pub calls_left_out: usize,
    /// Callers that are not among them.
    pub callers_left_out: usize,
    /// Calls in it, and calls of its name, of which the files do not say what they mean.
    pub open: u64,
}

/// Looks up the neighbours of hits, each with the number of its root. The best first, as far as [`MAX_HOPS`] and [`MAX_TIME`]
/// go.
pub(super) fn take(searches: &[Search<'_>], drafts: &mut [(usize, Draft)]) -> Result<(), Failed> {
    let deadline = Instant::now() + MAX_TIME;
    let mut graphs: Vec<Option<Graph<'_>>> = searches.iter().map(|_| None).collect();
    for (at, draft) in drafts.iter_mut().take(MAX_HOPS) {
        if Instant::now() > deadline {
            break;
        }
        searches[*at].go_on()?;
        let graph = graphs[*at].get_or_insert_with(|| Graph::new(&searches[*at]));
        draft.hit.hop = Some(graph.hop(draft).map_err(Failed::at(*at))?);
    }
    Ok(())
}

/// A root's graph, for the time of one answer.
struct Graph<'s> {
    search: &'s Search<'s>,
    tree: Tree<'s>,
}

impl<'s> Graph<'s> {
    fn new(search: &'s Search<'s>) -> Self {
        Self {
            search,
            tree: Tree::new(search.view, &*search.stores.catalog, search.known, search.stop),
        }
    }

    fn hop(&self, draft: &Draft) -> Result<Hop, EngineError> {
        let near = graph::neighbours(&self.tree, &draft.hit.path, draft.indexed, MAX_NEIGHBOURS)?;
        let Neighbours {
            calls,
            callers,
            callers_left_out,
            open,
        } = near;
        let (calls, calls_left_out) = folded(calls.into_iter().map(|one| self.called(one)).collect());
        let (callers, n_behind) = folded(callers.into_iter().map(|one| self.calling(one)).collect());
        Ok(Hop {
            neighbours: calls.into_iter().chain(callers).collect(),
            calls_left_out,
            callers_left_out: callers_left_out + n_behind,
            open,
        })
    }

    fn called(&self, one: Call) -> (Option<Key>, Neighbour) {
        self.neighbour(Side::Calls, one.definition, one.line, one.evidence)
    }

    fn calling(&self, one: Caller) -> (Option<Key>, Neighbour) {
        if let Some(definition) = one.definition {
            return self.neighbour(Side::Callers, definition, one.line, one.evidence);
        }
        let top = Neighbour {
            side: Side::Callers,
            name: String::new(),
            kind: "text".to_owned(),
            signature: String::new(),
            path: self.search.labelled(&one.path),
            start_line: one.line,
            end_line: one.line,
            line: one.line,
            evidence: one.evidence.as_str().to_owned(),
            label: String::new(),
            alike: Alike::default(),
        };
        (None, top)
    }

    fn neighbour(&self, side: Side, one: Definition, line: u32, evidence: Evidence) -> (Option<Key>, Neighbour) {
        let key = Key::of(&one.language, &one.kind, &one.qualified_name, &one.signature);
        let neighbour = Neighbour {
            side,
            label: label(&one.qualified_name, &one.signature),
            name: one.qualified_name,
            kind: one.kind,
            signature: one.signature,
            path: self.search.labelled(&one.path),
            start_line: one.start_line,
            end_line: one.end_line,
            line,
            evidence: evidence.as_str().to_owned(),
            alike: Alike::default(),
        };
        (key, neighbour)
    }
}

/// Neighbours of which each stands for those alike, as many as are looked at; and how many are behind them.
fn folded(found: Vec<(Option<Key>, Neighbour)>) -> (Vec<Neighbour>, usize) {
    let mut known: HashMap<Key, usize> = HashMap::new();
    let mut neighbours: Vec<Neighbour> = Vec::new();
    for (key, neighbour) in found {
        if let Some(&at) = key.as_ref().and_then(|key| known.get(key)) {
            neighbours[at].alike.add(neighbour.place());
            continue;
        }
        known.extend(key.map(|key| (key, neighbours.len())));
        neighbours.push(neighbour);
    }
    let behind = neighbours.split_off(neighbours.len().min(MAX_NEIGHBOURS));
    (neighbours, behind.iter().map(Neighbour::stands_for).sum())
}

impl Neighbour {
    fn place(self) -> Place {
        Place {
            path: self.path,
            start_line: self.start_line,
            end_line: self.end_line,
            name: self.name,
        }
    }

    /// Definitions that it is one line for.
    fn stands_for(&self) -> usize {
        1 + self.alike.len()
    }

    /// As text has it.
    fn line(&self) -> String {
        let line = match self.side {
            Side::Calls => format!("→ {}  {}:{}", self.label, self.path, self.start_line),
            Side::Callers => format!("← {}:{} in {}", self.path, self.line, self.name),
        };
        match self.alike.line() {
            alike if alike.is_empty() => line,
            alike => format!("{line}, {alike}"),
        }
    }
}

impl Hit {
    /// What `codemem symbol` is asked about for more of its neighbours.
    pub(super) fn subject(&self) -> String {
        if self.name.is_empty() {
            format!("{}:{}", self.path, self.start_line)
        } else {
            self.name.clone()
        }
    }
}

impl Hop {
    /// Tokens of all of it, for a hit that is asked about by `subject`.
    pub(super) fn cost(&self, subject: &str) -> usize {
        let lines = self.neighbours.iter().map(|one| cost(&one.line()));
        let more = match self.left_out() {
            0 => 0,
            _ => more(subject),
        };
        lines.sum::<usize>() + more
    }

    /// Definitions that are not among the neighbours.
    fn left_out(&self) -> usize {
        self.calls_left_out + self.callers_left_out
    }

    /// Cuts it to `room` tokens, a call and a caller in turns; answers what it costs then. Where there is no room for
    /// even one of them nothing is shown, and nothing said: whoever shows the answer says how many hits that befell.
    pub(super) fn fit(&mut self, subject: &str, room: usize) -> usize {
        let whole = self.cost(subject);
        if whole <= room {
            return if self.neighbours.is_empty() { 0 } else { whole };
        }
        let all = std::mem::take(&mut self.neighbours);
        let (calls, callers): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.side == Side::Calls);
        let (mut calls, mut callers) = (calls.into_iter(), callers.into_iter());
        let mut spent = more(subject);
        let mut is_full = false;
        loop {
            let turn: Vec<Neighbour> = calls.next().into_iter().chain(callers.next()).collect();
            if turn.is_empty() {
                break;
            }
            for one in turn {
                let cost = cost(&one.line());
                is_full |= spent + cost > room;
                if is_full {
                    match one.side {
                        Side::Calls => self.calls_left_out += one.stands_for(),
                        Side::Callers => self.callers_left_out += one.stands_for(),
                    }
                } else {
                    spent += cost;
                    self.neighbours.push(one);
                }
            }
        }
        self.neighbours.sort_by_key(|one| one.side);
        if self.neighbours.is_empty() { 0 } else { spent }
    }
}

/// Tokens of the line that says what is left out, and how it is asked for.
fn more(subject: &str) -> usize {
    cost(&format!(
        "… 999 more calls, 999 more callers: codemem symbol {subject} --callers"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn neighbour(side: Side, n: usize) -> Neighbour {
        Neighbour {
            side,
            name: format!("neighbour_{n}"),
            kind: "function".to_owned(),
            signature: format!("def neighbour_{n}(self)"),
            path: "src/module.py".to_owned(),
            start_line: 1,
            end_line: 9,
            line: 4,
            evidence: "import".to_owned(),
            label: format!("neighbour_{n}(self)"),
            alike: Alike::default(),
        }
    }

    fn hop(n_calls: usize, n_callers: usize) -> Hop {
        let calls = (0..n_calls).map(|n| neighbour(Side::Calls, n));
        let callers = (0..n_callers).map(|n| neighbour(Side::Callers, n));
        Hop {
            neighbours: calls.chain(callers).collect(),
            ..Hop::default()
        }
    }

    #[test]
    fn a_hop_keeps_to_its_room_and_counts_what_it_leaves_out() {
        for (n_calls, n_callers) in [(0, 0), (1, 0), (0, 9), (9, 2), (24, 24)] {
            let whole = hop(n_calls, n_callers);
            let cost = whole.cost("Cart.pay");
            for room in 0..cost + 2 {
                let mut cut = whole.clone();
                let spent = cut.fit("Cart.pay", room);
                assert!(spent <= room, "{spent} of {room}");
                assert_eq!(spent == 0, cut.neighbours.is_empty());
                let n_shown = |side| cut.neighbours.iter().filter(|one| one.side == side).count();
                assert_eq!(n_shown(Side::Calls) + cut.calls_left_out, n_calls);
                assert_eq!(n_shown(Side::Callers) + cut.callers_left_out, n_callers);
                if room >= cost {
                    assert_eq!(cut, whole);
                } else if spent > 0 {
                    // They take turns, as long as there are both.
                    let apart = n_shown(Side::Calls).abs_diff(n_shown(Side::Callers));
                    assert!(apart <= 1 || cut.calls_left_out * cut.callers_left_out == 0, "{cut:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_alike_is_one_neighbour_and_counts_as_many() {
        let key = |n: usize| Key::of("python", "method", &format!("A{n}.close"), "def close(self)");
        let mut found: Vec<_> = (0..3).map(|n| (key(n), neighbour(Side::Calls, n))).collect();
        found.extend((3..40).map(|n| (None, neighbour(Side::Calls, n))));
        found.push((key(40), neighbour(Side::Calls, 40)));
        let (neighbours, n_behind) = folded(found);
        assert_eq!((neighbours.len(), n_behind), (MAX_NEIGHBOURS, 41 - MAX_NEIGHBOURS - 3));
        assert_eq!(neighbours[0].stands_for(), 4);
        assert!(neighbours[0].line().contains(", and 3 more with this signature: "));
        let mut hop = Hop {
            neighbours: neighbours[..2].to_vec(),
            ..Hop::default()
        };
        hop.fit("Cart.pay", 0);
        assert_eq!(hop.calls_left_out, 5);
    }
}
