//! A daemon that is killed fifty times at random: while it indexes a tree for the first time, takes in edits, prunes,
//! and brings a catalog of an older version up to date.

use super::state::{self, PATIENCE, Random, found, index, text};
use crate::sandbox;
use codemem_testkit::{Sandbox, wait_until};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

const FILES: usize = 240;

/// Kills of each kind: fifty together.
const FIRST: usize = 14;
const EDITS: usize = 14;
const PRUNES: usize = 12;
const MIGRATIONS: usize = 10;

/// A daemon that is about to be killed.
struct Victim(Child);

impl Victim {
    fn start(sandbox: &Sandbox) -> Self {
        let mut command = sandbox.command("codememd");
        Self(
            command
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("codememd starts"),
        )
    }

    /// The same, once it listens.
    fn serving(sandbox: &Sandbox) -> Self {
        let victim = Self::start(sandbox);
        let socket = sandbox::rendezvous(sandbox).socket();
        wait_until("a daemon that listens", PATIENCE, || {
            UnixStream::connect(&socket).is_ok()
        });
        victim
    }

    fn kill(mut self) {
        self.0.kill().expect("killed");
        self.0.wait().expect("reaped");
    }

    fn kill_within(self, random: &mut Random, longest: Duration) {
        let after = longest.mul_f64(random.below(1_000) as f64 / 1_000.0);
        // The moment of the kill is what this is about.
        std::thread::sleep(after);
        self.kill();
    }
}

/// A word that nothing else in the tree is like.
fn marker(n: usize, version: usize) -> String {
    let mut number = n * 97 + version * 31_013;
    let mut word = String::from("z");
    while number > 0 {
        let letters = b"bdfghjklmnprtvwxz";
        word.push(char::from(letters[number % letters.len()]));
        word.push(char::from(b"aeiou"[number % 5]));
        number /= letters.len();
    }
    word + "q"
}

/// The files that the tree should have, by path.
#[derive(Default)]
struct Tree {
    files: BTreeMap<String, (usize, usize)>,
    gone: Vec<String>,
    n_written: usize,
}

impl Tree {
    fn write(&mut self, sandbox: &Sandbox, path: &str) {
        self.n_written += 1;
        let (n, version) = (path.bytes().map(usize::from).sum::<usize>(), self.n_written);
        let mut code = format!("def {}(value):\n", marker(n, version));
        for line in 0..12 {
            writeln!(code, "    value = combine(value, {line})").expect("a string takes everything");
        }
        // Half of them share their second chunk's text with another file.
        writeln!(code, "\n\ndef shared_{}():\n    return {}\n", n % 7, n % 7).expect("a string takes everything");
        sandbox.write(path, code);
        self.gone.extend(
            self.files
                .insert(path.to_owned(), (n, version))
                .map(|(n, v)| marker(n, v)),
        );
    }

    fn remove(&mut self, sandbox: &Sandbox, path: &str) {
        fs::remove_file(sandbox.path("tree").join(path)).expect("deleted");
        let (n, version) = self.files.remove(path).expect("known");
        self.gone.push(marker(n, version));
    }

    fn rename(&mut self, sandbox: &Sandbox, path: &str, to: &str) {
        let (from, to_place) = (sandbox.path("tree").join(path), sandbox.path("tree").join(to));
        fs::create_dir_all(to_place.parent().expect("a directory")).expect("made");
        fs::rename(from, to_place).expect("renamed");
        let content = self.files.remove(path).expect("known");
        self.files.insert(to.to_owned(), content);
    }

    fn any(&self, random: &mut Random) -> String {
        let paths: Vec<_> = self.files.keys().collect();
        paths[random.below(paths.len())].clone()
    }

