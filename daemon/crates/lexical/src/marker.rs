//! The file beside tantivy's that says what the index was made for.
//!
//! Written last when an index is created, so that a creation cut short is seen as none.

use crate::schema::FORMAT_VERSION;
use codemem_core::token::TOKENIZER_VERSION;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

const NAME: &str = "codemem-lexical";
const NEW_NAME: &str = "codemem-lexical.new";

/// Whether the directory holds a whole index of this generation, format and tokenizer.
pub(crate) fn fits(directory: &Path, generation: u64) -> io::Result<bool> {
    match fs::read(directory.join(NAME)) {
        Ok(found) => Ok(found == text(generation).as_bytes()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Writes the marker, durably.
pub(crate) fn write(directory: &Path, generation: u64) -> io::Result<()> {
    let new = directory.join(NEW_NAME);
    let mut file = File::create(&new)?;
    file.write_all(text(generation).as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, directory.join(NAME))?;
    File::open(directory)?.sync_all()
}

/// Makes the directory an empty one, marker first. Creates it when it is not there.
pub(crate) fn clear(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    match fs::remove_file(directory.join(NAME)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Everything that must be equal for the files to be of use. Compared as a whole.
fn text(generation: u64) -> String {
    let tantivy = tantivy::INDEX_FORMAT_VERSION;
    format!("format {FORMAT_VERSION}\ntokenizer {TOKENIZER_VERSION}\ntantivy {tantivy}\ngeneration {generation}\n")
}
