//! An edit: bring what is hinted at in line with its files, without listing the root.
//!
//! Runs on a job's thread beside vectors, and needs no pass's permit: it reads a few files, records them, shows their words
//! and publishes a view that shares all else with the former one. Whatever makes this more than an edit is left to a pass.

use super::batch::{Batch, Recorded};
use super::read::{Finding, Reader};
use super::settle;
use crate::EngineError;
use crate::config::EngineConfig;
use crate::left_out::LeftOut;
use crate::repository::RootHandle;
use crate::repository::job::{Context, publish_view};
use crate::threads::Stop;
use crate::view::{Patch, View, ViewFile};
use codemem_core::ids::{PathId, WorktreeId};
use codemem_core::path::RepoPath;
use codemem_core::plan::ToRead;
use codemem_core::ports::{FileStamp, ScanEntry, Stores};
use codemem_core::skip::SkipReason;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files that are read one after the other where the job runs: starting threads takes longer.
const FEW: usize = 8;

/// Most files read as an edit. A pass commits as it goes, and says how far it is.
const MOST: usize = 1_000;

/// Most files looked at as an edit.
const MOST_LOOKED_AT: usize = 10_000;

/// Everything one edit works with.
pub(crate) struct Touch<'a> {
    pub(crate) context: &'a Context,
    pub(crate) config: Arc<EngineConfig>,
    pub(crate) stores: &'a Stores,
    pub(crate) root: &'a Path,
    pub(crate) handle: &'a RootHandle,
    pub(crate) stop: &'a Stop,
}

/// How an edit ended.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Touched {
    /// The whole root has to be compared instead.
    pub(crate) whole_root: bool,
    /// There are texts that may have no vector.
    pub(crate) new_texts: bool,
    /// Some files could not be read just now: not to be tried again at once.
    pub(crate) failed: bool,
}

/// What stands at the paths that were hinted at.
struct Found {
    read: Vec<ToRead>,
    removed: Vec<PathId>,
    left_out: Vec<LeftOut>,
}

const WHOLE_ROOT: Touched = Touched {
    whole_root: true,
    new_texts: false,
    failed: false,
};

