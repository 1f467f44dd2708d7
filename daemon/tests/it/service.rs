//! The daemon as a service: units that systemd accepts, a socket that was passed, a manager that is told.
//!
//! No test reaches a real service manager: `systemctl` is a script of the test's, so that a developer's
//! own service survives.

use crate::sandbox;
use codemem_testkit::{Answer, Sandbox, wait_until};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_mins(1);

/// How often the manager wants to hear of the daemon.
const WATCHDOG: Duration = Duration::from_millis(400);

fn shipped(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn executable(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a file has a directory")).expect("create");
    fs::write(path, text).expect("write");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("make it executable");
}

/// A `systemctl` that writes down what it is asked, and links what is enabled, as the real one does.
fn systemctl(sandbox: &Sandbox, body: &str) {
    let text = format!(
        "#!/bin/sh\necho \"$*\" >> '{log}'\nunits='{units}'\n{body}\n",
        log = sandbox.path("systemctl.log").display(),
        units = units(sandbox).display(),
    );
    executable(&sandbox.path("bin/systemctl"), &text);
}

const OBEDIENT: &str = r#"case "$*" in
*" enable "*) mkdir -p "$units/sockets.target.wants"; ln -sfn "$units/codemem.socket" "$units/sockets.target.wants/codemem.socket";;
*" disable "*) rm -f "$units/sockets.target.wants/codemem.socket"; rmdir "$units/sockets.target.wants";;
esac"#;

const UNREACHABLE: &str = "echo 'Failed to connect to bus: No medium found' >&2; exit 1";

fn units(sandbox: &Sandbox) -> PathBuf {
    sandbox.path("home/.config/systemd/user")
}

/// `codemem` with the script above in the place of `systemctl`.
fn codemem(sandbox: &Sandbox, args: &[&str]) -> Answer {
    let mut path = sandbox.path("bin").into_os_string();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let output = sandbox.command("codemem").env("PATH", path).args(args).output();
    Answer::of(&output.expect("run codemem"))
}

/// Every file below a directory.
fn tree(directory: &Path) -> BTreeSet<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else {
        return BTreeSet::new();
    };
    let mut found = BTreeSet::new();
    for entry in entries {
        let path = entry.expect("read entry").path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(tree(&path));
        }
        found.insert(path);
    }
    found
}

/// Asserts that systemd has nothing to say about these units. Where its checker is not installed, at
/// least their structure holds.
fn verify(sandbox: &Sandbox, files: &[PathBuf]) {
    let runtime = sandbox.path("verify");
    fs::create_dir_all(&runtime).expect("create");
    let output = Command::new("systemd-analyze")
        .args(["verify", "--user", "--man=no"])
        .args(files)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", sandbox.path("home"))
        .env("XDG_RUNTIME_DIR", runtime)
        .output();
    match output {
        Ok(Output { status, stdout, stderr }) => {
            let said = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
            // It ends well whatever keys it does not know: what it says is what counts.
            assert!(status.success() && said.is_empty(), "{status}: {said}");
        }
        Err(error) => assert_eq!(error.kind(), io::ErrorKind::NotFound, "{error}"),
    }
    for file in files {
        let text = fs::read_to_string(file).expect("readable");
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines {
            let is_section = ["[Unit]", "[Service]", "[Socket]", "[Install]"].contains(&line);
            let is_key = line
                .split_once('=')
                .is_some_and(|(key, value)| key.chars().all(|c| c.is_ascii_alphabetic()) && !value.is_empty());
            assert!(is_section || is_key, "{}: {line}", file.display());
        }
    }
}

