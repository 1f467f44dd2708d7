//! Why a file is not in the index. Every skipped file is counted under exactly one of these.

use std::fmt;

/// Bytes looked at to tell text from binary: what git looks at.
pub const SNIFFED: usize = 8 * 1024;

/// Whether bytes are no text, as git and grep see it: there is a NUL among the first [`SNIFFED`].
pub fn is_binary(bytes: &[u8]) -> bool {
    bytes[..bytes.len().min(SNIFFED)].contains(&0)
}

/// The reason a file was left out.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum SkipReason {
    /// Holds NUL bytes or is mostly not text.
    Binary,
    /// Lines far longer than anybody writes.
    Minified,
    /// Says of itself that a program wrote it, or is a lock file.
    Generated,
    /// Over the size limit.
    TooLarge,
    /// Could not be read; the log says why.
    Unreadable,
    /// Its name is not UTF-8, so no answer could name it.
    BadName,
    /// A symbolic link, socket, pipe or device.
    NotAFile,
    /// The extractor failed on it; the log says how.
    Failed,
}

impl SkipReason {
    /// All reasons, in the order in which they are shown.
    pub const ALL: [Self; 8] = [
        Self::Binary,
        Self::Minified,
        Self::Generated,
        Self::TooLarge,
        Self::Unreadable,
        Self::BadName,
        Self::NotAFile,
        Self::Failed,
    ];

    /// The stable name: in JSON answers, on the wire and in the catalog.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Minified => "minified",
            Self::Generated => "generated",
            Self::TooLarge => "too_large",
            Self::Unreadable => "unreadable",
            Self::BadName => "bad_name",
            Self::NotAFile => "not_a_file",
            Self::Failed => "failed",
        }
    }

    /// The reason with that stable name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
