//! The whole of what a handle names: the definition, or the text around, as it stands in the file, within some tokens.

use super::handle::{self, Place};
use super::memo::Named;
use super::snippet::{GAP, cost};
use codemem_core::ids::ContentHash;
use codemem_core::unit::{Extraction, LineSpan, Symbol};

/// Longest definition that is meant by a part of it, in lines; of a longer one, the part and what is around it are.
const MAX_WHOLE: u32 = 200;

/// Longest line shown, in bytes: what is longer was not written to be read.
const MAX_LINE: usize = 500;

/// Most other definitions of a name that are told.
const MAX_OTHERS: usize = 4;

/// How what is shown relates to what was named.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kept {
    /// The file is as it was, or nothing was said of how it was.
    Same,
    /// The file has changed; the definition that was named was found again.
    Found,
    /// The file has changed; what stands on the lines that were named may be something else.
    Unsure,
}

/// What a handle named is not there any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Missing {
    /// The file has changed, and what stood there is gone from it.
    Gone,
    /// There is no such place.
    Nowhere,
}

/// What is to be shown of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Whole {
    pub(super) kept: Kept,
    /// What the lines shown are part of.
    pub(super) lines: LineSpan,
    /// Lines that were named; shown first where not everything fits.
    asked: LineSpan,
    pub(super) symbol: Option<Symbol>,
    /// Other definitions of the name.
    others: Vec<LineSpan>,
}

/// The text of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Piece {
    pub(super) lines: LineSpan,
    pub(super) text: String,
    /// Handles of what was left out.
    pub(super) left_out: Vec<String>,
}

impl Whole {
    /// What a place means in a file that was read as a pass reads it. `named` is what the lines named when the file was
    /// another; `is_changed` says that it was.
    pub(super) fn of(
        now: &Extraction,
        n_lines: u32,
        place: &Place<'_>,
        is_changed: bool,
        named: Option<&Named>,
    ) -> Result<Self, Missing> {
        match (place, named) {
            (Place::Symbol(name), _) => Self::of_symbol(now, name).ok_or(Missing::Nowhere),
            (Place::Lines(..), Some(named)) if is_changed => {
                let found = find(now, named).ok_or(Missing::Gone)?;
                Ok(Self::of_definition(found, Kept::Found))
            }
            (Place::Lines(start, end, _), _) => {
                let asked = LineSpan {
                    start: *start,
                    end: (*end).min(n_lines),
                };
                if asked.start > n_lines {
                    return Err(if is_changed { Missing::Gone } else { Missing::Nowhere });
                }
                let kept = if is_changed { Kept::Unsure } else { Kept::Same };
                Ok(Self::around(now, asked, n_lines, kept))
            }
        }
    }

    fn of_definition(symbol: &Symbol, kept: Kept) -> Self {
        Self {
            kept,
            lines: symbol.lines,
            asked: symbol.lines,
            symbol: Some(symbol.clone()),
            others: Vec::new(),
        }
    }

    fn of_symbol(now: &Extraction, name: &str) -> Option<Self> {
        let whole = |symbol: &&Symbol| symbol.qualified_name == name;
        let plain = |symbol: &&Symbol| symbol.name == name;
        let part = |symbol: &&Symbol| {
            let rest = symbol.qualified_name.strip_suffix(name);
            rest.is_some_and(|rest| rest.ends_with(|c: char| !c.is_alphanumeric() && c != '_'))
        };
        let mut found: Vec<&Symbol> = now.symbols.iter().filter(whole).collect();
        if found.is_empty() {
            found = now.symbols.iter().filter(plain).collect();
        }
        if found.is_empty() {
            found = now.symbols.iter().filter(part).collect();
        }
        let (first, others) = found.split_first()?;
        Some(Self {
            others: others.iter().take(MAX_OTHERS).map(|symbol| symbol.lines).collect(),
            ..Self::of_definition(first, Kept::Same)
        })
    }

