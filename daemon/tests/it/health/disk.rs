//! A disk that is full, and a data directory that may not be written.

use super::{PATIENCE, problem, status, stop, stores, text};
use crate::sandbox;
use codemem_testkit::{Answer, Sandbox, wait_until, where_permissions_bind};
use serde_json::Value;
use std::fmt::Write as _;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

fn fill(sandbox: &Sandbox, n_files: u32) {
    sandbox.copy(sandbox::sample());
    for n in 0..n_files {
        let mut text = format!("def compute_{n}(value_0):\n");
        for line in 0..12 {
            writeln!(text, "    value_{line}_{n} = compute_{line}(value_{n})").expect("a string takes everything");
        }
        sandbox.write(&format!("generated/module_{n}.py"), text);
    }
}

/// Everything about an index that must not depend on how it came to be.
fn facts(sandbox: &Sandbox) -> Vec<Value> {
    let tree = sandbox.tree();
    let index = sandbox
        .codemem(["index", text(&tree), "--wait-lexical", "--json"])
        .json();
    let mut facts: Vec<Value> = ["files", "chunks", "symbols"].map(|key| index[key].clone()).to_vec();
    for query in ["RouteNotFound", "compute_17", "idle sessions", "value_3"] {
        let answer = sandbox.codemem(["search", "--repo", text(&tree), "--limit", "5", "--json", query]);
        let answer: Value = serde_json::from_str(&answer.stdout).expect("JSON also when nothing was found");
        facts.push(sandbox::hits(&answer));
    }
    facts
}

fn fresh(n_files: u32) -> Vec<Value> {
    let sandbox = sandbox::lexical();
    fill(&sandbox, n_files);
    facts(&sandbox)
}

/// A program with the sandbox's environment.
fn with_environment(sandbox: &Sandbox, program: &str) -> Command {
    let like = sandbox.command("codemem");
    let mut command = Command::new(program);
    command.env_clear().current_dir(sandbox.path("tree"));
    for (name, value) in like.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command
}

/// Runs `codemem daemon start` after `prepare`, shell commands in a mount namespace of their own that
/// the daemon inherits. `None` where the system grants no such namespace.
pub(crate) fn start_apart(sandbox: &Sandbox, prepare: &str) -> Option<Answer> {
    let flags = if rustix::process::geteuid().is_root() {
        "-m"
    } else {
        "-rm"
    };
    let granted = Command::new("unshare")
        .args([flags, "mount", "-t", "tmpfs", "tmpfs", "/mnt"])
        .output();
    if !granted.is_ok_and(|output| output.status.success()) {
        return None;
    }
    let mut command = with_environment(sandbox, "unshare");
    command.args([flags, "sh", "-c", &format!("{prepare} && exec \"$0\" daemon start")]);
    Some(sandbox.run(command.arg(sandbox.binary("codemem"))))
}

/// The data directory as the running daemon sees it.
pub(crate) fn data_of_daemon(sandbox: &Sandbox) -> PathBuf {
    let pid = sandbox.daemon_pid().expect("runs");
    let data = sandbox.path("data");
    Path::new(&format!("/proc/{pid}/root")).join(data.strip_prefix("/").expect("absolute"))
}

/// Takes all room but `left` bytes.
pub(crate) fn take_room(data: &Path, left: u64) {
    let facts = rustix::fs::statvfs(data).expect("a file system");
    let free = facts.f_bavail * facts.f_frsize;
    let filler = File::create(data.join("filler")).expect("created");
    rustix::fs::fallocate(&filler, rustix::fs::FallocateFlags::empty(), 0, free - left).expect("room taken");
}

