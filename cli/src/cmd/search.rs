//! `codemem search`: hits on stdout, what they rest on on stderr.

use super::{bounded, now_ms};
use crate::args::{SearchArgs, TestsArg};
use crate::context::{Context, wire_path, wire_path_or_here};
use crate::error::{CliError, Exit};
use crate::output::{Output, human, json};
use codemem_proto::v1::{Mode, SearchRequest, Tests};
use std::path::PathBuf;

pub(super) async fn run(context: &Context, args: SearchArgs, output: &mut Output) -> Result<Exit, CliError> {
    let query = args.query.join(" ");
    let mode = match (args.exact, args.regex) {
        (true, _) => Mode::Exact,
        (false, true) => Mode::Regex,
        (false, false) => Mode::Meaning,
    };
    // A line may be looked for that has a tab in it.
    if query.is_empty() || mode == Mode::Meaning && query.trim().is_empty() {
        return Err(CliError::Usage {
            message: "the query is empty".to_owned(),
            hint: "say what to look for, as in `codemem search \"where are retries counted\"`".to_owned(),
        });
    }
    let request = SearchRequest {
        query,
        roots: roots(&args.repo, args.all)?,
        limit: args.limit,
        languages: args.lang,
        path_globs: args.path,
        explain: args.explain,
        session: args.session.unwrap_or_default(),
        all: args.all,
        budget: args.budget.unwrap_or_default(),
        kinds: args.kind,
        tests: match args.tests {
            None => Tests::Any,
            Some(TestsArg::Only) => Tests::Only,
            Some(TestsArg::Without) => Tests::Without,
        }
        .into(),
        mode: mode.into(),
        offset: args.offset,
        ignore_case: args.ignore_case,
        expand: args.expand,
    };
    let mut client = context.connect().await?;
    let answer = client.search.search(bounded(request)).await?.into_inner();
    let exit = if answer.hits.is_empty() {
        Exit::NothingFound
    } else {
        Exit::Success
    };
    output.answer(
        |style| human::hits(&answer, style),
        || json::Search::from(answer.clone()),
    )?;
    if !answer.note.is_empty() {
        output.note(&answer.note);
    }
    for root in human::roots(&answer) {
        output.note(&root);
    }
    output.note(&human::receipt(&answer));
    if let Some(absence) = human::absence(&answer) {
        output.note(&absence);
    }
    if let Some(freshness) = human::freshness(&answer, now_ms()) {
        output.aside(&freshness);
    }
    Ok(exit)
}

/// The roots that are asked about: those named, else the one here.
pub(super) fn roots(named: &[PathBuf], all: bool) -> Result<Vec<String>, CliError> {
    match named {
        _ if all => Ok(Vec::new()),
        [] => Ok(vec![wire_path_or_here(None)?]),
        named => named.iter().map(|path| wire_path(path)).collect(),
    }
}
