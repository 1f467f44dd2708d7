//! SIGKILL at awkward moments.

use crate::sandbox;
use codemem_testkit::{Sandbox, wait_until};
use serde_json::Value;
use std::fmt::Write as _;
use std::time::Duration;

/// Longest that a pass over a small tree may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

fn fill(sandbox: &Sandbox) {
    sandbox.copy(sandbox::sample());
    for n in 0..600 {
        let mut text = format!("def compute_{n}(value_0):\n");
        for line in 0..20 {
            writeln!(text, "    value_{line} = compute_{n}(value_{line})").expect("a string takes everything");
        }
        text.push_str("    return value_0\n");
        sandbox.write(&format!("generated_{}/module_{n}.py", n % 7), text);
    }
}

/// Everything about an index that must not depend on how it came to be.
fn facts(sandbox: &Sandbox) -> Vec<Value> {
    let tree = sandbox.tree();
    let tree = tree.to_str().expect("UTF-8");
    let index = sandbox.codemem(["index", tree, "--wait-lexical", "--json"]).json();
    let mut facts: Vec<Value> = ["files", "chunks", "symbols", "skipped"]
        .map(|key| index[key].clone())
        .to_vec();
    for query in ["RouteNotFound", "compute_77", "compute_599", "idle sessions", "value_3"] {
        let answer = sandbox
            .codemem(["search", "--repo", tree, "--limit", "5", "--json", query])
            .json();
        facts.push(sandbox::hits(&answer));
    }
    facts
}

#[test]
fn an_index_that_was_killed_again_and_again_equals_a_fresh_one() {
    let fresh = sandbox::lexical();
    fill(&fresh);
    let expected = facts(&fresh);
    let sandbox = sandbox::lexical();
    fill(&sandbox);
    let tree = sandbox.tree();
    let tree = tree.to_str().expect("UTF-8");
    for round in 0..4 {
        let mut client = sandbox.spawn(["index", tree, "--wait"]);
        // Each round lets the pass get a little further before the daemon dies.
        wait_until("a daemon that indexes", PATIENCE, || {
            let status = sandbox
                .command("codemem")
                .env("CODEMEM_NO_AUTOSTART", "1")
                .args(["status", "--json"])
                .output();
            let status: Value = status
                .ok()
                .and_then(|output| serde_json::from_slice(&output.stdout).ok())
                .unwrap_or_default();
            status["repositories"][0]["files"].as_u64() >= Some(round * 60)
        });
        sandbox.kill_daemon();
        let ended = client.wait().expect("the client ends");
        assert_ne!(ended.code(), Some(0), "the client says that its daemon died");
    }
    assert_eq!(facts(&sandbox), expected);
}

#[test]
fn a_daemon_that_restarts_finishes_what_it_had_begun() {
    let sandbox = sandbox::lexical();
    fill(&sandbox);
    let tree = sandbox.tree();
    let tree = tree.to_str().expect("UTF-8");
    sandbox.codemem(["index", tree]).success();
    sandbox.kill_daemon();
    sandbox.write("late.py", "def arrived_while_nobody_watched():\n    pass\n");
    sandbox.codemem(["daemon", "start"]).success();
    wait_until("the new file to be found without asking for a pass", PATIENCE, || {
        sandbox
            .codemem(["search", "--repo", tree, "arrived_while_nobody_watched"])
            .code
            == 0
    });
}
