//! A segment in the making, in memory: the words of a few documents, counted as tantivy counts them.
//!
//! Built on the thread that refreshes, from documents or from older pieces; becomes a loose [`Segment`].

use crate::document;
use crate::schema::Text;
use crate::segment::{Hit, NOBODY, Owner, Postings, Segment, TextReader};
use crate::snapshot::View;
use crate::tokenizer;
use codemem_core::ports::{ChunkDocument, PathDocument};
use std::collections::HashMap;
use std::sync::Arc;
use tantivy::DocId;
use tantivy::directory::FileSlice;
use tantivy::fieldnorm::FieldNormReader;

/// The documents so far. All chunks of a content are added one after the other.
#[derive(Default)]
pub(crate) struct Piece {
    owners: Vec<Owner>,
    /// By [`Text`].
    texts: [Words; 5],
}

/// The words of one field.
#[derive(Default)]
struct Words {
    postings: HashMap<Arc<str>, Vec<Hit>>,
    /// By document.
    norms: Vec<u8>,
}

impl Piece {
    /// Adds one chunk.
    pub(crate) fn add_chunk(&mut self, chunk: &ChunkDocument<'_>) {
        let owner = Owner::Chunk {
            content: chunk.content.0,
            chunk: chunk.chunk.0,
        };
        self.add(owner, &document::texts_of_chunk(chunk));
    }

    /// Adds one path.
    pub(crate) fn add_path(&mut self, path: &PathDocument<'_>) {
        self.add(Owner::Path(path.path.0), &document::texts_of_path(path));
    }

    /// Adds what `view`, of a loose segment, shows.
    pub(crate) fn absorb(&mut self, view: &View) {
        let segment = &view.segment;
        let mut renumbered = vec![NOBODY; segment.max_doc as usize];
        let mut kept = Vec::new();
        for file in segment.files.iter().filter(|file| view.has_file(file)) {
            for doc in file.docs.clone() {
                let content = file.content;
                let owner = segment.chunk(doc).map(|chunk| Owner::Chunk { content, chunk });
                kept.extend(owner.map(|owner| (doc, owner)));
            }
        }
        let paths = segment.paths.iter().filter(|row| view.has_path(row));
        kept.extend(paths.map(|row| (row.doc, Owner::Path(row.path))));
        for (doc, owner) in &kept {
            renumbered[*doc as usize] = self.owners.len() as DocId;
            self.owners.push(*owner);
        }
        for text in Text::ALL {
            let norms = segment.norms(text);
            let words = &mut self.texts[text as usize];
            words.norms.extend(kept.iter().map(|(doc, _)| norms.fieldnorm_id(*doc)));
            match segment.postings(text) {
                Postings::Loose(lists) => words.absorb(lists, &renumbered),
                Postings::Sealed(_) => debug_assert!(false, "sealed segments are merged by tantivy"),
            }
        }
    }

    /// The documents so far.
    pub(crate) fn len(&self) -> usize {
        self.owners.len()
    }

    /// Closes it.
    pub(crate) fn finish(self) -> Segment {
        let texts = self.texts.map(|words| TextReader {
            postings: Postings::Loose(words.postings),
            norms: FieldNormReader::open(FileSlice::from(words.norms)).expect("bytes in memory can be read"),
        });
        Segment::loose(self.owners, texts)
    }

    fn add(&mut self, owner: Owner, texts: &[(Text, &str)]) {
        let doc = self.owners.len() as DocId;
        self.owners.push(owner);
        for words in &mut self.texts {
            words.norms.push(FieldNormReader::fieldnorm_to_id(0));
        }
        for &(text, value) in texts {
            self.texts[text as usize].fill(doc, value);
        }
    }
}

impl Words {
    /// Counts the words of the newest document.
    fn fill(&mut self, doc: DocId, text: &str) {
        let mut n_tokens = 0;
        tokenizer::tokens(text, |token| {
            n_tokens += 1;
            match self.postings.get_mut(token) {
                Some(hits) => match hits.last_mut() {
                    Some(last) if last.doc == doc => last.frequency += 1,
                    Some(_) | None => hits.push(Hit { doc, frequency: 1 }),
                },
                None => {
                    self.postings.insert(token.into(), vec![Hit { doc, frequency: 1 }]);
                }
            }
        });
        if let Some(norm) = self.norms.last_mut() {
            *norm = FieldNormReader::fieldnorm_to_id(n_tokens);
        }
    }

    /// Appends lists of documents that come after all so far; those without a new number are left out.
    fn absorb(&mut self, lists: &HashMap<Arc<str>, Vec<Hit>>, renumbered: &[DocId]) {
        for (term, hits) in lists {
            let hits = hits.iter().filter_map(|hit| {
                let doc = renumbered[hit.doc as usize];
                (doc != NOBODY).then_some(Hit { doc, ..*hit })
            });
            let mut hits = hits.peekable();
            if hits.peek().is_some() {
                self.postings.entry(Arc::clone(term)).or_default().extend(hits);
            }
        }
    }
}
