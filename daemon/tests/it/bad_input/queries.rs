//! Questions that are none, too long, or in another script: by the command line, over gRPC, through MCP.

use crate::mcp::Session;
use crate::sandbox::{self, assert_serves, client, found, search, wait};
use codemem_proto::status::{ErrorKind, WireError};
use codemem_proto::v1::SearchRequest;
use codemem_testkit::Sandbox;
use serde_json::json;

const MEGABYTE: usize = 1 << 20;

fn indexed() -> Sandbox {
    let sandbox = sandbox::lexical();
    sandbox.copy(sandbox::sample());
    for (path, word) in [
        ("ru", "маршрутизатор"),
        ("zh", "路由器"),
        ("ar", "مسار"),
        ("he", "ניתוב"),
        ("hi", "अनुरोध"),
    ] {
        sandbox.write(
            &format!("scripts/{path}.py"),
            format!("# {word} 🚀\ndef in_{path}():\n    pass\n"),
        );
    }
    sandbox
        .codemem(["index", sandbox.tree().to_str().expect("UTF-8"), "--wait-lexical"])
        .success();
    sandbox
}

#[test]
fn useless_queries_are_answered_or_refused_with_advice() {
    let sandbox = indexed();
    let pid = sandbox.daemon_pid();
    let tree = sandbox.tree();
    let tree = tree.to_str().expect("UTF-8");
    for empty in ["", "   ", "\t\n", "\u{1}\u{2}", "\u{1b}\u{7f}\u{9b}"] {
        let answer = sandbox.codemem(["search", "--repo", tree, "--", empty]);
        assert_eq!(answer.code, 2, "{empty:?}: {answer:?}");
        assert!(
            answer.stderr.contains("the query is empty") && answer.stderr.contains("hint:"),
            "{answer:?}"
        );
    }
    for (odd, code) in [
        ("--dashes", 1),
        ("?", 1),
        ("🚀", 1),
        ("\u{1}router\u{2}", 0),
        ("\u{202e}router", 0),
    ] {
        let answer = sandbox.codemem(["search", "--repo", tree, "--json", "--", odd]);
        assert_eq!(answer.code, code, "{odd:?}: {answer:?}");
    }
    let unknown = sandbox.codemem(["search", "--repo", tree, "--lang", "klingon", "router"]);
    assert_eq!(unknown.code, 2, "{unknown:?}");
    assert!(
        unknown.stderr.contains("python"),
        "it says which languages there are: {unknown:?}"
    );
    let elsewhere = sandbox.codemem(["search", "--repo", "/usr", "router"]);
    assert_eq!(elsewhere.code, 4, "{elsewhere:?}");
    assert!(elsewhere.stderr.contains("codemem index"), "{elsewhere:?}");
    assert_serves(&sandbox, pid);
}

#[test]
fn words_of_other_scripts_find_their_files() {
    let sandbox = indexed();
    let pid = sandbox.daemon_pid();
    for (word, path) in [
        ("маршрутизатор", "scripts/ru.py"),
        ("МАРШРУТИЗАТОР", "scripts/ru.py"),
        ("路由器", "scripts/zh.py"),
        ("مسار", "scripts/ar.py"),
        ("ניתוב", "scripts/he.py"),
        ("अनुरोध", "scripts/hi.py"),
    ] {
        assert_eq!(found(&sandbox, word), [path], "{word}");
        let shown = sandbox.codemem(["search", "--repo", sandbox.tree().to_str().expect("UTF-8"), word]);
        assert!(shown.success().contains(path), "{shown:?}");
    }
    assert_serves(&sandbox, pid);
}

#[test]
fn a_megabyte_is_read_as_far_as_a_question_goes() {
    let sandbox = indexed();
    let pid = sandbox.daemon_pid();
    let tree = sandbox.tree();
    let tree = tree.to_str().expect("UTF-8");
    // One argument holds 128 KiB at most, all together hold more.
    let part = "router dispatch ".repeat(MEGABYTE / 16 / 16);
    let mut arguments = vec!["search", "--repo", tree, "--json", "--limit", "1", "--"];
    arguments.extend(std::iter::repeat_n(part.as_str(), 16));
    let answer = sandbox.codemem(arguments).json();
    assert_eq!(answer["hits"][0]["path"], "server/router.py", "{answer}");
    let distinct: Vec<String> = (0..MEGABYTE / 10).map(|n| format!("word{n:05} ")).collect();
    let distinct = distinct.concat();
    let one_word = "x".repeat(MEGABYTE);
    let brackets = "(".repeat(MEGABYTE);
    for query in [&part.repeat(16), &distinct, &one_word, &brackets] {
        wait(search(&sandbox, query)).expect("an answer");
    }
    for nothing in ["\0".repeat(MEGABYTE), " ".repeat(MEGABYTE)] {
        let error = wait(search(&sandbox, &nothing)).expect_err("no question");
        assert_eq!(
            (error.kind, error.message.as_str()),
            (ErrorKind::Usage, "the query is empty")
        );
    }
    assert_serves(&sandbox, pid);
}

