//! Random edits, taken in one after the other, end in what a fresh index makes of the same files.

use super::state::{self, Random, hits, index};
use crate::sandbox;
use codemem_testkit::Sandbox;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Passes, each over a few edits.
const STEPS: usize = 24;

/// Searches that are compared at the end.
const QUERIES: usize = 30;

/// Files below a directory, relative to it, sorted.
fn files(root: &Path) -> Vec<String> {
    let (mut files, mut pending) = (Vec::new(), vec![root.to_path_buf()]);
    while let Some(directory) = pending.pop() {
        for entry in fs::read_dir(directory).expect("listed") {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                pending.push(path);
            } else {
                let relative = path.strip_prefix(root).expect("below the root");
                files.push(relative.to_str().expect("UTF-8").to_owned());
            }
        }
    }
    files.sort();
    files
}

fn lines(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).expect("readable");
    text.lines().map(str::to_owned).collect()
}

fn write(path: &Path, lines: &[String]) {
    fs::create_dir_all(path.parent().expect("a directory")).expect("made");
    fs::write(path, lines.join("\n") + "\n").expect("written");
}

/// One edit of the kinds that people and their tools make.
fn edit(root: &Path, random: &mut Random, step: usize) {
    let files = files(root);
    let any = |random: &mut Random| -> PathBuf { root.join(&files[random.below(files.len())]) };
    let path = any(random);
    let mut text = lines(&path);
    let span = |random: &mut Random, n_lines: usize| {
        let start = random.below(n_lines + 1);
        start..(start + random.below(30)).min(n_lines)
    };
    let extension = path.extension().unwrap_or_default().to_string_lossy().into_owned();
    match random.below(8) {
        // Lines are deleted, doubled, moved within a file, or brought from another one.
        0 => drop(text.drain(span(random, text.len()))),
        1 => {
            let copied = text[span(random, text.len())].to_vec();
            text.extend(copied);
        }
        2 => {
            let moved: Vec<String> = text.drain(span(random, text.len())).collect();
            let at = random.below(text.len() + 1);
            text.splice(at..at, moved);
        }
        3 => {
            let other = lines(&any(random));
            let at = random.below(text.len() + 1);
            text.splice(at..at, other[span(random, other.len())].to_vec());
        }
        // A file is copied, moved, renamed into another language, or deleted.
        4 => write(&root.join(format!("copied/of_{step}.{extension}")), &text),
        5 => {
            fs::remove_file(&path).expect("deleted");
            let to = root.join(format!(
                "moved/to_{step}/{}",
                path.file_name().expect("a name").display()
            ));
            return write(&to, &text);
        }
        6 if files.len() > 10 => return fs::remove_file(&path).expect("deleted"),
        _ => {
            let at = random.below(text.len() + 1);
            text.insert(at, format!("// note {step}"));
        }
    }
    write(&path, &text);
}

/// Names that are defined in the tree, spread evenly.
fn names(sandbox: &Sandbox) -> Vec<String> {
    let mut names = BTreeSet::new();
    for path in files(&sandbox.tree()) {
        for line in lines(&sandbox.tree().join(path)) {
            let words: Vec<&str> = line.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
            let defined = words
                .windows(2)
                .filter(|pair| matches!(pair[0], "fn" | "def" | "struct" | "class" | "func"));
            names.extend(defined.map(|pair| pair[1].to_owned()).filter(|name| name.len() > 3));
        }
    }
    let step = names.len().div_ceil(QUERIES).max(1);
    names.into_iter().step_by(step).collect()
}

/// The hits of each query, without their scores: sums in another order differ in the last digit.
fn answers(sandbox: &Sandbox, queries: &[String]) -> Vec<Vec<String>> {
    let line = |hit: &Value| {
        let facts = ["path", "start_line", "end_line", "name", "snippet"].map(|key| hit[key].to_string());
        facts.join(" ")
    };
    let answers = queries.iter().map(|query| hits(sandbox, &sandbox.tree(), query));
    answers.map(|hits| hits.iter().map(line).collect()).collect()
}

#[test]
fn random_edits_end_in_a_fresh_index() {
    let mut random = Random::new();
    let sandbox = sandbox::lexical();
    fs::write(sandbox.config_file(), "offline = true\nwatch = false\n").expect("configured");
    sandbox.copy(sandbox::sample());
    sandbox.copy(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/crates/core/src/ports")));
    let root = sandbox.tree();
    let mut counts = index(&sandbox, &root);
    for step in 0..STEPS {
        for n in 0..=random.below(4) {
            edit(&root, &mut random, step * 10 + n);
        }
        counts = index(&sandbox, &root);
    }
    let fresh = sandbox::lexical();
    fresh.copy(&root);
    let expected = index(&fresh, &fresh.tree());
    for name in ["files", "chunks", "symbols", "skipped"] {
        assert_eq!(counts[name], expected[name], "{name}");
    }
    let queries = names(&sandbox);
    assert!(queries.len() > QUERIES / 2, "{queries:?}");
    for (query, (found, expected)) in queries
        .iter()
        .zip(answers(&sandbox, &queries).iter().zip(answers(&fresh, &queries).iter()))
    {
        for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
            assert_eq!(found, expected, "{query}, hit {place}");
        }
        assert_eq!(found.len(), expected.len(), "{query}");
    }
    sandbox.codemem(["prune"]).success();
    for sandbox in [&sandbox, &fresh] {
        state::stop(sandbox);
    }
    assert_eq!(state::sound(&sandbox), state::sound(&fresh));
}
