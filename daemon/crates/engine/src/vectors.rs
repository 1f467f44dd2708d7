//! The vector job: embed what has no vector yet, file summaries first, then chunks.
//!
//! Runs on the job's thread behind every other job of the repository and makes room for them
//! between batches. Texts are composed again from the files; a file that has moved on since it was
//! indexed is left to the next pass.

use crate::EngineError;
use crate::pace::Pace;
use crate::pass::{hash, into_text};
use crate::progress::{self, Phase};
use crate::repository::RootHandle;
use crate::repository::job::{Context, Outcome, publish_counts};
use crate::threads::Stop;
use codemem_core::compose;
use codemem_core::ids::{TextId, WorktreeId};
use codemem_core::ports::{
    AssetsProgress, AssetsSource, ChangedLanguage, Fingerprint, PendingFile, PortErrorKind, Stores, VectorSpace,
};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

/// Files whose texts are fetched from the catalog at a time.
const FILES_PER_ROUND: usize = 64;

/// Texts embedded between two looks at whether to make room, and between two checkpoints: about a
/// second of work.
const TEXTS_PER_BATCH: usize = 64;

/// Everything one vector job works with.
pub(crate) struct VectorJob<'a> {
    pub(crate) context: &'a Context,
    pub(crate) stores: &'a Stores,
    pub(crate) roots: &'a BTreeMap<PathBuf, RootHandle>,
    pub(crate) stop: &'a Stop,
}

/// A text on its way to a vector.
struct Text {
    id: TextId,
    text: String,
}

