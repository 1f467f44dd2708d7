//! Searches of several roots together, their filters and budgets, and expanding what they found.

use crate::setup::{ROOT, Running, World, finished};
use codemem_core::ports::PortErrorKind;
use codemem_engine::{EngineError, ExpandRequest, Expanded, Filters, Kept, SearchAnswer, SearchRequest};
use codemem_testkit::Fault;
use std::path::{Path, PathBuf};

const OTHER: &str = "/other";

async fn two_roots() -> (World, Running) {
    let world = World::new();
    world
        .source
        .write(OTHER, "queue.fk", "def enqueue\nput a request into the queue\n", 1);
    world
        .source
        .write(OTHER, "same.fk", "def shared\nthe same request in both\n", 1);
    world
        .source
        .write(ROOT, "twin.fk", "def shared\nthe same request in both\n", 1);
    let running = world.start();
    running.index().await;
    finished(running.engine.index(Path::new(OTHER), false).await.expect("accepted")).await;
    (world, running)
}

fn over(paths: &[&str], query: &str) -> SearchRequest {
    SearchRequest {
        query: query.to_owned(),
        paths: paths.iter().map(PathBuf::from).collect(),
        ..SearchRequest::default()
    }
}

fn paths(answer: &SearchAnswer) -> Vec<&str> {
    answer.hits.iter().map(|hit| hit.path.as_str()).collect()
}

