//! Cutting a run of lines that is too large for one chunk, without knowing its syntax.
//!
//! Blank lines and shallow indentation are where people end a thought, in code as in prose.

use crate::language::Form;
use crate::lines::Lines;
use std::ops::Range;

/// The size a chunk aims at, in bytes: about what the embedding model reads at once (256 word pieces, some 1,000
/// characters of code) and half as much again, since a match anywhere in a chunk should still stand out.
pub(crate) const TARGET: usize = 1_500;

/// The size up to which a unit stays whole, in bytes. Splitting a function of 2,000 bytes costs more meaning than it gains.
pub(crate) const SOFT_MAX: usize = 2_400;

/// What a line of prose or data counts at least, in bytes: 50 lines make a chunk of target size.
const LINE_WEIGHT: usize = 30;

/// What a column of indentation costs, against a byte of distance from the target.
const INDENT_COST: usize = 60;

/// Columns of indentation beyond which deeper makes no difference.
const MAX_INDENT: usize = 12;

/// What a blank line before the cut is worth.
const BLANK_GAIN: usize = 400;

/// What it costs to begin a chunk with a closing bracket.
const CLOSER_COST: usize = 500;

/// How a text is cut.
pub(crate) struct Splitter<'a> {
    text: &'a str,
    lines: &'a Lines,
    line_weight: usize,
}

impl<'a> Splitter<'a> {
    /// For what has been parsed: where it ends a thought is known from its symbols.
    pub(crate) fn parsed(text: &'a str, lines: &'a Lines, form: Form) -> Self {
        Self {
            text,
            lines,
            line_weight: match form {
                Form::Code => 0,
                Form::Data | Form::Prose => LINE_WEIGHT,
            },
        }
    }

    /// For what has not been parsed, prose and data mostly: short lines count for more than their bytes.
    pub(crate) fn plain(text: &'a str, lines: &'a Lines) -> Self {
        Self {
            text,
            lines,
            line_weight: LINE_WEIGHT,
        }
    }

    /// The size of a run of lines.
    pub(crate) fn weight(&self, lines: &Range<usize>) -> usize {
        let n_lines = lines.len();
        self.lines.bytes(lines.clone()).len().max(n_lines * self.line_weight)
    }

    /// Whether a line holds nothing but white space.
    pub(crate) fn is_blank(&self, line: usize) -> bool {
        self.line(line).bytes().all(|byte| byte.is_ascii_whitespace())
    }

    /// Cuts `lines` into pieces that, as far as line lengths allow, weigh at most [`SOFT_MAX`].
    pub(crate) fn split(&self, lines: Range<usize>, mut emit: impl FnMut(Range<usize>)) {
        let mut start = lines.start;
        while start < lines.end {
            let rest = self.weight(&(start..lines.end));
            if rest <= SOFT_MAX {
                break;
            }
            // Two halves read better than a whole and a scrap.
            let target = if rest < 2 * TARGET { rest / 2 } else { TARGET };
            let cut = self.best_cut(start, lines.end, target);
            emit(start..cut);
            start = cut;
        }
        if start < lines.end {
            emit(start..lines.end);
        }
    }

    /// The best line to begin the next piece with. Always after `start`.
    fn best_cut(&self, start: usize, end: usize, target: usize) -> usize {
        let mut best = None;
        let mut line = start + 1;
        while line < end {
            let size = self.weight(&(start..line));
            if size > SOFT_MAX {
                break;
            }
            if size * 2 >= target {
                let cost = self.cost(line, size, target);
                if best.is_none_or(|(_, least)| cost < least) {
                    best = Some((line, cost));
                }
            }
            line += 1;
        }
        // Without a candidate a single long line crosses the whole window: end before it, or after it if it comes first.
        best.map_or_else(|| (line - 1).max(start + 1), |(line, _)| line)
    }

    fn cost(&self, line: usize, size: usize, target: usize) -> usize {
        let text = self.line(line);
        let code = text.trim_start();
        let indent: usize = text[..text.len() - code.len()]
            .bytes()
            .map(|byte| if byte == b'\t' { 4 } else { 1 })
            .sum();
        let mut cost = BLANK_GAIN + size.abs_diff(target) + indent.min(MAX_INDENT) * INDENT_COST;
        if code.is_empty() {
            // Blank lines end the piece before them.
            cost += BLANK_GAIN;
        } else if self.is_blank(line - 1) {
            cost -= BLANK_GAIN;
        }
        if code.starts_with(['}', ')', ']']) || code.starts_with("end") || code.starts_with("</") {
            cost += CLOSER_COST;
        }
        cost
    }

    fn line(&self, line: usize) -> &str {
        &self.text[self.lines.bytes(line..line + 1)]
    }
}

/// Whether a language is written for people: its paragraphs may be lines of any length.
pub(crate) fn is_prose(language: &str) -> bool {
    matches!(
        language,
        "markdown"
            | "markdown_inline"
            | "rst"
            | "text"
            | "asciidoc"
            | "latex"
            | "bibtex"
            | "org"
            | "typst"
            | "textile"
            | "djot"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<Range<usize>> {
        let lines = Lines::new(text);
        let mut pieces = Vec::new();
        Splitter::plain(text, &lines).split(0..lines.count(), |piece| pieces.push(piece));
        pieces
    }

    #[test]
    fn cuts_at_blank_lines_before_shallow_lines() {
        let paragraph = "first line of a paragraph\n    deeper and deeper into the matter\n\n";
        let text = paragraph.repeat(60);
        for piece in pieces(&text) {
            assert_eq!(piece.start % 3, 0, "{piece:?}");
        }
    }

    #[test]
    fn a_long_line_stands_alone() {
        let text = format!("a\n{}\nb\n", "x".repeat(9_000));
        assert_eq!(pieces(&text), [0..1, 1..2, 2..3]);
    }

    #[test]
    fn the_last_pieces_are_of_like_size() {
        let text = "0123456789012345678901234567890123456789\n".repeat(65);
        let sizes: Vec<_> = pieces(&text).iter().map(Range::len).collect();
        assert_eq!(sizes.len(), 2);
        assert!(sizes[0].abs_diff(sizes[1]) < 10, "{sizes:?}");
    }
}
