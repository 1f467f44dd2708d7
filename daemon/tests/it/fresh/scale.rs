//! More than anybody has: ignored files, files at once, saves without end; and fewer watches than directories.

use super::state::{found, index, text};
use crate::sandbox;
use codemem_testkit::{Sandbox, wait_until};
use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Longest that anything here may take on a busy machine, without optimisation.
const PATIENCE: Duration = Duration::from_mins(2);

/// Most memory that a daemon may have had, in KiB. It begins at some 60 MiB without optimisation.
const MOST_MEMORY: u64 = 400 * 1024;

fn status(sandbox: &Sandbox) -> Value {
    sandbox.codemem(["status", "--json"]).json()["repositories"][0].clone()
}

fn is_current(row: &Value) -> bool {
    row["freshness"]["pending"] == 0 && row["freshness"]["rescanning"] == false
}

/// How many directories the daemon's process watches.
fn n_watches(sandbox: &Sandbox) -> usize {
    let pid = sandbox.daemon_pid().expect("a daemon");
    let descriptors = fs::read_dir(format!("/proc/{pid}/fdinfo"))
        .expect("a process")
        .flatten();
    let told = descriptors.filter_map(|entry| fs::read_to_string(entry.path()).ok());
    told.map(|told| told.lines().filter(|line| line.starts_with("inotify wd:")).count())
        .sum()
}

/// The most memory that the daemon has had so far, in KiB.
fn most_memory(sandbox: &Sandbox) -> u64 {
    let pid = sandbox.daemon_pid().expect("a daemon");
    let told = fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = told.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.expect("a number")
}