async fn expand(running: &Running, roots: &[&str], handle: &str) -> Expanded {
    let request = ExpandRequest {
        handles: vec![handle.to_owned()],
        paths: roots.iter().map(PathBuf::from).collect(),
        all: roots.is_empty(),
        budget: 0,
    };
    running.engine.expand(request).await.expect("an answer").remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn roots_are_ranked_together_and_their_hits_say_where_they_are() {
    let (_world, running) = two_roots().await;
    let answer = running
        .engine
        .search(over(&[ROOT, OTHER], "enqueue"))
        .await
        .expect("an answer");
    assert_eq!(answer.hits[0].path, "other/queue.fk");
    assert_eq!(answer.hits[0].root, Path::new(OTHER));
    assert!(
        answer.hits[0].handle.starts_with("other/queue.fk:1-2@"),
        "{}",
        answer.hits[0].handle
    );
    let answer = running
        .engine
        .search(over(&[ROOT, OTHER], "request"))
        .await
        .expect("an answer");
    let found = paths(&answer);
    assert!(
        found.contains(&"tree/router.fk") && found.contains(&"other/queue.fk"),
        "{found:?}"
    );
    // What both hold is the first one's.
    assert!(
        found.contains(&"tree/twin.fk") && !found.contains(&"other/same.fk"),
        "{found:?}"
    );
    let scores: Vec<f32> = answer.hits.iter().map(|hit| hit.score).collect();
    assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
    let labels: Vec<&str> = answer.roots.iter().map(|root| root.label.as_str()).collect();
    assert_eq!(labels, ["tree", "other"]);
    assert_eq!(
        (answer.coverage.files_searched, answer.roots[1].coverage.files_searched),
        (5, 2)
    );
    let turned = running
        .engine
        .search(over(&[OTHER, ROOT], "request"))
        .await
        .expect("an answer");
    assert!(paths(&turned).contains(&"other/same.fk"), "{turned:?}");
    let all = SearchRequest {
        all: true,
        ..over(&[], "request")
    };
    let all = running.engine.search(all).await.expect("an answer");
    assert_eq!(all.roots.len(), 2);
    // Asked about alone, or twice, a root's paths have no label.
    for paths_of in [vec![OTHER], vec![OTHER, "/other/"]] {
        let alone = running
            .engine
            .search(over(&paths_of, "enqueue"))
            .await
            .expect("an answer");
        assert_eq!((alone.hits[0].path.as_str(), alone.roots.len()), ("queue.fk", 1));
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_limit_one_budget_and_one_vector_for_all_roots() {
    let (world, running) = two_roots().await;
    // Asked for a second vector, the embedder would fail.
    world.faults.plan(Fault::EmbedQuery, 2, PortErrorKind::Failed);
    let few = SearchRequest {
        limit: 2,
        ..over(&[ROOT, OTHER], "request")
    };
    let answer = running.engine.search(few).await.expect("an answer");
    assert_eq!((answer.hits.len(), answer.coverage.no_vectors), (2, None));
    assert!(world.faults.is_planned(Fault::EmbedQuery));
    let tight = SearchRequest {
        budget: 20,
        ..over(&[ROOT, OTHER], "request")
    };
    let answer = running.engine.search(tight).await.expect("an answer");
    assert!(answer.hits_left_out > 0 && !answer.hits.is_empty(), "{answer:?}");
    assert!(answer.hits.iter().all(|hit| hit.snippet.is_empty()), "{answer:?}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_that_is_not_indexed_is_an_error_and_one_that_fails_is_told() {
    let (world, running) = two_roots().await;
    let error = running
        .engine
        .search(over(&[ROOT, "/nowhere"], "request"))
        .await
        .expect_err("refused");
    assert!(matches!(&error, EngineError::NotRegistered(path) if path == Path::new("/nowhere")));
    assert!(error.hint().is_some_and(|hint| hint.contains("codemem index /nowhere")));
    let error = running.engine.search(over(&[], "request")).await.expect_err("refused");
    assert!(error.hint().is_some(), "{error}");
    world.faults.plan(Fault::SearchLexical, 1, PortErrorKind::Failed);
    let answer = running
        .engine
        .search(over(&[ROOT, OTHER], "request"))
        .await
        .expect("an answer");
    let failed: Vec<_> = answer.roots.iter().filter(|root| root.problem.is_some()).collect();
    assert_eq!((answer.roots.len(), failed.len()), (2, 1));
    assert!(!answer.hits.is_empty());
    world.faults.plan(Fault::SearchLexical, 1, PortErrorKind::Failed);
    let alone = running.engine.search(over(&[ROOT], "request")).await;
    assert!(alone.is_err(), "{alone:?}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_are_joined_and_globs_may_have_the_label() {
    let (_world, running) = two_roots().await;
    let filtered = |filters: Filters| SearchRequest {
        filters,
        ..over(&[ROOT, OTHER], "request")
    };
    let globs = |globs: &[&str]| Filters {
        path_globs: globs.iter().map(|&glob| glob.to_owned()).collect(),
        ..Filters::default()
    };
    let only_other = running
        .engine
        .search(filtered(globs(&["other"])))
        .await
        .expect("an answer");
    assert!(
        paths(&only_other).iter().all(|path| path.starts_with("other/")),
        "{only_other:?}"
    );
    assert_eq!(only_other.coverage.files_in_scope, 2);
    let without = running
        .engine
        .search(filtered(globs(&["!router.fk", "!other/"])))
        .await
        .expect("an answer");
    assert_eq!(paths(&without), ["tree/twin.fk"]);
    let none = running
        .engine
        .search(filtered(globs(&["*.zig"])))
        .await
        .expect("an answer");
    assert_eq!((none.hits.len(), none.coverage.files_in_scope), (0, 0));
    let kinds = |kind: &str| Filters {
        kinds: vec![kind.to_owned()],
        ..Filters::default()
    };
    let functions = running
        .engine
        .search(filtered(kinds("function")))
        .await
        .expect("an answer");
    assert!(!functions.hits.is_empty());
    assert!(functions.hits.iter().all(|hit| hit.kind == "function"), "{functions:?}");
    let classes = running
        .engine
        .search(filtered(kinds("class")))
        .await
        .expect("an answer");
    assert_eq!((classes.hits.len(), classes.coverage.files_in_scope), (0, 0));
    let error = running
        .engine
        .search(filtered(kinds("gadget")))
        .await
        .expect_err("refused");
    assert!(error.hint().is_some_and(|hint| hint.contains("function, method")));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handle_shows_the_whole_and_follows_its_definition() {
    let (world, running) = two_roots().await;
    let answer = running.search("accept").await;
    let handle = answer.hits[0].handle.clone();
    assert!(handle.starts_with("socket.fk:3-4@"), "{handle}");
    let code = expand(&running, &[ROOT], &handle).await.outcome.expect("there");
    assert_eq!((code.name.as_str(), code.kept), ("accept", Kept::Same));
    assert_eq!(code.text, "def accept\ntake a connection");
    assert_eq!(code.handle, handle);
    // It moves within the file, and the text of another has changed.
    world.write(
        "socket.fk",
        "def first\nnew\n\ndef listen\nbind it\ndef accept\ntake two\n",
    );
    let code = expand(&running, &[ROOT], &handle).await.outcome.expect("found again");
    assert_eq!((code.start_line, code.kept), (6, Kept::Found));
    assert_eq!(code.text, "def accept\ntake two");
    world.write("socket.fk", "def listen\nbind it\n");
    let gone = expand(&running, &[ROOT], &handle).await.outcome.expect_err("gone");
    assert!(gone.problem.contains("`accept` is gone"), "{gone:?}");
    // One of which nothing is known but its lines.
    let unknown = expand(&running, &[ROOT], "socket.fk:1-2@0000")
        .await
        .outcome
        .expect("something");
    assert_eq!(unknown.kept, Kept::Unsure);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn handles_lead_to_indexed_files_only_and_by_any_name_they_were_shown_under() {
    let (world, running) = two_roots().await;
    world.source.write(OTHER, "late.fk", "def late\nnot indexed yet\n", 1);
    for (roots, handle) in [
        (&[ROOT][..], "router.fk:1"),
        (&[ROOT], "./router.fk#route"),
        (&[ROOT, OTHER], "tree/router.fk:2"),
        (&[ROOT, OTHER], "router.fk:2"),
        // The label that it has among all roots.
        (&[OTHER], "tree/router.fk:1"),
        (&[OTHER], "/tree/router.fk:1"),
        (&[], "tree/router.fk:1-2"),
    ] {
        let code = expand(&running, roots, handle).await.outcome.expect("there");
        assert_eq!(code.name, "route", "{roots:?} {handle}");
        assert_eq!(code.root, Path::new(ROOT));
    }
    let late = expand(&running, &[OTHER], "late.fk#late")
        .await
        .outcome
        .expect("a scan would find it");
    assert_eq!(late.text, "def late\nnot indexed yet");
    for (handle, problem) in [
        ("../etc/passwd:1", "has a `../etc/passwd`"),
        ("/etc/passwd:1", "has a `/etc/passwd`"),
        ("nothing.fk:1", "has a `nothing.fk`"),
        ("router.fk", "no handle"),
        ("router.fk:99", "has 2 lines"),
        ("router.fk#nobody", "defines no `nobody`"),
    ] {
        let refused = expand(&running, &[ROOT], handle).await.outcome.expect_err(handle);
        assert!(refused.problem.contains(problem), "{handle}: {refused:?}");
        assert!(!refused.hint.is_empty());
    }
    running.stop().await;
}
