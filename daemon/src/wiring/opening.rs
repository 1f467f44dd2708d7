//! Opening the three stores of a repository: what was not closed in order is checked, what is damaged
//! is set aside and made anew, what is sound stays.
//!
//! Runs on the thread of the job that opens. What is no damage (no room, no right, no descriptor left,
//! a newer program's format) is an error and changes nothing on disk. The catalog is the one store that
//! takes the others along: their ids are its ids.

pub(super) mod read_only;

use codemem_core::error::chain;
use codemem_core::ids::IdSet;
use codemem_core::ports::{
    Catalog, Closing, LexicalIndex as _, Marks, PortError, PortErrorKind, PortResult, Repair, StoreKind, Stores,
    VectorIndex as _, VectorSpace,
};
use codemem_lexical::{CodeIndex, Opened, WriterOptions};
use codemem_store::seal::{self, Sealed, Verdict};
use codemem_store::{EdgeVectors, SqliteCatalog, set_aside};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

pub(super) const CATALOG: &str = "catalog.db";
pub(super) const LEXICAL: &str = "lexical";
pub(super) const VECTORS: &str = "vectors";

/// Vectors that are read one by one when they were not closed in order: a second of work.
const READ_UP_TO: u64 = 100_000;

/// One opening.
pub(super) struct Opening<'a> {
    /// The repository's directory.
    pub(super) directory: &'a Path,
    pub(super) writer: WriterOptions,
    /// What damaged files are named after.
    pub(super) unix_seconds: u64,
    pub(super) repairs: Vec<Repair>,
}

/// Where a store stands before it is opened.
enum Standing {
    /// Closed in order, untouched since.
    Trusted(Sealed),
    /// To be checked.
    Unknown,
    /// Damaged beyond doubt; the text says how.
    Damaged(String),
}

