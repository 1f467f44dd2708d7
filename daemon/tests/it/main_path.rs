//! The main path: index, search, status, change, remove.

use crate::sandbox;
use serde_json::Value;
use std::path::PathBuf;

fn hits(answer: &Value) -> Vec<String> {
    let hits = answer["hits"].as_array().expect("a list of hits");
    hits.iter()
        .map(|hit| hit["path"].as_str().expect("a path").to_owned())
        .collect()
}

#[test]
fn one_command_indexes_and_another_finds() {
    let sandbox = sandbox::with_model();
    sandbox.copy(sandbox::sample());
    let tree = sandbox.tree();
    let tree = tree.to_str().expect("UTF-8");
    let index = sandbox.codemem(["index", tree, "--wait", "--json"]).json();
    assert_eq!(
        (index["repo"].as_str(), index["files"].as_u64()),
        (Some(tree), Some(7)),
        "{index}"
    );
    assert_eq!(index["vectors"], index["chunks"], "{index}");
    assert!(
        index["symbols"].as_u64() >= Some(15) && index["seconds"].as_f64().is_some(),
        "{index}"
    );
    assert!(
        index["skipped"].as_object().is_some_and(serde_json::Map::is_empty),
        "{index}"
    );

    for (query, path, name) in [
        ("RouteNotFound", "server/router.py", "RouteNotFound"),
        ("which handler answers a request path", "server/router.py", "Router"),
        ("forget idle logins", "server/session.py", "SessionStore"),
        ("try again with growing pauses", "server/retry.rs", "RetryPolicy"),
        ("total price of the shopping cart", "web/cart.ts", ""),
        ("ConnectionPool", "server/pool.go", "ConnectionPool"),
    ] {
        let answer = sandbox
            .codemem(["search", "--repo", tree, "--json", "--", query])
            .json();
        assert_eq!(hits(&answer)[0], path, "{query}: {answer}");
        let hit = &answer["hits"][0];
        assert!(hit["name"].as_str().expect("a name").contains(name), "{query}: {hit}");
        assert!(
            hit["start_line"].as_u64() >= Some(1) && hit["end_line"].as_u64() >= hit["start_line"].as_u64(),
            "{hit}"
        );
        for key in ["kind", "signature", "snippet"] {
            assert!(hit[key].is_string(), "{hit}");
        }
        assert!(
            hit["score"].is_number() && answer["took_ms"].is_number() && answer["coverage"].is_object(),
            "{answer}"
        );
    }

    let status = sandbox.codemem(["status", "--json"]).json();
    assert!(status["daemon"]["pid"].as_u64().is_some(), "{status}");
    assert_eq!(status["repositories"].as_array().map(Vec::len), Some(1), "{status}");
    let models = sandbox.codemem(["model", "list", "--json"]).json();
    assert!(models.to_string().contains("all-MiniLM-L6-v2"), "{models}");
    sandbox.codemem(["remove", tree]).success();
    let status = sandbox.codemem(["status", "--json"]).json();
    assert_eq!(status["repositories"].as_array().map(Vec::len), Some(0), "{status}");
}

#[test]
fn without_a_model_words_and_symbols_answer() {
    let sandbox = sandbox::lexical();
    sandbox.copy(sandbox::sample());
    let tree = sandbox.tree();
    let tree = tree.to_str().expect("UTF-8");
    let index = sandbox.codemem(["index", tree, "--wait-lexical", "--json"]).json();
    assert_eq!(
        (index["files"].as_u64(), index["vectors"].as_u64()),
        (Some(7), Some(0)),
        "{index}"
    );
    let answer = sandbox
        .codemem(["search", "--repo", tree, "--json", "evict expired sessions"])
        .json();
    assert_eq!(hits(&answer)[0], "server/session.py", "{answer}");
    assert!(answer["coverage"]["vectors"].as_f64() < Some(0.5), "{answer}");
    // Waiting for vectors that cannot come ends, and says what to do.
    let waited = sandbox.codemem(["index", tree, "--wait", "--json"]);
    assert_eq!(waited.code, 4, "{waited:?}");
    assert!(waited.stderr.contains("codemem setup"), "{waited:?}");

    let filtered = sandbox
        .codemem([
            "search", "--repo", tree, "--json", "--lang", "python", "--path", "tests/**", "router",
        ])
        .json();
    assert_eq!(hits(&filtered), ["tests/test_router.py"]);
    let limited = sandbox
        .codemem(["search", "--repo", tree, "--json", "--limit", "2", "server"])
        .json();
    assert_eq!(hits(&limited).len(), 2, "{limited}");
    let from_inside = sandbox
        .command("codemem")
        .current_dir(sandbox.path("tree/server"))
        .args(["search", "--json", "dispatch"])
        .output();
    let from_inside: Value = serde_json::from_slice(&from_inside.expect("runs").stdout).expect("JSON");
    assert_eq!(hits(&from_inside)[0], "server/router.py");
}

