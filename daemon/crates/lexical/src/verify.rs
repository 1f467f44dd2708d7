//! Reading every file of the last commit against its checksum.
//!
//! Runs on the caller's thread, beside searches, commits and merges: a merge may remove files while
//! they are read, which is looked at again before it is called damage.

use crate::error::Error;
use std::path::Path;
use tantivy::directory::error::OpenReadError;
use tantivy::error::DataCorruption;
use tantivy::{Index, TantivyError};

/// Tantivy's list of the files it has written. Without it nothing would be compared.
const MANAGED: &str = ".managed.json";

/// Times that a file which went away is looked for again: each merge can take files away once.
const LOOKS: usize = 5;

/// Compares the files of the last commit with their checksums; what differs is damage.
pub(crate) fn checksums(directory: &Path, index: &Index) -> Result<(), Error> {
    let damaged = |source: TantivyError| Error::opening(directory, source);
    if !directory.join(MANAGED).is_file() {
        return Err(damaged(corruption(format!("{MANAGED} is missing"))));
    }
    let mut look = 1;
    let differing = loop {
        match index.validate_checksum() {
            Ok(differing) => break differing,
            Err(TantivyError::OpenReadError(OpenReadError::FileDoesNotExist(_))) if look < LOOKS => look += 1,
            Err(source) => return Err(damaged(source)),
        }
    };
    let Some(first) = differing.iter().min() else {
        return Ok(());
    };
    Err(damaged(corruption(format!(
        "{} does not have its checksum",
        first.display()
    ))))
}

fn corruption(finding: String) -> TantivyError {
    TantivyError::DataCorruption(DataCorruption::comment_only(finding))
}
