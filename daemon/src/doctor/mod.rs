//! Looks at everything the daemon depends on and says what it found, with the remedy.
//!
//! Runs on a blocking thread per call. It changes nothing but a probe file that it deletes at once,
//! and loads the model to see that it works; the idle watch unloads it again.

mod configuration;
mod directories;
mod limits;
pub(crate) mod memories;
mod models;
pub(crate) mod stores;
pub(crate) mod watching;

use crate::config::Handle;
use crate::logging::LogControl;
use codemem_core::ports::Grammars;
use codemem_engine::Engine;
use codemem_proto::dirs::Directories;
use std::ops::ControlFlow;
use std::sync::Arc;

/// How one thing is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// As it should be.
    Good,
    /// It works, but not as well as it could.
    Warning,
    /// Something does not work.
    Bad,
}

/// What was found out about one thing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Finding {
    /// The thing, in a stable lower-case name.
    pub(crate) subject: &'static str,
    pub(crate) verdict: Verdict,
    /// What was found, for a person.
    pub(crate) detail: String,
    /// What to do; empty where there is nothing to do.
    pub(crate) remedy: String,
}

impl Finding {
    fn good(subject: &'static str, detail: impl Into<String>) -> Self {
        Self {
            subject,
            verdict: Verdict::Good,
            detail: detail.into(),
            remedy: String::new(),
        }
    }

    fn warning(subject: &'static str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            subject,
            verdict: Verdict::Warning,
            detail: detail.into(),
            remedy: remedy.into(),
        }
    }

    fn bad(subject: &'static str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Bad,
            ..Self::warning(subject, detail, remedy)
        }
    }
}

/// What is looked at.
pub(crate) struct Patient {
    pub(crate) engine: Engine,
    pub(crate) directories: Directories,
    /// Whether nothing below the data directory may be changed, for a moment either.
    pub(crate) is_read_only: bool,
    pub(crate) settings: Handle,
    pub(crate) logs: LogControl,
    pub(crate) grammars: Arc<dyn Grammars>,
}

/// Hands over what is quick to know, each finding as soon as it is known; whoever takes them may break off
/// between two. What asks the engine's actors comes after it, from [`watching::examine`] and [`stores::examine`].
pub(crate) fn examine(patient: &Patient, give: &mut dyn FnMut(Finding) -> ControlFlow<()>) -> ControlFlow<()> {
    configuration::examine(patient).try_for_each(&mut *give)?;
    directories::examine(&patient.directories, patient.is_read_only).try_for_each(&mut *give)?;
    limits::examine().try_for_each(&mut *give)?;
    models::examine(&patient.engine).try_for_each(give)
}

/// Bytes for a person.
fn size(bytes: u64) -> String {
    let mebibytes = bytes as f64 / 1024.0 / 1024.0;
    if mebibytes < 1024.0 {
        format!("{mebibytes:.0} MiB")
    } else {
        format!("{:.1} GiB", mebibytes / 1024.0)
    }
}