#[test]
fn a_full_disk_is_a_problem_with_a_name_and_nothing_is_lost_by_it() {
    const FILES: u32 = 120;
    let sandbox = sandbox::lexical();
    // Nothing is to be written while the room is taken.
    fs::write(sandbox.config_file(), "offline = true\nwatch = false\n").expect("configured");
    sandbox.copy(sandbox::sample());
    // The log goes to the same disk.
    let mount = "mount -t tmpfs -o size=96m,mode=0700 tmpfs \"$CODEMEM_DATA_DIR\" \
                 && CODEMEM_STATE_DIR=\"$CODEMEM_DATA_DIR/state\" && export CODEMEM_STATE_DIR \
                 && mkdir \"$CODEMEM_STATE_DIR\"";
    let Some(started) = start_apart(&sandbox, mount) else {
        // No disk can be made small here; a limit on files is the other way of having no room.
        return files_may_not_grow();
    };
    started.success();
    let tree = sandbox.tree();
    let data = data_of_daemon(&sandbox);
    let before = facts(&sandbox);
    fill(&sandbox, FILES);
    for left in [0, 40 * 1024, 8 << 20] {
        take_room(&data, left);
        let answer = sandbox.codemem(["index", text(&tree), "--wait-lexical"]);
        assert_eq!(answer.code, 4, "{left} bytes left: {answer:?}");
        for said in [answer.stderr, problem(&sandbox, &tree)] {
            assert!(
                said.contains("free space on the disk") && said.contains("data/index"),
                "{left} bytes left: {said}"
            );
        }
        assert_eq!(status(&sandbox, &tree)["files"], before[0], "{left} bytes left");
        let answer = sandbox
            .codemem([
                "search",
                "--repo",
                text(&tree),
                "--limit",
                "5",
                "--json",
                "RouteNotFound",
            ])
            .json();
        assert_eq!(sandbox::hits(&answer), before[3], "searches go on from what is there");
        fs::remove_file(data.join("filler")).expect("room given back");
    }
    assert_eq!(facts(&sandbox), fresh(FILES), "the next pass completes it");
    assert_eq!(stored_damage(&data.join("index")), Vec::<PathBuf>::new());
    let said = problem(&sandbox, &tree);
    assert!(!said.contains("disk") && !said.contains("damaged"), "{said}");
}

/// What was set aside below a directory of stores.
fn stored_damage(index: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut pending = vec![index.to_path_buf()];
    while let Some(place) = pending.pop() {
        for entry in fs::read_dir(place).expect("listed") {
            let path = entry.expect("entry").path();
            if path.to_string_lossy().contains(".damaged-") {
                found.push(path);
            } else if path.is_dir() {
                pending.push(path);
            }
        }
    }
    found
}

#[test]
fn vectors_wait_for_room_while_words_go_on() {
    let sandbox = sandbox::with_model();
    sandbox.copy(sandbox::sample());
    let tree = sandbox.tree();
    let link = |name: &str| fs::read_link(sandbox.path("data").join(name)).expect("a link to the shared assets");
    let mount = format!(
        "mount -t tmpfs -o size=240m,mode=0700 tmpfs \"$CODEMEM_DATA_DIR\" \
         && ln -s '{}' '{}' \"$CODEMEM_DATA_DIR\"",
        link("models").display(),
        link("runtime").display()
    );
    let Some(started) = start_apart(&sandbox, &mount) else {
        return files_may_not_grow();
    };
    started.success();
    let data = data_of_daemon(&sandbox);
    take_room(&data, 48 << 20);
    let answer = sandbox.codemem(["index", text(&tree), "--wait"]);
    assert_eq!(answer.code, 4, "{answer:?}");
    assert!(answer.stderr.contains("free space on the disk"), "{answer:?}");
    let row = status(&sandbox, &tree);
    assert_eq!(
        (row["files"].as_u64(), row["vectors"].as_u64()),
        (Some(7), Some(0)),
        "{row}"
    );
    assert_eq!(
        sandbox.codemem(["search", "--repo", text(&tree), "RouteNotFound"]).code,
        0
    );
    fs::remove_file(data.join("filler")).expect("room given back");
    let index = sandbox.codemem(["index", text(&tree), "--wait", "--json"]).json();
    assert_eq!(index["vectors"], index["chunks"], "{index}");
    // Room that goes away while vectors are there takes none of them.
    take_room(&data, 0);
    let vectors = index["vectors"].clone();
    sandbox.write("late.py", "def late():\n    pass\n");
    assert_eq!(sandbox.codemem(["index", text(&tree), "--wait"]).code, 4);
    let answer = sandbox
        .codemem(["search", "--repo", text(&tree), "--json", "forget idle logins"])
        .json();
    assert_eq!(answer["hits"][0]["path"], "server/session.py", "{answer}");
    assert_eq!(status(&sandbox, &tree)["vectors"], vectors);
    fs::remove_file(data.join("filler")).expect("room given back");
    sandbox.codemem(["index", text(&tree), "--wait"]).success();
    assert_eq!(stored_damage(&data.join("index")), Vec::<PathBuf>::new());
}

