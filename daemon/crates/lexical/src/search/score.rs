//! The sums: BM25 per field and coverage, per file and path, and per chunk of the files that were chosen.
//!
//! The formulas are in [`crate::bm25`]. A term's idf is known once all its postings were read, so a
//! term is read first and added then, from the list of its hits. The lists are kept for the chunks,
//! of which few are wanted: the others are never added up.

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

/// Hits kept from files to chunks, 8 bytes each; the lists of terms beyond these are read again.
const MAX_KEPT: usize = 4_000_000;

/// One row of columns per row of a segment; empty when none was hit. Arrays of floats because a zeroed
/// vector of them comes from the system untouched: only pages with hits cost.
pub(crate) type Columns<const N: usize> = Vec<[f32; N]>;

/// What the contents in scope scored. All zero is no match: a match is positive in every column it adds to.
#[derive(Debug)]
pub(crate) struct ContentScores<'q> {
    /// By segment, then file row.
    pub(crate) files: Vec<Columns<4>>,
    /// Weight × idf of all terms; idf counts chunks whose lines have the term.
    pub(crate) chunk_total: f32,
    /// Weight × idf of all terms; idf counts contents that have the term in any field.
    pub(crate) file_total: f32,
    terms: Vec<Term<'q>>,
}

/// What a term adds to chunks.
#[derive(Debug)]
struct Term<'q> {
    text: &'q str,
    /// Weight × idf, by field of [`Text::OF_CHUNK`].
    weights: [f32; 3],
    /// By the same; `None` where they are too many to be kept.
    hits: Option<[Hits; 3]>,
}

/// Scores all contents in scope.
pub(crate) fn contents<'q>(
    snapshot: &Snapshot,
    scope: &Scope,
    terms: &[&'q QueryTerm],
) -> io::Result<ContentScores<'q>> {
    let n_segments = snapshot.segments.len();
    let mut scores = ContentScores {
        files: vec![Vec::new(); n_segments],
        chunk_total: 0.0,
        file_total: 0.0,
        terms: Vec::with_capacity(terms.len()),
    };
    let mut n_kept = 0;
    let mut covered = Covered::new(snapshot);
    for (number, term) in (1..).zip(terms) {
        let hits = read(snapshot, scope, &term.text)?;
        let mut weights = [0.0; 3];
        for column in [BODY, NAMES, DOCS] {
            let hits = &hits[column];
            weights[column] = term.weight * scope.chunk_stats[column].idf(hits.n_docs());
            let weight = term.weight * scope.file_stats[column].idf(hits.n_rows());
            add_to_files(
                &mut scores.files,
                snapshot,
                hits,
                column,
                weight,
                &scope.file_stats[column],
            );
        }
        scores.chunk_total += weights[BODY];
        covered.mark(number, &hits);
        let weight = term.weight * bm25::idf(scope.n_files, covered.n_rows());
        scores.file_total += weight;
        covered.add(&mut scores.files, weight);
        n_kept += hits.iter().map(|hits| hits.n_docs() as usize).sum::<usize>();
        scores.terms.push(Term {
            text: &term.text,
            weights,
            hits: (n_kept <= MAX_KEPT).then_some(hits),
        });
    }
    Ok(scores)
}

/// The hits of a term, by field of [`Text::OF_CHUNK`].
fn read(snapshot: &Snapshot, scope: &Scope, term: &str) -> io::Result<[Hits; 3]> {
    let mut hits: [Hits; 3] = Default::default();
    for (hits, text) in hits.iter_mut().zip(Text::OF_CHUNK) {
        hits.read(snapshot, text, term, &scope.files)?;
    }
    Ok(hits)
}

/// Some file rows of all segments.
pub(crate) struct Chosen {
    /// By segment, then file row: its number among those chosen, counted from 1; empty where none is chosen.
    numbers: Vec<Vec<u32>>,
    /// By number from 0, then document of the row: what the chunk scored.
    chunks: Vec<Columns<4>>,
}

impl Chosen {
    /// Of these rows, each a segment and a row in it, what their chunks scored.
    pub(crate) fn score(
        snapshot: &Snapshot,
        scope: &Scope,
        scores: &ContentScores<'_>,
        rows: &[(usize, usize)],
    ) -> io::Result<Self> {
        let mut chosen = Self {
            numbers: vec![Vec::new(); snapshot.segments.len()],
            chunks: Vec::with_capacity(rows.len()),
        };
        for (number, &(segment, row)) in (1..).zip(rows) {
            let files = &snapshot.segments[segment].segment.files;
            let numbers = &mut chosen.numbers[segment];
            if numbers.is_empty() {
                *numbers = vec![0; files.len()];
            }
            numbers[row] = number;
            chosen.chunks.push(vec![[0.0; 4]; files[row].docs.len()]);
        }
        let tables = scope.chunk_stats.map(|stats| stats.table());
        for term in &scores.terms {
            match &term.hits {
                Some(hits) => chosen.add(snapshot, term, hits, &tables),
                None => chosen.add(snapshot, term, &read(snapshot, scope, term.text)?, &tables),
            }
        }
        Ok(chosen)
    }

    /// What the chunks of the row of that number scored, in the order of their documents.
    pub(crate) fn chunks(&self, number: usize) -> &Columns<4> {
        &self.chunks[number]
    }

    fn add(&mut self, snapshot: &Snapshot, term: &Term<'_>, hits: &[Hits; 3], tables: &[Table; 3]) {
        for column in [BODY, NAMES, DOCS] {
            let (weight, table) = (term.weights[column], &tables[column]);
            let coverage = if column == BODY { weight } else { 0.0 };
            let by_segment = hits[column].by_segment();
            for ((numbers, view), (docs, runs)) in self.numbers.iter().zip(&snapshot.segments).zip(by_segment) {
                if numbers.is_empty() {
                    continue;
                }
                let norms = view.segment.norms(Text::OF_CHUNK[column]);
                let mut rest = docs;
                for run in runs {
                    let (hits, others) = rest.split_at(run.n_docs as usize);
                    rest = others;
                    let Some(number) = numbers[run.row as usize].checked_sub(1) else {
                        continue;
                    };
                    let first = view.segment.files[run.row as usize].docs.start;
                    let chunks = &mut self.chunks[number as usize];
                    for hit in hits {
                        let chunk = &mut chunks[(hit.doc - first) as usize];
                        chunk[column] += weight * table.saturation(hit.frequency, norms.fieldnorm_id(hit.doc));
                        chunk[COVERAGE] += coverage;
                    }
                }
            }
        }
    }
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

fn add_to_files(
    scores: &mut [Columns<4>],
    snapshot: &Snapshot,
    hits: &Hits,
    column: usize,
    weight: f32,
    stats: &FieldStats,
) {
    for ((scores, view), (_, runs)) in scores.iter_mut().zip(&snapshot.segments).zip(hits.by_segment()) {
        let rows = &view.segment.files;
        if !runs.is_empty() && scores.is_empty() {
            *scores = vec![[0.0; 4]; rows.len()];
        }
        for run in runs {
            let row = run.row as usize;
            let saturation = stats.saturation(run.frequency, rows[row].lengths[column]);
            scores[row][column] += weight * saturation;
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
