//! `codemem daemon logs`: the end of the newest log file, and what is added to it.
//!
//! Reads the files themselves: the log matters most when no daemon answers.

use crate::args::LogsArgs;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::Output;
use codemem_proto::dirs::{Directories, LOG_FILE_PREFIX};
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How much is read at once; a few hundred lines.
const BLOCK_BYTES: u64 = 64 * 1024;

/// How often a followed log is looked at: quick to the eye, nothing to the machine.
const FOLLOW_EVERY: Duration = Duration::from_millis(250);

pub(super) async fn run(context: &Context, args: &LogsArgs, output: &mut Output) -> Result<Exit, CliError> {
    let directory = Directories::locate(&context.env)?.logs();
    let mut path = newest(&directory)?;
    let mut file = open(&path)?;
    let end = tail(&mut file, args.lines).map_err(|source| read_error(&path, source))?;
    output.raw(&end)?;
    if !args.follow {
        return Ok(Exit::Success);
    }
    output.flush()?;
    let follow = async {
        loop {
            tokio::time::sleep(FOLLOW_EVERY).await;
            copy(&mut file, &path, output)?;
            // Rotation begins another file; the old one was read to its end just now.
            let latest = newest(&directory)?;
            if latest != path {
                path = latest;
                file = open(&path)?;
                copy(&mut file, &path, output)?;
            }
            output.flush()?;
        }
    };
    tokio::select! {
        outcome = follow => outcome,
        _ = tokio::signal::ctrl_c() => Ok(Exit::Success),
    }
}

/// The newest log file; rotation puts the date into the names, so their order is that of time.
fn newest(directory: &Path) -> Result<PathBuf, CliError> {
    let entries = match directory.read_dir() {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(CliError::NoLog(directory.to_owned())),
        Err(source) => return Err(read_error(directory, source)),
    };
    let logs = entries.filter_map(Result::ok).map(|entry| entry.path());
    let is_log = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with(LOG_FILE_PREFIX))
    };
    logs.filter(is_log)
        .max()
        .ok_or_else(|| CliError::NoLog(directory.to_owned()))
}

fn open(path: &Path) -> Result<File, CliError> {
    File::open(path).map_err(|source| read_error(path, source))
}

fn read_error(path: &Path, source: io::Error) -> CliError {
    CliError::ReadLog {
        path: path.to_owned(),
        source,
    }
}

/// The last lines of a file; leaves it at its end.
fn tail(file: &mut File, n_lines: usize) -> io::Result<Vec<u8>> {
    let length = file.seek(SeekFrom::End(0))?;
    let mut start = length;
    let mut bytes = Vec::new();
    let begin = loop {
        if let Some(begin) = begin_of_last(&bytes, n_lines) {
            break begin;
        }
        if start == 0 {
            break 0;
        }
        let previous = start.saturating_sub(BLOCK_BYTES);
        let mut block = vec![0; (start - previous) as usize];
        file.seek(SeekFrom::Start(previous))?;
        file.read_exact(&mut block)?;
        block.append(&mut bytes);
        bytes = block;
        start = previous;
    };
    file.seek(SeekFrom::Start(length))?;
    Ok(bytes.split_off(begin))
}

/// Where the last lines begin, if they are all there with certainty.
fn begin_of_last(bytes: &[u8], n_lines: usize) -> Option<usize> {
    if n_lines == 0 {
        return Some(bytes.len());
    }
    let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let newlines = body.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n');
    newlines.map(|(at, _)| at + 1).nth(n_lines - 1)
}

/// Prints what was added since the last look.
fn copy(file: &mut File, path: &Path, output: &mut Output) -> Result<(), CliError> {
    let mut block = Vec::new();
    loop {
        block.clear();
        let n_read = file.take(BLOCK_BYTES).read_to_end(&mut block);
        if n_read.map_err(|source| read_error(path, source))? == 0 {
            return Ok(());
        }
        output.raw(&block)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_end_of_a_file() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("log");
        let long = "x".repeat(BLOCK_BYTES as usize - 2);
        for (content, n_lines, expected) in [
            ("", 3, ""),
            ("one\n", 3, "one\n"),
            ("one\ntwo\nthree\n", 2, "two\nthree\n"),
            ("one\ntwo\nthree", 2, "two\nthree"),
            ("one\ntwo\n", 0, ""),
            ("\n\n\n", 2, "\n\n"),
            (&format!("first\n{long}\nlast\n"), 2, &format!("{long}\nlast\n")),
            (&format!("first\n{long}\nlast\n"), 9, &format!("first\n{long}\nlast\n")),
        ] {
            fs::write(&path, content).expect("written");
            let mut file = open(&path).expect("there");
            let end = tail(&mut file, n_lines).expect("read");
            assert_eq!(end, expected.as_bytes(), "{n_lines} of {} bytes", content.len());
            assert_eq!(file.stream_position().expect("known"), content.len() as u64);
        }
    }

    #[test]
    fn the_newest_file() {
        let directory = tempfile::tempdir().expect("directory");
        let missing = directory.path().join("missing");
        assert!(matches!(newest(&missing), Err(CliError::NoLog(_))));
        assert!(matches!(newest(directory.path()), Err(CliError::NoLog(_))));
        for name in ["codememd.2026-11-09.log", "codememd.2026-11-10.log", "other.log"] {
            fs::write(directory.path().join(name), "").expect("written");
        }
        let found = newest(directory.path()).expect("there");
        assert_eq!(found, directory.path().join("codememd.2026-11-10.log"));
    }
}
