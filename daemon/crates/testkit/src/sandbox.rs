//! Real processes in a hermetic environment.

use crate::wait_until;
use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// Longest that a daemon may take to end after it was told to.
const ENDING: Duration = Duration::from_secs(30);

/// Directories, environment and binaries of one test. Its daemon ends with it.
pub struct Sandbox {
    directory: tempfile::TempDir,
    binaries: PathBuf,
}

/// What a finished command left.
#[derive(Debug)]
pub struct Answer {
    /// Its exit code; -1 after a signal.
    pub code: i32,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Answer {
    /// What this output says.
    pub fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Asserts success and returns standard output.
    #[track_caller]
    pub fn success(&self) -> &str {
        assert_eq!(self.code, 0, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        &self.stdout
    }

    /// Asserts success and reads standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(self.success()).expect("standard output is JSON")
    }
}

impl Sandbox {
    /// A sandbox without a model: vectors stay away, words and symbols work.
    pub fn new(daemon: impl AsRef<Path>) -> Self {
        let binaries = daemon
            .as_ref()
            .parent()
            .expect("a binary lies in a directory")
            .to_path_buf();
        for name in ["codemem", "codememd", "codemem-mcp"] {
            let binary = binaries.join(name);
            assert!(
                binary.is_file(),
                "`{}` is missing: run `cargo build` before the tests",
                binary.display()
            );
        }
        // Socket paths are short, so the directory is directly below the system's temporary one.
        let directory = tempfile::Builder::new()
            .prefix("cm")
            .tempdir_in("/tmp")
            .expect("temporary directory");
        let sandbox = Self { directory, binaries };
        for name in ["home", "data", "state", "config", "tree"] {
            fs::create_dir(sandbox.path(name)).expect("create directory");
        }
        sandbox
    }

    /// A sandbox with the real model and runtime library, installed once per target directory by the
    /// real `codemem setup` and shared by all tests.
    pub fn with_model(daemon: impl AsRef<Path>, shared: &Path) -> Self {
        let sandbox = Self::new(daemon);
        install_shared(&sandbox, shared);
        for name in ["models", "runtime"] {
            symlink(shared.join(name), sandbox.path("data").join(name)).expect("link the shared assets");
        }
        sandbox
    }

    /// A path inside the sandbox.
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.directory.path().join(relative)
    }

    /// The working tree to index: `tree` inside the sandbox.
    pub fn tree(&self) -> PathBuf {
        self.path("tree").canonicalize().expect("the tree exists")
    }

