//! Turns a panic into an answer: a client that gets none waits for ever.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// Runs a future to its end; `None` when it panicked. The panic's message is on stderr by then.
pub(crate) async fn caught<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    std::future::poll_fn(|context| {
        // What a panic leaves half done is dropped with the future, which is not polled again.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(value)) => Poll::Ready(Some(value)),
            Err(_) => Poll::Ready(None),
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn panics_are_caught_wherever_they_come() {
        assert_eq!(caught(async { 7 }).await, Some(7));
        let at_once = caught(async { panic!("on purpose") });
        assert_eq!(at_once.await, None::<()>);
        let later = caught(async {
            tokio::task::yield_now().await;
            panic!("on purpose")
        });
        assert_eq!(later.await, None::<()>);
    }
}
