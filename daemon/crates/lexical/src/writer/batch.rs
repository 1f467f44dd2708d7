//! Cutting what is written into batches: each is indexed by one thread into one segment.

use crate::document;
use codemem_core::ports::{ChunkDocument, PathDocument};

/// Most text in one batch, in bytes. An edit becomes one small segment, and a long pass still keeps all threads
/// equally busy.
const BATCH: usize = 256 << 10;

/// Most documents in one batch, for documents with little text.
const BATCH_DOCUMENTS: usize = 2_000;

/// What is replaced as one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Item<'a> {
    /// A content, by all its chunks; never empty.
    Content(&'a [&'a ChunkDocument<'a>]),
    /// A path.
    Path(&'a PathDocument<'a>),
}

impl Item<'_> {
    /// Its documents and bytes.
    fn measure(&self) -> (usize, usize) {
        match self {
            Self::Content(chunks) => {
                let bytes = chunks.iter().map(|chunk| document::chunk_bytes(chunk)).sum();
                (chunks.len(), bytes)
            }
            Self::Path(path) => (1, path.text.as_str().len()),
        }
    }
}

/// Items that go to an indexing thread together.
pub(super) struct Batch<'a, T> {
    pub(super) items: &'a [T],
    pub(super) bytes: usize,
}

/// Cuts `items` so that a batch stays within its limits; an item that is over them goes alone.
pub(super) fn batches<'a, 'b>(items: &'a [Item<'b>]) -> impl Iterator<Item = Batch<'a, Item<'b>>> {
    cut(items, Item::measure)
}

/// `measure` gives an item's documents and bytes.
fn cut<T>(items: &[T], measure: impl Fn(&T) -> (usize, usize)) -> impl Iterator<Item = Batch<'_, T>> {
    let mut rest = items;
    std::iter::from_fn(move || {
        let (mut n_items, mut n_documents, mut bytes) = (0, 0, 0);
        for item in rest {
            let (item_documents, item_bytes) = measure(item);
            if n_items > 0 && (n_documents + item_documents > BATCH_DOCUMENTS || bytes + item_bytes > BATCH) {
                break;
            }
            n_items += 1;
            n_documents += item_documents;
            bytes += item_bytes;
        }
        let (items, others) = rest.split_at(n_items);
        rest = others;
        (n_items > 0).then_some(Batch { items, bytes })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn batches_keep_order_and_limits(items in proptest::collection::vec((1_usize..3_000, 0_usize..BATCH * 2), 0..40)) {
            let mut joined = Vec::new();
            for batch in cut(&items, |&item| item) {
                let documents: usize = batch.items.iter().map(|item| item.0).sum();
                let bytes: usize = batch.items.iter().map(|item| item.1).sum();
                prop_assert_eq!(bytes, batch.bytes);
                prop_assert!(batch.items.len() == 1 || (documents <= BATCH_DOCUMENTS && bytes <= BATCH));
                joined.extend_from_slice(batch.items);
            }
            prop_assert_eq!(joined, items);
        }
    }
}
