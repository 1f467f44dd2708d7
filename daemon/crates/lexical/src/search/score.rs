//! The sums: BM25 per field and coverage, per chunk, file and path.
//!
//! The formulas are in [`crate::bm25`]. A term's idf is known once all its postings were read, so a
//! term is read first and added then, from the list of its hits.

use super::scope::Scope;
use super::walk::Hits;
use crate::bm25::{self, FieldStats, Table};
use crate::schema::Text;
use crate::snapshot::Snapshot;
use codemem_core::ports::QueryTerm;
use std::io;

/// Column of the score over the lines.
pub(crate) const BODY: usize = 0;
/// Column of the score over the names.
pub(crate) const NAMES: usize = 1;
/// Column of the score over signatures and docstrings.
pub(crate) const DOCS: usize = 2;
/// Column of the weight × idf of the terms that occur.
pub(crate) const COVERAGE: usize = 3;

/// One row of columns per document or file row of a segment; empty when none was hit. Arrays of
/// floats because a zeroed vector of them comes from the system untouched: only pages with hits cost.
pub(crate) type Columns<const N: usize> = Vec<[f32; N]>;

/// What the contents in scope scored. All zero is no match: a match is positive in every column it adds to.
#[derive(Debug)]
pub(crate) struct ContentScores {
    /// By segment, then document.
    pub(crate) chunks: Vec<Columns<4>>,
    /// By segment, then file row.
    pub(crate) files: Vec<Columns<4>>,
    /// Weight × idf of all terms; idf counts chunks whose lines have the term.
    pub(crate) chunk_total: f32,
    /// Weight × idf of all terms; idf counts contents that have the term in any field.
    pub(crate) file_total: f32,
}

/// Scores all contents in scope.
pub(crate) fn contents(snapshot: &Snapshot, scope: &Scope, terms: &[&QueryTerm]) -> io::Result<ContentScores> {
    let n_segments = snapshot.segments.len();
    let mut scores = ContentScores {
        chunks: vec![Vec::new(); n_segments],
        files: vec![Vec::new(); n_segments],
        chunk_total: 0.0,
        file_total: 0.0,
    };
    let tables = scope.chunk_stats.map(|stats| stats.table());
    let mut hits: [Hits; 3] = Default::default();
    let mut covered = Covered::new(snapshot);
    for (number, term) in (1..).zip(terms) {
        for (hits, text) in hits.iter_mut().zip(Text::OF_CHUNK) {
            hits.read(snapshot, text, &term.text, &scope.files)?;
        }
        for column in [BODY, NAMES, DOCS] {
            let hits = &hits[column];
            let chunk_weight = term.weight * scope.chunk_stats[column].idf(hits.n_docs());
            let coverage = if column == BODY { chunk_weight } else { 0.0 };
            scores.chunk_total += coverage;
            let add = Add {
                column,
                weight: chunk_weight,
                coverage,
            };
            add.to_chunks(&mut scores.chunks, snapshot, hits, &tables[column]);
            let add = Add {
                column,
                weight: term.weight * scope.file_stats[column].idf(hits.n_rows()),
                coverage: 0.0,
            };
            add.to_files(&mut scores.files, snapshot, hits, &scope.file_stats[column]);
        }
        covered.mark(number, &hits);
        let weight = term.weight * bm25::idf(scope.n_files, covered.n_rows());
        scores.file_total += weight;
        covered.add(&mut scores.files, weight);
    }
    Ok(scores)
}

/// Scores all paths in scope, by segment, then path row; a column per field of [`Text::OF_PATH`].
pub(crate) fn paths(snapshot: &Snapshot, scope: &Scope, terms: &[&QueryTerm]) -> io::Result<Vec<Columns<2>>> {
    let mut scores: Vec<Columns<2>> = vec![Vec::new(); snapshot.segments.len()];
    let mut hits = Hits::default();
    for term in terms {
        for (column, text) in Text::OF_PATH.into_iter().enumerate() {
            hits.read(snapshot, text, &term.text, &scope.paths)?;
            let stats = &scope.path_stats[column];
            let weight = term.weight * stats.idf(hits.n_rows());
            for ((scores, view), (_, runs)) in scores.iter_mut().zip(&snapshot.segments).zip(hits.by_segment()) {
                let rows = &view.segment.paths;
                if !runs.is_empty() && scores.is_empty() {
                    *scores = vec![[0.0; 2]; rows.len()];
                }
                for run in runs {
                    let row = run.row as usize;
                    scores[row][column] += weight * stats.saturation(run.frequency, rows[row].lengths[column]);
                }
            }
        }
    }
    Ok(scores)
}

/// What a hit adds.
struct Add {
    column: usize,
    /// Weight × idf.
    weight: f32,
    coverage: f32,
}

impl Add {
    fn to_chunks(&self, scores: &mut [Columns<4>], snapshot: &Snapshot, hits: &Hits, table: &Table) {
        let text = Text::OF_CHUNK[self.column];
        for ((scores, view), (hits, _)) in scores.iter_mut().zip(&snapshot.segments).zip(hits.by_segment()) {
            if !hits.is_empty() && scores.is_empty() {
                *scores = vec![[0.0; 4]; view.segment.max_doc as usize];
            }
            let norms = view.segment.norms(text);
            for hit in hits {
                let chunk = &mut scores[hit.doc as usize];
                chunk[self.column] += self.weight * table.saturation(hit.frequency, norms.fieldnorm_id(hit.doc));
                chunk[COVERAGE] += self.coverage;
            }
        }
    }

    fn to_files(&self, scores: &mut [Columns<4>], snapshot: &Snapshot, hits: &Hits, stats: &FieldStats) {
        for ((scores, view), (_, runs)) in scores.iter_mut().zip(&snapshot.segments).zip(hits.by_segment()) {
            let rows = &view.segment.files;
            if !runs.is_empty() && scores.is_empty() {
                *scores = vec![[0.0; 4]; rows.len()];
            }
            for run in runs {
                let row = run.row as usize;
                let saturation = stats.saturation(run.frequency, rows[row].lengths[self.column]);
                scores[row][self.column] += self.weight * saturation;
            }
        }
    }
}

/// The file rows that have a term in any field, each once.
struct Covered {
    /// By segment, then row: the number of the last term that covered it; terms count from 1.
    last: Vec<Vec<u32>>,
    /// By segment: the rows that the last term covers.
    rows: Vec<Vec<u32>>,
}

impl Covered {
    fn new(snapshot: &Snapshot) -> Self {
        let segments = snapshot.segments.iter();
        Self {
            last: segments.map(|view| vec![0; view.segment.files.len()]).collect(),
            rows: vec![Vec::new(); snapshot.segments.len()],
        }
    }

    fn mark(&mut self, number: u32, hits: &[Hits; 3]) {
        for rows in &mut self.rows {
            rows.clear();
        }
        for hits in hits {
            for ((last, rows), (_, runs)) in self.last.iter_mut().zip(&mut self.rows).zip(hits.by_segment()) {
                for run in runs {
                    if std::mem::replace(&mut last[run.row as usize], number) != number {
                        rows.push(run.row);
                    }
                }
            }
        }
    }

    fn n_rows(&self) -> u32 {
        self.rows.iter().map(|rows| rows.len() as u32).sum()
    }

    /// Every covered row was hit, so its segment has scores.
    fn add(&self, scores: &mut [Columns<4>], weight: f32) {
        for (scores, rows) in scores.iter_mut().zip(&self.rows) {
            for &row in rows {
                scores[row as usize][COVERAGE] += weight;
            }
        }
    }
}
