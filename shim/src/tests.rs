//! The server over an in-memory pipe, in both eras of the protocol, against a scripted daemon.

mod memory;

use super::*;
use codemem_client::testing::{Asked, FakeDaemon, Reply, Script};
use codemem_proto::status::ErrorKind;
use codemem_proto::v1;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf};

/// Room of the pipe: more than any message here.
const PIPE: usize = 1 << 16;

struct Session {
    requests: WriteHalf<DuplexStream>,
    answers: Lines<BufReader<ReadHalf<DuplexStream>>>,
    rendezvous: Rendezvous,
    _directory: TempDir,
}

#[derive(Clone, Copy)]
enum Era {
    Handshake,
    Stateless,
}

impl Session {
    /// A session in the project `/p` whose daemon is not there yet.
    fn open() -> Self {
        let directory = tempfile::tempdir().expect("directory");
        let rendezvous = Rendezvous::at(directory.path().join("run")).expect("short");
        Self::over(rendezvous, directory, false)
    }

    fn over(rendezvous: Rendezvous, directory: TempDir, reads_only: bool) -> Self {
        let (ours, theirs) = tokio::io::duplex(PIPE);
        let connector = Connector::new(rendezvous.clone(), "test").reading_only(reads_only);
        let bridge = Bridge::open(Ok(connector));
        let env = Env::default().with(Variable::ClaudeProjectDir, "/p");
        let server = Server::new(bridge, Project::of(&env, None), Some("s-1".to_owned()), reads_only);
        tokio::spawn(async move {
            let (input, output) = tokio::io::split(theirs);
            let transport = Forgiving::new(AsyncRwTransport::new_server(input, output));
            let service = rmcp::serve_server(server, transport).await.expect("a session");
            drop(service.waiting().await);
        });
        let (input, requests) = tokio::io::split(ours);
        Self {
            requests,
            answers: BufReader::new(input).lines(),
            rendezvous,
            _directory: directory,
        }
    }

    /// A session whose daemon follows a script.
    fn with(script: Script) -> (Self, FakeDaemon) {
        Self::with_promise(script, false)
    }

    /// The same, which may promise to change nothing.
    fn with_promise(script: Script, reads_only: bool) -> (Self, FakeDaemon) {
        let directory = tempfile::tempdir().expect("directory");
        let rendezvous = Rendezvous::at(directory.path().join("run")).expect("short");
        let daemon = FakeDaemon::start(&rendezvous, script).expect("alone");
        (Self::over(rendezvous, directory, reads_only), daemon)
    }

    async fn send(&mut self, message: Value) {
        let line = format!("{message}\n");
        self.requests.write_all(line.as_bytes()).await.expect("written");
    }

    async fn receive(&mut self) -> Value {
        let line = self.answers.next_line().await.expect("read").expect("not the end");
        serde_json::from_str(&line).expect("JSON")
    }

    /// Sends a request and returns its result; any other answer fails the test.
    async fn ask(&mut self, era: Era, method: &str, mut params: Value) -> Value {
        if matches!(era, Era::Stateless) {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "0"},
                "io.modelcontextprotocol/clientCapabilities": {},
            });
        }
        self.send(json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}))
            .await;
        let mut answer = self.receive().await;
        assert_eq!(answer["id"], 7, "{answer}");
        answer["result"].take()
    }

    /// Begins the session and returns its instructions.
    async fn begin(&mut self, era: Era) -> String {
        let result = match era {
            Era::Handshake => {
                let client = json!({"name": "test", "version": "0"});
                let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client});
                let result = self.ask(era, "initialize", params).await;
                self.send(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))
                    .await;
                assert_eq!(result["protocolVersion"], "2025-11-25");
                result
            }
            Era::Stateless => {
                let result = self.ask(era, "server/discover", json!({})).await;
                let versions = result["supportedVersions"].as_array().expect("a list");
                assert!(versions.contains(&json!("2026-07-28")), "{result}");
                result
            }
        };
        result["instructions"].as_str().expect("text").to_owned()
    }

    /// Calls a tool; its text and whether it is an error.
    async fn call(&mut self, era: Era, tool: &str, arguments: Value) -> (String, bool) {
        let result = self
            .ask(era, "tools/call", json!({"name": tool, "arguments": arguments}))
            .await;
        assert_eq!(result["structuredContent"], Value::Null);
        let text = result["content"][0]["text"]
            .as_str()
            .unwrap_or_else(|| panic!("{result}"));
        (text.to_owned(), result["isError"] == true)
    }
}

const READERS_AND_WRITERS: [&str; 9] = [
    "search_code",
    "expand",
    "symbol",
    "index_status",
    "memory_store",
    "memory_find",
    "memory_preferences",
    "memory_project_facts",
    "memory_delete",
];

