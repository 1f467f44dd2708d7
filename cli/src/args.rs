//! The arguments, and nothing of what they do.

pub(crate) mod graph;
pub(crate) mod memory;

use crate::cmd::Level;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Most hits that may be asked for: of exact searches.
const MAX_LIMIT: i64 = 10_000;

/// Most tokens that an answer may have: more than any model reads at once.
const MAX_BUDGET: i64 = 1_000_000;

/// Search your code by meaning, words and symbols.
#[derive(Parser, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[command(name = "codemem", version, after_help = EXITS, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// Print the answer as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Do not start the daemon when it is not running
    #[arg(long, global = true)]
    pub(crate) no_autostart: bool,
    /// Say under which name the daemon's log has this request
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
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
    /// Show the whole of code that a search has named
    ///
    /// Code is named as a search shows it (`src/a.rs:10-42@3f2a`), as `path:line` or as `path#symbol`.
    Expand(ExpandArgs),
    /// Show where a symbol is defined, who uses it and what it uses
    Symbol(graph::SymbolArgs),
    /// Show what a file or a folder defines, signatures only
    Outline(graph::OutlineArgs),
    /// Show the symbols that a repository turns around, by folder
    Map(graph::MapArgs),
    /// Show which symbols, callers and tests a git diff touches
    Affected(graph::AffectedArgs),
    /// Take the code graph elsewhere
    #[command(subcommand)]
    Graph(graph::GraphCommand),
    /// Tell which project a directory belongs to
    #[command(subcommand)]
    Project(ProjectCommand),
    /// Delete what nothing refers to any more
    Prune(PruneArgs),
    /// Forget a directory and its index
    Remove(RemoveArgs),
    /// Show and reload the daemon's settings
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Start, stop and watch the daemon
    #[command(subcommand)]
    Daemon(DaemonCommand),
    /// Hand the daemon over to systemd or launchd, or take it back
    #[command(subcommand)]
    Service(ServiceCommand),
    /// Print a script that completes the arguments of this program
    Completions(CompletionsArgs),
    /// Look at everything codemem depends on, and say what to do where something is amiss
    Doctor(DoctorArgs),
    /// List the languages that are understood, add a grammar, remove one
    ///
    /// Without a command, lists the languages whose grammar is here and those that are only recognised.
    Languages(LanguagesArgs),
    /// List and import embedding models
    #[command(subcommand)]
    Model(ModelCommand),
    /// Store, find and keep what is worth remembering
    #[command(subcommand)]
    Memory(memory::MemoryCommand),
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
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct SearchArgs {
    /// What to look for: a question, words or a name; after `--` it may begin with a dash
    #[arg(required = true)]
    pub(crate) query: Vec<String>,
    /// Find every line that has the query as it stands, in every file as it is now
    #[arg(long, conflicts_with = "regex")]
    pub(crate) exact: bool,
    /// Find every line that matches the query as a regular expression; a query between slashes is one without this
    #[arg(long)]
    pub(crate) regex: bool,
    /// Of exact searches, let capitals equal small letters
    #[arg(long, short)]
    pub(crate) ignore_case: bool,
    /// Of exact searches, pass over so many hits, which come in a fixed order
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) offset: u32,
    /// A directory inside a repository to search; may be given again [default: the current one]
    #[arg(long, value_name = "PATH")]
    pub(crate) repo: Vec<PathBuf>,
    /// Search every indexed directory
    #[arg(long, conflicts_with = "repo")]
    pub(crate) all: bool,
    /// Most hits
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=MAX_LIMIT))]
    pub(crate) limit: u32,
    /// Most tokens of the answer: snippets are cut for it, the first hits' least [default: 1000, of exact searches none]
    #[arg(long, value_name = "TOKENS", value_parser = clap::value_parser!(u32).range(1..=MAX_BUDGET))]
    pub(crate) budget: Option<u32>,
    /// Only files of this language, or of one of several; `codemem languages` lists them
    #[arg(long, value_name = "L")]
    pub(crate) lang: Vec<String>,
    /// Only paths that match this glob, or one of several, relative to the repository, as in `src/**/*.rs`; with `!` before
    /// it, only others
    #[arg(long, value_name = "GLOB")]
    pub(crate) path: Vec<String>,
    /// Only symbols of this kind, or of one of several, as in `function` or `class`
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Vec<String>,
    /// Only tests, or everything else
    #[arg(long, value_enum, value_name = "WHICH")]
    pub(crate) tests: Option<TestsArg>,
    /// Show of each hit which features made its score
    #[arg(long)]
    pub(crate) explain: bool,
    /// Show of each hit the definitions that it calls and its callers, and methods with the same signature once
    #[arg(long, conflicts_with_all = ["exact", "regex"])]
    pub(crate) expand: bool,
    /// Show beside hits the memories of this session as well, as the agent names it
    #[arg(long, value_name = "ID")]
    pub(crate) session: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct ExpandArgs {
    /// What names the code
    #[arg(required = true, value_name = "HANDLE")]
    pub(crate) handles: Vec<String>,
    /// A directory inside the repository that paths are relative to; may be given again [default: the current one]
    #[arg(long, value_name = "PATH")]
    pub(crate) repo: Vec<PathBuf>,
    /// Look into every indexed directory
    #[arg(long, conflicts_with = "repo")]
    pub(crate) all: bool,
    /// Most tokens of the answer; what does not fit is named
    #[arg(long, value_name = "TOKENS", default_value_t = 4000, value_parser = clap::value_parser!(u32).range(1..=MAX_BUDGET))]
    pub(crate) budget: u32,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug)]
