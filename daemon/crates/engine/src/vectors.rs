//! The vector job: embed what has no vector yet, file summaries first, then chunks.
//!
//! Runs on the job's thread behind every other job of the repository and makes room for them
//! between batches. Texts are composed again from the files; a file that has moved on since it was
//! indexed is left to the next pass.

use crate::EngineError;
use crate::pass::{hash, into_text};
use crate::progress::{self, Phase};
use crate::repository::RootHandle;
use crate::repository::job::{Context, Outcome};
use crate::threads::Stop;
use codemem_core::compose;
use codemem_core::ids::{ContentId, TextId};
use codemem_core::ports::{AssetsSource, PendingFile, PortErrorKind, Stores, VectorSpace};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;

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
        self.prepare()?;
        self.begin()?;
        for space in [VectorSpace::Files, VectorSpace::Chunks] {
            if self.fill(space)? == Outcome::Interrupted {
                return Ok(Outcome::Interrupted);
            }
        }
        Ok(Outcome::Done)
    }

    fn anything_pending(&self) -> Result<bool, EngineError> {
        for space in [VectorSpace::Files, VectorSpace::Chunks] {
            if !self.pending(space, 1)?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Makes sure that there is an embedder and that it is the one whose vectors are stored.
    fn prepare(&self) -> Result<(), EngineError> {
        let ports = &self.context.ports;
        let mut fingerprint = ports.embedder.fingerprint();
        if matches!(&fingerprint, Err(error) if error.kind == PortErrorKind::Unavailable)
            && self.context.config.fetch_assets
        {
            self.each_state(|state| progress::enter(state, Phase::Setup));
            ports
                .assets
                .ensure(&AssetsSource::default(), &mut |step| {
                    self.each_state(|state| {
                        progress::advance(state, |progress| {
                            progress.chunks_done = step.done;
                            progress.chunks_total = step.total;
                        });
                    });
                })
                .map_err(EngineError::port("install the embedding model"))?;
            fingerprint = ports.embedder.fingerprint();
        }
        let fingerprint = fingerprint.map_err(EngineError::port("use the embedding model"))?;
        let catalog = &self.stores.catalog;
        match catalog
            .fingerprint()
            .map_err(EngineError::port("read the index's embedder"))?
        {
            None => catalog
                .set_fingerprint(&fingerprint)
                .map_err(EngineError::port("record the embedder")),
            Some(stored) if stored == fingerprint => Ok(()),
            Some(_) => Err(EngineError::Invalid {
                message: "the stored vectors were made by another embedding model".to_owned(),
                hint: "run `codemem index --force` to embed again with the model in use".to_owned(),
            }),
        }
    }

    fn begin(&self) -> Result<(), EngineError> {
        for (root, handle) in self.roots {
            let worktree = self
                .stores
                .catalog
                .worktree(root)
                .map_err(EngineError::port("find the root"))?;
            let counts = self
                .stores
                .catalog
                .counts(worktree)
                .map_err(EngineError::port("count the index"))?;
            handle.state.send_modify(|state| {
                if state.progress.phase != Phase::Queued {
                    state.progress = progress::Progress::begin(Phase::Vectors);
                    state.progress.files_total = counts.files - counts.files_with_vector;
                    state.progress.chunks_total = counts.chunks - counts.chunks_with_vector;
                }
            });
        }
        Ok(())
    }

    fn fill(&self, space: VectorSpace) -> Result<Outcome, EngineError> {
        let mut given_up: HashSet<ContentId> = HashSet::new();
        loop {
            // What was given up stays pending and comes first again: look past it.
            let mut files = self.pending(space, FILES_PER_ROUND + given_up.len())?;
            files.retain(|file| !given_up.contains(&file.content));
            if files.is_empty() {
                return Ok(Outcome::Done);
            }
            let mut batch: Vec<Text> = Vec::new();
            let mut taken: HashSet<TextId> = HashSet::new();
            let mut n_files = 0;
            for file in files {
                match self.compose(space, &file) {
                    // Two files may share a text; it is embedded once.
                    Some(texts) => batch.extend(texts.into_iter().filter(|text| taken.insert(text.id))),
                    None => {
                        given_up.insert(file.content);
                    }
                }
                n_files += 1;
                while batch.len() >= TEXTS_PER_BATCH {
                    let rest = batch.split_off(TEXTS_PER_BATCH);
                    self.embed(space, std::mem::replace(&mut batch, rest), std::mem::take(&mut n_files))?;
                    if self.stop.is_requested() {
                        return Ok(Outcome::Interrupted);
                    }
                }
            }
            self.embed(space, batch, n_files)?;
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
    fn compose(&self, space: VectorSpace, file: &PendingFile) -> Option<Vec<Text>> {
        let worktrees: HashMap<_, _> = self.stores.catalog.worktrees().ok()?.into_iter().collect();
        let root = worktrees.get(&file.worktree)?;
        let bytes = self
            .context
            .ports
            .source
            .read(root, &file.path, self.context.config.max_file_bytes)
            .ok()?;
        if hash(&bytes) != file.hash {
            return None;
        }
        let extraction = self.context.ports.extractor.extract(&file.path, &bytes).ok()?;
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

    /// Embeds a batch and makes it durable before it is marked done.
    fn embed(&self, space: VectorSpace, batch: Vec<Text>, n_files: u64) -> Result<(), EngineError> {
        let n_texts = batch.len() as u64;
        if n_texts > 0 {
            let (ids, texts): (Vec<TextId>, Vec<String>) = batch.into_iter().map(|text| (text.id, text.text)).unzip();
            let vectors = self
                .context
                .ports
                .embedder
                .embed_passages(&texts)
                .map_err(EngineError::port("embed chunks"))?;
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
        }
        self.each_state(|state| {
            progress::advance(state, |progress| match space {
                VectorSpace::Files => progress.files_done += n_files,
                VectorSpace::Chunks => progress.chunks_done += n_texts,
            });
        });
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
}
