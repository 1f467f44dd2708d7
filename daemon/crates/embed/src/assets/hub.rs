//! Fetching the default model from the model hub, for systems without pip.
//!
//! Blocks the calling thread, which stops within a read when the listener breaks off. What arrives is
//! checked by the import, against pinned hashes: nothing here needs to be believed.

use super::pins::{DEFAULT_MODEL, HUB_BYTES, HUB_FILES, HUB_OWNER};
use crate::error::EmbedError;
use crate::progress::{Progress, report};
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::Duration;
use ureq::Agent;

/// Where models are published.
const HUB: &str = "https://huggingface.co";

/// How long the other side may stay silent.
const PATIENCE: Duration = Duration::from_secs(30);

/// Bytes between two reports: several a second on a slow line.
const STEP: usize = 256 << 10;

/// Fetches the model's files into `dir`.
pub(super) fn fetch(endpoint: Option<&str>, dir: &Path, progress: Progress<'_>) -> Result<(), EmbedError> {
    let label = format!("fetching {DEFAULT_MODEL} from the model hub");
    let agent: Agent = Agent::config_builder()
        .timeout_connect(Some(PATIENCE))
        .timeout_per_read(Some(PATIENCE))
        .build()
        .into();
    let mut n_fetched = 0;
    for file in HUB_FILES {
        let url = format!(
            "{}/{HUB_OWNER}/{DEFAULT_MODEL}/resolve/main/{file}",
            endpoint.unwrap_or(HUB)
        );
        let mut arrived = |n_bytes: usize| {
            n_fetched += n_bytes as u64;
            report(progress, &label, n_fetched.min(HUB_BYTES), HUB_BYTES)
        };
        arrived(0)?;
        fetch_file(&agent, &url, file, &dir.join(file), &mut arrived)?;
    }
    Ok(())
}

fn fetch_file(
    agent: &Agent,
    url: &str,
    file: &str,
    target: &Path,
    arrived: &mut dyn FnMut(usize) -> Result<(), EmbedError>,
) -> Result<(), EmbedError> {
    let answer = agent.get(url).call().map_err(|error| hub(file, error))?;
    // A hub that sends without end is cut off; the import then refuses what there is.
    let mut body = answer.into_body().into_with_config().limit(HUB_BYTES).reader();
    let create = || {
        fs::create_dir_all(target.parent().unwrap_or(target))?;
        File::create(target)
    };
    let mut out = create().map_err(EmbedError::write(target))?;
    let mut piece = vec![0; STEP];
    loop {
        let n = body.read(&mut piece).map_err(|error| hub(file, error))?;
        if n == 0 {
            return Ok(());
        }
        out.write_all(&piece[..n]).map_err(EmbedError::write(target))?;
        arrived(n)?;
    }
}

fn hub(file: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> EmbedError {
    EmbedError::Hub {
        file: file.to_owned(),
        source: source.into(),
    }
}
