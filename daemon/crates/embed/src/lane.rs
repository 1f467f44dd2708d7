//! A lane: one named thread that owns one session and works off a bounded queue.
//!
//! The session is loaded for the first text and dropped on request, on a panic, and when another
//! model is installed. No lock is held during inference.

use crate::batch::{Batch, MAX_PIECES, MAX_ROWS, Plan};
use crate::error::EmbedError;
use crate::source::{LoadedModel, ModelSource};
use crate::tokenize::max_pool;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Longest that unloading waits for the requests before it: a query's, not a batch of passages'.
const UNLOADING: Duration = Duration::from_secs(2);

/// What makes one lane different from the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LaneConfig {
    /// In messages; the thread is called `embed-` and this.
    pub(crate) name: &'static str,
    /// Threads its session runs on.
    pub(crate) threads: usize,
    /// Most parts of one text that are read; the rest is left out.
    pub(crate) max_parts: usize,
    /// Requests that may wait.
    pub(crate) queue: usize,
}

/// Vectors, and which model made them: another may have been installed since the question was put.
pub(crate) struct Embedded {
    pub(crate) fingerprint: String,
    /// One per text, in the texts' order.
    pub(crate) vectors: Vec<Vec<f32>>,
}

type Answer = Result<Embedded, EmbedError>;

enum Job {
    Embed {
        texts: Vec<String>,
        reply_tx: Sender<Answer>,
        /// Of the request that the texts are part of.
        span: tracing::Span,
    },
    /// Answered by hanging up.
    Unload(Sender<()>),
}

/// The handle to a lane's thread. Dropping it lets the queue run dry and joins the thread.
pub(crate) struct Lane {
    name: &'static str,
    job_tx: Option<Sender<Job>>,
    is_loaded: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Lane {
    pub(crate) fn start(config: LaneConfig, source: Arc<dyn ModelSource>) -> Result<Self, EmbedError> {
        let (job_tx, job_rx) = bounded(config.queue);
        let worker = Worker {
            config,
            source,
            loaded: None,
            is_loaded: Arc::default(),
        };
        let is_loaded = Arc::clone(&worker.is_loaded);
        let thread = thread::Builder::new()
            .name(format!("embed-{}", config.name))
            .spawn(move || worker.run(&job_rx))
            .map_err(|error| {
                tracing::error!(lane = config.name, %error, "could not start a lane's thread");
                EmbedError::LaneGone { lane: config.name }
            })?;
        Ok(Self {
            name: config.name,
            job_tx: Some(job_tx),
            is_loaded,
            thread: Some(thread),
        })
    }

    /// The vectors of these texts, in their order. Blocks until they are there.
    pub(crate) fn embed(&self, texts: Vec<String>) -> Answer {
        let gone = || EmbedError::LaneGone { lane: self.name };
        let (reply_tx, reply_rx) = bounded(1);
        let job_tx = self.job_tx.as_ref().ok_or_else(gone)?;
        let span = tracing::Span::current();
        job_tx.send(Job::Embed { texts, reply_tx, span }).map_err(|_| gone())?;
        reply_rx.recv().map_err(|_| gone())?
    }

    /// Drops the session once the requests before are done, and waits for that, not for ever. A lane with a full
    /// queue is in use and keeps it.
    pub(crate) fn unload(&self) {
        let Some(job_tx) = &self.job_tx else { return };
        let (done_tx, done_rx) = bounded(0);
        if job_tx.try_send(Job::Unload(done_tx)).is_err() {
            tracing::debug!(lane = self.name, "busy, so the model stays loaded");
            return;
        }
        // Nothing is ever sent: the other end goes away when it is done.
        if let Err(RecvTimeoutError::Timeout) = done_rx.recv_timeout(UNLOADING) {
            tracing::debug!(lane = self.name, "still busy; the model is unloaded afterwards");
        }
    }

    /// Whether the lane has its session.
    pub(crate) fn is_loaded(&self) -> bool {
        self.is_loaded.load(Ordering::Relaxed)
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        drop(self.job_tx.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!(lane = self.name, "a lane's thread panicked");
        }
    }
}

struct Worker {
    config: LaneConfig,
    source: Arc<dyn ModelSource>,
    loaded: Option<LoadedModel>,
    /// Whether there is one, for others to see.
    is_loaded: Arc<AtomicBool>,
}

impl Worker {
    fn run(mut self, job_rx: &Receiver<Job>) {
        for job in job_rx {
            match job {
                Job::Embed { texts, reply_tx, span } => {
                    let answer = catch_unwind(AssertUnwindSafe(|| span.in_scope(|| self.embed(&texts))));
                    let answer = answer.unwrap_or_else(|panic| {
                        // Nobody knows what state it left the session in.
                        self.loaded = None;
                        Err(EmbedError::Panicked {
                            lane: self.config.name,
                            message: panic_message(&*panic),
                        })
                    });
                    self.is_loaded.store(self.loaded.is_some(), Ordering::Relaxed);
                    // Nobody waits any more when the caller's thread died; the next job counts.
                    let _unheard = reply_tx.send(answer);
                }
                Job::Unload(done_tx) => {
                    if self.loaded.take().is_some() {
                        self.is_loaded.store(false, Ordering::Relaxed);
                        tracing::debug!(lane = self.config.name, "unloaded the model");
                    }
                    drop(done_tx);
                }
            }
        }
    }

    fn embed(&mut self, texts: &[String]) -> Answer {
        let loaded = self.model()?;
        let loaded = self.loaded.insert(loaded);
        let mut parts = Vec::with_capacity(texts.len());
        // Where each text's parts begin; a last entry says where they end.
        let mut starts = Vec::with_capacity(texts.len() + 1);
        let max_parts = self.config.max_parts;
        for text in texts {
            starts.push(parts.len());
            parts.extend(loaded.encoder.parts(text)?.into_iter().take(max_parts));
        }
        starts.push(parts.len());

        let lengths: Vec<usize> = parts.iter().map(Vec::len).collect();
        let plan = Plan::new(&lengths, MAX_PIECES, MAX_ROWS);
        let mut vectors = vec![Vec::new(); parts.len()];
        for positions in plan.batches() {
            let batch = Batch::new(&parts, positions);
            let answer = loaded.model.embed(&batch)?;
            for (&at, vector) in positions.iter().zip(answer) {
                vectors[at] = vector;
            }
        }
        let of_text = |range: &[usize]| max_pool(&vectors[range[0]..range[1]]);
        Ok(Embedded {
            vectors: starts.windows(2).map(of_text).collect(),
            fingerprint: loaded.fingerprint.clone(),
        })
    }

    /// The model in use, loaded when it is not, taken out of its place when it is.
    fn model(&mut self) -> Result<LoadedModel, EmbedError> {
        let facts = self.source.facts()?;
        if let Some(loaded) = self.loaded.take()
            && loaded.fingerprint == facts.fingerprint
        {
            return Ok(loaded);
        }
        let loaded = self.source.load(self.config.threads)?;
        tracing::debug!(
            lane = self.config.name,
            fingerprint = loaded.fingerprint,
            "loaded the model"
        );
        Ok(loaded)
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "no message".to_owned())
}
