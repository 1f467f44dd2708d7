//! The readers: from a path to its content, units and texts.
//!
//! A pass has threads for them, an edit of a few files is read by the job itself.

use crate::EngineError;
use crate::repository::job::Context;
use crate::threads::{self, Stop};
use codemem_core::compose;
use codemem_core::ids::{ContentHash, Hash128, PathId, TextHash};
use codemem_core::path::RepoPath;
use codemem_core::plan::ToRead;
use codemem_core::ports::{Catalog, FileStamp, PortError, PortErrorKind};
use codemem_core::skip::SkipReason;
use codemem_core::unit::Extraction;
use crossbeam_channel::Sender;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Findings that may wait between the readers and whoever writes. With files of at most 1 MiB this
/// bounds what a pass holds in memory.
const FINDINGS_IN_FLIGHT: usize = 32;

/// Stack of a reader. Deeply nested sources are walked without recursion; this is margin for the
/// grammars' own scanners.
const READER_STACK: usize = 8 * 1024 * 1024;

/// A file written this short a time before it was read may be written again without its stamp
/// changing, since file systems keep coarse times; its stamp is not believed the next time.
const RACY: Duration = Duration::from_secs(2);

/// What a reader made of one file.
pub(super) enum Finding {
    /// Its content is what the manifest says; only its stamp is new.
    Touched { path: PathId, stamp: FileStamp },
    /// New or changed.
    Read(Box<ReadFile>),
    /// It could not be read for a reason that says nothing about it: what is known of it stays.
    Failed { path: RepoPath },
    /// Not to be indexed; `known` when the manifest still has it.
    Skipped {
        path: RepoPath,
        known: Option<PathId>,
        reason: SkipReason,
    },
}

/// A file ready to be recorded.
pub(super) struct ReadFile {
    pub(super) path: RepoPath,
    pub(super) stamp: FileStamp,
    pub(super) hash: ContentHash,
    /// Empty when it was not extracted.
    pub(super) source: String,
    /// Its units and the hashes of their texts; `None` when the catalog holds them already.
    pub(super) extraction: Option<(Extraction, Vec<TextHash>)>,
    pub(super) summary: TextHash,
}

/// How files of one root are read.
pub(super) struct Reader<'a> {
    pub(super) context: &'a Context,
    pub(super) root: &'a Path,
    /// Largest file read, in bytes.
    pub(super) max_file_bytes: u64,
    /// Extract also what is as it was.
    pub(super) force: bool,
    /// Asked whether a file was recorded before, as a checkout of a branch finds them; `None` when nothing was.
    pub(super) known: Option<&'a dyn Catalog>,
    /// Whether its threads are to be behind everybody else's.
    pub(super) steps_back: bool,
    pub(super) stop: &'a Stop,
}

