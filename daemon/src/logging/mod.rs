//! Logs: files that are rotated by day and by size, and standard error when a person watches.
//!
//! Lines are handed to a thread of their own through a bounded queue; when it is full, lines are
//! dropped rather than waited for. A log that cannot be written stops nothing: `codemem status` tells.
//! Nothing of queries, code or memories is logged above debug level.

mod files;
mod panics;

use crate::config::{LogFormat, Settings};
use files::{Face, Limits, Writer};
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::time::SystemTime;
use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::Directive;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

/// The target of the spans that tell which request a line belongs to; they are kept at every level.
pub(crate) const REQUEST_TARGET: &str = "codemem::request";

/// Lines that may wait for the disk: a burst of a second, a few megabytes at most.
const LINES_WAITING: usize = 8 * 1024;

/// Keeps the log writer alive; dropping it writes what is buffered.
pub(crate) struct Logs {
    control: LogControl,
    _guard: WorkerGuard,
}

/// What can be asked and changed while the daemon runs. Cheap to clone.
#[derive(Clone)]
pub(crate) struct LogControl {
    filter: reload::Handle<EnvFilter, Registry>,
    face: Face,
}

/// Starts logging for the life of the process.
pub(crate) fn init(settings: &Settings, to_stderr: bool) -> Logs {
    let face = Face::new(settings.directories.logs(), limits(settings));
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(LINES_WAITING)
        .thread_name("logs")
        .finish(Writer::new(face.clone(), now));
    let (filter, handle) = reload::Layer::new(filter(&settings.log));
    let to_file = fmt::layer()
        .with_writer(writer)
        .with_ansi(false)
        .with_thread_names(true);
    let to_file = match settings.log_format {
        LogFormat::Text => to_file.boxed(),
        LogFormat::Json => to_file.json().with_current_span(false).boxed(),
    };
    let to_stderr = to_stderr.then(|| {
        fmt::layer()
            .with_writer(io::stderr)
            .with_ansi(io::stderr().is_terminal())
    });
    tracing_subscriber::registry()
        .with(filter)
        .with(to_file)
        .with(to_stderr)
        .init();
    panics::log();
    Logs {
        control: LogControl { filter: handle, face },
        _guard: guard,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "log files are named after the day they are written on"
)]
fn now() -> SystemTime {
    SystemTime::now()
}

fn limits(settings: &Settings) -> Limits {
    Limits {
        n_files: settings.log_max_files,
        file_bytes: settings.log_max_file_bytes,
        total_bytes: settings.log_max_total_bytes,
    }
}

/// A filter that the configuration has checked, with the spans of requests let through.
fn filter(text: &str) -> EnvFilter {
    let requests: Directive = format!("{REQUEST_TARGET}=error").parse().expect("a target and a level");
    EnvFilter::try_new(text)
        .unwrap_or_else(|_| EnvFilter::default().add_directive(LevelFilter::INFO.into()))
        .add_directive(requests)
}

impl Logs {
    /// The way to what can be changed.
    pub(crate) fn control(&self) -> LogControl {
        self.control.clone()
    }
}

impl LogControl {
    /// The file that is written now, or was last; the directory before the first line.
    pub(crate) fn file(&self) -> PathBuf {
        self.face.file()
    }

    /// Why lines are being lost, when they are.
    pub(crate) fn problem(&self) -> Option<String> {
        self.face.problem()
    }

    /// Follows another filter and other limits from now on.
    pub(crate) fn follow(&self, text: &str, settings: &Settings) {
        self.face.limit(limits(settings));
        // Fails only when logging has ended, and then there is nothing to filter.
        let _ended = self.filter.reload(filter(text));
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::io::Write;
    use std::sync::{Arc, Mutex};
    use tracing::Level;

    #[derive(Clone, Default)]
    struct Capture(Arc<Mutex<Vec<u8>>>);

    impl Write for Capture {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("whole").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What some work logs at a level and above.
    pub(crate) fn logged(level: Level, work: impl FnOnce()) -> String {
        let capture = Capture::default();
        let writer = capture.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(level)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, work);
        let bytes = capture.0.lock().expect("whole").clone();
        String::from_utf8(bytes).expect("UTF-8")
    }

    #[test]
    fn requests_are_told_apart_at_every_level() {
        for (text, enabled) in [
            ("warn", true),
            ("off", false),
            ("codemem_engine=debug", false),
            ("info", true),
        ] {
            let subscriber = tracing_subscriber::registry().with(filter(text));
            tracing::subscriber::with_default(subscriber, || {
                let span = tracing::error_span!(target: REQUEST_TARGET, "request", id = "1");
                assert!(!span.is_disabled(), "{text}");
                assert_eq!(tracing::enabled!(tracing::Level::WARN), enabled, "{text}");
            });
        }
    }
}