    /// The innermost definition that holds some lines; else the chunks that they are in, and their neighbours.
    fn around(now: &Extraction, asked: LineSpan, n_lines: u32, kept: Kept) -> Self {
        let holds = |symbol: &&Symbol| symbol.lines.start <= asked.start && asked.end <= symbol.lines.end;
        let holding = now
            .symbols
            .iter()
            .filter(holds)
            .rev()
            .min_by_key(|symbol| symbol.lines.len());
        let is_whole = |symbol: &&Symbol| symbol.lines == asked || symbol.lines.len() <= MAX_WHOLE;
        if let Some(symbol) = holding.filter(is_whole) {
            return Self {
                asked,
                ..Self::of_definition(symbol, kept)
            };
        }
        let overlaps = |chunk: &codemem_core::unit::Chunk| chunk.lines.overlaps(asked);
        let first = now.chunks.iter().position(overlaps).unwrap_or_default();
        let last = now.chunks.iter().rposition(overlaps).unwrap_or_default();
        let before = first.saturating_sub(1);
        let start = now.chunks.get(before).map_or(asked.start, |chunk| chunk.lines.start);
        let end = now
            .chunks
            .get(last + 1)
            .or(now.chunks.last())
            .map_or(asked.end, |chunk| chunk.lines.end);
        Self {
            kept,
            lines: LineSpan {
                start: start.min(asked.start),
                end: end.max(asked.end).min(n_lines),
            },
            asked,
            symbol: holding.cloned(),
            others: Vec::new(),
        }
    }

    /// The lines, as many as fit into `budget` tokens, beginning with those that were named where not all do. `path` and
    /// `hash` name what is left out.
    pub(super) fn text(&self, source: &str, path: &str, hash: ContentHash, budget: usize) -> Piece {
        let lines: Vec<&str> = source
            .lines()
            .skip(self.lines.start.saturating_sub(1) as usize)
            .take(self.lines.len() as usize)
            .map(|line| codemem_core::compose::clip(line.trim_end(), MAX_LINE))
            .collect();
        let costs: Vec<usize> = lines.iter().map(|line| cost(line)).collect();
        let (first, mut text, mut left) = if costs.iter().sum::<usize>() <= budget {
            (0, String::new(), budget)
        } else {
            self.head(budget)
        };
        let mut end = first;
        // One line is shown however little there is room for.
        while end < lines.len() && (costs[end] <= left || end == first) {
            left = left.saturating_sub(costs[end]);
            text.push_str(lines[end]);
            text.push('\n');
            end += 1;
        }
        let line = |at: usize| self.lines.start + at as u32;
        let mut left_out = Vec::new();
        if first > 0 {
            left_out.push(handle::name(path, self.lines.start, line(first) - 1, hash));
        }
        if end < lines.len() {
            left_out.push(handle::name(path, line(end), self.lines.end, hash));
        }
        left_out.extend(
            self.others
                .iter()
                .map(|other| handle::name(path, other.start, other.end, hash)),
        );
        Piece {
            lines: LineSpan {
                start: line(first),
                end: line(end.max(first + 1)) - 1,
            },
            text: text.trim_end().to_owned(),
            left_out,
        }
    }

    /// Where to begin in what does not fit whole, what to show before that, and how many tokens that leaves.
    fn head(&self, budget: usize) -> (usize, String, usize) {
        let first = self.asked.start.saturating_sub(self.lines.start) as usize;
        let signature = self.symbol.as_ref().map_or("", |symbol| symbol.signature.as_str());
        let spent = cost(signature) + cost(GAP);
        if first == 0 || signature.is_empty() || spent * 2 > budget {
            return (first, String::new(), budget);
        }
        (first, format!("{signature}\n{GAP}\n"), budget - spent)
    }
}

