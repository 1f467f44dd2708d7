//! What no real system can be made to do at will: events that are lost, and a thread that ends.

use super::*;
use std::path::Path;

struct Case {
    _directory: tempfile::TempDir,
    watch: RootWatch,
    inbox: Arc<Inbox>,
    told: Arc<Mutex<Watching>>,
    hints: Arc<Mutex<Vec<Hint>>>,
}

impl Case {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("temp dir");
        let root = directory.path().canonicalize().expect("canonical");
        let (inbox, told) = (Arc::new(Inbox::default()), Arc::new(Mutex::new(Watching::Off)));
        let hints: Arc<Mutex<Vec<Hint>>> = Arc::default();
        let heard = Arc::clone(&hints);
        let sink: HintSink = Arc::new(move |hint| heard.lock().expect("no panic").push(hint));
        let mut watch = RootWatch::new(&root, &WatchOptions::default(), sink, &inbox, &told);
        watch.open();
        Self {
            _directory: directory,
            watch,
            inbox,
            told,
            hints,
        }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.watch.root.join(path)
    }

    /// Everything that happened until now never came.
    fn lose(&mut self) {
        let hour = Duration::from_hours(1);
        while let Next::Changes(_) = self.inbox.next(Some(Instant::now()), Duration::from_millis(50), hour) {}
        let now = Instant::now();
        self.watch.settle(lost(), now);
        self.watch.on_time(now.max(self.watch.align_from));
    }

    /// Waits for an event of a path.
    fn hears_of(&self, path: &Path) -> bool {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            match self.inbox.next(Some(until), Duration::ZERO, Duration::ZERO) {
                Next::Changes(changes) if changes.paths.contains_key(path) => return true,
                Next::Changes(_) => {}
                Next::Ended | Next::Time => return false,
            }
        }
    }

    fn told(&self) -> Watching {
        self.told.lock().expect("no panic").clone()
    }
}

fn lost() -> Gathered {
    Gathered {
        is_lost: true,
        ..Gathered::default()
    }
}

#[test]
fn a_tree_of_which_events_were_lost_is_watched_as_it_is() {
    let mut case = Case::new();
    fs::create_dir_all(case.path("gone/deep")).expect("create");
    fs::create_dir_all(case.path("replaced")).expect("create");
    case.lose();
    assert_eq!(case.told(), Watching::Events { directories: 4 });
    fs::remove_dir_all(case.path("gone")).expect("remove");
    fs::rename(case.path("replaced"), case.path("moved")).expect("rename");
    fs::create_dir_all(case.path("replaced")).expect("create");
    fs::create_dir_all(case.path("new/deep")).expect("create");
    case.lose();
    assert_eq!(*case.hints.lock().expect("no panic"), [Hint::Anything, Hint::Anything]);
    assert_eq!(case.told(), Watching::Events { directories: 5 });
    for path in ["replaced/a", "moved/a", "new/deep/a"] {
        fs::write(case.path(path), "x").expect("write");
        assert!(case.hears_of(&case.path(path)), "{path}");
    }
}

#[test]
fn more_paths_than_a_hint_names_are_anything() {
    let mut case = Case::new();
    let mut paths: Vec<PathBuf> = (0..MOST_PATHS).map(|n| n.to_string().into()).collect();
    case.watch.hint(&paths);
    paths.push("0/below/another".into());
    case.watch.hint(&paths);
    paths.push("one more".into());
    case.watch.hint(&paths);
    let hints = case.hints.lock().expect("no panic").clone();
    assert!(
        hints[..2]
            .iter()
            .all(|hint| matches!(hint, Hint::Paths(paths) if paths.len() == MOST_PATHS))
    );
    assert_eq!(hints[2..], [Hint::Anything]);
}

#[test]
fn a_storm_of_lost_events_is_answered_now_and_then() {
    let mut case = Case::new();
    case.lose();
    let now = Instant::now();
    case.watch.align_from = now + Duration::from_secs(1);
    case.watch.settle(lost(), now);
    case.watch.on_time(now);
    assert_eq!(case.hints.lock().expect("no panic").len(), 1, "not again so soon");
    case.watch.on_time(now + Duration::from_secs(1));
    assert_eq!(case.hints.lock().expect("no panic").len(), 2);
}

#[test]
fn nobody_watches_once_the_thread_is_gone() {
    let case = Case::new();
    assert_eq!(case.told(), Watching::Events { directories: 1 });
    let Case { watch, told, inbox, .. } = case;
    inbox.end();
    watch.run();
    assert_eq!(*told.lock().expect("no panic"), Watching::Off);
}
