//! `codemem doctor`: finds what is amiss, says what to do, and exits with it.

use crate::sandbox;
use codemem_testkit::Sandbox;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::PathBuf;

/// Verdict, detail and remedy of each finding about a subject.
fn about<'a>(report: &'a Value, subject: &str) -> Vec<(&'a str, &'a str, &'a str)> {
    let findings = report["findings"].as_array().expect("findings");
    let text = |finding: &'a Value, key: &str| finding[key].as_str().expect("text");
    findings
        .iter()
        .filter(|finding| finding["subject"] == subject)
        .map(|finding| {
            (
                text(finding, "verdict"),
                text(finding, "detail"),
                text(finding, "remedy"),
            )
        })
        .collect()
}

fn examine(sandbox: &Sandbox) -> (i32, Value) {
    let answer = sandbox.codemem(["doctor", "--json"]);
    let report = serde_json::from_str(&answer.stdout).unwrap_or_else(|error| panic!("{error}: {answer:?}"));
    (answer.code, report)
}

#[test]
fn a_healthy_installation_passes_and_every_part_is_named() {
    let sandbox = sandbox::lexical();
    sandbox.copy(sandbox::sample());
    let tree = sandbox.tree();
    sandbox
        .codemem(["index", tree.to_str().expect("UTF-8"), "--wait-lexical"])
        .success();
    let (code, report) = examine(&sandbox);
    assert_eq!((code, &report["healthy"]), (0, &Value::Bool(true)), "{report:#}");
    for subject in [
        "codemem",
        "codememd",
        "codemem-mcp",
        "runtime directory",
        "daemon",
        "configuration",
        "log",
        "languages",
        "data directory",
        "log directory",
        "open files",
        "list of roots",
        "index",
    ] {
        let found = about(&report, subject);
        assert!(
            !found.is_empty() && found.iter().all(|(verdict, ..)| *verdict != "bad"),
            "{subject}: {report:#}"
        );
    }
    let index = about(&report, "index");
    assert!(
        index[0].1.contains(tree.to_str().expect("UTF-8")) && index[0].1.ends_with("sound"),
        "{index:?}"
    );
    let model = about(&report, "embedding model");
    assert_eq!(
        (model[0].0, model[0].2),
        ("warning", "run `codemem setup`"),
        "{model:?}"
    );
}

#[test]
fn an_installed_model_is_seen_to_embed() {
    let sandbox = sandbox::with_model();
    let (code, report) = examine(&sandbox);
    assert_eq!(code, 0, "{report:#}");
    for subject in ["onnx runtime", "embedding model", "embedding"] {
        assert_eq!(about(&report, subject)[0].0, "good", "{report:#}");
    }
}

#[test]
fn damage_to_an_index_in_use_is_found() {
    let sandbox = sandbox::lexical();
    sandbox.copy(sandbox::sample());
    let tree = sandbox.tree();
    sandbox
        .codemem(["index", tree.to_str().expect("UTF-8"), "--wait-lexical"])
        .success();
    let index = sandbox.path("data/index");
    let repository = fs::read_dir(&index)
        .expect("readable")
        .map(|entry| entry.expect("entry").path());
    let lexical = repository
        .map(|path| path.join("lexical"))
        .find(|path| path.is_dir())
        .expect("a lexical index");
    let files = fs::read_dir(lexical)
        .expect("readable")
        .map(|entry| entry.expect("entry").path());
    let terms: PathBuf = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "term"))
        .max_by_key(|path| fs::metadata(path).map_or(0, |metadata| metadata.len()))
        .expect("a dictionary of terms");
    // In place: a file that shrinks under a mapping ends the process that reads it.
    let length = fs::metadata(&terms).expect("there").len();
    let file = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(&terms)
        .expect("writable");
    let mut byte = [0];
    file.read_exact_at(&mut byte, length / 2).expect("readable");
    file.write_all_at(&[!byte[0]], length / 2).expect("written");
    let (code, report) = examine(&sandbox);
    assert_eq!(code, 4, "{report:#}");
    let found = about(&report, "index");
    assert!(
        found.iter().any(|(verdict, detail, remedy)| *verdict == "bad"
            && detail.contains("lexical index")
            && !remedy.is_empty()),
        "{report:#}"
    );
}

#[test]
fn a_daemon_that_cannot_start_is_a_finding_with_its_reason() {
    let sandbox = sandbox::lexical();
    fs::write(sandbox.config_file(), "no_such_key = 1\n").expect("writable");
    let (code, report) = examine(&sandbox);
    assert_eq!(code, 4, "{report:#}");
    let (verdict, detail, remedy) = about(&report, "daemon")[0];
    assert_eq!(verdict, "bad");
    assert!(detail.contains("no_such_key"), "{detail}");
    assert!(
        remedy.contains(sandbox.config_file().to_str().expect("UTF-8")),
        "{remedy}"
    );
}

#[test]
fn a_runtime_directory_open_to_others_is_a_finding_with_the_command() {
    let sandbox = sandbox::lexical();
    let directory = sandbox.path("run");
    fs::create_dir_all(&directory).expect("made");
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o777)).expect("changed");
    let (code, report) = examine(&sandbox);
    assert_eq!(code, 4, "{report:#}");
    let (verdict, _, remedy) = about(&report, "runtime directory")[0];
    assert_eq!(verdict, "bad");
    assert!(remedy.contains("chmod 700"), "{remedy}");
}
