//! ONNX Runtime inside this process.
//!
//! A process loads one library, once, and keeps it: the first successful call decides. The lock is
//! held only while the library is being loaded, never during inference.

use crate::error::EmbedError;
use ort::environment::Environment;
use ort::logging::LogLevel;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

struct Loaded {
    path: PathBuf,
    environment: Environment,
}

static LOADED: Mutex<Option<Loaded>> = Mutex::new(None);

/// The runtime of this process, loaded from `path` when there is none yet.
///
/// Another library than the one already loaded takes effect when the process starts again; that is logged.
pub(crate) fn environment(path: &Path) -> Result<Environment, EmbedError> {
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(loaded) = &*loaded {
        if loaded.path != path {
            tracing::warn!(
                in_use = %loaded.path.display(),
                asked = %path.display(),
                "another ONNX Runtime library is already loaded; the new one is used after a restart"
            );
        }
        return Ok(loaded.environment.clone());
    }
    let environment = load(path)?;
    tracing::info!(library = %path.display(), "loaded ONNX Runtime");
    *loaded = Some(Loaded {
        path: path.to_owned(),
        environment: environment.clone(),
    });
    Ok(environment)
}

/// The runtime of this process, if one is loaded.
pub(crate) fn loaded() -> Option<Environment> {
    let loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    loaded.as_ref().map(|loaded| loaded.environment.clone())
}

fn load(path: &Path) -> Result<Environment, EmbedError> {
    let library = |source: Box<dyn std::error::Error + Send + Sync>| EmbedError::Library {
        path: path.to_owned(),
        source,
    };
    ort::init_from(path)
        .map_err(|error| library(Box::new(error)))?
        .with_name("codemem")
        .with_telemetry(false)
        .with_logger(Arc::new(log))
        .build()
        .map_err(|error| library(Box::new(error)))
}

/// The runtime's own messages; it calls this from its threads.
fn log(level: LogLevel, _category: &str, _id: &str, _location: &str, message: &str) {
    match level {
        LogLevel::Verbose | LogLevel::Info => tracing::trace!(target: "onnxruntime", "{message}"),
        LogLevel::Warning => tracing::debug!(target: "onnxruntime", "{message}"),
        LogLevel::Error | LogLevel::Fatal => tracing::warn!(target: "onnxruntime", "{message}"),
    }
}