fn names(tools: &Value) -> Vec<&str> {
    let tools = tools["tools"].as_array().expect("a list");
    tools.iter().map(|tool| tool["name"].as_str().expect("text")).collect()
}

fn found() -> v1::SearchResponse {
    v1::SearchResponse {
        hits: vec![v1::Hit {
            path: "a.rs".to_owned(),
            start_line: 1,
            end_line: 2,
            kind: "function".to_owned(),
            name: "a".to_owned(),
            snippet: "fn a() {}".to_owned(),
            ..v1::Hit::default()
        }],
        coverage: Some(v1::Coverage {
            files_searched: 1,
            files_total: 1,
            vectors: 1.0,
            vectors_used: true,
            files_in_scope: 1,
            hits_dropped: 0,
            ..v1::Coverage::default()
        }),
        took_ms: 1.0,
        root: "/p".to_owned(),
        ..v1::SearchResponse::default()
    }
}

#[tokio::test]
async fn both_eras_find_code() {
    for era in [Era::Handshake, Era::Stateless] {
        let (mut session, daemon) = Session::with(Script {
            search: vec![Reply::Now(found())],
            ..Script::default()
        });
        let instructions = session.begin(era).await;
        assert!(instructions.starts_with("Use search_code"), "{instructions}");
        assert!(!instructions.contains("Right now"), "{instructions}");
        assert!(instructions.len() < 2048);

        let tools = session.ask(era, "tools/list", json!({})).await;
        assert_eq!(names(&tools), READERS_AND_WRITERS);
        assert_eq!(tools["ttlMs"].is_null(), matches!(era, Era::Handshake), "{tools}");

        let arguments = json!({"query": " where ", "path": "src", "limit": 3, "language": "rust", "path_glob": "*.rs"});
        let (text, is_error) = session.call(era, "search_code", arguments).await;
        assert!(!is_error);
        assert_eq!(
            text,
            "paths are relative to /p\na.rs:1-2 function a\n  fn a() {}\n[searched 1 of 1 files]"
        );
        let asked = v1::SearchRequest {
            query: "where".to_owned(),
            roots: vec!["/p/src".to_owned()],
            limit: 3,
            languages: vec!["rust".to_owned()],
            path_globs: vec!["*.rs".to_owned()],
            session: "s-1".to_owned(),
            ..v1::SearchRequest::default()
        };
        assert_eq!(daemon.asked().last(), Some(&Asked::Search(asked)));
        let (text, _) = session
            .call(era, "search_code", json!({"query": "x", "format": "json"}))
            .await;
        assert!(text.starts_with('{'), "{text}");
    }
}

#[tokio::test]
async fn arguments_that_make_no_sense_are_answered_with_advice() {
    let (mut session, daemon) = Session::with(Script::default());
    session.begin(Era::Handshake).await;
    for (tool, arguments, expected) in [
        ("search_code", json!({}), "`query` is required"),
        ("search_code", json!({"query": "  "}), "`query` is required"),
        ("search_code", json!({"query": 1}), "`query` must be a string"),
        (
            "search_code",
            json!({"query": "x", "limit": 51}),
            "`limit` must be a whole number from 1 to 50",
        ),
        (
            "search_code",
            json!({"query": "x", "format": "xml"}),
            "`format` must be \"text\" or \"json\"",
        ),
        (
            "search_code",
            json!({"query": "x", "repo": "y"}),
            "unknown argument `repo`; allowed: query, path,",
        ),
        ("index_status", json!({"path": []}), "`path` must be a string"),
    ] {
        let (text, is_error) = session.call(Era::Handshake, tool, arguments).await;
        assert!(is_error && text.starts_with(expected), "{text}");
    }
    assert_eq!(daemon.asked(), vec![]);
    session
        .send(json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "nope"}}))
        .await;
    let answer = session.receive().await;
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    assert!(
        answer["error"]["message"]
            .as_str()
            .expect("text")
            .contains("search_code, expand, symbol, index_status")
    );
}

