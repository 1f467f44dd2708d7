//! The catalog: the source of truth about one repository.

use super::{ChangedLanguage, FileStamp, Fingerprint, PortResult, VectorSpace};
use crate::graph::Content;
use crate::ids::{ChunkId, ContentHash, ContentId, IdSet, PathId, TextHash, TextId, WorktreeId};
use crate::path::RepoPath;
use crate::skip::SkipReason;
use crate::unit::{Extraction, LineSpan, SymbolKind, Visibility};
use std::path::Path;

/// One line of a worktree's manifest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ManifestEntry {
    /// Where.
    pub path: RepoPath,
    /// The path's id.
    pub path_id: PathId,
    /// What it holds.
    pub content: ContentId,
    /// The hash of what it holds.
    pub hash: ContentHash,
    /// Size and time when it was read.
    pub stamp: FileStamp,
    /// The content's language.
    pub language: String,
    /// The text that stands for the file in the [`VectorSpace::Files`] space.
    pub summary: TextId,
    /// How many chunks the content has.
    pub n_chunks: u32,
}

/// A file as a pass found it, ready to be recorded.
#[derive(Clone, Debug)]
pub struct FileRecord {
    /// Where.
    pub path: RepoPath,
    /// Size and time when it was read.
    pub stamp: FileStamp,
    /// The hash of what it holds.
    pub hash: ContentHash,
    /// Its units with the hash of each chunk's embedding text, in chunk order; `None` when the
    /// catalog is known to hold the content already ([`Catalog::recorded`]).
    pub extraction: Option<(Extraction, Vec<TextHash>)>,
    /// The hash of the file's summary text.
    pub summary: TextHash,
}

/// One transaction's worth of a pass.
#[derive(Clone, Debug, Default)]
pub struct ManifestChange {
    /// New or changed files.
    pub put: Vec<FileRecord>,
    /// Files whose content is as recorded under a new stamp (touched, not edited).
    pub restamped: Vec<(PathId, FileStamp)>,
    /// Files that are gone from the worktree.
    pub removed: Vec<PathId>,
}

/// What a recorded file became.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordedFile {
    /// The path's id.
    pub path: PathId,
    /// True when the path's document is not yet in the lexical index.
    pub new_path: bool,
    /// The content's id.
    pub content: ContentId,
    /// The file's summary text.
    pub summary: TextId,
    /// Ids of the content's chunks, in order, when its documents are not yet in the lexical index; else empty.
    pub new_chunks: Vec<ChunkId>,
}

/// A chunk as it is shown and ranked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChunkRow {
    /// Its id.
    pub id: ChunkId,
    /// The content it belongs to.
    pub content: ContentId,
    /// Its lines.
    pub lines: LineSpan,
    /// Its embedding text.
    pub text: TextId,
    /// The symbol it shows or is part of.
    pub symbol: Option<SymbolRow>,
}

/// A definition as it is shown and ranked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SymbolRow {
    /// The content it stands in.
    pub content: ContentId,
    /// The name as written.
    pub name: String,
    /// With its enclosing names.
    pub qualified_name: String,
    /// What it is.
    pub kind: SymbolKind,
    /// Who may use it.
    pub visibility: Option<Visibility>,
    /// The declaration without its body.
    pub signature: String,
    /// Its documentation.
    pub docstring: Option<String>,
    /// The whole definition.
    pub lines: LineSpan,
}

/// A file of which some texts have no vector yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PendingFile {
    /// A worktree that holds the content.
    pub worktree: WorktreeId,
    /// Where in it.
    pub path: RepoPath,
    /// The content.
    pub content: ContentId,
    /// Its hash: what is read must hash to this, or the file has moved on.
    pub hash: ContentHash,
    /// The texts that want vectors. For [`VectorSpace::Chunks`] each with its chunk's position in
    /// the file (0 = first); for [`VectorSpace::Files`] one entry at position 0.
    pub texts: Vec<(u32, TextId)>,
}

/// Counts of one worktree. Chunks that share a text count each.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct WorktreeCounts {
    /// Files in the manifest.
    pub files: u64,
    /// Chunks of those files' contents; a content that two paths hold counts once.
    pub chunks: u64,
    /// Symbols of those contents.
    pub symbols: u64,
    /// Chunks whose text has a vector.
    pub chunks_with_vector: u64,
    /// Files whose summary has a vector.
    pub files_with_vector: u64,
}

