//! The connector against fake daemons: in this process, and as a program that it starts.

use codemem_client::service::{Manager, Service};
use codemem_client::testing::{Asked, FakeDaemon, Reply, Script};
use codemem_client::{ConnectError, Connector, Launcher, StartFailure};
use codemem_proto::env::{Env, Variable};
use codemem_proto::rendezvous::{FileLock, Holder, Rendezvous};
use codemem_proto::startup::Startup;
use codemem_proto::status::{ErrorKind, WireError};
use codemem_proto::v1::{HelloResponse, ProtocolVersion, SearchRequest, SearchResponse};
use codemem_proto::version::PROTOCOL;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Marks the test binary when it runs as `codememd`: the path to report to.
const ROLE: &str = "CODEMEM_TEST_NOTIFY";

struct Place {
    directory: TempDir,
    rendezvous: Rendezvous,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("directory");
        let rendezvous = Rendezvous::at(directory.path().join("run")).expect("short");
        Self { directory, rendezvous }
    }

    fn connector(&self) -> Connector {
        Connector::new(self.rendezvous.clone(), "test 0")
    }

    /// A connector whose daemon is a shell script with this body.
    fn launching(&self, body: &str) -> Connector {
        let program = self.directory.path().join("codememd");
        fs::write(&program, format!("#!/bin/sh\n{body}\n")).expect("written");
        fs::set_permissions(&program, Permissions::from_mode(0o755)).expect("changed");
        let env = Env::default().with(Variable::Daemon, &program);
        self.connector().with_launcher(Launcher::new(&env, None))
    }

    /// A connector whose daemon is this test binary in the role below.
    fn launching_fake(&self) -> Connector {
        let this = std::env::current_exe().expect("known");
        self.launching(&format!(
            "{ROLE}=\"$2\" exec '{}' --exact as_codememd --nocapture",
            this.display()
        ))
    }
}

/// Not a test unless the binary was started as a daemon: then it is one, until it is told to end.
#[test]
fn as_codememd() {
    let Some(notify) = std::env::var_os(ROLE) else {
        return;
    };
    let directory = std::env::var_os("CODEMEM_RUNTIME_DIR").expect("the launcher sets it");
    let rendezvous = Rendezvous::at(PathBuf::from(directory)).expect("short");
    let daemon = FakeDaemon::start(&rendezvous, Script::default());
    let report = if daemon.is_some() {
        let holder = Holder {
            pid: std::process::id(),
            managed: false,
        };
        holder.note(&rendezvous.daemon_lock()).expect("written");
        Startup::Started
    } else {
        Startup::AlreadyRunning
    };
    report.send(Path::new(&notify)).expect("somebody listens");
    if let Some(daemon) = daemon {
        daemon.wait();
    }
}

fn speaking(major: u32, minor: u32, managed: bool) -> Script {
    let hello = HelloResponse {
        protocol: Some(ProtocolVersion { major, minor }),
        version: "9.9.9".to_owned(),
        pid: 1,
        managed,
    };
    Script {
        hello,
        ..Script::default()
    }
}

#[tokio::test]
async fn a_running_daemon_is_found_and_answers() {
    let place = Place::new();
    let mut script = speaking(PROTOCOL.major, PROTOCOL.minor + 3, false);
    script.search = vec![
        Reply::Now(SearchResponse {
            took_ms: 1.5,
            ..SearchResponse::default()
        }),
        Reply::fail(
            ErrorKind::NotRegistered,
            "`/x` is not registered",
            "run `codemem index /x`",
        ),
    ];
    let daemon = FakeDaemon::start(&place.rendezvous, script).expect("alone");
    let mut client = place.connector().connect().await.expect("connected");
    assert_eq!(client.hello().version, "9.9.9");
    assert!(!client.was_started());

    let request = SearchRequest {
        query: "where".to_owned(),
        ..SearchRequest::default()
    };
    let answer = client.search.search(request.clone()).await.expect("answered");
    assert!((answer.into_inner().took_ms - 1.5).abs() < f64::EPSILON);
    let status = client.search.search(request.clone()).await.expect_err("scripted");
    assert_eq!(
        WireError::from_status(&status),
        WireError::new(ErrorKind::NotRegistered, "`/x` is not registered").with_hint("run `codemem index /x`")
    );
    assert_eq!(
        daemon.asked(),
        vec![Asked::Search(request.clone()), Asked::Search(request)]
    );
    assert_eq!(daemon.n_greetings(), 1);
}

