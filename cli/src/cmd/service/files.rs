//! Writing and removing the files of a service. Nothing without our mark is touched unless forced.

use super::units::{MARK, Unit};
use crate::error::CliError;
use crate::output::json::FileOutcome;
use std::fs;
use std::io;
use std::path::Path;

/// What stands at the path of one of our files.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Present {
    /// Nothing.
    Missing,
    /// A file with our mark, and what it says.
    Ours(String),
    /// Something else.
    Foreign,
}

/// Looks what stands there; a link is not ours, wherever it leads.
pub(super) fn look(path: &Path) -> Result<Present, CliError> {
    let failed = |source| CliError::Unit {
        action: "read",
        path: path.to_owned(),
        source,
    };
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Ok(Present::Foreign),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Present::Missing);
        }
        Err(error) => return Err(failed(error)),
    }
    let text = fs::read(path).map_err(failed)?;
    Ok(match String::from_utf8(text) {
        Ok(text) if text.contains(MARK) => Present::Ours(text),
        Ok(_) | Err(_) => Present::Foreign,
    })
}

/// What writing a file would do; an error where it may not be done.
pub(super) fn plan(unit: &Unit, force: bool) -> Result<FileOutcome, CliError> {
    match look(&unit.path)? {
        Present::Missing => Ok(FileOutcome::Written),
        Present::Ours(text) if text == unit.text => Ok(FileOutcome::Unchanged),
        Present::Ours(_) => Ok(FileOutcome::Replaced),
        Present::Foreign if force => Ok(FileOutcome::Replaced),
        Present::Foreign => Err(CliError::ForeignUnit(unit.path.clone())),
    }
}

/// Puts a file in its place whole: a manager that reads at the same moment sees the old or the new one.
pub(super) fn write(unit: &Unit) -> Result<(), CliError> {
    let failed = |source| CliError::Unit {
        action: "write",
        path: unit.path.clone(),
        source,
    };
    let parent = unit.path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(parent).map_err(failed)?;
    let name = unit.path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = parent.join(format!(".{name}.{}", std::process::id()));
    let outcome = fs::write(&temporary, &unit.text).and_then(|()| fs::rename(&temporary, &unit.path));
    if outcome.is_err() {
        let _not_there = fs::remove_file(&temporary);
    }
    outcome.map_err(failed)
}

/// Removes a file of ours.
pub(super) fn remove(path: &Path) -> Result<FileOutcome, CliError> {
    match look(path)? {
        Present::Missing => Ok(FileOutcome::Absent),
        Present::Foreign => Ok(FileOutcome::Kept),
        Present::Ours(_) => match fs::remove_file(path) {
            Ok(()) => Ok(FileOutcome::Removed),
            Err(source) => Err(CliError::Unit {
                action: "remove",
                path: path.to_owned(),
                source,
            }),
        },
    }
}

/// Removes a link that leads to `target`, whether or not that is there.
pub(super) fn remove_link(link: &Path, target: &Path) {
    if fs::read_link(link).is_ok_and(|to| to == target) {
        // systemd only ever reads it again, and finds nothing behind it.
        let _left = fs::remove_file(link);
    }
}