#[test]
fn what_comes_over_the_wire_is_bounded() {
    let sandbox = indexed();
    let pid = sandbox.daemon_pid();
    let root = sandbox.tree().to_string_lossy().into_owned();
    wait(async {
        let mut client = client(&sandbox).await;
        let question = SearchRequest {
            query: "router".to_owned(),
            roots: vec![root],
            ..SearchRequest::default()
        };
        for empty in ["", " \n\t ", "\0", "\0\0 \0", "\u{85}\u{2028}"] {
            let query = empty.to_owned();
            let request = SearchRequest {
                query,
                ..question.clone()
            };
            let status = client.search.search(request).await.expect_err("no question");
            let error = WireError::from_status(&status);
            assert_eq!(
                (error.kind, error.message.as_str()),
                (ErrorKind::Usage, "the query is empty")
            );
            assert!(error.hint.is_some());
        }
        for (language, path_glob) in [
            ("x".repeat(MEGABYTE), String::new()),
            (String::new(), "{a,".repeat(MEGABYTE / 3)),
            (String::new(), "**/".repeat(2_000)),
            (String::new(), "[".to_owned()),
            ("\0".to_owned(), String::new()),
        ] {
            let request = SearchRequest {
                languages: vec![language],
                path_globs: vec![path_glob],
                ..question.clone()
            };
            let status = client.search.search(request).await.expect_err("refused");
            let error = WireError::from_status(&status);
            assert_eq!(error.kind, ErrorKind::Usage, "{error:?}");
        }
        // More hits than there are, and more than there may be.
        let all = SearchRequest {
            limit: u32::MAX,
            ..question.clone()
        };
        client.search.search(all).await.expect("an answer");
        // A message over the limit is refused by its length; the connection and its memory stay.
        let before = rss(&mut client).await;
        for _ in 0..4 {
            let huge = SearchRequest {
                query: "x".repeat(64 * MEGABYTE),
                ..question.clone()
            };
            let status = client.search.search(huge).await.expect_err("refused");
            assert_eq!(status.code(), tonic::Code::OutOfRange, "{status:?}");
            assert!(status.message().contains("too large"), "{status:?}");
        }
        let grown = rss(&mut client).await.saturating_sub(before);
        assert!(grown < 64 * MEGABYTE as u64, "{grown} bytes more");
        client.search.search(question).await.expect("an answer");
    });
    assert_serves(&sandbox, pid);
}

async fn rss(client: &mut codemem_client::Client) -> u64 {
    let status = client.daemon.status(codemem_proto::v1::StatusRequest::default()).await;
    status
        .expect("a status")
        .into_inner()
        .daemon
        .expect("about itself")
        .rss_bytes
}

#[test]
fn the_shim_answers_whatever_it_is_asked() {
    let sandbox = indexed();
    let pid = sandbox.daemon_pid();
    let mut session = Session::start(&sandbox, false);
    // Neither ends the session.
    session.write(b"this is no JSON\n");
    session.write(
        b"{\"jsonrpc\": \"2.0\", \"id\": 7, \"method\": \"tools/call\", \"params\": {\"name\": \"\xff\xfe\"}}\n",
    );
    session.write(b"[1, 2, {\"\\ud800\": null}]\n\n\0\0\n");
    for (query, refused, expected) in [
        (String::new(), true, "`query` is required"),
        (" \n\t".to_owned(), true, "`query` is required"),
        ("\0\0\u{1}".to_owned(), true, "the query is empty"),
        ("\u{1b}[2J\u{7f}router".to_owned(), false, "server/router.py"),
        ("маршрутизатор".to_owned(), false, "scripts/ru.py"),
        ("路由器".to_owned(), false, "scripts/zh.py"),
        ("🚀🚀".to_owned(), false, "Nothing found"),
        ("router dispatch ".repeat(MEGABYTE / 16), false, "server/router.py"),
        ("x".repeat(8 * MEGABYTE), true, "too large"),
    ] {
        let (is_error, text) = session.tool("search_code", &json!({"query": query}));
        assert_eq!(is_error, refused, "{query:.20?}: {text}");
        assert!(text.contains(expected), "{query:.20?}: {text}");
    }
    for arguments in [
        json!({"query": "router", "path": "/no/such\u{0}place"}),
        json!({"query": "router", "path": "../../../.."}),
        json!({"query": "router", "path_glob": "{".repeat(MEGABYTE)}),
        json!({"query": ["router"]}),
    ] {
        let (is_error, text) = session.tool("search_code", &arguments);
        assert!(is_error && !text.is_empty(), "{text}");
    }
    assert!(!session.tool("search_code", &json!({"query": "router"})).0);
    session.end();
    assert_serves(&sandbox, pid);
}
