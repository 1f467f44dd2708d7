//! What was written since the last commit and has not been handed to tantivy: the text itself, and its overlay.
//!
//! An edit stays here until it is committed, so that a refresh needs neither tantivy's writer nor the disk. Bounded
//! both ways: what comes in bulk between two refreshes is a pass, which goes to tantivy as it comes, and many edits
//! are handed over together. Called under the lock of [`crate::writer::Writer`].

use crate::document;
use crate::overlay::Overlay;
use crate::piece::Piece;
use crate::snapshot::Ids;
use codemem_core::ids::{ChunkId, ContentId, PathId};
use codemem_core::path::RepoPath;
use codemem_core::ports::{ChunkDocument, PathDocument};
use std::collections::BTreeMap;

/// Most that is kept between two refreshes. The words of that much text are counted in some 30 ms; for more, a commit is
/// as fast. And a pass has filled it before it has read its first hundred files, so that tantivy's threads soon work.
const UNSEEN: Size = Size {
    documents: 2_000,
    bytes: 1 << 20,
};

/// Most that is kept from one commit to the next, about twice as much in memory.
const WHOLE: Size = Size {
    documents: 8_000,
    bytes: 16 << 20,
};

/// An amount of documents; what is deleted counts as well.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Size {
    /// How many.
    pub(crate) documents: usize,
    /// Their text in bytes.
    pub(crate) bytes: usize,
}

/// The writes.
#[derive(Default)]
pub(crate) struct Kept {
    /// What became of each content: its chunks in order, none when it was deleted.
    contents: BTreeMap<u32, Vec<KeptChunk>>,
    /// The same for paths.
    paths: BTreeMap<u32, Option<RepoPath>>,
    /// What of these the overlay does not show yet.
    unseen: Ids,
    unseen_size: Size,
    whole_size: Size,
    overlay: Overlay,
}

struct KeptChunk {
    chunk: ChunkId,
    body: Box<str>,
    names: Box<str>,
    docs: Box<str>,
}

impl Kept {
    /// Whether so much more can be kept.
    pub(crate) fn has_room_for(&self, size: Size) -> bool {
        (self.unseen_size + size).is_within(UNSEEN)
    }

    /// Whether it is time to hand over.
    pub(crate) fn is_full(&self) -> bool {
        !self.whole_size.is_within(WHOLE)
    }

    /// Whether nothing was written.
    pub(crate) fn is_empty(&self) -> bool {
        self.contents.is_empty() && self.paths.is_empty()
    }

    /// Replaces one content.
    pub(crate) fn put_content(&mut self, content: ContentId, chunks: &[&ChunkDocument<'_>]) {
        let kept = chunks.iter().map(|chunk| KeptChunk {
            chunk: chunk.chunk,
            body: chunk.body.into(),
            names: chunk.names.into(),
            docs: chunk.docs.into(),
        });
        self.set_content(content, kept.collect());
    }

    /// Replaces one path.
    pub(crate) fn put_path(&mut self, path: &PathDocument<'_>) {
        self.set_path(path.path, Some(path.text.clone()));
    }

    /// Removes contents and paths.
    pub(crate) fn delete(&mut self, contents: &[ContentId], paths: &[PathId]) {
        for &content in contents {
            self.set_content(content, Vec::new());
        }
        for &path in paths {
            self.set_path(path, None);
        }
    }

    /// Counts the words of what came since the last refresh; `None` when nothing did.
    pub(crate) fn refresh(&mut self) -> Option<&Overlay> {
        let unseen = std::mem::take(&mut self.unseen);
        self.unseen_size = Size::default();
        if unseen.is_empty() {
            return None;
        }
        let mut piece = Piece::default();
        for content in unseen.contents.iter() {
            for chunk in self.contents.get(&content).into_iter().flatten() {
                piece.add_chunk(&chunk.document(content));
            }
        }
        for path in unseen.paths.iter() {
            if let Some(Some(text)) = self.paths.get(&path) {
                let path = PathId(path);
                piece.add_path(&PathDocument { path, text });
            }
        }
        self.overlay.add(&unseen, piece);
        Some(&self.overlay)
    }

    /// All chunks to be put, by content.
    pub(crate) fn chunks(&self) -> Vec<ChunkDocument<'_>> {
        let contents = self.contents.iter();
        contents
            .flat_map(|(&content, chunks)| chunks.iter().map(move |chunk| chunk.document(content)))
            .collect()
    }

