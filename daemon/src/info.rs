//! What the daemon knows of itself.

use std::path::PathBuf;
use std::time::Instant;

/// Facts about this process, as Hello and Status report them.
#[derive(Clone, Debug)]
pub(crate) struct DaemonInfo {
    pub(crate) started: Instant,
    pub(crate) socket: PathBuf,
    pub(crate) data_dir: PathBuf,
    pub(crate) log_file: PathBuf,
    pub(crate) managed: bool,
}

/// Resident memory in bytes; 0 where the system does not tell.
pub(crate) fn rss_bytes() -> u64 {
    // The second field of statm is the resident set in pages.
    let pages = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|text| text.split_whitespace().nth(1)?.parse::<u64>().ok());
    pages.map_or(0, |pages| pages * rustix::param::page_size() as u64)
}
