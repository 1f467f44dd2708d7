//! A daemon that is passed its socket, and one that stands in its way.

use super::manager::{Manager, pid, words};
use super::{PATIENCE, codemem};
use crate::sandbox;
use codemem_proto::startup::Startup;
use rustix::process::{Signal, kill_process};
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::time::{Duration, Instant};

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
fn a_daemon_of_a_client_is_named_and_makes_room_for_a_service() {
    let sandbox = sandbox::lexical();
    sandbox.codemem(["daemon", "start"]).success();
    let first = sandbox.daemon_pid().expect("runs");
    let by_hand = sandbox.command("codememd").stderr(Stdio::piped()).spawn();
    let (code, stderr) = words(by_hand.expect("started"));
    assert_eq!(code, Some(3), "{stderr}");
    assert!(
        stderr.contains(&format!("(process {first})")) && stderr.contains("`codemem daemon stop`"),
        "{stderr}"
    );
    // systemd takes the path of the socket over when its unit starts.
    fs::remove_file(sandbox.path("run/daemon.sock")).expect("unlink");
    let manager = Manager::new(&sandbox);
    let child = manager.start(&sandbox, |_| {});
    assert!(manager.next().starts_with("READY=1\n"), "it waited for the lock");
    assert_eq!(sandbox.daemon_pid(), i32::try_from(child.id()).ok());
    let socket = fs::metadata(sandbox.path("run/daemon.sock")).expect("the manager's socket stays");
    assert_eq!(socket.ino(), manager.inode);
    kill_process(pid(&child), Signal::TERM).expect("signal");
    words(child);
}

#[test]
fn a_daemon_by_hand_does_not_steal_the_socket_of_a_service() {
    let sandbox = sandbox::lexical();
    let manager = Manager::new(&sandbox);
    let by_hand = sandbox.command("codememd").stderr(Stdio::piped()).spawn();
    let (code, stderr) = words(by_hand.expect("started"));
    assert_eq!(code, Some(3), "{stderr}");
    assert!(
        stderr.contains("daemon.sock") && stderr.contains("`codemem service status`"),
        "{stderr}"
    );
    let socket = fs::metadata(sandbox.path("run/daemon.sock")).expect("it stays");
    assert_eq!(socket.ino(), manager.inode);
    assert!(!sandbox.path("run/last-start-failure").exists(), "no service failed");
}

#[test]
fn why_a_service_failed_to_start_is_kept_until_it_starts() {
    let sandbox = sandbox::lexical();
    fs::write(sandbox.config_file(), "no_such_key = 1\n").expect("write");
    let manager = Manager::new(&sandbox);
    let (code, stderr) = words(manager.start(&sandbox, |_| {}));
    assert_eq!(code, Some(3), "{stderr}");
    let kept = fs::read(sandbox.path("run/last-start-failure")).expect("it is kept");
    let Ok(Startup::Failed { reason, hint }) = Startup::decode(&kept) else {
        panic!("{kept:?}");
    };
    assert!(reason.contains("no_such_key") && !hint.is_empty(), "{reason}: {hint}");
    fs::write(sandbox.config_file(), "offline = true\n").expect("write");
    let child = manager.start(&sandbox, |_| {});
    assert!(manager.next().starts_with("READY=1\n"));
    assert!(!sandbox.path("run/last-start-failure").exists(), "that is past");
    kill_process(pid(&child), Signal::TERM).expect("signal");
    words(child);
}