#[tokio::test]
async fn a_project_that_is_not_indexed_is_indexed() {
    let unknown = Reply::fail(ErrorKind::NotRegistered, "not indexed", "run `codemem index /p`");
    let queued = v1::IndexRootEvent {
        event: Some(v1::index_root_event::Event::Result(v1::IndexRootResult::default())),
    };
    let (mut session, daemon) = Session::with(Script {
        search: vec![unknown.clone()],
        status: vec![Reply::fail(ErrorKind::NotRegistered, "not indexed", "")],
        index: vec![Reply::Now(queued)],
        ..Script::default()
    });
    session.begin(Era::Stateless).await;
    let (text, is_error) = session
        .call(Era::Stateless, "search_code", json!({"query": "x", "path": "src"}))
        .await;
    assert!(is_error && text.contains("Indexing has begun"), "{text}");
    let begun = v1::IndexRootRequest {
        root: "/p".to_owned(),
        wait: v1::WaitFor::Unspecified.into(),
        force: false,
    };
    assert_eq!(daemon.asked().last(), Some(&Asked::IndexRoot(begun)));

    let n_asked = daemon.asked().len();
    let (text, is_error) = session
        .call(Era::Stateless, "search_code", json!({"query": "x", "path": "/etc"}))
        .await;
    assert!(is_error && text.contains("`codemem index /etc`"), "{text}");
    assert_eq!(daemon.asked().len(), n_asked + 1, "nothing but the search");

    let (text, is_error) = session.call(Era::Stateless, "index_status", json!({})).await;
    assert_eq!(
        (text.as_str(), is_error),
        ("/p is not indexed; search_code begins to index it.", false)
    );

    daemon.rewrite(|script| script.index = vec![Reply::fail(ErrorKind::Usage, "`/p` is your home", "index less")]);
    let (text, is_error) = session.call(Era::Stateless, "search_code", json!({"query": "x"})).await;
    assert!(
        is_error && text.contains("`/p` is your home") && text.contains("index less"),
        "{text}"
    );
}

#[tokio::test]
async fn the_state_of_the_project() {
    let (mut session, daemon) = Session::with(Script {
        status: vec![Reply::Now(v1::StatusResponse {
            repositories: vec![v1::RepositoryStatus {
                root: "/p".to_owned(),
                indexed_at: 1,
                ..v1::RepositoryStatus::default()
            }],
            ..v1::StatusResponse::default()
        })],
        ..Script::default()
    });
    session.begin(Era::Handshake).await;
    let (text, is_error) = session.call(Era::Handshake, "index_status", json!({})).await;
    assert!(!is_error && text.starts_with("/p: 0 files"), "{text}");
    let request = v1::StatusRequest { root: "/p".to_owned() };
    assert_eq!(daemon.asked(), vec![Asked::Status(request)]);
}

#[tokio::test]
async fn without_a_daemon_the_session_lives_on() {
    for era in [Era::Handshake, Era::Stateless] {
        let mut session = Session::open();
        let instructions = session.begin(era).await;
        assert!(instructions.contains("Right now it does not work: "), "{instructions}");
        assert!(
            instructions.contains("What to do: start it with `codemem daemon start`"),
            "{instructions}"
        );
        let (text, is_error) = session.call(era, "search_code", json!({"query": "x"})).await;
        assert!(is_error && text.contains("codemem daemon start"), "{text}");

        let script = Script {
            search: vec![Reply::Now(found())],
            ..Script::default()
        };
        let _daemon = FakeDaemon::start(&session.rendezvous, script).expect("alone");
        // The daemon is looked for again after a pause.
        loop {
            let (text, is_error) = session.call(era, "search_code", json!({"query": "x"})).await;
            if !is_error {
                assert!(text.starts_with("a.rs:1-2"), "{text}");
                break;
            }
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_cancelled_call_gives_the_search_up() {
    let (mut session, daemon) = Session::with(Script {
        search: vec![Reply::Never, Reply::Now(found())],
        ..Script::default()
    });
    session.begin(Era::Handshake).await;
    let params = json!({"name": "search_code", "arguments": {"query": "x"}});
    session
        .send(json!({"jsonrpc": "2.0", "id": 41, "method": "tools/call", "params": params}))
        .await;
    while daemon.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    let cancel = json!({"requestId": 41, "reason": "enough"});
    session
        .send(json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancel}))
        .await;
    // The next answer is the next question's.
    let (text, _) = session.call(Era::Handshake, "search_code", json!({"query": "y"})).await;
    assert!(text.starts_with("a.rs:1-2"), "{text}");
    while daemon.n_abandoned() == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn messages_before_the_first_request_are_passed_over() {
    for era in [Era::Handshake, Era::Stateless] {
        let (mut session, _daemon) = Session::with(Script::default());
        session
            .send(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))
            .await;
        session.send(json!({"jsonrpc": "2.0", "id": 3, "result": {}})).await;
        session.begin(era).await;
        session
            .send(json!({"jsonrpc": "2.0", "method": "notifications/unheard_of"}))
            .await;
        let (_, is_error) = session.call(era, "search_code", json!({"query": "x"})).await;
        assert!(!is_error);
    }
}
