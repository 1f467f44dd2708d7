//! The ONNX Runtime library: which one is used, and getting it.

use super::files::{self, Staging};
use super::pins::{self, LibraryPin, ONNXRUNTIME};
use super::{AssetConfig, pip};
use crate::error::EmbedError;
use crate::manifest::{FileRecord, MANIFEST};
use crate::progress::Progress;
use crate::runtime;
use serde::{Deserialize, Serialize};
use std::env::consts::{ARCH, OS};
use std::fs;
use std::path::{Path, PathBuf};

/// The record beside the library: which one is used and what it was when it was checked.
#[derive(Debug, Serialize, Deserialize)]
struct LibraryRecord {
    /// A file name in this directory, or the absolute path of a library that a person gave.
    path: PathBuf,
    /// The path as the person gave it; empty when it was fetched.
    given: PathBuf,
    #[serde(flatten)]
    file: FileRecord,
}

/// The directory of the library and its record.
pub(super) struct Library<'a> {
    pub(super) config: &'a AssetConfig,
    pub(super) offline: bool,
    pub(super) dir: PathBuf,
}

impl Library<'_> {
    /// What is called missing when it is.
    pub(super) fn describe() -> String {
        format!("onnxruntime {ONNXRUNTIME}")
    }

    /// The library in use, when it is there in its recorded size.
    pub(super) fn find(&self) -> Option<PathBuf> {
        let (record, path) = self.recorded()?;
        let wanted = self
            .config
            .onnxruntime
            .as_ref()
            .is_none_or(|given| *given == record.given);
        let same_size = fs::metadata(&path).is_ok_and(|metadata| metadata.len() == record.file.bytes);
        (wanted && same_size).then_some(path)
    }

    fn recorded(&self) -> Option<(LibraryRecord, PathBuf)> {
        let text = fs::read(self.dir.join(MANIFEST)).ok()?;
        let record: LibraryRecord = serde_json::from_slice(&text).ok()?;
        // An absolute path replaces the directory.
        let path = self.dir.join(&record.path);
        Some((record, path))
    }

    /// Gets the library and loads it: the given one, the one that is there, or a fetched one.
    /// `thorough` hashes the one that is there again.
    pub(super) fn ensure(
        &self,
        given: Option<&Path>,
        thorough: bool,
        progress: Progress<'_>,
    ) -> Result<PathBuf, EmbedError> {
        if let Some(given) = given {
            return self.take(given, progress);
        }
        if let Some(path) = self.find()
            && (!thorough || self.unchanged(&path, progress)?)
        {
            runtime::environment(&path)?;
            return Ok(path);
        }
        if let Some(again) = self.config.onnxruntime.clone().or_else(|| self.given_before()) {
            return self.take(&again, progress);
        }
        let pin = pins::library().ok_or(EmbedError::Platform { os: OS, arch: ARCH })?;
        let path = self.dir.join(pin.file);
        if !is_pinned(pin, &path, progress)? {
            self.fetch(pin, &path, progress)?;
        }
        self.adopt(&path, PathBuf::from(pin.file), PathBuf::new(), progress)?;
        Ok(path)
    }

    /// A library that a person gave to an earlier setup and that is still there, changed or not.
    fn given_before(&self) -> Option<PathBuf> {
        let (record, path) = self.recorded()?;
        (!record.given.as_os_str().is_empty() && path.is_file()).then_some(record.given)
    }

    fn unchanged(&self, path: &Path, progress: Progress<'_>) -> Result<bool, EmbedError> {
        let found = files::record_file(path, progress)?;
        Ok(self.recorded().is_some_and(|(record, _)| record.file == found))
    }

    /// A library that a person gave stays where it is; any that loads will do.
    fn take(&self, given: &Path, progress: Progress<'_>) -> Result<PathBuf, EmbedError> {
        let path = fs::canonicalize(given).map_err(EmbedError::read(given))?;
        if !path.is_file() {
            return Err(EmbedError::Library {
                path,
                source: "it is not a file".into(),
            });
        }
        self.adopt(&path, path.clone(), given.to_owned(), progress)?;
        Ok(path)
    }

    /// Loads a library and, if that works, records it as the one in use.
    fn adopt(&self, path: &Path, recorded: PathBuf, given: PathBuf, progress: Progress<'_>) -> Result<(), EmbedError> {
        let file = files::record_file(path, progress)?;
        runtime::environment(path)?;
        let record = LibraryRecord {
            path: recorded,
            given,
            file,
        };
        let json = serde_json::to_vec_pretty(&record).expect("a record is plain data");
        files::replace(&self.dir.join(MANIFEST), &json)
    }

    fn fetch(&self, pin: &LibraryPin, path: &Path, progress: Progress<'_>) -> Result<(), EmbedError> {
        let subject = Self::describe();
        if self.offline {
            return Err(EmbedError::Offline { subject });
        }
        let staging = Staging::new(&self.dir)?;
        let unpacked = pip::fetch(self.config.python(), &pin.wheel, staging.path(), progress)?;
        let library = unpacked.join(pin.member);
        let record = files::record_file(&library, progress)?;
        files::expect_hash(&library, pin.sha256, &record.sha256)?;
        fs::rename(&library, path).map_err(EmbedError::write(path))
    }
}

fn is_pinned(pin: &LibraryPin, path: &Path, progress: Progress<'_>) -> Result<bool, EmbedError> {
    Ok(path.is_file() && files::record_file(path, progress)?.sha256 == pin.sha256)
}
