//! Bounds the text that waits for an indexing thread.
//!
//! Tantivy's own queue is bounded in entries, not in bytes: ten thousand batches of whole files
//! would be gigabytes. The writing thread waits here; the indexing threads make room.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Most text in the queue, in bytes. Keeps two indexing threads busy for about half a second, so
/// that they never run dry while the next files are read.
const CAPACITY: usize = 16 << 20;

/// Longest wait for room. Every batch frees its bytes when it is indexed or thrown away; should
/// one be held up all the same, running over the limit is better than standing still.
const PATIENCE: Duration = Duration::from_secs(5);

/// The bytes in the queue.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    bytes: Mutex<usize>,
    room: Condvar,
}

impl Backlog {
    /// Waits for room and takes it until the ticket is dropped. A batch larger than the whole
    /// backlog is let in alone.
    pub(crate) fn enter(self: &Arc<Self>, bytes: usize) -> Arc<Ticket> {
        let guard = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut waiting, _) = self
            .room
            .wait_timeout_while(guard, PATIENCE, |waiting| *waiting > 0 && *waiting + bytes > CAPACITY)
            .unwrap_or_else(PoisonError::into_inner);
        *waiting += bytes;
        Arc::new(Ticket {
            backlog: Arc::clone(self),
            bytes,
        })
    }
}

/// The share of one batch.
#[derive(Debug)]
pub(crate) struct Ticket {
    backlog: Arc<Backlog>,
    bytes: usize,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut waiting = self.backlog.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        *waiting -= self.bytes;
        self.backlog.room.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread;

    #[test]
    fn a_batch_waits_until_there_is_room() {
        let backlog = Arc::new(Backlog::default());
        let first = backlog.enter(CAPACITY);
        let (entered_tx, entered_rx) = mpsc::sync_channel(1);
        let waiter = thread::spawn({
            let backlog = Arc::clone(&backlog);
            move || {
                let ticket = backlog.enter(1);
                entered_tx.send(()).expect("the test waits for it");
                drop(ticket);
            }
        });
        assert_eq!(entered_rx.try_recv(), Err(mpsc::TryRecvError::Empty));
        drop(first);
        entered_rx.recv().expect("room was made");
        waiter.join().expect("no panic");
        assert_eq!(*backlog.bytes.lock().expect("not poisoned"), 0);
    }

    #[test]
    fn an_over_large_batch_enters_alone() {
        let backlog = Arc::new(Backlog::default());
        drop(backlog.enter(CAPACITY * 3));
        assert_eq!(*backlog.bytes.lock().expect("not poisoned"), 0);
    }
}
