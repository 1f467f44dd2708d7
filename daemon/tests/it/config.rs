//! Settings through the built binaries: where values come from, mistakes, changes while the daemon runs.

use crate::sandbox;
use codemem_testkit::{Sandbox, wait_until};
use serde_json::Value;
use std::fs;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_mins(1);

fn show(sandbox: &Sandbox) -> Value {
    sandbox.codemem(["config", "show", "--json"]).json()
}

fn key<'a>(shown: &'a Value, name: &str) -> &'a Value {
    let keys = shown["keys"].as_array().expect("keys");
    keys.iter()
        .find(|key| key["name"] == name)
        .unwrap_or_else(|| panic!("no {name} in {shown}"))
}

fn write(sandbox: &Sandbox, text: &str) {
    fs::write(sandbox.config_file(), text).expect("write the configuration");
}

#[test]
fn every_value_says_where_it_came_from() {
    let sandbox = sandbox::lexical();
    write(&sandbox, "offline = true\n[index]\nthreads = 3\n");
    let output = sandbox
        .command("codemem")
        .env("CODEMEM_SEARCH_THREADS", "5")
        .args(["config", "show", "--json"])
        .output()
        .expect("runs");
    let shown: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let file = sandbox.config_file();
    for (name, value, origin) in [
        ("index.threads", Value::from(3), format!("file {}:3", file.display())),
        ("offline", Value::from(true), format!("file {}:1", file.display())),
        (
            "search.threads",
            Value::from(5),
            "environment CODEMEM_SEARCH_THREADS".to_owned(),
        ),
        ("log.max_files", Value::from(14), "default".to_owned()),
        ("models.directory", Value::Null, "default".to_owned()),
    ] {
        let key = key(&shown, name);
        assert_eq!(
            (&key["value"], &key["origin"]),
            (&value, &Value::from(origin)),
            "{name}"
        );
    }
    let text = sandbox.codemem(["config", "show"]).success().to_owned();
    assert!(
        text.contains("index.threads") && text.contains("environment CODEMEM_SEARCH_THREADS"),
        "{text}"
    );
    assert_eq!(
        sandbox.codemem(["config", "path"]).success().trim(),
        file.display().to_string()
    );
}

#[test]
fn a_mistake_keeps_the_daemon_from_starting_and_says_what_is_allowed() {
    let sandbox = sandbox::lexical();
    write(&sandbox, "offline = true\n[index]\ntreads = 2\n");
    let answer = sandbox.codemem(["status"]);
    assert_eq!(answer.code, 3, "{answer:?}");
    for part in [
        "config.toml`, line 3, column 1",
        "did you mean `index.threads`",
        "from 1 to 256",
        "hint:",
    ] {
        assert!(answer.stderr.contains(part), "no {part}: {answer:?}");
    }
    // What it could hold is told all the same, with what is right of it, and the file is found.
    let shown = sandbox.codemem(["config", "show", "--json"]);
    assert!(shown.stderr.contains("did you mean `index.threads`"), "{shown:?}");
    let shown = shown.json();
    assert_eq!(key(&shown, "offline")["value"], true);
    assert!(
        key(&shown, "index.threads")["allowed"]
            .as_str()
            .is_some_and(|text| text.contains("256"))
    );
    assert!(
        shown["problem"].as_str().is_some_and(|text| text.contains("line 3")),
        "{shown}"
    );
    assert_eq!(sandbox.daemon_pid(), None, "no daemon was needed");
    let path = sandbox.codemem(["config", "path"]);
    assert_eq!(path.success().trim(), sandbox.config_file().display().to_string());
    let answer = sandbox
        .command("codememd")
        .env("CODEMEM_INDEX_THREADS", "many")
        .args(["--idle-timeout", "soon"])
        .output()
        .expect("runs");
    let stderr = String::from_utf8_lossy(&answer.stderr);
    assert_eq!(answer.status.code(), Some(3), "{stderr}");
    for part in ["CODEMEM_INDEX_THREADS: `many` is not", "--idle-timeout: `soon` is not"] {
        assert!(stderr.contains(part), "no {part}: {stderr}");
    }
}

