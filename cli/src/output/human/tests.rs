use super::*;

const PLAIN: fn() -> Style = || Style::new(false);

fn hit() -> v1::Hit {
    v1::Hit {
        path: "src/a.rs".to_owned(),
        start_line: 3,
        end_line: 9,
        kind: "method".to_owned(),
        name: "A::run".to_owned(),
        signature: "fn run(&self,\n    n: u32)".to_owned(),
        score: 1.0,
        snippet: "fn run(&self, n: u32)\n    x\u{1b}[2J".to_owned(),
        language: "rust".to_owned(),
        stale: true,
        ..v1::Hit::default()
    }
}

fn coverage() -> v1::Coverage {
    v1::Coverage {
        files_searched: 1200,
        files_total: 1300,
        chunks: 9000,
        vectors: 0.25,
        vectors_used: true,
        files_in_scope: 1200,
        ..v1::Coverage::default()
    }
}

#[test]
fn an_explained_hit_ends_with_its_shares() {
    let share = |name: &str, value: f64, share: f64| v1::FeatureShare {
        name: name.to_owned(),
        value,
        share,
    };
    let explained = v1::Hit {
        stale: false,
        score: 0.3,
        features: vec![
            share("file", 0.5, 0.5),
            share("stem", 1.0, 0.8),
            share("entry_point", 1.0, 0.0),
            share("test", 1.0, -1.0),
        ],
        ..hit()
    };
    let answer = v1::SearchResponse {
        hits: vec![explained],
        ..v1::SearchResponse::default()
    };
    let text = hits(&answer, PLAIN());
    assert_eq!(
        text.lines().last(),
        Some("    score 0.30: test -1.00, stem +0.80, file +0.50")
    );
    let plain = v1::SearchResponse {
        hits: vec![hit()],
        ..v1::SearchResponse::default()
    };
    assert!(!hits(&plain, PLAIN()).contains("score"));
}

#[test]
fn hits_are_compact() {
    let text_only = v1::Hit {
        kind: "text".to_owned(),
        name: String::new(),
        snippet: "0\n…\n9".to_owned(),
        stale: false,
        handle: "src/a.rs:3-9@3f2a".to_owned(),
        ..hit()
    };
    let bare = v1::Hit {
        snippet: String::new(),
        stale: false,
        ..hit()
    };
    let answer = v1::SearchResponse {
        hits: vec![hit(), bare, text_only],
        ..v1::SearchResponse::default()
    };
    let expected = "\
src/a.rs:3-9  method  A::run  (changed since it was indexed)
    fn run(&self, n: u32)
        x\u{fffd}[2J

src/a.rs:3-9  method  A::run

src/a.rs:3-9@3f2a  text
    0
    …
    9
";
    assert_eq!(hits(&answer, PLAIN()), expected);
    assert_eq!(hits(&v1::SearchResponse::default(), PLAIN()), "");
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
        root: "/r/app".to_owned(),
        ..hit()
    };
    let answer = v1::SearchResponse {
        hits: vec![found],
        roots: vec![root("app", ""), root("lib", ""), root("old", "it is being opened")],
        ..v1::SearchResponse::default()
    };
    assert_eq!(
        roots(&answer),
        ["app is /r/app", "old is /r/old: not searched: it is being opened"]
    );
    let alone = v1::SearchResponse {
        roots: vec![root("app", "")],
        ..answer
    };
    assert!(roots(&alone).is_empty());
}

#[test]
fn receipts() {
    let full = v1::SearchResponse {
        hits: vec![hit()],
        coverage: Some(coverage()),
        took_ms: 3.21,
        root: "/r".to_owned(),
        ..v1::SearchResponse::default()
    };
    assert_eq!(
        receipt(&full),
        "1 hit in 3.2 ms; searched 1,200 of 1,300 files; vectors 25 %"
    );
    let filtered = v1::SearchResponse {
        hits: Vec::new(),
        coverage: Some(v1::Coverage {
            files_in_scope: 4,
            hits_dropped: 2,
            vectors_used: false,
            vectors_reason: "the model is missing".to_owned(),
            ..coverage()
        }),
        ..full.clone()
    };
    assert_eq!(
        receipt(&filtered),
        "nothing found in 3.2 ms; searched 1,200 of 1,300 files; 4 match the filters; 2 hits left out: changed since; no vectors: the model is missing"
    );
    let out_of_scope = v1::SearchResponse {
        coverage: Some(v1::Coverage {
            files_in_scope: 0,
            ..coverage()
        }),
        ..filtered
    };
    assert!(receipt(&out_of_scope).contains("no file matches the filters"));
}

