//! The last lines of several files that follow each other.

use super::BLOCK_BYTES;
use super::lines::{Chosen, Wanted};
use codemem_proto::logs::LogFile;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};

/// The last wanted lines of the files, oldest first. A file that rotation deletes meanwhile is passed over.
pub(super) fn last(files: &[LogFile], n_lines: usize, wanted: &Wanted) -> io::Result<Vec<u8>> {
    let mut parts: Vec<Vec<u8>> = Vec::new();
    let mut n_missing = n_lines;
    for file in files.iter().rev() {
        if n_missing == 0 {
            break;
        }
        let mut opened = match File::open(&file.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            opened => opened?,
        };
        let (part, n_found) = if wanted.is_everything() {
            let part = tail(&mut opened, n_missing)?;
            let n_found = count(&part);
            (part, n_found)
        } else {
            chosen(opened, n_missing, wanted)?
        };
        n_missing = n_missing.saturating_sub(n_found);
        parts.push(part);
    }
    Ok(parts.into_iter().rev().flatten().collect())
}

fn count(part: &[u8]) -> usize {
    part.split_inclusive(|byte| *byte == b'\n').count()
}

/// The last wanted lines of a file, and how many.
fn chosen(file: File, n_lines: usize, wanted: &Wanted) -> io::Result<(Vec<u8>, usize)> {
    let (mut reader, mut chosen) = (BufReader::new(file), Chosen::new(wanted.clone()));
    let mut kept: VecDeque<Vec<u8>> = VecDeque::new();
    loop {
        let mut line = Vec::new();
        if reader.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if chosen.is_wanted(&line) {
            if kept.len() == n_lines {
                kept.pop_front();
            }
            kept.push_back(line);
        }
    }
    let n_found = kept.len();
    Ok((kept.into_iter().flatten().collect(), n_found))
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
            let mut file = File::open(&path).expect("there");
            let end = tail(&mut file, n_lines).expect("read");
            assert_eq!(end, expected.as_bytes(), "{n_lines} of {} bytes", content.len());
        }
    }

    #[test]
    fn the_end_of_several_files() {
        let directory = tempfile::tempdir().expect("directory");
        let files: Vec<LogFile> = (0..4)
            .map(|number| LogFile::new(directory.path(), "2026-11-21", number))
            .collect();
        let line = |level: &str, text: &str| format!("2026-11-21T00:00:00Z {level} {text}\n");
        fs::write(&files[0].path, line("INFO", "1") + &line("WARN", "2")).expect("written");
        // The second is gone by the time it is read.
        fs::write(&files[2].path, line("WARN", "3") + &line("INFO", "4")).expect("written");
        fs::write(&files[3].path, "").expect("written");
        let all = Wanted::default();
        let texts = |bytes: Vec<u8>| -> String {
            let text = String::from_utf8(bytes).expect("UTF-8");
            text.lines().filter_map(|line| line.split(' ').next_back()).collect()
        };
        for (n_lines, expected) in [(0, ""), (1, "4"), (3, "234"), (100, "1234")] {
            assert_eq!(texts(last(&files, n_lines, &all).expect("read")), expected);
        }
        let warnings = Wanted {
            level: Some(super::super::lines::Level::Warn),
            ..Wanted::default()
        };
        for (n_lines, expected) in [(1, "3"), (100, "23")] {
            assert_eq!(texts(last(&files, n_lines, &warnings).expect("read")), expected);
        }
    }
}
