//! The arguments of `codemem memory`.

use clap::{Args, Subcommand, ValueEnum};
use codemem_proto::time;
use codemem_proto::v1;
use std::path::PathBuf;

/// Most memories that a question is answered with.
const MAX_HITS: i64 = 100;

/// Most memories of a list.
const MAX_LISTED: i64 = 1000;

/// Most tokens that an answer may be limited to.
const MAX_BUDGET: i64 = 1_000_000;

/// Longest span of time, in days: a century.
const MAX_DAYS: i64 = 36_500;

#[derive(Subcommand, Debug)]
pub(crate) enum MemoryCommand {
    /// Store a memory and print its id
    Add(AddArgs),
    /// Find what answers a question
    ///
    /// Nothing rather than noise: what is only loosely related is kept back. With --json an empty answer exits with 0.
    Find(FindArgs),
    /// Print one memory
    Get(GetArgs),
    /// List memories, newest first
    List(ListArgs),
    /// Change a memory; the former version is kept
    ///
    /// With nothing to change given, on a terminal, its content opens in $VISUAL or $EDITOR.
    Edit(EditArgs),
    /// Delete a memory and all its versions, for good
    Rm(RmArgs),
    /// Say that a memory still holds; turns one that an agent proposed into one that counts
    Confirm(ConfirmArgs),
    /// Store many from JSON lines or a Markdown export
    Import(ImportArgs),
    /// Print memories so that import takes them again
    Export(ExportArgs),
    /// Copy the database while it is in use
    Backup(BackupArgs),
    /// Put a backup in the place of what is stored, which is kept as a backup itself
    Restore(RestoreArgs),
    /// Show counts, sizes and what is wrong with the store
    Stats(StatsArgs),
}

/// Who asks: decides what may be read and where something is stored.
#[derive(Args, Clone, Debug)]
pub(crate) struct WhoArgs {
    /// A directory in the project [default: the current one]
    #[arg(long, value_name = "DIR")]
    pub(crate) project: Option<PathBuf>,
    /// The session, as the agent names it; without it, nothing of a session is read or stored
    #[arg(long, value_name = "ID")]
    pub(crate) session: Option<String>,
}

/// Which memories count.
#[derive(Args, Clone, Debug)]
pub(crate) struct FilterArgs {
    /// Only of this level; may be repeated
    #[arg(long = "level", value_name = "LEVEL", value_enum, ignore_case = true)]
    pub(crate) levels: Vec<Level>,
    /// Only of this kind; may be repeated
    #[arg(long = "kind", value_name = "KIND", value_enum, ignore_case = true)]
    pub(crate) kinds: Vec<Kind>,
    /// Only with this tag; repeated: with all of them
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// Only created at or after: a time, or how long ago, as in 2026-11-02 or 7d
    #[arg(long, value_name = "WHEN", value_parser = When::parse)]
    pub(crate) since: Option<When>,
    /// Only created before: a time, or how long ago
    #[arg(long, value_name = "WHEN", value_parser = When::parse)]
    pub(crate) until: Option<When>,
}

#[derive(Args, Debug)]
pub(crate) struct AddArgs {
    /// What to remember; `-` or nothing reads it from standard input
    pub(crate) content: Vec<String>,
    #[command(flatten)]
    pub(crate) who: WhoArgs,
    /// Who may read it: you in every project, this project, or one session of it
    #[arg(long, value_enum, ignore_case = true)]
    pub(crate) level: Level,
    /// A label of a-z 0-9 . _ : / - up to 64 long; may be repeated, at most 16
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,
    /// The code it is about: a path, a symbol or path#symbol; may be repeated, at most 16
    #[arg(long = "anchor", value_name = "SYMBOL|PATH")]
    pub(crate) anchors: Vec<String>,
    /// What it is
    #[arg(long, value_enum, ignore_case = true, default_value = "note")]
    pub(crate) kind: Kind,
    /// When it is gone: a time, or after how long, as in 2027-01-31, 12h or 30d
    #[arg(long, value_name = "WHEN", value_parser = When::parse)]
    pub(crate) expires: Option<When>,
    /// The id of the memory whose place it takes, or a beginning of it that no other has; 6 characters at least
    #[arg(long, value_name = "ID")]
    pub(crate) supersedes: Option<String>,
    /// Store what is left when secrets are taken out, instead of refusing it
    #[arg(long)]
    pub(crate) redact: bool,
}