impl Touch<'_> {
    /// Takes in what has changed at or below the paths.
    pub(crate) fn run(&self, paths: &[PathBuf]) -> Result<Touched, EngineError> {
        let Some(view) = self.handle.view.load_full() else {
            return Ok(WHOLE_ROOT);
        };
        let catalog = &self.stores.catalog;
        let worktree = catalog
            .find_worktree(self.root)
            .map_err(EngineError::port("find the root"))?;
        let noted = catalog
            .noted_languages()
            .map_err(EngineError::port("read the changed languages"))?;
        let (Some(worktree), true) = (worktree, self.handle.fresh.left_out().is_known()) else {
            return Ok(WHOLE_ROOT);
        };
        // What the user added to a language since is taken in for all of its files.
        if noted != self.context.ports.extractor.changed() {
            return Ok(WHOLE_ROOT);
        }
        let Some(found) = self.look(&view, paths)? else {
            return Ok(WHOLE_ROOT);
        };
        let mut failed = false;
        let mut left_out = found.left_out;
        let mut batch = Batch::default();
        self.read(&found.read, |finding| {
            failed |= matches!(finding, Finding::Failed { .. });
            left_out.extend(super::left_out(&finding));
            batch.take(finding);
        })?;
        let seems_gone = |file: &LeftOut| file.reason == SkipReason::Unreadable;
        if !found.removed.is_empty() || left_out.iter().any(seems_gone) {
            // Perhaps not some files are gone, but the root.
            let identity = self.context.ports.source.identify(self.root);
            if identity.is_err() || self.stop.is_requested() {
                return Ok(WHOLE_ROOT);
            }
        }
        if self.stop.is_requested() {
            return Ok(WHOLE_ROOT);
        }
        batch.remove(&found.removed);
        // Also of a file that is again what it was, vectors may have been given up meanwhile.
        let new_texts = !batch.is_empty();
        if !batch.is_empty() {
            let recorded = batch.record(self.stores, worktree, self.context.units_version())?;
            self.show(&view, worktree, recorded)?;
        }
        self.count(paths, left_out);
        Ok(Touched {
            whole_root: failed,
            new_texts,
            failed,
        })
    }

    /// What stands at the paths, compared with what is indexed; `None` when it is too much for an edit.
    fn look(&self, view: &View, paths: &[PathBuf]) -> Result<Option<Found>, EngineError> {
        let mut files: BTreeMap<RepoPath, FileStamp> = BTreeMap::new();
        let mut left_out = Vec::new();
        let mut n_left = MOST_LOOKED_AT;
        self.context
            .ports
            .source
            .look(self.root, paths, self.config.max_file_bytes, &mut |entry| {
                match entry {
                    ScanEntry::File(path, stamp) => drop(files.insert(path, stamp)),
                    ScanEntry::Skipped(path, reason) => left_out.push(LeftOut::unread(path, reason)),
                }
                n_left -= 1;
                if n_left == 0 || self.stop.is_requested() {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            })
            .map_err(EngineError::port("look at the files"))?;
        if n_left == 0 || self.stop.is_requested() {
            return Ok(None);
        }
        let named: BTreeSet<&str> = paths.iter().filter_map(|path| path.to_str()).collect();
        let removed: BTreeSet<PathId> = named
            .iter()
            .flat_map(|path| view.below(path))
            .filter(|file| !files.contains_key(&file.path))
            .map(|file| file.path_id)
            .collect();
        let to_read = files.into_iter().filter_map(|(path, stamp)| {
            let known = view.find(path.as_str());
            // A file that is named is read whatever its stamp: it may have been given its old one.
            let is_as_known = known.is_some_and(|file| file.stamp == stamp) && !named.contains(path.as_str());
            (!is_as_known).then(|| ToRead {
                known: known.map(|file| (file.path_id, file.hash)),
                path,
                stamp,
            })
        });
        let read: Vec<ToRead> = to_read.collect();
        Ok((read.len() <= MOST).then(|| Found {
            read,
            removed: removed.into_iter().collect(),
            left_out,
        }))
    }

    fn read(&self, files: &[ToRead], mut take: impl FnMut(Finding)) -> Result<(), EngineError> {
        let is_few = files.len() <= FEW;
        let reader = Reader {
            context: self.context,
            root: self.root,
            max_file_bytes: self.config.max_file_bytes,
            force: false,
            // Asking is cheaper than extracting only where it saves reading the manifest to learn a file's language.
            known: (!is_few).then_some(&*self.stores.catalog),
            steps_back: false,
            stop: self.stop,
        };
        if !is_few {
            return reader.read_all(files, self.config.index_threads, |finding| {
                take(finding);
                Ok(())
            });
        }
        for file in files {
            take(reader.read(file));
        }
        Ok(())
    }

    /// Makes what was recorded visible.
    fn show(&self, view: &View, worktree: WorktreeId, recorded: Recorded) -> Result<(), EngineError> {
        let put = self
            .put(&recorded)
            // The index may have thrown away what is unsettled along with this.
            .inspect_err(|_| settle::leave_to_pass(self.context))?;
        self.context.unsettled.add(self.root, put.contents, put.paths);
        let n_new = recorded.n_chunks() as u64;
        let mut patch = Patch {
            put: Vec::new(),
            restamped: recorded.restamped.clone(),
            removed: recorded.removed.clone(),
        };
        for file in recorded.into_files() {
            let Some(language) = file.language else {
                // Only the manifest says what it was recorded as.
                self.handle.standing.fall_behind();
                return publish_view(self.stores, worktree, self.handle);
            };
            patch.put.push(ViewFile {
                path: file.path,
                path_id: file.row.path,
                content: file.row.content,
                hash: file.hash,
                stamp: file.stamp,
                language: language.into(),
                summary: file.row.summary,
            });
        }
        let next = view.patched(patch);
        let mut counts = **self.handle.counts.load();
        counts.files = next.len() as u64;
        // Until they are counted, new chunks are chunks without vectors: an answer says too little rather than too much.
        counts.chunks += n_new;
        self.handle.view.store(Some(Arc::new(next)));
        self.handle.standing.fall_behind();
        self.handle.counts.store(Arc::new(counts));
        Ok(())
    }

    fn put(&self, recorded: &Recorded) -> Result<super::batch::Put, EngineError> {
        let lexical = &self.stores.lexical;
        let put = recorded.index(&**lexical)?;
        if !put.contents.is_empty() || !put.paths.is_empty() {
            lexical.refresh().map_err(EngineError::port("show the new words"))?;
        }
        Ok(put)
    }

    /// Keeps the numbers of a root's files right.
    fn count(&self, paths: &[PathBuf], left_out: Vec<LeftOut>) {
        let shown: Vec<String> = paths.iter().map(|path| path.to_string_lossy().into_owned()).collect();
        let n_read = {
            let mut files = self.handle.fresh.left_out();
            files.replace_below(&shown, left_out);
            files.n_read()
        };
        let n_files = self.handle.view.load().as_ref().map_or(0, |view| view.len() as u64);
        let n_seen = n_files + n_read;
        self.handle.state.send_if_modified(|state| {
            let differs = state.files_seen != n_seen;
            state.files_seen = n_seen;
            differs
        });
        self.context.unsettled.add(self.root, Vec::new(), Vec::new());
    }
}
