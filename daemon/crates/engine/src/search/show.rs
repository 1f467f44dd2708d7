//! Showing a hit: the chunk that answers best, with the lines as they stand in the file now.

use super::gather::Candidate;
use super::relocate::{Shown, Sought};
use super::{Hit, Search};
use crate::EngineError;
use crate::pass::{hash, into_text};
use codemem_core::compose::clip;
use codemem_core::ports::{ChunkRow, PortErrorKind, SymbolRow};
use codemem_core::query::{NameStrength, Query};
use codemem_core::unit::LineSpan;

/// Lines of a snippet: enough to recognise the answer, few enough for ten of them in one screenful.
const SNIPPET_LINES: usize = 12;

/// Longest snippet line shown, in bytes.
const SNIPPET_LINE: usize = 200;

impl Search<'_> {
    /// A candidate as a hit; `None` when what spoke for it is no longer in its file.
    pub(super) fn show(&self, query: &Query, candidate: &Candidate, score: f32) -> Result<Option<Hit>, EngineError> {
        let file = self.view.file(candidate.file);
        let chunk = self.best_chunk(candidate)?;
        let definition = best_definition(candidate);
        let (lines, symbol) = match (definition, &chunk) {
            (Some(definition), _) => (definition.lines, Some(definition)),
            (None, Some(chunk)) => (chunk.lines, chunk.symbol.as_ref()),
            (None, None) => (LineSpan { start: 1, end: 1 }, None),
        };
        let mut shown = Shown::of(lines, symbol);
        let (snippet, stale) = match self.ports.source.read(self.root, &file.path, self.max_file_bytes) {
            Ok(bytes) => {
                let stale = hash(&bytes) != file.hash;
                let source = into_text(bytes);
                if stale {
                    let sought = Sought {
                        query,
                        lines,
                        symbol,
                        is_definition: definition.is_some(),
                        by_words: candidate.evidence.coverage > 0.0,
                    };
                    let Some(now) = self.relocate(&file.path, &source, &sought) else {
                        return Ok(None);
                    };
                    shown = now;
                }
                (snippet(&source, shown.lines, query), stale)
            }
            Err(error) if error.kind == PortErrorKind::NotFound && self.is_root_there() => return Ok(None),
            // What cannot be read is not vouched for.
            Err(_) => (String::new(), true),
        };
        Ok(Some(Hit {
            path: file.path.to_string(),
            start_line: shown.lines.start,
            end_line: shown.lines.end,
            kind: shown.kind,
            name: shown.name,
            signature: shown.signature,
            score,
            snippet,
            language: file.language.to_string(),
            stale,
            shares: Vec::new(),
            memories: Vec::new(),
        }))
    }

    /// Whether it is one file that is gone, and not the root, which may come back as it was.
    fn is_root_there(&self) -> bool {
        self.ports.source.identify(self.root).is_ok()
    }

    /// The chunk with the most lexical score and cosine, each against the candidate's best; the
    /// file's first when nothing speaks for any.
    fn best_chunk(&self, candidate: &Candidate) -> Result<Option<ChunkRow>, EngineError> {
        let catalog = &self.stores.catalog;
        let best_score = candidate
            .chunks
            .iter()
            .map(|(_, score, _)| *score)
            .fold(f32::MIN_POSITIVE, f32::max);
        let best_cosine = candidate
            .chunks
            .iter()
            .filter_map(|(_, _, cosine)| *cosine)
            .fold(f32::MIN_POSITIVE, f32::max);
        let weight = |score: f32, cosine: Option<f32>| {
            score / best_score + 0.5 * cosine.map_or(0.0, |cosine| cosine / best_cosine)
        };
        let best = candidate
            .chunks
            .iter()
            .max_by(|a, b| weight(a.1, a.2).total_cmp(&weight(b.1, b.2)));
        let rows = match best {
            Some((id, _, _)) => catalog.chunks(&[*id]),
            None => catalog.chunks_of(self.view.file(candidate.file).content),
        }
        .map_err(EngineError::port("read a chunk"))?;
        Ok(rows.into_iter().next())
    }
}

/// The definition that a query names as code, types before their parts; ordinary words do not count.
fn best_definition(candidate: &Candidate) -> Option<&SymbolRow> {
    candidate
        .definitions
        .iter()
        .filter(|(_, strength)| *strength == NameStrength::Code)
        .map(|(row, _)| row)
        .min_by_key(|row| (!row.kind.is_type(), row.lines.start))
}

/// The lines of a span that hold most of the query, from the span's first line when they fit.
fn snippet(source: &str, lines: LineSpan, query: &Query) -> String {
    let span: Vec<&str> = source
        .lines()
        .skip(lines.start.saturating_sub(1) as usize)
        .take(lines.len() as usize)
        .collect();
    let window = if span.len() <= SNIPPET_LINES {
        0
    } else {
        densest(&span, query)
    };
    let shown: Vec<&str> = span
        .iter()
        .skip(window)
        .take(SNIPPET_LINES)
        .map(|line| clip(line.trim_end(), SNIPPET_LINE))
        .collect();
    shown.join("\n")
}

/// Start of the window of [`SNIPPET_LINES`] lines with the most query weight; the earliest of equals.
fn densest(span: &[&str], query: &Query) -> usize {
    let mut tokenizer = codemem_core::token::Tokenizer::default();
    let weights: Vec<f32> = span
        .iter()
        .map(|line| {
            let mut weight = 0.0;
            tokenizer.tokens(line, |token| {
                weight += query
                    .terms
                    .iter()
                    .find(|term| term.text == token)
                    .map_or(0.0, |term| term.weight);
            });
            weight
        })
        .collect();
    let sums: Vec<f32> = weights
        .windows(SNIPPET_LINES)
        .map(|window| window.iter().sum())
        .collect();
    let best = sums.iter().copied().fold(0.0, f32::max);
    // The head of a definition introduces it: leave it only for clearly more.
    if sums.first().is_some_and(|first| *first >= 0.7 * best) {
        return 0;
    }
    sums.iter().position(|sum| *sum >= best).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snippet_shows_the_lines_that_answer() {
        let mut lines: Vec<String> = (1..=40).map(|n| format!("let x{n} = {n};")).collect();
        lines[29] = "open_socket(retry);".to_owned();
        let source = lines.join("\n");
        let shown = snippet(
            &source,
            LineSpan { start: 1, end: 40 },
            &Query::parse("open socket retry"),
        );
        assert!(shown.contains("open_socket(retry);"), "{shown}");
        assert_eq!(shown.lines().count(), SNIPPET_LINES);
        let head = snippet(&source, LineSpan { start: 1, end: 40 }, &Query::parse("unrelated"));
        assert!(head.starts_with("let x1 "), "{head}");
    }

    #[test]
    fn a_span_beyond_the_file_shows_nothing() {
        assert_eq!(
            snippet("one\ntwo\n", LineSpan { start: 9, end: 12 }, &Query::parse("one")),
            ""
        );
    }
}
