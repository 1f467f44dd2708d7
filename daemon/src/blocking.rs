//! The way from async code to what blocks.

use tokio::task::JoinHandle;

/// Runs what blocks on one of the runtime's blocking threads, inside the span that is current here.
pub(crate) fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let span = tracing::Span::current();
    tokio::task::spawn_blocking(move || span.in_scope(work))
}
