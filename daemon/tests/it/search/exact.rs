//! Exact searches with the built binaries: complete against a look at every line, ordered, bounded, and honest when empty.

use crate::mcp::Session;
use crate::sandbox;
use codemem_testkit::Sandbox;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

/// Larger than what is indexed.
const LARGE: usize = 2 * 1024 * 1024;

/// Far longer than an exact search may take, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(30);

fn tree(sandbox: &Sandbox) -> String {
    sandbox.tree().to_str().expect("UTF-8").to_owned()
}

fn index(sandbox: &Sandbox) {
    sandbox.codemem(["index", &tree(sandbox), "--wait-lexical"]).success();
}

/// The answer as JSON, whether there are hits or not.
fn answer(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let tree = tree(sandbox);
    let line = ["search", "--repo", &tree, "--json"]
        .into_iter()
        .chain(arguments.iter().copied());
    let answer = sandbox.codemem(line);
    assert!([0, 1].contains(&answer.code), "{arguments:?}: {answer:?}");
    serde_json::from_str(&answer.stdout).expect("JSON")
}

fn places(answer: &Value) -> Vec<(String, u64)> {
    let hits = answer["hits"].as_array().expect("hits");
    let place = |hit: &Value| {
        assert_eq!(hit["start_line"], hit["end_line"], "{hit}");
        (
            hit["path"].as_str().expect("a path").to_owned(),
            hit["start_line"].as_u64().expect("a line"),
        )
    };
    hits.iter().map(place).collect()
}

/// A repository with everything in it that is easily missed.
fn repository(sandbox: &Sandbox) {
    sandbox.copy(sandbox::sample());
    for (path, text) in [
        (".gitignore", &b"ignored/\n*.tmp\n"[..]),
        ("ignored/a.py", b"needle\n"),
        ("a.tmp", b"needle\n"),
        (".github/workflows/ci.yml", b"on: push # needle\n"),
        ("crlf.py", b"one\r\nneedle\r\n\r\nNEEDLE\r\n"),
        ("latin.py", b"# gr\xf6\xdfe\n# needle \xe4\n"),
        ("bare.py", b"def f():\n    return 'needle'"),
        ("binary.dat", b"needle\0\n"),
        ("text.dat", b"needle in what is called data\n"),
        ("Cargo.lock", b"needle = 1\n"),
        ("deep/down/below/x.go", b"package x\n\nfunc needle() {}\n// needle\n"),
        ("empty.py", b""),
        ("bom.py", b"\xef\xbb\xbfneedle = 1\n"),
    ] {
        sandbox.write(path, text);
    }
    let mut large = "# a line of a file that is too large to be indexed\n".repeat(LARGE / 51);
    large.push_str("needle at the end\n");
    sandbox.write("large.py", large);
    sandbox.write("app.min.js", "a=1;".repeat(20_000) + "needle;" + &"b=2;".repeat(20_000));
    std::os::unix::fs::symlink("crlf.py", sandbox.path("tree/link.py")).expect("a link");
    let git = Command::new("git")
        .args(["-C", &tree(sandbox), "init", "-q"])
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output();
    assert!(git.expect("git runs").status.success());
}

