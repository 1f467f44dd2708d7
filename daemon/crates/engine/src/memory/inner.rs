//! What every request works with: the store, the engine, who may read what, threads that may block.

use super::ids::Ids;
use super::stale::Trees;
use super::types::Caller;
use super::writer::{self, Write};
use super::{CHANGERS, MemoryError, READERS, expire, vectors};
use crate::Engine;
use crate::project::Project;
use codemem_core::memory::validate::{self, FieldError};
use codemem_core::memory::{ContextLevel, Memory, MemoryFilter, Reader, TimestampMs};
use codemem_core::ports::{AuditNote, Fingerprint, MemoryScope, MemoryStore};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::UNIX_EPOCH;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

pub(super) struct Inner {
    pub(super) store: Arc<dyn MemoryStore>,
    pub(super) engine: Engine,
    pub(super) ids: Ids,
    pub(super) writer: mpsc::Sender<Write>,
    readers: Arc<Semaphore>,
    changers: Arc<Semaphore>,
    pub(super) cancel: CancellationToken,
    pub(super) tracker: TaskTracker,
    /// The embedder whose vectors the store is known to hold, and no others.
    pub(super) agreed: Mutex<Option<Fingerprint>>,
    /// Whether a memory may be without a vector.
    pub(super) has_gaps: AtomicBool,
    /// Told when there is something to embed, or something to embed it with.
    pub(super) gaps: Notify,
}

/// A caller whose project is known.
pub(super) struct Asking {
    pub(super) caller: Caller,
    pub(super) project: Option<Project>,
    pub(super) reader: Reader,
}

impl Inner {
    pub(super) fn start(
        store: Arc<dyn MemoryStore>,
        engine: Engine,
        cancel: CancellationToken,
        tracker: TaskTracker,
    ) -> Arc<Self> {
        let (writer, mailbox) = mpsc::channel(writer::MAILBOX);
        let inner = Arc::new(Self {
            ids: Ids::new(Arc::clone(&engine.inner.ports.clock)),
            store,
            engine,
            writer,
            readers: Arc::new(Semaphore::new(READERS)),
            changers: Arc::new(Semaphore::new(CHANGERS)),
            cancel,
            tracker,
            agreed: Mutex::new(None),
            has_gaps: AtomicBool::new(true),
            gaps: Notify::new(),
        });
        inner.tracker.spawn(writer::run(Arc::clone(&inner), mailbox));
        inner.tracker.spawn(expire::run(Arc::clone(&inner)));
        inner.tracker.spawn(vectors::run(Arc::clone(&inner)));
        inner
    }

    /// Milliseconds since 1970.
    pub(super) fn now(&self) -> TimestampMs {
        let now = (self.engine.inner.ports.clock)();
        now.duration_since(UNIX_EPOCH).map_or(0, |since| {
            TimestampMs::try_from(since.as_millis()).unwrap_or(TimestampMs::MAX)
        })
    }

    /// Refuses what changes something where nothing may be changed.
    pub(super) fn writable(&self, action: &'static str) -> Result<(), MemoryError> {
        if !self.store.is_read_only() {
            return Ok(());
        }
        let stats = self.store.stats(&MemoryScope::Everything);
        Err(MemoryError::ReadOnly {
            action,
            problem: stats.ok().and_then(|stats| stats.problem),
        })
    }

