//! Rules about the source itself: file sizes, forbidden dependencies, forgotten tests, leftovers.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Longest source file, in lines; 300 is the aim.
const MAX_LINES: usize = 600;

/// Largest file in the repository, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the daemon lies in the workspace")
        .to_path_buf()
}

/// Every tracked file, or every file that is not ignored where there is no git.
fn files() -> Vec<PathBuf> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(workspace())
        .output()
        .expect("git lists the files");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let listed = String::from_utf8(listed.stdout).expect("file names are UTF-8");
    listed
        .lines()
        .map(PathBuf::from)
        .filter(|path| workspace().join(path).is_file())
        .collect()
}

fn rust_sources() -> Vec<(PathBuf, String)> {
    let sources = files()
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let sources = sources.filter(|path| !path.to_string_lossy().contains("tests/sample"));
    sources
        .map(|path| {
            (
                path.clone(),
                fs::read_to_string(workspace().join(&path)).expect("readable"),
            )
        })
        .collect()
}

fn is_test(path: &Path) -> bool {
    let mut parts = path.components().map(|part| part.as_os_str().to_string_lossy());
    parts.any(|part| matches!(&*part, "tests" | "tests.rs" | "benches" | "fuzz" | "testkit"))
}

/// The part of a source before its unit tests.
fn without_tests(text: &str) -> &str {
    text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or(text)
}

#[test]
fn files_stay_small() {
    for path in files() {
        let bytes = fs::metadata(workspace().join(&path)).expect("exists").len();
        assert!(bytes <= MAX_BYTES, "{} has {bytes} bytes", path.display());
    }
    for (path, text) in rust_sources().iter().filter(|(path, _)| !is_test(path)) {
        let n_lines = text.lines().count();
        assert!(
            n_lines <= MAX_LINES,
            "{} has {n_lines} lines, {MAX_LINES} are allowed",
            path.display()
        );
    }
}

#[test]
fn every_module_says_what_it_is() {
    for (path, text) in rust_sources() {
        let documented = text.starts_with("//!")
            || text
                .lines()
                .all(|line| line.trim().is_empty() || line.starts_with("//"));
        assert!(
            documented || is_test(&path),
            "{} has no module documentation",
            path.display()
        );
    }
}

#[test]
fn nothing_is_left_over() {
    // Put together here so that this file does not find itself.
    let left_over =
        [("to", "do!("), ("unimplement", "ed!("), ("db", "g!("), ("#[ig", "nore")].map(|(a, b)| format!("{a}{b}"));
    for (path, text) in rust_sources() {
        for pattern in &left_over {
            assert!(!text.contains(pattern.as_str()), "{} holds `{pattern}`", path.display());
        }
        let unwraps = without_tests(&text).matches(concat!(".unw", "rap()")).count();
        assert!(
            unwraps == 0 || is_test(&path),
            "{} unwraps {unwraps} times",
            path.display()
        );
    }
}

/// The edges that architecture allows between our own crates: who may name whom.
fn allowed() -> BTreeMap<&'static str, &'static [&'static str]> {
    BTreeMap::from([
        ("codemem-proto", &[][..]),
        ("codemem-client", &["codemem-proto"][..]),
        ("codemem", &["codemem-client", "codemem-proto"][..]),
        ("codemem-mcp", &["codemem-client", "codemem-proto"][..]),
        ("codemem-core", &[][..]),
        ("codemem-chunk", &["codemem-core"][..]),
        ("codemem-embed", &["codemem-core"][..]),
        ("codemem-lexical", &["codemem-core"][..]),
        ("codemem-store", &["codemem-core"][..]),
        ("codemem-watch", &["codemem-core"][..]),
        ("codemem-engine", &["codemem-core"][..]),
        ("codemem-testkit", &["codemem-core"][..]),
        (
            "codemem-daemon",
            &[
                "codemem-chunk",
                "codemem-core",
                "codemem-embed",
                "codemem-engine",
                "codemem-lexical",
                "codemem-proto",
                "codemem-store",
                "codemem-watch",
            ][..],
        ),
    ])
}

#[test]
fn dependencies_point_one_way() {
    /// Heavy or stateful crates that the pure core must not name.
    const IMPURE: [&str; 8] = [
        "tokio",
        "tonic",
        "prost",
        "ort",
        "qdrant-edge",
        "notify",
        "rusqlite",
        "tantivy",
    ];
    let allowed = allowed();
    let mut n_manifests = 0;
    for path in files()
        .iter()
        .filter(|path| path.file_name().is_some_and(|name| name == "Cargo.toml"))
    {
        let text = fs::read_to_string(workspace().join(path)).expect("readable");
        let manifest: toml::Table = text.parse().expect("valid");
        // What is measured with stands outside of the workspace.
        if path.starts_with("bench") {
            continue;
        }
        let Some(name) = manifest.get("package").and_then(|package| package["name"].as_str()) else {
            continue;
        };
        n_manifests += 1;
        let rules = allowed
            .get(name)
            .unwrap_or_else(|| panic!("{name} is missing from the table of allowed edges"));
        let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
        for dependency in dependencies.into_iter().flat_map(toml::Table::keys) {
            let ours = dependency.starts_with("codemem");
            assert!(
                !ours || rules.contains(&dependency.as_str()),
                "{name} must not depend on {dependency}"
            );
            assert!(
                name != "codemem-core" || !IMPURE.contains(&dependency.as_str()),
                "the core must stay pure: {dependency}"
            );
        }
    }
    assert_eq!(n_manifests, allowed.len(), "a crate of the table is gone");
}

#[test]
fn only_rpc_names_wire_types_and_only_output_prints() {
    let wire = concat!("codemem_proto::", "v1");
    let print = [concat!("print", "ln!("), concat!("print", "!(")];
    for (path, text) in rust_sources() {
        let (shown, code) = (path.to_string_lossy().into_owned(), without_tests(&text));
        let may_name = ["proto/", "shim/", "cli/", "daemon/src/rpc/"]
            .iter()
            .any(|start| shown.starts_with(start));
        assert!(
            may_name || is_test(&path) || !code.contains(wire),
            "{shown} names wire types"
        );
        let prints = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        let prints = prints
            .filter(|line| print.iter().any(|call| line.contains(call)) && !line.contains("eprint"))
            .count();
        let may_print = shown.starts_with("cli/src/output")
            || shown.contains("examples/")
            || shown.ends_with("build.rs")
            || shown.starts_with("bench/");
        assert!(
            prints == 0 || may_print || is_test(&path),
            "{shown} writes to standard output"
        );
    }
}

#[test]
fn every_test_file_is_compiled() {
    for (path, _) in rust_sources() {
        let parent = path.parent().expect("a file has a directory");
        if path.file_name().is_some_and(|name| name == "main.rs")
            || !parent.join("main.rs").starts_with("daemon/tests/it")
        {
            continue;
        }
        if path.file_name().is_some_and(|name| name == "mod.rs") {
            continue;
        }
        let parent = workspace().join(parent);
        let list = [
            parent.join("main.rs"),
            parent.join("mod.rs"),
            parent.with_extension("rs"),
        ];
        let list = list.iter().find_map(|list| fs::read_to_string(list).ok());
        let module = path.file_stem().expect("a name").to_string_lossy().into_owned();
        assert!(
            list.is_some_and(|list| list.contains(&format!("mod {module};"))),
            "{} is forgotten in the list of modules",
            path.display()
        );
    }
}
