//! The index as the engine knows it: the port, over one directory.

use crate::error::Error;
use crate::frozen::Frozen;
use crate::marker;
use crate::schema::{self, Fields};
use crate::search;
use crate::snapshot::Snapshot;
use crate::states::States;
use crate::verify;
use crate::writer::{Refresh, Writer, WriterOptions};
use codemem_core::ids::{ContentId, IdSet, PathId};
use codemem_core::ports::{ChunkDocument, LexicalEvidence, LexicalIndex, LexicalQuery, PathDocument, PortResult};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{fs, io};
use tantivy::directory::MmapDirectory;
use tantivy::schema::Schema;
use tantivy::store::Compressor;
use tantivy::{Index, IndexReader, IndexSettings, ReloadPolicy, TantivyError};

/// Whether an index was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Opened {
    /// It was there, whole and of the generation asked for.
    Existing,
    /// It was not, or belonged to another generation, format or tokenizer: it is empty now, and
    /// everything has to be put again (`Catalog::reset_lexical`).
    Created,
}

/// The lexical index of one repository.
pub struct CodeIndex {
    directory: PathBuf,
    generation: u64,
    fields: Fields,
    writer: Writer,
    reader: IndexReader,
    states: States,
    /// Whether something was, or may have been, committed that is not shown. Nothing is kept by the writer then.
    stale: AtomicBool,
}

impl std::fmt::Debug for CodeIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CodeIndex")
            .field("directory", &self.directory)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

impl CodeIndex {
    /// Opens the index in `directory`, which belongs to this crate alone. What is there but was made
    /// for another generation, format or tokenizer is wiped; what is damaged is left as it is and
    /// reported as [`Error::Corrupt`], for [`CodeIndex::recreate`] to replace. A `suspect` one, whose
    /// last owner did not close it, has its files compared with their checksums first.
    pub fn open(
        directory: &Path,
        generation: u64,
        options: WriterOptions,
        suspect: bool,
    ) -> Result<(Self, Opened), Error> {
        let fits = marker::fits(directory, generation).map_err(|source| Error::Directory {
            path: directory.to_owned(),
            source,
        })?;
        if !fits {
            return Self::recreate(directory, generation, options).map(|index| (index, Opened::Created));
        }
        let fields = Fields::new();
        let index = existing(directory, fields.schema()).map_err(|source| Error::opening(directory, source))?;
        if suspect {
            verify::checksums(directory, &index)?;
        }
        let writer = Writer::new(index.clone(), fields.clone(), options);
        let index = Self::new(directory, generation, fields, &index, writer)?;
        Ok((index, Opened::Existing))
    }

    /// Opens the index in `directory` for reading only: nothing is made or changed there, and every write is an error.
    /// `None` when what is there, if anything, was made for another generation, format or tokenizer. Nobody may
    /// write it meanwhile.
    pub fn open_read_only(directory: &Path, generation: u64) -> Result<Option<Self>, Error> {
        let fits = marker::fits(directory, generation).map_err(|source| Error::Directory {
            path: directory.to_owned(),
            source,
        })?;
        if !fits {
            return Ok(None);
        }
        let fields = Fields::new();
        let open = || {
            let frozen = Frozen(MmapDirectory::open(directory)?);
            checked(Index::open(frozen)?, fields.schema())
        };
        let index = open().map_err(|source| Error::opening(directory, source))?;
        let writer = Writer::refused(index.clone(), fields.clone());
        Self::new(directory, generation, fields, &index, writer).map(Some)
    }

    /// Empties `directory`, whatever it holds, and creates a new index there. No other [`CodeIndex`]
    /// may be open on it.
    pub fn recreate(directory: &Path, generation: u64, options: WriterOptions) -> Result<Self, Error> {
        let unusable = |source: io::Error| Error::Directory {
            path: directory.to_owned(),
            source,
        };
        marker::clear(directory).map_err(unusable)?;
        let fields = Fields::new();
        let index = create(directory, fields.schema()).map_err(|source| Error::Create {
            path: directory.to_owned(),
            source,
        })?;
        marker::write(directory, generation).map_err(unusable)?;
        tracing::info!(directory = %directory.display(), generation, "created an empty lexical index");
        let writer = Writer::new(index.clone(), fields.clone(), options);
        Self::new(directory, generation, fields, &index, writer)
    }

    /// Waits for merges, gives up the writer's threads and memory, and lets go of files that merges
    /// replaced. What was written since the last commit is thrown away. For an index that will not be
    /// written for a while; a commit does the same by itself when nothing is left to merge.
    pub fn release(&self) -> Result<(), Error> {
        let closed = self.writer.close();
        self.states.fall_back();
        closed.map_err(|source| self.commit_error(source))?;
        self.reload()
    }

    /// How many segments a search walks.
    pub fn segments(&self) -> usize {
        self.states.shown().segments.len()
    }

    fn new(directory: &Path, generation: u64, fields: Fields, index: &Index, writer: Writer) -> Result<Self, Error> {
        schema::register(index.tokenizers());
        let open = || {
            let reader: IndexReader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
            let snapshot = Snapshot::of(&fields, &reader.searcher(), &Snapshot::default())?;
            Ok((reader, snapshot))
        };
        let opened = catch_unwind(AssertUnwindSafe(open)).map_err(|panic| Error::Panicked {
            path: directory.to_owned(),
            reason: message(panic.as_ref()),
        })?;
        let (reader, snapshot) = opened.map_err(|source| Error::opening(directory, source))?;
        Ok(Self {
            directory: directory.to_owned(),
            generation,
            fields,
            writer,
            reader,
            states: States::new(snapshot),
            stale: AtomicBool::new(false),
        })
    }