#[test]
fn the_end_of_a_pass() {
    let result = v1::IndexRootResult {
        root: "/r".to_owned(),
        files: 1,
        chunks: 1500,
        symbols: 900,
        skipped: HashMap::from([
            ("too_large".to_owned(), 2),
            ("binary".to_owned(), 1),
            ("failed".to_owned(), 0),
        ]),
        vectors: 1200,
        seconds: 1.25,
        problem: String::new(),
    };
    assert_eq!(
        indexed(&result, PLAIN()),
        "/r: 1 file, 1,500 chunks, 900 symbols in 1.2 s\n  vectors for 1,200 of 1,500 chunks\n  skipped 1 binary, 2 too large\n"
    );
}

#[test]
fn the_whole_status() {
    let repository = v1::RepositoryStatus {
        root: "/r".to_owned(),
        files: 10,
        chunks: 20,
        symbols: 5,
        vectors: 5,
        skipped: HashMap::from([("binary".to_owned(), 1)]),
        disk_bytes: 2048,
        progress: Some(v1::Progress {
            phase: v1::Phase::Vectors.into(),
            chunks_done: 5,
            chunks_total: 20,
            rate: 40.4,
            eta_seconds: 3.0,
            ..v1::Progress::default()
        }),
        branch: "main".to_owned(),
        commit: "0123456789abcdef".to_owned(),
        indexed_at: 1000,
        problem: "2 files could not be read".to_owned(),
        freshness: Some(v1::Freshness {
            branch: "main".to_owned(),
            commit: "0123456789abcdef".to_owned(),
            dirty_files: Some(2),
            pending_files: 1,
            watching: "polling".to_owned(),
            watching_reason: "the system allows 64 watches".to_owned(),
            polling_seconds: 10.0,
            checked_at_ms: 1_092_000,
            ..v1::Freshness::default()
        }),
        paused: "the machine runs on its battery".to_owned(),
    };
    let fresh = v1::RepositoryStatus {
        root: "/s".to_owned(),
        ..v1::RepositoryStatus::default()
    };
    let answer = v1::StatusResponse {
        daemon: Some(v1::DaemonStatus {
            pid: 7,
            version: "0.1.0".to_owned(),
            uptime_seconds: 75,
            rss_bytes: 80 << 20,
            peak_rss_bytes: 200 << 20,
            open_repositories: 1,
            socket: "/run/s".to_owned(),
            data_dir: "/data".to_owned(),
            log_file: "/log".to_owned(),
            ..v1::DaemonStatus::default()
        }),
        repositories: vec![repository, fresh],
        model: Some(v1::ModelStatus {
            state: "missing".to_owned(),
            name: String::new(),
            reason: "run `codemem setup`".to_owned(),
        }),
    };
    let expected = "\
daemon  0.1.0, process 7, up 1 min 15 s, 80.0 MiB (at most 200 MiB)
        socket /run/s
        data   /data
        log    /log
model   missing: run `codemem setup`
stores  1 open

/r
  main@0123456, 2 modified, indexed 1 min 40 s ago
  10 files, 20 chunks, 5 symbols, vectors 25 %, 2.0 KiB
  skipped 1 binary
  polled every 10 s: the system allows 64 watches, compared with its files 8.0 s ago, 1 changed file not read yet
  paused: the machine runs on its battery
  now vectors: 5/20 chunks, 40/s, 3.0 s left
  problem: 2 files could not be read

/s
  not indexed yet
  0 files, 0 chunks, 0 symbols, vectors 100 %, 0 bytes
";
    assert_eq!(status(&answer, 1_100_000, PLAIN()), expected);
    let empty = status(&v1::StatusResponse::default(), 0, PLAIN());
    assert!(
        empty.ends_with("nothing is indexed; `codemem index` in a repository changes that\n"),
        "{empty}"
    );
}

