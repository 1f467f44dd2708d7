//! Backups, and putting them back.

use super::*;
use codemem_core::ports::PortErrorKind;
use rusqlite::Connection;
use std::os::unix::fs::PermissionsExt as _;

#[test]
fn a_backup_comes_back_whole_and_what_was_there_is_kept() {
    let root = tempfile::tempdir().expect("temporary directory");
    let directory = root.path().join("memory");
    let memories = open(&directory);
    let mut edited = memory(1, "first, edited");
    edited.version = 2;
    add_all(&memories, &[memory(1, "first"), memory(2, "second")]);
    apply(&memories, vec![replace(&edited)]);
    let before = everything(&memories);

    let elsewhere = root.path().join("a b.db");
    let copy = memories.backup(Some(&elsewhere), NOW).expect("made");
    assert_eq!((&copy.path, copy.n_memories), (&elsewhere, 2));
    assert_eq!(copy.bytes, fs::metadata(&elsewhere).expect("there").len());
    let mode = fs::metadata(&elsewhere).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!root.path().join("a b.db-wal").exists());
    let stats = memories.stats(&MemoryScope::Everything).expect("counted");
    assert_eq!(stats.newest_backup, Some((elsewhere.clone(), NOW)));

    apply(&memories, vec![MemoryChange::Delete(id(1)), add(&memory(3, "third"))]);
    let after = everything(&memories);
    let kept = memories.restore(&elsewhere, NOW + 1).expect("restored");
    assert_eq!(kept.n_memories, 2);
    assert_eq!(everything(&memories), before);
    assert_eq!(memories.history(&id(1)).expect("read").len(), 1);
    assert_eq!(
        found(&memories, &first_reader(), "first second third"),
        set(&["first, edited", "second"])
    );
    apply(&memories, vec![add(&memory(4, "fourth"))]);
    drop(memories);

    let memories = open(&directory);
    assert_eq!(
        found(&memories, &first_reader(), "first second third fourth"),
        set(&["first, edited", "second", "fourth"])
    );
    memories.restore(&kept.path, NOW + 2).expect("and back again");
    assert_eq!(everything(&memories), after);
    assert_eq!(memories.check(), []);
}

#[test]
fn backups_without_a_path_lie_beside_and_never_overwrite() {
    let root = tempfile::tempdir().expect("temporary directory");
    let memories = open(root.path());
    add_all(&memories, &[memory(1, "anything")]);
    let one = memories.backup(None, NOW).expect("made");
    let two = memories.backup(None, NOW).expect("made");
    assert_ne!(one.path, two.path);
    assert_eq!(one.path.parent(), Some(root.path().join("backups").as_path()));
    assert_eq!(fs::read(&one.path).expect("read").len() as u64, one.bytes);
    let bytes = fs::read(&one.path).expect("read");
    let error = memories.backup(Some(&one.path), NOW).expect_err("there already");
    assert!(error.hint.is_some(), "{error}");
    assert_eq!(fs::read(&one.path).expect("read"), bytes);
    let error = memories
        .backup(Some(&root.path().join("no/such/directory.db")), NOW)
        .expect_err("nowhere");
    assert!(error.to_string().contains("directory.db"), "{error}");
}

#[test]
fn what_is_no_sound_backup_is_refused_and_changes_nothing() {
    let root = tempfile::tempdir().expect("temporary directory");
    let directory = root.path().join("memory");
    let memories = open(&directory);
    add_all(&memories, &[memory(1, "stays"), memory(2, &"long ".repeat(4_000))]);
    let good = root.path().join("good.db");
    memories.backup(Some(&good), NOW).expect("made");
    let make = |name: &str, change: &dyn Fn(&Path)| {
        let path = root.path().join(name);
        fs::copy(&good, &path).expect("copied");
        change(&path);
        path
    };
    let sql = |sql: &'static str| {
        move |path: &Path| {
            Connection::open(path)
                .and_then(|connection| connection.execute_batch(sql))
                .expect(sql);
        }
    };
    let flip = |path: &Path| {
        let mut bytes = fs::read(path).expect("read");
        let place = bytes
            .windows(9)
            .position(|window| window == b"long long")
            .expect("the content");
        bytes[place] = b'L';
        fs::write(path, bytes).expect("written");
    };
    let cut = |path: &Path| {
        let bytes = fs::read(path).expect("read");
        fs::write(path, &bytes[..bytes.len() / 2]).expect("written");
    };
    let table = [
        (
            make("newer.db", &sql("PRAGMA user_version = 99")),
            PortErrorKind::Mismatch,
        ),
        (
            make("foreign.db", &sql("PRAGMA application_id = 7")),
            PortErrorKind::Mismatch,
        ),
        (
            make("empty.db", &|path| fs::write(path, "").expect("emptied")),
            PortErrorKind::Mismatch,
        ),
        (
            make("text.db", &|path| {
                fs::write(path, "not a database ".repeat(99)).expect("written");
            }),
            PortErrorKind::Corrupt,
        ),
        (make("flipped.db", &flip), PortErrorKind::Corrupt),
        (make("cut.db", &cut), PortErrorKind::Corrupt),
        (root.path().join("none.db"), PortErrorKind::NotFound),
        (root.path().to_owned(), PortErrorKind::Mismatch),
        (directory.join("memories.db"), PortErrorKind::Failed),
    ];
    for (path, kind) in table {
        let error = memories.restore(&path, NOW).expect_err("refused");
        assert_eq!(error.kind, kind, "{}: {error}", path.display());
        assert!(error.hint.is_some(), "{}", path.display());
        assert_eq!(found(&memories, &first_reader(), "stays"), set(&["stays"]));
    }
    assert_eq!(memories.stats(&MemoryScope::Everything).expect("counted").problem, None);
}
