//! How a starting daemon tells the client that started it how it went.
//!
//! The client listens on a private socket and passes its path with `--notify`. The daemon connects,
//! writes one encoded [`StartupReport`] and closes; the client reads to the end. No length goes
//! before it: the end of the stream is the frame. The daemon side blocks, before its runtime exists.

use crate::v1::StartupReport;
use crate::v1::startup_report::Outcome;
use prost::Message as _;
use std::io::{self, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Most bytes a report may have: two sentences and a path fit many times over.
pub const MAX_REPORT_BYTES: usize = 64 * 1024;

/// How long the daemon tries to hand the report over; whoever listens reads at once or is gone.
const WRITE_TIMEOUT: Duration = Duration::from_secs(2);

/// Why bytes are not a report.
#[derive(thiserror::Error, Debug)]
pub enum ReportError {
    /// The stream ended before anything was written: the daemon died.
    #[error("the daemon ended without a report")]
    Empty,
    /// Not an encoded report.
    #[error("the daemon's report cannot be read")]
    Malformed(#[source] prost::DecodeError),
    /// A report without an outcome this program knows.
    #[error("the daemon's report has an unknown outcome: {0}")]
    UnknownOutcome(i32),
}

/// How starting went.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Startup {
    /// It accepts connections.
    Started,
    /// Another daemon holds the lock.
    AlreadyRunning,
    /// It could not start.
    Failed {
        /// What failed, with its causes.
        reason: String,
        /// What to do about it; may be empty.
        hint: String,
    },
}

impl Startup {
    /// The bytes that go over the socket.
    pub fn encode(&self) -> Vec<u8> {
        let (outcome, reason, hint) = match self {
            Self::Started => (Outcome::Started, "", ""),
            Self::AlreadyRunning => (Outcome::AlreadyRunning, "", ""),
            Self::Failed { reason, hint } => (Outcome::Failed, reason.as_str(), hint.as_str()),
        };
        StartupReport {
            outcome: outcome.into(),
            reason: reason.to_owned(),
            hint: hint.to_owned(),
        }
        .encode_to_vec()
    }

    /// Reads what [`Self::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Result<Self, ReportError> {
        if bytes.is_empty() {
            return Err(ReportError::Empty);
        }
        let report = StartupReport::decode(bytes).map_err(ReportError::Malformed)?;
        match Outcome::try_from(report.outcome) {
            Ok(Outcome::Started) => Ok(Self::Started),
            Ok(Outcome::AlreadyRunning) => Ok(Self::AlreadyRunning),
            Ok(Outcome::Failed) => Ok(Self::Failed {
                reason: report.reason,
                hint: report.hint,
            }),
            Ok(Outcome::Unspecified) | Err(_) => Err(ReportError::UnknownOutcome(report.outcome)),
        }
    }

    /// Hands the report to the client that listens at `socket`. Blocks for at most a few seconds.
    ///
    /// A client that is gone is no reason to stop: the caller logs the error and goes on.
    pub fn send(&self, socket: &Path) -> io::Result<()> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
        stream.write_all(&self.encode())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;
    use std::os::unix::net::UnixListener;

    #[test]
    fn reports_come_back_as_they_were_sent() {
        let directory = tempfile::tempdir().expect("directory");
        let socket = directory.path().join("notify");
        let listener = UnixListener::bind(&socket).expect("bound");
        for report in [
            Startup::Started,
            Startup::AlreadyRunning,
            Startup::Failed {
                reason: "cannot open `/x`: über".to_owned(),
                hint: "free some room".to_owned(),
            },
        ] {
            report.send(&socket).expect("sent");
            let mut bytes = Vec::new();
            let (mut stream, _) = listener.accept().expect("accepted");
            stream.read_to_end(&mut bytes).expect("read");
            assert_eq!(Startup::decode(&bytes).expect("valid"), report);
        }
    }

    #[test]
    fn broken_reports_are_typed() {
        assert!(matches!(Startup::decode(&[]), Err(ReportError::Empty)));
        assert!(matches!(Startup::decode(&[0xff; 9]), Err(ReportError::Malformed(_))));
        let unknown = StartupReport {
            outcome: 99,
            ..StartupReport::default()
        };
        assert!(matches!(
            Startup::decode(&unknown.encode_to_vec()),
            Err(ReportError::UnknownOutcome(99))
        ));
    }
}
