//! From symbols to chunks: runs of whole lines that cover the file exactly once.
//!
//! A definition that fits is one chunk. A large one is cut at its members, its head being a chunk of its own; a large one
//! without members is cut between statements. What is tiny joins its neighbours.

use crate::language::Form;
use crate::lines::Lines;
use crate::split::{SOFT_MAX, Splitter, TARGET};
use codemem_core::unit::{Chunk, LineSpan, Symbol, SymbolKind};
use std::ops::Range;

/// Below this many bytes a unit says too little alone: imports, constants, getters.
const TINY: usize = 300;

/// How much larger than [`SOFT_MAX`] a chunk may become by taking in what closes it (`}`, `end`, blank lines).
const CLOSING_ROOM: usize = TINY;

/// The chunks of a parsed file.
pub(crate) fn of_parsed(text: &str, lines: &Lines, form: Form, symbols: &[Symbol]) -> Vec<Chunk> {
    let splitter = Splitter::parsed(text, lines, form);
    let segments = Segmenter::new(&splitter, symbols).segments(lines.count());
    let runs = absorb_tiny(join_tiny(segments));
    number(text, lines, symbols, runs.iter().map(|run| run.lines.clone()))
}

/// The chunks of a file without symbols.
pub(crate) fn of_text(text: &str, lines: &Lines) -> Vec<Chunk> {
    let splitter = Splitter::plain(text, lines);
    let mut runs = Vec::new();
    splitter.split(0..lines.count(), |run| runs.push(run));
    number(text, lines, &[], runs.into_iter())
}

/// A run of lines that is not cut any further.
#[derive(Clone, Debug)]
struct Segment {
    lines: Range<usize>,
    size: usize,
    /// The symbol that was cut open and whose direct content this is.
    owner: Option<u32>,
    /// How many symbols were cut open around it.
    depth: usize,
    part: Part,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    /// A whole definition.
    Unit,
    /// What stands between definitions.
    Gap,
    /// What stands after the last definition and closes what is around it.
    Tail,
    /// Blank lines.
    Blank,
}

/// Cuts a file along its symbols.
struct Segmenter<'a> {
    splitter: &'a Splitter<'a>,
    symbols: &'a [Symbol],
    first_child: Vec<Option<u32>>,
    next_sibling: Vec<Option<u32>>,
    segments: Vec<Segment>,
}

/// A symbol that is being cut open.
struct Frame {
    owner: Option<u32>,
    /// The next child to look at.
    child: Option<u32>,
    /// The first line not yet given out.
    line: usize,
    end: usize,
    n_units: usize,
}

impl<'a> Segmenter<'a> {
    fn new(splitter: &'a Splitter<'a>, symbols: &'a [Symbol]) -> Self {
        let mut first_child = vec![None; symbols.len() + 1];
        let mut next_sibling = vec![None; symbols.len()];
        for (index, symbol) in symbols.iter().enumerate().rev() {
            // The last slot is the file's own.
            let parent = symbol.parent.map_or(symbols.len(), |parent| parent as usize);
            next_sibling[index] = first_child[parent];
            first_child[parent] = Some(index as u32);
        }
        Self {
            splitter,
            symbols,
            first_child,
            next_sibling,
            segments: Vec::new(),
        }
    }

    fn segments(mut self, n_lines: usize) -> Vec<Segment> {
        let mut frames = vec![Frame {
            owner: None,
            child: self.first_child[self.symbols.len()],
            line: 0,
            end: n_lines,
            n_units: 0,
        }];
        while let Some(frame) = frames.last_mut() {
            let Some(child) = frame.child else {
                let part = if frame.n_units > 0 && frame.owner.is_some() {
                    Part::Tail
                } else {
                    Part::Gap
                };
                let (rest, owner) = (frame.line..frame.end, frame.owner);
                frames.pop();
                self.gap(rest, owner, frames.len(), part);
                continue;
            };
            frame.child = self.next_sibling[child as usize];
            let span = self.symbols[child as usize].lines;
            // Definitions may share a line; the first one has it.
            let start = (span.start as usize - 1).clamp(frame.line, frame.end);
            let end = (span.end as usize).clamp(start, frame.end);
            if start == end {
                continue;
            }
            let gap = frame.line..start;
            let owner = frame.owner;
            frame.line = end;
            frame.n_units += 1;
            let depth = frames.len() - 1;
            self.gap(gap, owner, depth, Part::Gap);
            if self.splitter.weight(&(start..end)) <= SOFT_MAX {
                self.push(start..end, owner, depth, Part::Unit);
            } else {
                frames.push(Frame {
                    owner: Some(child),
                    child: self.first_child[child as usize],
                    line: start,
                    end,
                    n_units: 0,
                });
            }
        }
        self.segments
    }