    /// Writes a file of the working tree.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let full = self.path("tree").join(path);
        fs::create_dir_all(full.parent().expect("a file has a directory")).expect("create directory");
        fs::write(full, content).expect("write file");
    }

    /// Copies a directory into the working tree.
    pub fn copy(&self, from: &Path) {
        copy(from, &self.path("tree"));
    }

    /// A program of the build under test.
    pub fn binary(&self, name: &str) -> PathBuf {
        self.binaries.join(name)
    }

    /// A command with the sandbox's environment and nothing else.
    pub fn command(&self, binary: &str) -> Command {
        let mut command = Command::new(self.binaries.join(binary));
        command.env_clear().current_dir(self.path("tree")).stdin(Stdio::null());
        // Python is found through it when models are fetched.
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        for (name, directory) in [
            ("HOME", "home"),
            ("CODEMEM_DATA_DIR", "data"),
            ("CODEMEM_STATE_DIR", "state"),
            ("CODEMEM_RUNTIME_DIR", "run"),
        ] {
            command.env(name, self.path(directory));
        }
        command.env("CODEMEM_CONFIG", self.config_file());
        command.env("CODEMEM_DAEMON", self.binaries.join("codememd"));
        command
    }

    /// Everything that daemons of this sandbox have logged.
    pub fn log(&self) -> String {
        let mut text = String::new();
        let mut directories = vec![self.path("state")];
        while let Some(directory) = directories.pop() {
            for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
                if entry.path().is_dir() {
                    directories.push(entry.path());
                } else {
                    text.push_str(&String::from_utf8_lossy(&fs::read(entry.path()).unwrap_or_default()));
                }
            }
        }
        text
    }

    /// The configuration file; a test may write it before the daemon starts.
    pub fn config_file(&self) -> PathBuf {
        let file = self.path("config/config.toml");
        if !file.exists() {
            fs::write(&file, "offline = true\n").expect("write the configuration");
        }
        file
    }

    /// Runs `codemem` to its end.
    pub fn codemem<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Answer {
        self.run(self.command("codemem").args(args))
    }

    /// Runs a prepared command to its end.
    pub fn run(&self, command: &mut Command) -> Answer {
        Answer::of(&command.output().expect("run the program"))
    }

    /// Starts `codemem` and leaves it running.
    pub fn spawn<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Child {
        let mut command = self.command("codemem");
        command
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("start codemem")
    }

    /// The running daemon's process id, without starting one.
    pub fn daemon_pid(&self) -> Option<i32> {
        let answer = self
            .command("codemem")
            .env("CODEMEM_NO_AUTOSTART", "1")
            .args(["status", "--json"])
            .output()
            .ok()?;
        let status: Value = serde_json::from_slice(&answer.stdout).ok()?;
        status["daemon"]["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok())
    }

    /// Ends the daemon the way a crash does, and waits until it is gone.
    pub fn kill_daemon(&self) {
        let pid = self
            .daemon_pid()
            .and_then(rustix::process::Pid::from_raw)
            .expect("a daemon is running");
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("kill the daemon");
        wait_until("the daemon to be gone", ENDING, || !is_alive(pid));
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let Some(pid) = self.daemon_pid().and_then(rustix::process::Pid::from_raw) else {
            return;
        };
        let _gone = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let began = std::time::Instant::now();
        while is_alive(pid) && began.elapsed() < ENDING {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Runs `test` where file permissions bind the programs it starts, also when the tests run as root: on a
/// thread of its own whose children cannot have the right to pass over permissions. False when that
/// cannot be had; what is unreadable by its mode is then readable to them.
pub fn where_permissions_bind(test: impl FnOnce(bool) + Send) {
    std::thread::scope(|scope| {
        let run = move || test(give_up_passing_over_permissions());
        let thread = std::thread::Builder::new()
            .name("bound".to_owned())
            .spawn_scoped(scope, run);
        if let Err(panic) = thread.expect("a thread").join() {
            std::panic::resume_unwind(panic);
        }
    });
}

/// Whether processes started by this thread are bound by permissions from now on.
fn give_up_passing_over_permissions() -> bool {
    if !rustix::process::geteuid().is_root() {
        return true;
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::thread::{CapabilitySet, remove_capability_from_bounding_set};
        [CapabilitySet::DAC_OVERRIDE, CapabilitySet::DAC_READ_SEARCH]
            .into_iter()
            .all(|power| remove_capability_from_bounding_set(power).is_ok())
    }
    #[cfg(not(target_os = "linux"))]
    false
}

/// Whether a process is there; a zombie that nobody reaps is not.
fn is_alive(pid: rustix::process::Pid) -> bool {
    match fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())) {
        Ok(stat) => !stat
            .rsplit(')')
            .next()
            .is_some_and(|rest| rest.trim_start().starts_with('Z')),
        Err(_) => cfg!(not(target_os = "linux")) && rustix::process::test_kill_process(pid).is_ok(),
    }
}

fn install_shared(sandbox: &Sandbox, shared: &Path) {
    fs::create_dir_all(shared).expect("create the shared directory");
    let lock = fs::File::create(shared.join("install.lock")).expect("create the lock file");
    lock.lock().expect("wait for another test's installation");
    let done = shared.join("installed");
    if done.exists() {
        return;
    }
    // An installation of its own: the sandbox's daemon must start with the assets in place.
    let config = sandbox.path("config/online.toml");
    fs::write(&config, "").expect("write the configuration");
    let run = |args: &[&str]| {
        let mut command = sandbox.command("codemem");
        command
            .env("CODEMEM_DATA_DIR", shared)
            .env("CODEMEM_RUNTIME_DIR", sandbox.path("setup"));
        Answer::of(
            &command
                .env("CODEMEM_CONFIG", &config)
                .args(args)
                .output()
                .expect("run codemem"),
        )
    };
    let answer = run(&["setup"]);
    let stopped = run(&["daemon", "stop"]);
    answer.success();
    stopped.success();
    fs::write(done, "").expect("note the installation");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("create directory");
    for entry in fs::read_dir(from).expect("list directory") {
        let entry = entry.expect("read entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("file type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copy file");
        }
    }
}