#[tokio::test]
async fn without_a_daemon_and_without_the_right_to_start_one() {
    let place = Place::new();
    // No directory, an empty directory, the socket of a daemon that was killed.
    let expect_nobody = async || {
        assert!(matches!(
            place.connector().connect().await,
            Err(ConnectError::NotRunning)
        ));
        assert!(place.connector().find().await.expect("looked").is_none());
    };
    expect_nobody().await;
    place.rendezvous.prepare().expect("made");
    expect_nobody().await;
    FakeDaemon::start(&place.rendezvous, Script::default())
        .expect("alone")
        .kill();
    assert!(place.rendezvous.socket().exists());
    expect_nobody().await;
    assert!(place.rendezvous.socket().exists(), "only a daemon unlinks the socket");
}

#[tokio::test]
async fn a_stale_socket_does_not_keep_a_daemon_from_starting() {
    let place = Place::new();
    FakeDaemon::start(&place.rendezvous, Script::default())
        .expect("alone")
        .kill();
    let connector = place.launching_fake();
    let client = connector.connect().await.expect("started");
    assert!(client.was_started());
    drop(client);
    assert!(connector.stop("test").await.expect("stopped"));
    assert!(!connector.stop("test").await.expect("nothing to stop"));
}

#[tokio::test]
async fn two_clients_at_once_end_with_the_same_daemon() {
    let place = Place::new();
    let connector = place.launching_fake();
    let (one, two, three) = tokio::join!(connector.connect(), connector.connect(), connector.connect());
    let clients = [
        one.expect("connected"),
        two.expect("connected"),
        three.expect("connected"),
    ];
    let pid = clients[0].hello().pid;
    assert!(clients.iter().all(|client| client.hello().pid == pid));
    assert_eq!(clients.iter().filter(|client| client.was_started()).count(), 1);
    drop(clients);
    connector.stop("test").await.expect("stopped");
}

#[tokio::test]
async fn an_older_daemon_is_replaced() {
    let place = Place::new();
    let old = FakeDaemon::start(&place.rendezvous, speaking(0, 9, false)).expect("alone");
    let error = place.connector().connect().await.expect_err("no right to replace it");
    assert!(
        matches!(error, ConnectError::DaemonTooOld { managed: false, .. }),
        "{error}"
    );
    assert_eq!(error.hint(), "run `codemem daemon restart`");

    let connector = place.launching_fake();
    let client = connector.connect().await.expect("replaced");
    assert_eq!(client.hello().version, "0.0.0-fake");
    assert!(matches!(&old.asked()[..], [Asked::Shutdown(request)] if request.reason.starts_with("test 0: ")));
    drop(client);
    connector.stop("test").await.expect("stopped");
}

#[tokio::test]
async fn a_managed_daemon_is_left_alone() {
    let place = Place::new();
    let daemon = FakeDaemon::start(&place.rendezvous, speaking(0, 9, true)).expect("alone");
    let connector = place.launching("exit 9");
    let error = connector.connect().await.expect_err("too old");
    assert!(
        matches!(error, ConnectError::DaemonTooOld { managed: true, .. }),
        "{error}"
    );
    assert!(matches!(connector.stop("test").await, Err(ConnectError::Managed)));
    assert_eq!(daemon.asked(), vec![]);
}

impl Place {
    /// Leaves what a service's daemon leaves that cannot start.
    fn fail_to_start(&self, reason: &str, hint: &str) {
        self.rendezvous.prepare().expect("made");
        let report = Startup::Failed {
            reason: reason.to_owned(),
            hint: hint.to_owned(),
        };
        fs::write(self.rendezvous.start_failure(), report.encode()).expect("written");
    }

