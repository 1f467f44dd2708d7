//! Where the lanes get their model from.

use crate::assets::{Assets, Installed};
use crate::error::EmbedError;
use crate::manifest::TOKENIZER;
use crate::runtime;
use crate::session::{Model, OnnxModel};
use crate::tokenize::TextEncoder;
use std::fs;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// A model in memory.
pub(crate) struct LoadedModel {
    /// What its vectors mean.
    pub(crate) fingerprint: String,
    pub(crate) encoder: Arc<TextEncoder>,
    pub(crate) model: Box<dyn Model>,
}

/// What is known of the model in use without loading it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ModelFacts {
    pub(crate) fingerprint: String,
    pub(crate) dimension: usize,
}

/// Names and loads the model in use.
pub(crate) trait ModelSource: Send + Sync {
    /// The model in use; an error while none is installed. Cheap: asked for every text.
    fn facts(&self) -> Result<ModelFacts, EmbedError>;

    /// Loads the model in use, to run on this many threads.
    fn load(&self, threads: usize) -> Result<LoadedModel, EmbedError>;
}

/// The installed model.
pub(crate) struct InstalledSource {
    assets: Arc<Assets>,
    /// The tokenizer that the other lane may have in use, with its model's fingerprint.
    encoder: Mutex<(String, Weak<TextEncoder>)>,
}

impl InstalledSource {
    pub(crate) fn new(assets: Arc<Assets>) -> Self {
        Self {
            assets,
            encoder: Mutex::default(),
        }
    }

    fn open(&self, installed: &Installed, threads: usize) -> Result<LoadedModel, EmbedError> {
        let fingerprint = installed.fingerprint();
        let environment = runtime::environment(&installed.onnxruntime)?;
        let path = installed.graph();
        let model = OnnxModel::load(&environment, &path, installed.model.dimension, threads)?;
        Ok(LoadedModel {
            encoder: self.encoder(installed, &fingerprint)?,
            model: Box::new(model),
            fingerprint,
        })
    }

    fn encoder(&self, installed: &Installed, fingerprint: &str) -> Result<Arc<TextEncoder>, EmbedError> {
        let mut shared = self.encoder.lock().unwrap_or_else(PoisonError::into_inner);
        if shared.0 == fingerprint
            && let Some(encoder) = shared.1.upgrade()
        {
            return Ok(encoder);
        }
        let path = installed.directory.join(TOKENIZER);
        let json = fs::read(&path).map_err(EmbedError::read(&path))?;
        let encoder = Arc::new(TextEncoder::parse(&path, &json, installed.model.window)?);
        *shared = (fingerprint.to_owned(), Arc::downgrade(&encoder));
        Ok(encoder)
    }
}

impl ModelSource for InstalledSource {
    fn facts(&self) -> Result<ModelFacts, EmbedError> {
        let installed = self.assets.installed()?;
        Ok(ModelFacts {
            fingerprint: installed.fingerprint(),
            dimension: installed.model.dimension,
        })
    }

    fn load(&self, threads: usize) -> Result<LoadedModel, EmbedError> {
        let installed = self.assets.installed()?;
        let loaded = self.open(&installed, threads);
        if loaded.is_err() {
            // What was there may be gone or damaged: look again before the next attempt.
            self.assets.forget();
        }
        loaded
    }
}
