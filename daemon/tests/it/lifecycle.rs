//! The daemon's life as its clients see it.

use crate::sandbox;
use codemem_testkit::{Sandbox, wait_until};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_mins(1);

fn pid_gone(sandbox: &Sandbox, what: &str) {
    wait_until(what, PATIENCE, || sandbox.daemon_pid().is_none());
}

#[test]
fn two_clients_at_once_start_one_daemon() {
    let sandbox = sandbox::lexical();
    let clients: Vec<_> = (0..6).map(|_| sandbox.spawn(["status", "--json"])).collect();
    let pids: Vec<serde_json::Value> = clients
        .into_iter()
        .map(|client| {
            let output = client.wait_with_output().expect("ends");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let status: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
            status["daemon"]["pid"].clone()
        })
        .collect();
    assert!(pids.windows(2).all(|pair| pair[0] == pair[1]), "{pids:?}");
}

#[test]
fn start_stop_restart() {
    let sandbox = sandbox::lexical();
    assert_eq!(sandbox.daemon_pid(), None);
    sandbox.codemem(["daemon", "start"]).success();
    let first = sandbox.daemon_pid().expect("runs");
    sandbox.codemem(["daemon", "start"]).success();
    assert_eq!(sandbox.daemon_pid(), Some(first), "starting twice changes nothing");
    sandbox.codemem(["daemon", "restart"]).success();
    let second = sandbox.daemon_pid().expect("runs");
    assert_ne!(first, second);
    sandbox.codemem(["daemon", "stop"]).success();
    pid_gone(&sandbox, "the daemon to stop");
    assert!(
        !sandbox.path("run/daemon.sock").exists(),
        "the socket goes with the daemon"
    );
    let logs = sandbox.codemem(["daemon", "logs"]);
    assert!(logs.success().contains("ready"), "{logs:?}");
}

#[test]
fn a_socket_that_a_crash_left_is_replaced() {
    let sandbox = sandbox::lexical();
    sandbox.codemem(["daemon", "start"]).success();
    sandbox.kill_daemon();
    assert!(sandbox.path("run/daemon.sock").exists(), "a crash leaves it");
    sandbox.codemem(["status"]).success();
}

#[test]
fn sigterm_and_sigint_end_it_in_order() {
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::INT] {
        let sandbox = sandbox::lexical();
        sandbox.codemem(["daemon", "start"]).success();
        let pid = sandbox
            .daemon_pid()
            .and_then(rustix::process::Pid::from_raw)
            .expect("runs");
        rustix::process::kill_process(pid, signal).expect("signal");
        pid_gone(&sandbox, "the daemon to end");
        wait_until("the last line of the log", PATIENCE, || {
            sandbox.codemem(["daemon", "logs"]).stdout.contains("ended")
        });
    }
}

#[test]
fn an_idle_daemon_ends_by_itself() {
    let sandbox = sandbox::lexical();
    fs::write(sandbox.config_file(), "offline = true\nidle_timeout_seconds = 1\n").expect("write");
    sandbox.codemem(["daemon", "start"]).success();
    wait_until("the daemon to end by itself", PATIENCE, || {
        !sandbox.path("run/daemon.sock").exists()
    });
}

#[test]
fn a_start_that_fails_tells_the_client_why() {
    let sandbox = sandbox::lexical();
    fs::write(sandbox.config_file(), "idle_timeout_seconds = \"soon\"\n").expect("write");
    let answer = sandbox.codemem(["status"]);
    assert_eq!(answer.code, 3, "{answer:?}");
    assert!(
        answer.stderr.contains("config.toml") && answer.stderr.contains("line 1"),
        "{answer:?}"
    );
    assert!(answer.stderr.contains("hint:"), "{answer:?}");
}

