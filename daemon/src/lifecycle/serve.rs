//! From the claim to the end: runtime, engine, socket, drain.

use super::idle::{self, Patience};
use super::{Activity, Claim, Exit, StartError, notify, stop};
use crate::config::Settings;
use crate::info::DaemonInfo;
use crate::{rpc, wiring};
use codemem_engine::Engine;
use codemem_proto::startup::Startup;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::UnixListener;
use tokio_stream::wrappers::UnixListenerStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Longest that open calls may take to end once the daemon stops.
const DRAIN_CAP: Duration = Duration::from_secs(10);

/// Longest that jobs may take to reach a safe point and close their stores.
const JOBS_CAP: Duration = Duration::from_secs(20);

/// Threads of the runtime: calls only wait and convert, the work is elsewhere.
const RUNTIME_THREADS: usize = 2;

/// Lives until something ends it.
pub(crate) fn live(
    claim: &Claim,
    settings: &Settings,
    log_file: PathBuf,
    notify_socket: Option<&Path>,
    managed: bool,
) -> Exit {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(RUNTIME_THREADS)
        .thread_name("rpc")
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return Exit::Failed(StartError::Runtime(error)),
    };
    let exit = runtime.block_on(serve(claim, settings, log_file, notify_socket, managed));
    // What is left after its cap must not hold the process.
    runtime.shutdown_background();
    exit
}

async fn serve(
    claim: &Claim,
    settings: &Settings,
    log_file: PathBuf,
    notify_socket: Option<&Path>,
    managed: bool,
) -> Exit {
    let (stop, tracker) = (CancellationToken::new(), TaskTracker::new());
    let begin = || -> Result<(UnixListener, Engine), StartError> {
        let ports = wiring::ports(settings).map_err(|error| StartError::Open(Box::new(error)))?;
        let listener = claim.bind()?;
        let bound = UnixListener::from_std(listener);
        let listener = bound.map_err(|source| StartError::Bind {
            path: claim.socket(),
            source,
        })?;
        let config = wiring::engine_config(settings);
        let engine = Engine::start(ports, config, stop.child_token(), tracker.clone())
            .map_err(|error| StartError::Engine(Box::new(error)))?;
        Ok((listener, engine))
    };
    let (listener, engine) = match begin() {
        Ok(begun) => begun,
        Err(error) => return Exit::Failed(error),
    };
    let info = DaemonInfo {
        started: Instant::now(),
        socket: claim.socket(),
        data_dir: settings.directories.data().to_path_buf(),
        log_file,
        managed,
    };
    let activity = Activity::new();
    let signals = tokio::spawn(stop::on_signal(stop.clone()));
    let patience = Patience {
        unload: settings.unload_after,
        // A service manager would only start it again.
        end: settings.idle_timeout.filter(|_| !managed),
    };
    tracker.spawn(idle::watch(activity.clone(), engine.clone(), patience, stop.clone()));
    tracing::info!(pid = std::process::id(), version = env!("CARGO_PKG_VERSION"), "ready");
    notify(notify_socket, &Startup::Started);
    let services = rpc::router(&rpc::Context {
        engine,
        info: Arc::new(info),
        activity,
        stop: stop.clone(),
        tracker: tracker.clone(),
    });
    let serving =
        services.serve_with_incoming_shutdown(UnixListenerStream::new(listener), stop.clone().cancelled_owned());
    let drained = drain(serving, &stop).await;
    stop.cancel();
    tracker.close();
    let stopped = wait_for_jobs(&tracker).await;
    // Waits for a second signal for ever, and so until here.
    signals.abort();
    let _aborted = signals.await;
    tracing::info!(drained, stopped, "ended");
    if drained && stopped {
        Exit::Stopped
    } else {
        Exit::Forced
    }
}

/// Serves until stopped, then gives open calls their time; false when some were cut off.
async fn drain(serving: impl Future<Output = Result<(), tonic::transport::Error>>, stop: &CancellationToken) -> bool {
    let capped = async {
        stop.cancelled().await;
        tokio::time::sleep(DRAIN_CAP).await;
    };
    tokio::select! {
        result = serving => {
            if let Err(error) = result {
                tracing::error!(%error, "serving failed");
                return false;
            }
            true
        }
        () = capped => false,
    }
}

async fn wait_for_jobs(tracker: &TaskTracker) -> bool {
    tokio::time::timeout(JOBS_CAP, tracker.wait()).await.is_ok()
}
