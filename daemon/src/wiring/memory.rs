//! The memories' port: the store beside the indexes, or word of why there is none.
//!
//! A store that cannot be opened is no reason not to start: code is searched without it. Whoever then asks for memories
//! is told why, and what to do.

use crate::config::Settings;
use codemem_core::error::chain;
use codemem_core::memory::{Memory, MemoryFilter, MemoryId, Reader, State, TimestampMs};
use codemem_core::ports::{
    Applied, AuditNote, Fingerprint, IndexedMemory, MemoryCandidates, MemoryChange, MemoryCopy, MemoryPage,
    MemoryQuery, MemoryScope, MemoryStats, MemoryStore, PortError, PortErrorKind, PortResult, Severity, StoreFinding,
    StoreKind,
};
use codemem_store::{Memories, MemoryOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Below the data directory.
pub(super) const DIRECTORY: &str = "memory";

/// What to do where the store itself does not know.
const REMEDY: &str = "make the data directory readable and writable, then run `codemem daemon restart`";

/// Opens the store of a data directory.
pub(super) fn open(settings: &Settings) -> Arc<dyn MemoryStore> {
    let directory = settings.directories.data().join(DIRECTORY);
    let options = MemoryOptions {
        read_only: settings.read_only,
    };
    match Memories::open(&directory, options) {
        Ok(memories) => Arc::new(memories),
        Err(error) => {
            let unopened = Unopened::new(directory, &PortError::from(error));
            tracing::error!(error = unopened.why, "cannot open the memories");
            Arc::new(unopened)
        }
    }
}

/// A store that could not be opened: every request is answered with the reason.
struct Unopened {
    directory: PathBuf,
    kind: PortErrorKind,
    why: String,
    remedy: String,
}

/// Why there are no memories.
#[derive(thiserror::Error, Debug)]
#[error("the memories could not be opened: {0}")]
struct Reason(String);

impl Unopened {
    fn new(directory: PathBuf, error: &PortError) -> Self {
        Self {
            directory,
            kind: error.kind,
            why: chain(error),
            remedy: error.hint.clone().unwrap_or_else(|| REMEDY.to_owned()),
        }
    }

    fn refused<T>(&self) -> PortResult<T> {
        let error = PortError::new(self.kind, Reason(self.why.clone()));
        Err(error.with_hint(self.remedy.clone()))
    }
}

impl MemoryStore for Unopened {
    fn apply(&self, _changes: Vec<MemoryChange>, _note: &AuditNote) -> PortResult<Vec<Applied>> {
        self.refused()
    }

    fn get(&self, _scope: &MemoryScope, _id: &str) -> PortResult<Option<Memory>> {
        self.refused()
    }

    fn history(&self, _id: &MemoryId) -> PortResult<Vec<Memory>> {
        self.refused()
    }

    fn list(
        &self,
        _scope: &MemoryScope,
        _filter: &MemoryFilter,
        _states: &[State],
        _after: Option<&str>,
        _limit: usize,
        _now: TimestampMs,
    ) -> PortResult<MemoryPage> {
        self.refused()
    }

    fn candidates(&self, _query: &MemoryQuery) -> PortResult<MemoryCandidates> {
        self.refused()
    }

    fn anchored(&self, _reader: &Reader, _paths: &[&str], _now: TimestampMs) -> PortResult<Vec<Memory>> {
        // Beside hits of code they are an extra, and nobody asked for it.
        Ok(Vec::new())
    }

    fn expired(&self, _now: TimestampMs, _limit: usize) -> PortResult<Vec<MemoryId>> {
        self.refused()
    }

    fn without_vectors(&self, _fingerprint: &Fingerprint, _limit: usize) -> PortResult<Vec<Memory>> {
        self.refused()
    }

    fn index(&self, _fingerprint: &Fingerprint, _memories: Vec<IndexedMemory>) -> PortResult<()> {
        self.refused()
    }

    fn backup(&self, _path: Option<&Path>, _now: TimestampMs) -> PortResult<MemoryCopy> {
        self.refused()
    }

    fn restore(&self, _path: &Path, _now: TimestampMs) -> PortResult<MemoryCopy> {
        self.refused()
    }

    fn stats(&self, _scope: &MemoryScope) -> PortResult<MemoryStats> {
        Ok(MemoryStats {
            database: self.directory.clone(),
            is_read_only: true,
            problem: Some(format!("{}; {}", self.why, self.remedy)),
            ..MemoryStats::default()
        })
    }

    fn is_read_only(&self) -> bool {
        true
    }

    fn check(&self) -> Vec<StoreFinding> {
        vec![StoreFinding {
            store: StoreKind::Memories,
            path: self.directory.clone(),
            severity: Severity::Problem,
            what: self.why.clone(),
            remedy: self.remedy.clone(),
        }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_could_not_be_opened_says_why_whatever_it_is_asked() {
        let error = PortError::new(PortErrorKind::Denied, Reason("no right".to_owned())).with_hint("get it");
        let store = Unopened::new("/data/memory".into(), &error);
        let refused = store.get(&MemoryScope::Everything, "abcd").expect_err("refused");
        assert_eq!(refused.kind, PortErrorKind::Denied);
        assert_eq!(refused.hint.as_deref(), Some("get it"));
        assert!(chain(&refused).contains("no right"), "{}", chain(&refused));
        assert!(store.is_read_only());
        let stats = store.stats(&MemoryScope::Everything).expect("known");
        assert!(stats.problem.expect("told").ends_with("no right; get it"));
        assert_eq!(store.check()[0].severity, Severity::Problem);
        assert_eq!(
            store.anchored(&Reader::default(), &["a"], 0).expect("an extra"),
            Vec::new()
        );
    }
}