    fn gap(&mut self, lines: Range<usize>, owner: Option<u32>, depth: usize, part: Part) {
        // Blank lines end what is before them.
        let n_blank = lines.clone().take_while(|&line| self.splitter.is_blank(line)).count();
        let rest = lines.start + n_blank..lines.end;
        if n_blank > 0 {
            self.push(lines.start..rest.start, owner, depth, Part::Blank);
        }
        let splitter = self.splitter;
        splitter.split(rest, |piece| self.push(piece, owner, depth, part));
    }

    fn push(&mut self, lines: Range<usize>, owner: Option<u32>, depth: usize, part: Part) {
        self.segments.push(Segment {
            size: self.splitter.weight(&lines),
            lines,
            owner,
            depth,
            part,
        });
    }
}

/// Joins tiny neighbours, closing brackets and blank lines from first to last.
fn join_tiny(segments: Vec<Segment>) -> Vec<Segment> {
    let mut runs: Vec<Segment> = Vec::with_capacity(segments.len());
    // Whether the last run is made of tiny segments only, so that more of them may join.
    let mut is_open = false;
    for segment in segments {
        let is_tiny = segment.size < TINY;
        let Some(last) = runs.last_mut() else {
            is_open = is_tiny;
            runs.push(segment);
            continue;
        };
        let sum = last.size + segment.size;
        let same_owner = last.owner == segment.owner;
        let joins = match segment.part {
            // Blank lines are never worth a chunk, however many.
            Part::Blank => sum <= SOFT_MAX + CLOSING_ROOM || segment.size < TINY,
            Part::Tail if is_tiny => sum <= SOFT_MAX + CLOSING_ROOM,
            Part::Tail | Part::Unit | Part::Gap if is_open && is_tiny => same_owner && sum <= TARGET,
            // A scrap before a unit (a heading comment, an import or two) goes with it.
            Part::Tail | Part::Unit | Part::Gap => {
                is_open && last.size < TINY && segment.depth >= last.depth && sum <= SOFT_MAX
            }
        };
        if joins {
            let closes = matches!(segment.part, Part::Blank | Part::Tail);
            is_open &= closes || is_tiny;
            last.lines.end = segment.lines.end;
            last.size = sum;
        } else {
            is_open = is_tiny;
            runs.push(segment);
        }
    }
    runs
}

/// Gives runs that are still tiny to the neighbour they fit best: of the same owner, then the smaller.
fn absorb_tiny(runs: Vec<Segment>) -> Vec<Segment> {
    let mut kept: Vec<Segment> = Vec::with_capacity(runs.len());
    let mut runs = runs.into_iter().peekable();
    while let Some(run) = runs.next() {
        if run.size >= TINY {
            kept.push(run);
            continue;
        }
        let rank = |other: &Segment| {
            let fits = other.size + run.size <= SOFT_MAX;
            fits.then_some((other.owner != run.owner, other.size))
        };
        let before = kept.last().and_then(rank);
        let after = runs.peek().and_then(rank);
        match (before, after) {
            (Some(before), after) if after.is_none_or(|after| before <= after) => {
                if let Some(last) = kept.last_mut() {
                    last.lines.end = run.lines.end;
                    last.size += run.size;
                }
            }
            (_, Some(_)) => {
                if let Some(next) = runs.peek_mut() {
                    next.lines.start = run.lines.start;
                    next.size += run.size;
                }
            }
            _ => kept.push(run),
        }
    }
    kept
}

