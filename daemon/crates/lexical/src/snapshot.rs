//! What searches see: the segments of one commit with the documents deleted from them.

use crate::schema::Fields;
use crate::segment::Segment;
use codemem_core::ids::IdSet;
use std::sync::Arc;
use tantivy::fastfield::AliveBitSet;
use tantivy::{DocId, Opstamp, Searcher};

/// One commit. Keeps its files mapped as long as it lives, also when merges have replaced them.
#[derive(Default)]
pub(crate) struct Snapshot {
    /// The segments, in no particular order.
    pub(crate) segments: Vec<View>,
}

/// One segment as of one commit.
#[derive(Clone)]
pub(crate) struct View {
    /// The segment itself, shared by all commits that have it.
    pub(crate) segment: Arc<Segment>,
    alive: Option<AliveBitSet>,
    delete_opstamp: Option<Opstamp>,
}

impl View {
    /// Whether the document is still there.
    #[inline]
    pub(crate) fn is_alive(&self, doc: DocId) -> bool {
        self.alive.as_ref().is_none_or(|alive| alive.is_alive(doc))
    }
}

impl Snapshot {
    /// Opens what is new since `previous` and takes over the rest, so that a commit after an edit
    /// costs what the edit costs.
    pub(crate) fn of(fields: &Fields, searcher: &Searcher, previous: &Self) -> tantivy::Result<Self> {
        let mut segments = Vec::with_capacity(searcher.segment_readers().len());
        for reader in searcher.segment_readers() {
            let known = previous
                .segments
                .iter()
                .find(|view| view.segment.id == reader.segment_id());
            let view = match known {
                Some(view) if view.delete_opstamp == reader.delete_opstamp() => view.clone(),
                known => View {
                    segment: match known {
                        Some(view) => Arc::clone(&view.segment),
                        None => Arc::new(Segment::open(fields, reader)?),
                    },
                    alive: reader.alive_bitset().cloned(),
                    delete_opstamp: reader.delete_opstamp(),
                },
            };
            segments.push(view);
        }
        Ok(Self { segments })
    }

    /// The contents and the paths that are there.
    pub(crate) fn ids(&self) -> (IdSet, IdSet) {
        let (mut contents, mut paths) = (IdSet::default(), IdSet::default());
        for view in &self.segments {
            for file in &view.segment.files {
                if view.is_alive(file.docs.start) {
                    contents.insert(file.content);
                }
            }
            for row in &view.segment.paths {
                if view.is_alive(row.doc) {
                    paths.insert(row.path);
                }
            }
        }
        (contents, paths)
    }
}
