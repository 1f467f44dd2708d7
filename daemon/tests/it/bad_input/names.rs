//! Names that are not UTF-8, that steer terminals, that look like something else.

use crate::sandbox::{self, assert_serves, found};
use codemem_testkit::Answer;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

/// What would reach a terminal that it must not see.
fn steering(answer: &Answer) -> Vec<char> {
    let is_steering = |c: &char| c.is_control() && !matches!(c, '\n' | '\t') || matches!(c, '\u{202a}'..='\u{202e}');
    let text = format!("{}{}", answer.stdout, answer.stderr);
    text.chars().filter(is_steering).collect()
}

#[test]
fn names_that_are_not_utf8_are_counted_each() {
    let sandbox = sandbox::lexical();
    sandbox.write("good.py", "def goodname():\n    pass\n");
    let inner = sandbox.path("tree").join(OsStr::from_bytes(b"dir\xff"));
    fs::create_dir(&inner).expect("create");
    for name in [&b"bad\xff.py"[..], b"bad\xfe.py", b"dir\xff/inner.py"] {
        let path = sandbox.path("tree").join(OsStr::from_bytes(name));
        fs::write(path, "def badname():\n    pass\n").expect("write");
    }
    let tree = sandbox.tree();
    let tree = tree.to_str().expect("UTF-8");
    let index = sandbox.codemem(["index", tree, "--wait-lexical", "--json"]).json();
    assert_eq!(
        (index["files"].as_u64(), index["skipped"]["bad_name"].as_u64()),
        (Some(1), Some(3)),
        "{index}"
    );
    let pid = sandbox.daemon_pid();
    assert_eq!(found(&sandbox, "goodname"), ["good.py"]);
    assert_eq!(found(&sandbox, "badname"), Vec::<String>::new());
    let status = sandbox.codemem(["status"]);
    assert!(status.success().contains("3 bad name"), "{status:?}");
    assert_serves(&sandbox, pid);
}

#[test]
fn odd_names_are_found_as_they_are_and_shown_without_harm() {
    let sandbox = sandbox::lexical();
    let longest = format!("{}.py", "n".repeat(252));
    let names = [
        "new\nline.py",
        "tab\there.py",
        "clear\u{1b}[2Jscreen.py",
        "title\u{1b}]0;owned\u{7}.py",
        "csi\u{9b}31m.py",
        "exe\u{202e}yp.txt.py",
        "quo\"te'.py",
        "back\\slash.py",
        "-rf.py",
        "$(reboot).py",
        "星🚀 مسار.py",
        &longest,
    ];
    for (n, name) in names.iter().enumerate() {
        sandbox.write(name, format!("def odd_name_{n}():\n    return '\u{1b}[31mred'\n"));
    }
    let tree = sandbox.tree();
    let tree = tree.to_str().expect("UTF-8");
    let index = sandbox.codemem(["index", tree, "--wait-lexical", "--json"]).json();
    assert_eq!(index["files"].as_u64(), Some(names.len() as u64), "{index}");
    let pid = sandbox.daemon_pid();
    for (n, name) in names.iter().enumerate() {
        let query = format!("odd_name_{n}");
        let shown = sandbox.codemem(["search", "--repo", tree, "--limit", "1", &query]);
        shown.success();
        assert_eq!(steering(&shown), Vec::<char>::new(), "{name:?}: {shown:?}");
        assert_eq!(shown.stdout.lines().count(), 3, "one place, one snippet: {shown:?}");
        let exact = sandbox.codemem(["search", "--repo", tree, "--limit", "1", "--json", &query]);
        assert_eq!(exact.json()["hits"][0]["path"], **name, "{exact:?}");
        assert_eq!(steering(&exact), Vec::<char>::new(), "{exact:?}");
    }
    // What is wrong is repeated to the user, and that must not steer either.
    for refused in [
        sandbox.codemem(["index", "/no/such\u{1b}[2J"]),
        sandbox.codemem(["search", "--repo", tree, "--lang", "\u{1b}[2J", "x"]),
        sandbox.codemem(["\u{1b}[2J"]),
    ] {
        assert_eq!(refused.code, 2, "{refused:?}");
        assert_eq!(steering(&refused), Vec::<char>::new(), "{refused:?}");
    }
    assert_serves(&sandbox, pid);
}
