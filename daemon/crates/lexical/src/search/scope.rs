//! Which rows a search counts, and how many documents and tokens that is.
//!
//! Looking at every row takes a millisecond for 100,000 files, and most searches ask for all that there is: a snapshot remembers
//! the scope of its last search.

use crate::bm25::FieldStats;
use crate::schema::Text;
use crate::snapshot::{Snapshot, View};
use codemem_core::ids::IdSet;
use codemem_core::ports::LexicalQuery;
use std::sync::{Arc, Mutex, PoisonError};

/// The scope of a snapshot's last search.
#[derive(Default)]
pub(crate) struct LastScope(Mutex<Option<Arc<Scope>>>);

/// The rows that are alive and asked for.
pub(crate) struct Scope {
    /// What is asked for.
    asked: (IdSet, IdSet),
    /// By segment: whether each row of `files` is in.
    pub(crate) files: Vec<Vec<bool>>,
    /// By segment: whether each row of `paths` is in.
    pub(crate) paths: Vec<Vec<bool>>,
    /// How many contents are in.
    pub(crate) n_files: u32,
    /// Chunk documents, by field of [`Text::OF_CHUNK`].
    pub(crate) chunk_stats: [FieldStats; 3],
    /// Contents, by field of [`Text::OF_CHUNK`].
    pub(crate) file_stats: [FieldStats; 3],
    /// Path documents, by field of [`Text::OF_PATH`].
    pub(crate) path_stats: [FieldStats; 2],
}

impl Scope {
    /// The scope of a query.
    pub(crate) fn of(snapshot: &Snapshot, query: &LexicalQuery<'_>) -> Arc<Self> {
        let last = || snapshot.last_scope.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = last().clone();
        if let Some(known) = known.filter(|known| known.asked.0 == *query.contents && known.asked.1 == *query.paths) {
            return known;
        }
        let scope = Arc::new(Self::new(snapshot, query));
        *last() = Some(Arc::clone(&scope));
        scope
    }

    fn new(snapshot: &Snapshot, query: &LexicalQuery<'_>) -> Self {
        let mut scope = Self {
            asked: (query.contents.clone(), query.paths.clone()),
            files: Vec::with_capacity(snapshot.segments.len()),
            paths: Vec::with_capacity(snapshot.segments.len()),
            n_files: 0,
            chunk_stats: [FieldStats::default(); 3],
            file_stats: [FieldStats::default(); 3],
            path_stats: [FieldStats::default(); 2],
        };
        for view in &snapshot.segments {
            scope.add_files(view, query.contents);
            scope.add_paths(view, query.paths);
        }
        scope
    }

    fn add_files(&mut self, view: &View, contents: &IdSet) {
        let rows = view.segment.files.iter().map(|file| {
            let inside = contents.contains(file.content) && view.has_file(file);
            if inside {
                self.n_files += 1;
                for column in 0..Text::OF_CHUNK.len() {
                    self.chunk_stats[column].add_many(file.n_filled[column], file.lengths[column].into());
                    self.file_stats[column].add(file.lengths[column]);
                }
            }
            inside
        });
        let rows = rows.collect();
        self.files.push(rows);
    }

    fn add_paths(&mut self, view: &View, paths: &IdSet) {
        let rows = view.segment.paths.iter().map(|row| {
            let inside = paths.contains(row.path) && view.has_path(row);
            if inside {
                for column in 0..Text::OF_PATH.len() {
                    self.path_stats[column].add(row.lengths[column]);
                }
            }
            inside
        });
        let rows = rows.collect();
        self.paths.push(rows);
    }
}