/// Writes `n_files` small files, a hundred to a directory, some two thousand of them with contents of their own.
fn burst(directory: &Path, n_files: usize) {
    for n in 0..n_files {
        let place = directory.join(format!("part_{}", n / 100));
        if n % 100 == 0 {
            fs::create_dir_all(&place).expect("made");
        }
        let code = if n % 25 == 0 {
            format!("def wombat_{n}():\n    return {n}\n")
        } else {
            "def common():\n    return 1\n".to_owned()
        };
        fs::write(place.join(format!("module_{n}.py")), code).expect("written");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_hundred_thousand_ignored_files_are_neither_watched_nor_looked_at() {
    const IGNORED: usize = 100_000;
    let sandbox = sandbox::lexical();
    sandbox.write(".gitignore", "node_modules/\n*.log\n");
    sandbox.write("src/one.py", "def bilby():\n    return 1\n");
    let ignored = sandbox.tree().join("src/node_modules");
    for n in 0..IGNORED / 100 {
        let place = ignored.join(format!("package_{n}"));
        fs::create_dir_all(&place).expect("made");
        // Names cost what files cost, and take less time to make.
        fs::write(place.join("file_0.py"), "def ignored():\n    return 1\n").expect("written");
        for file in 1..100 {
            fs::hard_link(place.join("file_0.py"), place.join(format!("file_{file}.py"))).expect("linked");
        }
    }
    index(&sandbox, &sandbox.tree());
    let began = Instant::now();
    let row = status(&sandbox);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(
        (&row["files"], &row["freshness"]["watching"]),
        (&2.into(), &"events".into()),
        "{row:#}"
    );
    assert!(n_watches(&sandbox) < 10, "{}", n_watches(&sandbox));
    // What happens among them is nothing, and what happens beside them is followed.
    fs::write(ignored.join("package_7/new.py"), "def quoll():\n    return 1\n").expect("written");
    sandbox.write("src/two.py", "def numbat():\n    return 1\n");
    wait_until("the file beside them", PATIENCE, || {
        found(&sandbox, &sandbox.tree(), "numbat") == ["src/two.py"]
    });
    assert!(found(&sandbox, &sandbox.tree(), "quoll").is_empty());
    assert!(found(&sandbox, &sandbox.tree(), "ignored").is_empty());
}

#[test]
fn thousands_of_files_at_once_are_all_found_in_the_end() {
    // Fifty thousand take `bench/fresh.py --burst 50000`.
    const FILES: usize = 8_000;
    let sandbox = sandbox::lexical();
    sandbox.write("one.py", "def bilby():\n    return 1\n");
    index(&sandbox, &sandbox.tree());
    burst(&sandbox.tree().join("new"), FILES);
    let mut row = Value::Null;
    wait_until("all files", PATIENCE, || {
        row = status(&sandbox);
        row["files"] == FILES + 1 && is_current(&row)
    });
    for n in [0, FILES / 2, FILES - 25] {
        let expected = format!("new/part_{}/module_{n}.py", n / 100);
        assert_eq!(found(&sandbox, &sandbox.tree(), &format!("wombat_{n}"))[0], expected);
    }
    assert!(most_memory(&sandbox) < MOST_MEMORY, "{} KiB", most_memory(&sandbox));
    // And all are gone again.
    fs::remove_dir_all(sandbox.tree().join("new")).expect("removed");
    wait_until("no file but one", PATIENCE, || {
        row = status(&sandbox);
        row["files"] == 1 && is_current(&row)
    });
}

#[test]
fn a_file_that_is_written_without_end_keeps_no_other_waiting() {
    let sandbox = sandbox::lexical();
    sandbox.write("one.py", "def bilby():\n    return 1\n");
    index(&sandbox, &sandbox.tree());
    let (tree, is_over) = (sandbox.tree(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let (tree, is_over) = (&tree, &is_over);
        let writer = scope.spawn(move || {
            let mut file = fs::File::create(tree.join("busy.py")).expect("made");
            let mut n = 0;
            while !is_over.load(Ordering::Relaxed) {
                // Not more than is still read as source.
                if n % 2_000 == 0 {
                    file = fs::File::create(tree.join("busy.py")).expect("made");
                }
                n += 1;
                writeln!(file, "def busy_{n}():\n    return {n}").expect("written");
                std::thread::yield_now();
            }
            n
        });
        for word in ["numbat", "quoll", "wombat"] {
            fs::write(tree.join("two.py"), format!("def {word}():\n    return 1\n")).expect("written");
            wait_until(word, PATIENCE, || found(&sandbox, tree, word) == ["two.py"]);
        }
        is_over.store(true, Ordering::Relaxed);
        let last = writer.join().expect("written");
        wait_until("what was written last", PATIENCE, || {
            found(&sandbox, tree, &format!("busy_{last}")) == ["busy.py"] && is_current(&status(&sandbox))
        });
    });
}

#[test]
#[cfg(target_os = "linux")]
fn where_the_system_gives_sixty_four_watches_the_root_is_polled() {
    // Within a user namespace the limit is that namespace's alone. Where none can be made, the system's own limit cannot be
    // lowered for one process; the watcher's tests hold the same for a limit of its own.
    let lower = "echo 64 > /proc/sys/user/max_inotify_watches";
    let can_be_lowered = Command::new("unshare").args(["-r", "sh", "-c", lower]).output();
    let can_be_lowered = can_be_lowered.is_ok_and(|output| output.status.success());
    let sandbox = sandbox::lexical();
    for n in 0..200 {
        sandbox.write(&format!("part_{n}/one.py"), format!("def bilby_{n}():\n    return 1\n"));
    }
    let mut command = sandbox.command("codemem");
    if can_be_lowered {
        let program = sandbox.path("limited");
        let daemon = sandbox.binary("codememd");
        let script = format!(
            "#!/bin/sh\nexec unshare -r sh -c '{lower} && exec {} \"$@\"' limited \"$@\"\n",
            text(&daemon)
        );
        fs::write(&program, script).expect("written");
        let executable = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o755);
        fs::set_permissions(&program, executable).expect("made a program");
        command.env("CODEMEM_DAEMON", &program);
    }
    let root = sandbox.tree();
    let answer = sandbox.run(command.args(["index", text(&root), "--wait-lexical"]));
    answer.success();
    let freshness = status(&sandbox)["freshness"].clone();
    if can_be_lowered {
        assert_eq!(freshness["watching"], "polling", "{freshness:#}");
        let reason = freshness["watching_reason"].as_str().expect("a reason");
        assert!(reason.contains("watches"), "{reason}");
        assert!(n_watches(&sandbox) <= 64);
        let shown = sandbox.codemem(["status"]).success().to_owned();
        assert!(shown.contains("watches"), "{shown}");
    } else {
        assert_eq!(freshness["watching"], "events", "{freshness:#}");
    }
}