#[derive(Args, Debug)]
pub(crate) struct FindArgs {
    /// A question, words or a whole prompt; after `--` it may begin with a dash
    #[arg(required = true)]
    pub(crate) query: Vec<String>,
    #[command(flatten)]
    pub(crate) who: WhoArgs,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    /// Most memories
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=MAX_HITS))]
    pub(crate) limit: u32,
    /// Most tokens of all contents together, four bytes each; what does not fit is named by its id
    #[arg(long, value_name = "TOKENS", value_parser = clap::value_parser!(u32).range(1..=MAX_BUDGET))]
    pub(crate) budget: Option<u32>,
    /// Search also where remembering anything would hardly help
    #[arg(long)]
    pub(crate) no_gate: bool,
    /// Show also what is only loosely related
    #[arg(long)]
    pub(crate) no_floor: bool,
    /// Show of each memory which features made its score
    #[arg(long)]
    pub(crate) explain: bool,
}

#[derive(Args, Debug)]
pub(crate) struct GetArgs {
    /// The id, or a beginning of it that no other has
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) who: WhoArgs,
    /// Print former versions as well
    #[arg(long)]
    pub(crate) history: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) who: WhoArgs,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    /// Only in this state; may be repeated [default: active]
    #[arg(long = "state", value_name = "STATE", value_enum)]
    pub(crate) states: Vec<State>,
    /// Most memories
    #[arg(long, short = 'n', value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=MAX_LISTED))]
    pub(crate) limit: u32,
    /// Go on where a list ended: what it printed as next
    #[arg(long, value_name = "NEXT")]
    pub(crate) after: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct EditArgs {
    /// The id, or a beginning of it that no other has
    pub(crate) id: String,
    /// The new content, after `--`; `-` reads it from standard input
    #[arg(last = true)]
    pub(crate) content: Vec<String>,
    #[command(flatten)]
    pub(crate) who: WhoArgs,
    /// A tag; those given replace all that it has
    #[arg(long = "tag", value_name = "TAG", conflicts_with = "no_tags")]
    pub(crate) tags: Vec<String>,
    /// Take all tags away
    #[arg(long)]
    pub(crate) no_tags: bool,
    /// What it is
    #[arg(long, value_enum, ignore_case = true)]
    pub(crate) kind: Option<Kind>,
    /// The code it is about; those given replace all that it has
    #[arg(long = "anchor", value_name = "SYMBOL|PATH", conflicts_with = "no_anchors")]
    pub(crate) anchors: Vec<String>,
    /// Take all anchors away
    #[arg(long)]
    pub(crate) no_anchors: bool,
    /// Only if it is at this version
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) version: Option<u32>,
    /// Store what is left when secrets are taken out, instead of refusing it
    #[arg(long)]
    pub(crate) redact: bool,
}

#[derive(Args, Debug)]
pub(crate) struct RmArgs {
    /// The id, or a beginning of it that no other has
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) who: WhoArgs,
    /// Copy the database to this file first
    #[arg(long, value_name = "FILE")]
    pub(crate) backup: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct ConfirmArgs {
    /// The id, or a beginning of it that no other has
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) who: WhoArgs,
}

#[derive(Args, Debug)]
pub(crate) struct ImportArgs {
    /// JSON lines, or what `memory export --format markdown` printed; `-` is standard input
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) who: WhoArgs,
    /// Store what is left when secrets are taken out, instead of refusing it
    #[arg(long)]
    pub(crate) redact: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    pub(crate) who: WhoArgs,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    /// In which form
    #[arg(long, value_enum, default_value = "jsonl")]
    pub(crate) format: Format,
    /// Of every project and session
    #[arg(long, conflicts_with_all = ["project", "session"])]
    pub(crate) all_projects: bool,
}

