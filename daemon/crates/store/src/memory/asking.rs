//! What is asked of all memories at once: candidates for an answer, counts, whether all is well.

use super::schema::FILE_NAME;
use super::{Memories, backups, parts, read, rows, truth};
use crate::error::{StoreResult, restore_hint};
use codemem_core::error::chain;
use codemem_core::memory::State;
use codemem_core::ports::{
    MemoryCandidate, MemoryCandidates, MemoryQuery, MemoryScope, MemoryStats, MemoryStore as _, PortErrorKind,
    Severity, StoreFinding, StoreKind,
};
use std::path::PathBuf;
use std::sync::atomic::Ordering;

impl Memories {
    pub(super) fn find(&self, query: &MemoryQuery) -> StoreResult<MemoryCandidates> {
        let database = self.readable()?;
        let dimension = self.watched(database.read("find the dimension", parts::dimension))?;
        let is_comparable = query
            .vector
            .as_ref()
            .is_none_or(|vector| Some(vector.len()) == dimension)
            && !self.is_foreign.load(Ordering::Relaxed);
        let found = if is_comparable {
            self.finder.search(&database, query)
        } else {
            let words = MemoryQuery {
                vector: None,
                ..query.clone()
            };
            self.finder.search(&database, &words)
        };
        let found = self.watched(found)?;
        self.read("read what was found", |tx| {
            let mut candidates = Vec::with_capacity(found.len());
            for (key, scores) in &found {
                let Some(memory) = rows::load(tx, *key)? else { continue };
                let counts = memory.state == State::Active
                    && !memory.is_expired(query.now)
                    && query.reader.may_read(&memory.place)
                    && query.filter.admits(&memory);
                if counts {
                    candidates.push(MemoryCandidate {
                        memory,
                        cosine: scores.cosine,
                        whole: scores.whole,
                        part: scores.part,
                    });
                }
            }
            let n_searched = read::count(tx, &query.reader, &query.filter, query.now)?;
            Ok(MemoryCandidates { candidates, n_searched })
        })
    }

    pub(super) fn count(&self, scope: &MemoryScope) -> StoreResult<MemoryStats> {
        let counted = self
            .readable()
            .and_then(|database| self.watched(database.read("count memories", |tx| read::stats(tx, scope))));
        let (counts, problem) = match counted {
            Ok(counts) => (counts, None),
            // What is wrong is what is asked for, too.
            Err(error) if error.kind() == PortErrorKind::Corrupt => (MemoryStats::default(), Some(error)),
            Err(error) => return Err(error),
        };
        let problem = problem.or_else(|| self.damage());
        Ok(MemoryStats {
            disk_bytes: self.finder.disk_bytes() + self.readable().map_or(0, |database| database.disk_bytes()),
            database: self.directory.join(FILE_NAME),
            newest_backup: backups::newest(&self.directory),
            is_read_only: self.is_read_only(),
            problem: problem
                .map(|error| match error.hint() {
                    Some(hint) => format!("{error}; {hint}"),
                    None => error.to_string(),
                })
                .or_else(|| self.finder.problem()),
            ..counts
        })
    }

    pub(super) fn findings(&self) -> Vec<StoreFinding> {
        let finding = |path: PathBuf, what: String, remedy: String| StoreFinding {
            store: StoreKind::Memories,
            path,
            severity: Severity::Problem,
            what,
            remedy,
        };
        let path = self.directory.join(FILE_NAME);
        let mut findings = Vec::new();
        let sound = match self.damage() {
            Some(error) => Err(error),
            None => self
                .readable()
                .and_then(|database| self.watched(truth::examine(&database))),
        };
        if let Err(error) = sound {
            let newest = backups::newest(&self.directory).map(|(path, _)| path);
            let remedy = error.hint().unwrap_or_else(|| restore_hint(&path, newest.as_deref()));
            findings.push(finding(path, chain(&error), remedy));
        }
        let problem = self
            .finder
            .problem()
            .or_else(|| self.finder.check().err().map(|error| chain(&error)));
        if let Some(what) = problem {
            let remedy = "it is made again from the database: `codemem daemon restart`".to_owned();
            findings.push(finding(self.finder.directory().to_owned(), what, remedy));
        }
        findings
    }
}
