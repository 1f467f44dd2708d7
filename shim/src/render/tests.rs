use super::*;

fn hit() -> v1::Hit {
    v1::Hit {
        path: "src/net/retry.rs".to_owned(),
        start_line: 10,
        end_line: 42,
        kind: "method".to_owned(),
        name: "Retry::count".to_owned(),
        signature: "pub fn count(&self) -> u32".to_owned(),
        score: 1.0,
        snippet: "pub fn count(&self) -> u32\n…\n    self.n".to_owned(),
        handle: "src/net/retry.rs:10-42@3f2a".to_owned(),
        root: "/p".to_owned(),
        language: "rust".to_owned(),
        ..v1::Hit::default()
    }
}

fn answer(hits: Vec<v1::Hit>) -> v1::SearchResponse {
    v1::SearchResponse {
        hits,
        coverage: Some(v1::Coverage {
            files_searched: 120,
            files_total: 120,
            chunks: 900,
            vectors: 1.0,
            vectors_used: true,
            files_in_scope: 120,
            ..v1::Coverage::default()
        }),
        took_ms: 3.0,
        root: "/p".to_owned(),
        ..v1::SearchResponse::default()
    }
}

fn fresh() -> v1::Freshness {
    v1::Freshness {
        branch: "main".to_owned(),
        commit: "1a2b3c4d5e6f".to_owned(),
        dirty_files: Some(0),
        watching: "events".to_owned(),
        checked_at_ms: 1_000,
        ..v1::Freshness::default()
    }
}

fn with_coverage(change: impl FnOnce(&mut v1::Coverage)) -> v1::SearchResponse {
    let mut answer = answer(Vec::new());
    change(answer.coverage.as_mut().expect("there"));
    answer
}

