//! Fetching the default model from the model hub, for systems without pip.
//!
//! The hub's client blocks, so it runs on a thread of its own (`model-hub`) while the calling thread
//! watches the files grow. When the listener breaks off, the file in transit is finished first.

use super::files;
use super::pins::{DEFAULT_MODEL, HUB_BYTES, HUB_FILES, HUB_OWNER};
use crate::error::EmbedError;
use crate::progress::{Progress, report};
use crossbeam_channel::{RecvTimeoutError, bounded};
use hf_hub::HFClient;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// How often progress is reported.
const TICK: Duration = Duration::from_millis(200);

/// Fetches the model's files into `dir`. What arrives is not checked here.
pub(super) fn fetch(endpoint: Option<&str>, dir: &Path, progress: Progress<'_>) -> Result<(), EmbedError> {
    let label = format!("fetching {DEFAULT_MODEL} from the model hub");
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let (done_tx, done_rx) = bounded(1);
        let stop_download = &stop;
        let download = move || {
            let answer = download(endpoint, dir, stop_download);
            // The other side waits for this as long as the thread lives.
            let _heard = done_tx.send(answer);
        };
        thread::Builder::new()
            .name("model-hub".to_owned())
            .spawn_scoped(scope, download)
            .map_err(|error| hub("model-hub", error))?;
        loop {
            let told = report(progress, &label, files::tree_bytes(dir).min(HUB_BYTES), HUB_BYTES);
            if told.is_err() {
                stop.store(true, Ordering::Relaxed);
                return told;
            }
            match done_rx.recv_timeout(TICK) {
                Ok(answer) => return answer,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(hub("model-hub", "the download broke down")),
            }
        }
    })
}

fn download(endpoint: Option<&str>, dir: &Path, stop: &AtomicBool) -> Result<(), EmbedError> {
    let mut builder = HFClient::builder().cache_enabled(false);
    if let Some(endpoint) = endpoint {
        builder = builder.endpoint(endpoint);
    }
    let client = builder.build_sync().map_err(|error| hub("model-hub", error))?;
    let model = client.model(HUB_OWNER, DEFAULT_MODEL);
    for file in HUB_FILES {
        if stop.load(Ordering::Relaxed) {
            return Err(EmbedError::Cancelled);
        }
        model
            .download_file()
            .filename(file)
            .local_dir(dir.to_owned())
            .send()
            .map_err(|error| hub(file, error))?;
    }
    Ok(())
}

fn hub(file: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> EmbedError {
    EmbedError::Hub {
        file: file.to_owned(),
        source: source.into(),
    }
}
