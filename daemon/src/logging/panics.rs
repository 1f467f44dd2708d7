//! Panics go to the log: where at error level, and what only at debug level, for the message of a
//! panic may quote the text that it choked on.

use std::panic;
use std::thread;

/// Replaces the default hook, which would write the message to standard error.
pub(super) fn log() {
    panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        let thread = thread::current().name().unwrap_or_default().to_owned();
        tracing::error!(at, thread, "a panic; at debug level the log has its message");
        let message = panic.payload_as_str().unwrap_or_default();
        tracing::debug!(at, message, "the panic's message");
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logging::tests::logged;
    use tracing::Level;

    #[test]
    fn the_message_of_a_panic_stays_below_info() {
        for (level, has_message) in [(Level::INFO, false), (Level::DEBUG, true)] {
            let before = panic::take_hook();
            log();
            let text = logged(level, || {
                drop(panic::catch_unwind(|| panic!("choked on `zanzibar`")));
            });
            panic::set_hook(before);
            assert!(text.contains("a panic") && text.contains("panics.rs:"), "{text}");
            assert_eq!(text.contains("zanzibar"), has_message, "{text}");
        }
    }
}
