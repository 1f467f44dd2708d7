//! The watching of one root, on a thread of its own.
//!
//! A root is in one of three states: watched (and polled as well where its file system keeps some changes
//! to itself), only polled, because the system refuses, or gone, and waited for.

use super::WatchOptions;
use super::filesystem::keeps_silent;
use super::git::Git;
use super::inbox::{Change, Gathered, Inbox, Next};
use super::net::{Failure, Net};
use super::pace::Pace;
use super::poll::Polling;
use crate::scan::outermost;
use crate::{WatchError, git};
use codemem_core::ports::{Hint, HintSink, Watching};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// Most paths that one hint names. To look at the whole root costs less than to look at more.
const MOST_PATHS: usize = 2_000;

/// Files whose rules count.
const RULES: [&str; 3] = [".gitignore", ".ignore", ".codememignore"];

/// Git has moved when it has been quiet for this long: a rebase moves once per commit.
const HEAD_QUIET: Duration = Duration::from_millis(100);

/// But no later than this after its first move.
const HEAD_LONGEST: Duration = Duration::from_secs(2);

/// Between two looks whether git has let go of its lock.
const LOCK_LOOK: Duration = Duration::from_millis(20);

/// How much longer than bringing the watches in line takes the pause after it is, at least.
const ALIGN_PAUSE: u32 = 5;

/// See the module.
pub(super) struct RootWatch {
    root: PathBuf,
    options: WatchOptions,
    sink: HintSink,
    inbox: Arc<Inbox>,
    told: Arc<Mutex<Watching>>,
    /// Watched while there is one.
    net: Option<Net>,
    /// Polled while there is one; gone without both.
    polling: Option<Polling>,
    git: Option<Git>,
    /// Directories named `.git` that are no repository yet, because git is about to make one.
    unfinished: BTreeSet<PathBuf>,
    /// The directory that is watched.
    identity: Option<Identity>,
    pace: Pace,
    /// What happened while git was at work.
    held: Gathered,
    /// Git's first and last moves that were not looked at.
    moves: Option<(Instant, Instant)>,
    /// When what is watched is brought in line with the tree.
    align_at: Option<Instant>,
    /// No earlier than that.
    align_from: Instant,
    /// Whether events were lost, so that the tree may be another one.
    has_lost: bool,
    /// When the root is looked for; and when a refusal is not believed any more.
    check_at: Instant,
    retry_at: Instant,
}

impl RootWatch {
    pub(super) fn new(
        root: &Path,
        options: &WatchOptions,
        sink: HintSink,
        inbox: &Arc<Inbox>,
        told: &Arc<Mutex<Watching>>,
    ) -> Self {
        let now = Instant::now();
        Self {
            root: root.to_path_buf(),
            options: options.clone(),
            sink,
            inbox: Arc::clone(inbox),
            told: Arc::clone(told),
            net: None,
            polling: None,
            git: None,
            unfinished: BTreeSet::new(),
            identity: None,
            pace: Pace::default(),
            held: Gathered::default(),
            moves: None,
            align_at: None,
            align_from: now,
            has_lost: false,
            check_at: now,
            retry_at: now,
        }
    }

    /// Watches the root as it is now, anew.
    pub(super) fn open(&mut self) {
        let had_net = self.net.is_some();
        (self.net, self.polling) = (None, None);
        (self.align_at, self.has_lost) = (None, false);
        self.unfinished.clear();
        self.pace.clear();
        self.identity = identity(&self.root);
        if self.identity.is_some() {
            let former = self.git.take();
            self.git = Git::find(&self.root).map(|git| git.following(former));
            let opened = Net::open(&self.root, &self.options, &self.inbox).and_then(|mut net| {
                net.watch_beside(self.git.iter().flat_map(Git::directories))?;
                Ok(net)
            });
            match opened {
                Ok(net) => {
                    self.net = Some(net);
                    if let Some(name) = keeps_silent(&self.root) {
                        self.poll(format!("{name} does not tell what other machines or programs change"));
                    }
                }
                Err(failure) => self.without_events(failure),
            }
        }
        let now = Instant::now();
        let is_gone = self.net.is_none() && self.polling.is_none();
        self.check_at = now + if is_gone { self.options.back } else { self.options.check };
        // What was watched until now may count against the limit for another moment.
        self.retry_at = now + if had_net { self.options.back } else { self.options.retry };
        self.tell();
    }

