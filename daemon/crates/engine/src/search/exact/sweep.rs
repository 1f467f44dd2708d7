//! Reading all files of a root, and looking into each.
//!
//! On the thread that calls and on a few of its own, at the priority of searches, which end with it. Bounded in time: what
//! was not reached by then is told, never left out in silence.

use super::Tree;
use super::files::{Listed, Listing, MAX_FILE};
use crate::EngineError;
use codemem_core::ports::PortErrorKind;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

/// Files per thread below which another one is not worth starting.
const FILES_PER_THREAD: usize = 32;

/// What the files of a root were found to be.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(in crate::search) struct Swept {
    /// Text files that were searched from their first to their last line.
    pub(in crate::search) n_searched: u64,
    /// Files that are no text.
    pub(in crate::search) n_binary: u64,
    /// Files that could not be read, are larger than what is read, or were not reached in time.
    pub(in crate::search) n_unread: u64,
    /// Whether time was up.
    pub(in crate::search) cut_short: bool,
}

/// What a look into a file gave.
pub(in crate::search) struct Looked<T> {
    pub(in crate::search) found: Option<T>,
    /// False when it was given up before its end.
    pub(in crate::search) is_whole: bool,
}

/// When a sweep ends at the latest, and how many threads it may use.
#[derive(Clone, Copy, Debug)]
pub(in crate::search) struct Bounds {
    pub(in crate::search) deadline: Instant,
    pub(in crate::search) n_threads: usize,
}

/// A sweep that is under way.
pub(in crate::search) struct Sweep<'a> {
    tree: &'a Tree<'a>,
    bounds: Bounds,
    next: AtomicUsize,
    /// Set when time is up.
    is_late: AtomicBool,
    /// Set when a file, or the root with it, was not there.
    is_gone: AtomicBool,
    /// Held while a large file is read and searched.
    large: Mutex<()>,
}

enum Read {
    Text(Vec<u8>),
    Binary,
    Gone,
    Unread,
}

impl<'a> Sweep<'a> {
    /// Looks into all files that are listed and that are text. Every thread has a look of its own. What was found comes in
    /// the order of the list, by position.
    pub(in crate::search) fn run<T, L>(
        tree: &'a Tree<'a>,
        listing: &Listing,
        bounds: Bounds,
        look: impl Fn() -> L + Sync,
    ) -> Result<(Vec<(usize, T)>, Swept), EngineError>
    where
        T: Send,
        L: FnMut(&Self, &Listed, &[u8]) -> Looked<T>,
    {
        let sweep = Self {
            tree,
            bounds,
            next: AtomicUsize::new(0),
            is_late: AtomicBool::new(false),
            is_gone: AtomicBool::new(false),
            large: Mutex::new(()),
        };
        let files = &listing.files;
        let n_helpers = (files.len() / FILES_PER_THREAD).min(bounds.n_threads.saturating_sub(1));
        let work = || sweep.work(files, look());
        let mut parts = thread::scope(|scope| {
            let helpers: Vec<_> = (0..n_helpers)
                .map_while(|index| {
                    let (work, span) = (&work, tracing::Span::current());
                    let helper = thread::Builder::new()
                        .name(format!("exact-{index}"))
                        .spawn_scoped(scope, move || span.in_scope(work));
                    // The others do its share.
                    helper
                        .inspect_err(|error| tracing::debug!(%error, "cannot start a thread"))
                        .ok()
                })
                .collect();
            let mut parts = vec![work()];
            for helper in helpers {
                parts.push(helper.join().unwrap_or_else(|panic| resume_unwind(panic)));
            }
            parts
        });
        if tree.stop.is_requested() {
            return Err(EngineError::GivenUp);
        }
        let mut swept = Swept {
            n_unread: listing.n_unreadable,
            cut_short: sweep.is_late.load(Ordering::Relaxed),
            ..Swept::default()
        };
        let mut n_reached = 0;
        for (_, part) in &parts {
            swept.n_searched += part.searched;
            swept.n_binary += part.binary;
            swept.n_unread += part.unread;
            n_reached += part.reached;
        }
        swept.n_unread += files.len() as u64 - n_reached;
        if files.is_empty() || swept.n_unread > 0 || sweep.is_gone.load(Ordering::Relaxed) {
            // Perhaps not some files are gone, but the root.
            let identity = tree.ports.source.identify(tree.root);
            identity.map_err(EngineError::port("open the root"))?;
        }
        let mut found: Vec<(usize, T)> = parts.iter_mut().flat_map(|(found, _)| found.drain(..)).collect();
        found.sort_unstable_by_key(|(position, _)| *position);
        Ok((found, swept))
    }

    /// Whether somebody still waits, and there is time left.
    pub(in crate::search) fn goes_on(&self) -> bool {
        if self.tree.stop.is_requested() {
            return false;
        }
        let is_late = self.is_late.load(Ordering::Relaxed) || Instant::now() >= self.bounds.deadline;
        if is_late {
            self.is_late.store(true, Ordering::Relaxed);
        }
        !is_late
    }

    fn work<T>(
        &self,
        files: &[Listed],
        mut look: impl FnMut(&Self, &Listed, &[u8]) -> Looked<T>,
    ) -> (Vec<(usize, T)>, Part) {
        let (mut found, mut part) = (Vec::new(), Part::default());
        while self.goes_on() {
            let position = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(file) = files.get(position) else { break };
            part.reached += 1;
            let _alone = file
                .is_large
                .then(|| self.large.lock().unwrap_or_else(PoisonError::into_inner));
            match self.read(file) {
                Read::Text(bytes) => {
                    let looked = look(self, file, &bytes);
                    *if looked.is_whole {
                        &mut part.searched
                    } else {
                        &mut part.unread
                    } += 1;
                    found.extend(looked.found.map(|what| (position, what)));
                }
                Read::Binary => part.binary += 1,
                Read::Unread => part.unread += 1,
                Read::Gone => self.is_gone.store(true, Ordering::Relaxed),
            }
        }
        (found, part)
    }

    fn read(&self, file: &Listed) -> Read {
        match self.tree.ports.source.read_text(self.tree.root, &file.path, MAX_FILE) {
            Ok(Some(bytes)) => Read::Text(bytes),
            Ok(None) => Read::Binary,
            // Deleted since it was listed.
            Err(error) if error.kind == PortErrorKind::NotFound => Read::Gone,
            Err(error) => {
                tracing::debug!(%error, path = %file.path, "a file is not searched");
                Read::Unread
            }
        }
    }
}

/// What one thread did.
#[derive(Default)]
struct Part {
    reached: u64,
    searched: u64,
    binary: u64,
    unread: u64,
}
