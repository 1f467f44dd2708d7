//! Searches: filters, coverage, stale files, useless queries.

use crate::setup::{ROOT, World};
use codemem_core::rank::Feature;
use codemem_engine::{EngineError, ErrorKind, Filters, SearchRequest};

fn request(query: &str) -> SearchRequest {
    SearchRequest {
        query: query.to_owned(),
        paths: vec![ROOT.into()],
        ..SearchRequest::default()
    }
}

fn globs(glob: &str) -> Filters {
    Filters {
        path_globs: vec![glob.to_owned()],
        ..Filters::default()
    }
}

fn language(name: &str) -> Filters {
    Filters {
        languages: vec![name.to_owned()],
        ..Filters::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_shows_the_symbol_its_lines_and_what_it_rests_on() {
    let world = World::new();
    let running = world.start();
    running.index().await;
    let answer = running.search("accept").await;
    let hit = &answer.hits[0];
    assert_eq!((hit.path.as_str(), hit.start_line, hit.end_line), ("socket.fk", 3, 4));
    assert_eq!(
        (hit.kind.as_str(), hit.name.as_str(), hit.signature.as_str()),
        ("function", "accept", "def accept")
    );
    assert_eq!(hit.snippet, "def accept\ntake a connection");
    assert!(!hit.stale);
    let coverage = answer.coverage;
    assert_eq!(
        (coverage.files_searched, coverage.files_total, coverage.chunks),
        (2, 2, 3)
    );
    assert!(
        (coverage.vectors - 1.0).abs() < f64::EPSILON && coverage.no_vectors.is_none(),
        "{coverage:?}"
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_apply_before_the_cut() {
    let world = World::new();
    for n in 0..30 {
        world.write(&format!("many/f{n}.fk"), "def route\nroute route route\n");
    }
    let running = world.start();
    running.index().await;
    let narrowed = SearchRequest {
        limit: 1,
        filters: globs("router.*"),
        ..request("route")
    };
    let answer = running.engine.search(narrowed).await.expect("an answer");
    assert_eq!(answer.hits[0].path, "router.fk");
    assert_eq!(answer.coverage.files_in_scope, 1);
    // Far from the words of the query, and found by its vector among many that are nearer.
    world.write("far.fk", "def elsewhere\nroute and nothing else of it\n");
    running.index().await;
    let narrowed = SearchRequest {
        filters: globs("far.fk"),
        ..request("route")
    };
    let answer = running.engine.search(narrowed).await.expect("an answer");
    assert!(
        answer.coverage.no_vectors.is_none() && answer.hits[0].path == "far.fk",
        "{answer:?}"
    );
    let nothing = SearchRequest {
        filters: globs("nowhere/**"),
        ..request("route")
    };
    let answer = running.engine.search(nothing).await.expect("an answer");
    assert_eq!((answer.hits.len(), answer.coverage.files_in_scope), (0, 0));
    let language = SearchRequest {
        filters: language("fk"),
        ..request("accept")
    };
    assert_eq!(
        running.engine.search(language).await.expect("an answer").hits[0].path,
        "socket.fk"
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn definitions_outside_the_filter_crowd_out_none_inside() {
    let world = World::new();
    // More than are looked up.
    world.write("a/many.fk", &"def route\nto somewhere\n".repeat(500));
    world.write("z/few.fk", "def route\nto this one\n");
    let running = world.start();
    running.index().await;
    let narrowed = SearchRequest {
        filters: globs("z/*"),
        explain: true,
        ..request("route")
    };
    let answer = running.engine.search(narrowed).await.expect("an answer");
    let shares = &answer.hits[0].shares;
    assert!(
        shares.iter().any(|share| share.feature == Feature::Definition),
        "{shares:?}"
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_make_no_sense_say_what_would() {
    let world = World::new();
    let running = world.start();
    running.index().await;
    for bad in [
        request(""),
        request(" \n\t"),
        SearchRequest {
            filters: language("klingon"),
            ..request("route")
        },
        SearchRequest {
            filters: globs("["),
            ..request("route")
        },
    ] {
        let error = running.engine.search(bad).await.expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::Usage);
        assert!(error.hint().is_some(), "{error}");
    }
    let elsewhere = SearchRequest {
        paths: vec!["/elsewhere".into()],
        ..request("route")
    };
    let error = running.engine.search(elsewhere).await.expect_err("not registered");
    assert!(matches!(error, EngineError::NotRegistered(_)));
    // Odd, but questions all the same.
    for odd in [
        "?!",
        "the of and",
        &"route ".repeat(20_000),
        "\u{7}\u{1b}[0m",
        "маршрут 路由",
    ] {
        assert!(running.engine.search(request(odd)).await.is_ok(), "{odd:.20}");
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_edited_since_the_pass_is_marked() {
    let world = World::new();
    let running = world.start();
    running.index().await;
    world.write("router.fk", "def route\nmatch the path of every request\n");
    let answer = running.search("match the path").await;
    assert!(answer.hits[0].stale);
    assert!(
        answer.hits[0].snippet.contains("every request"),
        "the snippet is what stands there now"
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_searches_at_once_are_all_answered() {
    let world = World::new();
    let running = world.start();
    running.index().await;
    let searches: Vec<_> = (0..1_000)
        .map(|_| {
            let engine = running.engine.clone();
            tokio::spawn(async move { engine.search(request("accept")).await.map(|answer| answer.hits.len()) })
        })
        .collect();
    for search in searches {
        assert!(search.await.expect("joined").expect("an answer") >= 1);
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_score_is_explained_only_when_asked_and_adds_up() {
    let world = World::new();
    let running = world.start();
    running.index().await;
    let plain = running.search("accept").await;
    assert!(plain.hits.iter().all(|hit| hit.shares.is_empty()));
    let explained = SearchRequest {
        explain: true,
        ..request("accept")
    };
    let answer = running.engine.search(explained).await.expect("an answer");
    assert_eq!(answer.hits.len(), plain.hits.len());
    for (hit, same) in answer.hits.iter().zip(&plain.hits) {
        assert_eq!((&hit.path, hit.score), (&same.path, same.score));
        let sum: f32 = hit.shares.iter().map(|share| share.share).sum();
        assert!((sum - hit.score).abs() < 1e-4, "{hit:?}");
    }
    let named: Vec<&str> = answer.hits[0].shares.iter().map(|share| share.feature.name()).collect();
    assert!(named.contains(&"definition"), "{named:?}");
    running.stop().await;
}