impl Opening<'_> {
    pub(super) fn run(mut self) -> PortResult<Stores> {
        let (catalog, catalog_seal) = self.catalog()?;
        // Counting every text is for those who have a doubt.
        let mut marks: Option<Marks> = None;
        let (lexical, lexical_seal) = self.lexical(&catalog, &mut marks)?;
        let (vectors, vectors_seal) = self.vectors(&catalog, &mut marks)?;
        for repair in &self.repairs {
            tracing::error!(%repair, directory = %self.directory.display(), "a damaged store was replaced");
        }
        let (catalog, lexical, vectors) = (Arc::new(catalog), Arc::new(lexical), Arc::new(vectors));
        let closing = SealAll {
            written: vectors.written(),
            catalog: (Arc::downgrade(&catalog), self.directory.join(CATALOG), catalog_seal),
            lexical: (Arc::downgrade(&lexical), self.directory.join(LEXICAL), lexical_seal),
            vectors: (Arc::downgrade(&vectors), self.directory.join(VECTORS), vectors_seal),
        };
        Ok(Stores {
            catalog,
            lexical,
            vectors,
            repairs: self.repairs,
            closing: Closing::new(move || closing.seal()),
        })
    }

    fn catalog(&mut self) -> PortResult<(SqliteCatalog, Option<Sealed>)> {
        let path = self.directory.join(CATALOG);
        let has_others = self.directory.join(LEXICAL).exists() || self.directory.join(VECTORS).exists();
        let metadata = fs::symlink_metadata(&path).ok();
        let is_file = metadata.as_ref().is_some_and(fs::Metadata::is_file);
        let standing = match standing(&path)? {
            Standing::Unknown => match &metadata {
                Some(_) if !is_file => Standing::Damaged("it is not a file".to_owned()),
                // A catalog comes first: others without one, or with an empty one, have lost theirs.
                Some(metadata) if metadata.len() == 0 && has_others => Standing::Damaged("it is empty".to_owned()),
                None if has_others => Standing::Damaged("it is gone".to_owned()),
                Some(_) | None => Standing::Unknown,
            },
            standing @ (Standing::Trusted(_) | Standing::Damaged(_)) => standing,
        };
        let what = match standing {
            Standing::Trusted(sealed) => match opened(SqliteCatalog::open(self.directory, false))? {
                Ok(catalog) => return Ok((catalog, Some(sealed))),
                Err(what) => what,
            },
            Standing::Unknown => match opened(SqliteCatalog::open(self.directory, true))? {
                Ok(catalog) => return Ok((catalog, None)),
                Err(what) => what,
            },
            Standing::Damaged(what) => {
                if is_file {
                    // Another program's file is not damage, whoever put it there.
                    drop(opened(SqliteCatalog::open(self.directory, true))?);
                }
                what
            }
        };
        self.put_aside(StoreKind::Catalog, &path, what)?;
        Ok((SqliteCatalog::open(self.directory, false)?, None))
    }

    fn lexical(
        &mut self,
        catalog: &SqliteCatalog,
        marks: &mut Option<Marks>,
    ) -> PortResult<(CodeIndex, Option<Sealed>)> {
        let path = self.directory.join(LEXICAL);
        let was_there = path.exists();
        let what = match standing(&path)? {
            _ if was_there && !path.is_dir() => "it is not a directory".to_owned(),
            Standing::Damaged(what) => what,
            standing => {
                let suspect = matches!(standing, Standing::Unknown);
                match opened(CodeIndex::open(&path, catalog.generation(), self.writer, suspect))? {
                    Ok((index, Opened::Existing)) if !suspect => return Ok((index, sealed(standing))),
                    Ok((index, Opened::Existing)) => match missing(&index, marks_of(catalog, marks)?)? {
                        None => return Ok((index, None)),
                        Some(what) => what,
                    },
                    Ok((index, Opened::Created)) => {
                        let lost = self.repairs.is_empty() && !was_there && has_words(marks_of(catalog, marks)?);
                        catalog.reset_lexical()?;
                        if lost {
                            self.report(StoreKind::Lexical, "it is gone".to_owned(), None);
                        }
                        return Ok((index, None));
                    }
                    Err(what) => what,
                }
            }
        };
        self.put_aside(StoreKind::Lexical, &path, what)?;
        // First the catalog: whoever is interrupted between the two starts over.
        catalog.reset_lexical()?;
        let index = CodeIndex::recreate(&path, catalog.generation(), self.writer)?;
        Ok((index, None))
    }

    fn vectors(
        &mut self,
        catalog: &SqliteCatalog,
        marks: &mut Option<Marks>,
    ) -> PortResult<(EdgeVectors, Option<Sealed>)> {
        let path = self.directory.join(VECTORS);
        let was_there = path.exists();
        let standing = match standing(&path)? {
            _ if was_there && !path.is_dir() => Standing::Damaged("it is not a directory".to_owned()),
            standing => standing,
        };
        let found = match &standing {
            Standing::Damaged(what) if !path.is_dir() => Err(what.clone()),
            // Opened even then: a newer program's files are not damage, whoever put them there.
            Standing::Damaged(what) => opened(EdgeVectors::open(&path))?.and_then(|_| Err(what.clone())),
            Standing::Trusted(_) | Standing::Unknown => opened(EdgeVectors::open(&path))?,
        };
        let what = match found {
            Ok(Some(vectors)) if vectors.generation() == catalog.generation() => match standing {
                Standing::Trusted(sealed) => return Ok((vectors, Some(sealed))),
                Standing::Unknown | Standing::Damaged(_) => match lacking(&vectors, marks_of(catalog, marks)?)? {
                    None => return Ok((vectors, None)),
                    Some(what) => what,
                },
            },
            // Another catalog's: this one was made anew.
            Ok(Some(_)) => return Ok((EdgeVectors::replace(&path, catalog)?, None)),
            Ok(None) => {
                let marks = marks_of(catalog, marks)?;
                if marks.file_texts + marks.chunk_texts == 0 {
                    return Ok((EdgeVectors::replace(&path, catalog)?, None));
                }
                "it is gone".to_owned()
            }
            Err(what) => what,
        };
        self.put_aside(StoreKind::Vectors, &path, what)?;
        Ok((EdgeVectors::replace(&path, catalog)?, None))
    }

    fn put_aside(&mut self, store: StoreKind, path: &Path, what: String) -> PortResult<()> {
        let kept = set_aside(path, self.unix_seconds)?;
        seal::remove(path)?;
        self.report(store, what, kept);
        Ok(())
    }

    fn report(&mut self, store: StoreKind, what: String, kept: Option<PathBuf>) {
        self.repairs.push(Repair { store, what, kept });
    }
}

