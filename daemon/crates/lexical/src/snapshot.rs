//! What searches see: the segments of one commit with the documents deleted from them, and beside them the pieces that
//! were refreshed since, which hide what they replace.

use crate::schema::Fields;
use crate::search::LastScope;
use crate::segment::{FileRow, PathRow, Segment};
use codemem_core::ids::IdSet;
use std::sync::Arc;
use tantivy::fastfield::AliveBitSet;
use tantivy::{DocId, Opstamp, Searcher};

/// One state of the index. Keeps its files mapped as long as it lives, also when merges have replaced them.
#[derive(Default)]
pub(crate) struct Snapshot {
    /// The segments, in no particular order.
    pub(crate) segments: Vec<View>,
    /// What the last search asked of them.
    pub(crate) last_scope: LastScope,
}

impl From<Vec<View>> for Snapshot {
    fn from(segments: Vec<View>) -> Self {
        Self {
            segments,
            last_scope: LastScope::default(),
        }
    }
}

/// One segment as of one state.
#[derive(Clone)]
pub(crate) struct View {
    /// The segment itself, shared by all states that have it.
    pub(crate) segment: Arc<Segment>,
    alive: Option<AliveBitSet>,
    delete_opstamp: Option<Opstamp>,
    hidden: Arc<Ids>,
}

/// Some contents and some paths.
#[derive(Clone, Default, Debug)]
pub(crate) struct Ids {
    pub(crate) contents: IdSet,
    pub(crate) paths: IdSet,
}

impl Ids {
    /// Adds all of `others`.
    pub(crate) fn add(&mut self, others: &Self) {
        for content in others.contents.iter() {
            self.contents.insert(content);
        }
        for path in others.paths.iter() {
            self.paths.insert(path);
        }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.contents.is_empty() && self.paths.is_empty()
    }
}

impl View {
    /// One of a segment in memory, with nothing hidden.
    pub(crate) fn loose(segment: Segment) -> Self {
        Self {
            segment: Arc::new(segment),
            alive: None,
            delete_opstamp: None,
            hidden: Arc::default(),
        }
    }

    /// Whether the content is still there, and shown by this segment.
    #[inline]
    pub(crate) fn has_file(&self, file: &FileRow) -> bool {
        self.is_alive(file.docs.start) && !self.hidden.contents.contains(file.content)
    }

    /// The same for a path.
    #[inline]
    pub(crate) fn has_path(&self, row: &PathRow) -> bool {
        self.is_alive(row.doc) && !self.hidden.paths.contains(row.path)
    }

    /// The documents that are shown.
    pub(crate) fn n_shown(&self) -> usize {
        let files = self.segment.files.iter().filter(|file| self.has_file(file));
        let paths = self.segment.paths.iter().filter(|row| self.has_path(row));
        files.map(|file| file.docs.len()).sum::<usize>() + paths.count()
    }

    /// Shows no more of `ids`.
    pub(crate) fn hide(&mut self, ids: &Ids) {
        let files = self.segment.files.iter().map(|file| file.content);
        let paths = self.segment.paths.iter().map(|row| row.path);
        let own = Ids {
            contents: files.filter(|&content| ids.contents.contains(content)).collect(),
            paths: paths.filter(|&path| ids.paths.contains(path)).collect(),
        };
        // What snapshots share is copied, so only where it changes.
        if !own.is_empty() {
            Arc::make_mut(&mut self.hidden).add(&own);
        }
    }

    /// The same segment, hiding exactly `hidden`.
    pub(crate) fn hiding(&self, hidden: &Arc<Ids>) -> Self {
        Self {
            hidden: Arc::clone(hidden),
            ..self.clone()
        }
    }

    #[inline]
    fn is_alive(&self, doc: DocId) -> bool {
        self.alive.as_ref().is_none_or(|alive| alive.is_alive(doc))
    }
}

impl Snapshot {
    /// The newest commit. Opens what is new since `previous`, an earlier commit, and takes over the rest, so that a
    /// commit after an edit costs what the edit costs.
    pub(crate) fn of(fields: &Fields, searcher: &Searcher, previous: &Self) -> tantivy::Result<Self> {
        let mut segments = Vec::with_capacity(searcher.segment_readers().len());
        for reader in searcher.segment_readers() {
            let known = previous
                .segments
                .iter()
                .find(|view| view.segment.id == Some(reader.segment_id()));
            let view = match known {
                Some(view) if view.delete_opstamp == reader.delete_opstamp() => view.clone(),
                known => View {
                    segment: match known {
                        Some(view) => Arc::clone(&view.segment),
                        None => Arc::new(Segment::open(fields, reader)?),
                    },
                    alive: reader.alive_bitset().cloned(),
                    delete_opstamp: reader.delete_opstamp(),
                    hidden: Arc::default(),
                },
            };
            segments.push(view);
        }
        Ok(segments.into())
    }

    /// The contents and the paths that are there.
    pub(crate) fn ids(&self) -> (IdSet, IdSet) {
        let (mut contents, mut paths) = (IdSet::default(), IdSet::default());
        for view in &self.segments {
            for file in view.segment.files.iter().filter(|file| view.has_file(file)) {
                contents.insert(file.content);
            }
            for row in view.segment.paths.iter().filter(|row| view.has_path(row)) {
                paths.insert(row.path);
            }
        }
        (contents, paths)
    }
}