    fn edit(&mut self, sandbox: &Sandbox, random: &mut Random) {
        for _ in 0..=random.below(8) {
            let path = self.any(random);
            match random.below(6) {
                0 => self.remove(sandbox, &path),
                1 => {
                    let to = format!("pkg_{}/moved_{}.py", random.below(6), self.n_written);
                    self.n_written += 1;
                    self.rename(sandbox, &path, &to);
                }
                2 => self.write(sandbox, &format!("pkg_{}/new_{}.py", random.below(6), self.n_written)),
                _ => self.write(sandbox, &path),
            }
        }
    }

    /// The same files in another sandbox.
    fn copy(&self, from: &Sandbox, to: &Sandbox) {
        for path in self.files.keys() {
            to.write(path, fs::read(from.path("tree").join(path)).expect("readable"));
        }
    }
}

/// Makes the catalog what a program of the first version would have left. One whose migration was cut short, which lacks what
/// the last script adds, stays as it is.
fn downgrade(sandbox: &Sandbox) {
    let script = "import sqlite3, sys
catalog = sqlite3.connect(sys.argv[1])
if any(column[1] == 'visibility' for column in catalog.execute('PRAGMA table_info(symbols)')):
    catalog.executescript('''BEGIN; DROP TABLE summaries; DROP TABLE content_references; DROP TABLE uses;
        DROP INDEX contents_without_vectors; DROP INDEX summaries_without_vector;
        ALTER TABLE symbols DROP COLUMN visibility;
        ALTER TABLE manifest ADD COLUMN files_pending INTEGER NOT NULL DEFAULT 1;
        ALTER TABLE manifest ADD COLUMN chunks_pending INTEGER NOT NULL DEFAULT 1;
        CREATE INDEX manifest_by_path ON manifest (path); CREATE INDEX manifest_by_summary ON manifest (summary);
        CREATE INDEX manifest_files_pending ON manifest (worktree, path) WHERE files_pending = 1;
        CREATE INDEX manifest_chunks_pending ON manifest (worktree, path) WHERE chunks_pending = 1;
        PRAGMA user_version = 1; COMMIT;''')
catalog.close()";
    for directory in state::stores(sandbox) {
        let run = Command::new("python3")
            .arg("-c")
            .arg(script)
            .arg(directory.join("catalog.db"))
            .output();
        let run = run.expect("python runs");
        assert!(run.status.success(), "{run:?}");
    }
}

#[test]
fn fifty_kills_lose_nothing_and_leave_nothing_behind() {
    let mut random = Random::new();
    let sandbox = sandbox::lexical();
    let root = sandbox.tree();
    let mut tree = Tree::default();
    tree.write(&sandbox, "first.py");
    // Known from here on, so that every daemon begins at once.
    index(&sandbox, &root);
    sandbox.kill_daemon();
    for n in 0..FILES {
        tree.write(&sandbox, &format!("pkg_{}/module_{n}.py", n % 6));
    }
    for _ in 0..FIRST {
        Victim::start(&sandbox).kill_within(&mut random, Duration::from_millis(900));
    }
    for _ in 0..EDITS {
        let victim = Victim::start(&sandbox);
        tree.edit(&sandbox, &mut random);
        victim.kill_within(&mut random, Duration::from_millis(700));
    }
    for _ in 0..PRUNES {
        tree.edit(&sandbox, &mut random);
        let victim = Victim::serving(&sandbox);
        let mut client = sandbox.spawn(["prune", "--no-autostart"]);
        victim.kill_within(&mut random, Duration::from_millis(400));
        client.wait().expect("it ends with its daemon");
    }
    for _ in 0..MIGRATIONS {
        downgrade(&sandbox);
        tree.edit(&sandbox, &mut random);
        Victim::start(&sandbox).kill_within(&mut random, Duration::from_millis(300));
    }

    let counts = index(&sandbox, &root);
    let n_before = sandbox.codemem(["prune", "--json"]).json();
    assert_eq!(n_before["roots"], serde_json::json!([]), "{n_before}");
    for (path, (n, version)) in tree.files.iter().step_by(9) {
        assert_eq!(found(&sandbox, &root, &marker(*n, *version)), [path.as_str()]);
    }
    for word in tree.gone.iter().rev().take(8) {
        assert_eq!(found(&sandbox, &root, word), [] as [&str; 0]);
    }
    let report = sandbox.codemem(["doctor", "--json"]).json();
    assert_eq!(report["healthy"], true, "{report:#}");
    state::stop(&sandbox);

    let fresh = sandbox::lexical();
    tree.copy(&sandbox, &fresh);
    let expected = index(&fresh, &fresh.tree());
    for name in ["files", "chunks", "symbols", "skipped"] {
        assert_eq!(counts[name], expected[name], "{name}");
    }
    state::stop(&fresh);
    assert_eq!(state::sound(&sandbox), state::sound(&fresh));
}

