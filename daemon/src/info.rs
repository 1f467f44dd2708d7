//! What the daemon knows of itself.

use codemem_proto::dirs::Directories;
use std::path::PathBuf;
use std::time::Instant;

/// Facts about this process, as Hello and Status report them.
#[derive(Clone, Debug)]
pub(crate) struct DaemonInfo {
    pub(crate) started: Instant,
    pub(crate) socket: PathBuf,
    pub(crate) data_dir: PathBuf,
    pub(crate) directories: Directories,
    pub(crate) managed: bool,
    /// Whether nothing that is stored is changed.
    pub(crate) is_read_only: bool,
}