#[test]
fn the_shipped_units_are_valid() {
    let sandbox = sandbox::lexical();
    let program = sandbox.command("codememd").get_program().to_owned();
    fs::create_dir_all(sandbox.path("home/.cargo/bin")).expect("create");
    symlink(program, sandbox.path("home/.cargo/bin/codememd")).expect("link");
    let directory = sandbox.path("units");
    fs::create_dir_all(directory.join("codemem.service.d")).expect("create");
    let names = [
        "codemem.socket",
        "codemem.service",
        "codemem.service.d/50-hardening.conf",
    ];
    for name in names {
        fs::copy(shipped("systemd").join(name), directory.join(name)).expect("copy");
    }
    verify(&sandbox, &[directory.join(names[0]), directory.join(names[1])]);
    let socket = fs::read_to_string(directory.join(names[0])).expect("readable");
    assert!(
        socket.contains("\nListenStream=%t/codemem/daemon.sock\n"),
        "where clients look"
    );

    let agent = fs::read_to_string(shipped("launchd/dev.codemem.daemon.plist")).expect("readable");
    for key in [
        "<key>SockPathMode</key>\n            <integer>384</integer>",
        "<key>SuccessfulExit</key>\n        <false/>",
    ] {
        assert!(agent.contains(key), "{key}");
    }
    let python = Command::new("python3")
        .args([
            "-c",
            "import plistlib, sys; print(plistlib.loads(sys.argv[1].encode())['Label'])",
            &agent,
        ])
        .output();
    if let Ok(python) = python {
        assert_eq!(
            String::from_utf8_lossy(&python.stdout),
            "dev.codemem.daemon\n",
            "{python:?}"
        );
    }
}

#[test]
fn install_enables_valid_units_and_uninstall_leaves_nothing() {
    let sandbox = sandbox::lexical();
    systemctl(&sandbox, OBEDIENT);
    let dry = codemem(&sandbox, &["service", "install", "--now", "--hardened", "--dry-run"]);
    assert!(
        dry.success().contains("would run") && dry.stdout.contains("ExecStart="),
        "{dry:?}"
    );
    assert!(
        !units(&sandbox).exists() && !sandbox.path("systemctl.log").exists(),
        "it only shows"
    );

    // What a client started must make room for the service.
    sandbox.codemem(["daemon", "start"]).success();
    fs::create_dir_all(units(&sandbox)).expect("create");
    fs::write(
        units(&sandbox).join("other.service"),
        "[Service]\nExecStart=/bin/true\n",
    )
    .expect("write");
    let before = tree(&sandbox.path("home"));
    let installed = codemem(&sandbox, &["service", "install", "--now", "--hardened", "--json"]).json();
    let outcomes = |report: &Value| -> Vec<String> {
        let files = report["files"].as_array().expect("files");
        let outcome = |file: &Value| file["outcome"].as_str().expect("an outcome").to_owned();
        files.iter().map(outcome).collect()
    };
    assert_eq!(outcomes(&installed), ["written"; 3], "{installed}");
    let log = fs::read_to_string(sandbox.path("systemctl.log")).expect("it was run");
    assert_eq!(log, "--user daemon-reload\n--user enable --now codemem.socket\n");
    assert_eq!(sandbox.daemon_pid(), None, "the client's daemon has ended");

    let socket = units(&sandbox).join("codemem.socket");
    let service = units(&sandbox).join("codemem.service");
    verify(&sandbox, &[socket.clone(), service.clone()]);
    let text = fs::read_to_string(&service).expect("readable");
    let program = sandbox.command("codememd").get_program().to_string_lossy().into_owned();
    assert!(text.contains(&format!("ExecStart={program} --managed\n")), "{text}");
    let listens = format!("ListenStream={}\n", sandbox.path("run/daemon.sock").display());
    assert!(
        fs::read_to_string(&socket).expect("readable").contains(&listens),
        "where clients look"
    );

    let again = codemem(&sandbox, &["service", "install", "--json"]).json();
    assert_eq!(outcomes(&again), ["unchanged"; 3], "{again}");
    let status = codemem(&sandbox, &["service", "status", "--json"]).json();
    assert_eq!(
        (
            &status["installed"],
            &status["in_charge"],
            &status["is_current"],
            &status["daemon"]
        ),
        (&Value::Bool(true), &Value::Bool(true), &Value::Bool(true), &Value::Null),
        "{status}"
    );

    let removed = codemem(&sandbox, &["service", "uninstall", "--json"]).json();
    assert_eq!(outcomes(&removed), ["removed"; 3], "{removed}");
    assert_eq!(tree(&sandbox.path("home")), before, "exactly what was written is gone");
    let nothing = codemem(&sandbox, &["service", "uninstall", "--json"]).json();
    assert_eq!(outcomes(&nothing), ["absent"; 3], "{nothing}");
}

