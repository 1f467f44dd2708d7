//! The system's events, through `notify`: directories that are watched, and what becomes of an event.

use super::inbox::{Change, Inbox};
use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind};
use notify::{Config, ErrorKind, Event, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Why a directory, or a root, is not watched.
#[derive(Debug)]
pub(super) enum Unwatched {
    /// It is not there, or may not be read: nothing in it is part of the tree.
    Absent,
    /// The system, or an option, allows no more; what to say about it.
    Refused(String),
}

/// One connection to the system's events.
pub(super) struct Source {
    watcher: RecommendedWatcher,
}

impl Source {
    /// Connects; events go to the inbox until the source is dropped.
    pub(super) fn open(inbox: Arc<Inbox>) -> Result<Self, Unwatched> {
        let config = Config::default().with_follow_symlinks(false);
        RecommendedWatcher::new(move |event| tell(&inbox, event), config)
            .map(|watcher| Self { watcher })
            .map_err(|error| Unwatched::Refused(no_connection(&error)))
    }

    /// Watches a directory, or a whole tree where the system does that by itself. Once more does no harm.
    pub(super) fn add(&mut self, directory: &Path, whole_tree: bool) -> Result<(), Unwatched> {
        let mode = if whole_tree {
            RecursiveMode::Recursive
        } else {
            RecursiveMode::NonRecursive
        };
        self.watcher.watch(directory, mode).map_err(|error| unwatched(&error))
    }

    /// Watches a directory no longer. The system has done so by itself if it is gone.
    pub(super) fn remove(&mut self, directory: &Path) {
        drop(self.watcher.unwatch(directory));
    }
}

/// What becomes of an event, on the thread of `notify`. That something was opened, read or closed is none, though the
/// system tells: looking at a tree would otherwise be a reason to look at it.
fn tell(inbox: &Inbox, event: notify::Result<Event>) {
    let Some(event) = event.ok().filter(|event| !event.need_rescan()) else {
        return inbox.lose();
    };
    let change = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) | EventKind::Modify(ModifyKind::Data(_)) => {
            Change::CONTENT
        }
        EventKind::Access(_) => return,
        EventKind::Modify(ModifyKind::Metadata(_)) => Change::METADATA,
        EventKind::Any
        | EventKind::Create(_)
        | EventKind::Modify(ModifyKind::Any | ModifyKind::Name(_) | ModifyKind::Other)
        | EventKind::Remove(_)
        | EventKind::Other => Change::STRUCTURE,
    };
    for path in event.paths {
        inbox.put(path, change);
    }
}

fn unwatched(error: &notify::Error) -> Unwatched {
    match &error.kind {
        ErrorKind::PathNotFound | ErrorKind::WatchNotFound => Unwatched::Absent,
        ErrorKind::Io(error) if is_absence(error) => Unwatched::Absent,
        ErrorKind::MaxFilesWatch => Unwatched::Refused(full()),
        ErrorKind::Generic(_) | ErrorKind::Io(_) | ErrorKind::InvalidConfig(_) => {
            Unwatched::Refused(format!("the system refuses to watch its directories: {error}"))
        }
    }
}

fn is_absence(error: &io::Error) -> bool {
    let absent = [
        io::ErrorKind::NotFound,
        io::ErrorKind::NotADirectory,
        io::ErrorKind::PermissionDenied,
    ];
    absent.contains(&error.kind())
}

/// What to say when the user's directories to be watched are used up.
fn full() -> String {
    if cfg!(target_os = "linux") {
        "the limit of watched directories is reached: raise it with `sudo sysctl fs.inotify.max_user_watches=1048576`"
            .to_owned()
    } else {
        "the system's limit of watched directories is reached".to_owned()
    }
}

fn no_connection(error: &notify::Error) -> String {
    let is_full = matches!(&error.kind, ErrorKind::Io(error)
        if error.raw_os_error() == Some(rustix::io::Errno::MFILE.raw_os_error()));
    if is_full && cfg!(target_os = "linux") {
        "the limit of watchers is reached: raise it with `sudo sysctl fs.inotify.max_user_instances=1024`, or the limit \
         of open files with `ulimit -n`"
            .to_owned()
    } else {
        format!("the system does not tell of changes: {error}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::inbox::Next;
    use super::*;
    use notify::event::{CreateKind, DataChange, Flag, MetadataKind, RenameMode};
    use std::path::PathBuf;
    use std::time::Duration;

    fn told(kind: EventKind) -> Option<Change> {
        let inbox = Inbox::default();
        tell(&inbox, Ok(Event::new(kind).add_path("/a".into())));
        gathered(&inbox).and_then(|gathered| gathered.paths.get(&PathBuf::from("/a")).copied())
    }

    fn gathered(inbox: &Inbox) -> Option<super::super::inbox::Gathered> {
        match inbox.next(Some(std::time::Instant::now()), Duration::ZERO, Duration::ZERO) {
            Next::Changes(gathered) => Some(gathered),
            Next::Ended | Next::Time => None,
        }
    }

    #[test]
    fn what_changes_nothing_is_not_told() {
        for kind in [
            EventKind::Access(AccessKind::Any),
            EventKind::Access(AccessKind::Read),
            EventKind::Access(AccessKind::Open(AccessMode::Any)),
            EventKind::Access(AccessKind::Close(AccessMode::Read)),
        ] {
            assert_eq!(told(kind), None, "{kind:?}");
        }
        for (kind, expected) in [
            (EventKind::Access(AccessKind::Close(AccessMode::Write)), Change::CONTENT),
            (EventKind::Modify(ModifyKind::Data(DataChange::Any)), Change::CONTENT),
            (
                EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any)),
                Change::METADATA,
            ),
            (EventKind::Modify(ModifyKind::Name(RenameMode::From)), Change::STRUCTURE),
            (EventKind::Create(CreateKind::File), Change::STRUCTURE),
            (EventKind::Any, Change::STRUCTURE),
        ] {
            assert_eq!(told(kind), Some(expected), "{kind:?}");
        }
    }

    #[test]
    fn lost_events_and_errors_are_told() {
        let inbox = Inbox::default();
        tell(&inbox, Ok(Event::new(EventKind::Other).set_flag(Flag::Rescan)));
        assert!(gathered(&inbox).is_some_and(|gathered| gathered.is_lost));
        tell(&inbox, Err(notify::Error::generic("queue")));
        assert!(gathered(&inbox).is_some_and(|gathered| gathered.is_lost));
    }

    #[test]
    fn limits_are_told_with_what_raises_them() {
        let full = unwatched(&notify::Error::new(ErrorKind::MaxFilesWatch));
        assert!(
            matches!(&full, Unwatched::Refused(reason) if !cfg!(target_os = "linux") || reason.contains("max_user_watches"))
        );
        let gone = unwatched(&notify::Error::io(io::Error::from(io::ErrorKind::NotFound)));
        assert!(matches!(gone, Unwatched::Absent));
        let none = no_connection(&notify::Error::io(rustix::io::Errno::MFILE.into()));
        assert!(
            !cfg!(target_os = "linux") || none.contains("max_user_instances"),
            "{none}"
        );
    }
}
