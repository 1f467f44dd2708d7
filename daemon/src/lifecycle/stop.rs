//! What ends the daemon, and that it ends.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Exit code after a second signal: 128 + SIGTERM, as shells report it.
const IMPATIENT: i32 = 143;

/// Cancels `stop` at the first SIGTERM or SIGINT, and ends the process at the second.
pub(crate) async fn on_signal(stop: CancellationToken) {
    let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        tracing::error!("cannot listen for signals; the Shutdown call still works");
        return;
    };
    let mut patient = true;
    loop {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        if !patient {
            tracing::warn!("a second signal, ending at once");
            #[expect(
                clippy::exit,
                reason = "the user asked twice; whatever still runs is what they do not want to wait for"
            )]
            std::process::exit(IMPATIENT);
        }
        tracing::info!("a signal, ending");
        patient = false;
        stop.cancel();
    }
}
