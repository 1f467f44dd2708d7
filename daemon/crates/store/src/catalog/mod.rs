//! The catalog of one repository: `codemem_core`'s port on a SQLite file.
//!
//! One file per noun; each holds functions over an open transaction, and this one opens the
//! transactions. Contents, paths and texts are shared by all worktrees of the repository; only
//! manifests belong to one.

mod counts;
mod garbage;
mod ids;
mod languages;
mod lookups;
mod manifest;
mod names;
mod outbox;
mod record;
mod references;
mod rows;
mod schema;
mod settings;
#[cfg(test)]
mod tests;
mod texts;
mod worktrees;

use crate::error::StoreResult;
use crate::registry::root_text;
use crate::sqlite::Database;
use codemem_core::graph::Content;
use codemem_core::ids::{ChunkId, ContentHash, ContentId, IdSet, PathId, TextHash, TextId, WorktreeId};
use codemem_core::path::RepoPath;
use codemem_core::ports::{
    Catalog, CatalogIds, ChangedLanguage, ChunkRow, Fingerprint, Garbage, ManifestChange, ManifestEntry, Marks,
    PendingFile, PortResult, RecordedFile, SymbolRow, VectorSpace, WorktreeCounts,
};
use codemem_core::skip::SkipReason;
use codemem_core::unit::SymbolKind;
use counts::CountsCache;
use names::Kinds;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of disk left alone by passes: room for the log to be folded in, for deletions, which are how
/// room is made, and for the logs of the daemon.
const RECORD_RESERVE: u64 = 24 * 1024 * 1024;

/// The catalog of one repository, in `catalog.db` of its directory.
pub struct SqliteCatalog {
    database: Database,
    kinds: Kinds,
    generation: u64,
    counts: CountsCache,
    /// Contents that were given other units since it was opened.
    n_replaced: AtomicU64,
}

impl SqliteCatalog {
    /// Opens the catalog in `directory` for reading only: nothing is made or changed on the disk.
    pub fn open_read_only(directory: &Path) -> StoreResult<Self> {
        let database = Database::open_read_only(&directory.join(schema::FILE_NAME), &schema::SCHEMA, false)?;
        let kinds = database.read("read the symbol kinds", |tx| Kinds::read(tx, database.name()))?;
        let generation = database.read("read the generation", settings::generation)?;
        Ok(Self {
            database,
            kinds,
            generation,
            counts: CountsCache::default(),
            n_replaced: AtomicU64::new(0),
        })
    }

    /// Opens the catalog in `directory`, creating both when missing. With `suspect`, or when its last
    /// owner did not close it, its pages are checked first.
    pub fn open(directory: &Path, suspect: bool) -> StoreResult<Self> {
        let database = Database::open(&directory.join(schema::FILE_NAME), &schema::SCHEMA, suspect)?;
        let kinds = database.write("learn the symbol kinds", |tx| Kinds::load(tx, database.name()))?;
        let generation = database.read("read the generation", settings::generation)?;
        Ok(Self {
            database,
            kinds,
            generation,
            counts: CountsCache::default(),
            n_replaced: AtomicU64::new(0),
        })
    }
}

impl Catalog for SqliteCatalog {
    fn worktree(&self, root: &Path) -> PortResult<WorktreeId> {
        if let Some(worktree) = self.find_worktree(root)? {
            return Ok(worktree);
        }
        let root = root_text(root)?;
        Ok(self
            .database
            .write("add a worktree", |tx| worktrees::find_or_create(tx, root))?)
    }

    fn find_worktree(&self, root: &Path) -> PortResult<Option<WorktreeId>> {
        let root = root_text(root)?;
        Ok(self.database.read("find a worktree", |tx| worktrees::find(tx, root))?)
    }

    fn worktrees(&self) -> PortResult<Vec<(WorktreeId, PathBuf)>> {
        Ok(self.database.read("list worktrees", worktrees::list)?)
    }

    fn remove_worktree(&self, worktree: WorktreeId) -> PortResult<()> {
        self.database
            .write("remove a worktree", |tx| worktrees::remove(tx, worktree))?;
        self.counts.forget(worktree);
        Ok(())
    }

    fn manifest(&self, worktree: WorktreeId) -> PortResult<Vec<ManifestEntry>> {
        Ok(self
            .database
            .read("list a manifest", |tx| manifest::list(tx, worktree))?)
    }

