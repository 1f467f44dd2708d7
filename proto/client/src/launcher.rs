//! Finds the daemon program, starts it, and waits for its report.

use crate::ConnectError;
use codemem_proto::env::{Env, Variable};
use codemem_proto::rendezvous::Rendezvous;
use codemem_proto::startup::{MAX_REPORT_BYTES, ReportError, Startup};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::net::UnixListener;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// How long a daemon may take to listen. It opens models and indexes only afterwards, so this is
/// reached only by a machine in trouble.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a report may come in after its writer has ended: it is in the socket's queue by then.
const LAST_WORDS: Duration = Duration::from_millis(200);

const PROGRAM: &str = "codememd";

/// How to start the daemon.
#[derive(Clone, Default, Debug)]
pub struct Launcher {
    named: Option<PathBuf>,
    beside: Option<PathBuf>,
    search_path: Option<OsString>,
    variables: Vec<(OsString, OsString)>,
}

/// How a start ended well.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Launched {
    /// The daemon listens.
    Started,
    /// Another one holds the lock.
    AlreadyRunning,
}

impl Launcher {
    /// Looks for the program where CODEMEM_DAEMON says, else beside `current_exe`, else on PATH.
    pub fn new(env: &Env, current_exe: Option<&Path>) -> Self {
        Self {
            named: env.path(Variable::Daemon).map(Path::to_owned),
            beside: current_exe
                .and_then(Path::parent)
                .map(|directory| directory.join(PROGRAM)),
            search_path: env.get(Variable::Path).map(ToOwned::to_owned),
            variables: Vec::new(),
        }
    }

    /// Sets a variable of the daemon's environment, which is otherwise that of this process.
    #[must_use]
    pub fn with_variable(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// The daemon program.
    pub fn program(&self) -> Result<PathBuf, ConnectError> {
        if let Some(program) = &self.named {
            // What the user names is used or refused, never passed over.
            return match std::path::absolute(program) {
                Ok(program) if program.is_file() => Ok(program),
                Ok(_) | Err(_) => Err(ConnectError::NoProgram {
                    looked_at: vec![format!("CODEMEM_DAEMON={}", program.display())],
                }),
            };
        }
        let directories = self.search_path.iter().flat_map(std::env::split_paths);
        let on_path = directories
            .filter(|directory| directory.is_absolute())
            .map(|directory| directory.join(PROGRAM));
        self.beside
            .iter()
            .cloned()
            .chain(on_path)
            .find(|candidate| candidate.is_file())
            .ok_or_else(|| {
                let beside = self.beside.iter().map(|path| path.display().to_string());
                ConnectError::NoProgram {
                    looked_at: beside.chain(["PATH".to_owned()]).collect(),
                }
            })
    }

    /// Starts the daemon and waits until it listens or says why it does not.
    ///
    /// The caller holds the start lock. The daemon leaves our session by itself; it is not made a
    /// process group leader here, for a leader cannot do that.
    pub(crate) async fn launch(&self, rendezvous: &Rendezvous) -> Result<Launched, ConnectError> {
        let program = self.program()?;
        let notify = NotifySocket::bind(rendezvous.notify_socket(std::process::id()))?;
        let mut command = Command::new(&program);
        for variable in Variable::OF_SERVICE {
            // What the service manager of this process said was not said to the daemon.
            command.env_remove(variable.name());
        }
        let spawned = command
            .arg("--notify")
            .arg(&notify.path)
            // Both sides must mean the same directory, whatever else their environments hold.
            .env(Variable::RuntimeDir.name(), rendezvous.directory())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(source) => return Err(ConnectError::Spawn { program, source }),
        };
        let Ok(report) = timeout(START_TIMEOUT, report_of(&mut child, &notify, &program)).await else {
            let pid = child.id().unwrap_or_default();
            return Err(ConnectError::StartTimedOut { pid });
        };
        match report? {
            Startup::Started => Ok(Launched::Started),
            Startup::AlreadyRunning => Ok(Launched::AlreadyRunning),
            Startup::Failed { reason, hint } => Err(ConnectError::StartFailed { reason, hint }),
        }
    }
}

async fn report_of(child: &mut Child, notify: &NotifySocket, program: &Path) -> Result<Startup, ConnectError> {
    // One receive for both waits: it may have accepted the connection when the daemon ends.
    let mut receive = pin!(notify.receive());
    let status = tokio::select! {
        report = &mut receive => return report,
        status = child.wait() => status,
    };
    match timeout(LAST_WORDS, receive).await {
        Ok(Err(ConnectError::Report(ReportError::Empty))) | Err(_) => {}
        Ok(report) => return report,
    }
    let program = program.to_owned();
    Err(match status {
        Ok(status) => ConnectError::Exited { program, status },
        Err(source) => ConnectError::Spawn { program, source },
    })
}

/// The private socket that a start-up report comes in through; gone with this value.
struct NotifySocket {
    path: PathBuf,
    listener: UnixListener,
}

impl NotifySocket {
    fn bind(path: PathBuf) -> Result<Self, ConnectError> {
        // The name holds our process id and we hold the start lock: what stands there is a dead
        // process's.
        let bound = match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => UnixListener::bind(&path),
        };
        match bound {
            Ok(listener) => Ok(Self { path, listener }),
            Err(source) => Err(ConnectError::Notify { socket: path, source }),
        }
    }

    async fn receive(&self) -> Result<Startup, ConnectError> {
        let (stream, _) = self.listener.accept().await.map_err(ConnectError::ReceiveReport)?;
        let mut bytes = Vec::new();
        stream
            .take(MAX_REPORT_BYTES as u64)
            .read_to_end(&mut bytes)
            .await
            .map_err(ConnectError::ReceiveReport)?;
        Startup::decode(&bytes).map_err(ConnectError::Report)
    }
}

impl Drop for NotifySocket {
    fn drop(&mut self) {
        // A leftover is harmless and removed by the next process with this id.
        drop(fs::remove_file(&self.path));
    }
}
