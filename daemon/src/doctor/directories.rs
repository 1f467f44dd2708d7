//! The directories: there, ours alone, writable, with room left.

use super::{Finding, size};
use codemem_proto::dirs::Directories;
use codemem_proto::rendezvous::own_uid;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Less free space than this and a pass over a larger repository may not end.
const LITTLE_SPACE: u64 = 1 << 30;

/// Less free space than this and nothing is written any more.
const NO_SPACE: u64 = 64 << 20;

pub(super) fn examine(directories: &Directories, is_read_only: bool) -> impl Iterator<Item = Finding> {
    [
        directory("data directory", directories.data(), "CODEMEM_DATA_DIR", !is_read_only),
        directory("log directory", &directories.logs(), "CODEMEM_STATE_DIR", true),
    ]
    .into_iter()
}

fn directory(subject: &'static str, path: &Path, variable: &str, may_write: bool) -> Finding {
    let shown = path.display();
    let elsewhere =
        || format!("make `{shown}` a directory that you own and can write, or set {variable} to another one");
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => return Finding::bad(subject, format!("cannot look at `{shown}`: {error}"), elsewhere()),
    };
    if !metadata.is_dir() {
        return Finding::bad(subject, format!("`{shown}` is not a directory"), elsewhere());
    }
    if metadata.uid() != own_uid() {
        let detail = format!(
            "`{shown}` belongs to user {}, not to user {}",
            metadata.uid(),
            own_uid()
        );
        return Finding::bad(subject, detail, elsewhere());
    }
    if may_write && let Err(error) = probe(path) {
        return Finding::bad(subject, format!("cannot write in `{shown}`: {error}"), elsewhere());
    }
    let free = match rustix::fs::statvfs(path) {
        Ok(space) => space.f_bavail * space.f_frsize,
        Err(error) => {
            return Finding::bad(
                subject,
                format!("cannot look at the space of `{shown}`: {error}"),
                elsewhere(),
            );
        }
    };
    let detail = format!("{shown}, {} free", size(free));
    let make_room =
        || format!("make room on the disk of `{shown}`, run `codemem prune`, or set {variable} to another disk");
    if free < NO_SPACE {
        return Finding::bad(subject, detail, make_room());
    }
    if free < LITTLE_SPACE {
        return Finding::warning(subject, detail, make_room());
    }
    let mode = metadata.mode() & 0o777;
    if mode & 0o022 != 0 {
        return Finding::warning(
            subject,
            format!("others can write in `{shown}` (mode {mode:04o})"),
            format!("run `chmod go-w {shown}`"),
        );
    }
    Finding::good(subject, detail)
}

/// Writes a file and deletes it.
fn probe(directory: &Path) -> io::Result<()> {
    let path = directory.join(format!(".probe-{}", std::process::id()));
    let written = fs::write(&path, b"probe");
    let removed = fs::remove_file(&path);
    written.and(removed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_directory_of_ours_is_good_and_left_as_it_was() {
        let dir = tempfile::tempdir().expect("temp dir");
        let finding = directory("data directory", dir.path(), "X", true);
        assert_ne!(finding.verdict, Verdict::Bad, "{finding:?}");
        assert_eq!(fs::read_dir(dir.path()).expect("readable").count(), 0);
    }

    #[test]
    fn what_is_no_directory_is_bad_and_says_what_to_set() {
        let dir = tempfile::tempdir().expect("temp dir");
        let file = dir.path().join("file");
        fs::write(&file, b"").expect("write");
        for path in [file, dir.path().join("missing")] {
            let finding = directory("data directory", &path, "CODEMEM_DATA_DIR", true);
            assert_eq!(finding.verdict, Verdict::Bad, "{finding:?}");
            assert!(finding.remedy.contains("CODEMEM_DATA_DIR"), "{finding:?}");
        }
    }

    #[test]
    fn a_directory_open_to_others_is_a_warning_with_the_command() {
        let dir = tempfile::tempdir().expect("temp dir");
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o777)).expect("chmod");
        let finding = directory("log directory", dir.path(), "X", true);
        assert_eq!(finding.verdict, Verdict::Warning, "{finding:?}");
        assert!(finding.remedy.contains("chmod"), "{finding:?}");
    }
}
