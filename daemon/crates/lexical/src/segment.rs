//! One segment, opened for walking: who owns which document, and readers for every field.
//!
//! Sealed ones are tantivy's, on disk; loose ones are in memory and hold what was refreshed and not yet committed
//! ([`crate::piece`]). Built when a segment is first seen, on the thread that commits, refreshes or opens; immutable
//! afterwards.

use crate::schema::{Fields, Id, Text};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use tantivy::columnar::Column;
use tantivy::fieldnorm::FieldNormReader;
use tantivy::index::{InvertedIndexReader, SegmentId};
use tantivy::{DocId, SegmentReader};

/// Owner of a document that was deleted before the segment was first opened.
pub(crate) const NOBODY: u32 = u32::MAX;

/// One content and its chunk documents.
///
/// All chunks of a content are written in one batch, which tantivy puts into one segment in order,
/// and are deleted together. So they are neighbours, and live or die as one, here and after merges.
#[derive(Debug)]
pub(crate) struct FileRow {
    /// The content.
    pub(crate) content: u32,
    /// Its chunk documents, in the order in which they were put.
    pub(crate) docs: Range<DocId>,
    /// How many of them have each field of [`Text::OF_CHUNK`].
    pub(crate) n_filled: [u32; 3],
    /// Their tokens in each of these fields.
    pub(crate) lengths: [u32; 3],
}

/// One path document.
#[derive(Debug)]
pub(crate) struct PathRow {
    /// The path.
    pub(crate) path: u32,
    /// Its document.
    pub(crate) doc: DocId,
    /// Its tokens in each field of [`Text::OF_PATH`].
    pub(crate) lengths: [u32; 2],
}

/// What never changes about a segment; deletions are kept beside it.
pub(crate) struct Segment {
    /// Tantivy's name for a sealed one.
    pub(crate) id: Option<SegmentId>,
    /// One more than the largest document.
    pub(crate) max_doc: DocId,
    /// For every document the index of its row: in `files` for a chunk, in `paths` for a path, and
    /// [`NOBODY`]. The field that is searched says which of the two.
    pub(crate) owners: Vec<u32>,
    /// The contents, by first document.
    pub(crate) files: Vec<FileRow>,
    /// The paths, by document.
    pub(crate) paths: Vec<PathRow>,
    chunks: ChunkIds,
    /// By [`Text`].
    texts: [TextReader; 5],
}

/// The words of one field.
pub(crate) struct TextReader {
    pub(crate) postings: Postings,
    pub(crate) norms: FieldNormReader,
}

/// Which documents have a word.
pub(crate) enum Postings {
    /// A dictionary and lists on disk.
    Sealed(Arc<InvertedIndexReader>),
    /// Lists in memory, in order of document.
    Loose(HashMap<Arc<str>, Vec<Hit>>),
}

/// A document that has a word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Hit {
    pub(crate) doc: DocId,
    pub(crate) frequency: u32,
}

/// Whose words a document holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Owner {
    /// One chunk of a content.
    Chunk {
        /// The content.
        content: u32,
        /// The chunk's own id.
        chunk: u32,
    },
    /// A path.
    Path(u32),
}

enum ChunkIds {
    Sealed(Option<Column<u64>>),
    Loose(Vec<Owner>),
}

impl Segment {
    /// Opens one that is on disk.
    pub(crate) fn open(fields: &Fields, reader: &SegmentReader) -> tantivy::Result<Self> {
        let column = |id: Id| reader.fast_fields().column_opt::<u64>(id.name());
        let text = |text: Text| -> tantivy::Result<TextReader> {
            Ok(TextReader {
                postings: Postings::Sealed(reader.inverted_index(fields.text(text))?),
                norms: reader.get_fieldnorms_reader(fields.text(text))?,
            })
        };
        let [body, names, docs, stem, dirs] = Text::ALL.map(text);
        let texts = [body?, names?, docs?, stem?, dirs?];
        let chunks = ChunkIds::Sealed(column(Id::Chunk)?);
        let mut segment = Self::new(Some(reader.segment_id()), reader.max_doc(), chunks, texts);
        let (contents, paths) = (column(Id::Content)?, column(Id::Path)?);
        for doc in reader.doc_ids_alive() {
            if let Some(content) = contents.as_ref().and_then(|column| column.first(doc)) {
                segment.own_chunk(content as u32, doc);
            } else if let Some(path) = paths.as_ref().and_then(|column| column.first(doc)) {
                segment.own_path(path as u32, doc);
            }
        }
        Ok(segment)
    }

    /// One in memory, of the documents of `owners`; `texts` by [`Text`].
    pub(crate) fn loose(owners: Vec<Owner>, texts: [TextReader; 5]) -> Self {
        let mut segment = Self::new(None, owners.len() as DocId, ChunkIds::Loose(Vec::new()), texts);
        for (doc, owner) in (0..).zip(&owners) {
            match *owner {
                Owner::Chunk { content, .. } => segment.own_chunk(content, doc),
                Owner::Path(path) => segment.own_path(path, doc),
            }
        }
        segment.chunks = ChunkIds::Loose(owners);
        segment
    }

    /// The dictionary and postings of a field.
    pub(crate) fn postings(&self, text: Text) -> &Postings {
        &self.texts[text as usize].postings
    }

    /// The lengths of a field.
    pub(crate) fn norms(&self, text: Text) -> &FieldNormReader {
        &self.texts[text as usize].norms
    }

    /// The id of a chunk document.
    pub(crate) fn chunk(&self, doc: DocId) -> Option<u32> {
        match &self.chunks {
            ChunkIds::Sealed(column) => column.as_ref()?.first(doc).map(|chunk| chunk as u32),
            ChunkIds::Loose(owners) => match owners.get(doc as usize)? {
                Owner::Chunk { chunk, .. } => Some(*chunk),
                Owner::Path(_) => None,
            },
        }
    }

    fn new(id: Option<SegmentId>, max_doc: DocId, chunks: ChunkIds, texts: [TextReader; 5]) -> Self {
        Self {
            id,
            max_doc,
            owners: vec![NOBODY; max_doc as usize],
            files: Vec::new(),
            paths: Vec::new(),
            chunks,
            texts,
        }
    }

    fn own_chunk(&mut self, content: u32, doc: DocId) {
        let continues = self
            .files
            .last()
            .is_some_and(|file| file.content == content && file.docs.end == doc);
        if !continues {
            self.files.push(FileRow {
                content,
                docs: doc..doc,
                n_filled: [0; 3],
                lengths: [0; 3],
            });
        }
        self.owners[doc as usize] = self.files.len() as u32 - 1;
        let lengths = Text::OF_CHUNK.map(|text| self.norms(text).fieldnorm(doc));
        let file = self.files.last_mut().expect("a row was pushed when there was none");
        file.docs.end = doc + 1;
        for (column, length) in lengths.into_iter().enumerate() {
            file.n_filled[column] += u32::from(length > 0);
            file.lengths[column] += length;
        }
    }

    fn own_path(&mut self, path: u32, doc: DocId) {
        self.owners[doc as usize] = self.paths.len() as u32;
        self.paths.push(PathRow {
            path,
            doc,
            lengths: Text::OF_PATH.map(|text| self.norms(text).fieldnorm(doc)),
        });
    }
}