    /// The service of a user, enabled, that listens in this place.
    fn enabled_service(&self) -> Option<Service> {
        let home = self.directory.path().join("home");
        let env = Env::default().with(Variable::Home, &home);
        let service = Service::of_user(&env)?;
        let file = service.socket_file();
        let socket = self.rendezvous.socket();
        let text = match service.manager() {
            Manager::Systemd => format!("[Socket]\nListenStream={}\n", socket.display()),
            Manager::Launchd => format!("<key>SockPathName</key><string>{}</string>", socket.display()),
        };
        let wanted = file.with_file_name("sockets.target.wants");
        fs::create_dir_all(&wanted).expect("made");
        fs::write(&file, text).expect("written");
        symlink(&file, wanted.join("codemem.socket")).expect("linked");
        Some(service)
    }
}

#[tokio::test]
async fn a_service_that_does_not_listen_is_not_replaced_by_a_daemon_of_ours() {
    let place = Place::new();
    let ran = place.directory.path().join("ran");
    let connector = place.launching(&format!("touch '{}'", ran.display()));
    let connector = connector.with_service(place.enabled_service());
    for _ in 0..2 {
        let error = connector.connect().await.expect_err("nobody listens");
        assert!(matches!(error, ConnectError::ServiceStopped(None)), "{error}");
        assert!(error.hint().contains("`systemctl --user restart codemem.socket`") || cfg!(target_os = "macos"));
        assert!(connector.find().await.expect("looked").is_none());
        assert!(!connector.stop("test").await.expect("nothing to stop"));
        // The same with a socket that a crash left.
        place.rendezvous.prepare().expect("made");
        drop(fs::remove_file(place.rendezvous.socket()));
        drop(UnixListener::bind(place.rendezvous.socket()).expect("bound"));
    }
    assert!(!ran.exists(), "nothing was started");
    // What a manager leaves that gave up on a daemon which could not start.
    place.fail_to_start("line 3: no such key", "mend line 3");
    let error = connector.connect().await.expect_err("nobody listens");
    assert!(error.to_string().ends_with("no such key"), "{error}");
    let hint = error.hint();
    assert!(
        hint.starts_with("mend line 3; then run `") && !hint.contains("daemon run"),
        "{hint}"
    );
    assert!(
        hint.contains("systemctl --user reset-failed ") || cfg!(target_os = "macos"),
        "{hint}"
    );
}

#[tokio::test]
async fn a_service_whose_daemon_does_not_stay_is_started_once_and_quoted() {
    let place = Place::new();
    place.rendezvous.prepare().expect("made");
    let listener = tokio::net::UnixListener::bind(place.rendezvous.socket()).expect("bound");
    let connector = place.launching("exit 9").with_service(place.enabled_service());
    // What a daemon that cannot start does to those who wait: it lets them go.
    let turned_away = async || {
        let mut n_clients = 0;
        let turning_away = async {
            loop {
                drop(listener.accept().await);
                n_clients += 1;
            }
        };
        let error = tokio::select! {
            () = turning_away => unreachable!("it goes on"),
            outcome = connector.connect() => outcome.expect_err("nobody answers"),
        };
        (error, n_clients)
    };
    let (error, n_clients) = turned_away().await;
    assert_eq!(n_clients, 1, "each connection makes the manager start it");
    assert!(matches!(error, ConnectError::ServiceFails(None)), "{error}");
    assert!(error.hint().contains("systemctl --user status codemem.service") || cfg!(target_os = "macos"));
    assert!(!error.hint().contains("daemon run"), "{}", error.hint());

    place.fail_to_start("line 3: no such key", "mend line 3");
    let (error, _) = turned_away().await;
    let ConnectError::ServiceFails(Some(StartFailure { reason, .. })) = &error else {
        panic!("{error}");
    };
    assert!(error.to_string().ends_with(reason), "{error}");
    assert_eq!(error.hint(), "mend line 3");

    // A daemon that lives may be ending, and the next one answers.
    let _lock = FileLock::try_acquire(&place.rendezvous.daemon_lock()).expect("tried");
    assert_eq!(turned_away().await.1, 2);
}

#[tokio::test]
async fn a_client_that_may_not_start_a_daemon_does_not_have_a_service_start_it() {
    let place = Place::new();
    place.rendezvous.prepare().expect("made");
    let listener = UnixListener::bind(place.rendezvous.socket()).expect("bound");
    listener.set_nonblocking(true).expect("set");
    let connector = place.connector().with_service(place.enabled_service());
    let error = connector.connect().await.expect_err("it is idle");
    assert!(matches!(error, ConnectError::NotRunning), "{error}");
    assert!(listener.accept().is_err(), "nobody connected");
}

