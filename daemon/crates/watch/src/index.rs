//! Git's index: which files it tracks, and how they were when it last looked.
//!
//! Versions 2 to 4 of the format are read. What changes the meaning of the entries (a split or a sparse
//! index, ids that are not SHA-1) is not understood, and says so by being none. Nothing is written.

use crate::git::{self, GitDir};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Largest index read, in bytes: five million files.
const MAX_INDEX: u64 = 512 * 1024 * 1024;

/// Bytes of an entry before its path.
const FIXED: usize = 62;

/// Flags of an entry.
const ASSUME_VALID: u16 = 0x8000;
const EXTENDED: u16 = 0x4000;
const STAGE: u16 = 0x3000;
/// Flags of an extended entry.
const SKIP_WORKTREE: u16 = 0x4000;
const INTENT_TO_ADD: u16 = 0x2000;

/// Seconds and nanoseconds, as far as git keeps them.
pub(crate) type Time = (u32, u32);

/// A tracked file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    /// Its path below the root that was asked for.
    pub(crate) path: Vec<u8>,
    pub(crate) kind: Kind,
    /// When it was last written, as of git's last look.
    pub(crate) modified: Time,
    /// Its size in bytes, modulo 2³². Zero also says that git is to look again.
    pub(crate) size: u32,
    /// The name of its content.
    pub(crate) id: [u8; 20],
}

/// What an entry stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// A regular file.
    File {
        /// Whether it may be run.
        runs: bool,
    },
    /// A link, whose content is where it leads.
    Link,
    /// Another repository, of which only the commit is tracked.
    Repository,
    /// A file that several merged branches changed, or one that is announced but not added: modified as it is.
    Unsettled,
    /// A file that git was told not to look at.
    Ignored,
}

/// The entries below a root, by path, each path once.
pub(crate) struct Index {
    pub(crate) entries: Vec<Entry>,
    /// When the index was written. What was modified no earlier may have changed since without a trace.
    pub(crate) written: Time,
}

impl Index {
    /// The index of a worktree, as far as it concerns what is below `prefix`, a path from the top. Empty when git has
    /// tracked nothing yet, none when it is not understood.
    pub(crate) fn read(git: &GitDir, prefix: &Path) -> Option<Self> {
        if git::configured(git, "extensions", "objectformat").is_some_and(|format| format != "sha1") {
            return None;
        }
        let path = git.dir.join("index");
        // The time before the content: a newer content only makes more files be read.
        let Ok(metadata) = path.metadata() else {
            return Some(Self {
                entries: Vec::new(),
                written: (0, 0),
            });
        };
        let bytes = git::read(&path, MAX_INDEX)?;
        Some(Self {
            entries: entries(&bytes, prefix.as_os_str().as_bytes())?,
            written: (metadata.mtime() as u32, metadata.mtime_nsec() as u32),
        })
    }

    /// The place of a path among the entries.
    pub(crate) fn find(&self, path: &[u8]) -> Option<usize> {
        self.entries
            .binary_search_by(|entry| entry.path.as_slice().cmp(path))
            .ok()
    }
}

fn entries(bytes: &[u8], prefix: &[u8]) -> Option<Vec<Entry>> {
    // The last bytes are a checksum of the others.
    let mut rest = bytes.get(..bytes.len().checked_sub(20)?)?.strip_prefix(b"DIRC")?;
    let version = word(take(&mut rest, 4)?, 0);
    let n_entries = word(take(&mut rest, 4)?, 0);
    if !(2..=4).contains(&version) {
        return None;
    }
    let mut entries: Vec<Entry> = Vec::new();
    let mut path = Vec::new();
    for _ in 0..n_entries {
        let (kind, fixed) = entry(&mut rest, version, &mut path)?;
        let Some(below) = below(&path, prefix) else {
            continue;
        };
        match entries.last_mut() {
            // The sides of a merge follow each other.
            Some(last) if last.path == below => last.kind = Kind::Unsettled,
            _ => entries.push(Entry {
                path: below.to_vec(),
                kind,
                modified: (word(fixed, 8), word(fixed, 12)),
                size: word(fixed, 36),
                id: fixed.get(40..60)?.try_into().ok()?,
            }),
        }
    }
    // An extension that readers may ignore begins with a capital letter.
    while !rest.is_empty() {
        let header = take(&mut rest, 8)?;
        if !header[0].is_ascii_uppercase() {
            return None;
        }
        take(&mut rest, word(header, 4) as usize)?;
    }
    entries
        .is_sorted_by(|one, next| one.path < next.path)
        .then_some(entries)
}

