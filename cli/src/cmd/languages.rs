//! `codemem languages`: what can be read, and grammars beyond what is built in.

use super::bounded;
use crate::args::{AddLanguageArgs, LanguagesArgs, LanguagesCommand, RemoveLanguageArgs};
use crate::context::{Context, wire_path};
use crate::error::{CliError, Exit};
use crate::output::{Output, human, json};
use codemem_proto::v1::{AddLanguageRequest, LanguagesRequest, RemoveLanguageRequest};

pub(super) async fn run(context: &Context, args: LanguagesArgs, output: &mut Output) -> Result<Exit, CliError> {
    match args.command {
        None => list(context, output).await,
        Some(LanguagesCommand::Add(args)) => add(context, args, output).await,
        Some(LanguagesCommand::Remove(args)) => remove(context, args, output).await,
    }
}

async fn list(context: &Context, output: &mut Output) -> Result<Exit, CliError> {
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
    for language in answer.languages.iter().filter(|language| !language.problem.is_empty()) {
        output.warn(&language.problem);
    }
    Ok(Exit::Success)
}

async fn add(context: &Context, args: AddLanguageArgs, output: &mut Output) -> Result<Exit, CliError> {
    let request = AddLanguageRequest {
        name: args.name.clone(),
        from: args.from.as_deref().map(wire_path).transpose()?.unwrap_or_default(),
    };
    let mut client = context.connect().await?;
    // Compiling takes as long as it takes.
    let answer = client.index.add_language(request).await?.into_inner();
    output.answer(
        |_| human::language_added(&args.name, &answer),
        || json::AddedLanguage::new(args.name.clone(), answer.clone()),
    )?;
    if answer.symbols {
        output.note("the next `codemem index` of a repository reads its files of this language again");
    }
    Ok(Exit::Success)
}

async fn remove(context: &Context, args: RemoveLanguageArgs, output: &mut Output) -> Result<Exit, CliError> {
    let request = RemoveLanguageRequest {
        name: args.name.clone(),
    };
    let mut client = context.connect().await?;
    client.index.remove_language(bounded(request)).await?;
    output.answer(
        |_| human::language_removed(&args.name),
        || json::RemovedLanguage {
            name: args.name.clone(),
        },
    )?;
    Ok(Exit::Success)
}