#[test]
fn a_limit_on_the_size_of_files_is_survived() {
    files_may_not_grow();
}

/// What a quota or a limit does: writes fail in the middle, wherever they are.
fn files_may_not_grow() {
    const FILES: u32 = 500;
    let sandbox = sandbox::lexical();
    fill(&sandbox, FILES);
    let tree = sandbox.tree();
    let mut limited = with_environment(&sandbox, "sh");
    // The shell's unit is 512 bytes or 1 KiB; an ignored signal stays ignored in what it starts.
    let script = "trap '' XFSZ && ulimit -f 600 && exec \"$0\" daemon start";
    let started = sandbox.run(limited.args(["-c", script]).arg(sandbox.binary("codemem")));
    started.success();
    let answer = sandbox.codemem(["index", text(&tree), "--wait-lexical"]);
    assert_eq!(answer.code, 4, "{answer:?}");
    assert!(
        answer.stderr.contains("data/index"),
        "the problem names the place: {answer:?}"
    );
    let said = problem(&sandbox, &tree);
    assert!(said.contains("disk") && said.contains("data/index"), "{said}");
    stop(&sandbox);
    assert_eq!(
        stored_damage(&sandbox.path("data/index")),
        Vec::<PathBuf>::new(),
        "none of it is damage"
    );
    assert_eq!(
        facts(&sandbox),
        fresh(FILES),
        "without the limit the next pass completes it"
    );
}

#[test]
fn a_data_directory_that_cannot_be_written_is_refused_at_the_start() {
    let sandbox = sandbox::lexical();
    let refused = |answer: &Answer| {
        assert_eq!(answer.code, 3, "{answer:?}");
        assert!(
            answer.stderr.contains(text(&sandbox.path("data"))) && answer.stderr.contains("CODEMEM_DATA_DIR"),
            "{answer:?}"
        );
        assert_eq!(sandbox.daemon_pid(), None);
    };
    let mount = "mount --bind \"$CODEMEM_DATA_DIR\" \"$CODEMEM_DATA_DIR\" \
                 && mount -o remount,bind,ro \"$CODEMEM_DATA_DIR\"";
    if let Some(answer) = start_apart(&sandbox, mount) {
        refused(&answer);
    }
    where_permissions_bind(|bind| {
        let modes = |mode| fs::set_permissions(sandbox.path("data"), Permissions::from_mode(mode)).expect("set");
        modes(0o500);
        let answer = sandbox.codemem(["daemon", "start"]);
        modes(0o700);
        if bind {
            refused(&answer);
        } else {
            // Nothing binds this user, so there is nothing to refuse.
            answer.success();
        }
    });
    sandbox.codemem(["status"]).success();
}

#[test]
fn a_data_directory_that_becomes_read_only_keeps_answering() {
    const FILES: u32 = 20;
    where_permissions_bind(|bind| {
        let sandbox = sandbox::lexical();
        sandbox.copy(sandbox::sample());
        let tree = sandbox.tree();
        sandbox.codemem(["index", text(&tree), "--wait-lexical"]).success();
        let before = status(&sandbox, &tree);
        let lexical = stores(&sandbox, &[]).join("lexical");
        let modes = |mode| fs::set_permissions(&lexical, Permissions::from_mode(mode)).expect("set");
        modes(0o500);
        fill(&sandbox, FILES);
        let answer = sandbox.codemem(["index", text(&tree), "--wait-lexical"]);
        if bind {
            assert_eq!(answer.code, 4, "{answer:?}");
            assert!(
                answer.stderr.contains(text(&lexical)) && answer.stderr.contains("writable"),
                "{answer:?}"
            );
            assert_eq!(status(&sandbox, &tree)["root"], before["root"]);
            let found = sandbox.codemem(["search", "--repo", text(&tree), "RouteNotFound"]);
            assert_eq!(found.code, 0, "{found:?}");
        } else {
            answer.success();
        }
        modes(0o700);
        let expected = fresh(FILES);
        wait_until("the index of a fresh one", PATIENCE, || facts(&sandbox) == expected);
        assert_eq!(stored_damage(&sandbox.path("data/index")), Vec::<PathBuf>::new());
    });
}
