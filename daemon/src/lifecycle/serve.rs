//! From the claim to the end: runtime, engine, socket, drain.

use super::idle::{self, Patience};
use super::supervisor::Supervisor;
use super::{Activity, Claim, Exit, Handover, StartError, notify, reload, stop, takeover};
use crate::config::{self, Configuration, InForce};
use crate::info::DaemonInfo;
use crate::logging::LogControl;
use crate::wiring::Knobs;
use crate::{rpc, wiring};
use codemem_core::error::chain;
use codemem_engine::Engine;
use codemem_engine::memory::Memories;
use codemem_proto::startup::Startup;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::UnixListener;
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
    configuration: Configuration,
    logs: LogControl,
    notify_socket: Option<&Path>,
    handover: &Handover,
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
    let exit = runtime.block_on(serve(claim, configuration, logs, notify_socket, handover));
    // What is left after its cap must not hold the process.
    runtime.shutdown_background();
    exit
}

async fn serve(
    claim: &Claim,
    configuration: Configuration,
    logs: LogControl,
    notify_socket: Option<&Path>,
    handover: &Handover,
) -> Exit {
    let (managed, supervisor) = (handover.is_managed(), handover.supervisor());
    let settings = configuration.settings().clone();
    let (stop, tracker) = (CancellationToken::new(), TaskTracker::new());
    let begin = || -> Result<(UnixListener, Engine, Memories, Knobs), StartError> {
        let (ports, store, knobs) =
            wiring::ports(&settings, configuration.env()).map_err(|error| StartError::Open(Box::new(error)))?;
        let listener = claim.listen(handover)?;
        let bound = UnixListener::from_std(listener);
        let listener = bound.map_err(|source| StartError::Bind {
            path: claim.socket(),
            source,
        })?;
        let config = wiring::engine_config(&settings);
        let engine = Engine::start(ports, config, stop.child_token(), tracker.clone())
            .map_err(|error| StartError::Engine(Box::new(error)))?;
        let memories = Memories::start(store, engine.clone(), stop.child_token(), tracker.clone());
        Ok((listener, engine, memories, knobs))
    };
    let (listener, engine, memories, knobs) = match begin() {
        Ok(begun) => begun,
        Err(error) => return Exit::Failed(error),
    };
    let info = DaemonInfo {
        started: Instant::now(),
        socket: claim.socket(),
        data_dir: settings.directories.data().to_path_buf(),
        directories: settings.directories.clone(),
        is_read_only: settings.read_only,
        managed,
    };
    let activity = Activity::new();
    let signals = tokio::spawn(stop::on_signal(stop.clone()));
    let grammars = knobs.grammars();
    let settings = own_settings(configuration, &engine, knobs, &logs, &tracker, &stop);
    tracker.spawn(reload::on_hangup(
        settings.clone(),
        Arc::clone(supervisor),
        stop.clone(),
    ));
    tracker.spawn(idle::watch(
        activity.clone(),
        engine.clone(),
        Patience::new(settings.subscribe(), managed),
        stop.clone(),
    ));
    if let Some(bound) = claim.bound() {
        tracker.spawn(takeover::watch(bound, stop.clone()));
    }
    tracing::info!(pid = std::process::id(), version = env!("CARGO_PKG_VERSION"), "ready");
    claim.forget_failure();
    notify(notify_socket, &Startup::Started);
    supervisor.ready("accepting connections");
    let probe = {
        let engine = engine.clone();
        move || {
            let engine = engine.clone();
            async move { engine.probe().await.map_err(|error| error.chain()) }
        }
    };
    let services = rpc::router(&rpc::Context {
        engine,
        memories,
        info: Arc::new(info),
        grammars,
        settings,
        logs,
        activity,
        stop: stop.clone(),
        tracker: tracker.clone(),
    });
    let (incoming, accept) = rpc::connections(listener, rpc::Admission::of_process(), stop.clone());
    tracker.spawn(accept);
    let serving = services.serve_with_incoming_shutdown(incoming, stop.clone().cancelled_owned());
    let alive = tokio::spawn({
        let (supervisor, stop) = (Arc::clone(supervisor), stop.clone());
        async move { supervisor.keep_alive(probe, stop).await }
    });
    let drained = drain(serving, supervisor, &stop).await;
    stop.cancel();
    supervisor.stopping();
    tracker.close();
    let stopped = wait_for_jobs(&tracker).await;
    alive.abort();
    let _aborted = alive.await;
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

/// Starts the owner of the settings, which brings the daemon in line whenever they change.
fn own_settings(
    configuration: Configuration,
    engine: &Engine,
    knobs: Knobs,
    logs: &LogControl,
    tracker: &TaskTracker,
    stop: &CancellationToken,
) -> config::Handle {
    let (engine, logs) = (engine.clone(), logs.clone());
    let apply = move |in_force: &InForce| {
        logs.follow(&in_force.log_filter(), &in_force.settings);
        knobs.turn(&in_force.settings);
        engine.reconfigure(wiring::engine_config(&in_force.settings));
    };
    let (owner, handle) = config::Owner::new(configuration, Box::new(apply));
    tracker.spawn(owner.run(stop.clone()));
    handle
}

/// Serves until stopped, then gives open calls their time; false when some were cut off.
async fn drain(
    serving: impl Future<Output = Result<(), tonic::transport::Error>>,
    supervisor: &Supervisor,
    stop: &CancellationToken,
) -> bool {
    let capped = async {
        stop.cancelled().await;
        supervisor.stopping();
        tokio::time::sleep(DRAIN_CAP).await;
    };
    tokio::select! {
        result = serving => {
            if let Err(error) = result {
                tracing::error!(error = chain(&error), "serving failed");
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
