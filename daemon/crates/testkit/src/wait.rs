//! Waiting for a condition with a bound, instead of sleeping and hoping.

use std::time::{Duration, Instant};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// Waits until `condition` gives a value; panics with `what` when that takes longer than `patience`.
pub fn wait_for<T>(what: &str, patience: Duration, mut condition: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(began.elapsed() < patience, "waited {patience:?} in vain for {what}");
        std::thread::sleep(PAUSE);
    }
}

/// Waits until `condition` holds.
pub fn wait_until(what: &str, patience: Duration, mut condition: impl FnMut() -> bool) {
    wait_for(what, patience, || condition().then_some(()));
}
