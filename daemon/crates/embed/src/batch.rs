//! Which texts go through the model together.

use crate::tokenize::Part;
use std::ops::Range;

/// Most word pieces in a batch, padding included: four full windows, enough to feed two threads.
/// Measured: larger batches outgrow the processor's caches, are no faster and take 35 MB more of
/// memory for every doubling.
pub(crate) const MAX_PIECES: usize = 1_024;

/// Most texts in a batch, so that very short ones do not wait long for each other.
pub(crate) const MAX_ROWS: usize = 32;

/// The word piece that fills a row up; it is masked, so any that every model has will do.
const PADDING: i64 = 0;

/// Word pieces of several parts, each row filled up to the longest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Batch {
    pub(crate) rows: usize,
    pub(crate) width: usize,
    /// Row-major, `rows` × `width`.
    pub(crate) ids: Vec<i64>,
    /// One where a word piece is, zero where it is padding.
    pub(crate) mask: Vec<i64>,
}

impl Batch {
    /// The batch of the parts at these positions.
    pub(crate) fn new(parts: &[Part], positions: &[usize]) -> Self {
        let width = positions.iter().map(|&at| parts[at].len()).max().unwrap_or(0);
        let mut ids = Vec::with_capacity(positions.len() * width);
        let mut mask = Vec::with_capacity(positions.len() * width);
        for &at in positions {
            let part = &parts[at];
            let missing = width - part.len();
            ids.extend_from_slice(part);
            ids.extend(std::iter::repeat_n(PADDING, missing));
            mask.extend(std::iter::repeat_n(1, part.len()));
            mask.extend(std::iter::repeat_n(0, missing));
        }
        Self {
            rows: positions.len(),
            width,
            ids,
            mask,
        }
    }
}

/// Positions in the order in which they are run, and where each batch begins and ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Plan {
    order: Vec<usize>,
    batches: Vec<Range<usize>>,
}

impl Plan {
    /// Groups parts of these lengths, longest first, so that neighbours need little padding. Every
    /// position is in exactly one batch; a batch of several rows keeps to both limits.
    pub(crate) fn new(lengths: &[usize], max_pieces: usize, max_rows: usize) -> Self {
        let mut order: Vec<usize> = (0..lengths.len()).collect();
        order.sort_by_key(|&at| std::cmp::Reverse(lengths[at]));
        let mut batches = Vec::new();
        let mut start = 0;
        for at in 1..=order.len() {
            // The first of a batch is its longest.
            let rows = at + 1 - start;
            let full = at < order.len() && (rows > max_rows || rows * lengths[order[start]] > max_pieces);
            if full || at == order.len() {
                batches.push(start..at);
                start = at;
            }
        }
        Self { order, batches }
    }

    /// The positions of each batch.
    pub(crate) fn batches(&self) -> impl Iterator<Item = &[usize]> {
        self.batches.iter().map(|range| &self.order[range.clone()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_position_is_in_one_batch_and_the_limits_hold(
            lengths in proptest::collection::vec(1_usize..300, 0..120),
            max_pieces in 1_usize..2_000,
            max_rows in 1_usize..40,
        ) {
            let plan = Plan::new(&lengths, max_pieces, max_rows);
            let mut seen: Vec<usize> = plan.batches().flatten().copied().collect();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..lengths.len()).collect::<Vec<_>>());
            for batch in plan.batches() {
                let longest = batch.iter().map(|&at| lengths[at]).max().unwrap_or(0);
                prop_assert!(batch.len() <= max_rows);
                prop_assert!(batch.len() == 1 || longest * batch.len() <= max_pieces);
            }
        }

        #[test]
        fn neighbours_have_similar_lengths(lengths in proptest::collection::vec(1_usize..300, 1..60)) {
            let plan = Plan::new(&lengths, 512, 8);
            let order: Vec<usize> = plan.batches().flatten().map(|&at| lengths[at]).collect();
            prop_assert!(order.is_sorted_by(|a, b| a >= b));
        }
    }

    #[test]
    fn rows_are_filled_up_and_masked() {
        let parts = vec![vec![1, 2, 3], vec![4], vec![5, 6]];
        let batch = Batch::new(&parts, &[2, 1]);
        assert_eq!((batch.rows, batch.width), (2, 2));
        assert_eq!(batch.ids, [5, 6, 4, 0]);
        assert_eq!(batch.mask, [1, 1, 1, 0]);
    }
}
