//! Grammars and queries that the user adds, through the built binaries.
//!
//! The grammar is a small one of our own (`tests/grammars/ini`), compiled inside the test.

use crate::sandbox;
use codemem_testkit::{Sandbox, wait_until};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

const GRAMMAR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/grammars/ini");

/// Two sections and a comment.
const SETTINGS: &str = "\
; How the harbour is run.
owner = nobody

[lighthouse]
# Seconds between two flashes.
interval = 12

[harbour master]
name = Ann
";

fn index(sandbox: &Sandbox) -> Value {
    sandbox.codemem(["index", "--json"]).json()
}

/// Name, kind and lines of the first hit of a search in one language.
fn first(sandbox: &Sandbox, language: &str, query: &str) -> (String, String, u64, u64) {
    let answer = sandbox.codemem(["search", "--json", "--lang", language, query]).json();
    let hit = &answer["hits"][0];
    let text = |key: &str| {
        hit[key]
            .as_str()
            .unwrap_or_else(|| panic!("{key} in {answer}"))
            .to_owned()
    };
    let line = |key: &str| hit[key].as_u64().expect("a line");
    (text("name"), text("kind"), line("start_line"), line("end_line"))
}

fn language(sandbox: &Sandbox, name: &str) -> Value {
    let list = sandbox.codemem(["languages", "--json"]).json();
    let rows = list.as_array().expect("a list");
    rows.iter()
        .find(|row| row["name"] == name)
        .unwrap_or_else(|| panic!("{name} is listed"))
        .clone()
}

fn queries(sandbox: &Sandbox) -> std::path::PathBuf {
    let directory = sandbox.path("config/queries");
    fs::create_dir_all(&directory).expect("create the directory of queries");
    directory
}

#[test]
fn a_grammar_is_compiled_and_used_from_the_next_pass_on_until_it_is_removed() {
    let sandbox = sandbox::lexical();
    sandbox.write("harbour.ini", SETTINGS);
    sandbox.write("src/lib.rs", "pub fn steady() {}\n");
    let in_lines = (String::new(), "text".to_owned(), 1, 9);
    let before = index(&sandbox);
    assert_eq!(before["symbols"], 1, "only the function: {before}");
    assert_eq!(first(&sandbox, "ini", "lighthouse"), in_lines);
    let row = language(&sandbox, "ini");
    assert_eq!(
        (&row["available"], &row["origin"]),
        (&Value::from(false), &Value::Null),
        "{row}"
    );

    let added = sandbox
        .codemem(["languages", "add", "ini", "--from", GRAMMAR, "--json"])
        .json();
    assert_eq!(
        (&added["name"], &added["symbols"]),
        (&"ini".into(), &true.into()),
        "{added}"
    );
    let row = language(&sandbox, "ini");
    assert_eq!(
        (&row["available"], &row["origin"]),
        (&true.into(), &"added".into()),
        "{row}"
    );
    assert_eq!(
        (&row["symbols"], &row["extensions"][0]),
        (&true.into(), &"ini".into()),
        "{row}"
    );
    only_the_user_may_write(&sandbox.path("data/grammars"));

    let with = index(&sandbox);
    assert_eq!(with["symbols"], 6, "three settings and two sections more: {with}");
    let hit = first(&sandbox, "ini", "lighthouse");
    assert_eq!((hit.0.as_str(), hit.1.as_str()), ("lighthouse", "module"));
    assert_eq!(index(&sandbox)["symbols"], 6);
    // A daemon that starts again knows it still.
    sandbox.codemem(["daemon", "restart"]).success();
    assert_eq!(index(&sandbox)["symbols"], 6);
    assert_eq!(first(&sandbox, "ini", "lighthouse").1, "module");

    let again = sandbox.codemem(["languages", "add", "ini", "--from", GRAMMAR]);
    assert_eq!(again.code, 2, "{again:?}");
    assert!(again.stderr.contains("codemem languages remove ini"), "{again:?}");

    sandbox.codemem(["languages", "remove", "ini"]).success();
    assert_eq!(index(&sandbox)["symbols"], 1);
    assert_eq!(first(&sandbox, "ini", "lighthouse"), in_lines);
    assert_eq!(language(&sandbox, "ini")["origin"], Value::Null);
    let left = fs::read_dir(sandbox.path("data/grammars")).expect("listed").count();
    assert_eq!(left, 0, "nothing is left behind");
    let gone = sandbox.codemem(["languages", "remove", "ini"]);
    assert_eq!(gone.code, 2, "{gone:?}");
}

/// Whoever may write there runs code as the user.
fn only_the_user_may_write(directory: &Path) {
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(directory), 0o700);
    let grammars: Vec<_> = fs::read_dir(directory)
        .expect("listed")
        .map(|entry| entry.expect("read").path())
        .collect();
    assert_eq!(grammars.len(), 1, "{grammars:?}");
    assert_eq!(mode(&grammars[0]), 0o700);
    let files: Vec<_> = fs::read_dir(&grammars[0])
        .expect("listed")
        .map(|entry| entry.expect("read").path())
        .collect();
    assert_eq!(files.len(), 2, "the library and its tags query: {files:?}");
    assert!(files.iter().all(|file| mode(file) == 0o600), "{files:?}");
}