/// What no manifest names any more.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Garbage {
    /// Contents that no worktree holds.
    pub contents: Vec<ContentId>,
    /// Paths that no worktree holds.
    pub paths: Vec<PathId>,
    /// Texts that are used by those contents alone, or by nothing. The summary that a path had with another content is
    /// used for as long as worktrees hold both, whoever holds them: see [`Catalog::recorded`].
    pub texts: Vec<TextId>,
}

/// The ids that a catalog holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CatalogIds {
    /// Of contents.
    pub contents: IdSet,
    /// Of paths.
    pub paths: IdSet,
    /// Of texts, summaries as well as chunks'.
    pub texts: IdSet,
}

/// What the catalog believes the other two indexes to hold.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Marks {
    /// Contents with chunks that are in the lexical index.
    pub contents: IdSet,
    /// Paths that are in the lexical index.
    pub paths: IdSet,
    /// Texts that have a vector in [`VectorSpace::Files`].
    pub file_texts: u64,
    /// Texts that have a vector in [`VectorSpace::Chunks`].
    pub chunk_texts: u64,
}

/// The truth about one repository. Implemented by `codemem-store` on SQLite.
///
/// Writes take turns; reads go through their own connections and never wait for them. Each method is
/// one transaction: it happens whole or not at all, and is durable when it returns.
///
/// The catalog is also the outbox of the other two indexes: a content is recorded as *not in the
/// lexical index*, a text as *without a vector*, in the transaction that creates it, and marked done
/// only after the index has made it durable. What a crash leaves marked is done again.
pub trait Catalog: Send + Sync {
    /// The worktree registered for a root, created when it is new.
    fn worktree(&self, root: &Path) -> PortResult<WorktreeId>;

    /// The worktree registered for a root, if there is one. Changes nothing.
    fn find_worktree(&self, root: &Path) -> PortResult<Option<WorktreeId>>;

    /// All worktrees with their roots.
    fn worktrees(&self) -> PortResult<Vec<(WorktreeId, std::path::PathBuf)>>;

    /// Forgets a worktree and its manifest; contents stay until pruned.
    fn remove_worktree(&self, worktree: WorktreeId) -> PortResult<()>;

    /// The whole manifest, by path.
    fn manifest(&self, worktree: WorktreeId) -> PortResult<Vec<ManifestEntry>>;

    /// The summary of a file that was recorded before, in whatever worktree: at this path, with this content, which the
    /// catalog still holds as extracted by `extractor_version` and in the lexical index. Such a file need not be
    /// extracted again: it is recorded with this summary and without an extraction.
    fn recorded(&self, path: &RepoPath, hash: ContentHash, extractor_version: u32) -> PortResult<Option<TextHash>>;

    /// Records a batch. The answer is in the order of `change.put`. A content held under an older
    /// extractor version is replaced by the extraction given.
    fn record(
        &self,
        worktree: WorktreeId,
        change: &ManifestChange,
        extractor_version: u32,
    ) -> PortResult<Vec<RecordedFile>>;

    /// Marks contents and paths as durable in the lexical index.
    fn mark_lexical(&self, contents: &[ContentId], paths: &[PathId]) -> PortResult<()>;

    /// Drops the manifest lines of what never reached the lexical index, or was extracted by
    /// another version than `extractor_version`, so that the next pass finds those files new. Returns
    /// what the lexical index may hold of them and should delete, again and again until it is collected.
    fn rewind(&self, extractor_version: u32) -> PortResult<Garbage>;

    /// Notes which languages are read otherwise than the program alone would read them. Where that differs from what was
    /// noted before, the contents of the language count as extracted by another version from now on.
    fn note_languages(&self, changed: &[ChangedLanguage]) -> PortResult<()>;

    /// What was noted last.
    fn noted_languages(&self) -> PortResult<Vec<ChangedLanguage>>;

    /// Replaces a worktree's skipped files with (path as shown, reason).
    fn set_skipped(&self, worktree: WorktreeId, skipped: &[(String, SkipReason)]) -> PortResult<()>;

    /// How many files were skipped for each reason; reasons without files are absent.
    fn skipped(&self, worktree: WorktreeId) -> PortResult<Vec<(SkipReason, u64)>>;

    /// How many other files of a worktree use what each file defines, as it was set last, by path; files that none uses are
    /// absent. What a file has stays with its path when its content changes.
    fn users(&self, worktree: WorktreeId) -> PortResult<Vec<(PathId, u32)>>;

    /// Sets that for all files of a worktree; paths that are not in its manifest are passed over.
    fn set_users(&self, worktree: WorktreeId, users: &[(PathId, u32)]) -> PortResult<()>;

    /// Counts of a worktree.
    fn counts(&self, worktree: WorktreeId) -> PortResult<WorktreeCounts>;

