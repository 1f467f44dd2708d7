//! The log files: a new one each day and when one is full, the oldest deleted when there are too many
//! or they are too large together.
//!
//! [`Writer`] runs on the log thread alone; [`Face`] is what the rest of the process sees of it. Writing
//! never fails for the caller: lines that cannot be written are counted, and the next attempt is made a
//! second later.

use codemem_proto::logs::{self, LogFile};
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Between two attempts to write after one failed.
const RETRY: Duration = Duration::from_secs(1);

/// What the log may take of the disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Limits {
    /// Files, the one being written included.
    pub(super) n_files: usize,
    /// Bytes of one file.
    pub(super) file_bytes: u64,
    /// Bytes of all files together.
    pub(super) total_bytes: u64,
}

impl Limits {
    /// Bytes that one file may have so that both limits hold.
    fn of_one_file(self) -> u64 {
        self.file_bytes.min(self.total_bytes)
    }
}

/// What everybody may ask of the writer.
#[derive(Clone, Debug)]
pub(super) struct Face {
    directory: PathBuf,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    limits: Limits,
    file: Option<PathBuf>,
    problem: Option<String>,
}

impl Face {
    pub(super) fn new(directory: PathBuf, limits: Limits) -> Self {
        Self {
            directory,
            shared: Arc::new(Mutex::new(Shared {
                limits,
                file: None,
                problem: None,
            })),
        }
    }

    pub(super) fn file(&self) -> PathBuf {
        self.shared().file.clone().unwrap_or_else(|| self.directory.clone())
    }

    pub(super) fn problem(&self) -> Option<String> {
        self.shared().problem.clone()
    }

    pub(super) fn limit(&self, limits: Limits) {
        self.shared().limits = limits;
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes lines to the right file.
pub(super) struct Writer {
    face: Face,
    clock: fn() -> SystemTime,
    open: Option<Open>,
    retry_at: Option<Instant>,
    n_lost: u64,
}

struct Open {
    file: File,
    date: String,
    /// What held when room was made for it.
    limits: Limits,
    bytes: u64,
}

impl Writer {
    pub(super) fn new(face: Face, clock: fn() -> SystemTime) -> Self {
        Self {
            face,
            clock,
            open: None,
            retry_at: None,
            n_lost: 0,
        }
    }

    fn put(&mut self, line: &[u8]) -> io::Result<()> {
        let limits = self.face.shared().limits;
        let cap = limits.of_one_file();
        let cut = clipped(line, cap);
        let line = cut.as_deref().unwrap_or(line);
        let date = date_of((self.clock)());
        let fits = self.open.as_ref().is_some_and(|open| {
            // A file that somebody has deleted takes lines without a trace.
            let is_there = open.file.metadata().is_ok_and(|metadata| metadata.nlink() > 0);
            is_there && open.date == date && open.limits == limits && open.bytes + line.len() as u64 <= cap
        });
        if !fits {
            self.open = None;
            self.open = Some(self.roll(date, line.len() as u64, limits)?);
        }
        let open = self.open.as_mut().expect("opened just now");
        let written = open.file.write_all(line);
        // What was written of a line before the disk was full counts as well.
        open.bytes = open
            .file
            .metadata()
            .map_or(open.bytes + line.len() as u64, |metadata| metadata.len());
        written
    }

    /// Opens the newest file of the day if it has room, or the next one, and makes room for it.
    fn roll(&self, date: String, n_bytes: u64, limits: Limits) -> io::Result<Open> {
        let directory = &self.face.directory;
        fs::create_dir_all(directory)?;
        let mut files = logs::list(directory)?;
        let newest = files.iter().rev().find(|file| file.date == date);
        let current = match newest {
            Some(file) if size_of(file) + n_bytes <= limits.of_one_file() => file.clone(),
            Some(file) => LogFile::new(directory, &date, file.number + 1),
            None => LogFile::new(directory, &date, 0),
        };
        files.retain(|file| file.path != current.path);
        make_room(&files, limits)?;
        let file = File::options().create(true).append(true).open(&current.path)?;
        let bytes = file.metadata()?.len();
        self.face.shared().file = Some(current.path);
        Ok(Open {
            file,
            date,
            limits,
            bytes,
        })
    }

    fn succeeded(&mut self) {
        self.retry_at = None;
        if self.n_lost > 0 {
            let n_lines = std::mem::take(&mut self.n_lost);
            self.face.shared().problem = None;
            tracing::warn!(n_lines, "lines of the log were lost while it could not be written");
        }
    }

    fn failed(&mut self, error: &io::Error) {
        self.n_lost += 1;
        self.retry_at = Some(Instant::now() + RETRY);
        let problem = format!(
            "the log in `{}` cannot be written: {error}",
            self.face.directory.display()
        );
        self.face.shared().problem = Some(problem);
    }
}

impl Write for Writer {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.retry_at.is_some_and(|at| Instant::now() < at) {
            self.n_lost += 1;
            return Ok(line.len());
        }
        match self.put(line) {
            Ok(()) => self.succeeded(),
            Err(error) => self.failed(&error),
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Deletes the oldest of the finished files until another one, grown full, keeps within the limits.
fn make_room(finished: &[LogFile], limits: Limits) -> io::Result<()> {
    let room = limits.total_bytes - limits.of_one_file();
    let mut total: u64 = finished.iter().map(size_of).sum();
    for (index, file) in finished.iter().enumerate() {
        let n_left = finished.len() - index;
        if n_left < limits.n_files && total <= room {
            break;
        }
        total -= size_of(file);
        match fs::remove_file(&file.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// A line that is longer than a file may be, cut to one; `None` when it is not.
fn clipped(line: &[u8], cap: u64) -> Option<Vec<u8>> {
    let cap = usize::try_from(cap).ok().filter(|cap| line.len() > *cap)?;
    let mut cut = line[..cap.saturating_sub(1)].to_vec();
    cut.push(b'\n');
    Some(cut)
}

fn size_of(file: &LogFile) -> u64 {
    fs::metadata(&file.path).map_or(0, |metadata| metadata.len())
}

/// The day in UTC, as the lines have it: `2026-11-21`.
fn date_of(time: SystemTime) -> String {
    let days = time
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs() / 86_400);
    // Counted from the first of March of year 0, so that leap days are the last of their years.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests;