/// A definition in a file that has changed.
fn find<'n>(now: &'n Extraction, named: &Named) -> Option<&'n Symbol> {
    let is_it = |one: &&Symbol| {
        let is_same =
            one.qualified_name == named.name || !named.signature.is_empty() && one.signature == named.signature;
        one.kind.as_str() == named.kind && is_same
    };
    let found = now.symbols.iter().filter(is_it);
    found.min_by_key(|one| (one.signature != named.signature, one.qualified_name != named.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use codemem_core::ids::Hash128;
    use codemem_core::unit::{Chunk, SymbolKind};

    const HASH: ContentHash = Hash128([0x3f; 16]);

    fn span(start: u32, end: u32) -> LineSpan {
        LineSpan { start, end }
    }

    fn symbol(name: &str, kind: SymbolKind, start: u32, end: u32) -> Symbol {
        Symbol {
            name: name.rsplit('.').next().unwrap_or(name).to_owned(),
            qualified_name: name.to_owned(),
            kind,
            visibility: None,
            signature: format!("def {name}"),
            docstring: None,
            lines: span(start, end),
            parent: None,
        }
    }

    fn chunk(start: u32, end: u32) -> Chunk {
        Chunk {
            lines: span(start, end),
            bytes: 0..0,
            symbol: None,
            defines: 0..0,
        }
    }

    fn file() -> (Extraction, String) {
        let extraction = Extraction {
            language: "python".to_owned(),
            chunks: vec![chunk(1, 10), chunk(11, 20), chunk(21, 300), chunk(301, 400)],
            symbols: vec![
                symbol("Big", SymbolKind::Class, 21, 400),
                symbol("Big.run", SymbolKind::Method, 30, 40),
                symbol("run", SymbolKind::Function, 2, 4),
            ],
            references: codemem_core::reference::References::default(),
            leading_comment: None,
            has_errors: false,
        };
        let source: Vec<String> = (1..=400).map(|n| format!("line {n}\n")).collect();
        (extraction, source.concat())
    }

    fn whole(place: &Place<'_>) -> Result<Whole, Missing> {
        Whole::of(&file().0, 400, place, false, None)
    }

    #[test]
    fn what_a_place_means() {
        for (place, lines, name) in [
            (Place::Lines(32, 32, None), span(30, 40), Some("Big.run")),
            (Place::Lines(30, 40, None), span(30, 40), Some("Big.run")),
            (Place::Lines(12, 12, None), span(1, 300), None),
            (Place::Lines(3, 3, None), span(2, 4), Some("run")),
            // Too long to be meant by a line of it.
            (Place::Lines(350, 350, None), span(21, 400), Some("Big")),
            (Place::Lines(21, 400, None), span(21, 400), Some("Big")),
            (Place::Symbol("Big.run"), span(30, 40), Some("Big.run")),
            (Place::Symbol("run"), span(2, 4), Some("run")),
        ] {
            let whole = whole(&place).expect("there");
            let symbol = whole.symbol.as_ref().map(|symbol| symbol.qualified_name.as_str());
            assert_eq!((whole.lines, symbol), (lines, name), "{place:?}");
            assert_eq!(whole.kept, Kept::Same);
        }
        assert_eq!(whole(&Place::Lines(401, 402, None)), Err(Missing::Nowhere));
        assert_eq!(whole(&Place::Symbol("nothing")), Err(Missing::Nowhere));
    }

    #[test]
    fn what_has_changed_is_found_again_or_gone() {
        let (now, _) = file();
        let place = Place::Lines(100, 110, Some("0000"));
        let named = |name: &str| Named {
            kind: "method".to_owned(),
            name: name.to_owned(),
            signature: format!("def {name}"),
        };
        let of = |named: Option<&Named>| Whole::of(&now, 400, &place, true, named);
        let found = of(Some(&named("Big.run"))).expect("found again");
        assert_eq!((found.kept, found.lines), (Kept::Found, span(30, 40)));
        assert_eq!(of(Some(&named("Big.walk"))), Err(Missing::Gone));
        assert_eq!(of(None).expect("something").kept, Kept::Unsure);
        assert_eq!(Whole::of(&now, 9, &place, true, None), Err(Missing::Gone));
    }

    #[test]
    fn what_does_not_fit_begins_with_what_was_named_and_the_rest_has_handles() {
        let (now, source) = file();
        let place = Place::Lines(350, 351, None);
        let whole = Whole::of(&now, 400, &place, false, None).expect("there");
        let shown = whole.text(&source, "a.py", HASH, 60);
        assert!(
            shown.text.starts_with("def Big\n…\nline 350\nline 351\n"),
            "{}",
            shown.text
        );
        assert_eq!(shown.lines.start, 350);
        let next = shown.lines.end + 1;
        let rest = format!("a.py:{next}-400@3f3f");
        assert_eq!(shown.left_out, ["a.py:21-349@3f3f".to_owned(), rest]);
        let spent: usize = shown.text.lines().map(cost).sum();
        assert!(spent <= 60, "{spent}");
        let all = whole.text(&source, "a.py", HASH, 100_000);
        assert_eq!((all.lines, all.left_out.len()), (span(21, 400), 0));
        assert_eq!(all.text.lines().count(), 380);
        let least = whole.text(&source, "a.py", HASH, 1);
        assert_eq!(least.text, "line 350");
    }
}