#[test]
fn the_runtime_directory_is_private_or_refused() {
    let sandbox = sandbox::lexical();
    sandbox.codemem(["daemon", "start"]).success();
    let mode = |path: &str| fs::metadata(sandbox.path(path)).expect("exists").mode() & 0o777;
    assert_eq!((mode("run"), mode("run/daemon.sock")), (0o700, 0o600));
    sandbox.codemem(["daemon", "stop"]).success();
    pid_gone(&sandbox, "the daemon to stop");
    fs::set_permissions(sandbox.path("run"), fs::Permissions::from_mode(0o755)).expect("open it");
    let refused = sandbox.codemem(["status"]);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.stderr.contains("chmod 700"), "{refused:?}");
    fs::remove_dir_all(sandbox.path("run")).expect("delete");
    symlink(sandbox.path("home"), sandbox.path("run")).expect("symlink");
    assert_eq!(sandbox.codemem(["status"]).code, 3, "a link could lead anywhere");
}

#[test]
fn a_second_daemon_leaves_the_first_alone() {
    let sandbox = sandbox::lexical();
    sandbox.codemem(["daemon", "start"]).success();
    let pid = sandbox.daemon_pid();
    let second = sandbox
        .command("codememd")
        .stderr(Stdio::null())
        .status()
        .expect("runs");
    assert_eq!(second.code(), Some(3));
    assert_eq!(sandbox.daemon_pid(), pid);
}

#[test]
fn a_program_that_listens_in_its_place_is_not_taken_for_a_daemon() {
    let sandbox = sandbox::lexical();
    fs::create_dir(sandbox.path("run")).expect("create");
    fs::set_permissions(sandbox.path("run"), fs::Permissions::from_mode(0o700)).expect("private");
    // Bound and dropped: what a crashed daemon leaves is a socket that refuses.
    drop(UnixListener::bind(sandbox.path("run/daemon.sock")).expect("bind"));
    sandbox.codemem(["status"]).success();
}

/// Runs a shell's line in a terminal of its own, which is closed when the line has ended; false where there is
/// no program that can.
fn in_terminal(sandbox: &Sandbox, line: &str) -> bool {
    let daemon = sandbox.command("codememd");
    let variables = daemon.get_envs().filter_map(|(name, value)| Some((name, value?)));
    let mut script = Command::new("script");
    script.env_clear().envs(variables).env("SHELL", "/bin/sh");
    let script = script
        .args(["-qec", line, "/dev/null"])
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    script.status().is_ok()
}

#[test]
#[cfg(target_os = "linux")]
fn a_daemon_in_the_background_of_a_terminal_ends_with_it_unless_it_was_told_not_to() {
    for (prefix, survives) in [("", false), ("nohup ", true)] {
        let sandbox = sandbox::lexical();
        let program = sandbox.binary("codememd");
        let socket = sandbox.path("run/daemon.sock");
        // The terminal's owner ends once the daemon is ready, for whatever comes.
        let line = format!(
            "{prefix}'{}' >/dev/null 2>&1 & until grep -qs 'ready pid=' '{}'/*.log; do sleep 0.05; done",
            program.display(),
            sandbox.path("state/logs").display()
        );
        if !in_terminal(&sandbox, &line) {
            // Without a terminal there is nothing to close, and SIGHUP means to read the settings again.
            assert!(!survives || !socket.exists());
            continue;
        }
        if survives {
            wait_until("the daemon to hear of it", PATIENCE, || {
                sandbox.log().contains("read the configuration again")
            });
            assert!(sandbox.daemon_pid().is_some(), "it goes on");
        } else {
            pid_gone(&sandbox, "the daemon to end with its terminal");
            assert!(sandbox.log().contains("the terminal was closed"), "{}", sandbox.log());
        }
    }
}

#[test]
fn the_daemon_outlives_the_session_that_started_it() {
    let sandbox = sandbox::lexical();
    sandbox.codemem(["daemon", "start"]).success();
    let pid = sandbox.daemon_pid().expect("runs");
    let session = Command::new("ps").args(["-o", "sid=", "-p", &pid.to_string()]).output();
    if let Ok(session) = session {
        assert_eq!(
            String::from_utf8_lossy(&session.stdout).trim(),
            pid.to_string(),
            "it leads a session of its own"
        );
    }
}