#[tokio::test]
async fn a_daemon_whose_socket_a_service_has_taken_is_ended_by_its_process() {
    let place = Place::new();
    let connector = place.launching_fake();
    drop(connector.connect().await.expect("started"));
    let lock = place.rendezvous.daemon_lock();
    let note = |managed| {
        let pid = Holder::read(&lock).expect("it noted itself").pid;
        Holder { pid, managed }.note(&lock).expect("written");
    };
    // What systemd does when its socket unit starts.
    fs::remove_file(place.rendezvous.socket()).expect("unlinked");
    let listener = UnixListener::bind(place.rendezvous.socket()).expect("bound");
    listener.set_nonblocking(true).expect("set");
    let in_service = place.connector().with_service(place.enabled_service());
    assert!(in_service.stop("test").await.expect("ended"));
    assert!(FileLock::is_free(&lock).expect("tried"));
    assert!(
        listener.accept().is_err(),
        "a connection would have made the manager start its own"
    );
    drop(listener);

    // Without a service that is known here, nobody answers at the socket, and the lock tells who it is.
    drop(connector.connect().await.expect("started"));
    fs::remove_file(place.rendezvous.socket()).expect("unlinked");
    let listener = tokio::net::UnixListener::bind(place.rendezvous.socket()).expect("bound");
    let stop = async || {
        let turning_away = async {
            loop {
                drop(listener.accept().await);
            }
        };
        tokio::select! {
            () = turning_away => unreachable!("it goes on"),
            outcome = connector.stop("test") => outcome,
        }
    };
    note(true);
    let managed = stop().await;
    assert!(matches!(managed, Err(ConnectError::Managed)), "{managed:?}");
    note(false);
    assert!(stop().await.expect("ended"));
}

#[tokio::test]
async fn looking_for_a_service_or_stopping_it_does_not_start_it() {
    let place = Place::new();
    place.rendezvous.prepare().expect("made");
    let listener = UnixListener::bind(place.rendezvous.socket()).expect("bound");
    listener.set_nonblocking(true).expect("set");
    let connector = place.connector().with_service(place.enabled_service());
    assert!(connector.find().await.expect("looked").is_none());
    assert!(!connector.stop("test").await.expect("nothing to stop"));
    assert!(
        listener.accept().is_err(),
        "a connection would have made the manager start it"
    );
    drop(listener);
    let _daemon = FakeDaemon::start(&place.rendezvous, speaking(PROTOCOL.major, PROTOCOL.minor, true)).expect("alone");
    let client = connector.connect().await.expect("connected");
    assert!(client.hello().managed && !client.was_started());
    assert!(connector.find().await.expect("looked").is_some());
    assert!(matches!(connector.stop("test").await, Err(ConnectError::Managed)));
}

#[tokio::test]
async fn a_newer_daemon_is_left_alone() {
    let place = Place::new();
    let daemon = FakeDaemon::start(&place.rendezvous, speaking(PROTOCOL.major + 1, 0, false)).expect("alone");
    let error = place.launching("exit 9").connect().await.expect_err("too new");
    assert_eq!(
        error.to_string(),
        format!("the daemon 9.9.9 speaks protocol 2.0; this program speaks only {PROTOCOL}")
    );
    assert_eq!(daemon.asked(), vec![]);
}

