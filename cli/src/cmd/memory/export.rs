//! `codemem memory export`: print memories, page by page, so that import takes them again.

use super::transfer::{Line, MARKDOWN_HEAD};
use super::{caller, filter};
use crate::args::memory::{ExportArgs, Format};
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::{Output, human};
use codemem_proto::v1::ExportMemoriesRequest;

pub(super) async fn run(context: &Context, args: ExportArgs, output: &mut Output) -> Result<Exit, CliError> {
    let request = ExportMemoriesRequest {
        caller: Some(caller(&args.who)?),
        filter: Some(filter(args.filter)),
        all_projects: args.all_projects,
    };
    let mut client = context.connect().await?;
    // No time limit: it takes as long as whoever reads.
    let mut pages = client.memory.export(request).await?.into_inner();
    if args.format == Format::Markdown {
        output.raw(MARKDOWN_HEAD.as_bytes())?;
    }
    let mut n_memories = 0;
    while let Some(page) = pages.message().await? {
        for memory in page.memories {
            n_memories += 1;
            let line = Line::of(memory, args.all_projects);
            match args.format {
                Format::Jsonl => output.line(&line)?,
                Format::Markdown => {
                    let text = line.into_markdown().map_err(|error| CliError::Output(error.into()))?;
                    output.raw(text.as_bytes())?;
                }
            }
        }
    }
    output.note(&format!("{} exported", human::counted_memories(n_memories)));
    Ok(Exit::Success)
}