/// What a look at every line of every file that git does not ignore finds.
fn naive(sandbox: &Sandbox, needle: &[u8]) -> BTreeSet<(String, u64)> {
    let listed = Command::new("git")
        .args([
            "-C",
            &tree(sandbox),
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .output()
        .expect("git runs");
    let listed = String::from_utf8(listed.stdout).expect("UTF-8");
    let mut found = BTreeSet::new();
    for path in listed.split_terminator('\0') {
        let full = sandbox.path("tree").join(path);
        if full.is_symlink() {
            continue;
        }
        let bytes = fs::read(full).expect("readable");
        if bytes[..bytes.len().min(8_192)].contains(&0) {
            continue;
        }
        for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
            if line.windows(needle.len()).any(|window| window == needle) {
                found.insert((path.to_owned(), number));
            }
        }
    }
    found
}

#[test]
fn what_a_look_at_every_line_finds_is_found() {
    let sandbox = sandbox::lexical();
    repository(&sandbox);
    index(&sandbox);
    // Not indexed yet, whether somebody watches or not.
    sandbox.write("late.py", "needle\n");
    sandbox.write("crlf.py", "needle moved\r\nneedle\r\n");
    for needle in ["needle", "def ", "=", " in ", "}"] {
        let answer = answer(&sandbox, &["--exact", "--limit", "10000", "--", needle]);
        let shown = places(&answer);
        let expected = naive(&sandbox, needle.as_bytes());
        assert_eq!(shown.iter().cloned().collect::<BTreeSet<_>>(), expected, "{needle}");
        assert_eq!(shown.len(), expected.len(), "each once");
        let coverage = &answer["coverage"];
        assert_eq!(coverage["matches"].as_u64(), Some(expected.len() as u64), "{coverage}");
        assert_eq!(coverage["files_searched"], coverage["files_total"], "{coverage}");
        assert_eq!(
            (
                coverage["files_unread"].as_u64(),
                coverage["files_binary"].as_u64(),
                coverage["cut_short"].as_bool()
            ),
            (Some(0), Some(1), Some(false)),
            "{coverage}"
        );
    }
    let shown = answer(&sandbox, &["--exact", "--limit", "100", "needle"]);
    let hits = shown["hits"].as_array().expect("hits");
    let named = |hit: &Value| hit["name"] == "needle";
    let first: Vec<(&Value, &Value)> = hits
        .iter()
        .take_while(|hit| named(hit))
        .map(|hit| (&hit["path"], &hit["start_line"]))
        .collect();
    assert_eq!(
        first,
        [
            (&json!("bom.py"), &json!(1)),
            (&json!("deep/down/below/x.go"), &json!(3))
        ],
        "definitions come first: {shown}"
    );
    let minified = hits.iter().find(|hit| hit["path"] == "app.min.js").expect("found");
    let snippet = minified["snippet"].as_str().expect("text");
    assert!(snippet.contains("needle;") && snippet.len() < 300, "{snippet}");
    // Capitals only where they are asked for, and patterns as lines have them.
    let case = |arguments: &[&str]| answer(&sandbox, arguments)["coverage"]["matches"].as_u64();
    sandbox.write("case.py", "NeeDle\n");
    assert_eq!(case(&["--exact", "NeeDle"]), Some(1));
    assert!(case(&["--exact", "-i", "NeeDle"]) > Some(10));
    assert_eq!(
        case(&["--regex", r"^needle\b.*\d$"]),
        Some(2),
        "with a byte order mark, and in a lock file"
    );
    assert_eq!(
        case(&["--regex", "^needle$"]),
        Some(2),
        "late.py, and a line that ends with \\r\\n"
    );
    assert_eq!(case(&["/^needle$/"]), Some(2));
}

#[test]
fn a_page_says_what_it_is_part_of() {
    let sandbox = sandbox::lexical();
    for n in 0..4 {
        sandbox.write(&format!("src/f{n}.py"), "a = needle\nb = needle\nc = needle\n");
    }
    sandbox.write("tests/test_f.py", "needle\n");
    index(&sandbox);
    let tree = tree(&sandbox);
    let page = sandbox.codemem([
        "search", "--repo", &tree, "--exact", "needle", "--limit", "5", "--offset", "10",
    ]);
    assert_eq!(
        page.success(),
        "src/f3.py:2: b = needle\nsrc/f3.py:3: c = needle\ntests/test_f.py:1: needle\n"
    );
    assert!(
        page.stderr.contains("3 of 13 matches in 5 files") && page.stderr.contains("searched 5 of 5 text files"),
        "{page:?}"
    );
    let whole = answer(&sandbox, &["--exact", "--limit", "100", "needle"]);
    let mut pages = Vec::new();
    for offset in (0..13).step_by(4) {
        pages.extend(places(&answer(
            &sandbox,
            &["--exact", "--limit", "4", "--offset", &offset.to_string(), "needle"],
        )));
    }
    assert_eq!(pages, places(&whole));
    // Filters as in any search.
    let only = answer(&sandbox, &["--exact", "--tests", "only", "needle"]);
    assert_eq!(places(&only), [("tests/test_f.py".to_owned(), 1)]);
    let globbed = answer(
        &sandbox,
        &["--regex", "n.*dle", "--path", "src/f[01].py", "--lang", "python"],
    );
    assert_eq!(globbed["coverage"]["matches"].as_u64(), Some(6));
}

#[test]
fn ten_thousand_lines_are_one_answer() {
    let sandbox = sandbox::lexical();
    let line = format!("needle {}\n", "x".repeat(500));
    for n in 0..4 {
        sandbox.write(
            &format!("some/what/long/path/to/file_number_{n}.txt"),
            line.repeat(3_000),
        );
    }
    index(&sandbox);
    let answer = answer(&sandbox, &["--exact", "--limit", "10000", "needle"]);
    assert_eq!(answer["hits"].as_array().map(Vec::len), Some(10_000));
    assert_eq!(answer["coverage"]["matches"].as_u64(), Some(12_000));
}

#[test]
fn patterns_that_explode_are_refused_or_bounded() {
    let sandbox = sandbox::lexical();
    sandbox.copy(sandbox::sample());
    sandbox.write("long.txt", "a".repeat(300_000) + "b\nis it?\n");
    index(&sandbox);
    let pid = sandbox.daemon_pid();
    let tree = tree(&sandbox);
    let search = |pattern: &str| {
        let began = Instant::now();
        let answer = sandbox.codemem(["search", "--repo", &tree, "--regex", "--", pattern]);
        assert!(began.elapsed() < PATIENCE, "{pattern}: {:?}", began.elapsed());
        answer
    };
    for (pattern, code) in [
        ("(a+)+$", 1),
        ("(a|aa)+$", 1),
        ("(a*)*§", 1),
        ("(x+x+)+§", 1),
        (r"(?i)(\w+\s?)*\?$", 0),
    ] {
        let answer = search(pattern);
        assert_eq!(answer.code, code, "{pattern}: {answer:?}");
    }
    for (pattern, told) in [
        ("(?:a{1000}){1000}", "is too much"),
        (r"\w{500}\W{500}\pL{500}\pN{999}", "is too much"),
        ("a(b", "unclosed group, at character 2"),
        ("*a", "at character 1"),
        ("[z-a]", "at character 2"),
        (r"a\nb", "line break"),
        ("", "the query is empty"),
    ] {
        let answer = search(pattern);
        assert_eq!(answer.code, 2, "{pattern}: {answer:?}");
        assert!(
            answer.stderr.contains(told) && answer.stderr.contains("hint:"),
            "{pattern}: {answer:?}"
        );
    }
    assert_eq!(sandbox.daemon_pid(), pid, "the same daemon answers");
}

#[test]
fn an_empty_answer_proves_that_there_is_nothing() {
    let sandbox = sandbox::lexical();
    sandbox.copy(sandbox::sample());
    sandbox.write("zanzibar.py", "ZANZIBAR = 1\nzanzibar = ZANZIBAR\n");
    index(&sandbox);
    let tree = tree(&sandbox);
    let nothing = answer(&sandbox, &["--exact", "zanzibar_quota of ZANZIBAR"]);
    let proof = &nothing["absence"];
    assert_eq!(proof["files_searched"], proof["files_total"], "{proof}");
    assert_eq!(proof["files_total"].as_u64(), Some(8), "{proof}");
    assert_eq!(
        (proof["query"]["matches"].as_u64(), proof["cut_short"].as_bool()),
        (Some(0), Some(false))
    );
    let counted: Vec<(&str, u64, u64)> = proof["names"]
        .as_array()
        .expect("names")
        .iter()
        .map(|name| {
            (
                name["text"].as_str().expect("text"),
                name["matches"].as_u64().expect("a count"),
                name["matches_any_case"].as_u64().expect("a count"),
            )
        })
        .collect();
    assert_eq!(counted, [("zanzibar_quota", 0, 0), ("ZANZIBAR", 2, 2)]);
    let told = sandbox.codemem(["search", "--repo", &tree, "--exact", "Zanzibar"]);
    assert_eq!((told.code, told.stdout.as_str()), (1, ""), "{told:?}");
    assert!(
        told.stderr.contains("nothing matches")
            && told
                .stderr
                .contains("`Zanzibar` is in no line (2 in another case) of 8 text files as they are now"),
        "{told:?}"
    );
    // A search by meaning proves the same, and so does the tool.
    let told = sandbox.codemem(["search", "--repo", &tree, "xylophone quartet"]);
    assert_eq!(told.code, 1, "{told:?}");
    assert!(
        told.stderr
            .contains("`xylophone quartet` is in no line of 8 text files as they are now; `xylophone` is in no line"),
        "{told:?}"
    );
    assert!(answer(&sandbox, &["router"])["absence"].is_null());
    let mut session = Session::start(&sandbox, true);
    for mode in ["meaning", "exact", "regex"] {
        let (failed, text) = session.tool("search_code", &json!({"query": "xylophone", "mode": mode}));
        assert!(
            !failed && text.contains("In 8 text files as they are now: `xylophone` in no line"),
            "{mode}: {text}"
        );
    }
    let (failed, text) = session.tool("search_code", &json!({"query": " ZANZIBAR", "mode": "exact"}));
    assert!(
        !failed
            && text
                .starts_with("zanzibar.py:2: zanzibar = ZANZIBAR\n[1 matches in 1 files; searched 8 of 8 text files"),
        "{text}"
    );
    let (failed, text) = session.tool("search_code", &json!({"query": "ZAN(", "mode": "regex"}));
    assert!(failed && text.contains("unclosed group"), "{text}");
    session.end();
}

#[test]
fn a_known_identifier_shows_its_definition_first() {
    let sandbox = sandbox::lexical();
    for n in 0..30 {
        let calls = "    open_socket(host)\n".repeat(10);
        sandbox.write(&format!("src/user_{n}.py"), format!("def use_{n}(host):\n{calls}"));
    }
    let before = "# open_socket is what everything calls.\n\n".repeat(3);
    sandbox.write(
        "src/deep/net.py",
        format!("{before}class Pool:\n    def open_socket(self, host):\n        return host\n"),
    );
    sandbox.write("tests/test_net.py", "def test_open_socket():\n    open_socket('x')\n");
    index(&sandbox);
    for query in ["open_socket", "Pool.open_socket"] {
        let found = answer(&sandbox, &[query]);
        let hit = &found["hits"][0];
        assert_eq!(hit["path"], "src/deep/net.py", "{query}: {found}");
        assert!(
            query != "open_socket" || hit["name"].as_str().is_some_and(|name| name.ends_with("open_socket")),
            "{hit}"
        );
    }
    // A test that is named after it has no edge of a word before it.
    for (arguments, n_matches) in [
        (["--exact", "open_socket"], 306),
        (["--regex", r"\bopen_socket\b"], 305),
    ] {
        let found = answer(&sandbox, &arguments);
        let hit = &found["hits"][0];
        assert_eq!(
            (hit["path"].as_str(), hit["start_line"].as_u64(), hit["kind"].as_str()),
            (Some("src/deep/net.py"), Some(8), Some("method")),
            "{found}"
        );
        assert_eq!(found["coverage"]["matches"].as_u64(), Some(n_matches), "{found}");
    }
}

#[test]
fn a_query_between_slashes_says_how_it_was_read() {
    let sandbox = sandbox::lexical();
    sandbox.copy(sandbox::sample());
    index(&sandbox);
    let tree = tree(&sandbox);
    let search = |query: &str| sandbox.codemem(["search", "--repo", &tree, "--", query]);
    let pattern = search("/class \\w+NotFound/");
    assert!(pattern.success().starts_with("server/router.py:"), "{pattern:?}");
    assert!(pattern.stderr.contains("read as a pattern"), "{pattern:?}");
    let path = search("/server/router/");
    assert!(path.success().contains("server/router.py"), "{path:?}");
    assert!(
        path.stderr.contains("read as a path; with `--regex` it is a pattern"),
        "{path:?}"
    );
}
