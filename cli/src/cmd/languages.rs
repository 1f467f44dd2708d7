//! `codemem languages`: what can be read.

use super::bounded;
use crate::context::Context;
use crate::error::{CliError, Exit};
use crate::output::{Output, human, json};
use codemem_proto::v1::LanguagesRequest;

pub(super) async fn run(context: &Context, output: &mut Output) -> Result<Exit, CliError> {
    let mut client = context.connect().await?;
    let answer = client.index.languages(bounded(LanguagesRequest {})).await?.into_inner();
    output.answer(
        |_| human::languages(&answer.languages),
        || {
            answer
                .languages
                .iter()
                .cloned()
                .map(json::Language::from)
                .collect::<Vec<_>>()
        },
    )?;
    Ok(Exit::Success)
}