/// Makes chunks of runs of lines: byte offsets, and the symbols they show and define.
fn number(text: &str, lines: &Lines, symbols: &[Symbol], runs: impl Iterator<Item = Range<usize>>) -> Vec<Chunk> {
    let mut around: Vec<u32> = Vec::new();
    let mut next = 0;
    let chunks = runs.map(|run| {
        let span = LineSpan {
            start: run.start as u32 + 1,
            end: run.end as u32,
        };
        while let Some(&top) = around.last() {
            if symbols[top as usize].lines.end >= span.start {
                break;
            }
            around.pop();
        }
        let first = next;
        while let Some(symbol) = symbols.get(next).filter(|symbol| symbol.lines.start <= span.end) {
            debug_assert!(
                symbol.lines.start >= span.start,
                "symbols come in order of their first line"
            );
            next += 1;
        }
        // Blank lines at the end belong to nobody.
        let is_blank = |&line: &usize| text[lines.bytes(line..line + 1)].trim_ascii().is_empty();
        let n_blank = run.clone().skip(1).rev().take_while(is_blank).count() as u32;
        let text_span = LineSpan {
            end: span.end - n_blank,
            ..span
        };
        let symbol = shown(symbols, &around, first..next, text_span);
        for index in first..next {
            while let Some(&top) = around.last() {
                if symbols[top as usize].lines.end >= symbols[index].lines.end {
                    break;
                }
                around.pop();
            }
            around.push(index as u32);
        }
        Chunk {
            lines: span,
            bytes: lines.bytes(run),
            symbol,
            defines: first as u32..next as u32,
        }
    });
    chunks.collect()
}

/// The symbol that a chunk stands for.
///
/// The largest outermost one that it holds whole. When that is only a small part of the chunk, the innermost symbol
/// that most of the chunk belongs to, whether it goes on before or after: a class's head shows the class, whatever small
/// thing it holds, and the last piece of a method shows the method although the class is closed in it too.
fn shown(symbols: &[Symbol], around: &[u32], defined: Range<usize>, span: LineSpan) -> Option<u32> {
    let holds = |symbol: &Symbol| symbol.lines.start >= span.start && symbol.lines.end <= span.end;
    let mut largest: Option<usize> = None;
    let mut begun = Vec::new();
    for index in defined.clone() {
        let symbol = &symbols[index];
        if !holds(symbol) {
            begun.push(index as u32);
            continue;
        }
        let is_outermost = symbol.parent.is_none_or(|parent| !holds(&symbols[parent as usize]));
        if is_outermost && largest.is_none_or(|best| symbol.lines.len() > symbols[best].lines.len()) {
            largest = Some(index);
        }
    }
    if let Some(best) = largest.filter(|&best| symbols[best].lines.len() * 3 >= span.len()) {
        return Some(inside_of_wrapper(symbols, best, defined.end) as u32);
    }
    let shared = |index: u32| {
        let lines = symbols[index as usize].lines;
        (lines.end.min(span.end) + 1).saturating_sub(lines.start.max(span.start))
    };
    // Innermost first: what begins here is inside of what is around, and both lists go from outer to inner.
    let partial = || begun.iter().rev().chain(around.iter().rev()).copied();
    let most = partial().find(|&index| shared(index) * 2 >= span.len());
    most.or_else(|| largest.map(|best| best as u32)).or(partial().next())
}

/// A namespace around a single definition is only its wrapping: the definition is what the chunk shows.
fn inside_of_wrapper(symbols: &[Symbol], mut index: usize, end: usize) -> usize {
    while symbols[index].kind == SymbolKind::Module {
        let is_child = |child: &usize| symbols[*child].parent == Some(index as u32);
        let mut children = (index + 1..end).filter(is_child);
        match (children.next(), children.next()) {
            (Some(only), None) if symbols[only].lines.len() * 2 > symbols[index].lines.len() => index = only,
            _ => break,
        }
    }
    index
}
