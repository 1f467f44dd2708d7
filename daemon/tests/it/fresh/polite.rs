//! What a user can set about background work, while the daemon runs.

use crate::sandbox;
use codemem_testkit::{Sandbox, wait_until};
use serde_json::Value;
use std::fs;
use std::time::Duration;

/// Longer than any debounce or poll.
const PATIENCE: Duration = Duration::from_mins(1);

fn configure(sandbox: &Sandbox, lines: &str) {
    fs::write(sandbox.config_file(), format!("offline = true\n{lines}")).expect("the configuration");
    sandbox.codemem(["config", "reload"]).success();
}

fn root_status(sandbox: &Sandbox) -> Value {
    sandbox.codemem(["status", "--json"]).json()["repositories"][0].clone()
}

fn finds(sandbox: &Sandbox, word: &str) -> bool {
    !sandbox::found(sandbox, word).is_empty()
}

#[test]
fn watching_can_be_turned_off_and_on_while_the_daemon_runs() {
    let sandbox = sandbox::lexical();
    sandbox.write("a.rs", "pub fn bilby() {}\n");
    sandbox.codemem(["index", "--wait-lexical"]).success();
    let watching = || {
        root_status(&sandbox)["freshness"]["watching"]
            .as_str()
            .expect("text")
            .to_owned()
    };
    wait_until("watching", PATIENCE, || watching() != "off");

    configure(&sandbox, "watch = false\n");
    wait_until("no watching", PATIENCE, || watching() == "off");
    sandbox.write("b.rs", "pub fn quokka() {}\n");
    assert!(!finds(&sandbox, "quokka"), "nobody has looked");
    assert!(sandbox.codemem(["status"]).success().contains("not watched"));
    let doctor = sandbox.codemem(["doctor"]);
    assert!(
        doctor.stdout.contains("not watched, as the key `watch` says"),
        "{}",
        doctor.stdout
    );

    // What changed meanwhile is found, and what changes then.
    configure(&sandbox, "watch = true\n");
    wait_until("what was missed", PATIENCE, || finds(&sandbox, "quokka"));
    sandbox.write("c.rs", "pub fn numbat() {}\n");
    wait_until("what is new", PATIENCE, || finds(&sandbox, "numbat"));
}

#[test]
fn limits_of_background_work_are_settings_like_the_others() {
    let sandbox = sandbox::lexical();
    sandbox.codemem(["daemon", "start"]).success();
    configure(
        &sandbox,
        "pause_on_battery = false\n[models]\nvectors_per_second = 20\n",
    );
    let shown = sandbox.codemem(["config", "show", "--json"]).json();
    let keys = shown["keys"].as_array().expect("keys");
    for (name, expected) in [
        ("pause_on_battery", Value::from(false)),
        ("models.vectors_per_second", Value::from(20)),
        ("watch", Value::from(true)),
    ] {
        let key = keys
            .iter()
            .find(|key| key["name"] == name)
            .unwrap_or_else(|| panic!("no {name} in {shown:#}"));
        assert_eq!((&key["value"], &key["waiting"]), (&expected, &Value::Null), "{key:#}");
    }
}