/// Reads an entry; `path` is that of the entry before and becomes its own.
fn entry<'a>(rest: &mut &'a [u8], version: u32, path: &mut Vec<u8>) -> Option<(Kind, &'a [u8])> {
    let begin = rest.len();
    let fixed = take(rest, FIXED)?;
    let flags = u16::from_be_bytes([fixed[60], fixed[61]]);
    let more = match flags & EXTENDED {
        0 => 0,
        _ if version < 3 => return None,
        _ => {
            let more = take(rest, 2)?;
            u16::from_be_bytes([more[0], more[1]])
        }
    };
    if version == 4 {
        let dropped = usize::try_from(offset(rest)?).ok()?;
        path.truncate(path.len().checked_sub(dropped)?);
    } else {
        path.clear();
    }
    let length = rest.iter().position(|byte| *byte == 0)?;
    path.extend_from_slice(take(rest, length)?);
    let padding = if version == 4 { 1 } else { 8 - (begin - rest.len()) % 8 };
    take(rest, padding)?;
    let kind = match word(fixed, 24) {
        _ if flags & ASSUME_VALID != 0 || more & SKIP_WORKTREE != 0 => Kind::Ignored,
        _ if flags & STAGE != 0 || more & INTENT_TO_ADD != 0 => Kind::Unsettled,
        0o100_644 | 0o100_664 => Kind::File { runs: false },
        0o100_755 => Kind::File { runs: true },
        0o120_000 => Kind::Link,
        0o160_000 => Kind::Repository,
        // A whole directory, of a sparse index.
        _ => return None,
    };
    Some((kind, fixed))
}

/// The part of a path that is below a prefix without its last `/`.
fn below<'a>(path: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    if prefix.is_empty() {
        return Some(path);
    }
    path.strip_prefix(prefix)?.strip_prefix(b"/")
}

/// A number in git's base of 128, where every further byte also counts what fewer bytes can say.
fn offset(rest: &mut &[u8]) -> Option<u64> {
    let mut byte = take(rest, 1)?[0];
    let mut value = u64::from(byte & 0x7f);
    while byte & 0x80 != 0 {
        byte = take(rest, 1)?[0];
        value = value.checked_add(1)?.checked_mul(128)? + u64::from(byte & 0x7f);
    }
    Some(value)
}

fn take<'a>(rest: &mut &'a [u8], n_bytes: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(n_bytes)?;
    *rest = left;
    Some(taken)
}

/// The number that stands at a place of what was taken long enough.
fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An entry as git writes it in version 2, its path padded.
    fn raw(path: &str, mode: u32, flags: u16) -> Vec<u8> {
        let mut entry = vec![0; FIXED];
        entry[24..28].copy_from_slice(&mode.to_be_bytes());
        entry[36..40].copy_from_slice(&7_u32.to_be_bytes());
        entry[60..62].copy_from_slice(&(flags | path.len() as u16).to_be_bytes());
        entry.extend_from_slice(path.as_bytes());
        let padding = 8 - entry.len() % 8;
        entry.extend(std::iter::repeat_n(0, padding));
        entry
    }

    fn file(version: u32, raw: &[Vec<u8>], extensions: &[u8]) -> Vec<u8> {
        let mut bytes = b"DIRC".to_vec();
        bytes.extend(version.to_be_bytes());
        bytes.extend((raw.len() as u32).to_be_bytes());
        bytes.extend(raw.concat());
        bytes.extend(extensions);
        bytes.extend([0; 20]);
        bytes
    }

    #[test]
    fn entries_below_a_prefix_are_read() {
        let all = [
            raw("a", 0o100_644, 0),
            raw("sub", 0o160_000, 0),
            raw("sub-b", 0o100_755, 0),
            raw("sub/b", 0o100_755, 0),
            raw("sub/c", 0o120_000, 0x1000),
            raw("sub/c", 0o120_000, 0x2000),
            raw("sub/d", 0o100_644, ASSUME_VALID),
        ];
        let bytes = file(2, &all, b"TREE\0\0\0\x02ab");
        let read = |prefix: &str| -> Vec<(String, Kind)> {
            let found = entries(&bytes, prefix.as_bytes()).expect("understood");
            found
                .into_iter()
                .map(|entry| (String::from_utf8(entry.path).expect("UTF-8"), entry.kind))
                .collect()
        };
        let expected = [
            ("b".to_owned(), Kind::File { runs: true }),
            ("c".to_owned(), Kind::Unsettled),
            ("d".to_owned(), Kind::Ignored),
        ];
        assert_eq!(read("sub"), expected);
        assert_eq!(read("").len(), 6);
        assert_eq!(read("none"), []);
    }

    #[test]
    fn what_means_something_else_is_not_understood() {
        let one = [raw("a", 0o100_644, 0)];
        assert!(entries(&file(2, &one, b""), b"").is_some());
        for bytes in [
            file(5, &one, b""),
            file(2, &one, b"link\0\0\0\0"),
            file(2, &one, b"sdir\0\0\0\0"),
            file(2, &one, b"TREE\0\0\0\x09ab"),
            file(2, &[raw("dir/", 0o040_000, 0)], b""),
            file(2, &[raw("b", 0o100_644, 0), raw("a", 0o100_644, 0)], b""),
            file(2, &[raw("a", 0o100_644, EXTENDED)], b""),
            b"DIRC".to_vec(),
            Vec::new(),
        ] {
            assert_eq!(entries(&bytes, b""), None, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(version in 1_u32..6, n_entries in 0_u32..4, bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mut all = b"DIRC".to_vec();
            all.extend(version.to_be_bytes());
            all.extend(n_entries.to_be_bytes());
            all.extend(bytes);
            let _ = entries(&all, b"a");
        }
    }
}