#[tokio::test]
async fn a_daemon_that_cannot_start_says_why() {
    let place = Place::new();
    let report = Startup::Failed {
        reason: "the disk is full".to_owned(),
        hint: "free some room".to_owned(),
    };
    let bytes = place.directory.path().join("report");
    fs::write(&bytes, report.encode()).expect("written");
    let connector = place.launching(&format!(
        "exec python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[2])
s.sendall(open(\"{}\", \"rb\").read())' \"$@\"",
        bytes.display()
    ));
    let error = connector.connect().await.expect_err("it fails");
    assert_eq!(error.to_string(), "the daemon could not start: the disk is full");
    assert_eq!(error.hint(), "free some room");
    let left: Vec<_> = fs::read_dir(place.rendezvous.directory())
        .expect("read")
        .map(|entry| entry.expect("read").file_name())
        .filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "sock"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn a_daemon_that_dies_without_a_word() {
    let place = Place::new();
    let error = place.launching("exit 7").connect().await.expect_err("it dies");
    assert!(
        matches!(&error, ConnectError::Exited { status, .. } if status.code() == Some(7)),
        "{error}"
    );
    assert!(error.hint().contains("codemem daemon run"));
}

#[tokio::test]
async fn a_daemon_that_holds_the_lock_without_listening_is_waited_for() {
    let place = Place::new();
    place.rendezvous.prepare().expect("made");
    let lock = FileLock::try_acquire(&place.rendezvous.daemon_lock()).expect("tried");
    let connector = place.launching_fake();
    // While the lock is held nothing is started; once it is let go, a daemon is.
    let (client, ()) = tokio::join!(connector.connect(), async {
        tokio::task::yield_now().await;
        drop(lock);
    });
    assert!(client.expect("connected").was_started());
    connector.stop("test").await.expect("stopped");
}

#[tokio::test]
async fn programs_that_are_not_there() {
    let place = Place::new();
    let missing = place.directory.path().join("missing");
    let named = Env::default().with(Variable::Daemon, &missing);
    let nowhere = Env::default().with(Variable::Path, place.directory.path());
    for env in [named, nowhere] {
        let connector = place.connector().with_launcher(Launcher::new(&env, None));
        let error = connector.connect().await.expect_err("no program");
        assert!(matches!(error, ConnectError::NoProgram { .. }), "{error}");
    }
}

#[test]
fn where_the_program_is_found() {
    let place = Place::new();
    let root = place.directory.path();
    let make = |name: &str| {
        let directory = root.join(name);
        fs::create_dir(&directory).expect("made");
        fs::write(directory.join("codememd"), "").expect("written");
        directory
    };
    let (bin, beside) = (make("bin"), make("beside"));
    let env = Env::default().with(
        Variable::Path,
        std::env::join_paths([Path::new("relative"), &root.join("none"), &bin]).expect("joined"),
    );
    let exe = beside.join("codemem");
    let program = |env: &Env, exe| Launcher::new(env, exe).program().expect("found");
    assert_eq!(program(&env, None), bin.join("codememd"));
    assert_eq!(program(&env, Some(exe.as_path())), beside.join("codememd"));
    let named = env.with(Variable::Daemon, bin.join("codememd"));
    assert_eq!(program(&named, Some(exe.as_path())), bin.join("codememd"));
}

#[tokio::test]
async fn an_unsafe_directory_is_not_entered() {
    let place = Place::new();
    place.rendezvous.prepare().expect("made");
    fs::set_permissions(place.rendezvous.directory(), Permissions::from_mode(0o755)).expect("changed");
    let error = place.launching("exit 9").connect().await.expect_err("open to others");
    assert!(matches!(error, ConnectError::Rendezvous(_)), "{error}");
    assert!(error.hint().contains("chmod 700"));
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_never_answers() {
    let place = Place::new();
    place.rendezvous.prepare().expect("made");
    let listener = UnixListener::bind(place.rendezvous.socket()).expect("bound");
    let error = place.connector().connect().await.expect_err("silence");
    assert!(matches!(error, ConnectError::Unresponsive { .. }), "{error}");
    drop(listener);
}

#[tokio::test]
async fn a_broken_connection_stays_broken() {
    let place = Place::new();
    let daemon = FakeDaemon::start(&place.rendezvous, Script::default()).expect("alone");
    let mut client = place.connector().connect().await.expect("connected");
    daemon.kill();
    let second = FakeDaemon::start(&place.rendezvous, Script::default()).expect("alone");
    for _ in 0..3 {
        let status = client
            .search
            .search(SearchRequest::default())
            .await
            .expect_err("broken");
        assert_eq!(
            WireError::from_status(&status).kind,
            ErrorKind::Unavailable,
            "{status:?}"
        );
    }
    assert_eq!(second.asked(), vec![]);
}
