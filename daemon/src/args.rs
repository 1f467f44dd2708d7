//! The daemon's own flags. Users rarely type them: clients and service managers do.

use clap::Parser;
use std::path::PathBuf;

/// The codemem daemon. Clients start it by themselves; `codemem daemon run` runs it in the foreground.
#[derive(Parser, Debug, Default)]
#[command(name = "codememd", version, about)]
pub(crate) struct Args {
    /// Configuration file, instead of the user's
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Tell the client that listens there how start-up went, and leave its session
    #[arg(long, value_name = "SOCKET")]
    pub(crate) notify: Option<PathBuf>,

    /// A service manager runs this daemon: clients leave its life to the manager
    #[arg(long)]
    pub(crate) managed: bool,

    /// What is logged, as a tracing filter
    #[arg(long, value_name = "FILTER")]
    pub(crate) log: Option<String>,

    /// Seconds without work after which the daemon ends; 0 means never
    #[arg(long, value_name = "SECONDS")]
    pub(crate) idle_timeout: Option<u64>,

    /// Never fetch models or libraries
    #[arg(long)]
    pub(crate) offline: bool,
}
