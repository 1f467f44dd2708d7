//! What was refreshed since the last commit: pieces in memory that lie over the segments on disk.
//!
//! Owned by the writing side; searches get copies inside a [`Snapshot`], which share the pieces. A content or a path
//! is shown by the newest piece that has it; older pieces and the disk hide it.

use crate::piece::Piece;
use crate::snapshot::{Ids, Snapshot, View};
use std::sync::Arc;

/// Most documents of a piece that was merged from smaller ones. Merging that many takes about ten milliseconds,
/// which one refresh in many can spend.
const MERGED_DOCUMENTS: usize = 2_000;

/// The pieces and what they replace.
#[derive(Clone, Default)]
pub(crate) struct Overlay {
    /// Oldest first.
    pieces: Vec<View>,
    /// Everything put or deleted since the commit, which the disk has no say in any more.
    hidden: Arc<Ids>,
}

impl Overlay {
    /// Lays on top what became of `ids`: the documents in `piece`, or nothing where they were deleted.
    pub(crate) fn add(&mut self, ids: &Ids, piece: Piece) {
        Arc::make_mut(&mut self.hidden).add(ids);
        for older in &mut self.pieces {
            older.hide(ids);
        }
        if piece.len() > 0 {
            self.pieces.push(View::loose(piece.finish()));
        }
        self.merge();
    }

    /// What a search over `committed` and this sees.
    pub(crate) fn over(&self, committed: &Snapshot) -> Snapshot {
        let disk = committed.segments.iter().map(|view| view.hiding(&self.hidden));
        disk.chain(self.pieces.iter().cloned()).collect::<Vec<View>>().into()
    }

    /// Drops pieces that show nothing any more and joins neighbours until each is more than twice as large as the next,
    /// so that a document is copied a few times in its life and the pieces stay few.
    fn merge(&mut self) {
        let mut pieces = std::mem::take(&mut self.pieces);
        pieces.retain(|piece| piece.n_shown() > 0);
        let mut sizes: Vec<usize> = pieces.iter().map(View::n_shown).collect();
        let mut groups: Vec<Vec<View>> = pieces.into_iter().map(|piece| vec![piece]).collect();
        while let Some(place) = next_merge(&sizes) {
            sizes[place] += sizes.remove(place + 1);
            let next = groups.remove(place + 1);
            groups[place].extend(next);
        }
        self.pieces = groups.into_iter().map(join).collect();
    }
}

/// One piece that shows what these show.
fn join(pieces: Vec<View>) -> View {
    match <[View; 1]>::try_from(pieces) {
        Ok([single]) => single,
        Err(pieces) => {
            let mut joined = Piece::default();
            for piece in &pieces {
                joined.absorb(piece);
            }
            View::loose(joined.finish())
        }
    }
}

/// Which piece is to be joined with the next.
fn next_merge(sizes: &[usize]) -> Option<usize> {
    sizes
        .windows(2)
        .rposition(|pair| pair[0] <= pair[1] * 2 && pair[0] + pair[1] <= MERGED_DOCUMENTS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use codemem_core::ids::{ChunkId, ContentId, IdSet};
    use codemem_core::ports::ChunkDocument;

    fn edit(overlay: &mut Overlay, content: u32, n_chunks: u32) {
        let mut piece = Piece::default();
        for chunk in 0..n_chunks {
            piece.add_chunk(&ChunkDocument {
                content: ContentId(content),
                chunk: ChunkId(chunk),
                body: "some words",
                names: "",
                docs: "",
            });
        }
        let ids = Ids {
            contents: [content].into_iter().collect(),
            paths: IdSet::default(),
        };
        overlay.add(&ids, piece);
    }

    #[test]
    fn a_thousand_edits_leave_a_handful_of_pieces() {
        let mut overlay = Overlay::default();
        for content in 0..1_000 {
            edit(&mut overlay, content, 1 + content % 9);
            assert!(overlay.pieces.len() <= 14, "{} pieces", overlay.pieces.len());
        }
        let seen = overlay.over(&Snapshot::default());
        assert_eq!(seen.ids().0.len(), 1_000);
        assert!(seen.segments.iter().all(|view| view.n_shown() <= MERGED_DOCUMENTS));
    }

    #[test]
    fn a_file_saved_over_and_over_is_one_small_piece() {
        let mut overlay = Overlay::default();
        edit(&mut overlay, 1, 3);
        for _ in 0..200 {
            edit(&mut overlay, 2, 5);
            assert!(overlay.pieces.len() <= 2);
        }
        let documents: u32 = overlay.pieces.iter().map(|piece| piece.segment.max_doc).sum();
        assert!(documents <= 13, "{documents} documents for 8 that are shown");
        edit(&mut overlay, 2, 0);
        edit(&mut overlay, 1, 0);
        assert!(overlay.pieces.is_empty());
    }
}