#[test]
fn what_cannot_be_added_is_refused_with_the_reason_and_changes_nothing() {
    let sandbox = sandbox::lexical();
    let refused = |name: &str, from: Option<&Path>| {
        let mut line = vec!["languages".to_owned(), "add".to_owned(), name.to_owned()];
        if let Some(from) = from {
            line.extend(["--from".to_owned(), from.display().to_string()]);
        }
        let answer = sandbox.codemem(line);
        assert_eq!(language(&sandbox, "ini")["origin"], Value::Null, "{answer:?}");
        (answer.code, answer.stderr)
    };
    let directory = sandbox.path("grammar");
    fs::create_dir_all(directory.join("src/tree_sitter")).expect("created");
    let table: [(&str, Option<&Path>, i32, &[&str]); 6] = [
        (
            "nonsense",
            None,
            2,
            &["no language is called `nonsense`", "codemem languages"],
        ),
        ("rust", None, 2, &["built in", "queries/rust.scm"]),
        // The sandbox is offline, as its configuration says.
        ("ini", None, 4, &["offline", "--from DIR"]),
        ("ini", Some(Path::new("/nowhere")), 4, &["cannot read `/nowhere`"]),
        ("ini", Some(&directory), 4, &["libtree_sitter_ini", "src/parser.c"]),
        (
            "graphql",
            Some(Path::new(GRAMMAR)),
            4,
            &["refused", "tree_sitter_graphql"],
        ),
    ];
    for (name, from, code, expected) in table {
        let (found, stderr) = refused(name, from);
        assert_eq!(found, code, "{name}: {stderr}");
        for text in expected {
            assert!(stderr.contains(text), "{name}: `{text}` is missing in {stderr}");
        }
    }
    // What the compiler says is told.
    fs::write(
        directory.join("src/parser.c"),
        "int broken(void) { return nothing_of_the_kind; }\n",
    )
    .expect("written");
    let (code, stderr) = refused("ini", Some(&directory));
    assert_eq!(code, 4, "{stderr}");
    assert!(stderr.contains("nothing_of_the_kind"), "{stderr}");
    // A library that takes its process down takes nothing else down.
    let crash = "#include <stdlib.h>\nconst void *tree_sitter_ini(void) { abort(); }\n";
    fs::write(directory.join("src/parser.c"), crash).expect("written");
    let pid = sandbox.daemon_pid();
    let (code, stderr) = refused("ini", Some(&directory));
    assert_eq!(code, 4, "{stderr}");
    assert!(stderr.contains("signal 6"), "{stderr}");
    assert_eq!(sandbox.daemon_pid(), pid, "the daemon lives on");
    // A tags query that does not fit its grammar.
    let from = Path::new(GRAMMAR);
    for file in ["src/parser.c", "src/tree_sitter/parser.h"] {
        fs::copy(from.join(file), directory.join(file)).expect("copied");
    }
    fs::create_dir_all(directory.join("queries")).expect("created");
    fs::write(directory.join("queries/tags.scm"), "(nonode) @definition.class").expect("written");
    let (code, stderr) = refused("ini", Some(&directory));
    assert_eq!(code, 4, "{stderr}");
    assert!(stderr.contains("tags query"), "{stderr}");
    let left = fs::read_dir(sandbox.path("data/grammars")).expect("listed").count();
    assert_eq!(left, 0, "nothing is left behind");
}

#[test]
fn the_compiler_puts_its_own_files_where_the_grammar_is_put_together() {
    let sandbox = sandbox::lexical();
    // A compiler that does nothing but say where it would put its files.
    let (script, said) = (sandbox.path("compiler"), sandbox.path("said"));
    fs::write(&script, format!("echo \"$TMPDIR\" > {}\nexit 1\n", said.display())).expect("written");
    let mut command = sandbox.command("codemem");
    command.env("CC", format!("sh {}", script.display()));
    let answer = sandbox.run(command.args(["languages", "add", "ini", "--from", GRAMMAR]));
    assert_eq!(answer.code, 4, "{answer:?}");
    let said = fs::read_to_string(said).expect("it was called");
    let stage = sandbox.path("data/grammars/.adding");
    assert!(Path::new(said.trim()).starts_with(&stage), "{said}");
}

