//! The fields of the index. Two kinds of document share it: chunks and paths.

use crate::tokenizer::CodeTokenizer;
use tantivy::schema::{Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::TokenizerManager;

/// Raised when the fields or what they mean change; an index of another format is filled anew.
pub(crate) const FORMAT_VERSION: u32 = 1;

/// How the code tokenizer is called in the schema on disk.
const TOKENIZER: &str = "code";

/// A field with words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Text {
    /// The lines of a chunk.
    Body,
    /// The names that a chunk defines.
    Names,
    /// Signatures and docstrings of what a chunk defines.
    Docs,
    /// A path's last part.
    Stem,
    /// A path's directories.
    Dirs,
}

impl Text {
    /// The fields of a chunk document, in the order of their score columns.
    pub(crate) const OF_CHUNK: [Self; 3] = [Self::Body, Self::Names, Self::Docs];
    /// The fields of a path document, in the order of their score columns.
    pub(crate) const OF_PATH: [Self; 2] = [Self::Stem, Self::Dirs];
    /// All, in the order of the variants.
    pub(crate) const ALL: [Self; 5] = [Self::Body, Self::Names, Self::Docs, Self::Stem, Self::Dirs];

    fn name(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Names => "names",
            Self::Docs => "docs",
            Self::Stem => "stem",
            Self::Dirs => "dirs",
        }
    }
}

/// A field with an id: a fast column, and indexed where documents are deleted by it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Id {
    /// The content of a chunk document.
    Content,
    /// A chunk document's own id.
    Chunk,
    /// A path document's own id.
    Path,
}

impl Id {
    const ALL: [Self; 3] = [Self::Content, Self::Chunk, Self::Path];

    /// The column's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Chunk => "chunk",
            Self::Path => "path",
        }
    }

    fn options(self) -> NumericOptions {
        let fast = NumericOptions::default().set_fast();
        match self {
            Self::Content | Self::Path => fast.set_indexed(),
            Self::Chunk => fast,
        }
    }
}

/// The schema with its field handles.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    schema: Schema,
    texts: [Field; 5],
    ids: [Field; 3],
}

impl Fields {
    /// Builds the schema.
    pub(crate) fn new() -> Self {
        // Frequencies and lengths are all that BM25 needs: no positions, and nothing is stored, for
        // the text is read from the file.
        let indexing = TextFieldIndexing::default()
            .set_tokenizer(TOKENIZER)
            .set_index_option(IndexRecordOption::WithFreqs)
            .set_fieldnorms(true);
        let options = TextOptions::default().set_indexing_options(indexing);
        let mut builder = Schema::builder();
        let texts = Text::ALL.map(|text| builder.add_text_field(text.name(), options.clone()));
        let ids = Id::ALL.map(|id| builder.add_u64_field(id.name(), id.options()));
        Self {
            schema: builder.build(),
            texts,
            ids,
        }
    }

    /// What tantivy wants to know.
    pub(crate) fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The handle of a word field.
    pub(crate) fn text(&self, text: Text) -> Field {
        self.texts[text as usize]
    }

    /// The handle of an id field.
    pub(crate) fn id(&self, id: Id) -> Field {
        self.ids[id as usize]
    }
}

/// Registers the tokenizer that the schema names.
pub(crate) fn register(tokenizers: &TokenizerManager) {
    tokenizers.register(TOKENIZER, CodeTokenizer::default());
}
