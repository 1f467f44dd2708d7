//! Making room for a service that took over the socket's path while this daemon was listening on it.
//!
//! No client reaches this daemon then, but as long as it holds the lock the service's daemon cannot start.

use super::claim::Bound;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often the path is looked at: clients of the service wait that long, and one `stat` costs nothing.
const LOOK: Duration = Duration::from_secs(2);

/// Cancels `stop` once another socket stands where this daemon's was bound.
pub(super) async fn watch(bound: Bound, stop: CancellationToken) {
    while !bound.is_replaced() {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = stop.cancelled() => return,
        }
    }
    tracing::info!("another program listens at the socket's path now, ending");
    stop.cancel();
}
