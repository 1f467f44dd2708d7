//! One sealed segment, opened for walking: who owns which document, and readers for every field.
//!
//! Built when a segment is first seen, on the thread that commits or opens; immutable afterwards.

use crate::schema::{Fields, Id, Text};
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
    /// Tantivy's name for it.
    pub(crate) id: SegmentId,
    /// One more than the largest document.
    pub(crate) max_doc: DocId,
    /// For every document the index of its row: in `files` for a chunk, in `paths` for a path, and
    /// [`NOBODY`]. The field that is searched says which of the two.
    pub(crate) owners: Vec<u32>,
    /// The contents, by first document.
    pub(crate) files: Vec<FileRow>,
    /// The paths, by document.
    pub(crate) paths: Vec<PathRow>,
    chunks: Option<Column<u64>>,
    /// By [`Text`].
    texts: Vec<TextReader>,
}

struct TextReader {
    inverted: Arc<InvertedIndexReader>,
    norms: FieldNormReader,
}

impl Segment {
    pub(crate) fn open(fields: &Fields, reader: &SegmentReader) -> tantivy::Result<Self> {
        let column = |id: Id| reader.fast_fields().column_opt::<u64>(id.name());
        let texts = Text::ALL.map(|text| {
            Ok(TextReader {
                inverted: reader.inverted_index(fields.text(text))?,
                norms: reader.get_fieldnorms_reader(fields.text(text))?,
            })
        });
        let mut segment = Self {
            id: reader.segment_id(),
            max_doc: reader.max_doc(),
            owners: vec![NOBODY; reader.max_doc() as usize],
            files: Vec::new(),
            paths: Vec::new(),
            chunks: column(Id::Chunk)?,
            texts: texts.into_iter().collect::<tantivy::Result<_>>()?,
        };
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

    /// The dictionary and postings of a field.
    pub(crate) fn inverted(&self, text: Text) -> &InvertedIndexReader {
        &self.texts[text as usize].inverted
    }

    /// The lengths of a field.
    pub(crate) fn norms(&self, text: Text) -> &FieldNormReader {
        &self.texts[text as usize].norms
    }

    /// The id of a chunk document.
    pub(crate) fn chunk(&self, doc: DocId) -> Option<u32> {
        let chunk = self.chunks.as_ref()?.first(doc)?;
        Some(chunk as u32)
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