#[test]
fn a_query_of_the_users_extends_or_replaces_ours_and_a_wrong_one_is_told() {
    let sandbox = sandbox::lexical();
    let source = "/// Sails.\npub fn sail() {\n    let rudder = 1;\n}\n\npub struct Boat;\n";
    sandbox.write("src/boat.rs", source);
    sandbox.write("src/quay.py", "def moor():\n    pass\n");
    assert_eq!(index(&sandbox)["symbols"], 3);
    let file = queries(&sandbox).join("rust.scm");

    fs::write(
        &file,
        "(let_declaration pattern: (identifier) @name) @definition.module\n",
    )
    .expect("written");
    assert_eq!(index(&sandbox)["symbols"], 4, "one more");
    fs::write(
        &file,
        "; codemem: replace\n(function_item name: (identifier) @name) @definition.macro\n",
    )
    .expect("written");
    assert_eq!(index(&sandbox)["symbols"], 2, "the function, as a macro, and Python's");
    let hit = first(&sandbox, "rust", "sail");
    assert_eq!((hit.0.as_str(), hit.1.as_str()), ("sail", "macro"));

    fs::write(
        &file,
        "; mine\n(let_declaration\n  pattern: (nonode) @name) @definition.module\n",
    )
    .expect("written");
    let answer = sandbox.codemem(["index", "--json"]);
    assert_eq!(answer.code, 4, "{answer:?}");
    for told in [
        answer.stderr,
        sandbox.codemem(["status", "--json"]).success().to_owned(),
        language(&sandbox, "rust").to_string(),
    ] {
        for text in ["queries/rust.scm", "line 3", "nonode", "built-in query stays in use"] {
            assert!(told.contains(text), "`{text}` is missing in {told}");
        }
    }
    assert_eq!(first(&sandbox, "rust", "sail").1, "function", "ours is in use");
    assert_eq!(language(&sandbox, "python")["problem"], Value::Null);

    fs::remove_file(&file).expect("removed");
    assert_eq!(index(&sandbox)["symbols"], 3);
    let status = sandbox.codemem(["status", "--json"]).json();
    assert_ne!(status["repositories"][0]["problem"].as_str().unwrap_or_default(), "x");
    assert!(!status.to_string().contains("rust.scm"), "{status}");
}

#[test]
fn a_query_of_the_users_gives_an_added_grammar_its_symbols() {
    let sandbox = sandbox::lexical();
    sandbox.write("harbour.ini", SETTINGS);
    let bare = sandbox.path("bare");
    fs::create_dir_all(bare.join("src/tree_sitter")).expect("created");
    for file in ["src/parser.c", "src/tree_sitter/parser.h"] {
        fs::copy(Path::new(GRAMMAR).join(file), bare.join(file)).expect("copied");
    }
    let bare = bare.to_str().expect("UTF-8");
    let added = sandbox.codemem(["languages", "add", "ini", "--from", bare]);
    let query = queries(&sandbox).join("ini.scm");
    assert!(added.success().contains(query.to_str().expect("UTF-8")), "{added:?}");
    assert_eq!(index(&sandbox)["symbols"], 0, "no tags query, no symbols");
    fs::write(&query, "(section name: (section_name) @name) @definition.class\n").expect("written");
    assert_eq!(index(&sandbox)["symbols"], 2);
    assert_eq!(first(&sandbox, "ini", "lighthouse").1, "class");
    // A query for a language without a grammar waits for one.
    fs::write(queries(&sandbox).join("graphql.scm"), "(x) @comment\n").expect("written");
    let row = language(&sandbox, "graphql");
    assert!(
        row["problem"]
            .as_str()
            .is_some_and(|text| text.contains("languages add graphql")),
        "{row}"
    );
}

#[test]
fn queries_lie_beside_the_configuration_file_in_use() {
    let sandbox = sandbox::lexical();
    let other = sandbox.path("other");
    fs::create_dir_all(other.join("queries")).expect("created");
    fs::write(other.join("codemem.toml"), "offline = true\n").expect("written");
    fs::write(other.join("queries/graphql.scm"), "(x) @comment\n").expect("written");
    let mut daemon = sandbox.command("codememd");
    // The sandbox's programs run in its tree.
    let daemon = daemon.args(["--config", "../other/codemem.toml"]).stderr(Stdio::null());
    let mut daemon = daemon.spawn().expect("started");
    wait_until("the daemon", Duration::from_mins(1), || sandbox.daemon_pid().is_some());
    let row = language(&sandbox, "graphql");
    let path = sandbox.codemem(["config", "path"]);
    sandbox.codemem(["daemon", "stop"]).success();
    daemon.wait().expect("ended");
    assert!(row["problem"].is_string(), "{row}");
    assert!(path.success().trim().ends_with("other/codemem.toml"), "{path:?}");
}

#[test]
fn the_documentation_names_every_built_in_language() {
    let sandbox = sandbox::lexical();
    let documentation = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/languages.md");
    let documentation = fs::read_to_string(documentation).expect("checked in");
    let words: Vec<&str> = documentation
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .collect();
    let list = sandbox.codemem(["languages", "--json"]).json();
    let rows = list.as_array().expect("a list");
    let built_in: Vec<&str> = rows
        .iter()
        .filter(|row| row["origin"] == "built-in")
        .filter_map(|row| row["name"].as_str())
        .collect();
    // Text has no grammar.
    let n_read = built_in.iter().filter(|name| **name != "text").count();
    assert!(
        documentation.contains(&format!("\n{n_read} languages:\n")),
        "{n_read}: {built_in:?}"
    );
    for name in built_in {
        assert!(words.contains(&name), "{name}");
    }
    let n_known = rows.iter().filter(|row| row["available"] == false).count();
    assert!(n_known > 330, "{n_known} more are recognised");
}
