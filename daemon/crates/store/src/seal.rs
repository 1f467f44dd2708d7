//! Seals: what the files of a store were when it was closed in order.
//!
//! A seal is a small file beside the store. It is written after the last file is closed and removed,
//! durably, before the store is opened again. So one that is there and agrees with the files means
//! that nobody has touched them since; one that is missing means that the last owner did not come to
//! its end; and one that disagrees, byte for byte, means damage. Runs on the caller's thread; knows
//! nothing of what the files mean.

use crate::error::{StoreError, StoreResult};
use crate::files;
use rustix::fs::SeekFrom;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// Raised when a seal changes its meaning; one of another format counts as none.
const FORMAT: u64 = 1;

/// Bytes read and hashed at a time, and looked through for anything but zeros.
const BLOCK: usize = 64 * 1024;

/// Bytes of a store up to which its content is part of the seal: half a second of reading when it is
/// closed. Above, sizes and times alone are, and what disagrees is left to the store's own check.
const HASHED_UP_TO: u64 = 512 * 1024 * 1024;

/// What a seal says when its store is about to be opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The store was not closed in order, or nothing can be said: it has to be checked.
    Unsealed,
    /// Nobody has touched the files since they were closed.
    Intact(Sealed),
    /// The files are not those that were closed; the text says which.
    Changed(String),
}

/// The files of a store as they were closed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sealed {
    files: BTreeMap<String, Stamp>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Stamp {
    bytes: u64,
    modified: (i64, i64),
    /// Of the content; `None` in a store that is too large for it.
    hash: Option<String>,
}

impl Stamp {
    fn is_like(&self, other: &Self) -> bool {
        (self.bytes, self.modified) == (other.bytes, other.modified)
    }
}

/// Reads the seal of a store, a file or a directory, and breaks it. A seal that disagrees stays: it is
/// what says that the store is damaged, until the store is set aside and [`remove`] is called.
pub fn open(store: &Path) -> StoreResult<Verdict> {
    let verdict = look(store)?;
    if !matches!(verdict, Verdict::Changed(_)) {
        files::remove_file(&seal_path(store))?;
    }
    Ok(verdict)
}

/// Reads the seal of a store that is only read, and leaves it as it is.
pub fn look(store: &Path) -> StoreResult<Verdict> {
    let path = seal_path(store);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Verdict::Unsealed),
        Err(source) => return Err(StoreError::ReadFile { path, source }),
    };
    match parse(&bytes) {
        Some(sealed) => compare(store, sealed),
        None => Ok(Verdict::Unsealed),
    }
}

/// Seals a store that nobody has open. Of files that are as in `before`, the content is not read
/// again: to be given only where every change of a file shows in its size or time.
pub fn close(store: &Path, before: Option<&Sealed>) -> StoreResult<()> {
    let mut found = list(store)?;
    if files::disk_bytes(store) <= HASHED_UP_TO {
        for (name, stamp) in &mut found {
            let known = before.and_then(|before| before.files.get(name));
            stamp.hash = match known {
                Some(known) if known.is_like(stamp) && known.hash.is_some() => known.hash.clone(),
                Some(_) | None => Some(hash(&place(store, name))?),
            };
        }
    }
    let rows: Vec<Value> = found
        .iter()
        .map(|(name, stamp)| {
            let (seconds, nanoseconds) = stamp.modified;
            json!({ "name": name, "bytes": stamp.bytes, "seconds": seconds, "nanoseconds": nanoseconds, "hash": stamp.hash })
        })
        .collect();
    let text = format!("{:#}\n", json!({ "format": FORMAT, "files": rows }));
    files::replace_file(&seal_path(store), text.as_bytes())
}

/// Removes the seal of a store that is about to be set aside or deleted; none there is fine.
pub fn remove(store: &Path) -> StoreResult<()> {
    files::remove_file(&seal_path(store))
}

