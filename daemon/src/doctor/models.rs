//! The embedding model and its runtime: installed, loadable, able to embed.

use super::{Finding, size};
use codemem_core::error::chain;
use codemem_core::ports::{AssetsState, PortError};
use codemem_engine::Engine;
use std::time::Instant;

/// What is embedded to see that it works.
const PROBE: &str = "where is the socket bound";

pub(super) fn examine(engine: &Engine) -> impl Iterator<Item = Finding> {
    let assets = engine.assets();
    match assets.state() {
        AssetsState::Missing(what) => vec![Finding::warning(
            "embedding model",
            format!("{what}; search goes by words and symbols"),
            "run `codemem setup`",
        )],
        AssetsState::Ready => {
            let runtime = assets
                .runtime()
                .map(|path| path.display().to_string())
                .unwrap_or_default();
            vec![Finding::good("onnx runtime", runtime), model(engine), embedding(engine)]
        }
    }
    .into_iter()
}

fn model(engine: &Engine) -> Finding {
    let subject = "embedding model";
    match engine.assets().models() {
        Ok(models) => match models.into_iter().find(|model| model.active) {
            Some(model) => Finding::good(
                subject,
                format!(
                    "{}, {}, {} dimensions, {}, fingerprint {}",
                    model.name,
                    model.precision,
                    model.dimension,
                    size(model.disk_bytes),
                    model.fingerprint,
                ),
            ),
            None => Finding::bad(subject, "none is in use", "run `codemem setup`"),
        },
        Err(error) => failed(subject, &error),
    }
}

/// Loads the model if need be, and embeds a question.
fn embedding(engine: &Engine) -> Finding {
    let subject = "embedding";
    let begun = Instant::now();
    match engine.ports().embedder.embed_query(PROBE) {
        Ok(vector) if vector.iter().all(|value| value.is_finite()) && vector.iter().any(|value| *value != 0.0) => {
            let took = begun.elapsed().as_secs_f64() * 1e3;
            Finding::good(subject, format!("a question in {took:.0} ms, loading included"))
        }
        Ok(_) => Finding::bad(
            subject,
            "the model's answer is no vector",
            "run `codemem setup` to install it again, or name another runtime with `codemem setup --onnxruntime PATH`",
        ),
        Err(error) => failed(subject, &error),
    }
}

fn failed(subject: &'static str, error: &PortError) -> Finding {
    let remedy = error.hint.clone().unwrap_or_else(|| "run `codemem setup`".to_owned());
    Finding::bad(subject, chain(error), remedy)
}
