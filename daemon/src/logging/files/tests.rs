//! Rotation, retention and failure of the log files, on real directories and a clock of their own.

use super::*;
use std::cell::Cell;
use std::os::unix::fs::symlink;
use std::path::Path;

thread_local! {
    /// Seconds since 1970 of the test's clock.
    static NOW: Cell<u64> = const { Cell::new(1_763_683_200) };
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW.get())
}

const ROOMY: Limits = Limits {
    n_files: 100,
    file_bytes: 1_000,
    total_bytes: 100_000,
};

fn writer(directory: PathBuf, limits: Limits) -> (Writer, Face) {
    let face = Face::new(directory, limits);
    (Writer::new(face.clone(), now), face)
}

fn names(face: &Face) -> Vec<String> {
    let files = logs::list(&face.directory).expect("listed");
    files
        .iter()
        .map(|file| file.path.file_name().expect("a name").to_string_lossy().into_owned())
        .collect()
}

fn total(face: &Face) -> u64 {
    logs::list(&face.directory).expect("listed").iter().map(size_of).sum()
}

#[test]
fn dates() {
    for (seconds, expected) in [
        (0, "1970-01-01"),
        (951_782_399, "2000-02-28"),
        (951_782_400, "2000-02-29"),
        (951_868_800, "2000-03-01"),
        (1_763_683_199, "2025-11-20"),
        (1_763_683_200, "2025-11-21"),
        (4_107_542_400, "2100-03-01"),
    ] {
        assert_eq!(date_of(UNIX_EPOCH + Duration::from_secs(seconds)), expected);
    }
}

#[test]
fn a_new_file_begins_at_midnight_and_the_face_tells_it() {
    let directory = tempfile::tempdir().expect("directory");
    let (mut writer, face) = writer(directory.path().join("logs"), ROOMY);
    assert_eq!(face.file(), directory.path().join("logs"), "nothing is written yet");
    writer.write_all(b"before\n").expect("never fails");
    assert_eq!(face.file(), directory.path().join("logs/codememd.2025-11-21.log"));
    NOW.set(NOW.get() + 86_400);
    writer.write_all(b"after\n").expect("never fails");
    assert_eq!(face.file(), directory.path().join("logs/codememd.2025-11-22.log"));
    assert_eq!(fs::read(face.file()).expect("there"), b"after\n");
    // A restart on the same day goes on with the file.
    let (mut again, face) = self::writer(directory.path().join("logs"), ROOMY);
    again.write_all(b"again\n").expect("never fails");
    assert_eq!(fs::read(face.file()).expect("there"), b"after\nagain\n");
}

#[test]
fn a_full_file_is_followed_by_another_and_all_stay_within_their_limits() {
    let directory = tempfile::tempdir().expect("directory");
    let limits = Limits {
        n_files: 4,
        file_bytes: 100,
        total_bytes: 1_000,
    };
    let (mut writer, face) = writer(directory.path().to_owned(), limits);
    for n in 0..100 {
        writeln!(writer, "line {n:03} {}", "x".repeat(30)).expect("never fails");
    }
    let kept = names(&face);
    assert_eq!(kept.len(), 4, "{kept:?}");
    assert_eq!(kept.last().map(String::as_str), Some("codememd.2025-11-21.49.log"));
    assert!(
        fs::read_to_string(face.file())
            .expect("there")
            .ends_with(&format!("line 099 {}\n", "x".repeat(30)))
    );
    // Bytes count as well as files, and from the next line on.
    face.limit(Limits {
        total_bytes: 250,
        ..limits
    });
    for _ in 0..10 {
        writeln!(writer, "{}", "y".repeat(39)).expect("never fails");
        assert!(names(&face).len() <= 4);
    }
    assert!(total(&face) <= 250, "{} bytes", total(&face));
    // A line longer than a file is cut to one.
    writeln!(writer, "{}", "z".repeat(5_000)).expect("never fails");
    assert!(total(&face) <= 250, "{} bytes", total(&face));
}

#[test]
fn limits_that_have_changed_hold_from_the_next_line_on() {
    let directory = tempfile::tempdir().expect("directory");
    let limits = Limits { n_files: 5, ..ROOMY };
    let (mut writer, face) = writer(directory.path().to_owned(), limits);
    for day in 0..5 {
        NOW.set(1_763_683_200 + day * 86_400);
        writer.write_all(b"one\n").expect("never fails");
    }
    assert_eq!(names(&face).len(), 5);
    let current = face.file();
    face.limit(Limits { n_files: 2, ..limits });
    writer.write_all(b"two\n").expect("never fails");
    assert_eq!(names(&face).len(), 2);
    assert_eq!(face.file(), current, "the file has room and is gone on with");
    assert_eq!(fs::read(&current).expect("there"), b"one\ntwo\n");
}

#[test]
fn files_that_are_not_ours_are_left_alone() {
    let directory = tempfile::tempdir().expect("directory");
    fs::write(directory.path().join("codememd.notes.log"), "mine").expect("written");
    fs::write(directory.path().join("codememd.2020-01-01.log"), "old").expect("written");
    let limits = Limits { n_files: 1, ..ROOMY };
    let (mut writer, face) = writer(directory.path().to_owned(), limits);
    writer.write_all(b"new\n").expect("never fails");
    assert_eq!(names(&face), ["codememd.2025-11-21.log"]);
    assert!(directory.path().join("codememd.notes.log").exists());
}

#[test]
fn a_log_that_was_deleted_is_begun_again() {
    let directory = tempfile::tempdir().expect("directory");
    let (mut writer, face) = writer(directory.path().join("logs"), ROOMY);
    writer.write_all(b"one\n").expect("never fails");
    fs::remove_dir_all(directory.path().join("logs")).expect("deleted");
    writer.write_all(b"two\n").expect("never fails");
    assert_eq!(fs::read(face.file()).expect("there"), b"two\n");
}

#[test]
fn a_log_that_cannot_be_written_is_a_problem_and_nothing_more() {
    // The one file that is full for root as well.
    let full = Path::new("/dev/full");
    if !full.exists() {
        return unwritable_directory();
    }
    let directory = tempfile::tempdir().expect("directory");
    let (mut writer, face) = writer(directory.path().to_owned(), ROOMY);
    let path = directory.path().join("codememd.2025-11-21.log");
    symlink(full, &path).expect("linked");
    for _ in 0..3 {
        writer.write_all(b"lost\n").expect("never fails");
    }
    let problem = face.problem().expect("told");
    assert!(problem.contains("No space left"), "{problem}");
    assert_eq!(writer.n_lost, 3);
    fs::remove_file(&path).expect("mended");
    writer.open = None;
    writer.retry_at = None;
    writer.write_all(b"kept\n").expect("never fails");
    assert_eq!((face.problem(), writer.n_lost), (None, 0));
    assert_eq!(fs::read(&path).expect("there"), b"kept\n");
    unwritable_directory();
}

/// A file where the directory should be keeps root out as well.
fn unwritable_directory() {
    let directory = tempfile::tempdir().expect("directory");
    fs::write(directory.path().join("logs"), "in the way").expect("written");
    let (mut writer, face) = writer(directory.path().join("logs"), ROOMY);
    writer.write_all(b"lost\n").expect("never fails");
    assert!(face.problem().expect("told").contains("cannot be written"));
}
