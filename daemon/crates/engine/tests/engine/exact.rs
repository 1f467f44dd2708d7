//! Exact searches: complete whatever the index knows, in order, page by page, bounded; and what no hit proves.

use crate::setup::{ROOT, Running, World};
use codemem_core::ports::{PortErrorKind, Watching};
use codemem_engine::{EngineError, ErrorKind, Filters, Mode, SearchAnswer, SearchRequest, Tests};
use codemem_testkit::Fault;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;

fn request(query: &str, mode: Mode) -> SearchRequest {
    SearchRequest {
        query: query.to_owned(),
        mode,
        paths: vec![ROOT.into()],
        limit: 10_000,
        ..SearchRequest::default()
    }
}

async fn search(running: &Running, request: SearchRequest) -> SearchAnswer {
    running.engine.search(request).await.expect("an answer")
}

/// What is shown of each hit: `path:line text`.
fn lines(answer: &SearchAnswer) -> Vec<String> {
    let line = |hit: &codemem_engine::Hit| {
        assert_eq!(hit.start_line, hit.end_line);
        format!("{}:{} {}", hit.path, hit.start_line, hit.snippet)
    };
    answer.hits.iter().map(line).collect()
}

async fn found(running: &Running, query: &str, mode: Mode) -> Vec<String> {
    lines(&search(running, request(query, mode)).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_that_matches_is_a_hit_and_definitions_come_first() {
    let world = World::new();
    world.write("a.fk", "route once\nroute twice\n");
    world.write("tests/t.fk", "route in a test\n");
    world.write("README.md", "route in prose\n");
    world.write("z.fk", "nothing\ndef Route\nno\n");
    let running = world.start();
    running.index().await;
    let answer = search(&running, request("route", Mode::Exact)).await;
    assert_eq!(
        lines(&answer),
        [
            "router.fk:1 def route",
            "a.fk:1 route once",
            "a.fk:2 route twice",
            "tests/t.fk:1 route in a test",
            "README.md:1 route in prose",
        ]
    );
    let hit = &answer.hits[0];
    assert_eq!(
        (hit.kind.as_str(), hit.name.as_str(), hit.stale),
        ("function", "route", false)
    );
    assert_eq!(answer.hits[1].kind, "text");
    let coverage = &answer.coverage;
    assert_eq!((coverage.matches, coverage.files_matched), (5, 4));
    assert_eq!(
        (coverage.files_searched, coverage.files_total, coverage.files_unread),
        (6, 6, 0)
    );
    assert!(answer.absence.is_none() && !coverage.cut_short);
    let any_case = SearchRequest {
        ignore_case: true,
        ..request("route", Mode::Exact)
    };
    assert_eq!(
        lines(&search(&running, any_case).await)[..2],
        ["router.fk:1 def route", "z.fk:2 def Route"]
    );
    assert_eq!(
        found(&running, r"(?i)^DEF \w+t", Mode::Regex).await,
        [
            "router.fk:1 def route",
            "socket.fk:1 def listen",
            "socket.fk:3 def accept",
            "z.fk:2 def Route"
        ]
    );
    // Between slashes, it is a pattern, and the answer says so.
    let slashes = search(&running, request("/^route (on|tw)/", Mode::Meaning)).await;
    assert_eq!(lines(&slashes), ["a.fk:1 route once", "a.fk:2 route twice"]);
    assert!(slashes.mode == Mode::Regex && slashes.note.is_some());
    let path = search(&running, request("/router/fk/", Mode::Meaning)).await;
    assert!(path.mode == Mode::Meaning && path.note.is_some(), "{path:?}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_searched_as_they_stand_whether_indexed_or_not() {
    for is_watched in [false, true] {
        let mut world = if is_watched { World::watched() } else { World::new() };
        world.config.max_file_bytes = 200;
        world.write("large.fk", &("x\n".repeat(200) + "needle\n"));
        world.write("binary.fk", "needle\0\n");
        world.write("late.fk", &("x".repeat(9_000) + "\n\0needle"));
        world.write("gone.fk", "needle\n");
        let running = world.start();
        running.index().await;
        world.write("new.fk", "needle\n");
        world.write("router.fk", "def route\nneedle now\n");
        world.source.delete(ROOT, "gone.fk");
        if is_watched {
            world.watcher.touch(ROOT, &["new.fk", "router.fk", "gone.fk"]);
            running.quiet().await;
        }
        let n_scans = world.source.n_scans();
        let answer = search(&running, request("needle", Mode::Exact)).await;
        let mut shown = lines(&answer);
        shown.sort();
        assert_eq!(
            shown,
            [
                "large.fk:201 needle",
                "late.fk:2 \0needle",
                "new.fk:1 needle",
                "router.fk:2 needle now"
            ]
        );
        assert_eq!(
            answer.hits.last().map(|hit| hit.path.as_str()),
            Some("late.fk"),
            "what is too large comes last"
        );
        let coverage = &answer.coverage;
        assert_eq!(
            (coverage.files_searched, coverage.files_binary, coverage.files_unread),
            (5, 1, 0)
        );
        // What the watcher vouches for need not be listed.
        assert_eq!(world.source.n_scans() - n_scans, u64::from(!is_watched));
        assert_eq!(
            answer
                .hits
                .iter()
                .find(|hit| hit.path == "router.fk")
                .map(|hit| hit.name.as_str()),
            Some("route")
        );
        if is_watched {
            let polling = Watching::Polling {
                every: Duration::from_secs(3),
                reason: "no watches left".to_owned(),
            };
            world.watcher.set_watching(ROOT, polling);
            let again = search(&running, request("needle", Mode::Exact)).await;
            assert_eq!(lines(&again), lines(&answer), "both lists are the same");
            assert_eq!(world.source.n_scans() - n_scans, 1);
        }
        running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_one_another() {
    let world = World::new();
    for n in 0..12 {
        world.write(&format!("f{n:02}.fk"), "one\ntwo needle\nthree needle\ndef needle\n");
    }
    let running = world.start();
    running.index().await;
    let whole = found(&running, "needle", Mode::Exact).await;
    assert_eq!(whole.len(), 36);
    assert!(whole[..12].iter().all(|line| line.ends_with("def needle")), "{whole:?}");
    for size in [1, 5, 7, 36] {
        let mut pages = Vec::new();
        while pages.len() < whole.len() {
            let page = SearchRequest {
                limit: size,
                offset: pages.len(),
                ..request("needle", Mode::Exact)
            };
            let answer = search(&running, page).await;
            assert_eq!((answer.coverage.matches, answer.coverage.files_matched), (36, 12));
            pages.extend(lines(&answer));
        }
        assert_eq!(pages, whole, "{size}");
    }
    let behind = SearchRequest {
        offset: 36,
        ..request("needle", Mode::Exact)
    };
    let answer = search(&running, behind).await;
    assert!(answer.hits.is_empty() && answer.absence.is_none() && answer.coverage.matches == 36);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_let_through_what_they_do_for_a_search_by_meaning() {
    let world = World::new();
    world.write("tests/t.fk", "needle\ndef inner\nneedle\n");
    world.write("src/s.fk", "needle\ndef inner\nneedle\n");
    world.write("notes.md", "needle\n");
    let running = world.start();
    running.index().await;
    world.write("src/new.fk", "needle\n");
    let table: [(Filters, &[&str]); 5] = [
        (
            Filters {
                path_globs: vec!["src".to_owned(), "!src/new.*".to_owned()],
                ..Filters::default()
            },
            &["src/s.fk:1 needle", "src/s.fk:3 needle"],
        ),
        (
            Filters {
                tests: Tests::Only,
                ..Filters::default()
            },
            &["tests/t.fk:1 needle", "tests/t.fk:3 needle"],
        ),
        (
            Filters {
                kinds: vec!["function".to_owned()],
                ..Filters::default()
            },
            &["src/s.fk:3 needle", "tests/t.fk:3 needle"],
        ),
        (
            Filters {
                languages: vec!["fake".to_owned()],
                path_globs: vec!["src/**".to_owned()],
                ..Filters::default()
            },
            &["src/new.fk:1 needle", "src/s.fk:1 needle", "src/s.fk:3 needle"],
        ),
        (
            Filters {
                path_globs: vec!["nowhere".to_owned()],
                ..Filters::default()
            },
            &[],
        ),
    ];
    for (filters, expected) in table {
        let narrowed = SearchRequest {
            filters: filters.clone(),
            ..request("needle", Mode::Exact)
        };
        let answer = search(&running, narrowed).await;
        assert_eq!(lines(&answer), expected, "{filters:?}");
        assert_eq!(answer.coverage.matches, expected.len() as u64);
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_is_refused_with_advice() {
    let world = World::new();
    let running = world.start();
    running.index().await;
    let far = SearchRequest {
        offset: 2_000_000,
        ..request("x", Mode::Exact)
    };
    let ranked = SearchRequest {
        offset: 1,
        ..request("route", Mode::Meaning)
    };
    for bad in [
        request("", Mode::Exact),
        request("\n", Mode::Regex),
        request("a\nb", Mode::Exact),
        request("a(b", Mode::Regex),
        request("/a(b/", Mode::Meaning),
        request("(?:a{1000}){1000}", Mode::Regex),
        request(&"x".repeat(5_000), Mode::Exact),
        far,
        ranked,
    ] {
        let error = running.engine.search(bad.clone()).await.expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::Usage, "{bad:?}");
        assert!(error.hint().is_some(), "{error}");
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_read_is_counted_and_never_passed_over_in_silence() {
    let world = World::new();
    let running = world.start();
    running.index().await;
    world.faults.plan(Fault::Read, 1, PortErrorKind::Denied);
    let answer = search(&running, request("no such thing", Mode::Exact)).await;
    let coverage = &answer.coverage;
    assert_eq!(
        (coverage.files_searched, coverage.files_total, coverage.files_unread),
        (1, 2, 1)
    );
    world.faults.plan_always(Fault::Read, PortErrorKind::Failed);
    let proof = search(&running, request("route", Mode::Exact))
        .await
        .absence
        .expect("told");
    assert_eq!((proof.files_searched, proof.files_total), (0, 2));
    world.faults.clear();
    world.faults.plan(Fault::Scan, 1, PortErrorKind::Failed);
    let error = running.engine.search(request("route", Mode::Exact)).await;
    assert!(matches!(error, Err(EngineError::Port { .. })), "{error:?}");
    // A root that is away is no root without files.
    world.source.delete_root(ROOT);
    let error = running
        .engine
        .search(request("route", Mode::Exact))
        .await
        .expect_err("it is away");
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    // What the index says of it stands, and proves nothing.
    let answer = search(&running, request("xylophone", Mode::Meaning)).await;
    assert!(answer.hits.is_empty() && answer.absence.is_none(), "{answer:?}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_runs_out_of_time_says_how_far_it_came() {
    let mut world = World::new();
    world.config.exact_time = Duration::ZERO;
    let running = world.start();
    running.index().await;
    let answer = search(&running, request("route", Mode::Exact)).await;
    let coverage = &answer.coverage;
    assert!(coverage.cut_short && answer.hits.is_empty());
    assert_eq!(
        (coverage.files_searched, coverage.files_total, coverage.files_unread),
        (0, 2, 2)
    );
    let proof = answer.absence.expect("told");
    assert!(
        proof.cut_short && proof.query.is_none() && proof.files_total == 2,
        "{proof:?}"
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_answer_says_what_stands_in_the_files_all_the_same() {
    let world = World::new();
    world.write("a.fk", "the Zanzibar of it\nzanzibar twice zanzibar\n");
    let running = world.start();
    running.index().await;
    let answer = search(&running, request("zanzibar_quota", Mode::Exact)).await;
    let proof = answer.absence.expect("told");
    let query = proof.query.as_ref().expect("counted");
    assert_eq!(
        (query.text.as_str(), query.matches, query.matches_any_case),
        ("zanzibar_quota", 0, 0)
    );
    assert_eq!(
        (proof.files_searched, proof.files_total, proof.cut_short),
        (3, 3, false)
    );
    assert!(proof.names.is_empty(), "the query is the only name in it");
    let answer = search(&running, request("ZANZIBAR of nothing", Mode::Exact)).await;
    let proof = answer.absence.expect("told");
    let counts: Vec<_> = proof
        .names
        .iter()
        .map(|name| (name.text.as_str(), name.matches, name.matches_any_case))
        .collect();
    assert_eq!(counts, [("ZANZIBAR", 0, 2), ("nothing", 0, 0)]);
    // By meaning as well; what other modes would have found is counted, too.
    let nowhere = SearchRequest {
        filters: Filters {
            path_globs: vec!["router.*".to_owned()],
            ..Filters::default()
        },
        ..request("xylophone", Mode::Meaning)
    };
    let answer = search(&running, nowhere).await;
    assert!(answer.hits.is_empty(), "{answer:?}");
    let proof = answer.absence.expect("told");
    assert_eq!((proof.files_searched, proof.files_total), (1, 1), "the filters' files");
    assert_eq!(proof.query.expect("counted").matches, 0);
    assert!(
        search(&running, request("route", Mode::Meaning))
            .await
            .absence
            .is_none()
    );
    running.stop().await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn an_exact_search_finds_what_a_look_at_every_line_finds(
        files in proptest::collection::btree_map(
            "(src|tests|docs)/[a-d]{1,2}\\.(fk|md)",
            proptest::collection::vec(prop::sample::select(vec!["foo", "foobar", "def foo", "Foo bar", "", "x foo\r", "ba\u{e4}r"]), 0..8),
            0..12,
        ),
        needle in prop::sample::select(vec!["foo", "foobar", "Foo", "a", "x foo"]),
        later in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let world = World::new();
            let texts: BTreeMap<&String, String> = files.iter().map(|(path, lines)| (path, lines.join("\n"))).collect();
            let write = || texts.iter().for_each(|(path, text)| world.write(path, text));
            if !later {
                write();
            }
            let running = world.start();
            running.index().await;
            write();
            let mut shown: Vec<(String, u32)> = search(&running, request(needle, Mode::Exact)).await
                .hits.into_iter().map(|hit| (hit.path, hit.start_line)).collect();
            let mut expected = Vec::new();
            for (path, text) in &texts {
                for (number, line) in (1..).zip(text.split('\n')) {
                    if line.contains(needle) {
                        expected.push(((*path).clone(), number));
                    }
                }
            }
            for (path, text) in [("router.fk", "def route\nmatch the path of a request\n"), ("socket.fk", "def listen\nbind the socket\ndef accept\ntake a connection\n")] {
                expected.extend((1..).zip(text.lines()).filter(|(_, line)| line.contains(needle)).map(|(number, _)| (path.to_owned(), number)));
            }
            shown.sort();
            expected.sort();
            assert_eq!(shown, expected);
            running.stop().await;
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_nobody_waits_for_ends_at_the_next_file() {
    let world = World::new();
    for n in 0..20 {
        world.write(&format!("f{n}.fk"), "needle\n");
    }
    let running = world.start();
    running.index().await;
    running.settle().await;
    let gate = world.source.hold_reads();
    let engine = running.engine.clone();
    let asked = tokio::spawn(async move { engine.search(request("needle", Mode::Exact)).await.is_ok() });
    gate.meet().await;
    asked.abort();
    assert!(asked.await.is_err_and(|error| error.is_cancelled()));
    gate.meet().await;
    running.stop().await;
    assert_eq!(gate.n_came(), 1, "no other file is read");
}