    /// Hints until nobody wants to know any more.
    pub(super) fn run(mut self) {
        loop {
            match self
                .inbox
                .next(self.next_time(), self.options.quiet, self.options.longest)
            {
                Next::Ended => return,
                Next::Time => {}
                Next::Changes(changes) => self.held.merge(changes),
            }
            let now = Instant::now();
            if !self.held.is_empty() && !self.is_git_busy(now) {
                let changes = std::mem::take(&mut self.held);
                self.settle(changes, now);
            }
            self.on_time(now);
        }
    }

    fn next_time(&self) -> Option<Instant> {
        let held = (!self.held.is_empty()).then(|| Instant::now() + LOCK_LOOK);
        let retry = (self.net.is_none() && self.polling.is_some()).then_some(self.retry_at);
        [
            held,
            retry,
            self.pace.next(),
            self.moves.map(head_time),
            self.align_at,
            self.polling.as_ref().map(Polling::next),
            Some(self.check_at),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn is_git_busy(&mut self, now: Instant) -> bool {
        self.git.as_mut().is_some_and(|git| git.is_busy(now))
    }

    /// Turns what happened into hints.
    fn settle(&mut self, changes: Gathered, now: Instant) {
        if self.net.is_none() {
            // What is left of events that came before the root was given up.
            return;
        }
        if changes.is_lost {
            tracing::debug!(root = %self.root.display(), "events were lost");
            self.has_lost = true;
            self.align_at = Some(now.max(self.align_from));
            return;
        }
        let (mut touched, mut appeared) = (Vec::new(), Vec::new());
        let mut is_indexed = false;
        for (path, change) in changes.paths {
            if path == self.root {
                // Deleted or moved, and perhaps made again since.
                if change.is_structure {
                    self.begin_again(now);
                    return;
                }
            } else if self.is_about_rules(&path, change) {
                self.align_at = Some(now.max(self.align_from));
            } else if self.git.as_ref().is_some_and(|git| git.concerns(&path)) {
                self.moves = Some((self.moves.map_or(now, |(first, _)| first), now));
            } else if self.git.as_ref().is_some_and(|git| git.is_index(&path)) {
                is_indexed = true;
            } else if let Ok(path) = path.strip_prefix(&self.root) {
                self.sort(path, change, &mut touched, &mut appeared);
            }
        }
        if !appeared.is_empty() {
            let added = self.net.as_mut().map_or(Ok(()), |net| net.add(&appeared));
            if let Err(failure) = added {
                self.give_up(failure, now);
                return;
            }
            touched.append(&mut appeared);
        }
        self.tell();
        touched.retain(|path| self.pace.admits(path, now));
        self.hint(&touched);
        if is_indexed {
            (self.sink)(Hint::Index);
        }
    }

    /// Decides what becomes of a path below the root.
    fn sort(&mut self, path: &Path, change: Change, touched: &mut Vec<PathBuf>, appeared: &mut Vec<PathBuf>) {
        let Some(net) = &mut self.net else {
            return;
        };
        let is_directory = fs::symlink_metadata(self.root.join(path)).is_ok_and(|metadata| metadata.is_dir());
        if is_directory {
            // What is written into a directory is told of what it holds.
            if change.is_structure && !net.leaves_out(path, true) {
                appeared.push(path.to_path_buf());
            }
        } else if net.forget(path) || !net.leaves_out(path, false) {
            touched.push(path.to_path_buf());
        }
    }

    /// Whether what happened to a path may change what is left out.
    fn is_about_rules(&mut self, path: &Path, change: Change) -> bool {
        let (Some(net), Some(parent), Some(name)) = (&self.net, path.parent(), path.file_name()) else {
            return false;
        };
        if change == Change::METADATA {
            return false;
        }
        if name == "exclude" && net.is_info(parent) || net.is_info(path) || self.unfinished.contains(parent) {
            return true;
        }
        let is_entered = net.is_above(parent)
            || path
                .strip_prefix(&self.root)
                .is_ok_and(|path| path.parent().is_some_and(|parent| net.enters(parent)));
        // A repository that begins or ends takes its rules along.
        let is_git = is_entered && name == ".git";
        if is_git {
            self.unfinished.insert(path.to_path_buf());
        }
        is_git || is_entered && RULES.iter().any(|rules| name == *rules)
    }

    /// Does what was put off, and what is done now and then.
    fn on_time(&mut self, now: Instant) {
        let due = self.pace.due(now);
        self.hint(&due);
        if let Some(moves) = self.moves
            && head_time(moves) <= now
        {
            self.look_at_head(moves, now);
        }
        if self.align_at.is_some_and(|time| time <= now) {
            self.align(now);
        }
        if self.polling.as_ref().is_some_and(|polling| polling.next() <= now) {
            self.look_at_all();
        }
        if self.check_at <= now {
            self.check_at = now + self.options.check;
            if identity(&self.root) != self.identity || self.net.is_none() && self.polling.is_none() {
                self.begin_again(now);
            }
        }
        if self.net.is_none() && self.polling.is_some() && self.retry_at <= now {
            self.retry(now);
        }
    }

    fn look_at_head(&mut self, (first, _): (Instant, Instant), now: Instant) {
        if now < first + HEAD_LONGEST && self.is_git_busy(now) {
            // Another look in a moment.
            self.moves = Some((first, (now + LOCK_LOOK).checked_sub(HEAD_QUIET).unwrap_or(now)));
            return;
        }
        self.moves = None;
        let has_moved = self.git.as_mut().is_some_and(Git::has_moved);
        if let Err(failure) = self.watch_beside() {
            self.give_up(failure, now);
        }
        if has_moved {
            (self.sink)(Hint::Head);
        }
    }

    /// Brings what is watched in line with rules that have changed, or with a tree of which events were lost.
    fn align(&mut self, now: Instant) {
        let anew = std::mem::take(&mut self.has_lost);
        self.align_at = None;
        if anew && identity(&self.root) != self.identity {
            self.begin_again(now);
            return;
        }
        let former = self.git.take();
        let had_git = former.is_some();
        self.git = Git::find(&self.root).map(|git| git.following(former));
        // What git has moved to meanwhile.
        self.moves = Some((now, now));
        self.unfinished.retain(|path| is_unfinished(path));
        let aligned = self.net.as_mut().map_or(Ok(()), |net| net.align(anew));
        if let Err(failure) = aligned.and_then(|()| self.watch_beside()) {
            self.give_up(failure, now);
            return;
        }
        let took = now.elapsed();
        self.align_from = now + took + took * ALIGN_PAUSE;
        if self.unfinished.iter().any(|path| !is_unfinished(path)) {
            self.align_at = Some(self.align_from);
        }
        self.tell();
        if had_git != self.git.is_some() {
            (self.sink)(Hint::Head);
        }
        self.anything();
    }

    fn watch_beside(&mut self) -> Result<(), Failure> {
        let ours = self.git.iter().flat_map(Git::directories);
        let wanted: Vec<PathBuf> = ours.chain(self.unfinished.iter().cloned()).collect();
        self.net.as_mut().map_or(Ok(()), |net| net.watch_beside(wanted))
    }

    fn look_at_all(&mut self) {
        let is_ended = || self.inbox.is_ended();
        let is_changed = self
            .polling
            .as_mut()
            .is_some_and(|polling| polling.look(&self.root, &is_ended));
        self.tell();
        if is_changed {
            self.anything();
        }
    }

    /// Watches the root anew, whatever it is now, if there is one.
    fn begin_again(&mut self, now: Instant) {
        let was_gone = self.identity.is_none();
        self.open();
        if was_gone && self.identity.is_none() {
            return;
        }
        self.moves = Some((now, now));
        self.anything();
    }

    /// Asks the system once more to tell.
    fn retry(&mut self, now: Instant) {
        let polling = self.polling.take();
        self.open();
        if self.net.is_some() {
            self.moves = Some((now, now));
            self.anything();
        } else {
            // As before, with what the last look has shown.
            self.polling = polling;
        }
    }

    fn give_up(&mut self, failure: Failure, now: Instant) {
        if matches!(failure, Failure::Root(_)) {
            // The root went away or was replaced while it was walked.
            self.begin_again(now);
            return;
        }
        self.without_events(failure);
        self.retry_at = now + self.options.retry;
        self.tell();
        self.anything();
    }

    /// Polls the root, unless there is none.
    fn without_events(&mut self, failure: Failure) {
        self.net = None;
        match failure {
            Failure::Ended => {}
            Failure::Refused(reason) => self.poll(reason),
            Failure::Root(WatchError::Missing(_) | WatchError::NotADirectory(_) | WatchError::Escapes(_)) => {
                self.identity = None;
            }
            Failure::Root(error) => self.poll(format!("it cannot be watched: {error}")),
        }
    }

    fn poll(&mut self, reason: String) {
        self.polling = Some(Polling::new(self.options.poll, reason, Instant::now()));
    }

    /// Hints at paths from the root.
    fn hint(&mut self, paths: &[PathBuf]) {
        let paths = outermost(paths);
        if paths.len() > MOST_PATHS {
            self.anything();
        } else if !paths.is_empty() {
            (self.sink)(Hint::Paths(paths));
        }
    }

    fn anything(&mut self) {
        self.pace.clear();
        (self.sink)(Hint::Anything);
    }

    /// Lets others know how the root is watched.
    fn tell(&self) {
        let watching = match (&self.polling, &self.net) {
            (Some(polling), _) => Watching::Polling {
                every: polling.every(),
                reason: polling.reason().to_owned(),
            },
            (None, Some(net)) => Watching::Events {
                directories: net.n_directories(),
            },
            (None, None) => Watching::Polling {
                every: self.options.back,
                reason: "the directory is gone".to_owned(),
            },
        };
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if let Watching::Polling { reason, .. } = &watching
            && !matches!(&*told, Watching::Polling { reason: former, .. } if former == reason)
        {
            tracing::warn!(root = %self.root.display(), reason, "the system does not tell of all changes");
        }
        *told = watching;
    }
}

impl Drop for RootWatch {
    /// Whatever ended the thread, nobody watches any more.
    fn drop(&mut self) {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = Watching::Off;
    }
}

/// When git's moves are looked at.
fn head_time((first, last): (Instant, Instant)) -> Instant {
    (last + HEAD_QUIET).min(first + HEAD_LONGEST)
}

/// Whether a directory named `.git` is no repository yet.
fn is_unfinished(path: &Path) -> bool {
    path.is_dir() && path.parent().is_some_and(|top| git::at(top).is_none())
}

/// One directory, told from others that have had its name.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    number: u64,
    /// Where it is kept: the next directory often gets the number of the last one that was deleted.
    created: Option<SystemTime>,
}

/// Which directory has a root's name; none when there is none.
fn identity(root: &Path) -> Option<Identity> {
    let metadata = fs::symlink_metadata(root).ok()?;
    metadata.is_dir().then(|| Identity {
        device: metadata.dev(),
        number: metadata.ino(),
        created: metadata.created().ok(),
    })
}

#[cfg(test)]
mod tests;