    fn recorded(&self, path: &RepoPath, hash: ContentHash, extractor_version: u32) -> PortResult<Option<TextHash>> {
        Ok(self.database.read("find a summary", |tx| {
            lookups::recorded(tx, path, hash, extractor_version)
        })?)
    }

    fn record(
        &self,
        worktree: WorktreeId,
        change: &ManifestChange,
        extractor_version: u32,
    ) -> PortResult<Vec<RecordedFile>> {
        self.database.require_room(RECORD_RESERVE)?;
        let (recorded, n_replaced) = self.database.write("record files", |tx| {
            record::record(tx, &self.kinds, worktree, change, extractor_version)
        })?;
        // Only now can it be read: whoever reads before has the revision of before.
        self.n_replaced.fetch_add(n_replaced, Ordering::Release);
        Ok(recorded)
    }

    fn mark_lexical(&self, contents: &[ContentId], paths: &[PathId]) -> PortResult<()> {
        Ok(self.database.write("mark what the lexical index has", |tx| {
            outbox::set_lexical(tx, contents, paths, true)
        })?)
    }

    fn rewind(&self, extractor_version: u32) -> PortResult<Garbage> {
        Ok(self
            .database
            .write("rewind", |tx| outbox::rewind(tx, extractor_version))?)
    }

    fn note_languages(&self, changed: &[ChangedLanguage]) -> PortResult<()> {
        if self.noted_languages()? == changed {
            return Ok(());
        }
        Ok(self
            .database
            .write("note the changed languages", |tx| languages::note(tx, changed))?)
    }

    fn noted_languages(&self) -> PortResult<Vec<ChangedLanguage>> {
        Ok(self.database.read("find the changed languages", languages::noted)?)
    }

    fn set_skipped(&self, worktree: WorktreeId, skipped: &[(String, SkipReason)]) -> PortResult<()> {
        Ok(self.database.write("record skipped files", |tx| {
            manifest::set_skipped(tx, worktree, skipped)
        })?)
    }

    fn skipped(&self, worktree: WorktreeId) -> PortResult<Vec<(SkipReason, u64)>> {
        Ok(self
            .database
            .read("count skipped files", |tx| manifest::skipped(tx, worktree))?)
    }

    fn users(&self, worktree: WorktreeId) -> PortResult<Vec<(PathId, u32)>> {
        Ok(self
            .database
            .read("read how much files are used", |tx| manifest::users(tx, worktree))?)
    }

    fn set_users(&self, worktree: WorktreeId, users: &[(PathId, u32)]) -> PortResult<()> {
        Ok(self.database.write("record how much files are used", |tx| {
            manifest::set_users(tx, worktree, users)
        })?)
    }

    fn counts(&self, worktree: WorktreeId) -> PortResult<WorktreeCounts> {
        Ok(self.counts.get(&self.database, worktree)?)
    }

    fn chunks(&self, ids: &[ChunkId]) -> PortResult<Vec<ChunkRow>> {
        Ok(self
            .database
            .read("find chunks", |tx| lookups::chunks(tx, &self.kinds, ids))?)
    }

    fn chunks_of(&self, content: ContentId) -> PortResult<Vec<ChunkRow>> {
        Ok(self.database.read("find the chunks of a content", |tx| {
            lookups::chunks_of(tx, &self.kinds, content)
        })?)
    }

    fn symbols_of(&self, content: ContentId) -> PortResult<Vec<SymbolRow>> {
        Ok(self.database.read("find the symbols of a content", |tx| {
            lookups::symbols_of(tx, &self.kinds, content)
        })?)
    }

    fn contents_with(&self, wanted: &[SymbolKind]) -> PortResult<IdSet> {
        Ok(self.database.read("find the contents with symbols of a kind", |tx| {
            lookups::contents_with(tx, &self.kinds, wanted)
        })?)
    }

    fn chunks_with_texts(&self, texts: &[TextId]) -> PortResult<Vec<(TextId, ChunkId, ContentId)>> {
        Ok(self
            .database
            .read("find the chunks of texts", |tx| lookups::chunks_with_texts(tx, texts))?)
    }

    fn texts_of(&self, contents: &IdSet) -> PortResult<IdSet> {
        Ok(self
            .database
            .read("find the texts of contents", |tx| lookups::texts_of(tx, contents))?)
    }

