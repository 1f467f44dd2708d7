//! The arguments, and nothing of what they do.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Most hits that may be asked for.
const MAX_LIMIT: i64 = 1000;

/// Search your code by meaning, words and symbols.
#[derive(Parser, Debug)]
#[command(name = "codemem", version, after_help = EXITS, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// Print the answer as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Do not start the daemon when it is not running
    #[arg(long, global = true)]
    pub(crate) no_autostart: bool,
    /// Print neither progress nor remarks
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXITS: &str = "Exit codes: 0 success, 1 nothing found, 2 usage, 3 daemon, 4 data, 130 interrupted.";

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Fetch the runtime library and the model, or take the ones you have
    Setup(SetupArgs),
    /// Index a directory, or bring its index up to date
    ///
    /// Returns when every file is searchable by words and symbols; vectors follow in the background
    /// unless --wait asks for them. Ctrl-C stops watching, not indexing.
    Index(IndexArgs),
    /// Show what is indexed, how far it is and what it costs
    Status,
    /// Find code
    Search(SearchArgs),
    /// Delete what nothing refers to any more
    Prune(PruneArgs),
    /// Forget a directory and its index
    Remove(RemoveArgs),
    /// Start, stop and watch the daemon
    #[command(subcommand)]
    Daemon(DaemonCommand),
    /// List the languages that are understood
    Languages,
    /// List and import embedding models
    #[command(subcommand)]
    Model(ModelCommand),
}

#[derive(Args, Debug)]
pub(crate) struct SetupArgs {
    /// Use this libonnxruntime instead of fetching one
    #[arg(long, value_name = "PATH")]
    pub(crate) onnxruntime: Option<PathBuf>,
    /// Use the model in this sentence-transformers folder instead of fetching one
    #[arg(long, value_name = "DIR")]
    pub(crate) model_dir: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct IndexArgs {
    /// The directory [default: the current one]
    pub(crate) path: Option<PathBuf>,
    /// Wait until every chunk has its vector as well
    #[arg(long, conflicts_with = "wait_lexical")]
    pub(crate) wait: bool,
    /// Wait until every file is searchable by words and symbols (the default)
    #[arg(long)]
    pub(crate) wait_lexical: bool,
    /// Read every file again; allow / and the home directory
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Args, Debug)]
pub(crate) struct SearchArgs {
    /// What to look for: a question, words or a name; after `--` it may begin with a dash
    #[arg(required = true)]
    pub(crate) query: Vec<String>,
    /// A directory inside the repository to search [default: the current one]
    #[arg(long, value_name = "PATH")]
    pub(crate) repo: Option<PathBuf>,
    /// Most hits
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=MAX_LIMIT))]
    pub(crate) limit: u32,
    /// Only files of this language; `codemem languages` lists them
    #[arg(long, value_name = "L")]
    pub(crate) lang: Option<String>,
    /// Only paths that match this glob, relative to the repository, as in `src/**/*.rs`
    #[arg(long, value_name = "GLOB")]
    pub(crate) path: Option<String>,
    /// Show of each hit which features made its score
    #[arg(long)]
    pub(crate) explain: bool,
}

#[derive(Args, Debug)]
pub(crate) struct PruneArgs {
    /// Count, delete nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Args, Debug)]
pub(crate) struct RemoveArgs {
    /// The registered directory
    pub(crate) path: PathBuf,
}

#[derive(Subcommand, Debug)]
pub(crate) enum DaemonCommand {
    /// Start it if it is not running
    Start,
    /// End it
    Stop,
    /// End it and start it again
    Restart,
    /// Run it in the foreground
    Run,
    /// Print the end of its log
    Logs(LogsArgs),
}

#[derive(Args, Debug)]
pub(crate) struct LogsArgs {
    /// How many lines
    #[arg(long, short = 'n', value_name = "N", default_value_t = 100)]
    pub(crate) lines: usize,
    /// Go on printing as the log grows
    #[arg(long, short)]
    pub(crate) follow: bool,
}

#[derive(Subcommand, Debug)]
pub(crate) enum ModelCommand {
    /// List the installed models
    List,
    /// Turn a sentence-transformers folder into a model
    Import(ImportArgs),
}

#[derive(Args, Debug)]
pub(crate) struct ImportArgs {
    /// The folder
    pub(crate) dir: PathBuf,
    /// Name under which it is kept [default: the folder's]
    #[arg(long)]
    pub(crate) name: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn lines_that_are_understood() {
        for line in [
            "codemem setup --onnxruntime lib.so --model-dir m",
            "codemem index",
            "codemem index . --wait --json",
            "codemem --json index --wait-lexical --force /x",
            "codemem status --json",
            "codemem search --json --repo /x --limit 3 --lang rust --path src/** -- --dashes first",
            "codemem search where is it --limit 5",
            "codemem search --explain where",
            "codemem prune --dry-run",
            "codemem remove /x",
            "codemem daemon start --no-autostart",
            "codemem daemon stop",
            "codemem daemon restart",
            "codemem daemon run",
            "codemem daemon logs -n 20 -f",
            "codemem languages -q",
            "codemem model list",
            "codemem model import /m --name mine",
        ] {
            parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
    }

    #[test]
    fn lines_that_are_refused() {
        for line in [
            "codemem",
            "codemem index --wait --wait-lexical",
            "codemem index a b",
            "codemem search",
            "codemem search --limit 0 x",
            "codemem search --limit 1001 x",
            "codemem search --limit many x",
            "codemem remove",
            "codemem daemon",
            "codemem model import",
            "codemem nonsense",
        ] {
            assert_eq!(parse(line).expect_err(line).exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn a_query_may_be_words_and_may_begin_with_dashes() {
        let query = |line: &str| match parse(line).expect("understood").command {
            Command::Search(args) => (args.query.join(" "), args.limit),
            other => panic!("{other:?}"),
        };
        assert_eq!(query("codemem search where is it"), ("where is it".to_owned(), 10));
        assert_eq!(query("codemem search -n 2 -- --json -x"), ("--json -x".to_owned(), 2));
    }
}
