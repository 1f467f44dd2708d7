//! Looking at a whole root now and then, where the system does not tell all.

use crate::{git, scan};
use codemem_core::ports::ScanEntry;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

/// How much longer than a look takes the pause after it is, at least: a look takes no more than a twentieth of the time.
const PAUSE: u32 = 20;

/// The polling of one root.
pub(super) struct Polling {
    base: Duration,
    every: Duration,
    reason: String,
    next: Instant,
    /// What the root was like; none before the first look.
    last: Option<u64>,
}

impl Polling {
    /// Polls from now on: the first look comes after the first pause.
    pub(super) fn new(base: Duration, reason: String, now: Instant) -> Self {
        Self {
            base,
            every: base,
            reason,
            next: now + base,
            last: None,
        }
    }

    pub(super) fn every(&self) -> Duration {
        self.every
    }

    pub(super) fn reason(&self) -> &str {
        &self.reason
    }

    pub(super) fn next(&self) -> Instant {
        self.next
    }

    /// Whether anything may have changed since the last look. Sizes and times tell, as they do for a scan.
    /// Breaks off, with whatever answer, when nobody wants it any more.
    pub(super) fn look(&mut self, root: &Path, is_ended: &dyn Fn() -> bool) -> bool {
        let began = Instant::now();
        let now = print(root, is_ended);
        let took = began.elapsed();
        self.every = self.base.max(took * PAUSE);
        self.next = began + took + self.every;
        let is_changed = now.is_none() || self.last != now;
        self.last = now;
        is_changed
    }
}

/// A number that another state of a root would hardly have; none when it cannot be listed.
fn print(root: &Path, is_ended: &dyn Fn() -> bool) -> Option<u64> {
    let mut sum = 0_u64;
    let mut add = |entry: ScanEntry| {
        let mut hasher = DefaultHasher::new();
        match entry {
            ScanEntry::File(path, stamp) => (path.as_str(), stamp.size, stamp.mtime_ns).hash(&mut hasher),
            ScanEntry::Skipped(path, _) => path.hash(&mut hasher),
        }
        // The order of a listing is no change.
        sum = sum.wrapping_add(hasher.finish());
        if is_ended() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    scan::scan(root, u64::MAX, &mut add).ok()?;
    let mut hasher = DefaultHasher::new();
    let head = git::find(root).and_then(|git| git::head(&git));
    head.map(|head| (head.branch, head.commit)).hash(&mut hasher);
    Some(sum.wrapping_add(hasher.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_look_tells_whether_anything_is_different() {
        let dir = tempfile::tempdir().expect("temp dir");
        let root = dir.path().canonicalize().expect("canonical");
        fs::write(root.join("a.txt"), "one").expect("write");
        fs::write(root.join(".gitignore"), "*.log\n").expect("write");
        let mut polling = Polling::new(Duration::ZERO, String::new(), Instant::now());
        assert!(
            polling.look(&root, &|| false),
            "what happened before the first look is not known"
        );
        assert!(!polling.look(&root, &|| false));
        fs::write(root.join("a.log"), "ignored").expect("write");
        assert!(!polling.look(&root, &|| false));
        fs::write(root.join("a.txt"), "other").expect("write");
        assert!(polling.look(&root, &|| false));
        fs::rename(root.join("a.txt"), root.join("b.txt")).expect("rename");
        assert!(polling.look(&root, &|| false) && !polling.look(&root, &|| false));
        fs::create_dir_all(root.join(".git")).expect("create");
        fs::write(root.join(".git/HEAD"), "ref: refs/heads/main").expect("write");
        assert!(polling.look(&root, &|| false) && !polling.look(&root, &|| false));
        fs::remove_dir_all(&root).expect("remove");
        assert!(polling.look(&root, &|| false));
    }
}
