//! The readers of a pass: from a path to its content, units and texts.

use super::Pass;
use codemem_core::compose;
use codemem_core::ids::{ContentHash, Hash128, PathId, TextHash};
use codemem_core::path::RepoPath;
use codemem_core::plan::ToRead;
use codemem_core::ports::{FileStamp, PortErrorKind};
use codemem_core::skip::SkipReason;
use codemem_core::unit::Extraction;
use crossbeam_channel::Sender;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A file written this short a time before it was read may be written again without its stamp
/// changing, since file systems keep coarse times; its stamp is not believed the next time.
const RACY: Duration = Duration::from_secs(2);

/// What a reader made of one file.
pub(super) enum Finding {
    /// Its content is what the manifest says; only its stamp is new.
    Touched { path: PathId, stamp: FileStamp },
    /// New or changed.
    Read(Box<ReadFile>),
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
    pub(super) source: String,
    pub(super) extraction: Extraction,
    pub(super) texts: Vec<TextHash>,
    pub(super) summary: TextHash,
}

/// Reads files until there are none, the writer is gone, or a stop is requested.
pub(super) struct Reader<'a> {
    pub(super) pass: &'a Pass<'a>,
    pub(super) files: &'a [ToRead],
    pub(super) next: &'a AtomicUsize,
}

impl Reader<'_> {
    pub(super) fn run(&self, findings: &Sender<Finding>) {
        while let Some(file) = self.files.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            if self.pass.stop.is_requested() {
                return;
            }
            let finding = catch_unwind(AssertUnwindSafe(|| self.read(file))).unwrap_or_else(|_| {
                tracing::error!("a file made the extractor panic and is skipped");
                tracing::debug!(path = %file.path, "the file that panicked");
                skipped(file, SkipReason::Failed)
            });
            if findings.send(finding).is_err() {
                return;
            }
        }
    }

    fn read(&self, file: &ToRead) -> Finding {
        let context = self.pass.context;
        let now = (context.ports.clock)();
        let bytes = match context
            .ports
            .source
            .read(self.pass.root, &file.path, self.pass.config.max_file_bytes)
        {
            Ok(bytes) => bytes,
            Err(error) => {
                tracing::debug!(%error, path = %file.path, "cannot read a file");
                return match error.kind {
                    PortErrorKind::Denied | PortErrorKind::NotFound => skipped(file, SkipReason::Unreadable),
                    // Out of descriptors or a fault of the disk says nothing about the file: what is
                    // known of it stays.
                    PortErrorKind::Unavailable
                    | PortErrorKind::Corrupt
                    | PortErrorKind::DiskFull
                    | PortErrorKind::Mismatch
                    | PortErrorKind::Failed => Finding::Skipped {
                        path: file.path.clone(),
                        known: None,
                        reason: SkipReason::Unreadable,
                    },
                };
            }
        };
        let hash = hash(&bytes);
        let stamp = believable(file.stamp, now);
        if let Some((path, known)) = file.known
            && known == hash
            && !self.pass.force
        {
            return Finding::Touched { path, stamp };
        }
        let extraction = match context.ports.extractor.extract(&file.path, &bytes) {
            Ok(extraction) => extraction,
            Err(reason) => return skipped(file, reason),
        };
        let source = into_text(bytes);
        let texts = extraction
            .chunks
            .iter()
            .map(|chunk| hash_text(&compose::chunk(&extraction, chunk, &source)))
            .collect();
        let summary = hash_text(&compose::summary(&file.path, &extraction));
        Finding::Read(Box::new(ReadFile {
            path: file.path.clone(),
            stamp,
            hash,
            source,
            extraction,
            texts,
            summary,
        }))
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