impl VectorJob<'_> {
    /// Runs until nothing is left, or to the next safe point after a stop.
    pub(crate) fn run(&self) -> Result<Outcome, EngineError> {
        if !self.anything_pending()? {
            return Ok(Outcome::Done);
        }
        let Some(fingerprint) = self.prepare()? else {
            return Ok(Outcome::Interrupted);
        };
        self.begin()?;
        let began = Instant::now();
        tracing::info!(repository = %self.context.key, "vectors begin");
        let mut outcome = Outcome::Done;
        let mut pace = Pace::new(&self.context.config, self.context.ports.system.as_ref(), self.stop);
        for space in [VectorSpace::Files, VectorSpace::Chunks] {
            if self.fill(space, &fingerprint, &mut pace)? == Outcome::Interrupted {
                outcome = Outcome::Interrupted;
                break;
            }
        }
        let done = |root: &RootHandle| root.state.borrow().progress.chunks_done;
        tracing::info!(
            repository = %self.context.key,
            chunks = self.roots.values().map(done).max().unwrap_or_default(),
            whole = outcome == Outcome::Done,
            seconds = began.elapsed().as_secs_f64(),
            "vectors end"
        );
        Ok(outcome)
    }

    fn anything_pending(&self) -> Result<bool, EngineError> {
        for space in [VectorSpace::Files, VectorSpace::Chunks] {
            if !self.pending(space, 1)?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Makes sure that there is an embedder and that it is the one whose vectors are stored. `None`
    /// when asked to stop while it was fetched.
    fn prepare(&self) -> Result<Option<Fingerprint>, EngineError> {
        let ports = &self.context.ports;
        let mut fingerprint = ports.embedder.fingerprint();
        if matches!(&fingerprint, Err(error) if error.kind == PortErrorKind::Unavailable)
            && self.context.config.load().fetch_assets
        {
            self.each_state(|state| progress::enter(state, Phase::Setup));
            let installed = ports
                .assets
                .ensure(&AssetsSource::default(), &mut |step| self.report_setup(&step));
            if self.stop.is_requested() {
                return Ok(None);
            }
            installed.map_err(EngineError::port("install the embedding model"))?;
            fingerprint = ports.embedder.fingerprint();
        }
        let fingerprint = fingerprint.map_err(EngineError::port("use the embedding model"))?;
        let catalog = &self.stores.catalog;
        let stored = catalog
            .fingerprint()
            .map_err(EngineError::port("read the index's embedder"))?;
        match stored {
            None => {
                // What a reset that was cut short left must not be taken for this model's.
                self.stores
                    .vectors
                    .clear()
                    .map_err(EngineError::port("delete the vectors"))?;
                catalog
                    .set_fingerprint(&fingerprint)
                    .map_err(EngineError::port("record the embedder"))?;
                Ok(Some(fingerprint))
            }
            Some(stored) if stored == fingerprint => Ok(Some(fingerprint)),
            Some(_) => Err(EngineError::Invalid {
                message: "the stored vectors were made by another embedding model".to_owned(),
                hint: "run `codemem index --force` to embed again with the model in use".to_owned(),
            }),
        }
    }

    fn report_setup(&self, step: &AssetsProgress) -> ControlFlow<()> {
        self.each_state(|state| {
            progress::advance(state, |progress| {
                progress.chunks_done = step.done;
                progress.chunks_total = step.total;
            });
        });
        if self.stop.is_requested() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// Starts the phase on every root, with the repository's totals: the roots share their texts.
    fn begin(&self) -> Result<(), EngineError> {
        let (mut files_total, mut chunks_total) = (0, 0);
        for root in self.roots.keys() {
            let catalog = &self.stores.catalog;
            let worktree = catalog.worktree(root).map_err(EngineError::port("find the root"))?;
            let counts = catalog.counts(worktree).map_err(EngineError::port("count the index"))?;
            files_total += counts.files.saturating_sub(counts.files_with_vector);
            chunks_total += counts.chunks.saturating_sub(counts.chunks_with_vector);
        }
        self.each_state(|state| {
            state.send_modify(|state| {
                state.progress = progress::Progress::begin(Phase::Vectors);
                state.progress.files_total = files_total;
                state.progress.chunks_total = chunks_total;
            });
        });
        Ok(())
    }

    fn fill(&self, space: VectorSpace, fingerprint: &Fingerprint, pace: &mut Pace<'_>) -> Result<Outcome, EngineError> {
        // By the first text of each entry: the same content comes once per summary.
        let mut given_up: HashSet<TextId> = HashSet::new();
        let mut last_round: Vec<TextId> = Vec::new();
        loop {
            // What was given up stays pending and comes first again: look past it.
            let mut files = self.pending(space, FILES_PER_ROUND + given_up.len())?;
            files.retain(|file| file.texts.first().is_some_and(|(_, text)| !given_up.contains(text)));
            if files.is_empty() {
                return self.moved_on(given_up.len());
            }
            let round: Vec<TextId> = files.iter().filter_map(|file| Some(file.texts.first()?.1)).collect();
            if round == last_round {
                return Err(EngineError::JobLost("vectors"));
            }
            last_round = round;
            let worktrees = self.stores.catalog.worktrees();
            let worktrees: HashMap<WorktreeId, PathBuf> = worktrees
                .map_err(EngineError::port("list the roots"))?
                .into_iter()
                .collect();
            let mut batch: Vec<Text> = Vec::new();
            let mut taken: HashSet<TextId> = HashSet::new();
            let mut n_files = 0;
            for file in files {
                match self.compose(space, &file, &worktrees) {
                    // Two files may share a text; it is embedded once.
                    Some(texts) => batch.extend(texts.into_iter().filter(|text| taken.insert(text.id))),
                    None => given_up.extend(file.texts.first().map(|(_, text)| *text)),
                }
                n_files += 1;
                while batch.len() >= TEXTS_PER_BATCH {
                    let rest = batch.split_off(TEXTS_PER_BATCH);
                    let full = std::mem::replace(&mut batch, rest);
                    pace.wait(full.len(), self.roots.values());
                    if self.stop.is_requested() {
                        return Ok(Outcome::Interrupted);
                    }
                    self.embed(space, fingerprint, full, std::mem::take(&mut n_files))?;
                    if self.stop.is_requested() {
                        return Ok(Outcome::Interrupted);
                    }
                }
            }
            pace.wait(batch.len(), self.roots.values());
            if self.stop.is_requested() {
                return Ok(Outcome::Interrupted);
            }
            self.embed(space, fingerprint, batch, n_files)?;
            if self.stop.is_requested() {
                return Ok(Outcome::Interrupted);
            }
        }
    }

    fn pending(&self, space: VectorSpace, limit: usize) -> Result<Vec<PendingFile>, EngineError> {
        self.stores
            .catalog
            .pending_vectors(space, limit)
            .map_err(EngineError::port("list what has no vector"))
    }

    /// The texts of a file, or `None` when the file is no longer what was indexed.
    fn compose(
        &self,
        space: VectorSpace,
        file: &PendingFile,
        worktrees: &HashMap<WorktreeId, PathBuf>,
    ) -> Option<Vec<Text>> {
        let root = worktrees.get(&file.worktree)?;
        let bytes = self
            .context
            .ports
            .source
            .read(root, &file.path, self.context.config.load().max_file_bytes)
            .ok()?;
        if hash(&bytes) != file.hash {
            return None;
        }
        let extraction = self.context.ports.extractor.extract(&file.path, &bytes).ok()?;
        if !self.is_cut_as_noted(&extraction.language)? {
            return None;
        }
        let source = into_text(bytes);
        file.texts
            .iter()
            .map(|&(position, id)| match space {
                VectorSpace::Files => Some(Text {
                    id,
                    text: compose::summary(&file.path, &extraction),
                }),
                VectorSpace::Chunks => {
                    let chunk = extraction.chunks.get(position as usize)?;
                    Some(Text {
                        id,
                        text: compose::chunk(&extraction, chunk, &source),
                    })
                }
            })
            .collect()
    }

    /// Whether files of a language are still cut the way they were when they were recorded: what the user adds is taken in
    /// by the next pass of any repository.
    fn is_cut_as_noted(&self, language: &str) -> Option<bool> {
        let number = |list: &[ChangedLanguage]| list.iter().find(|row| row.name == language).map(|row| row.number);
        let noted = self.stores.catalog.noted_languages().ok()?;
        Some(number(&noted) == number(&self.context.ports.extractor.changed()))
    }

    /// Embeds a batch and makes it durable before it is marked done.
    fn embed(
        &self,
        space: VectorSpace,
        fingerprint: &Fingerprint,
        batch: Vec<Text>,
        n_files: u64,
    ) -> Result<(), EngineError> {
        let n_texts = batch.len() as u64;
        if n_texts > 0 {
            let (ids, texts): (Vec<TextId>, Vec<String>) = batch.into_iter().map(|text| (text.id, text.text)).unzip();
            let vectors = self
                .context
                .ports
                .embedder
                .embed_passages(&texts)
                .map_err(EngineError::port("embed chunks"))?;
            if self.context.ports.embedder.fingerprint().ok().as_ref() != Some(fingerprint) {
                return Err(EngineError::Invalid {
                    message: "the embedding model was replaced while vectors were made".to_owned(),
                    hint: "run `codemem index --force` to embed again with the model in use".to_owned(),
                });
            }
            let points: Vec<(TextId, Vec<f32>)> = ids.iter().copied().zip(vectors).collect();
            let index = &self.stores.vectors;
            index
                .upsert(space, &points)
                .map_err(EngineError::port("store vectors"))?;
            index.flush().map_err(EngineError::port("flush the vectors"))?;
            self.stores
                .catalog
                .mark_vectors(&ids)
                .map_err(EngineError::port("mark the vectors"))?;
            self.publish_counts()?;
        }
        self.each_state(|state| {
            progress::advance(state, |progress| match space {
                VectorSpace::Files => progress.files_done += n_files,
                VectorSpace::Chunks => progress.chunks_done += n_texts,
            });
        });
        Ok(())
    }

    /// What share of the chunks has vectors is part of every answer: keep it true.
    fn publish_counts(&self) -> Result<(), EngineError> {
        for (root, handle) in self.roots {
            let worktree = self.stores.catalog.worktree(root);
            let worktree = worktree.map_err(EngineError::port("find the root"))?;
            publish_counts(self.stores, worktree, handle)?;
        }
        Ok(())
    }

    /// Reports to every root that is not waiting for a pass of its own.
    fn each_state(&self, report: impl Fn(&progress::StateSender)) {
        for handle in self.roots.values() {
            if handle.state.borrow().progress.phase != Phase::Queued {
                report(&handle.state);
            }
        }
    }

    /// The end of a space: done, but for files that are no longer what was indexed. Those of a watched root are about to be
    /// read again.
    fn moved_on(&self, n_files: usize) -> Result<Outcome, EngineError> {
        if n_files == 0 || self.roots.values().all(|handle| handle.fresh.is_watched()) {
            return Ok(Outcome::Done);
        }
        Err(EngineError::Invalid {
            message: format!("{n_files} files have changed since they were indexed and have no vectors"),
            hint: "run `codemem index` to read them again".to_owned(),
        })
    }
}
