//! Arguments of what asks about the code graph.

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Most calls that are followed.
const MAX_DEPTH: i64 = 50;

#[derive(Args, Debug)]
pub(crate) struct SymbolArgs {
    /// `name`, `Type.name`, `path#name` or `path:line`
    pub(crate) name: String,
    /// A directory inside the repository [default: the current one]
    #[arg(long, value_name = "PATH")]
    pub(crate) repo: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) ask: AskArgs,
    /// Calls that are followed [default: 1, with --impact 5]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MAX_DEPTH))]
    pub(crate) depth: Option<u32>,
    /// Most uses
    #[arg(long, short = 'n', value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=5000))]
    pub(crate) limit: u32,
    /// Uses to pass over, for the next page
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) offset: u32,
}

/// At most one question; none asks for the definition.
#[derive(Args, Debug)]
#[group(multiple = false)]
#[expect(clippy::struct_excessive_bools, reason = "flags, of which one may be given")]
pub(crate) struct AskArgs {
    /// Who calls it
    #[arg(long)]
    pub(crate) callers: bool,
    /// What it calls
    #[arg(long)]
    pub(crate) callees: bool,
    /// Who uses it in any way
    #[arg(long)]
    pub(crate) references: bool,
    /// Whom a change of it may reach, and which tests do
    #[arg(long)]
    pub(crate) impact: bool,
    /// What extends, implements or overrides it
    #[arg(long)]
    pub(crate) implementations: bool,
}

#[derive(Args, Debug)]
pub(crate) struct OutlineArgs {
    /// A file or a folder [default: the current one]
    pub(crate) path: Option<PathBuf>,
    /// Most tokens of the answer; what is nested deepest is left out first
    #[arg(long, value_name = "TOKENS", default_value_t = 4000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) budget: u32,
}

#[derive(Args, Debug)]
pub(crate) struct MapArgs {
    /// A directory inside the repository; what is below it is shown [default: the current one]
    #[arg(long, value_name = "PATH")]
    pub(crate) repo: Option<PathBuf>,
    /// Most tokens of the answer
    #[arg(long, value_name = "TOKENS", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) budget: u32,
}

#[derive(Args, Debug)]
pub(crate) struct AffectedArgs {
    /// A directory inside the repository [default: the current one]
    #[arg(long, value_name = "PATH")]
    pub(crate) repo: Option<PathBuf>,
    /// The revision that the working tree is compared with
    #[arg(long, value_name = "REV", default_value = "HEAD")]
    pub(crate) base: String,
    /// Calls that are followed
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=MAX_DEPTH))]
    pub(crate) depth: u32,
}

#[derive(Subcommand, Debug)]
pub(crate) enum GraphCommand {
    /// Print a symbol with its callers and callees, for other programs
    Export(ExportArgs),
}

#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    /// `name`, `Type.name`, `path#name` or `path:line`
    pub(crate) name: String,
    /// A directory inside the repository [default: the current one]
    #[arg(long, value_name = "PATH")]
    pub(crate) repo: Option<PathBuf>,
    /// The form
    #[arg(long, value_enum, default_value_t = GraphFormat::Dot)]
    pub(crate) format: GraphFormat,
    /// Calls that are followed in either direction
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=MAX_DEPTH))]
    pub(crate) depth: u32,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum GraphFormat {
    /// For Graphviz
    Dot,
    /// Nodes and edges
    Json,
}