pub(crate) enum TestsArg {
    /// Tests and their helpers alone
    Only,
    /// Everything but tests
    Without,
}

#[derive(Subcommand, Debug)]
pub(crate) enum ProjectCommand {
    /// Show the project and working tree that a path belongs to, and by which rule
    Explain(ExplainArgs),
}

#[derive(Args, Debug)]
pub(crate) struct ExplainArgs {
    /// A path, which need not be there [default: the current directory]
    pub(crate) path: Option<PathBuf>,
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

#[derive(Args, Debug)]
pub(crate) struct DoctorArgs {
    /// Of the stores, only those of the repository at this path
    #[arg(long, value_name = "PATH")]
    pub(crate) repo: Option<PathBuf>,
}

#[derive(Subcommand, Debug)]
pub(crate) enum ConfigCommand {
    /// Show every key, its value and where that came from
    Show,
    /// Print the path of the configuration file
    Path,
    /// Read the configuration again, as SIGHUP does
    Reload,
    /// Write an example of every key, commented out, where no file is yet
    Init,
}

#[derive(Args, Debug)]
pub(crate) struct LanguagesArgs {
    #[command(subcommand)]
    pub(crate) command: Option<LanguagesCommand>,
}

#[derive(Subcommand, Debug)]
pub(crate) enum LanguagesCommand {
    /// Add the grammar of a language that is recognised
    ///
    /// A grammar is code that runs inside the daemon: add only what you trust.
    Add(AddLanguageArgs),
    /// Remove a grammar that was added
    Remove(RemoveLanguageArgs),
}

#[derive(Args, Debug)]
pub(crate) struct AddLanguageArgs {
    /// The language, as `codemem languages` names it
    pub(crate) name: String,
    /// A compiled grammar, or the directory of one or of a grammar's source [default: fetch it]
    #[arg(long, value_name = "PATH")]
    pub(crate) from: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct RemoveLanguageArgs {
    /// The language
    pub(crate) name: String,
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
    /// Change what it logs, until it ends or is told to follow its configuration again
    LogLevel(LogLevelArgs),
}

#[derive(Subcommand, Debug)]
pub(crate) enum ServiceCommand {
    /// Write the service's files for this installation, and enable it
    Install(ServiceInstallArgs),
    /// Stop the service, and remove what install wrote
    Uninstall,
    /// Show what is installed, what the manager says of it, and which daemon runs
    Status,
}

#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that a user types")]
pub(crate) struct ServiceInstallArgs {
    /// Listen at once, which is the default; a daemon started by a client ends
    #[arg(long, conflicts_with = "no_start")]
    pub(crate) now: bool,
    /// Listen only from the next login on
    #[arg(long)]
    pub(crate) no_start: bool,
    /// Show the files and the commands, write and run nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Replace files that something else wrote
    #[arg(long)]
    pub(crate) force: bool,
    /// Let the daemon write its own directories only (systemd)
    #[arg(long)]
    pub(crate) hardened: bool,
}

#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Args, Debug)]
pub(crate) struct LogsArgs {
    /// How many lines
    #[arg(long, short = 'n', value_name = "N", default_value_t = 100)]
    pub(crate) lines: usize,
    /// Only lines of this request; `--verbose` and errors tell its name
    #[arg(long, value_name = "ID")]
    pub(crate) request: Option<String>,
    /// Only lines of this level, and of more important ones
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(crate) level: Option<Level>,
    /// Go on printing as the log grows
    #[arg(long, short)]
    pub(crate) follow: bool,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct LogLevelArgs {
    /// A tracing filter, as in `debug` or `info,codemem_engine=debug`
    pub(crate) filter: Option<String>,
    /// Follow the configured filter again
    #[arg(long)]
    pub(crate) reset: bool,
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
            "codemem search --expand --budget 2000 where",
            "codemem search --exact -i --offset 20 --limit 10000 -- --flag",
            "codemem search --regex fn\\s+main",
            "codemem search --repo /a --repo /b --lang rust --lang go --path src --path !*.md --kind function x",
            "codemem search --all --budget 2000 --tests without x",
            "codemem expand src/a.rs:10-42@3f2a src/a.rs#run --repo /a --repo /b --budget 500 --json",
            "codemem expand --all a/src/a.rs:10",
            "codemem prune --dry-run",
            "codemem project explain",
            "codemem project explain /x --json",
            "codemem remove /x",
            "codemem daemon start --no-autostart",
            "codemem doctor --repo /x --json",
            "codemem service install --now --hardened --force --json",
            "codemem service install --dry-run --no-start",
            "codemem service uninstall",
            "codemem service status --json",
            "codemem completions bash",
            "codemem daemon stop",
            "codemem daemon restart",
            "codemem daemon run",
            "codemem daemon logs -n 20 -f",
            "codemem daemon logs --request 3f2a --level warn",
            "codemem daemon log-level info,codemem_engine=debug",
            "codemem daemon log-level --reset",
            "codemem config show --json",
            "codemem config path",
            "codemem config reload -v",
            "codemem config init",
            "codemem languages -q",
            "codemem languages --json",
            "codemem languages add ini --from /x",
            "codemem languages add ini --json",
            "codemem languages remove ini",
            "codemem model list",
            "codemem model import /m --name mine",
            "codemem memory add --project /p --level PROJECT_CONTEXT --tag a --tag b --anchor x#y -- the content",
            "codemem memory add --level session_state --session s --kind todo --expires 30d --supersedes 3f2a --redact -",
            "codemem memory add --level USER_PREFERENCE",
            "codemem memory import --project /p --json /f.jsonl",
            "codemem memory import --project /p --redact -",
            "codemem --json memory import /f.jsonl",
            "codemem memory find --project /p --limit 10 --json -- a query",
            "codemem memory find --project /p --limit 10 --json --no-gate -- --query",
            "codemem memory find -n 3 --level PROJECT_CONTEXT --level SESSION_STATE --kind fact --tag a --since 7d x",
            "codemem memory find --until 2026-11-02 --budget 800 --no-floor --explain --session s x",
            "codemem memory get 3f2a --history --json",
            "codemem memory list --state proposed --after x --limit 1",
            "codemem memory edit 3f2a",
            "codemem memory edit 3f2a --tag a --kind fact --no-anchors --version 2 -- new content",
            "codemem memory rm 3f2a --backup /b.db",
            "codemem memory confirm 3f2a",
            "codemem memory export --format markdown --level PROJECT_CONTEXT",
            "codemem memory export --all-projects",
            "codemem memory backup",
            "codemem memory backup /b.db --json",
            "codemem memory restore /b.db",
            "codemem memory stats --json",
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
            "codemem search --limit 10001 x",
            "codemem search --exact --regex x",
            "codemem search --exact --expand x",
            "codemem search --offset -1 x",
            "codemem search --limit many x",
            "codemem search --all --repo /a x",
            "codemem search --budget 0 x",
            "codemem search --tests maybe x",
            "codemem expand",
            "codemem expand --all --repo /a src/a.rs:1",
            "codemem remove",
            "codemem project",
            "codemem project explain a b",
            "codemem daemon",
            "codemem service",
            "codemem service install --now --no-start",
            "codemem completions",
            "codemem completions csh",
            "codemem daemon log-level",
            "codemem daemon log-level debug --reset",
            "codemem daemon logs --level loud",
            "codemem config",
            "codemem status -v -q",
            "codemem model import",
            "codemem languages add",
            "codemem languages remove",
            "codemem memory",
            "codemem memory add -- no level",
            "codemem memory add --level EVERYTHING -- x",
            "codemem memory add --level PROJECT_CONTEXT --kind rumour -- x",
            "codemem memory add --level PROJECT_CONTEXT --expires soon -- x",
            "codemem memory find",
            "codemem memory find --limit 0 x",
            "codemem memory find --limit 101 x",
            "codemem memory import --json=/f",
            "codemem memory import",
            "codemem memory edit 3f2a --tag a --no-tags",
            "codemem memory edit 3f2a content without dashes",
            "codemem memory rm",
            "codemem memory rm a b",
            "codemem memory export --format xml",
            "codemem memory export --all-projects --project /p",
            "codemem memory restore",
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