    /// All paths to be put.
    pub(crate) fn paths(&self) -> Vec<PathDocument<'_>> {
        let paths = self.paths.iter().filter_map(|(&path, text)| {
            let path = PathId(path);
            text.as_ref().map(|text| PathDocument { path, text })
        });
        paths.collect()
    }

    /// All contents and paths to be deleted.
    pub(crate) fn deleted(&self) -> (Vec<ContentId>, Vec<PathId>) {
        let contents = self.contents.iter().filter(|(_, chunks)| chunks.is_empty());
        let paths = self.paths.iter().filter(|(_, text)| text.is_none());
        (
            contents.map(|(&content, _)| ContentId(content)).collect(),
            paths.map(|(&path, _)| PathId(path)).collect(),
        )
    }

    fn set_content(&mut self, content: ContentId, chunks: Vec<KeptChunk>) {
        let size = size_of_content(&chunks);
        let old = self.contents.insert(content.0, chunks);
        self.unseen.contents.insert(content.0);
        self.grow(size, old.map(|chunks| size_of_content(&chunks)));
    }

    fn set_path(&mut self, path: PathId, text: Option<RepoPath>) {
        let size = size_of_path(text.as_ref());
        let old = self.paths.insert(path.0, text);
        self.unseen.paths.insert(path.0);
        self.grow(size, old.map(|text| size_of_path(text.as_ref())));
    }

    fn grow(&mut self, by: Size, instead_of: Option<Size>) {
        self.unseen_size = self.unseen_size + by;
        let old = instead_of.unwrap_or_default();
        self.whole_size = self.whole_size + by;
        self.whole_size.documents -= old.documents;
        self.whole_size.bytes -= old.bytes;
    }
}

impl KeptChunk {
    fn document(&self, content: u32) -> ChunkDocument<'_> {
        ChunkDocument {
            content: ContentId(content),
            chunk: self.chunk,
            body: &self.body,
            names: &self.names,
            docs: &self.docs,
        }
    }
}

impl Size {
    /// Of chunks to be put.
    pub(crate) fn of_chunks(chunks: &[ChunkDocument<'_>]) -> Self {
        Self {
            documents: chunks.len(),
            bytes: chunks.iter().map(document::chunk_bytes).sum(),
        }
    }

    /// Of paths to be put.
    pub(crate) fn of_paths(paths: &[PathDocument<'_>]) -> Self {
        Self {
            documents: paths.len(),
            bytes: paths.iter().map(|path| path.text.as_str().len()).sum(),
        }
    }

    /// Of contents and paths to be deleted.
    pub(crate) fn of_deleted(count: usize) -> Self {
        Self {
            documents: count,
            bytes: 0,
        }
    }

    fn is_within(self, limit: Self) -> bool {
        self.documents <= limit.documents && self.bytes <= limit.bytes
    }
}

impl std::ops::Add for Size {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            documents: self.documents + other.documents,
            bytes: self.bytes + other.bytes,
        }
    }
}

/// A deleted content counts as one document.
fn size_of_content(chunks: &[KeptChunk]) -> Size {
    let bytes = chunks
        .iter()
        .map(|chunk| chunk.body.len() + chunk.names.len() + chunk.docs.len());
    Size {
        documents: chunks.len().max(1),
        bytes: bytes.sum(),
    }
}

fn size_of_path(text: Option<&RepoPath>) -> Size {
    Size {
        documents: 1,
        bytes: text.map_or(0, |text| text.as_str().len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(body: &str) -> ChunkDocument<'_> {
        ChunkDocument {
            content: ContentId(1),
            chunk: ChunkId(1),
            body,
            names: "ab",
            docs: "c",
        }
    }

    #[test]
    fn what_is_written_again_and_again_is_kept_once() {
        let mut kept = Kept::default();
        let path = RepoPath::new("a/b.rs").expect("relative");
        let document = PathDocument {
            path: PathId(1),
            text: &path,
        };
        for _ in 0..WHOLE.documents {
            kept.put_content(ContentId(1), &[&chunk("1234567"), &chunk("")]);
            kept.put_path(&document);
            kept.refresh();
        }
        assert!(!kept.is_full());
        let size = Size {
            documents: 3,
            bytes: 10 + 3 + 6,
        };
        assert_eq!(kept.whole_size, size);
        assert_eq!((kept.chunks().len(), kept.paths().len()), (2, 1));
        kept.delete(&[ContentId(1)], &[PathId(1)]);
        let size = Size { documents: 2, bytes: 0 };
        assert_eq!(kept.whole_size, size);
        assert_eq!(kept.deleted(), (vec![ContentId(1)], vec![PathId(1)]));
    }

    #[test]
    fn a_refresh_makes_room() {
        let mut kept = Kept::default();
        let body = "x ".repeat(UNSEEN.bytes / 4);
        let size = Size::of_chunks(&[chunk(&body)]);
        assert!(kept.has_room_for(size));
        kept.put_content(ContentId(1), &[&chunk(&body)]);
        assert!(!kept.has_room_for(size));
        assert!(kept.refresh().is_some());
        assert!(kept.has_room_for(size));
        assert!(kept.refresh().is_none());
    }
}
