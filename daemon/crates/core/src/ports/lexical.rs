//! The lexical index: which files and chunks hold the words.

use super::PortResult;
use crate::ids::{ChunkId, ContentId, IdSet, PathId};
use crate::path::RepoPath;

/// One chunk to be indexed.
#[derive(Clone, Copy, Debug)]
pub struct ChunkDocument<'a> {
    /// The content it belongs to.
    pub content: ContentId,
    /// Its own id.
    pub chunk: ChunkId,
    /// The lines as they stand in the file.
    pub body: &'a str,
    /// Names of the symbols that the chunk defines, separated by spaces.
    pub names: &'a str,
    /// Signatures and docstrings of the symbols that the chunk defines, separated by line breaks.
    pub docs: &'a str,
}

/// One path to be indexed; shared by all worktrees that have it.
#[derive(Clone, Copy, Debug)]
pub struct PathDocument<'a> {
    /// Its id.
    pub path: PathId,
    /// The path itself; stem and directories are separate fields.
    pub text: &'a RepoPath,
}

/// One word of a query with its weight.
#[derive(Clone, PartialEq, Debug)]
pub struct QueryTerm {
    /// A token as `codemem_core::token` produces it.
    pub text: String,
    /// Its share in the query, 0 to 1: words that carry the question weigh more than filler.
    pub weight: f32,
}

/// What is asked of the index.
#[derive(Clone, Debug)]
pub struct LexicalQuery<'a> {
    /// The distinct terms; at most [`LexicalQuery::MAX_TERMS`] are used, heaviest first.
    pub terms: &'a [QueryTerm],
    /// Only chunks of these contents are counted.
    pub contents: &'a IdSet,
    /// Only these paths are counted.
    pub paths: &'a IdSet,
    /// How many contents come back at most, best first; the cut is made after the filter.
    pub limit: usize,
    /// How many chunks come back per content at most, best first.
    pub chunks_per_content: usize,
}

impl LexicalQuery<'_> {
    /// Most terms used of one query: a whole agent prompt is read, but its rare words decide.
    pub const MAX_TERMS: usize = 64;
}

/// BM25 evidence for one content. All scores are sums over the query's terms of
/// weight × idf × saturated frequency (k1 = 1.2, b = 0.75), zero when nothing matched.
#[derive(Clone, PartialEq, Debug)]
pub struct ContentEvidence {
    /// The content.
    pub content: ContentId,
    /// Its chunks with the highest body score, best first.
    pub chunks: Vec<ChunkEvidence>,
    /// BM25 of the whole file: frequencies and lengths summed over its chunks.
    pub file: f32,
    /// Sum of the body scores of all its chunks.
    pub body_sum: f32,
    /// BM25 over the names that the file defines, whole-file frequencies.
    pub names: f32,
    /// BM25 over signatures and docstrings, whole-file frequencies.
    pub docs: f32,
    /// Share of the query's weight × idf whose terms occur anywhere in the file, 0 to 1.
    pub coverage: f32,
}

/// BM25 evidence for one chunk.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ChunkEvidence {
    /// The chunk.
    pub chunk: ChunkId,
    /// BM25 of its lines.
    pub body: f32,
    /// BM25 of the names it defines.
    pub names: f32,
    /// BM25 of its signatures and docstrings.
    pub docs: f32,
    /// Share of the query's weight × idf whose terms occur in its lines, 0 to 1.
    pub coverage: f32,
}

/// BM25 evidence for one path.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PathEvidence {
    /// The path.
    pub path: PathId,
    /// BM25 over the words of its stem.
    pub stem: f32,
    /// BM25 over the words of its directories.
    pub dirs: f32,
}

/// What the index found.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct LexicalEvidence {
    /// Contents by descending [`ContentEvidence::file`] + [`ContentEvidence::names`], cut at the limit.
    pub contents: Vec<ContentEvidence>,
    /// Paths with any match, by descending sum, cut at the limit.
    pub paths: Vec<PathEvidence>,
}

/// The lexical index of one repository. Implemented by `codemem-lexical`.
///
/// All statistics (documents, lengths, frequencies) are taken over the scope of the query, so that
/// what other worktrees hold, or nobody any more, moves no score.
///
/// One thread writes; any number read. Writes become visible at [`LexicalIndex::refresh`] and both visible and durable at
/// [`LexicalIndex::commit`]. Adding a content that is already there replaces it, so that replay is idempotent.
pub trait LexicalIndex: Send + Sync {
    /// Replaces the documents of the named contents. Every content that occurs in `chunks` is
    /// replaced whole, so all chunks of a content come in one call.
    fn put_chunks(&self, chunks: &[ChunkDocument<'_>]) -> PortResult<()>;

    /// Replaces path documents.
    fn put_paths(&self, paths: &[PathDocument<'_>]) -> PortResult<()>;

    /// Removes contents and paths; unknown ids are ignored.
    fn delete(&self, contents: &[ContentId], paths: &[PathId]) -> PortResult<()>;

    /// Makes everything since the last commit visible to searches without waiting for the disk: after a crash it is gone.
    /// Meant for an edit of a few files; of many, [`LexicalIndex::commit`] is as fast.
    fn refresh(&self) -> PortResult<()>;

    /// Makes everything since the last commit durable and visible to searches.
    fn commit(&self) -> PortResult<()>;

    /// Rewrites what much has been deleted from, and gives the bytes back to the file system. Comes after a commit; costs
    /// about as much as writing what is left.
    fn compact(&self) -> PortResult<()>;

    /// Gathers evidence. Never blocks on a writer; sees the last refresh or commit.
    fn search(&self, query: &LexicalQuery<'_>) -> PortResult<LexicalEvidence>;

    /// The contents and the paths that a search can see.
    fn held(&self) -> PortResult<(IdSet, IdSet)>;

    /// Reads every file of the last commit and compares it with its checksum; damage is an error of
    /// kind [`super::PortErrorKind::Corrupt`]. May take seconds; neither searches nor writes wait for it.
    fn check(&self) -> PortResult<()>;

    /// The generation named when the index was created. When it is not the catalog's, one of the
    /// two was lost or replaced and the lexical side must be filled again.
    fn generation(&self) -> u64;

    /// Bytes on disk.
    fn disk_bytes(&self) -> u64;
}