    /// Runs what reads and blocks on one of the runtime's blocking threads, once there is room.
    pub(super) async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        name: &'static str,
        work: impl FnOnce(&Arc<Self>) -> Result<T, MemoryError> + Send + 'static,
    ) -> Result<T, MemoryError> {
        self.blocking_within(&self.readers, name, work).await
    }

    /// The same for what prepares a change, which embeds passages: no question waits for room behind it.
    pub(super) async fn preparing<T: Send + 'static>(
        self: &Arc<Self>,
        name: &'static str,
        work: impl FnOnce(&Arc<Self>) -> Result<T, MemoryError> + Send + 'static,
    ) -> Result<T, MemoryError> {
        self.blocking_within(&self.changers, name, work).await
    }

    async fn blocking_within<T: Send + 'static>(
        self: &Arc<Self>,
        permits: &Arc<Semaphore>,
        name: &'static str,
        work: impl FnOnce(&Arc<Self>) -> Result<T, MemoryError> + Send + 'static,
    ) -> Result<T, MemoryError> {
        let permit = Arc::clone(permits).acquire_owned().await;
        let permit = permit.map_err(|_| MemoryError::Stopping)?;
        self.blocking_now(name, move |inner| {
            let _permit = permit;
            work(inner)
        })
        .await
    }

    /// The same without waiting for room: for the tasks of which there is one each.
    pub(super) async fn blocking_now<T: Send + 'static>(
        self: &Arc<Self>,
        name: &'static str,
        work: impl FnOnce(&Arc<Self>) -> Result<T, MemoryError> + Send + 'static,
    ) -> Result<T, MemoryError> {
        let inner = Arc::clone(self);
        let done = crate::engine::blocking(name, move || work(&inner)).await;
        done.map_err(|_| MemoryError::JobLost(name))?
    }

    /// Runs a change to its end, whether or not the caller waits for it.
    pub(super) async fn whole<T: Send + 'static>(
        self: &Arc<Self>,
        name: &'static str,
        change: impl Future<Output = Result<T, MemoryError>> + Send + 'static,
    ) -> Result<T, MemoryError> {
        if self.cancel.is_cancelled() {
            return Err(MemoryError::Stopping);
        }
        let change = self.tracker.spawn(change.in_current_span());
        change.await.map_err(|_| MemoryError::JobLost(name))?
    }

    /// Finds out where a caller is. Blocks.
    pub(super) fn asking(&self, caller: Caller) -> Result<Asking, MemoryError> {
        let project = caller.project.as_deref().map(|path| self.project(path)).transpose()?;
        let reader = Reader {
            project: project.as_ref().map(|project| project.key.clone()),
            session: caller.session.clone(),
        };
        Ok(Asking {
            caller,
            project,
            reader,
        })
    }

    fn project(&self, path: &Path) -> Result<Project, MemoryError> {
        if !path.is_absolute() {
            return Err(FieldError::new(
                "caller.project",
                "not an absolute path; the path of a directory in the project is allowed",
            )
            .into());
        }
        self.engine.inner.project(path).map_err(|source| MemoryError::Project {
            path: path.to_path_buf(),
            source,
        })
    }

    /// One memory that a caller may read, by its id or a beginning of it. Blocks.
    pub(super) fn readable(&self, asking: &Asking, field: &str, id: &str) -> Result<Memory, MemoryError> {
        let id = validate::id_beginning(field, id)?;
        let scope = MemoryScope::Reader(asking.reader.clone());
        let found = self
            .store
            .get(&scope, &id)
            .map_err(MemoryError::port("read the memory"))?;
        let now = self.now();
        found
            .filter(|memory| asking.reader.may_read(&memory.place) && !memory.is_expired(now))
            .ok_or(MemoryError::NotFound(id))
    }

    /// The working tree in which a caller's anchors are looked at.
    pub(super) fn trees<'a>(&'a self, project: Option<&'a Project>) -> Trees<'a> {
        let engine = &self.engine.inner;
        Trees::new(
            &engine.ports,
            project.map(|project| project.base.as_path()),
            engine.max_file_bytes(),
        )
    }

    /// The note for the audit log.
    pub(super) fn note(&self, caller: &Caller, action: &'static str) -> AuditNote {
        AuditNote {
            at: self.now(),
            action,
            origin: caller.origin,
            request: caller.request.clone(),
        }
    }
}

impl Asking {
    /// A filter whose tags and times are checked, refused when it asks for what the caller has no part in.
    pub(super) fn filter(&self, filter: MemoryFilter) -> Result<MemoryFilter, MemoryError> {
        for level in &filter.levels {
            self.has(*level)?;
        }
        Ok(checked(filter)?)
    }

    /// Refuses a level without what it needs.
    pub(super) fn has(&self, level: ContextLevel) -> Result<(), FieldError> {
        let missing = match level {
            ContextLevel::ProjectContext | ContextLevel::SessionState if self.project.is_none() => Some("project"),
            ContextLevel::SessionState if self.reader.session.is_none() => Some("session"),
            ContextLevel::UserPreference | ContextLevel::ProjectContext | ContextLevel::SessionState => None,
        };
        missing.map_or(Ok(()), |what| {
            Err(FieldError::new(
                format!("caller.{what}"),
                format!("missing; {level} needs it"),
            ))
        })
    }
}

/// A filter whose tags and times are checked.
pub(super) fn checked(mut filter: MemoryFilter) -> Result<MemoryFilter, FieldError> {
    let named = |error: FieldError| FieldError::new(format!("filter.{}", error.field), error.reason);
    filter.tags = validate::tags(&filter.tags).map_err(named)?;
    validate::span(filter.since.unwrap_or(0), filter.until.unwrap_or(0)).map_err(named)?;
    Ok(filter)
}