fn standing(path: &Path) -> PortResult<Standing> {
    Ok(match seal::open(path)? {
        Verdict::Intact(sealed) => Standing::Trusted(sealed),
        Verdict::Unsealed => Standing::Unknown,
        Verdict::Changed(what) => Standing::Damaged(what),
    })
}

fn sealed(standing: Standing) -> Option<Sealed> {
    match standing {
        Standing::Trusted(sealed) => Some(sealed),
        Standing::Unknown | Standing::Damaged(_) => None,
    }
}

/// Tells damage, which is answered with what is wrong, from every other failure, which stays one.
fn opened<T, E: Into<PortError>>(result: Result<T, E>) -> PortResult<Result<T, String>> {
    match result.map_err(Into::into) {
        Ok(store) => Ok(Ok(store)),
        Err(error) if error.kind == PortErrorKind::Corrupt => Ok(Err(chain(&error))),
        Err(error) => Err(error),
    }
}

fn marks_of<'m>(catalog: &SqliteCatalog, marks: &'m mut Option<Marks>) -> PortResult<&'m Marks> {
    if marks.is_none() {
        *marks = Some(catalog.marks()?);
    }
    Ok(marks.as_ref().expect("it was filled just now"))
}

fn has_words(marks: &Marks) -> bool {
    !marks.contents.is_empty() || !marks.paths.is_empty()
}

/// What of the catalog's marks an index does not hold.
fn missing(index: &CodeIndex, marks: &Marks) -> PortResult<Option<String>> {
    let (contents, paths) = index.held()?;
    let count = |marked: &IdSet, held: &IdSet| marked.iter().filter(|id| !held.contains(*id)).count();
    let n_missing = count(&marks.contents, &contents) + count(&marks.paths, &paths);
    Ok((n_missing > 0).then(|| format!("{n_missing} entries of the catalog are missing")))
}

/// What of the catalog's marks the vectors do not hold, or what of them cannot be read.
fn lacking(vectors: &EdgeVectors, marks: &Marks) -> PortResult<Option<String>> {
    let (n_files, n_chunks) = (vectors.count(VectorSpace::Files)?, vectors.count(VectorSpace::Chunks)?);
    if n_files < marks.file_texts || n_chunks < marks.chunk_texts {
        let (held, marked) = (n_files + n_chunks, marks.file_texts + marks.chunk_texts);
        return Ok(Some(format!("it holds {held} vectors, the catalog counts {marked}")));
    }
    if n_files + n_chunks > READ_UP_TO {
        return Ok(None);
    }
    Ok(opened(vectors.check())?.err())
}

/// Seals the stores when all three have been let go of.
struct SealAll {
    catalog: (Weak<SqliteCatalog>, PathBuf, Option<Sealed>),
    lexical: (Weak<CodeIndex>, PathBuf, Option<Sealed>),
    vectors: (Weak<EdgeVectors>, PathBuf, Option<Sealed>),
    /// Whether vectors were written, which does not show in the times of mapped files at once.
    written: Arc<AtomicBool>,
}

impl SealAll {
    fn seal(&self) {
        seal_store(&self.catalog.0, &self.catalog.1, self.catalog.2.as_ref());
        seal_store(&self.lexical.0, &self.lexical.1, self.lexical.2.as_ref());
        let before = self.vectors.2.as_ref();
        let before = before.filter(|_| !self.written.load(Ordering::Relaxed));
        seal_store(&self.vectors.0, &self.vectors.1, before);
    }
}

/// A store that is still open somewhere, or that is gone, is not sealed; it is checked when it is opened again.
fn seal_store<T>(open: &Weak<T>, path: &Path, before: Option<&Sealed>) {
    if open.strong_count() > 0 || !path.exists() {
        return;
    }
    if let Err(error) = seal::close(path, before) {
        tracing::debug!(%error, store = %path.display(), "not sealed, so it is checked when it is opened again");
    }
}

#[cfg(test)]
mod tests;