#[test]
fn an_edit_a_new_file_and_a_deletion_are_seen_by_the_next_pass() {
    let sandbox = sandbox::lexical();
    sandbox.copy(sandbox::sample());
    let tree = sandbox.tree();
    let tree = tree.to_str().expect("UTF-8");
    sandbox.codemem(["index", tree, "--wait-lexical"]).success();
    sandbox.write(
        "server/quota.py",
        "def enforce_quota(user):\n    \"\"\"Refuse users over their quota.\"\"\"\n",
    );
    sandbox.write("server/retry.rs", "pub fn zanzibar() {}\n");
    std::fs::remove_file(sandbox.path("tree/web/cart.ts")).expect("delete");
    let index = sandbox.codemem(["index", tree, "--wait-lexical", "--json"]).json();
    assert_eq!(index["files"].as_u64(), Some(7), "{index}");
    let search = |query: &str| sandbox.codemem(["search", "--repo", tree, "--json", "--", query]);
    assert_eq!(hits(&search("enforce_quota").json())[0], "server/quota.py");
    assert_eq!(hits(&search("zanzibar").json()), ["server/retry.rs"]);
    assert_eq!(search("doubling").code, 1, "what was edited away is gone");
    assert_eq!(search("subtotalCents").code, 1, "what was deleted is gone");
    // What no manifest names any more is pruned, and only then.
    let counted = sandbox.codemem(["prune", "--dry-run", "--json"]).json();
    let pruned = sandbox.codemem(["prune", "--json"]).json();
    assert_eq!(counted["contents"].as_u64(), Some(2), "{counted}");
    assert_eq!(pruned["contents"], counted["contents"], "{pruned}");
    assert_eq!(hits(&search("enforce_quota").json())[0], "server/quota.py");
}

/// A real crate: this machine built the tests from the sources in its registry.
fn registry_crate() -> PathBuf {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")))
        .expect("a cargo home");
    let sources = std::fs::read_dir(home.join("registry/src")).expect("the registry's sources");
    let crates = sources
        .filter_map(Result::ok)
        .filter_map(|index| std::fs::read_dir(index.path()).ok())
        .flatten();
    let tokio = crates.filter_map(Result::ok).map(|entry| entry.path()).find(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.strip_prefix("tokio-1.").is_some()
    });
    tokio.expect("tokio is among the dependencies")
}

#[test]
fn a_real_crate_is_searchable() {
    let sandbox = sandbox::lexical();
    sandbox.copy(&registry_crate().join("src"));
    let tree = sandbox.tree();
    let tree = tree.to_str().expect("UTF-8");
    let index = sandbox.codemem(["index", tree, "--wait-lexical", "--json"]).json();
    assert!(
        index["files"].as_u64() > Some(250) && index["symbols"].as_u64() > Some(2_000),
        "{index}"
    );
    for (query, path) in [
        ("TcpListener", "net/tcp/listener.rs"),
        ("interval that ticks at a fixed period", "time/interval.rs"),
        ("oneshot channel", "sync/oneshot.rs"),
        ("JoinSet", "task/join_set.rs"),
    ] {
        let answer = sandbox
            .codemem(["search", "--repo", tree, "--limit", "3", "--json", "--", query])
            .json();
        assert!(hits(&answer).contains(&path.to_owned()), "{query}: {:?}", hits(&answer));
    }
}

#[test]
fn languages_are_listed() {
    let languages = sandbox::lexical().codemem(["languages", "--json"]).json();
    let names: Vec<&str> = languages
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|language| language["name"].as_str())
        .collect();
    for expected in [
        "rust",
        "python",
        "javascript",
        "typescript",
        "tsx",
        "go",
        "java",
        "c",
        "cpp",
        "csharp",
        "ruby",
        "php",
        "bash",
    ] {
        assert!(names.contains(&expected), "{expected} is missing from {names:?}");
    }
}
