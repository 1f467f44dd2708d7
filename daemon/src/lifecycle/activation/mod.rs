//! What a service manager hands to the daemon that it starts: a listening socket and its environment.
//!
//! Taken once, on the main thread, before any other thread exists. A passed socket belongs to the
//! manager: it is listened on, never unlinked and never bound again.

#[cfg(target_os = "macos")]
mod launchd;

use super::Exit;
use super::supervisor::Supervisor;
use codemem_proto::env::{Env, Variable};
use rustix::net::sockopt::socket_acceptconn;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Everything that the service manager handed over.
pub(crate) struct Handover {
    listener: Option<UnixListener>,
    supervisor: Arc<Supervisor>,
    is_managed: bool,
}

/// Why what was passed cannot be used.
#[derive(thiserror::Error, Debug)]
pub(crate) enum ActivationError {
    #[error("the service manager passed {0} sockets, not one")]
    Count(usize),
    #[error("the service manager passed something else than a Unix stream socket")]
    Kind(#[source] io::Error),
    #[error("the socket that the service manager passed does not listen")]
    Silent,
    #[error("the service manager listens on {passed}, but clients look at `{}`", expected.display())]
    Elsewhere { passed: String, expected: PathBuf },
    #[error("cannot use the socket that the service manager passed")]
    Use(#[source] io::Error),
}

impl ActivationError {
    pub(crate) fn hint(&self) -> String {
        let again = "install the service again with `codemem service install --force`";
        match self {
            Self::Elsewhere { expected, .. } => {
                format!("{again}, or let the unit listen on `{}`", expected.display())
            }
            Self::Count(_) | Self::Kind(_) | Self::Silent | Self::Use(_) => again.to_owned(),
        }
    }
}

impl Handover {
    /// Takes what was passed to this process, and takes it out of the environment, so that no child
    /// process takes it for its own. Must run before any thread is started.
    pub(crate) fn take(managed: bool, env: &Env) -> Result<Self, ActivationError> {
        let passed = passed(managed, env);
        forget_environment();
        let listener = passed?;
        let is_managed = managed || listener.is_some();
        Ok(Self {
            listener,
            supervisor: Arc::new(Supervisor::new(env, is_managed)),
            is_managed,
        })
    }

    /// What a daemon that is started by hand is handed.
    #[cfg(test)]
    pub(super) fn nothing() -> Self {
        Self {
            listener: None,
            supervisor: Arc::new(Supervisor::new(&Env::default(), false)),
            is_managed: false,
        }
    }

    /// Whether a service manager decides when this daemon lives.
    pub(crate) fn is_managed(&self) -> bool {
        self.is_managed
    }

    /// Whether a socket was passed.
    pub(super) fn has_listener(&self) -> bool {
        self.listener.is_some()
    }

    /// The way to tell the manager how the daemon does.
    pub(crate) fn supervisor(&self) -> &Arc<Supervisor> {
        &self.supervisor
    }

    /// The passed socket; `None` when there is none. An error unless clients look there.
    pub(super) fn listener(&self, socket: &Path) -> Result<Option<UnixListener>, ActivationError> {
        let Some(listener) = &self.listener else {
            return Ok(None);
        };
        verify(listener, socket)?;
        let listener = listener.try_clone().map_err(ActivationError::Use)?;
        listener.set_nonblocking(true).map_err(ActivationError::Use)?;
        Ok(Some(listener))
    }

    /// Lets those who wait at the passed socket know that nobody will answer. Left to wait, they would
    /// make the manager start the daemon again and again until it gives up. After an orderly end the
    /// next daemon answers them.
    pub(crate) fn turn_away(&self, exit: &Exit) {
        let is_unanswered = match exit {
            Exit::Failed(_) | Exit::AlreadyRunning => true,
            Exit::Stopped | Exit::Forced => false,
        };
        if let Some(listener) = self.listener.as_ref().filter(|_| is_unanswered)
            && listener.set_nonblocking(true).is_ok()
        {
            while listener.accept().is_ok() {}
        }
    }
}

/// The passed socket, if this process was passed one.
#[cfg(not(target_os = "macos"))]
fn passed(_managed: bool, env: &Env) -> Result<Option<UnixListener>, ActivationError> {
    let pid = env.text(Variable::ListenPid).and_then(|pid| pid.parse().ok());
    // Inherited from a process that forgot to clean up: the descriptors are not for us.
    if pid != Some(std::process::id()) {
        return Ok(None);
    }
    let mut sockets = listenfd::ListenFd::from_env();
    match sockets.len() {
        0 => Ok(None),
        1 => sockets.take_unix_listener(0).map_err(ActivationError::Kind),
        count => Err(ActivationError::Count(count)),
    }
}

/// The passed socket, if launchd holds one for this job.
#[cfg(target_os = "macos")]
fn passed(managed: bool, _env: &Env) -> Result<Option<UnixListener>, ActivationError> {
    if !managed {
        return Ok(None);
    }
    let mut sockets = launchd::sockets().map_err(ActivationError::Use)?;
    match (sockets.pop(), sockets.len()) {
        (socket, 0) => Ok(socket),
        (_, others) => Err(ActivationError::Count(others + 1)),
    }
}

/// Removes what the service manager said to this process.
fn forget_environment() {
    for variable in Variable::OF_SERVICE {
        // SAFETY: `main` calls this before any thread is started, so nothing else reads or writes the
        // environment meanwhile. Children inherit it, and no other interface changes what all of them get.
        unsafe { std::env::remove_var(variable.name()) };
    }
}

/// Refuses a socket that does not listen where clients look.
fn verify(listener: &UnixListener, socket: &Path) -> Result<(), ActivationError> {
    if !socket_acceptconn(listener).map_err(|error| ActivationError::Use(error.into()))? {
        return Err(ActivationError::Silent);
    }
    let address = listener.local_addr().map_err(ActivationError::Use)?;
    let passed = address.as_pathname();
    if passed.is_some_and(|passed| is_same(passed, socket)) {
        return Ok(());
    }
    Err(ActivationError::Elsewhere {
        passed: passed.map_or_else(
            || "a socket without a path".to_owned(),
            |path| format!("`{}`", path.display()),
        ),
        expected: socket.to_path_buf(),
    })
}

/// Whether two paths lead to one socket; a runtime directory may be reached through links.
fn is_same(one: &Path, other: &Path) -> bool {
    one == other
        || match (one.metadata(), other.metadata()) {
            (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
            (Ok(_) | Err(_), _) => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::OwnedFd;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_socket_is_taken_only_where_clients_look() {
        let directory = tempfile::tempdir().expect("directory");
        let run = directory.path().join("run");
        std::fs::create_dir(&run).expect("made");
        let socket = run.join("daemon.sock");
        let listener = UnixListener::bind(&socket).expect("bound");
        verify(&listener, &socket).expect("the right one");
        let link = directory.path().join("link");
        symlink(&run, &link).expect("linked");
        verify(&listener, &link.join("daemon.sock")).expect("the same through a link");

        let elsewhere = directory.path().join("other.sock");
        let error = verify(&listener, &elsewhere).expect_err("clients look elsewhere");
        let told = error.to_string();
        assert!(
            told.contains("run/daemon.sock") && told.contains("other.sock"),
            "{told}"
        );
        assert!(error.hint().contains("other.sock"));
    }

    #[test]
    fn a_connected_socket_is_not_a_listener() {
        let (one, _other) = UnixStream::pair().expect("a pair");
        let listener = UnixListener::from(OwnedFd::from(one));
        let error = verify(&listener, Path::new("/run/daemon.sock")).expect_err("connected");
        assert!(matches!(error, ActivationError::Silent), "{error}");
    }

    #[test]
    fn sockets_for_another_process_are_left_alone() {
        let env = Env::default()
            .with(Variable::ListenPid, "1")
            .with(Variable::ListenFds, "1");
        assert!(passed(false, &env).expect("nothing to refuse").is_none());
    }
}