fn compare(store: &Path, sealed: Sealed) -> StoreResult<Verdict> {
    let found = match list(store) {
        Ok(found) => found,
        Err(StoreError::ReadFile { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            return Ok(Verdict::Changed("it is gone".to_owned()));
        }
        Err(error) => return Err(error),
    };
    if let Some(name) = found.keys().find(|name| !sealed.files.contains_key(*name)) {
        return Ok(Verdict::Changed(format!("`{name}` was not there when it was closed")));
    }
    for (name, before) in &sealed.files {
        let Some(now) = found.get(name) else {
            return Ok(Verdict::Changed(format!("`{name}` is gone")));
        };
        if now.is_like(before) {
            continue;
        }
        if now.bytes != before.bytes {
            return Ok(Verdict::Changed(format!(
                "`{name}` has {} bytes, it was closed with {}",
                now.bytes, before.bytes
            )));
        }
        // Copied, restored, touched: the content decides.
        match &before.hash {
            None => return Ok(Verdict::Unsealed),
            Some(before) if *before == hash(&place(store, name))? => {}
            Some(_) => {
                return Ok(Verdict::Changed(format!(
                    "`{name}` does not hold what it was closed with"
                )));
            }
        }
    }
    Ok(Verdict::Intact(sealed))
}

/// The files of a store by their names in it; a store that is a file has the empty name.
fn list(store: &Path) -> StoreResult<BTreeMap<String, Stamp>> {
    let mut found = BTreeMap::new();
    let mut pending = vec![(store.to_owned(), String::new())];
    while let Some((path, name)) = pending.pop() {
        let failed = |source| StoreError::ReadFile {
            path: path.clone(),
            source,
        };
        let metadata = fs::symlink_metadata(&path).map_err(failed)?;
        if !metadata.is_dir() {
            let stamp = Stamp {
                bytes: metadata.len(),
                modified: (metadata.mtime(), metadata.mtime_nsec()),
                hash: None,
            };
            found.insert(name, stamp);
            continue;
        }
        for entry in fs::read_dir(&path).map_err(failed)? {
            let entry = entry.map_err(failed)?.file_name();
            let entry = entry.to_string_lossy();
            let below = if name.is_empty() {
                entry.into_owned()
            } else {
                format!("{name}/{entry}")
            };
            pending.push((place(store, &below), below));
        }
    }
    Ok(found)
}

fn place(store: &Path, name: &str) -> PathBuf {
    if name.is_empty() {
        store.to_owned()
    } else {
        store.join(name)
    }
}

/// The hash of a file's content. Blocks of zeros count by their absence, whether they are holes or not:
/// the vector engine's files are mostly holes, and a copy of them may have none.
fn hash(path: &Path) -> StoreResult<String> {
    let read = || -> io::Result<String> {
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        let mut hasher = blake3::Hasher::new();
        hasher.update(&bytes.to_le_bytes());
        let mut block = vec![0; BLOCK];
        let mut offset = next_data(&file, 0);
        while let Some(start) = offset.filter(|start| *start < bytes) {
            let length = BLOCK.min((bytes - start) as usize);
            let block = &mut block[..length];
            file.read_exact_at(block, start)?;
            if block.iter().any(|byte| *byte != 0) {
                hasher.update(&start.to_le_bytes());
                hasher.update(block);
            }
            offset = next_data(&file, start + length as u64);
        }
        Ok(hasher.finalize().to_hex().to_string())
    };
    read().map_err(|source| StoreError::ReadFile {
        path: path.to_owned(),
        source,
    })
}

/// Start of the first block at or after `offset`, which is one, that may hold data; `None` when there is none.
fn next_data(file: &File, offset: u64) -> Option<u64> {
    match rustix::fs::seek(file, SeekFrom::Data(offset)) {
        Ok(found) => Some(found / BLOCK as u64 * BLOCK as u64),
        Err(rustix::io::Errno::NXIO) => None,
        // A file system that does not know its holes has none to pass over.
        Err(_) => Some(offset),
    }
}

fn parse(bytes: &[u8]) -> Option<Sealed> {
    let value: Value = serde_json::from_slice(bytes).ok()?;
    if value["format"].as_u64() != Some(FORMAT) {
        return None;
    }
    let mut files = BTreeMap::new();
    for row in value["files"].as_array()? {
        let stamp = Stamp {
            bytes: row["bytes"].as_u64()?,
            modified: (row["seconds"].as_i64()?, row["nanoseconds"].as_i64()?),
            hash: row["hash"].as_str().map(str::to_owned),
        };
        files.insert(row["name"].as_str()?.to_owned(), stamp);
    }
    Some(Sealed { files })
}

fn seal_path(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".seal");
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    fn store() -> (tempfile::TempDir, PathBuf) {
        let root = tempfile::tempdir().expect("temporary directory");
        let store = root.path().join("store");
        fs::create_dir_all(store.join("deep")).expect("made");
        fs::write(store.join("a"), "one").expect("written");
        fs::write(store.join("deep/b"), "two").expect("written");
        (root, store)
    }

    fn touch(path: &Path) {
        let file = File::options().write(true).open(path).expect("opened");
        file.set_modified(UNIX_EPOCH).expect("touched");
    }

    #[test]
    fn a_store_is_intact_once_for_each_time_it_was_closed() {
        let (_root, store) = store();
        assert_eq!(open(&store).expect("read"), Verdict::Unsealed);
        close(&store, None).expect("sealed");
        let Verdict::Intact(sealed) = open(&store).expect("read") else {
            panic!("nobody has touched it");
        };
        assert_eq!(open(&store).expect("read"), Verdict::Unsealed, "the seal is broken");
        fs::write(store.join("a"), "other").expect("changed by its owner");
        close(&store, Some(&sealed)).expect("sealed");
        assert!(matches!(open(&store).expect("read"), Verdict::Intact(_)));
    }

    #[test]
    fn every_change_is_seen_and_a_copy_is_none() {
        type Change = fn(&Path);
        let table: [(&str, Change, bool); 7] = [
            ("nothing", |_| {}, false),
            ("touched", |store| touch(&store.join("a")), false),
            ("cut", |store| fs::write(store.join("deep/b"), "").expect("cut"), true),
            (
                "flipped",
                |store| {
                    fs::write(store.join("a"), "0ne").expect("flipped");
                    touch(&store.join("a"));
                },
                true,
            ),
            (
                "deleted",
                |store| fs::remove_file(store.join("a")).expect("deleted"),
                true,
            ),
            (
                "added",
                |store| fs::write(store.join("deep/c"), "").expect("added"),
                true,
            ),
            ("all gone", |store| fs::remove_dir_all(store).expect("deleted"), true),
        ];
        for (name, change, changed) in table {
            let (_root, store) = store();
            close(&store, None).expect("sealed");
            change(&store);
            let verdict = open(&store).expect("read");
            assert_eq!(matches!(verdict, Verdict::Changed(_)), changed, "{name}: {verdict:?}");
            assert_eq!(matches!(verdict, Verdict::Intact(_)), !changed, "{name}: {verdict:?}");
        }
    }

    #[test]
    fn holes_and_zeros_are_the_same_and_their_place_is_not() {
        let root = tempfile::tempdir().expect("temporary directory");
        let file = |name: &str, length: u64, parts: &[(u64, &[u8])]| {
            let path = root.path().join(name);
            let file = File::create(&path).expect("created");
            file.set_len(length).expect("grown");
            for (offset, bytes) in parts {
                file.write_all_at(bytes, *offset).expect("written");
            }
            hash(&path).expect("read")
        };
        let (length, far) = (10 << 20, 7 << 20);
        let sparse = file("sparse", length, &[(5, b"near"), (far, b"far")]);
        let zeros = vec![0; 3 << 20];
        let full = file("full", length, &[(1 << 20, &zeros), (5, b"near"), (far, b"far")]);
        assert_eq!(sparse, full);
        assert_ne!(sparse, file("longer", length + 1, &[(5, b"near"), (far, b"far")]));
        assert_ne!(
            sparse,
            file("moved", length, &[(5, b"near"), (far + BLOCK as u64, b"far")])
        );
        assert_ne!(sparse, file("other", length, &[(5, b"near"), (far, b"fab")]));
        assert_ne!(file("end", 3, &[(0, b"abc")]), file("end too", 3, &[(0, b"abd")]));
        assert_eq!(file("nothing", 0, &[]), file("nothing too", 0, &[]));
    }

    #[test]
    fn a_seal_that_cannot_be_understood_is_none() {
        for text in [
            "",
            "{}",
            "{\"format\": 2, \"files\": []}",
            "{\"format\": 1, \"files\": [{}]}",
        ] {
            let (_root, store) = store();
            fs::write(seal_path(&store), text).expect("written");
            assert_eq!(open(&store).expect("read"), Verdict::Unsealed, "{text}");
        }
    }
}
