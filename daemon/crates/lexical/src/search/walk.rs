//! The postings of one term in one field, narrowed to a scope.

use crate::schema::Text;
use crate::segment::{Hit, NOBODY, Postings, Segment};
use crate::snapshot::Snapshot;
use std::io;
use tantivy::schema::IndexRecordOption;

/// The hits of one row: of one content, or the one hit of a path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) row: u32,
    /// Sum over the hits.
    pub(crate) frequency: u32,
    /// How many hits.
    pub(crate) n_docs: u32,
}

/// Everything that one term hit in one field.
#[derive(Debug, Default)]
pub(crate) struct Hits {
    /// By segment, in order of document.
    docs: Vec<Hit>,
    /// By segment, in order of row. A row's hits are neighbours because its documents are.
    runs: Vec<Run>,
    /// By segment: the ends of its hits and its runs.
    ends: Vec<(usize, usize)>,
}

impl Hits {
    /// Documents that have the term.
    pub(crate) fn n_docs(&self) -> u32 {
        self.docs.len() as u32
    }

    /// Rows that have the term.
    pub(crate) fn n_rows(&self) -> u32 {
        self.runs.len() as u32
    }

    /// The hits and runs of each segment.
    pub(crate) fn by_segment(&self) -> impl Iterator<Item = (&[Hit], &[Run])> {
        let starts = std::iter::once(&(0, 0)).chain(&self.ends);
        starts
            .zip(&self.ends)
            .map(|(start, end)| (&self.docs[start.0..end.0], &self.runs[start.1..end.1]))
    }

    /// Reads the postings of `term` anew; `inside` says by segment which rows count.
    pub(crate) fn read(&mut self, snapshot: &Snapshot, text: Text, term: &str, inside: &[Vec<bool>]) -> io::Result<()> {
        self.docs.clear();
        self.runs.clear();
        self.ends.clear();
        for (view, inside) in snapshot.segments.iter().zip(inside) {
            self.read_segment(&view.segment, text, term, inside)?;
            self.ends.push((self.docs.len(), self.runs.len()));
        }
        Ok(())
    }

    fn read_segment(&mut self, segment: &Segment, text: Text, term: &str, inside: &[bool]) -> io::Result<()> {
        let mut run = Run {
            row: NOBODY,
            frequency: 0,
            n_docs: 0,
        };
        match segment.postings(text) {
            Postings::Sealed(inverted) => {
                let Some(info) = inverted.terms().get(term)? else {
                    return Ok(());
                };
                let mut postings = inverted.read_block_postings_from_terminfo(&info, IndexRecordOption::WithFreqs)?;
                while !postings.docs().is_empty() {
                    for (&doc, &frequency) in postings.docs().iter().zip(postings.freqs()) {
                        self.take(Hit { doc, frequency }, segment, inside, &mut run);
                    }
                    postings.advance();
                }
            }
            Postings::Loose(lists) => {
                for &hit in lists.get(term).into_iter().flatten() {
                    self.take(hit, segment, inside, &mut run);
                }
            }
        }
        self.end_run(run);
        Ok(())
    }

    #[inline]
    fn take(&mut self, hit: Hit, segment: &Segment, inside: &[bool], run: &mut Run) {
        let row = segment.owners[hit.doc as usize];
        // Nobody's row is beyond the end.
        if !inside.get(row as usize).copied().unwrap_or(false) {
            return;
        }
        self.docs.push(hit);
        if row == run.row {
            run.frequency += hit.frequency;
            run.n_docs += 1;
        } else {
            self.end_run(*run);
            *run = Run {
                row,
                frequency: hit.frequency,
                n_docs: 1,
            };
        }
    }

    fn end_run(&mut self, run: Run) {
        if run.row != NOBODY {
            self.runs.push(run);
        }
    }
}