#[test]
fn without_a_manager_the_rest_is_said_and_clients_help_themselves() {
    let sandbox = sandbox::lexical();
    systemctl(&sandbox, UNREACHABLE);
    let installed = codemem(&sandbox, &["service", "install", "--now"]);
    let left: Vec<&str> = installed
        .success()
        .lines()
        .filter(|line| line.starts_with("left to do"))
        .collect();
    assert_eq!(left.len(), 2, "{installed:?}");
    assert!(
        left[0].contains("systemctl --user daemon-reload  (Failed to connect to bus: No medium found)")
            && left[1].ends_with("systemctl --user enable --now codemem.socket"),
        "{left:?}"
    );
    codemem(&sandbox, &["status"]).success();
    let status = codemem(&sandbox, &["service", "status", "--json"]).json();
    assert_eq!(
        (&status["in_charge"], &status["enabled"]),
        (&Value::Bool(false), &"unknown".into()),
        "{status}"
    );
    assert_eq!(status["daemon"]["managed"], false, "{status}");
    let removed = codemem(&sandbox, &["service", "uninstall"]);
    assert!(
        removed
            .success()
            .contains("systemctl --user stop codemem.socket codemem.service"),
        "{removed:?}"
    );
    assert!(!units(&sandbox).join("codemem.socket").exists());
}

