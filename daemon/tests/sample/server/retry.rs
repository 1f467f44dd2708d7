//! Calling something again until it works.

use std::thread;
use std::time::Duration;

/// How often and how patiently to try.
pub struct RetryPolicy {
    pub attempts: u32,
    pub first_pause: Duration,
}

impl RetryPolicy {
    /// Calls `action` until it succeeds, doubling the pause after each failure.
    pub fn run<T, E>(&self, mut action: impl FnMut() -> Result<T, E>) -> Result<T, E> {
        let mut pause = self.first_pause;
        for _ in 1..self.attempts {
            if let Ok(value) = action() {
                return Ok(value);
            }
            thread::sleep(pause);
            pause *= 2;
        }
        action()
    }
}