    fn definitions(&self, names: &[String], within: Option<&IdSet>, limit: usize) -> PortResult<Vec<SymbolRow>> {
        Ok(self.database.read("find definitions", |tx| {
            lookups::definitions(tx, &self.kinds, names, within, limit)
        })?)
    }

    fn nested_symbols_of(&self, content: ContentId) -> PortResult<Vec<(SymbolRow, Option<u32>)>> {
        Ok(self.database.read("find the symbols of a content", |tx| {
            lookups::nested_symbols_of(tx, &self.kinds, content)
        })?)
    }

    fn symbol_at(&self, content: ContentId, position: u32) -> PortResult<Option<SymbolRow>> {
        Ok(self.database.read("find a symbol of a content", |tx| {
            lookups::symbol_at(tx, &self.kinds, content, position)
        })?)
    }

    fn facts(&self, contents: &[ContentId]) -> PortResult<Vec<Content>> {
        let name = self.database.name();
        Ok(self.database.read("read what contents define and use", |tx| {
            let facts = contents
                .iter()
                .map(|content| references::facts(tx, name, &self.kinds, *content));
            facts.collect()
        })?)
    }

    fn defined(&self, name: &str) -> PortResult<Vec<(ContentId, u32)>> {
        Ok(self
            .database
            .read("find where a name is defined", |tx| lookups::defined(tx, name))?)
    }

    fn using(&self, name: &str) -> PortResult<Vec<ContentId>> {
        Ok(self
            .database
            .read("find who uses a name", |tx| references::using(tx, name))?)
    }

    fn names(&self) -> PortResult<Vec<String>> {
        Ok(self.database.read("list the names", lookups::names)?)
    }

    fn pending_vectors(&self, space: VectorSpace, limit: usize) -> PortResult<Vec<PendingFile>> {
        Ok(self.database.read("find texts without vectors", |tx| {
            outbox::pending_vectors(tx, space, limit)
        })?)
    }

    fn mark_vectors(&self, texts: &[TextId]) -> PortResult<()> {
        Ok(self.database.write("mark what the vector index has", |tx| {
            texts::set_vectors(tx, texts, true)
        })?)
    }

    fn fingerprint(&self) -> PortResult<Option<Fingerprint>> {
        Ok(self.database.read("read the fingerprint", settings::fingerprint)?)
    }

    fn set_fingerprint(&self, fingerprint: &Fingerprint) -> PortResult<()> {
        Ok(self
            .database
            .write("set the fingerprint", |tx| settings::set_fingerprint(tx, fingerprint))?)
    }

    fn reset_lexical(&self) -> PortResult<()> {
        Ok(self
            .database
            .write("forget what the lexical index had", outbox::clear_lexical)?)
    }

    fn reset_vectors(&self) -> PortResult<()> {
        Ok(self.database.write("forget what the vector index had", |tx| {
            texts::clear_vectors(tx)?;
            settings::clear_fingerprint(tx)
        })?)
    }

    fn garbage(&self, without: &[WorktreeId]) -> PortResult<Garbage> {
        Ok(self.database.read("find garbage", |tx| garbage::find(tx, without))?)
    }

    fn unmark(&self, garbage: &Garbage) -> PortResult<()> {
        Ok(self.database.write("unmark garbage", |tx| {
            outbox::set_lexical(tx, &garbage.contents, &garbage.paths, false)?;
            texts::set_vectors(tx, &garbage.texts, false)
        })?)
    }

    fn collect(&self, garbage: &Garbage) -> PortResult<()> {
        self.database
            .write("collect garbage", |tx| garbage::delete(tx, garbage))?;
        Ok(self.database.compact()?)
    }

    fn ids(&self) -> PortResult<CatalogIds> {
        Ok(self.database.read("list all ids", lookups::all_ids)?)
    }

    fn marks(&self) -> PortResult<Marks> {
        Ok(self.database.read("list what the indexes have", outbox::marks)?)
    }

    fn check(&self) -> PortResult<()> {
        Ok(self.database.check()?)
    }

    fn generation(&self) -> u64 {
        self.generation
    }

    fn revision(&self) -> u64 {
        self.generation.wrapping_add(self.n_replaced.load(Ordering::Acquire))
    }

    fn disk_bytes(&self) -> u64 {
        self.database.disk_bytes()
    }
}
