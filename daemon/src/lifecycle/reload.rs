//! SIGHUP: read the configuration again.
//!
//! A terminal that is closed sends the same signal to whatever runs in it; a daemon in the foreground
//! then ends, as its user expects, unless it was started to outlive the terminal, as `nohup` does.

use super::supervisor::Supervisor;
use crate::config::Handle;
use std::ffi::c_int;
use std::fs::File;
use std::sync::Arc;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// What C's `signal` takes and returns in the place of a handler for a signal that is ignored.
const SIG_IGN: usize = 1;

unsafe extern "C" {
    /// Sets what a signal does from now on, and returns what it did.
    #[link_name = "signal"]
    fn set_handler(number: c_int, handler: usize) -> usize;
}

/// Reads the configuration again at every SIGHUP, until the daemon ends. Listens from this call on: before
/// the first poll a SIGHUP would end the process.
pub(crate) fn on_hangup(
    settings: Handle,
    supervisor: Arc<Supervisor>,
    stop: CancellationToken,
) -> impl Future<Output = ()> {
    // Before the next line puts a handler in its place, and while the terminal is there: later it may have been closed.
    let lives_in_terminal = !ignores_hangup() && has_terminal();
    let hangup = signal(SignalKind::hangup());
    async move {
        match hangup {
            Ok(hangup) => listen(hangup, lives_in_terminal, &settings, &supervisor, &stop).await,
            Err(error) => {
                tracing::error!(%error, "cannot listen for SIGHUP; `codemem config reload` still works");
            }
        }
    }
}

async fn listen(
    mut hangup: Signal,
    lives_in_terminal: bool,
    settings: &Handle,
    supervisor: &Supervisor,
    stop: &CancellationToken,
) {
    loop {
        tokio::select! {
            _ = hangup.recv() => {}
            () = stop.cancelled() => return,
        }
        if lives_in_terminal && !has_terminal() {
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

/// Whether whoever started the process had it ignore SIGHUP. Asking means setting, so what was found is put
/// back.
fn ignores_hangup() -> bool {
    let number = SignalKind::hangup().as_raw_value();
    // SAFETY: ignoring a signal runs no code of ours, and no handler for this one exists yet.
    let before = unsafe { set_handler(number, SIG_IGN) };
    if before != SIG_IGN {
        // SAFETY: the value is the one that the system just gave for this signal.
        unsafe { set_handler(number, before) };
    }
    before == SIG_IGN
}

/// Whether the process has a terminal that could be closed.
fn has_terminal() -> bool {
    File::open("/dev/tty").is_ok()
}
