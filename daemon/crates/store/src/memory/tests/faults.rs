//! Whatever goes wrong: damage, full disks, lost indexes, readers that may not write, bytes that should be gone.

use super::*;
use crate::seal;
use codemem_core::memory::Anchor;
use codemem_core::ports::PortErrorKind;
use rusqlite::Connection;
use std::collections::HashMap;
use std::path::PathBuf;

fn database(directory: &Path) -> PathBuf {
    directory.join("memories.db")
}

type Damage = fn(&Path);

fn damages() -> [(&'static str, Damage); 6] {
    [
        ("a letter", |path| {
            let mut bytes = fs::read(path).expect("read");
            let place = bytes
                .windows(9)
                .position(|window| window == b"long long")
                .expect("the content");
            bytes[place] = b'L';
            fs::write(path, bytes).expect("written");
        }),
        ("pages", |path| {
            let mut bytes = fs::read(path).expect("read");
            for page in bytes.chunks_mut(4096).skip(1).step_by(2) {
                page.fill(0xa5);
            }
            fs::write(path, bytes).expect("written");
        }),
        ("cut", |path| {
            let bytes = fs::read(path).expect("read");
            fs::write(path, &bytes[..bytes.len() / 2]).expect("written");
        }),
        ("garbage", |path| {
            fs::write(path, "not a database ".repeat(999)).expect("written");
        }),
        ("emptied", |path| fs::write(path, "").expect("written")),
        ("deleted", |path| fs::remove_file(path).expect("deleted")),
    ]
}

#[test]
fn a_damaged_database_is_kept_read_and_not_written_until_a_backup_is_restored() {
    for (name, damage) in damages() {
        for is_sealed in [true, false] {
            let root = tempfile::tempdir().expect("temporary directory");
            let directory = root.path().join("memory");
            let memories = open(&directory);
            add_all(&memories, &[memory(1, "short"), memory(2, &"long ".repeat(4_000))]);
            let backup = memories.backup(None, NOW).expect("made").path;
            add_all(&memories, &[memory(3, "after the backup")]);
            drop(memories);
            let path = database(&directory);
            damage(&path);
            if !is_sealed {
                seal::remove(&path).expect("as if it had been killed");
            }
            let bytes = fs::read(&path).ok();

            let memories = open(&directory);
            let error = memories
                .apply(vec![add(&memory(4, "new"))], &note(NOW))
                .expect_err(name);
            assert_eq!(error.kind, PortErrorKind::Corrupt, "{name}: {error}");
            let hint = error.hint.expect("a way out");
            let command = format!("codemem memory restore {}", backup.display());
            assert!(hint.contains(&command), "{name}: {hint}");
            for result in [
                memories.apply(vec![MemoryChange::Delete(id(1))], &note(NOW)).map(drop),
                memories.backup(None, NOW).map(drop),
            ] {
                assert_eq!(result.expect_err(name).kind, PortErrorKind::Corrupt, "{name}");
            }
            let stats = memories.stats(&MemoryScope::Everything).expect("says so");
            assert!(stats.problem.expect("damage").contains(&command), "{name}");
            assert_eq!(stats.newest_backup, Some((backup.clone(), NOW)));
            assert!(memories.is_read_only(), "{name}");
            let findings = memories.check();
            assert!(
                findings.iter().any(|finding| finding.remedy.contains(&command)),
                "{name}: {findings:?}"
            );
            if name == "a letter" {
                assert_eq!(found(&memories, &first_reader(), "short"), set(&["short"]));
            }
            drop(memories);
            assert!(bytes == fs::read(&path).ok(), "{name}: it was changed");

            let memories = open(&directory);
            let kept = memories.restore(&backup, NOW + 1).expect(name).path;
            assert!(
                bytes.is_none() || bytes == fs::read(&kept).ok(),
                "{name}: what was damaged is kept"
            );
            assert_eq!(
                found(&memories, &first_reader(), "short long"),
                set(&["short", &"long ".repeat(4_000)])
            );
            apply(&memories, vec![add(&memory(5, "works again"))]);
            assert_eq!(memories.check(), [], "{name}");
            drop(memories);
            let memories = open(&directory);
            assert_eq!(
                found(&memories, &first_reader(), "works again"),
                set(&["works again"]),
                "{name}"
            );
        }
    }
}

#[test]
fn damage_met_later_ends_all_writing() {
    let root = tempfile::tempdir().expect("temporary directory");
    let memories = open(root.path());
    let backup = memories.backup(None, NOW).expect("made").path;
    add_all(&memories, &[memory(1, &"long ".repeat(4_000))]);
    memories
        .writable()
        .expect("sound")
        .compact()
        .expect("all of it is in the file");
    let path = database(root.path());
    let mut bytes = fs::read(&path).expect("read");
    for page in bytes.chunks_mut(4096).skip(1) {
        page.fill(0xa5);
    }
    fs::write(&path, bytes).expect("written");
    // A connection that has nothing of it in its cache.
    let findings = memories.check();
    assert_eq!(findings.len(), 1, "{findings:?}");
    let error = memories
        .apply(vec![add(&memory(2, "new"))], &note(NOW))
        .expect_err("refused");
    assert_eq!(error.kind, PortErrorKind::Corrupt);
    assert!(error.hint.expect("a way out").contains(&*backup.to_string_lossy()));
    drop(memories);
    assert!(!root.path().join("memories.db.seal").exists(), "not closed in order");
}

#[test]
fn another_programs_file_is_refused_and_left_alone() {
    let root = tempfile::tempdir().expect("temporary directory");
    let path = database(root.path());
    Connection::open(&path)
        .and_then(|connection| connection.execute_batch("CREATE TABLE theirs (x)"))
        .expect("made");
    let bytes = fs::read(&path).expect("read");
    let error = Memories::open(root.path(), MemoryOptions::default())
        .err()
        .expect("refused");
    assert_eq!(error.kind(), PortErrorKind::Mismatch, "{error}");
    assert_eq!(fs::read(&path).expect("read"), bytes);
}

#[test]
fn a_full_disk_is_an_error_that_leaves_nothing_half_done() {
    let root = tempfile::tempdir().expect("temporary directory");
    let memories = open(root.path());
    add_all(&memories, &[memory(1, "before")]);
    let limit = |pages: Option<i64>| {
        let database = memories.writable().expect("sound");
        database
            .write("limit the file", |tx| {
                let now: i64 = tx.pragma_query_value(None, "page_count", |row| row.get(0))?;
                tx.pragma_update_and_check(None, "max_page_count", pages.unwrap_or(now), |_| Ok(()))?;
                Ok(())
            })
            .expect("limited");
    };
    limit(None);
    let large = memory(2, &"large ".repeat(5_000));
    let error = memories
        .apply(vec![add(&memory(3, "beside it")), add(&large)], &note(NOW))
        .expect_err("no room");
    assert_eq!(error.kind, PortErrorKind::DiskFull, "{error}");
    assert!(error.hint.is_some());
    assert_eq!(everything(&memories), [memory(1, "before")]);
    assert_eq!(found(&memories, &first_reader(), "beside before"), set(&["before"]));
    limit(Some(1_000_000));
    add_all(&memories, &[memory(3, "beside it"), large]);
    assert_eq!(
        found(&memories, &first_reader(), "beside before"),
        set(&["beside it", "before"])
    );
    assert_eq!(memories.check(), []);
}

#[test]
fn an_index_that_is_lost_or_damaged_is_made_anew_from_the_database() {
    let table: [(&str, Damage); 3] = [
        ("gone", |index| fs::remove_dir_all(index).expect("removed")),
        ("overwritten", |index| {
            for (path, bytes) in all_files(index) {
                fs::write(path, vec![0xa5; bytes.len().min(4096)]).expect("written");
            }
        }),
        ("hollow", |index| {
            for (path, _) in all_files(index) {
                fs::remove_file(path).expect("removed");
            }
        }),
    ];
    for (name, damage) in table {
        let root = tempfile::tempdir().expect("temporary directory");
        let memories = open(root.path());
        let fingerprint = codemem_core::ports::Fingerprint("model".to_owned());
        memories.without_vectors(&fingerprint, 0).expect("claimed");
        let all: Vec<Memory> = (0..300).map(|n| memory(n, &format!("common number {n}"))).collect();
        add_all(&memories, &all);
        drop(memories);
        damage(&root.path().join("index"));
        let memories = open(root.path());
        assert_eq!(memories.check(), [], "{name}");
        assert_eq!(found(&memories, &first_reader(), "common").len(), 300, "{name}");
        let mut asked = query(&first_reader(), "");
        asked.vector = Some(vector("common number 7"));
        asked.limit = 1;
        let answer = memories.candidates(&asked).expect("found");
        assert_eq!(
            answer.candidates[0].memory.content, "common number 7",
            "{name}: without any model"
        );
        assert_eq!(
            memories.stats(&MemoryScope::Everything).expect("counted").problem,
            None,
            "{name}"
        );
    }
}

#[test]
fn an_index_that_cannot_be_made_loses_no_memory_and_hides_none() {
    let root = tempfile::tempdir().expect("temporary directory");
    let memories = open(root.path());
    add_all(&memories, &[memory(1, "before it")]);
    let index = root.path().join("index");
    memories.finder.destroy().expect("gone");
    // Nothing can be made where a file is.
    fs::write(&index, "in the way").expect("written");
    assert_eq!(
        apply(&memories, vec![add(&memory(2, "blocked meanwhile"))]),
        [Applied::Done]
    );
    assert_eq!(
        found(&memories, &first_reader(), "before blocked"),
        set(&["before it", "blocked meanwhile"])
    );
    let mut asked = query(&first_reader(), "");
    asked.vector = Some(vector("before it"));
    let answer = memories.candidates(&asked).expect("found");
    assert!(
        answer
            .candidates
            .iter()
            .any(|hit| hit.cosine.is_some_and(|cosine| cosine > 0.999))
    );
    assert!(
        memories
            .stats(&MemoryScope::Everything)
            .expect("counted")
            .problem
            .is_some()
    );
    assert_eq!(memories.check().len(), 1);
    fs::remove_file(&index).expect("out of the way");
    assert_eq!(apply(&memories, vec![add(&memory(3, "later again"))]), [Applied::Done]);
    assert_eq!(memories.check(), []);
    assert_eq!(found(&memories, &first_reader(), "before blocked later").len(), 3);
}

#[test]
fn a_reader_that_may_not_write_leaves_no_trace_and_is_told_so() {
    let root = tempfile::tempdir().expect("temporary directory");
    let nowhere = root.path().join("nowhere");
    let memories = open_read_only(&nowhere);
    assert_eq!(everything(&memories), []);
    assert_eq!(found(&memories, &first_reader(), "anything"), set(&[]));
    drop(memories);
    assert!(!nowhere.exists());

    let directory = root.path().join("memory");
    let memories = open(&directory);
    add_all(&memories, &[memory(1, "kept for readers")]);
    let backup = memories.backup(None, NOW).expect("made").path;
    let killed = root.path().join("killed");
    copy_tree(&directory, &killed);
    drop(memories);
    for directory in [directory, killed] {
        let before = all_files(&directory);
        let memories = open_read_only(&directory);
        assert!(memories.is_read_only());
        let elsewhere = root.path().join("elsewhere.db");
        let fingerprint = codemem_core::ports::Fingerprint("model".to_owned());
        for result in [
            memories.apply(vec![add(&memory(2, "new"))], &note(NOW)).map(drop),
            memories.apply(vec![MemoryChange::Delete(id(1))], &note(NOW)).map(drop),
            memories.index(&fingerprint, vec![with_vectors(&memory(1, "kept for readers"))]),
            memories.backup(None, NOW).map(drop),
            memories.backup(Some(&elsewhere), NOW).map(drop),
            memories.restore(&backup, NOW).map(drop),
        ] {
            let error = result.expect_err("refused");
            assert_eq!(error.kind, PortErrorKind::Denied, "{error}");
            assert!(error.hint.is_some(), "{error}");
        }
        assert_eq!(found(&memories, &first_reader(), "readers"), set(&["kept for readers"]));
        assert_eq!(memories.without_vectors(&fingerprint, 9).expect("read"), []);
        assert_eq!(memories.check(), []);
        assert!(memories.stats(&MemoryScope::Everything).expect("counted").is_read_only);
        drop(memories);
        assert!(!elsewhere.exists());
        assert!(before == all_files(&directory), "{} changed", directory.display());
    }
}

/// Every 16 characters of `[0-9a-f]` in a row in any file below a directory, with one file that has them.
fn hex_words(directory: &Path) -> HashMap<Vec<u8>, PathBuf> {
    let mut found = HashMap::new();
    for (path, bytes) in all_files(directory) {
        for run in bytes.split(|byte| !matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            for word in run.windows(16) {
                if !found.contains_key(word) {
                    found.insert(word.to_vec(), path.clone());
                }
            }
        }
    }
    found
}

#[test]
fn what_is_deleted_is_in_no_file_any_more() {
    /// Words that nothing else holds, and that share no beginning.
    fn canary(number: u64) -> String {
        id(number ^ 0xcafe).as_str().chars().rev().collect()
    }
    let root = tempfile::tempdir().expect("temporary directory");
    let memories = open(root.path());
    // Among many others, of many lengths, so that pages are split and merged around them.
    let content = |number: u64, version: u64| {
        let words = canary(number * 10 + version);
        format!("{words} {}", format!("{words} ").repeat((number * 7 % 90) as usize))
    };
    let held = |number: u64, version: u64| Memory {
        version: version as u32,
        tags: vec![format!("tag-{}", canary(number * 10 + 8))],
        anchors: vec![Anchor {
            name: canary(number * 10 + 9),
            path: format!("src/{}.rs", canary(number * 10 + 9)),
            symbol: String::new(),
            hash: None,
        }],
        ..memory(number, &content(number, version))
    };
    let all: Vec<Memory> = (0..200).map(|number| held(number, 1)).collect();
    for batch in all.chunks(23) {
        add_all(&memories, batch);
    }
    let edited: Vec<MemoryChange> = (0..200).step_by(3).map(|number| replace(&held(number, 2))).collect();
    apply(&memories, edited);
    // In several goes, which move what is left.
    let is_deleted = |number: u64| number % 5 < 3;
    for remainder in 0..3 {
        let gone = (0..200).filter(|number| number % 5 == remainder);
        apply(&memories, gone.map(|number| MemoryChange::Delete(id(number))).collect());
    }
    let look = |when: &str| {
        let found = hex_words(root.path());
        for number in 0..200 {
            for part in [1, 2, 8, 9] {
                if part == 2 && number % 3 != 0 {
                    continue;
                }
                let word = canary(number * 10 + part);
                let place = found.get(word.as_bytes());
                assert_eq!(
                    place.is_none(),
                    is_deleted(number),
                    "{when}: part {part} of {number} in {place:?}"
                );
            }
        }
    };
    look("while it is open");
    drop(memories);
    look("when it is closed");
    let memories = open(root.path());
    assert_eq!(everything(&memories).len(), 80);
    assert_eq!(memories.check(), []);
}

#[test]
fn what_a_crash_left_unerased_is_erased_when_it_is_opened() {
    let root = tempfile::tempdir().expect("temporary directory");
    let (directory, killed) = (root.path().join("memory"), root.path().join("killed"));
    let memories = open(&directory);
    add_all(&memories, &[memory(1, "swordfish it is")]);
    let database = memories.writable().expect("sound");
    let mut writer = memories.lock_writer();
    memories
        .commit(&database, &mut writer, "delete", |tx| {
            crate::memory::write::apply(tx, &[MemoryChange::Delete(id(1))], &note(NOW))
        })
        .expect("committed");
    copy_tree(&directory, &killed);
    drop(writer);
    let holds = || {
        let files = all_files(&killed);
        files
            .iter()
            .any(|(_, bytes)| bytes.windows(9).any(|window| window == b"swordfish"))
    };
    assert!(holds(), "in the log");
    drop(open(&killed));
    assert!(!holds());
}

#[test]
fn a_database_of_version_1_is_read_as_it_was_written() {
    let root = tempfile::tempdir().expect("temporary directory");
    let connection = Connection::open(database(root.path())).expect("made");
    connection
        .execute_batch(include_str!("../migrations/001_initial.sql"))
        .expect("the script is frozen");
    connection
        .execute_batch(include_str!("version_1.sql"))
        .expect("the rows are frozen");
    drop(connection);
    let memories = open(root.path());
    let expected = Memory {
        id: MemoryId::parse("00112233445566ff").expect("an id"),
        tags: vec!["ci".to_owned(), "release".to_owned()],
        kind: MemoryKind::Convention,
        origin: Origin::Import,
        trust: 0.5,
        created_at: 11,
        updated_at: 12,
        confirmed_at: Some(13),
        confirmations: 2,
        expires_at: Some(NOW + 14),
        version: 2,
        anchors: vec![Anchor {
            name: "ci.yml".to_owned(),
            path: "ci.yml".to_owned(),
            symbol: String::new(),
            hash: Some(Hash128([1; 16])),
        }],
        flags: vec!["always".to_owned()],
        place: Place::Session(project(1), session(1)),
        ..memory(0, "ship on Tuesdays")
    };
    assert_eq!(everything(&memories), std::slice::from_ref(&expected));
    assert_eq!(
        found(&memories, &first_reader(), "Tuesdays"),
        set(&["ship on Tuesdays"])
    );
    let history = memories.history(&expected.id).expect("read");
    assert_eq!(history[0].content, "ship on Mondays");
    assert_eq!(
        memories
            .stats(&MemoryScope::Everything)
            .expect("counted")
            .n_without_vector,
        1
    );
    assert_eq!(memories.check(), []);
}