    /// Chunks by id; unknown ids are left out.
    fn chunks(&self, ids: &[ChunkId]) -> PortResult<Vec<ChunkRow>>;

    /// The chunks of one content, in file order.
    fn chunks_of(&self, content: ContentId) -> PortResult<Vec<ChunkRow>>;

    /// The definitions of one content, in the order of their first line, parents before children.
    fn symbols_of(&self, content: ContentId) -> PortResult<Vec<SymbolRow>>;

    /// The contents that define a symbol of one of these kinds. Reads as many rows as there are symbols.
    fn contents_with(&self, kinds: &[SymbolKind]) -> PortResult<IdSet>;

    /// The chunks that carry these texts.
    fn chunks_with_texts(&self, texts: &[TextId]) -> PortResult<Vec<(TextId, ChunkId, ContentId)>>;

    /// The texts that the chunks of these contents carry.
    fn texts_of(&self, contents: &IdSet) -> PortResult<IdSet>;

    /// Definitions whose name, lower-cased, is one of `names` (lower-cased), at most `limit`; of the contents in `within`
    /// only, when it is given: the cut is made after that filter.
    fn definitions(&self, names: &[String], within: Option<&IdSet>, limit: usize) -> PortResult<Vec<SymbolRow>>;

    /// The same, each with the position of the symbol around it.
    fn nested_symbols_of(&self, content: ContentId) -> PortResult<Vec<(SymbolRow, Option<u32>)>>;

    /// One definition of a content, by its position among them.
    fn symbol_at(&self, content: ContentId, position: u32) -> PortResult<Option<SymbolRow>>;

    /// What contents define and use, as the graph asks for it, in the order of `contents`; nothing for one that the
    /// catalog does not hold.
    fn facts(&self, contents: &[ContentId]) -> PortResult<Vec<Content>>;

    /// Where a name is defined, as it is written: contents, and the position among their symbols, in order.
    fn defined(&self, name: &str) -> PortResult<Vec<(ContentId, u32)>>;

    /// The contents that use a name, in order; some of them may use it in another case, or another name.
    fn using(&self, name: &str) -> PortResult<Vec<ContentId>>;

    /// Every name that is defined, each once, whoever holds it. Reads as many rows as there are symbols.
    fn names(&self) -> PortResult<Vec<String>>;

    /// Files with texts that have no vector yet, at most `limit` files, each content once.
    fn pending_vectors(&self, space: VectorSpace, limit: usize) -> PortResult<Vec<PendingFile>>;

    /// Marks texts as durable in the vector index.
    fn mark_vectors(&self, texts: &[TextId]) -> PortResult<()>;

    /// The embedder whose vectors are stored; `None` before the first.
    fn fingerprint(&self) -> PortResult<Option<Fingerprint>>;

    /// Names the embedder whose vectors are stored from now on.
    fn set_fingerprint(&self, fingerprint: &Fingerprint) -> PortResult<()>;

    /// Records that nothing is in the lexical index (it was lost or replaced).
    fn reset_lexical(&self) -> PortResult<()>;

    /// Records that nothing is in the vector index, and forgets the fingerprint.
    fn reset_vectors(&self) -> PortResult<()>;

    /// What no manifest names, those of the worktrees in `without` aside.
    fn garbage(&self, without: &[WorktreeId]) -> PortResult<Garbage>;

    /// Records that the indexes hold nothing of this any more. Comes before they let go of it, so
    /// that content which comes back after a crash in between is indexed again.
    fn unmark(&self, garbage: &Garbage) -> PortResult<()>;

    /// Deletes what [`Catalog::garbage`] named, after the indexes have let go of it, and gives the
    /// space back to the file system.
    fn collect(&self, garbage: &Garbage) -> PortResult<()>;

    /// Every id that the catalog holds, in use or not. What another index has beyond them was left there. Reads as many
    /// rows as there are texts.
    fn ids(&self) -> PortResult<CatalogIds>;

    /// What is marked as held by the other indexes. Reads as many rows as there are texts: for checks.
    fn marks(&self) -> PortResult<Marks>;

    /// Reads the whole catalog, indexes against tables; damage is an error of kind
    /// [`super::PortErrorKind::Corrupt`]. May take seconds; neither reads nor writes wait for it.
    fn check(&self) -> PortResult<()>;

    /// Identifies this catalog's file; the other indexes remember it to notice a swap.
    fn generation(&self) -> u64;

    /// Differs from what it was whenever a content that was held may define or use something else by now, and from
    /// that of every other catalog. Costs nothing.
    fn revision(&self) -> u64;

    /// Bytes on disk.
    fn disk_bytes(&self) -> u64;
}