#[test]
fn an_example_can_be_written_although_a_variable_is_wrong() {
    let sandbox = sandbox::lexical();
    let file = sandbox.path("config/fresh/config.toml");
    let run = |args: &[&str]| {
        let mut command = sandbox.command("codemem");
        command.env("CODEMEM_CONFIG", &file).env("CODEMEM_LOG", "inof");
        sandbox.run(command.args(args))
    };
    let status = run(&["status"]);
    assert_eq!(status.code, 3, "{status:?}");
    assert!(status.stderr.contains("did you mean `info`?"), "{status:?}");
    run(&["config", "init"]).success();
    let example = fs::read_to_string(&file).expect("written");
    assert!(example.contains("# filter = \"info,"), "{example}");
}

#[test]
fn a_named_file_that_is_not_there_is_told_until_it_is() {
    let sandbox = sandbox::lexical();
    let file = sandbox.path("config/fresh/config.toml");
    let run = |args: &[&str]| {
        let mut command = sandbox.command("codemem");
        sandbox.run(command.env("CODEMEM_CONFIG", &file).args(args))
    };
    let told = "CODEMEM_CONFIG names a file that does not exist";
    let (status, shown, doctor) = (run(&["status"]), run(&["config", "show"]), run(&["doctor"]));
    assert!(status.success().contains(told), "{status:?}");
    assert!(shown.stderr.contains(told), "{shown:?}");
    assert!(doctor.success().contains(told), "{doctor:?}");
    run(&["config", "init"]).success();
    run(&["config", "reload"]).success();
    let (status, shown) = (run(&["status"]), run(&["config", "show"]));
    assert!(!status.success().contains(told), "{status:?}");
    assert!(!shown.stderr.contains(told), "{shown:?}");
}

#[test]
fn a_service_runs_without_a_file_and_does_not_complain() {
    let sandbox = sandbox::lexical();
    let mut service = sandbox.command("codememd");
    service.env("CODEMEM_CONFIG", sandbox.path("config/fresh/config.toml"));
    service.arg("--managed").stderr(std::process::Stdio::null());
    let mut service = service.spawn().expect("started");
    wait_until("the daemon", PATIENCE, || sandbox.daemon_pid().is_some());
    let (status, doctor) = (sandbox.codemem(["status"]), sandbox.codemem(["doctor"]));
    rustix::process::kill_process(
        rustix::process::Pid::from_child(&service),
        rustix::process::Signal::TERM,
    )
    .expect("signal");
    service.wait().expect("ended");
    assert!(!status.success().contains("does not exist"), "{status:?}");
    let told = doctor.success();
    assert!(
        told.contains("all defaults, ") && !told.contains("CODEMEM_CONFIG"),
        "{doctor:?}"
    );
}

