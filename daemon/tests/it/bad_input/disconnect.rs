//! Clients that leave in the middle, and programs that are no clients.

use crate::sandbox::{self, assert_serves, channel, client, found, rendezvous, search, wait};
use codemem_proto::v1::index_root_event::Event;
use codemem_proto::v1::search_client::SearchClient;
use codemem_proto::v1::{IndexRootRequest, Phase, SearchRequest, WaitFor};
use codemem_testkit::{Sandbox, wait_until};
use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const PATIENCE: Duration = Duration::from_mins(1);

/// What an HTTP/2 client says first, and its empty settings.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// The head of a frame of headers that promises sixteen bytes, and three of them.
const HALF_A_FRAME: &[u8] = b"\0\0\x10\x01\x04\0\0\0\x01abc";

fn fill(sandbox: &Sandbox, n_files: usize) {
    for n in 0..n_files {
        let mut text = format!("def compute_{n}(value_0):\n");
        for line in 0..30 {
            writeln!(text, "    value_{line} = compute_{n}(value_{line})").expect("a string takes everything");
        }
        sandbox.write(&format!("p{}/m{n}.py", n % 7), text);
    }
}

fn connect(sandbox: &Sandbox) -> UnixStream {
    let stream = UnixStream::connect(rendezvous(sandbox).socket()).expect("a daemon listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    stream
}

/// A query that keeps the daemon busy for a while: as many different words as it reads.
fn heavy(sandbox: &Sandbox) -> SearchRequest {
    SearchRequest {
        query: (0..6_000).map(|n| format!("compute_{n} ")).collect::<Vec<_>>().concat(),
        roots: vec![sandbox.tree().to_string_lossy().into_owned()],
        limit: 200,
        ..SearchRequest::default()
    }
}

#[test]
fn a_search_that_nobody_waits_for_is_given_up() {
    let sandbox = sandbox::lexical();
    fs::write(
        sandbox.config_file(),
        "offline = true\nlog = \"info,codemem_engine=debug\"\n",
    )
    .expect("write");
    fill(&sandbox, 200);
    let tree = sandbox.tree();
    sandbox
        .codemem(["index", tree.to_str().expect("UTF-8"), "--wait-lexical"])
        .success();
    let pid = sandbox.daemon_pid();
    wait(async {
        let question = heavy(&sandbox);
        let began = Instant::now();
        let alone = SearchClient::new(channel(&sandbox).await)
            .search(question.clone())
            .await;
        alone.expect("an answer");
        let alone = began.elapsed();
        let leaving = channel(&sandbox).await;
        let mut asking = JoinSet::new();
        for _ in 0..150 {
            let (channel, question) = (leaving.clone(), question.clone());
            asking.spawn(async move { SearchClient::new(channel).search(question).await });
        }
        tokio::time::sleep(alone).await;
        // Each call is closed, as by a client that is interrupted.
        asking.shutdown().await;
        drop(leaving);
        let began = Instant::now();
        search(&sandbox, "compute_7").await.expect("an answer");
        let after = began.elapsed();
        assert!(
            after < alone * 20 + Duration::from_secs(1),
            "{after:?} after them, {alone:?} alone"
        );
    });
    wait_until("a search to end before its answer", PATIENCE, || {
        sandbox.log().contains("a search was given up")
    });
    assert_serves(&sandbox, pid);
}

#[test]
fn a_pass_goes_on_when_its_client_leaves() {
    let sandbox = sandbox::lexical();
    fill(&sandbox, 600);
    let root = sandbox.tree().to_string_lossy().into_owned();
    sandbox.codemem(["daemon", "start"]).success();
    let pid = sandbox.daemon_pid();
    wait(async {
        let request = IndexRootRequest {
            root: root.clone(),
            wait: WaitFor::Lexical.into(),
            force: false,
        };
        let mut client = client(&sandbox).await;
        let mut events = client.index.index_root(request).await.expect("begins").into_inner();
        while let Some(event) = events.message().await.expect("an event") {
            match event.event.expect("known") {
                Event::Progress(progress) if progress.phase() == Phase::Lexical => break,
                Event::Progress(_) => {}
                Event::Result(result) => panic!("over before the client could leave: {result:?}"),
            }
        }
    });
    wait_until("the pass to end", PATIENCE, || {
        let status = sandbox.codemem(["status", "--json"]).json();
        status["repositories"][0]["files"].as_u64() == Some(600)
            && found(&sandbox, "compute_599")
                .first()
                .is_some_and(|path| path == "p4/m599.py")
    });
    assert_serves(&sandbox, pid);
}

#[test]
fn what_is_no_http_2_is_hung_up_on() {
    let sandbox = sandbox::lexical();
    sandbox.codemem(["daemon", "start"]).success();
    let pid = sandbox.daemon_pid();
    let garbage: Vec<u8> = (0..200_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let bad_frame = [PREFACE, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff"].concat();
    for bytes in [
        &garbage[..],
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\n",
        &[0; 4096],
        &bad_frame,
    ] {
        let mut stream = connect(&sandbox);
        // The daemon may hang up before all is written.
        let _hung_up = stream.write_all(bytes);
        let _hung_up = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let ended = stream.read_to_end(&mut answer);
        assert!(
            ended.is_ok() || ended.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset),
            "it ends"
        );
    }
    // Leaving at any point of a greeting leaves nothing behind.
    let greeting = [PREFACE, HALF_A_FRAME].concat();
    for end in 0..greeting.len() {
        connect(&sandbox).write_all(&greeting[..end]).expect("written");
    }
    assert_serves(&sandbox, pid);
}

#[test]
fn silent_connections_keep_the_daemon_neither_alive_nor_from_ending() {
    let sandbox = sandbox::lexical();
    sandbox.codemem(["daemon", "start"]).success();
    let silent = |bytes: &[u8]| {
        let mut stream = connect(&sandbox);
        stream.write_all(bytes).expect("written");
        stream
    };
    let held = || {
        let half = [PREFACE, HALF_A_FRAME].concat();
        [silent(b""), silent(b"PRI * HT"), silent(PREFACE), silent(&half)]
    };
    let connections = held();
    let began = Instant::now();
    sandbox.codemem(["daemon", "stop"]).success();
    assert!(began.elapsed() < Duration::from_secs(9), "{:?}", began.elapsed());
    assert!(sandbox.log().contains("ended"));
    drop(connections);
    // One that ends when nothing is asked counts questions, not connections.
    fs::write(sandbox.config_file(), "offline = true\nidle_timeout_seconds = 1\n").expect("write");
    sandbox.codemem(["daemon", "start"]).success();
    let _connections = held();
    wait_until("the daemon to end by itself", PATIENCE, || {
        !sandbox.path("run/daemon.sock").exists()
    });
}

#[test]
fn a_connection_that_says_nothing_is_closed() {
    let sandbox = sandbox::lexical();
    sandbox.codemem(["daemon", "start"]).success();
    let pid = sandbox.daemon_pid();
    let mut silent = connect(&sandbox);
    let mut answer = Vec::new();
    // The daemon speaks first in HTTP/2, and hangs up in the end.
    silent.read_to_end(&mut answer).expect("an end");
    assert_serves(&sandbox, pid);
}