    /// The last commit for the writing side, which must know what is there to replace it.
    fn newest(&self) -> Result<Arc<Snapshot>, Error> {
        if self.stale.load(Ordering::Relaxed) {
            self.reload()?;
        }
        Ok(self.states.committed())
    }

    /// Shows the newest commit and nothing else.
    fn reload(&self) -> Result<(), Error> {
        let load = || {
            self.reader.reload()?;
            Snapshot::of(&self.fields, &self.reader.searcher(), &self.states.committed())
        };
        let snapshot = load().map_err(|source| Error::Reload {
            path: self.directory.clone(),
            source,
        })?;
        self.states.commit(snapshot);
        self.stale.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// The outcome of a write. One that failed has lost what was refreshed as well.
    fn written(&self, written: tantivy::Result<()>) -> PortResult<()> {
        let written = written.inspect_err(|_| self.states.fall_back());
        Ok(written.map_err(|source| Error::Write {
            path: self.directory.clone(),
            source,
        })?)
    }

    fn commit_error(&self, source: TantivyError) -> Error {
        Error::Commit {
            path: self.directory.clone(),
            source,
        }
    }
}

impl LexicalIndex for CodeIndex {
    fn put_chunks(&self, chunks: &[ChunkDocument<'_>]) -> PortResult<()> {
        self.written(self.writer.put_chunks(chunks, &*self.newest()?))
    }

    fn put_paths(&self, paths: &[PathDocument<'_>]) -> PortResult<()> {
        self.written(self.writer.put_paths(paths, &*self.newest()?))
    }

    fn delete(&self, contents: &[ContentId], paths: &[PathId]) -> PortResult<()> {
        self.written(self.writer.delete(contents, paths, &*self.newest()?))
    }

    fn refresh(&self) -> PortResult<()> {
        self.newest()?;
        match self.writer.refresh() {
            Refresh::Nothing => Ok(()),
            Refresh::Lay(overlay) => {
                self.states.refresh(&overlay);
                Ok(())
            }
            Refresh::Commit => self.commit(),
        }
    }

    fn commit(&self) -> PortResult<()> {
        let committed = self.writer.commit(&*self.newest()?);
        // Also a commit that failed may have reached the disk.
        if !matches!(committed, Ok(false)) {
            self.stale.store(true, Ordering::Relaxed);
        }
        let committed = committed.inspect_err(|_| self.states.fall_back());
        committed.map_err(|source| self.commit_error(source))?;
        self.newest()?;
        Ok(self.writer.rest().map_err(|source| self.commit_error(source))?)
    }

    fn compact(&self) -> PortResult<()> {
        let compacted = self.writer.compact(&*self.newest()?);
        if compacted.map_err(|source| self.commit_error(source))? {
            self.stale.store(true, Ordering::Relaxed);
            self.newest()?;
        }
        self.writer.sweep().map_err(|source| self.commit_error(source))?;
        Ok(self.writer.rest().map_err(|source| self.commit_error(source))?)
    }

    fn search(&self, query: &LexicalQuery<'_>) -> PortResult<LexicalEvidence> {
        let snapshot = self.states.shown();
        // Postings that lie are walked past their end, which is a panic and not an error.
        let found = catch_unwind(AssertUnwindSafe(|| search::search(&snapshot, query)));
        let found = found.map_err(|panic| Error::Panicked {
            path: self.directory.clone(),
            reason: message(panic.as_ref()),
        })?;
        Ok(found.map_err(|source| Error::Search {
            path: self.directory.clone(),
            source: source.into(),
        })?)
    }

    fn held(&self) -> PortResult<(IdSet, IdSet)> {
        Ok(self.states.shown().ids())
    }

    fn check(&self) -> PortResult<()> {
        Ok(verify::checksums(&self.directory, self.reader.searcher().index())?)
    }

    fn generation(&self) -> u64 {
        self.generation
    }

    /// Files that cannot be measured, because a merge has just removed them, count nothing.
    fn disk_bytes(&self) -> u64 {
        let entries = fs::read_dir(&self.directory).into_iter().flatten().flatten();
        entries
            .filter_map(|entry| entry.metadata().ok())
            .map(|file| file.len())
            .sum()
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "panic without a message".to_owned())
}

fn existing(directory: &Path, schema: &Schema) -> tantivy::Result<Index> {
    checked(Index::open_in_dir(directory)?, schema)
}

fn checked(index: Index, schema: &Schema) -> tantivy::Result<Index> {
    if index.schema() == *schema {
        Ok(index)
    } else {
        Err(TantivyError::SchemaError(
            "the fields are not those of this format".into(),
        ))
    }
}

fn create(directory: &Path, schema: &Schema) -> tantivy::Result<Index> {
    // Nothing is stored, so there is nothing to compress and no thread needed to do it.
    let settings = IndexSettings {
        docstore_compression: Compressor::None,
        docstore_compress_dedicated_thread: false,
        ..IndexSettings::default()
    };
    Index::create(MmapDirectory::open(directory)?, schema.clone(), settings)
}