#[derive(Args, Debug)]
pub(crate) struct BackupArgs {
    /// A file that is not there yet [default: beside the database, by date]
    pub(crate) file: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct RestoreArgs {
    /// The backup
    pub(crate) file: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct StatsArgs {
    #[command(flatten)]
    pub(crate) who: WhoArgs,
}

/// Who may read a memory.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Level {
    /// About you; every project reads it
    #[value(name = "USER_PREFERENCE")]
    UserPreference,
    /// About one project; nobody else reads it
    #[value(name = "PROJECT_CONTEXT")]
    ProjectContext,
    /// About one session of one project
    #[value(name = "SESSION_STATE")]
    SessionState,
}

impl From<Level> for v1::ContextLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::UserPreference => Self::UserPreference,
            Level::ProjectContext => Self::ProjectContext,
            Level::SessionState => Self::SessionState,
        }
    }
}

/// What a memory is.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// What was chosen, and why
    Decision,
    /// How things are done here
    Convention,
    /// What is so
    Fact,
    /// What went wrong, and what to do instead
    Mistake,
    /// What is still to be done
    Todo,
    /// Anything else
    Note,
}

impl From<Kind> for v1::MemoryKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Decision => Self::Decision,
            Kind::Convention => Self::Convention,
            Kind::Fact => Self::Fact,
            Kind::Mistake => Self::Mistake,
            Kind::Todo => Self::Todo,
            Kind::Note => Self::Note,
        }
    }
}

/// Where a memory is in its life.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    /// Searches show it
    Active,
    /// An agent wrote it for all projects; it waits for `memory confirm`
    Proposed,
    /// A newer one has taken its place
    Superseded,
}

impl From<State> for v1::MemoryState {
    fn from(state: State) -> Self {
        match state {
            State::Active => Self::Active,
            State::Proposed => Self::Proposed,
            State::Superseded => Self::Superseded,
        }
    }
}

/// How memories are exported.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Format {
    /// One JSON object a line
    Jsonl,
    /// For reading and editing
    Markdown,
}

/// A point in time, or a distance from now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum When {
    /// Milliseconds since 1970.
    At(i64),
    /// Milliseconds.
    Span(i64),
}

impl When {
    fn parse(text: &str) -> Result<Self, String> {
        time::parse(text).map(Self::At).or_else(|| span(text)).ok_or_else(|| {
            "give a time as in 2026-11-02 or 2026-11-02T09:15:00Z, or a span as in 90m, 12h, 30d or 4w".to_owned()
        })
    }

    /// The time meant, where a span leads into the past.
    pub(crate) fn ago(self, now: i64) -> i64 {
        match self {
            Self::At(ms) => ms,
            Self::Span(ms) => now.saturating_sub(ms),
        }
    }

    /// The time meant, where a span leads into the future.
    pub(crate) fn ahead(self, now: i64) -> i64 {
        match self {
            Self::At(ms) => ms,
            Self::Span(ms) => now.saturating_add(ms),
        }
    }
}

fn span(text: &str) -> Option<When> {
    let unit = text.chars().next_back()?;
    let minutes = match unit {
        'm' => 1,
        'h' => 60,
        'd' => 24 * 60,
        'w' => 7 * 24 * 60,
        _ => return None,
    };
    let digits = &text[..text.len() - 1];
    let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number: i64 = is_plain.then(|| digits.parse().ok())??;
    let minutes = number.checked_mul(minutes)?;
    (minutes > 0 && minutes <= MAX_DAYS * 24 * 60).then_some(When::Span(minutes * 60_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_spans() {
        const HOUR: i64 = 3_600_000;
        for (text, ago, ahead) in [
            ("90m", 1_000 * HOUR - 3 * HOUR / 2, 1_000 * HOUR + 3 * HOUR / 2),
            ("12h", 988 * HOUR, 1_012 * HOUR),
            ("2d", 952 * HOUR, 1_048 * HOUR),
            ("1w", 832 * HOUR, 1_168 * HOUR),
            ("1970-01-02", 24 * HOUR, 24 * HOUR),
            ("1970-01-02T01:00:00+01:00", 24 * HOUR, 24 * HOUR),
        ] {
            let when = When::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(
                (when.ago(1_000 * HOUR), when.ahead(1_000 * HOUR)),
                (ago, ahead),
                "{text}"
            );
        }
        for text in [
            "",
            "d",
            "0d",
            "-1d",
            "1y",
            "1.5h",
            "99999999999999999999d",
            "36501d",
            "soon",
            "1é",
        ] {
            assert!(When::parse(text).is_err(), "{text}");
        }
    }
}
