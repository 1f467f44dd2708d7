//! A service manager of the tests': it passes a socket the way systemd does, and hears what it is told.

use super::PATIENCE;
use codemem_testkit::Sandbox;
use rustix::process::Pid;
use std::fs;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How often the manager wants to hear of the daemon.
const WATCHDOG: Duration = Duration::from_millis(400);

/// A service manager with one service: it listens where clients look, and hears what the daemon says.
pub(super) struct Manager {
    listener: UnixListener,
    heard: UnixDatagram,
    notify: PathBuf,
    pub(super) inode: u64,
}

impl Manager {
    pub(super) fn new(sandbox: &Sandbox) -> Self {
        Self::listening(sandbox, "run/daemon.sock")
    }

    pub(super) fn listening(sandbox: &Sandbox, socket: &str) -> Self {
        let run = sandbox.path("run");
        fs::create_dir_all(&run).expect("create");
        fs::set_permissions(&run, fs::Permissions::from_mode(0o700)).expect("private");
        let socket = sandbox.path(socket);
        let notify = sandbox.path("notify");
        let heard = UnixDatagram::bind(&notify).expect("bind");
        heard.set_read_timeout(Some(PATIENCE)).expect("bounded");
        Self {
            listener: UnixListener::bind(&socket).expect("bind"),
            inode: fs::metadata(socket).expect("it is there").ino(),
            heard,
            notify,
        }
    }

    /// Starts the daemon the way systemd does: the socket as descriptor 3, and what it needs in its environment.
    pub(super) fn start(&self, sandbox: &Sandbox, prepare: impl FnOnce(&mut Command)) -> Child {
        let daemon = sandbox.command("codememd");
        let mut command = Command::new("sh");
        command
            .env_clear()
            .envs(daemon.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .env("NOTIFY_SOCKET", &self.notify)
            .env("WATCHDOG_USEC", WATCHDOG.as_micros().to_string())
            .env("LISTEN_FDS", "1")
            .env("LISTEN_FDNAMES", "codemem")
            .args(["-c", "LISTEN_PID=$$ exec \"$0\" 3<&0 0</dev/null"])
            .arg(daemon.get_program())
            .current_dir("/")
            .stdin(OwnedFd::from(self.listener.try_clone().expect("clone")))
            .stderr(Stdio::piped());
        prepare(&mut command);
        command.spawn().expect("start the daemon")
    }

    /// The next message that is not a sign of life.
    pub(super) fn next(&self) -> String {
        loop {
            let message = self.any();
            if message != "WATCHDOG=1\n" {
                return message;
            }
        }
    }

    pub(super) fn any(&self) -> String {
        let mut buffer = [0; 4096];
        let length = self.heard.recv(&mut buffer).expect("the daemon says something");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }
}

pub(super) fn pid(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).expect("small")).expect("not 0")
}

pub(super) fn words(mut child: Child) -> (Option<i32>, String) {
    let mut stderr = String::new();
    let mut pipe = child.stderr.take().expect("piped");
    pipe.read_to_string(&mut stderr).expect("read");
    (child.wait().expect("it ends").code(), stderr)
}