#[test]
fn a_hit_as_text() {
    let unlike = v1::Hit {
        name: String::new(),
        kind: "text".to_owned(),
        snippet: "a\u{1b}[2Jb".to_owned(),
        stale: true,
        ..hit()
    };
    let bare = v1::Hit {
        snippet: String::new(),
        handle: String::new(),
        ..hit()
    };
    let expected = "\
src/net/retry.rs:10-42@3f2a method Retry::count
  pub fn count(&self) -> u32
  …
      self.n
src/net/retry.rs:10-42@3f2a text (changed since it was indexed)
  a\u{fffd}[2Jb
src/net/retry.rs:10-42 method Retry::count
[searched 120 of 120 files]";
    assert_eq!(hits(&answer(vec![hit(), unlike, bare]), "/p/"), expected);
    let elsewhere = hits(&answer(vec![hit()]), "/p/src");
    assert!(elsewhere.starts_with("paths are relative to /p\n"), "{elsewhere}");
}

#[test]
fn of_several_roots_it_is_told_which_is_which_and_which_is_missing() {
    let root = |label: &str, problem: &str| v1::SearchedRoot {
        root: format!("/r/{label}"),
        label: label.to_owned(),
        problem: problem.to_owned(),
        ..v1::SearchedRoot::default()
    };
    let found = v1::Hit {
        handle: "app/src/a.rs:1-2@3f2a".to_owned(),
        root: "/r/app".to_owned(),
        snippet: String::new(),
        ..hit()
    };
    let answer = v1::SearchResponse {
        root: String::new(),
        roots: vec![root("app", ""), root("lib", ""), root("old", "it is being opened")],
        hits_left_out: 3,
        ..answer(vec![found])
    };
    assert_eq!(
        hits(&answer, "/r/app"),
        "app/ is /r/app\n/r/old was not searched: it is being opened\napp/src/a.rs:1-2@3f2a method Retry::count\n\
         [searched 120 of 120 files, 3 left out for `budget`]"
    );
}

#[test]
fn receipts() {
    for (answer, expected) in [
        (answer(Vec::new()), "Nothing found. [searched 120 of 120 files]"),
        (
            v1::SearchResponse {
                freshness: Some(fresh()),
                ..answer(Vec::new())
            },
            "Nothing found. [searched 120 of 120 files; main@1a2b3c4, all current]",
        ),
        (
            with_coverage(|coverage| {
                coverage.files_searched = 20;
                coverage.files_in_scope = 20;
                coverage.hits_dropped = 1;
                coverage.vectors = 0.999;
            }),
            "Nothing found. [searched 20 of 120 files, 1 left out: changed since, still indexing; vectors 99 %]",
        ),
        (
            with_coverage(|coverage| {
                coverage.files_in_scope = 0;
                coverage.vectors_used = false;
                coverage.vectors_reason = "the model is missing".to_owned();
            }),
            "Nothing found. No file matches the filters: leave them out or change them. \
             [searched 120 of 120 files, 0 match the filters; words and symbols only: the model is missing]",
        ),
    ] {
        assert_eq!(hits(&answer, "/elsewhere"), expected);
    }
}

#[test]
fn hits_for_programs() {
    let text = hits_as_json(&answer(vec![hit()]));
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(value["hits"][0]["path"], "src/net/retry.rs");
    assert_eq!(value["coverage"]["files_in_scope"], 120);
    assert_eq!(value["root"], "/p");
    assert!(value["freshness"].is_null());
    let told = v1::SearchResponse {
        freshness: Some(fresh()),
        ..answer(Vec::new())
    };
    let value: serde_json::Value = serde_json::from_str(&hits_as_json(&told)).expect("JSON");
    assert_eq!(value["freshness"]["branch"], "main");
    assert_eq!(value["freshness"]["dirty"], 0);
    assert_eq!(value["freshness"]["checked_at"], "1970-01-01T00:00:01Z");
}

#[test]
fn states() {
    let mut repository = v1::RepositoryStatus {
        root: "/p".to_owned(),
        files: 120,
        chunks: 900,
        symbols: 400,
        vectors: 300,
        branch: "main".to_owned(),
        indexed_at: 1,
        problem: "2 files could not be read".to_owned(),
        progress: Some(v1::Progress {
            phase: v1::Phase::Vectors.into(),
            chunks_done: 300,
            chunks_total: 900,
            eta_seconds: 11.2,
            ..v1::Progress::default()
        }),
        ..v1::RepositoryStatus::default()
    };
    let answer = |repository: &v1::RepositoryStatus, state: &str| v1::StatusResponse {
        daemon: None,
        repositories: vec![repository.clone()],
        model: Some(v1::ModelStatus {
            state: state.to_owned(),
            name: "mini".to_owned(),
            reason: "run `codemem setup`".to_owned(),
        }),
    };
    assert_eq!(
        status(&answer(&repository, "ready")),
        "/p: 120 files, 900 chunks, 400 symbols, 300 chunks with vectors, branch main\n\
         now making vectors, 300 of 900 chunks; words and symbols are complete, 12 s left\n\
         problem: 2 files could not be read"
    );
    repository.freshness = Some(fresh());
    repository.paused = "the machine runs on its battery".to_owned();
    let text = status(&answer(&repository, "ready"));
    assert!(
        text.starts_with(
            "/p: 120 files, 900 chunks, 400 symbols, 300 chunks with vectors\n\
             main@1a2b3c4, watched, files as of 1970-01-01T00:00:01Z\n"
        ) && text.contains("\nvectors wait: the machine runs on its battery\n"),
        "{text}"
    );
    repository.freshness = None;
    repository.paused = String::new();
    repository.indexed_at = 0;
    repository.problem = String::new();
    repository.branch = String::new();
    repository.progress = None;
    assert_eq!(
        status(&answer(&repository, "missing")),
        "/p: 120 files, 900 chunks, 400 symbols, 300 chunks with vectors\n\
         the first pass is not complete: answers cover only part of the files\n\
         embedding model missing: run `codemem setup`"
    );
}

#[test]
fn a_name_cannot_look_like_another_hit() {
    let mut found = hit();
    found.path = "src/a\n/etc/passwd:1-2 function root\u{1b}[2J.rs".to_owned();
    found.handle = format!("{}:1-2@3f2a", found.path);
    found.snippet = "x = \"\u{1b}]0;owned\u{7}\"\n".to_owned();
    let text = hits(&answer(vec![found]), "/p");
    let first = text.lines().next().expect("a line");
    assert!(first.contains("src/a\u{fffd}/etc/passwd"), "{text}");
    assert!(!text.contains(['\u{1b}', '\u{7}']), "{text}");
}

#[test]
fn memories_stand_under_their_hit() {
    let memory = |title: &str, stale: &str| v1::AnchoredMemory {
        id: "00000000000000ab".to_owned(),
        title: title.to_owned(),
        stale: stale.to_owned(),
    };
    let anchored = v1::Hit {
        memories: vec![
            memory("retries are\ncounted", ""),
            memory("why", "code changed since 2026-11-02"),
        ],
        ..hit()
    };
    let text = hits(&answer(vec![anchored.clone()]), "/p");
    let expected = "  memory 00000000000000ab: \"retries are\u{fffd}counted\"\n  \
                    memory 00000000000000ab: \"why\" (code changed since 2026-11-02)\n[searched";
    assert!(text.contains(expected), "{text}");
    let value: serde_json::Value = serde_json::from_str(&hits_as_json(&answer(vec![anchored]))).expect("JSON");
    assert_eq!(
        value["hits"][0]["memories"][1]["stale"],
        "code changed since 2026-11-02"
    );
    assert!(value["hits"][0]["memories"][0]["stale"].is_null());
}
