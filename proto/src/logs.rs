//! How the daemon's log files are called, so that whoever reads them finds them in their order.
//!
//! `codememd.2026-11-21.log` is the first file of a day, `codememd.2026-11-21.1.log` the one after it.

use crate::dirs::LOG_FILE_PREFIX;
use std::io;
use std::path::{Path, PathBuf};

/// One log file. Files are ordered by the time of their lines.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct LogFile {
    /// The day of its lines in UTC, as in `2026-11-21`.
    pub date: String,
    /// Its number among the files of that day, from 0.
    pub number: u32,
    /// Where it is.
    pub path: PathBuf,
}

impl LogFile {
    /// The file of that day and number; it need not exist.
    pub fn new(directory: &Path, date: &str, number: u32) -> Self {
        let name = match number {
            0 => format!("{LOG_FILE_PREFIX}.{date}.log"),
            number => format!("{LOG_FILE_PREFIX}.{date}.{number}.log"),
        };
        Self {
            date: date.to_owned(),
            number,
            path: directory.join(name),
        }
    }

    /// The file of that path, if its name is that of a log file.
    pub fn of(path: PathBuf) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let middle = name
            .strip_prefix(LOG_FILE_PREFIX)?
            .strip_prefix('.')?
            .strip_suffix(".log")?;
        let (date, number) = match middle.split_once('.') {
            Some((date, number)) => (date, number.parse().ok()?),
            None => (middle, 0),
        };
        let is_date = date.len() == 10 && date.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let date = is_date.then(|| date.to_owned())?;
        Some(Self { date, number, path })
    }
}

/// The log files of a directory, oldest first.
pub fn list(directory: &Path) -> io::Result<Vec<LogFile>> {
    let mut files = Vec::new();
    for entry in directory.read_dir()? {
        files.extend(LogFile::of(entry?.path()));
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_as_they_were_made() {
        for number in [0, 1, 12] {
            let file = LogFile::new(Path::new("/logs"), "2026-11-21", number);
            assert_eq!(LogFile::of(file.path.clone()), Some(file));
        }
        for other in [
            "codememd.log",
            "codememd.2026-11-21",
            "codememd.yesterday-.log",
            "codememd.2026-11-21.x.log",
        ] {
            assert_eq!(LogFile::of(other.into()), None, "{other}");
        }
    }

    #[test]
    fn files_are_listed_in_the_order_of_their_lines() {
        let directory = tempfile::tempdir().expect("directory");
        let names = [
            "codememd.2026-11-09.log",
            "codememd.2026-11-10.log",
            "codememd.2026-11-10.2.log",
            "codememd.2026-11-10.10.log",
        ];
        for name in names.iter().rev().chain(&["other.log"]) {
            std::fs::write(directory.path().join(name), "").expect("written");
        }
        let files = list(directory.path()).expect("listed");
        let found: Vec<PathBuf> = files.into_iter().map(|file| file.path).collect();
        assert_eq!(found, names.map(|name| directory.path().join(name)));
    }
}
