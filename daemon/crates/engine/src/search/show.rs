//! Showing a hit: the chunk that answers best, with the lines as they stand in the file now.

use super::alike::{Alike, Key, Place};
use super::gather::Candidate;
use super::handle;
use super::relocate::{Shown, Sought};
use super::scope::Filter;
use super::snippet::Material;
use super::{Hit, Search};
use crate::EngineError;
use crate::pass::{hash, into_text};
use codemem_core::ids::ContentHash;
use codemem_core::ports::{ChunkRow, PortErrorKind, SymbolRow};
use codemem_core::query::{NameStrength, Query};
use codemem_core::token::Tokenizer;
use codemem_core::unit::{LineSpan, SymbolKind};

/// What the chunk that answers best is worth to a definition in it, against a word of the query in its name: where no word
/// of the query speaks for any, nearness decides.
const NEAR: f32 = 0.5;

/// A hit whose snippet is not yet cut, and which does not yet know what its root is called.
pub(super) struct Draft {
    pub(super) hit: Hit,
    pub(super) material: Material,
    /// The lines as they were indexed.
    pub(super) indexed: LineSpan,
    /// Of the file as it was read, or as it was indexed where it cannot be read.
    pub(super) hash: ContentHash,
}

impl Draft {
    /// The hit as it is named in the answer.
    pub(super) fn labelled(mut self, label: &str) -> Self {
        self.hit.name_it(label, self.hash);
        self
    }

    /// What makes it the same method as others.
    pub(super) fn key(&self) -> Option<Key> {
        Key::of(&self.hit.language, &self.hit.kind, &self.hit.name, &self.hit.signature)
    }

    /// Where it is, under the label of its root.
    pub(super) fn place(self, label: &str) -> Place {
        let Hit {
            path,
            start_line,
            end_line,
            name,
            ..
        } = self.labelled(label).hit;
        Place {
            path,
            start_line,
            end_line,
            name,
        }
    }
}

impl Hit {
    /// Names a hit as it is named in the answer: with the label of its root, and by what its file holds.
    pub(super) fn name_it(&mut self, label: &str, hash: ContentHash) {
        if !label.is_empty() {
            self.path = format!("{label}/{}", self.path);
        }
        self.handle = handle::name(&self.path, self.start_line, self.end_line, hash);
    }
}

impl Search<'_> {
    /// A candidate as a hit; `None` when what spoke for it is no longer in its file.
    pub(super) fn show(
        &self,
        query: &Query,
        filter: &Filter,
        candidate: &Candidate,
        score: f32,
    ) -> Result<Option<Draft>, EngineError> {
        let file = self.view.file(candidate.file);
        let of_kind = match filter.kinds.as_slice() {
            [] => None,
            kinds => match self.best_of_kind(query, kinds, candidate)? {
                None => return Ok(None),
                found => found,
            },
        };
        let definition = of_kind.as_ref().or_else(|| best_definition(candidate));
        let chunk = self.best_chunk(candidate)?;
        let (lines, symbol) = match (definition, &chunk) {
            (Some(definition), _) => (definition.lines, Some(definition)),
            (None, Some(chunk)) => (chunk.lines, chunk.symbol.as_ref()),
            (None, None) => (LineSpan { start: 1, end: 1 }, None),
        };
        let mut shown = Shown::of(lines, symbol);
        let mut hash_now = file.hash;
        let (material, stale) = match self.ports.source.read(self.root, &file.path, self.max_file_bytes) {
            Ok(bytes) => {
                hash_now = hash(&bytes);
                let stale = hash_now != file.hash;
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
                (Material::new(&source, shown.lines, &shown.signature), stale)
            }
            Err(error) if error.kind == PortErrorKind::NotFound && self.is_root_there() => return Ok(None),
            // What cannot be read is not vouched for.
            Err(_) => (Material::new("", shown.lines, &shown.signature), true),
        };
        let hit = Hit {
            path: file.path.to_string(),
            root: self.root.to_path_buf(),
            handle: String::new(),
            start_line: shown.lines.start,
            end_line: shown.lines.end,
            kind: shown.kind,
            name: shown.name,
            signature: shown.signature,
            score,
            snippet: String::new(),
            language: file.language.to_string(),
            stale,
            shares: Vec::new(),
            memories: Vec::new(),
            hop: None,
            alike: Alike::default(),
        };
        Ok(Some(Draft {
            hit,
            material,
            indexed: lines,
            hash: hash_now,
        }))
    }

    /// The definition of one of these kinds that has most of the query: in its name, else in what is said of it. The first
    /// of equals.
    fn best_of_kind(
        &self,
        query: &Query,
        kinds: &[SymbolKind],
        candidate: &Candidate,
    ) -> Result<Option<SymbolRow>, EngineError> {
        let content = self.view.file(candidate.file).content;
        let symbols = self.stores.catalog.symbols_of(content);
        let symbols = symbols.map_err(EngineError::port("read a file's symbols"))?;
        let chunk = self.best_chunk(candidate)?;
        let mut tokenizer = Tokenizer::default();
        let mut weight = |symbol: &SymbolRow| {
            let mut best = vec![0.0_f32; query.terms.len()];
            let docstring = symbol.docstring.as_deref().unwrap_or_default();
            for (text, factor) in [
                (&*symbol.qualified_name, 2.0),
                (&*symbol.signature, 1.0),
                (docstring, 1.0),
            ] {
                tokenizer.tokens(text, |token| {
                    if let Some(term) = query.terms.iter().position(|term| term.text == token) {
                        best[term] = best[term].max(factor * query.terms[term].weight);
                    }
                });
            }
            let is_near = chunk.as_ref().is_some_and(|chunk| chunk.lines.overlaps(symbol.lines));
            best.iter().sum::<f32>() + if is_near { NEAR } else { 0.0 }
        };
        let of_kind = symbols.into_iter().filter(|symbol| kinds.contains(&symbol.kind));
        let weighed = of_kind.map(|symbol| (weight(&symbol), symbol));
        let best = weighed.reduce(|best, next| if next.0 > best.0 { next } else { best });
        Ok(best.map(|(_, symbol)| symbol))
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
