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
    let files = list(&directory)?;
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
            for file in list(&directory)? {
                if file > follower.current {
                    follower.go_on_with(file)?;
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

/// The log files, oldest first; at least one.
fn list(directory: &Path) -> Result<Vec<LogFile>, CliError> {
    match logs::list(directory) {
        Ok(files) if files.is_empty() => Err(CliError::NoLog(directory.to_owned())),
        Ok(files) => Ok(files),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(CliError::NoLog(directory.to_owned())),
        Err(source) => Err(read_error(directory, source)),
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
    current: LogFile,
    file: File,
    chosen: Chosen,
}

impl Follower {
    fn at_end(files: Vec<LogFile>, wanted: Wanted) -> Result<Self, CliError> {
        let current = files.into_iter().next_back().expect("`list` gives at least one file");
        let open = || {
            let mut file = File::open(&current.path)?;
            file.seek(SeekFrom::End(0))?;
            Ok(file)
        };
        let file = open().map_err(|source| read_error(&current.path, source))?;
        let chosen = Chosen::new(wanted);
        Ok(Self { current, file, chosen })
    }

    fn go_on_with(&mut self, next: LogFile) -> Result<(), CliError> {
        self.file = File::open(&next.path).map_err(|source| read_error(&next.path, source))?;
        self.current = next;
        Ok(())
    }

    /// Prints what was added since the last look.
    fn copy(&mut self, output: &mut Output) -> Result<(), CliError> {
        let mut block = Vec::new();
        loop {
            block.clear();
            let n_read = (&self.file).take(BLOCK_BYTES).read_to_end(&mut block);
            if n_read.map_err(|source| read_error(&self.current.path, source))? == 0 {
                return Ok(());
            }
            output.raw(&self.chosen.pass(&block))?;
        }
    }
}
