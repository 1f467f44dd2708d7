//! The calls of the Index service that are about languages: list, add a grammar, remove one.
//!
//! The work may run compilers and takes minutes at worst, so it is a blocking task of its own. A client that goes away
//! does not stop it.

use super::{Context, convert};
use crate::blocking::blocking;
use codemem_core::ports::{GrammarOrigin, Grammars, KnownLanguage, PortResult};
use codemem_proto::v1::{
    AddLanguageRequest, AddLanguageResponse, Language, LanguagesResponse, RemoveLanguageRequest, RemoveLanguageResponse,
};
use std::sync::Arc;
use tonic::Status;

pub(super) async fn list(context: &Context) -> Result<LanguagesResponse, Status> {
    let languages = call(context, |grammars| Ok(grammars.list())).await?;
    Ok(LanguagesResponse {
        languages: languages.into_iter().map(language).collect(),
    })
}

pub(super) async fn add(context: &Context, request: AddLanguageRequest) -> Result<AddLanguageResponse, Status> {
    let from = if request.from.is_empty() {
        None
    } else {
        Some(convert::absolute(&request.from)?)
    };
    let name = request.name;
    let added = call(context, move |grammars| {
        let added = grammars.add(&name, from.as_deref())?;
        tracing::info!(language = name, symbols = added.symbols, "a grammar was added");
        Ok(added)
    });
    let added = added.await?;
    Ok(AddLanguageResponse {
        symbols: added.symbols,
        query: added.query.display().to_string(),
    })
}

pub(super) async fn remove(
    context: &Context,
    request: RemoveLanguageRequest,
) -> Result<RemoveLanguageResponse, Status> {
    call(context, move |grammars| {
        grammars.remove(&request.name)?;
        tracing::info!(language = request.name, "a grammar was removed");
        Ok(())
    })
    .await?;
    Ok(RemoveLanguageResponse {})
}

async fn call<T: Send + 'static>(
    context: &Context,
    work: impl FnOnce(&dyn Grammars) -> PortResult<T> + Send + 'static,
) -> Result<T, Status> {
    let grammars = Arc::clone(&context.grammars);
    let done = blocking(move || work(&*grammars)).await;
    done.map_err(convert::lost)?.map_err(convert::port)
}

fn language(language: KnownLanguage) -> Language {
    Language {
        name: language.name,
        extensions: language.extensions,
        symbols: language.symbols,
        available: language.origin.is_some(),
        origin: match language.origin {
            Some(GrammarOrigin::BuiltIn) => "built-in".to_owned(),
            Some(GrammarOrigin::Added) => "added".to_owned(),
            None => String::new(),
        },
        problem: language.problem.unwrap_or_default(),
    }
}