#[test]
fn a_mistyped_level_is_refused_by_the_running_daemon() {
    let sandbox = sandbox::lexical();
    sandbox.codemem(["daemon", "start"]).success();
    let refused = sandbox.codemem(["daemon", "log-level", "inof"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains("did you mean `info`?"), "{refused:?}");
}

#[test]
fn a_reload_changes_what_can_change_and_keeps_the_rest_for_a_restart() {
    let sandbox = sandbox::lexical();
    write(&sandbox, "offline = true\n[index]\nmax_file_bytes = 1000\n");
    sandbox.write("small.rs", "fn small() {}\n");
    sandbox.write("large.rs", format!("fn large() {{}}\n{}", "// a comment\n".repeat(200)));
    let files = || sandbox.codemem(["index", "--json"]).json()["files"].clone();
    assert_eq!(files(), 1, "the other is too large");
    write(
        &sandbox,
        "offline = true\n[index]\nmax_file_bytes = 100000\n[models]\nthreads = 1\nunload_after_seconds = 9\n",
    );
    let answer = sandbox.codemem(["config", "reload", "--json"]).json();
    assert_eq!(
        answer["changed"],
        serde_json::json!(["index.max_file_bytes", "models.unload_after_seconds"])
    );
    assert_eq!(answer["waiting"], serde_json::json!(["models.threads"]));
    assert_eq!(files(), 2, "the next pass has the new limit");
    let shown = show(&sandbox);
    assert_eq!(key(&shown, "models.threads")["waiting"]["value"], 1);
    assert_eq!(key(&shown, "models.threads")["origin"], "default");
    let text = sandbox.codemem(["config", "show"]).success().to_owned();
    assert!(text.contains("after a restart: 1"), "{text}");

    write(&sandbox, "offline = true\nidle_timeout_seconds = 1\n");
    sandbox.codemem(["config", "reload"]).success();
    wait_until("the daemon to end by itself", PATIENCE, || {
        !sandbox.path("run/daemon.sock").exists()
    });
}

#[test]
fn a_hangup_reloads_and_a_broken_file_changes_nothing() {
    let sandbox = sandbox::lexical();
    sandbox.codemem(["daemon", "start"]).success();
    let pid = sandbox.daemon_pid().expect("runs");
    let hang_up = || {
        let process = rustix::process::Pid::from_raw(pid).expect("a process");
        rustix::process::kill_process(process, rustix::process::Signal::HUP).expect("signal");
    };
    write(&sandbox, "offline = true\n[search]\nthreads = 3\n");
    hang_up();
    wait_until("the new value", PATIENCE, || {
        key(&show(&sandbox), "search.threads")["value"] == 3
    });

    write(&sandbox, "offline = true\n[search]\nthreads = 0\n");
    hang_up();
    wait_until("the problem", PATIENCE, || show(&sandbox)["problem"] != "");
    let shown = show(&sandbox);
    assert_eq!(key(&shown, "search.threads")["value"], 3, "as it was");
    assert!(
        shown["problem"].as_str().expect("text").contains("line 3, column 11"),
        "{shown}"
    );
    let status = sandbox.codemem(["status"]);
    assert!(
        status.success().contains("problem: the configuration is not valid"),
        "{status:?}"
    );
    let refused = sandbox.codemem(["config", "reload"]);
    assert_eq!(refused.code, 4, "{refused:?}");
    assert!(
        refused.stderr.contains("line 3") && refused.stderr.contains("request: "),
        "{refused:?}"
    );

    write(&sandbox, "offline = true\n");
    hang_up();
    wait_until("the problem to go", PATIENCE, || show(&sandbox)["problem"] == "");
    assert_eq!(sandbox.daemon_pid(), Some(pid), "the same daemon all the time");
}

#[test]
fn the_example_names_every_key_and_every_line_of_it_is_valid() {
    let sandbox = sandbox::lexical();
    let keep = sandbox.codemem(["config", "init"]);
    assert_eq!(keep.code, 2, "an existing file is never overwritten: {keep:?}");
    sandbox.codemem(["daemon", "stop"]).success();
    wait_until("the daemon to stop", PATIENCE, || sandbox.daemon_pid().is_none());
    let file = sandbox.path("config/fresh/config.toml");
    let run = |args: &[&str]| {
        let mut command = sandbox.command("codemem");
        let output = command.env("CODEMEM_CONFIG", &file).args(args).output().expect("runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    run(&["config", "init"]);
    let shown: Value = serde_json::from_str(&run(&["config", "show", "--json"])).expect("JSON");
    let example = fs::read_to_string(&file).expect("written");
    let is_setting = |line: &&str| line.starts_with("# ") && line.split(' ').nth(2) == Some("=");
    assert_eq!(
        example.lines().filter(is_setting).count(),
        shown["keys"].as_array().expect("keys").len()
    );
    let lines = example
        .lines()
        .map(|line| if is_setting(&line) { &line[2..] } else { line });
    fs::write(&file, lines.collect::<Vec<_>>().join("\n")).expect("written");
    let reloaded: Value = serde_json::from_str(&run(&["config", "reload", "--json"])).expect("JSON");
    // Only the keys without a default have a made-up value in the example.
    assert_eq!(reloaded["changed"], serde_json::json!([]));
    assert!(
        reloaded["waiting"]
            .as_array()
            .expect("keys")
            .iter()
            .all(|key| { key.as_str().is_some_and(|key| key.starts_with("models.")) }),
        "{reloaded}"
    );
}
