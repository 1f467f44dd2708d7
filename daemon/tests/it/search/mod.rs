//! Searches with the built binaries: exact ones and by meaning.

mod answers;
mod exact;
mod hop;
mod ranking;
