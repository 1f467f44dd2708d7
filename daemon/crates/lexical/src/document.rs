//! A document on its way to an indexing thread.
//!
//! Tantivy's own document type packs its values once more; this one hands out what it was given.

use crate::backlog::Ticket;
use crate::schema::{Fields, Id, Text};
use codemem_core::ports::{ChunkDocument, PathDocument};
use std::iter::{Empty, Map};
use std::slice::Iter;
use std::sync::Arc;
use tantivy::schema::Field;
use tantivy::schema::document::{Document, ReferenceValue, ReferenceValueLeaf, Value};

/// What each word field of a chunk document holds.
pub(crate) fn texts_of_chunk<'a>(chunk: &ChunkDocument<'a>) -> [(Text, &'a str); 3] {
    [
        (Text::Body, chunk.body),
        (Text::Names, chunk.names),
        (Text::Docs, chunk.docs),
    ]
}

/// The text of a chunk document in bytes.
pub(crate) fn chunk_bytes(chunk: &ChunkDocument<'_>) -> usize {
    chunk.body.len() + chunk.names.len() + chunk.docs.len()
}

/// What each word field of a path document holds.
pub(crate) fn texts_of_path<'a>(path: &PathDocument<'a>) -> [(Text, &'a str); 2] {
    [(Text::Stem, path.text.stem()), (Text::Dirs, path.text.directory())]
}

/// The values of one chunk or one path.
#[derive(Debug)]
pub(crate) struct LexicalDocument {
    values: Vec<(Field, FieldValue)>,
    /// Gives the batch's bytes back to the backlog when its last document has been indexed.
    _ticket: Arc<Ticket>,
}

/// The value of one field.
#[derive(Debug)]
pub(crate) enum FieldValue {
    Id(u64),
    Text(Box<str>),
}

impl LexicalDocument {
    pub(crate) fn chunk(fields: &Fields, chunk: &ChunkDocument<'_>, ticket: &Arc<Ticket>) -> Self {
        let ids = [(Id::Content, chunk.content.0), (Id::Chunk, chunk.chunk.0)];
        Self::new(fields, &ids, &texts_of_chunk(chunk), ticket)
    }

    pub(crate) fn path(fields: &Fields, path: &PathDocument<'_>, ticket: &Arc<Ticket>) -> Self {
        let ids = [(Id::Path, path.path.0)];
        Self::new(fields, &ids, &texts_of_path(path), ticket)
    }

    fn new(fields: &Fields, ids: &[(Id, u32)], texts: &[(Text, &str)], ticket: &Arc<Ticket>) -> Self {
        let ids = ids
            .iter()
            .map(|&(id, value)| (fields.id(id), FieldValue::Id(value.into())));
        let texts = texts
            .iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|&(text, value)| (fields.text(text), FieldValue::Text(value.into())));
        Self {
            values: ids.chain(texts).collect(),
            _ticket: Arc::clone(ticket),
        }
    }
}

impl Document for LexicalDocument {
    type Value<'a> = &'a FieldValue;
    type FieldsValuesIter<'a> =
        Map<Iter<'a, (Field, FieldValue)>, fn(&'a (Field, FieldValue)) -> (Field, &'a FieldValue)>;

    fn iter_fields_and_values(&self) -> Self::FieldsValuesIter<'_> {
        self.values.iter().map(|(field, value)| (*field, value))
    }
}

impl<'a> Value<'a> for &'a FieldValue {
    type ArrayIter = Empty<Self>;
    type ObjectIter = Empty<(&'a str, Self)>;

    fn as_value(&self) -> ReferenceValue<'a, Self> {
        match self {
            FieldValue::Id(id) => ReferenceValueLeaf::U64(*id).into(),
            FieldValue::Text(text) => ReferenceValueLeaf::Str(text).into(),
        }
    }
}