impl Reader<'_> {
    /// Reads files on `n_threads` threads of its own, until there are none or a stop is requested, and hands over what it
    /// finds in no particular order. A failure to take ends the reading.
    pub(super) fn read_all(
        &self,
        files: &[ToRead],
        n_threads: usize,
        mut take: impl FnMut(Finding) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let (findings_tx, findings_rx) = crossbeam_channel::bounded::<Finding>(FINDINGS_IN_FLIGHT);
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            // Owned in here, so that leaving early drops it and ends readers that wait to send.
            let findings_rx = findings_rx;
            for index in 0..n_threads.clamp(1, files.len().max(1)) {
                let (findings_tx, next, span) = (findings_tx.clone(), &next, tracing::Span::current());
                thread::Builder::new()
                    .name(format!("index-{index}"))
                    .stack_size(READER_STACK)
                    .spawn_scoped(scope, move || {
                        if self.steps_back {
                            threads::step_back();
                        }
                        span.in_scope(|| self.run(files, next, &findings_tx));
                    })
                    .map_err(|error| PortError::new(PortErrorKind::Failed, error))
                    .map_err(EngineError::port("start an indexing thread"))?;
            }
            drop(findings_tx);
            for finding in &findings_rx {
                take(finding)?;
            }
            Ok(())
        })
    }

    fn run(&self, files: &[ToRead], next: &AtomicUsize, findings: &Sender<Finding>) {
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            if self.stop.is_requested() || findings.send(self.read(file)).is_err() {
                return;
            }
        }
    }

    /// Reads one file.
    pub(super) fn read(&self, file: &ToRead) -> Finding {
        catch_unwind(AssertUnwindSafe(|| self.try_read(file))).unwrap_or_else(|_| {
            tracing::error!("a file made the extractor panic and is skipped");
            tracing::debug!(path = %file.path, "the file that panicked");
            skipped(file, SkipReason::Failed)
        })
    }

    fn try_read(&self, file: &ToRead) -> Finding {
        let ports = &self.context.ports;
        let now = (ports.clock)();
        let bytes = match ports.source.read(self.root, &file.path, self.max_file_bytes) {
            Ok(bytes) => bytes,
            Err(error) => {
                tracing::debug!(%error, path = %file.path, "cannot read a file");
                return match error.kind {
                    PortErrorKind::Denied | PortErrorKind::NotFound => skipped(file, SkipReason::Unreadable),
                    // Out of descriptors, or a fault of the disk.
                    PortErrorKind::Unavailable
                    | PortErrorKind::Corrupt
                    | PortErrorKind::DiskFull
                    | PortErrorKind::Mismatch
                    | PortErrorKind::Failed => Finding::Failed {
                        path: file.path.clone(),
                    },
                };
            }
        };
        let hash = hash(&bytes);
        let stamp = believable(file.stamp, now);
        if let Some((path, known)) = file.known
            && known == hash
            && !self.force
        {
            return Finding::Touched { path, stamp };
        }
        let mut read = ReadFile {
            path: file.path.clone(),
            stamp,
            hash,
            source: String::new(),
            extraction: None,
            summary: hash,
        };
        if let Some(summary) = self.recorded(&file.path, hash) {
            read.summary = summary;
            return Finding::Read(Box::new(read));
        }
        let extraction = match ports.extractor.extract(&file.path, &bytes) {
            Ok(extraction) => extraction,
            Err(reason) => return skipped(file, reason),
        };
        read.source = into_text(bytes);
        let texts = extraction
            .chunks
            .iter()
            .map(|chunk| hash_text(&compose::chunk(&extraction, chunk, &read.source)))
            .collect();
        read.summary = hash_text(&compose::summary(&file.path, &extraction));
        read.extraction = Some((extraction, texts));
        Finding::Read(Box::new(read))
    }

    /// The summary of a file that was recorded before as it is.
    fn recorded(&self, path: &RepoPath, hash: ContentHash) -> Option<TextHash> {
        if self.force {
            return None;
        }
        let version = self.context.units_version();
        self.known?
            .recorded(path, hash, version)
            .inspect_err(|error| tracing::debug!(%error, "a file is extracted again"))
            .ok()?
    }
}

/// The hash by which a content is known.
pub(crate) fn hash(bytes: &[u8]) -> ContentHash {
    let mut prefix = [0; 16];
    prefix.copy_from_slice(&blake3::hash(bytes).as_bytes()[..16]);
    Hash128(prefix)
}

/// The hash by which an embedding text is known; another composition makes other texts of all.
pub(crate) fn hash_text(text: &str) -> TextHash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&compose::COMPOSE_VERSION.to_le_bytes());
    hasher.update(text.as_bytes());
    let mut prefix = [0; 16];
    prefix.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    Hash128(prefix)
}

/// The text that an extraction's byte offsets refer to.
pub(crate) fn into_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn skipped(file: &ToRead, reason: SkipReason) -> Finding {
    Finding::Skipped {
        path: file.path.clone(),
        known: file.known.map(|(path, _)| path),
        reason,
    }
}

/// The stamp to record: a time that no file has when the true one cannot be relied on.
fn believable(stamp: FileStamp, now: SystemTime) -> FileStamp {
    let now_ns = now
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos() as i64);
    if stamp.mtime_ns > now_ns.saturating_sub(RACY.as_nanos() as i64) {
        FileStamp {
            mtime_ns: i64::MIN,
            ..stamp
        }
    } else {
        stamp
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_written_just_now_is_looked_at_again() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000);
        let at = |seconds: i64| FileStamp {
            size: 1,
            mtime_ns: seconds * 1_000_000_000,
        };
        assert_eq!(believable(at(900), now), at(900));
        assert_eq!(believable(at(999), now).mtime_ns, i64::MIN);
        assert_eq!(
            believable(at(2_000), now).mtime_ns,
            i64::MIN,
            "a time in the future proves nothing"
        );
    }
}