#[test]
fn vectors_survive_kills_each_of_them_once() {
    let mut random = Random::new();
    let sandbox = sandbox::with_model();
    let root = sandbox.tree();
    let mut tree = Tree::default();
    for n in 0..12 {
        tree.write(&sandbox, &format!("pkg_{}/module_{n}.py", n % 3));
    }
    index(&sandbox, &root);
    sandbox.kill_daemon();
    for _ in 0..6 {
        tree.edit(&sandbox, &mut random);
        let victim = Victim::serving(&sandbox);
        let mut client = sandbox.spawn(["prune", "--no-autostart"]);
        victim.kill_within(&mut random, Duration::from_millis(1_500));
        client.wait().expect("it ends with its daemon");
    }
    let counts = sandbox.codemem(["index", text(&root), "--wait", "--json"]).json();
    assert_eq!(counts["vectors"], counts["chunks"], "{counts}");
    sandbox.codemem(["prune"]).success();
    let left = sandbox.codemem(["prune", "--dry-run", "--json"]).json();
    assert_eq!((&left["contents"], &left["vectors"]), (&0.into(), &0.into()), "{left}");
    state::stop(&sandbox);
    state::sound(&sandbox);
}

#[test]
fn a_pass_that_was_killed_goes_on_from_its_last_checkpoint() {
    let sandbox = sandbox::lexical();
    let root = sandbox.tree();
    let mut tree = Tree::default();
    let written = SystemTime::UNIX_EPOCH + Duration::from_hours(400_000);
    for n in 0..2_500 {
        let path = format!("pkg_{}/module_{n}.py", n % 6);
        tree.write(&sandbox, &path);
        // A file that was written just now is read again for that alone.
        let file = File::options().write(true).open(sandbox.path("tree").join(path));
        file.expect("opened").set_modified(written).expect("set");
    }
    let mut client = sandbox.spawn(["index", text(&root)]);
    // What can be searched is in both indexes, durably.
    wait_until("a checkpoint", PATIENCE, || {
        let answer = sandbox.codemem(["search", "--repo", text(&root), "--json", "shared_3"]);
        let answer: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap_or_default();
        answer["coverage"]["files_searched"].as_u64() > Some(0)
    });
    sandbox.kill_daemon();
    client.wait().expect("it ends with its daemon");
    let index = index(&sandbox, &root);
    assert_eq!(index["files"], 2_500, "{index}");
    let log = sandbox.log();
    let passes = log.lines().filter(|line| line.contains("pass begins"));
    let n_read: Vec<usize> = passes
        .map(|line| {
            let number = line.split("to_read").nth(1).expect("how many files are to be read");
            let number = number.trim_start_matches(|c: char| !c.is_ascii_digit());
            let number: String = number.chars().take_while(char::is_ascii_digit).collect();
            number.parse().expect("a number")
        })
        .collect();
    assert_eq!(n_read[0], 2_500, "{n_read:?}");
    // None at all where the pass had ended.
    assert!(
        n_read.get(1).is_none_or(|again| *again < 2_500),
        "not from the beginning: {n_read:?}"
    );
    state::stop(&sandbox);
    state::sound(&sandbox);
}
