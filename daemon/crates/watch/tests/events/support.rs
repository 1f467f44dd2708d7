//! A watched directory, and what was hinted at.

use codemem_core::ports::{Hint, TreeWatch, TreeWatcher as _, Watching};
use codemem_testkit::{wait_for, wait_until};
use codemem_watch::{FileWatcher, WatchOptions};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Longest that a hint may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// How files begin that nothing else is about.
const MARK: &str = "mark-";

/// A directory of its own; what is in `root` is watched.
pub(crate) struct Watched {
    directory: tempfile::TempDir,
    root: PathBuf,
    hints: Arc<Mutex<Vec<Hint>>>,
    watch: Option<Box<dyn TreeWatch>>,
    n_marks: AtomicUsize,
}

/// What suits a busy machine: pauses between the events of one change must not end a quiet time.
pub(crate) fn options() -> WatchOptions {
    WatchOptions {
        back: Duration::from_millis(20),
        check: Duration::from_millis(200),
        ..WatchOptions::default()
    }
}

impl Watched {
    /// A directory that is not watched yet.
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().expect("temp dir");
        let root = directory.path().canonicalize().expect("canonical").join("root");
        fs::create_dir(&root).expect("create");
        Self {
            directory,
            root,
            hints: Arc::default(),
            watch: None,
            n_marks: AtomicUsize::new(0),
        }
    }

    /// The same, as a git repository with a commit of `n_files` files.
    pub(crate) fn repository(n_files: usize) -> Self {
        let watched = Self::new();
        watched.git(&["init", "--quiet", "--initial-branch=main"]);
        for n in 0..n_files {
            watched.write(&format!("src/{}/{n}.rs", n % 10), &format!("fn f{n}() {{}}"));
        }
        watched.commit();
        watched
    }

    pub(crate) fn watch(&mut self) {
        self.watch_with(options());
    }

    pub(crate) fn watch_with(&mut self, options: WatchOptions) {
        let root = self.root.clone();
        self.watch_at(&root, options);
    }

    /// Watches another directory instead.
    pub(crate) fn watch_at(&mut self, root: &Path, options: WatchOptions) {
        let hints = Arc::clone(&self.hints);
        let sink = Arc::new(move |hint| hints.lock().expect("no panic").push(hint));
        root.clone_into(&mut self.root);
        self.watch = Some(FileWatcher::new(options).watch(root, sink).expect("watch"));
    }

    pub(crate) fn stop(&mut self) {
        self.watch = None;
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The directory that holds the root.
    pub(crate) fn outside(&self) -> PathBuf {
        self.directory.path().canonicalize().expect("canonical")
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let full = self.path(path);
        fs::create_dir_all(full.parent().expect("has a parent")).expect("create directory");
        fs::write(full, text).expect("write file");
    }

    pub(crate) fn git(&self, args: &[&str]) {
        git(&self.root, args);
    }

    pub(crate) fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "x"]);
    }

    pub(crate) fn watching(&self) -> Watching {
        self.watch.as_ref().map_or(Watching::Off, |watch| watch.watching())
    }

    /// How many directories are watched by events.
    pub(crate) fn n_directories(&self) -> Option<u64> {
        match self.watching() {
            Watching::Events { directories } => Some(directories),
            Watching::Off | Watching::Polling { .. } => None,
        }
    }

    /// All hints so far.
    pub(crate) fn hints(&self) -> Vec<Hint> {
        self.hints.lock().expect("no panic").clone()
    }

    /// Forgets the hints so far.
    pub(crate) fn forget(&self) {
        self.hints.lock().expect("no panic").clear();
    }

    pub(crate) fn count(&self, wanted: &Hint) -> usize {
        self.hints().iter().filter(|hint| *hint == wanted).count()
    }

    /// Whether a path, or a directory above it, was hinted at by name.
    pub(crate) fn is_hinted(&self, path: &str) -> bool {
        self.hints().iter().any(|hint| match hint {
            Hint::Paths(paths) => paths.iter().any(|hinted| Path::new(path).starts_with(hinted)),
            Hint::Head | Hint::Index | Hint::Anything => false,
        })
    }

    #[track_caller]
    pub(crate) fn wait(&self, path: &str) {
        wait_until(&format!("a hint at {path}"), PATIENCE, || self.is_hinted(path));
    }

    #[track_caller]
    pub(crate) fn wait_for(&self, hint: &Hint) {
        wait_for(&format!("{hint:?}"), PATIENCE, || (self.count(hint) > 0).then_some(()));
    }

    /// Waits until everything that happened so far has been hinted at: what happens later is hinted at later.
    #[track_caller]
    pub(crate) fn settle(&self) {
        let mut marks = Vec::new();
        let mut next = Instant::now();
        wait_until("the mark", PATIENCE, || {
            // Another one now and then: it may be among what is only said to be anything.
            if Instant::now() >= next {
                marks.push(format!("{MARK}{}", self.n_marks.fetch_add(1, Ordering::Relaxed)));
                self.write(&marks[marks.len() - 1], "");
                next = Instant::now() + Duration::from_millis(400);
            }
            marks.iter().any(|mark| self.is_hinted(mark))
        });
    }

    /// Everything that was hinted at by name, but the mark.
    pub(crate) fn hinted(&self) -> Vec<String> {
        let mut all = Vec::new();
        for hint in self.hints() {
            match hint {
                Hint::Paths(paths) => all.extend(paths.iter().map(|path| path.display().to_string())),
                Hint::Head | Hint::Anything => all.push(format!("{hint:?}")),
                // Of no file; looking may write it as well.
                Hint::Index => {}
            }
        }
        all.retain(|path| !path.starts_with(MARK));
        all.sort();
        all.dedup();
        all
    }
}

pub(crate) fn git(directory: &Path, args: &[&str]) {
    let output = Command::new("git")
        .args([
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b",
            "-c",
            "gc.auto=0",
            "-c",
            "maintenance.auto=false",
        ])
        .args(args)
        .current_dir(directory)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .env("GIT_EDITOR", "true")
        .output()
        .expect("git runs");
    assert!(
        output.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