#[test]
fn lists() {
    let languages = super::languages(&[
        v1::Language {
            name: "rust".to_owned(),
            extensions: vec!["rs".to_owned()],
            symbols: true,
            origin: "built-in".to_owned(),
            available: true,
            problem: String::new(),
        },
        v1::Language {
            name: "ini".to_owned(),
            extensions: vec!["ini".to_owned(), "cfg".to_owned()],
            origin: "added".to_owned(),
            available: true,
            ..v1::Language::default()
        },
        v1::Language {
            name: "ada".to_owned(),
            ..v1::Language::default()
        },
        v1::Language {
            name: "abnf".to_owned(),
            ..v1::Language::default()
        },
    ]);
    let others = "recognised and cut by lines; `codemem languages add NAME` adds a grammar:\nada abnf\n";
    assert_eq!(
        languages,
        format!("rust  symbols  rs\nini   lines    (added) ini cfg\n\n{others}")
    );
    let added = |symbols| {
        let answer = v1::AddLanguageResponse {
            symbols,
            query: "/q/ini.scm".to_owned(),
        };
        super::language_added("ini", &answer)
    };
    assert_eq!(added(true), "added `ini`\n");
    assert!(added(false).contains("/q/ini.scm"));
    let model = v1::Model {
        name: "mini".to_owned(),
        dimension: 384,
        window: 256,
        fingerprint: "0123456789abcdef".to_owned(),
        precision: "int8".to_owned(),
        active: true,
        disk_bytes: 23 << 20,
    };
    let line = "mini  384 dimensions, window 256, int8, 23.0 MiB, 0123456789ab\n";
    assert_eq!(models(std::slice::from_ref(&model)), format!("* {line}"));
    let installed = v1::SetupResult {
        onnxruntime: "/lib.so".to_owned(),
        model: Some(model),
    };
    assert_eq!(setup(&installed), format!("runtime  /lib.so\nmodel    {line}"));
    let answer = v1::PruneResponse {
        roots: vec!["/gone".to_owned()],
        contents: 2,
        vectors: 3,
        freed_bytes: 10,
        worktrees: 1,
        orphans: 0,
        missing: vec!["/away".to_owned()],
        documents: 5,
    };
    let table = |deleted: &str| {
        format!(
            "{deleted} 1 root that is gone\n{deleted} 1 working tree that no root names\n{deleted} 2 contents that no working \
             tree has\n{deleted} 5 entries of the index of words\n{deleted} 3 vectors that no content has\n  \
             /gone is gone\n"
        )
    };
    let kept = "  /away is not there and is kept: its disk may be away; `codemem remove /away` forgets it\n";
    assert_eq!(
        pruned(&answer, true),
        table("would delete") + kept + "at least 10 bytes would be freed\n"
    );
    assert_eq!(pruned(&answer, false), table("deleted") + kept + "10 bytes freed\n");
    let nothing = v1::PruneResponse::default();
    assert_eq!(pruned(&nothing, true), "nothing to delete\n");
    assert_eq!(pruned(&nothing, false), "nothing to delete\n");
    let away = v1::PruneResponse {
        missing: vec!["/away".to_owned()],
        freed_bytes: 4096,
        ..v1::PruneResponse::default()
    };
    assert_eq!(
        pruned(&away, false),
        format!("nothing to delete\n{kept}4.0 KiB freed\n")
    );
}

#[test]
fn memories_stand_under_their_hit() {
    let memory = |stale: &str| v1::AnchoredMemory {
        id: "3f2a".to_owned(),
        title: "why it\u{1b}[2J".to_owned(),
        stale: stale.to_owned(),
    };
    let anchored = v1::Hit {
        memories: vec![memory(""), memory("code is gone since 2026-11-02")],
        ..hit()
    };
    let answer = v1::SearchResponse {
        hits: vec![anchored],
        ..v1::SearchResponse::default()
    };
    let expected =
        "    memory 3f2a: why it\u{fffd}[2J\n    memory 3f2a: why it\u{fffd}[2J  (code is gone since 2026-11-02)\n";
    let text = hits(&answer, PLAIN());
    assert!(text.ends_with(expected), "{text}");
}
