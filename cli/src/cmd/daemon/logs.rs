//! `codemem daemon logs`: the end of the log, and what is added to it.
//!
//! Reads the files themselves: the log matters most when no daemon answers.

mod lines;
mod tail;

pub(crate) use lines::Level;

use crate::args::LogsArgs;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::Output;
use codemem_proto::dirs::Directories;
use codemem_proto::logs::{self, LogFile};
use lines::{Chosen, Wanted};
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::time::Duration;

/// How much is read at once; a few hundred lines.
const BLOCK_BYTES: u64 = 64 * 1024;

/// How often a followed log is looked at: quick to the eye, nothing to the machine.
const FOLLOW_EVERY: Duration = Duration::from_millis(250);

pub(super) async fn run(context: &Context, args: &LogsArgs, output: &mut Output) -> Result<Exit, CliError> {
    let directory = Directories::locate(&context.env)?.logs();
    let wanted = Wanted {
        request: args.request.clone(),
        level: args.level,
    };
    let files = there_now(&directory)?;
    if files.is_empty() {
        if !args.follow {
            return Err(CliError::NoLog(directory));
        }
        output.note(&format!(
            "there is no log in {} yet; waiting for one",
            directory.display()
        ));
    }
    let end = tail::last(&files, args.lines, &wanted).map_err(|source| read_error(&directory, source))?;
    output.raw(&end)?;
    if !args.follow {
        return Ok(Exit::Success);
    }
    output.flush()?;
    let mut follower = Follower::at_end(files, wanted)?;
    let follow = async {
        loop {
            tokio::time::sleep(FOLLOW_EVERY).await;
            follower.copy(output)?;
            // Rotation begins another file; the old one was read to its end just now.
            for file in there_now(&directory)? {
                if Some(&file) > follower.current.as_ref() && follower.go_on_with(file)? {
                    follower.copy(output)?;
                }
            }
            output.flush()?;
        }
    };
    tokio::select! {
        outcome = follow => outcome,
        _ = tokio::signal::ctrl_c() => Ok(Exit::Success),
    }
}

/// The log files, oldest first; none where there is no directory.
fn there_now(directory: &Path) -> Result<Vec<LogFile>, CliError> {
    match logs::list(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        files => files.map_err(|source| read_error(directory, source)),
    }
}

/// Opens a log file, unless rotation has deleted it since it was listed.
fn open(path: &Path) -> Result<Option<File>, CliError> {
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        file => file.map(Some).map_err(|source| read_error(path, source)),
    }
}

fn read_error(path: &Path, source: io::Error) -> CliError {
    CliError::ReadLog {
        path: path.to_owned(),
        source,
    }
}

/// Hands on what is added to the newest file.
struct Follower {
    /// Nothing while there is none.
    current: Option<LogFile>,
    /// Nothing when it went before it could be opened; a newer one comes.
    file: Option<File>,
    chosen: Chosen,
}

impl Follower {
    fn at_end(files: Vec<LogFile>, wanted: Wanted) -> Result<Self, CliError> {
        let mut follower = Self {
            current: files.into_iter().next_back(),
            file: None,
            chosen: Chosen::new(wanted),
        };
        if let Some(current) = &follower.current
            && let Some(mut file) = open(&current.path)?
        {
            let end = file.seek(SeekFrom::End(0));
            end.map_err(|source| read_error(&current.path, source))?;
            follower.file = Some(file);
        }
        Ok(follower)
    }

    /// Turns to a newer file; false when that has gone already, which leaves all as it was.
    fn go_on_with(&mut self, next: LogFile) -> Result<bool, CliError> {
        let Some(file) = open(&next.path)? else {
            return Ok(false);
        };
        (self.current, self.file) = (Some(next), Some(file));
        Ok(true)
    }

    /// Prints what was added since the last look.
    fn copy(&mut self, output: &mut Output) -> Result<(), CliError> {
        let (Some(current), Some(file)) = (&self.current, &self.file) else {
            return Ok(());
        };
        let mut block = Vec::new();
        loop {
            block.clear();
            let n_read = file.take(BLOCK_BYTES).read_to_end(&mut block);
            if n_read.map_err(|source| read_error(&current.path, source))? == 0 {
                return Ok(());
            }
            output.raw(&self.chosen.pass(&block))?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::tests::captured;
    use std::fs;

    #[test]
    fn a_file_that_rotation_deletes_is_passed_over() {
        let directory = tempfile::tempdir().expect("directory");
        let file = |number| LogFile::new(directory.path(), "2026-11-21", number);
        let (mut output, answers, _) = captured(false, false);
        // All of these were listed; the first and the third have gone by the time they are opened.
        let mut follower = Follower::at_end(vec![file(0)], Wanted::default()).expect("passed over");
        follower.copy(&mut output).expect("nothing to read");
        fs::write(file(1).path, "one\n").expect("written");
        fs::write(file(3).path, "three\n").expect("written");
        for number in 1..=3 {
            let is_there = follower.go_on_with(file(number)).expect("passed over");
            assert_eq!(is_there, number != 2);
            follower.copy(&mut output).expect("read");
        }
        assert_eq!(answers.text(), "one\nthree\n");
        assert!(
            there_now(&directory.path().join("none"))
                .expect("passed over")
                .is_empty()
        );
    }
}
