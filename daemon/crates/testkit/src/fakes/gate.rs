//! A place where a fake's call waits for a test.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, PoisonError};

/// Two meetings of one call and its test: when the call comes, and before it goes on.
#[derive(Debug)]
pub struct Gate {
    barrier: Barrier,
    n_came: AtomicUsize,
}

impl Gate {
    /// Waits, without keeping the runtime waiting, until a call comes; the next time, lets it go on.
    pub async fn meet(self: &Arc<Self>) {
        let gate = Arc::clone(self);
        let met = tokio::task::spawn_blocking(move || gate.barrier.wait());
        met.await.expect("a barrier does not panic");
    }

    /// How many calls came.
    pub fn n_came(&self) -> usize {
        self.n_came.load(Ordering::SeqCst)
    }
}

/// Where a fake looks whether its call has to wait.
#[derive(Default, Debug)]
pub(super) struct Gateway(Mutex<Option<Arc<Gate>>>);

impl Gateway {
    /// From now on calls wait at the gate.
    pub(super) fn close(&self) -> Arc<Gate> {
        let gate = Arc::new(Gate {
            barrier: Barrier::new(2),
            n_came: AtomicUsize::new(0),
        });
        *self.lock() = Some(Arc::clone(&gate));
        gate
    }

    /// Waits if calls have to.
    pub(super) fn pass(&self) {
        let gate = self.lock().clone();
        wait(gate);
    }

    /// Waits if calls have to, and is the last one that does.
    pub(super) fn pass_last(&self) {
        let gate = self.lock().take();
        wait(gate);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<Gate>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wait(gate: Option<Arc<Gate>>) {
    if let Some(gate) = gate {
        gate.n_came.fetch_add(1, Ordering::SeqCst);
        gate.barrier.wait();
        gate.barrier.wait();
    }
}
