//! Finding again what a hit shows, in a file that has changed since it was indexed.
//!
//! The text that was indexed is not kept: what is known of it is the definition that it shows, and why it was found. So the
//! file is read as a pass would read it, and the hit moves to where its definition, or what answers the query in its
//! stead, stands now. A hit for which there is nothing left is no hit.

use super::Search;
use codemem_core::path::RepoPath;
use codemem_core::ports::SymbolRow;
use codemem_core::query::Query;
use codemem_core::token::Tokenizer;
use codemem_core::unit::{Chunk, Extraction, LineSpan, Symbol};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a hit shows.
pub(super) struct Shown {
    pub(super) lines: LineSpan,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) signature: String,
}

impl Shown {
    /// Lines that show a definition, or part of one.
    pub(super) fn of(lines: LineSpan, symbol: Option<&SymbolRow>) -> Self {
        Self {
            lines,
            kind: symbol.map_or("text", |symbol| symbol.kind.as_str()).to_owned(),
            name: symbol.map(|symbol| symbol.qualified_name.clone()).unwrap_or_default(),
            signature: symbol.map(|symbol| symbol.signature.clone()).unwrap_or_default(),
        }
    }

    fn now(lines: LineSpan, symbol: Option<&Symbol>) -> Self {
        Self {
            lines,
            kind: symbol.map_or("text", |symbol| symbol.kind.as_str()).to_owned(),
            name: symbol.map(|symbol| symbol.qualified_name.clone()).unwrap_or_default(),
            signature: symbol.map(|symbol| symbol.signature.clone()).unwrap_or_default(),
        }
    }
}

/// What is looked for in a file that has changed.
pub(super) struct Sought<'a> {
    pub(super) query: &'a Query,
    /// As it was indexed.
    pub(super) lines: LineSpan,
    /// The definition that was shown, or of which a part was.
    pub(super) symbol: Option<&'a SymbolRow>,
    /// Whether the whole definition is shown, because the query names it.
    pub(super) is_definition: bool,
    /// Whether words of the query spoke for it: then some have to be there still.
    pub(super) by_words: bool,
}

impl Search<'_> {
    /// Where it stands now; `None` when it is gone.
    pub(super) fn relocate(&self, path: &RepoPath, source: &str, sought: &Sought<'_>) -> Option<Shown> {
        let extract = || self.ports.extractor.extract(path, source.as_bytes());
        // A file that cannot be read as a pass reads it has nothing to be found in it.
        let now = catch_unwind(AssertUnwindSafe(extract)).ok()?.ok()?;
        let lines: Vec<&str> = source.lines().collect();
        match sought.symbol {
            Some(symbol) => relocate_symbol(&now, &lines, symbol, sought),
            None => relocate_text(&now, &lines, sought),
        }
    }
}

fn relocate_symbol(now: &Extraction, lines: &[&str], symbol: &SymbolRow, sought: &Sought<'_>) -> Option<Shown> {
    let is_same = |one: &&Symbol| {
        one.kind == symbol.kind && (one.qualified_name == symbol.qualified_name || one.signature == symbol.signature)
    };
    let found = now.symbols.iter().filter(is_same).min_by_key(|one| {
        (
            one.signature != symbol.signature,
            one.qualified_name != symbol.qualified_name,
            one.lines.start.abs_diff(symbol.lines.start),
        )
    })?;
    let mut weigher = Weigher::new(sought.query);
    if sought.is_definition {
        return Some(Shown::now(found.lines, Some(found)));
    }
    let of_it = |chunk: &&Chunk| chunk.lines.overlaps(found.lines);
    let (weight, chunk) = best_chunk(now.chunks.iter().filter(of_it), lines, &mut weigher)?;
    (!sought.by_words || weigher.is_enough(weight)).then(|| Shown::now(chunk.lines, Some(found)))
}

fn relocate_text(now: &Extraction, lines: &[&str], sought: &Sought<'_>) -> Option<Shown> {
    let mut weigher = Weigher::new(sought.query);
    if !sought.by_words {
        // Only its meaning spoke for it, which nobody weighs here: what stands in its place is shown as changed.
        let there = now.chunks.iter().find(|chunk| chunk.lines.overlaps(sought.lines))?;
        return Some(Shown::now(there.lines, None));
    }
    let (weight, chunk) = best_chunk(now.chunks.iter(), lines, &mut weigher)?;
    let symbol = chunk.symbol.and_then(|symbol| now.symbols.get(symbol as usize));
    weigher.is_enough(weight).then(|| Shown::now(chunk.lines, symbol))
}

/// The chunk with the most of the query, the first of equals.
fn best_chunk<'c>(
    chunks: impl Iterator<Item = &'c Chunk>,
    lines: &[&str],
    weigher: &mut Weigher<'_>,
) -> Option<(Weight, &'c Chunk)> {
    let weighed = chunks.map(|chunk| (weigher.weigh(lines, chunk.lines), chunk));
    weighed.reduce(|best, next| if next.0.sum > best.0.sum { next } else { best })
}

/// How much of the query some lines hold.
#[derive(Clone, Copy)]
struct Weight {
    sum: f32,
    heaviest: f32,
}

struct Weigher<'q> {
    query: &'q Query,
    tokenizer: Tokenizer,
}

impl<'q> Weigher<'q> {
    fn new(query: &'q Query) -> Self {
        Self {
            query,
            tokenizer: Tokenizer::default(),
        }
    }

    fn weigh(&mut self, lines: &[&str], span: LineSpan) -> Weight {
        let mut is_found = vec![false; self.query.terms.len()];
        let span = lines
            .iter()
            .skip(span.start.saturating_sub(1) as usize)
            .take(span.len() as usize);
        for line in span {
            self.tokenizer.tokens(line, |token| {
                if let Some(term) = self.query.terms.iter().position(|term| term.text == token) {
                    is_found[term] = true;
                }
            });
        }
        let found = self.query.terms.iter().zip(is_found).filter(|(_, is_found)| *is_found);
        let weights = found.map(|(term, _)| term.weight);
        weights.fold(
            Weight {
                sum: 0.0,
                heaviest: 0.0,
            },
            |all, weight| Weight {
                sum: all.sum + weight,
                heaviest: all.heaviest.max(weight),
            },
        )
    }

    /// Whether one of the words that carry the question is among them.
    fn is_enough(&self, weight: Weight) -> bool {
        let heaviest = self.query.terms.iter().map(|term| term.weight).fold(0.0, f32::max);
        weight.heaviest > 0.0 && weight.heaviest >= 0.5 * heaviest
    }
}
