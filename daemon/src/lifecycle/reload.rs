//! SIGHUP: read the configuration again.
//!
//! A terminal that is closed sends the same signal to whatever runs in it; a daemon in the foreground
//! then ends, as its user expects.

use super::supervisor::Supervisor;
use crate::config::Handle;
use std::fs::File;
use std::sync::Arc;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Reads the configuration again at every SIGHUP, until the daemon ends. Listens from this call on: before
/// the first poll a SIGHUP would end the process.
pub(crate) fn on_hangup(
    settings: Handle,
    supervisor: Arc<Supervisor>,
    stop: CancellationToken,
) -> impl Future<Output = ()> {
    let hangup = signal(SignalKind::hangup());
    async move {
        match hangup {
            Ok(hangup) => listen(hangup, &settings, &supervisor, &stop).await,
            Err(error) => {
                tracing::error!(%error, "cannot listen for SIGHUP; `codemem config reload` still works");
            }
        }
    }
}

async fn listen(mut hangup: Signal, settings: &Handle, supervisor: &Supervisor, stop: &CancellationToken) {
    let had_terminal = has_terminal();
    loop {
        tokio::select! {
            _ = hangup.recv() => {}
            () = stop.cancelled() => return,
        }
        if had_terminal && !has_terminal() {
            tracing::info!("the terminal was closed, ending");
            stop.cancel();
            return;
        }
        let reloading = supervisor.reloading();
        // What went wrong is logged, and stays visible in `codemem status`.
        drop(settings.reload().await);
        drop(reloading);
    }
}

/// Whether the process has a terminal that could be closed.
fn has_terminal() -> bool {
    File::open("/dev/tty").is_ok()
}
