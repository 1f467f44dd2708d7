//! A few read-only connections, opened when they are first needed and shared by all reading threads.

use super::way::Way;
use rusqlite::Connection;
use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Most connections open at once: as many searches as a laptop has cores to run them. One more waits.
const MAX_READERS: usize = 4;

/// The pool.
pub(super) struct Readers {
    way: Way,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Connection>,
    n_open: usize,
}

impl Readers {
    pub(super) fn new(way: Way) -> Self {
        Self {
            way,
            state: Mutex::default(),
            freed: Condvar::new(),
        }
    }

    /// How the connections are opened.
    pub(super) fn way(&self) -> &Way {
        &self.way
    }

    /// Lends a connection, waiting while all are out.
    pub(super) fn take(&self) -> rusqlite::Result<Reader<'_>> {
        let mut state = self.lock();
        loop {
            if let Some(connection) = state.idle.pop() {
                return Ok(Reader {
                    pool: self,
                    connection: Some(connection),
                });
            }
            if state.n_open < MAX_READERS {
                break;
            }
            state = self.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.n_open += 1;
        drop(state);
        // The place is taken; from here on the guard gives it back, with or without a connection.
        let mut reader = Reader {
            pool: self,
            connection: None,
        };
        reader.connection = Some(self.way.open()?);
        Ok(reader)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A lent connection; goes back to the pool when dropped.
pub(super) struct Reader<'p> {
    pool: &'p Readers,
    connection: Option<Connection>,
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.lock();
        match self.connection.take() {
            Some(connection) => state.idle.push(connection),
            None => state.n_open -= 1,
        }
        drop(state);
        self.pool.freed.notify_one();
    }
}

impl Deref for Reader<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("a lent reader holds its connection")
    }
}

impl DerefMut for Reader<'_> {
    fn deref_mut(&mut self) -> &mut Connection {
        self.connection.as_mut().expect("a lent reader holds its connection")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_reused_bounded_and_a_failed_opening_gives_its_place_back() {
        let root = tempfile::tempdir().expect("temporary directory");
        let path = root.path().join("a.db");
        let readers = Readers::new(Way::Live(path.clone()));
        for _ in 0..2 * MAX_READERS {
            assert!(readers.take().is_err(), "the file is not there yet");
        }
        assert_eq!(readers.lock().n_open, 0);

        Connection::open(&path)
            .and_then(|connection| connection.execute_batch("CREATE TABLE a (x)"))
            .expect("created");
        let all: Vec<_> = (0..MAX_READERS).map(|_| readers.take().expect("lent")).collect();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                let reader = readers.take().expect("lent after one came back");
                reader.query_row("SELECT count(*) FROM a", [], |row| row.get::<_, i64>(0))
            });
            drop(all);
            assert_eq!(waiting.join().expect("no panic"), Ok(0));
        });
        let state = readers.lock();
        assert_eq!((state.n_open, state.idle.len()), (MAX_READERS, MAX_READERS));
    }
}
