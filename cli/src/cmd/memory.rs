//! `codemem memory`: store, find and keep what is worth remembering. One file per verb; what may be stored and what is
//! found is decided in the daemon alone.

mod add;
mod backup;
mod confirm;
mod edit;
mod export;
mod find;
mod get;
mod import;
mod list;
mod restore;
mod rm;
mod stats;
mod transfer;

use super::{bounded, now_ms};
use crate::args::memory::{FilterArgs, MemoryCommand, WhoArgs};
use crate::context::{Context, wire_path_or_here};
use crate::error::{CliError, Exit};
use crate::output::Output;
use codemem_proto::v1::{ContextLevel, MemoryCaller, MemoryFilter, MemoryKind, MemoryOrigin};
use std::io::{self, Read};

/// Most bytes read as one content: far more than may be stored, so that the daemon says what may.
const MAX_READ: u64 = 1 << 20;

/// Carries a command out.
pub(super) async fn run(context: &Context, command: MemoryCommand, output: &mut Output) -> Result<Exit, CliError> {
    match command {
        MemoryCommand::Add(args) => add::run(context, args, output).await,
        MemoryCommand::Find(args) => find::run(context, args, output).await,
        MemoryCommand::Get(args) => get::run(context, args, output).await,
        MemoryCommand::List(args) => list::run(context, args, output).await,
        MemoryCommand::Edit(args) => edit::run(context, args, output).await,
        MemoryCommand::Rm(args) => rm::run(context, args, output).await,
        MemoryCommand::Confirm(args) => confirm::run(context, args, output).await,
        MemoryCommand::Import(args) => import::run(context, args, output).await,
        MemoryCommand::Export(args) => export::run(context, args, output).await,
        MemoryCommand::Backup(args) => backup::run(context, &args, output).await,
        MemoryCommand::Restore(args) => restore::run(context, &args, output).await,
        MemoryCommand::Stats(args) => stats::run(context, &args, output).await,
    }
}

/// Who asks: the person at this terminal.
fn caller(who: &WhoArgs) -> Result<MemoryCaller, CliError> {
    Ok(MemoryCaller {
        project: wire_path_or_here(who.project.as_deref())?,
        session: who.session.clone().unwrap_or_default(),
        origin: MemoryOrigin::User.into(),
    })
}

fn filter(args: FilterArgs) -> MemoryFilter {
    let now = now_ms();
    let levels = args.levels.into_iter().map(ContextLevel::from);
    let kinds = args.kinds.into_iter().map(MemoryKind::from);
    MemoryFilter {
        levels: levels.map(i32::from).collect(),
        kinds: kinds.map(i32::from).collect(),
        tags: args.tags,
        since_ms: args.since.map_or(0, |when| when.ago(now)),
        until_ms: args.until.map_or(0, |when| when.ago(now)),
    }
}

/// A content as it was given: words, or standard input where there are none or a lone dash.
fn content(words: &[String]) -> Result<String, CliError> {
    match words {
        [] => read_content(io::stdin()),
        [dash] if dash == "-" => read_content(io::stdin()),
        words => Ok(words.join(" ")),
    }
}

fn read_content(input: impl Read) -> Result<String, CliError> {
    let mut bytes = Vec::new();
    let outcome = input.take(MAX_READ + 1).read_to_end(&mut bytes);
    outcome.map_err(|source| CliError::ReadInput {
        path: "standard input".into(),
        source,
    })?;
    let refused = |message: &str, hint: &str| CliError::Usage {
        message: message.to_owned(),
        hint: hint.to_owned(),
    };
    if bytes.len() as u64 > MAX_READ {
        return Err(refused(
            "`content` is too long",
            "a memory has at most 32 KiB; store what matters in it",
        ));
    }
    String::from_utf8(bytes).map_err(|_| refused("`content` is not UTF-8", "a memory is text; convert it with iconv"))
}

#[cfg(test)]
mod tests;
