//! What happened since the last look: filled on the thread of `notify`, emptied on the root's own.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Most paths that are kept. Beyond them all that is known is that anything may have changed. Many more than a hint
/// names, because what is left out by the rules is among them; about four megabytes.
const MOST_PATHS: usize = 16 * 1024;

/// How a path may have changed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Change {
    /// It came, went, or got another name.
    pub(super) is_structure: bool,
    /// It was written.
    pub(super) is_content: bool,
}

impl Change {
    /// It came, went, or got another name.
    pub(super) const STRUCTURE: Self = Self {
        is_structure: true,
        is_content: false,
    };
    /// It was written.
    pub(super) const CONTENT: Self = Self {
        is_structure: false,
        is_content: true,
    };
    /// Its times, its owner or its permissions changed.
    pub(super) const METADATA: Self = Self {
        is_structure: false,
        is_content: false,
    };

    fn with(self, other: Self) -> Self {
        Self {
            is_structure: self.is_structure || other.is_structure,
            is_content: self.is_content || other.is_content,
        }
    }
}

/// Paths that may have changed.
#[derive(Default, Debug)]
pub(super) struct Gathered {
    /// Absolute, each with all that happened to it.
    pub(super) paths: HashMap<PathBuf, Change>,
    /// Events were lost, or there were more than are kept; no path is then.
    pub(super) is_lost: bool,
}

impl Gathered {
    pub(super) fn is_empty(&self) -> bool {
        self.paths.is_empty() && !self.is_lost
    }

    pub(super) fn put(&mut self, path: PathBuf, change: Change) {
        if self.is_lost {
            return;
        }
        let known = self.paths.entry(path).or_default();
        *known = known.with(change);
        if self.paths.len() > MOST_PATHS {
            self.lose();
        }
    }

    pub(super) fn merge(&mut self, later: Self) {
        if later.is_lost {
            self.lose();
        }
        for (path, change) in later.paths {
            self.put(path, change);
        }
    }

    fn lose(&mut self) {
        self.is_lost = true;
        self.paths = HashMap::new();
    }
}

/// What the root's thread is woken for.
pub(super) enum Next {
    /// Nobody wants hints any more.
    Ended,
    /// The time that it asked for has come.
    Time,
    /// Something happened, and then nothing for a while.
    Changes(Gathered),
}

/// See the module.
#[derive(Default)]
pub(super) struct Inbox {
    state: Mutex<State>,
    woken: Condvar,
}

#[derive(Default)]
struct State {
    gathered: Gathered,
    /// Times of the first and the last event of what is gathered.
    span: Option<(Instant, Instant)>,
    /// The root's thread is at what was gathered before.
    is_taken: bool,
    is_ended: bool,
}

impl Inbox {
    /// A path may have changed.
    pub(super) fn put(&self, path: PathBuf, change: Change) {
        self.gather(|gathered| gathered.put(path, change));
    }

    /// Events were lost.
    pub(super) fn lose(&self) {
        self.gather(Gathered::lose);
    }

    fn gather(&self, add: impl FnOnce(&mut Gathered)) {
        let now = Instant::now();
        let mut state = self.lock();
        add(&mut state.gathered);
        let first = state.span.map(|(first, _)| first);
        state.span = Some((first.unwrap_or(now), now));
        drop(state);
        // Who waits for a quiet moment has set itself a time.
        if first.is_none() {
            self.woken.notify_one();
        }
    }

    /// Whether something has happened that the root's thread is not done with.
    pub(super) fn is_gathering(&self) -> bool {
        let state = self.lock();
        state.span.is_some() || state.is_taken
    }

    /// Wakes the root's thread for good.
    pub(super) fn end(&self) {
        self.lock().is_ended = true;
        self.woken.notify_one();
    }

    /// Whether the root's thread is to end.
    pub(super) fn is_ended(&self) -> bool {
        self.lock().is_ended
    }

    /// Waits for something to happen, and until nothing has for `quiet`, but no longer than `longest` after the first;
    /// or until a time while nothing happens.
    pub(super) fn next(&self, until: Option<Instant>, quiet: Duration, longest: Duration) -> Next {
        let mut state = self.lock();
        state.is_taken = false;
        loop {
            if state.is_ended {
                return Next::Ended;
            }
            let now = Instant::now();
            let due = state.span.map(|(first, last)| (last + quiet).min(first + longest));
            if due.is_some_and(|due| due <= now) {
                state.span = None;
                state.is_taken = true;
                return Next::Changes(std::mem::take(&mut state.gathered));
            }
            state = match due.or(until) {
                Some(time) if time <= now => return Next::Time,
                Some(time) => {
                    let (state, _) = self
                        .woken
                        .wait_timeout(state, time - now)
                        .unwrap_or_else(PoisonError::into_inner);
                    state
                }
                None => self.woken.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_to_a_path_adds_up() {
        let mut gathered = Gathered::default();
        gathered.put("a".into(), Change::METADATA);
        gathered.put("a".into(), Change::CONTENT);
        gathered.put("b".into(), Change::STRUCTURE);
        let mut later = Gathered::default();
        later.put("a".into(), Change::STRUCTURE);
        gathered.merge(later);
        assert_eq!(gathered.paths.len(), 2);
        assert_eq!(
            gathered.paths[&PathBuf::from("a")],
            Change::STRUCTURE.with(Change::CONTENT)
        );
    }

    #[test]
    fn more_than_is_kept_is_only_a_fact() {
        let inbox = Inbox::default();
        for n in 0..2 * MOST_PATHS {
            inbox.put(n.to_string().into(), Change::CONTENT);
        }
        let Next::Changes(gathered) = inbox.next(None, Duration::ZERO, Duration::ZERO) else {
            panic!("nothing gathered");
        };
        assert!(gathered.is_lost && gathered.paths.is_empty() && !gathered.is_empty());
    }

    #[test]
    fn waiting_ends_with_the_time_the_quiet_or_the_end() {
        let inbox = Inbox::default();
        let now = Instant::now();
        let hour = Duration::from_hours(1);
        assert!(matches!(inbox.next(Some(now), hour, hour), Next::Time));
        inbox.put("a".into(), Change::CONTENT);
        assert!(matches!(
            inbox.next(Some(now + hour), Duration::ZERO, hour),
            Next::Changes(_)
        ));
        assert!(inbox.is_gathering(), "the thread has not come back for more");
        assert!(matches!(inbox.next(Some(now), hour, hour), Next::Time));
        assert!(!inbox.is_gathering());
        inbox.put("a".into(), Change::CONTENT);
        assert!(inbox.is_gathering());
        assert!(matches!(inbox.next(Some(now), hour, Duration::ZERO), Next::Changes(_)));
        inbox.end();
        assert!(matches!(inbox.next(None, hour, hour), Next::Ended));
    }
}
