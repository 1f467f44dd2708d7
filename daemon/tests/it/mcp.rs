//! The MCP shim over raw standard input and output, in both eras of the protocol.

use crate::sandbox;
use codemem_testkit::{Sandbox, wait_until};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

/// Longer than the longest pause between two attempts of the shim.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct Session {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    modern: bool,
    id: u64,
}

impl Session {
    pub(crate) fn start(sandbox: &Sandbox, modern: bool) -> Self {
        Self::with(sandbox, modern, |_| {})
    }

    /// Starts the shim with another environment.
    pub(crate) fn with(sandbox: &Sandbox, modern: bool, change: impl FnOnce(&mut Command)) -> Self {
        let mut command = sandbox.command("codemem-mcp");
        command
            .env("CLAUDE_PROJECT_DIR", sandbox.tree())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        change(&mut command);
        let mut child = command.spawn().expect("start the shim");
        let input = child.stdin.take().expect("piped");
        let output = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut session = Self {
            child,
            input,
            output,
            modern,
            id: 0,
        };
        if modern {
            let discovered = session.call("server/discover", json!({}));
            assert!(
                discovered["supportedVersions"].to_string().contains("2026-07-28"),
                "{discovered}"
            );
        } else {
            let info = json!({"name": "raw", "version": "1"});
            let initialized = session.call(
                "initialize",
                json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info}),
            );
            assert!(initialized["serverInfo"]["name"].is_string(), "{initialized}");
            session.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        }
        session
    }

    fn send(&mut self, message: &Value) {
        self.write(format!("{message}\n").as_bytes());
    }

    /// Writes bytes that need not be MCP.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.input.write_all(bytes).expect("the shim reads");
    }

    fn call(&mut self, method: &str, mut params: Value) -> Value {
        self.id += 1;
        if self.modern {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {},
                "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"},
            });
        }
        let id = self.id;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        loop {
            let line = self.output.next().expect("an answer before the end").expect("text");
            let message: Value = serde_json::from_str(&line).expect("nothing but MCP on standard output");
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].clone();
            }
        }
    }

    pub(crate) fn tool(&mut self, name: &str, arguments: &Value) -> (bool, String) {
        let result = self.call("tools/call", json!({"name": name, "arguments": arguments}));
        let text = result["content"][0]["text"].as_str().unwrap_or_default().to_owned();
        (result["isError"].as_bool().unwrap_or(false), text)
    }

    pub(crate) fn end(mut self) {
        drop(self.input);
        assert!(self.child.wait().expect("ends").success());
    }
}

#[test]
fn both_eras_list_and_call_the_tools() {
    let sandbox = sandbox::lexical();
    sandbox.copy(sandbox::sample());
    sandbox
        .codemem(["index", sandbox.tree().to_str().expect("UTF-8"), "--wait-lexical"])
        .success();
    for modern in [false, true] {
        let mut session = Session::start(&sandbox, modern);
        let listed = session.call("tools/list", json!({}));
        let names: Vec<&str> = listed["tools"]
            .as_array()
            .expect("tools")
            .iter()
            .filter_map(|tool| tool["name"].as_str())
            .collect();
        assert!(
            names.contains(&"search_code") && names.contains(&"index_status"),
            "{names:?}"
        );
        let (failed, text) = session.tool("search_code", &json!({"query": "which handler answers a request"}));
        assert!(!failed && text.contains("server/router.py"), "modern {modern}: {text}");
        let (failed, text) = session.tool("index_status", &json!({}));
        assert!(!failed && text.contains("files"), "modern {modern}: {text}");
        let (failed, text) = session.tool("search_code", &json!({"query": ""}));
        assert!(
            failed && !text.is_empty(),
            "an empty query is an error that the model can act on: {text}"
        );
        session.end();
    }
}

#[test]
fn the_shim_outlives_the_daemon_and_starts_it_again() {
    let sandbox = sandbox::lexical();
    sandbox.copy(sandbox::sample());
    sandbox
        .codemem(["index", sandbox.tree().to_str().expect("UTF-8"), "--wait-lexical"])
        .success();
    let mut session = Session::start(&sandbox, false);
    assert!(!session.tool("search_code", &json!({"query": "RouteNotFound"})).0);
    let before = sandbox.daemon_pid();
    sandbox.kill_daemon();
    let (failed, text) = session.tool("search_code", &json!({"query": "RouteNotFound"}));
    assert!(!failed && text.contains("server/router.py"), "{text}");
    assert_ne!(sandbox.daemon_pid(), before);
    session.end();
}

#[test]
fn a_daemon_that_cannot_start_is_an_answer_and_not_an_end() {
    let sandbox = sandbox::lexical();
    std::fs::write(sandbox.config_file(), "log = 7\n").expect("write");
    let mut session = Session::start(&sandbox, false);
    let (failed, text) = session.tool("search_code", &json!({"query": "router"}));
    assert!(failed && text.contains("config.toml"), "{text}");
    // Mended under the running shim, it works.
    std::fs::write(sandbox.config_file(), "offline = true\n").expect("write");
    wait_until("the shim to try again", PATIENCE, || {
        !session.tool("index_status", &json!({})).1.contains("config.toml")
    });
    session.end();
}