#[test]
fn what_others_wrote_is_theirs() {
    let sandbox = sandbox::lexical();
    systemctl(&sandbox, OBEDIENT);
    fs::create_dir_all(units(&sandbox)).expect("create");
    let service = units(&sandbox).join("codemem.service");
    fs::write(&service, "[Service]\nExecStart=/bin/true\n").expect("write");
    let refused = codemem(&sandbox, &["service", "install"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(
        refused.stderr.contains("codemem.service") && refused.stderr.contains("--force"),
        "{refused:?}"
    );
    assert!(!units(&sandbox).join("codemem.socket").exists(), "all or nothing");
    let kept = codemem(&sandbox, &["service", "uninstall"]);
    assert!(kept.success().contains("kept, not ours"), "{kept:?}");
    assert!(service.exists());
    codemem(&sandbox, &["service", "install", "--force"]).success();
    assert!(fs::read_to_string(&service).expect("readable").contains("codememd"));
}

/// A service manager with one service: it listens where clients look, and hears what the daemon says.
struct Manager {
    listener: UnixListener,
    heard: UnixDatagram,
    notify: PathBuf,
    inode: u64,
}

impl Manager {
    fn new(sandbox: &Sandbox) -> Self {
        Self::listening(sandbox, "run/daemon.sock")
    }

    fn listening(sandbox: &Sandbox, socket: &str) -> Self {
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
    fn start(&self, sandbox: &Sandbox, prepare: impl FnOnce(&mut Command)) -> Child {
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
    fn next(&self) -> String {
        loop {
            let message = self.any();
            if message != "WATCHDOG=1\n" {
                return message;
            }
        }
    }

    fn any(&self) -> String {
        let mut buffer = [0; 4096];
        let length = self.heard.recv(&mut buffer).expect("the daemon says something");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).expect("small")).expect("not 0")
}

fn words(mut child: Child) -> (Option<i32>, String) {
    let mut stderr = String::new();
    let mut pipe = child.stderr.take().expect("piped");
    pipe.read_to_string(&mut stderr).expect("read");
    (child.wait().expect("it ends").code(), stderr)
}

#[test]
fn a_daemon_that_was_passed_its_socket_tells_its_manager_how_it_does() {
    let sandbox = sandbox::lexical();
    // Nothing is asked of it for longer than this, and it must not end.
    fs::write(sandbox.config_file(), "offline = true\nidle_timeout_seconds = 1\n").expect("write");
    let manager = Manager::new(&sandbox);
    let child = manager.start(&sandbox, |_| {});
    assert!(manager.next().starts_with("READY=1\nSTATUS="));
    let ready = Instant::now();
    while ready.elapsed() < Duration::from_secs(2) {
        assert_eq!(manager.any(), "WATCHDOG=1\n", "it lives, however idle");
    }
    let status = codemem(&sandbox, &["service", "status", "--json"]).json();
    assert_eq!(status["daemon"]["pid"], child.id(), "{status}");
    assert_eq!(
        status["daemon"]["managed"], true,
        "managed because it was passed a socket: {status}"
    );

    kill_process(pid(&child), Signal::HUP).expect("signal");
    let reloading = manager.next();
    let clock = reloading
        .strip_prefix("RELOADING=1\nMONOTONIC_USEC=")
        .expect("it says so");
    assert!(
        clock.trim_end().parse::<u64>().is_ok_and(|micros| micros > 0),
        "{reloading}"
    );
    assert_eq!(manager.next(), "READY=1\n");

    for verb in ["stop", "restart"] {
        let refused = codemem(&sandbox, &["daemon", verb]);
        assert_eq!(refused.code, 3, "{refused:?}");
        let expected = "systemctl --user stop codemem.socket codemem.service";
        assert!(
            !cfg!(target_os = "linux") || refused.stderr.contains(expected),
            "{refused:?}"
        );
    }
    assert_eq!(
        sandbox.daemon_pid(),
        i32::try_from(child.id()).ok(),
        "no client ends it"
    );

    kill_process(pid(&child), Signal::TERM).expect("signal");
    assert!(manager.next().starts_with("STOPPING=1\n"));
    let (code, stderr) = words(child);
    assert_eq!(code, Some(0), "{stderr}");
    let socket = sandbox.path("run/daemon.sock");
    assert_eq!(
        fs::metadata(&socket).expect("it stays").ino(),
        manager.inode,
        "the manager's socket"
    );
    UnixStream::connect(socket).expect("the manager still listens");
}

#[test]
fn child_processes_of_a_service_know_nothing_of_its_manager() {
    let sandbox = sandbox::lexical();
    fs::write(sandbox.config_file(), "").expect("write");
    let seen = sandbox.path("seen");
    let python = sandbox.path("python");
    executable(&python, &format!("#!/bin/sh\nenv > '{}'\nexit 1\n", seen.display()));
    let manager = Manager::new(&sandbox);
    let child = manager.start(&sandbox, |command| {
        command.env("CODEMEM_PYTHON", &python);
    });
    let setup = codemem(&sandbox, &["setup"]);
    assert_ne!(setup.code, 0, "there is no such Python: {setup:?}");
    let environment = fs::read_to_string(seen).expect("the daemon ran it");
    assert!(environment.contains("CODEMEM_DATA_DIR="), "{environment}");
    for name in ["LISTEN_", "NOTIFY_SOCKET", "WATCHDOG_"] {
        assert!(!environment.contains(name), "{environment}");
    }
    kill_process(pid(&child), Signal::TERM).expect("signal");
    words(child);
}

#[test]
fn a_daemon_that_a_client_starts_knows_nothing_of_the_clients_manager() {
    let sandbox = sandbox::lexical();
    let (seen, program) = (sandbox.path("seen"), sandbox.path("codememd"));
    executable(&program, &format!("#!/bin/sh\nenv > '{}'\nexit 9\n", seen.display()));
    let mut client = sandbox.command("codemem");
    client.env("CODEMEM_DAEMON", &program).arg("status");
    let said = [
        ("NOTIFY_SOCKET", "/run/notify"),
        ("WATCHDOG_USEC", "1000"),
        ("WATCHDOG_PID", "1"),
        ("LISTEN_FDS", "1"),
        ("LISTEN_PID", "1"),
        ("LISTEN_FDNAMES", "a"),
    ];
    let output = client.envs(said).output().expect("run codemem");
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let environment = fs::read_to_string(seen).expect("it was started");
    assert!(environment.contains("CODEMEM_RUNTIME_DIR="), "{environment}");
    for (name, _) in said {
        assert!(!environment.contains(name), "{environment}");
    }
}

#[test]
fn a_socket_that_clients_do_not_look_at_is_refused_and_its_clients_are_turned_away() {
    let sandbox = sandbox::lexical();
    let manager = Manager::listening(&sandbox, "elsewhere.sock");
    let mut waiting = UnixStream::connect(sandbox.path("elsewhere.sock")).expect("it listens");
    waiting.set_read_timeout(Some(PATIENCE)).expect("bounded");
    let (code, stderr) = words(manager.start(&sandbox, |_| {}));
    assert_eq!(code, Some(3), "{stderr}");
    for part in ["elsewhere.sock", "run/daemon.sock", "hint:", "codemem service install"] {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
    assert_eq!(waiting.read(&mut [0]).ok(), Some(0), "nobody is left waiting");
    assert!(sandbox.path("elsewhere.sock").exists(), "it is not ours to unlink");
}

#[test]
fn a_daemon_of_a_client_keeps_the_service_out_and_is_named() {
    let sandbox = sandbox::lexical();
    sandbox.codemem(["daemon", "start"]).success();
    let first = sandbox.daemon_pid().expect("runs");
    // systemd takes the path of the socket over when its unit starts.
    fs::remove_file(sandbox.path("run/daemon.sock")).expect("unlink");
    let manager = Manager::new(&sandbox);
    let (code, stderr) = words(manager.start(&sandbox, |_| {}));
    assert_eq!(code, Some(3), "{stderr}");
    assert!(
        stderr.contains(&format!("(process {first})")) && stderr.contains(&format!("`kill {first}`")),
        "{stderr}"
    );
    let first = Pid::from_raw(first).expect("not 0");
    kill_process(first, Signal::TERM).expect("it still lives");
    wait_until("the client's daemon to end", PATIENCE, || {
        // The lock is free once it has.
        fs::File::open(sandbox.path("run/daemon.lock")).is_ok_and(|lock| lock.try_lock().is_ok())
    });
    let socket = fs::metadata(sandbox.path("run/daemon.sock")).expect("the manager's socket stays");
    assert_eq!(socket.ino(), manager.inode);
    let child = manager.start(&sandbox, |_| {});
    assert!(manager.next().starts_with("READY=1\n"));
    kill_process(pid(&child), Signal::TERM).expect("signal");
    words(child);
}

#[test]
#[cfg(target_os = "linux")]
fn clients_leave_starting_to_an_enabled_service() {
    let sandbox = sandbox::lexical();
    systemctl(&sandbox, OBEDIENT);
    codemem(&sandbox, &["service", "install"]).success();
    for line in [&["status"][..], &["daemon", "start"]] {
        let refused = codemem(&sandbox, line);
        assert_eq!(refused.code, 3, "{refused:?}");
        assert!(
            refused.stderr.contains("`systemctl --user start codemem.socket`"),
            "{refused:?}"
        );
    }
    assert!(!sandbox.path("run/daemon.lock").exists(), "nothing was started");
    assert!(codemem(&sandbox, &["daemon", "stop"]).success().contains("not running"));

    let Some(mut service) = activated_by_systemd(&sandbox) else {
        // Passing the socket is tested above without systemd's helper.
        return;
    };
    let status = codemem(&sandbox, &["status", "--json"]).json();
    assert_eq!(status["daemon"]["pid"], service.id(), "connecting started it: {status}");
    let seen = codemem(&sandbox, &["service", "status", "--json"]).json();
    assert_eq!(seen["daemon"]["managed"], true, "{seen}");
    kill_process(pid(&service), Signal::TERM).expect("signal");
    assert_eq!(service.wait().expect("it ends").code(), Some(0));
}

/// systemd's own helper, which listens where clients look and becomes the daemon when one connects;
/// `None` where it is not installed.
fn activated_by_systemd(sandbox: &Sandbox) -> Option<Child> {
    let run = sandbox.path("run");
    fs::create_dir_all(&run).expect("create");
    fs::set_permissions(&run, fs::Permissions::from_mode(0o700)).expect("private");
    let daemon = sandbox.command("codememd");
    let variables: Vec<_> = daemon
        .get_envs()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
    let mut command = Command::new("systemd-socket-activate");
    command.env_clear().envs(variables.iter().copied());
    command.arg("--listen").arg(run.join("daemon.sock"));
    for (name, _) in &variables {
        command.arg("--setenv").arg(name);
    }
    let child = command
        .arg(daemon.get_program())
        .arg("--managed")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let child = match child {
        Ok(child) => child,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => panic!("{error}"),
    };
    wait_until("systemd's helper to listen", PATIENCE, || {
        run.join("daemon.sock").exists()
    });
    Some(child)
}
