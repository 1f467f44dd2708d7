//! `codemem search`: hits on stdout, what they rest on on stderr.

use super::{bounded, now_ms};
use crate::args::SearchArgs;
use crate::context::{Context, wire_path_or_here};
use crate::error::{CliError, Exit};
use crate::output::{Output, human, json};
use codemem_proto::v1::SearchRequest;

pub(super) async fn run(context: &Context, args: SearchArgs, output: &mut Output) -> Result<Exit, CliError> {
    let query = args.query.join(" ");
    if query.trim().is_empty() {
        return Err(CliError::Usage {
            message: "the query is empty".to_owned(),
            hint: "say what to look for, as in `codemem search \"where are retries counted\"`".to_owned(),
        });
    }
    let request = SearchRequest {
        query,
        root: wire_path_or_here(args.repo.as_deref())?,
        limit: args.limit,
        language: args.lang.unwrap_or_default(),
        path_glob: args.path.unwrap_or_default(),
        explain: args.explain,
        session: args.session.unwrap_or_default(),
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
    output.note(&human::receipt(&answer));
    if let Some(freshness) = human::freshness(&answer, now_ms()) {
        output.aside(&freshness);
    }
    Ok(exit)
}
