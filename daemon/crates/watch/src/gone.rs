//! Whether a root that is not there was deleted, or may come back with its disk.
//!
//! To forget a root costs its index, so only what cannot be otherwise counts. The directory above must be there, and
//! must not be one in which disks appear. An empty one is what is left where a disk was attached, unless it is the top of
//! a disk itself, or was changed since the root was there: detaching a disk changes nothing below it.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::SystemTime;

/// Directories in which systems attach disks, and how many levels below them they still do.
const DISKS_APPEAR_IN: [(&str, usize); 5] = [
    ("/media", 1),
    ("/mnt", 0),
    ("/net", 1),
    ("/run/media", 1),
    ("/Volumes", 0),
];

/// True when the directory is surely deleted. It was there at the time `known_since`.
pub(crate) fn is_gone(root: &Path, known_since: Option<SystemTime>) -> bool {
    let is_missing = |path: &Path| {
        let found = fs::symlink_metadata(path);
        found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    };
    is_missing(root)
        && root
            .parent()
            .is_some_and(|parent| !disks_appear_in(parent) && (is_attached(parent) || has_changed(parent, known_since)))
}

/// Whether something came into a directory, or left it, since then.
fn has_changed(directory: &Path, since: Option<SystemTime>) -> bool {
    let changed = fs::metadata(directory).and_then(|found| found.modified());
    matches!((changed, since), (Ok(changed), Some(since)) if changed > since)
}

fn disks_appear_in(directory: &Path) -> bool {
    DISKS_APPEAR_IN.iter().any(|(place, n_levels)| {
        let below = directory.strip_prefix(place);
        below.is_ok_and(|below| below.components().count() <= *n_levels)
    })
}

/// Whether a directory is there with what belongs into it.
fn is_attached(directory: &Path) -> bool {
    let Ok(mut entries) = fs::read_dir(directory) else {
        return false;
    };
    let device = |path: &Path| fs::metadata(path).map(|found| found.dev()).ok();
    let is_top_of_disk = || {
        let (own, above) = (device(directory), directory.parent().and_then(device));
        own.is_some() && above.is_some() && own != above
    };
    entries.next().is_some() || is_top_of_disk()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_root_is_gone_when_it_was_deleted_from_a_directory_that_is_in_use() {
        let place = tempfile::tempdir().expect("temporary directory");
        let (root, beside) = (place.path().join("disk/root"), place.path().join("disk/beside"));
        fs::create_dir_all(&root).expect("made");
        assert!(!is_gone(&root, None), "it is there");
        fs::create_dir(&beside).expect("made");
        fs::remove_dir(&root).expect("deleted");
        assert!(is_gone(&root, None));
        fs::remove_dir(&beside).expect("deleted");
        assert!(
            !is_gone(&root, None),
            "an empty directory may be where a disk was attached"
        );
        let deleted = fs::metadata(place.path().join("disk")).and_then(|found| found.modified());
        let deleted = deleted.expect("a time");
        assert!(!is_gone(&root, Some(deleted)), "nothing has changed in it since");
        assert!(
            is_gone(&root, Some(deleted - Duration::from_secs(1))),
            "it lost something since"
        );
        fs::remove_dir(place.path().join("disk")).expect("deleted");
        assert!(!is_gone(&root, None), "the disk may have been attached further up");
        std::os::unix::fs::symlink("nowhere", place.path().join("link")).expect("made");
        assert!(
            !is_gone(&place.path().join("link"), None),
            "a link to what may come back"
        );
        assert!(!is_gone(Path::new("/"), None));
    }

    #[test]
    fn where_disks_appear_nothing_is_sure() {
        for (directory, appear) in [
            ("/media", true),
            ("/media/ann", true),
            ("/media/ann/disk", false),
            ("/mnt", true),
            ("/mnt/disk", false),
            ("/net/host", true),
            ("/run/media/ann", true),
            ("/run", false),
            ("/Volumes", true),
            ("/Volumes/disk/work", false),
            ("/home/ann/media", false),
        ] {
            assert_eq!(disks_appear_in(Path::new(directory)), appear, "{directory}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_empty_top_of_an_attached_disk_is_sure() {
        // What is always attached, of another kind than what it is attached to, and never holds that name.
        let top = Path::new("/dev/shm");
        if fs::metadata(top).is_ok_and(|found| Some(found.dev()) != fs::metadata("/dev").map(|dev| dev.dev()).ok()) {
            assert!(is_attached(top) && is_gone(&top.join("codemem was never here"), None));
        }
        assert!(is_gone(Path::new("/proc/codemem was never here"), None));
    }
}
