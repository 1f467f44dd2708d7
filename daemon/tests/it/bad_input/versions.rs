//! Programs of other versions, on either side.

use crate::mcp::Session;
use crate::sandbox::{self, assert_serves, client, rendezvous, wait};
use codemem_client::testing::{Asked, FakeDaemon, Script};
use codemem_proto::status::{ErrorKind, WireError};
use codemem_proto::v1::{HelloRequest, ProtocolVersion, SearchRequest, SearchResponse};
use codemem_proto::version::{PROTOCOL, Protocol};
use codemem_testkit::Sandbox;
use serde_json::json;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic_prost::ProstCodec;

const OLDER_MAJOR: Protocol = Protocol {
    major: PROTOCOL.major - 1,
    minor: 9,
};

const NEWER_MINOR: Protocol = Protocol {
    minor: PROTOCOL.minor + 7,
    ..PROTOCOL
};

const NEWER_MAJOR: Protocol = Protocol {
    major: PROTOCOL.major + 1,
    minor: 0,
};

#[test]
fn the_daemon_greets_clients_of_every_version() {
    let sandbox = sandbox::lexical();
    sandbox.codemem(["daemon", "start"]).success();
    let pid = sandbox.daemon_pid();
    wait(async {
        let mut client = client(&sandbox).await;
        let nobody = Protocol {
            major: u32::MAX,
            minor: u32::MAX,
        };
        for protocol in [
            None,
            Some(OLDER_MAJOR),
            Some(PROTOCOL),
            Some(NEWER_MINOR),
            Some(NEWER_MAJOR),
            Some(nobody),
        ] {
            let request = HelloRequest {
                protocol: protocol.map(ProtocolVersion::from),
                client: "another version\u{1b}[2J\n".to_owned(),
            };
            // The client decides: this is what it needs for that.
            let hello = client.daemon.hello(request).await.expect("an answer").into_inner();
            assert_eq!(hello.protocol.map(Protocol::from), Some(PROTOCOL), "{protocol:?}");
            assert_eq!(i32::try_from(hello.pid).ok(), pid);
            assert!(!hello.version.is_empty() && !hello.managed);
        }
    });
    assert_serves(&sandbox, pid);
}

#[test]
fn a_call_of_a_newer_version_is_refused_as_such() {
    let sandbox = sandbox::lexical();
    sandbox.codemem(["daemon", "start"]).success();
    let pid = sandbox.daemon_pid();
    wait(async {
        for path in ["/codemem.v1.Search/Imagine", "/codemem.v2.Search/Search"] {
            let mut grpc = Grpc::new(sandbox::channel(&sandbox).await);
            grpc.ready().await.expect("connected");
            let codec: ProstCodec<SearchRequest, SearchResponse> = ProstCodec::default();
            let request = tonic::Request::new(SearchRequest::default());
            let status = grpc
                .unary(request, PathAndQuery::from_static(path), codec)
                .await
                .expect_err("unknown");
            assert_eq!(
                WireError::from_status(&status).kind,
                ErrorKind::Incompatible,
                "{status:?}"
            );
        }
    });
    assert_serves(&sandbox, pid);
}

fn daemon_of(sandbox: &Sandbox, protocol: Protocol, managed: bool) -> FakeDaemon {
    let mut script = Script::default();
    script.hello.protocol = Some(protocol.into());
    "9.8.7".clone_into(&mut script.hello.version);
    script.hello.managed = managed;
    FakeDaemon::start(&rendezvous(sandbox), script).expect("alone")
}

fn was_asked_to_end(daemon: &FakeDaemon) -> bool {
    daemon.asked().iter().any(|asked| matches!(asked, Asked::Shutdown(_)))
}

/// What the command line and the shim say of a daemon that they cannot work with.
fn refusals(sandbox: &Sandbox) -> [String; 3] {
    let cli = ["status", "search"].map(|verb| {
        let answer = match verb {
            "search" => sandbox.codemem(["search", "x"]),
            _ => sandbox.codemem([verb]),
        };
        assert_eq!(answer.code, 3, "{answer:?}");
        assert!(answer.stdout.is_empty(), "{answer:?}");
        answer.stderr
    });
    let mut session = Session::start(sandbox, false);
    let (is_error, text) = session.tool("search_code", &json!({"query": "x"}));
    assert!(is_error, "{text}");
    session.end();
    let [status, search] = cli;
    [status, search, text]
}

#[test]
fn a_newer_daemon_is_left_alone_and_the_client_is_to_be_updated() {
    for managed in [false, true] {
        let sandbox = sandbox::lexical();
        let daemon = daemon_of(&sandbox, NEWER_MAJOR, managed);
        for text in refusals(&sandbox) {
            let expected =
                format!("the daemon 9.8.7 speaks protocol {NEWER_MAJOR}; this program speaks only {PROTOCOL}");
            assert!(text.contains(&expected), "{text}");
            assert!(text.contains("update this program to the daemon's version"), "{text}");
        }
        assert!(!was_asked_to_end(&daemon));
        assert_eq!(sandbox.log(), "", "no daemon of ours was started");
    }
}

#[test]
fn an_older_daemon_of_the_service_manager_is_left_alone_and_to_be_updated() {
    let sandbox = sandbox::lexical();
    let daemon = daemon_of(&sandbox, OLDER_MAJOR, true);
    for text in refusals(&sandbox) {
        let expected = format!("the daemon 9.8.7 speaks protocol {OLDER_MAJOR}; this program needs {PROTOCOL}");
        assert!(text.contains(&expected), "{text}");
        assert!(
            text.contains("update codememd to the version of this program, then"),
            "{text}"
        );
    }
    let stop = sandbox.codemem(["daemon", "stop"]);
    assert_eq!(stop.code, 3, "{stop:?}");
    assert!(!was_asked_to_end(&daemon));
    assert_eq!(sandbox.log(), "", "no daemon of ours was started");
}

#[test]
fn an_older_daemon_is_replaced_unless_nothing_may_be_started() {
    let sandbox = sandbox::lexical();
    let daemon = daemon_of(&sandbox, OLDER_MAJOR, false);
    let mut command = sandbox.command("codemem");
    let forbidden = sandbox.run(command.env("CODEMEM_NO_AUTOSTART", "1").arg("status"));
    assert_eq!(forbidden.code, 3, "{forbidden:?}");
    assert!(forbidden.stderr.contains("codemem daemon restart"), "{forbidden:?}");
    assert!(!was_asked_to_end(&daemon));
    sandbox.codemem(["status"]).success();
    assert!(was_asked_to_end(&daemon));
    assert!(sandbox.daemon_pid().is_some(), "ours serves in its place");
}

#[test]
fn a_daemon_of_a_newer_minor_version_understands_us() {
    let sandbox = sandbox::lexical();
    let daemon = daemon_of(&sandbox, NEWER_MINOR, true);
    sandbox.codemem(["status"]).success();
    let mut session = Session::start(&sandbox, false);
    let (is_error, text) = session.tool("search_code", &json!({"query": "x"}));
    assert!(!is_error, "{text}");
    session.end();
    assert!(!was_asked_to_end(&daemon));
    assert_eq!(sandbox.log(), "", "no daemon of ours was started");
}
