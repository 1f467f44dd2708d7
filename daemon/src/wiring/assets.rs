//! The assets port over `codemem-embed`.

use codemem_core::ports::{
    AssetsProgress, AssetsReport, AssetsSource, AssetsState, InstalledModel, ModelAssets, PortResult,
};
use codemem_embed::{AssetState, Assets, Given, ModelManifest, Step};
use std::cell::RefCell;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The runtime library and the models of one data directory.
pub(super) struct Installation {
    assets: Arc<Assets>,
}

impl Installation {
    pub(super) fn new(assets: Arc<Assets>) -> Self {
        Self { assets }
    }

    fn model(&self, manifest: &ModelManifest) -> InstalledModel {
        let precision = self.assets.precision();
        InstalledModel {
            name: manifest.name.clone(),
            dimension: manifest.dimension as u32,
            window: manifest.window as u32,
            fingerprint: manifest.fingerprint(precision),
            precision: precision.as_str().to_owned(),
            active: manifest.name == self.assets.active_model(),
            disk_bytes: manifest.disk_bytes(),
        }
    }
}

impl ModelAssets for Installation {
    fn state(&self) -> AssetsState {
        match self.assets.state() {
            AssetState::Ready(_) => AssetsState::Ready,
            AssetState::Missing { what } => AssetsState::Missing(what.join(", ")),
        }
    }

    fn ensure(&self, source: &AssetsSource, progress: AssetsReport<'_>) -> PortResult<()> {
        let given = Given {
            onnxruntime: source.onnxruntime.clone(),
            model_dir: source.model_dir.clone(),
        };
        let progress = RefCell::new(progress);
        self.assets.setup(&given, &|step| report(&progress, step))?;
        Ok(())
    }

    fn import(&self, directory: &Path, name: Option<&str>, progress: AssetsReport<'_>) -> PortResult<InstalledModel> {
        let progress = RefCell::new(progress);
        let manifest = self.assets.import(directory, name, &|step| report(&progress, step))?;
        Ok(self.model(&manifest))
    }

    fn models(&self) -> PortResult<Vec<InstalledModel>> {
        let models = self.assets.models_installed()?;
        Ok(models.iter().map(|manifest| self.model(manifest)).collect())
    }

    fn runtime(&self) -> Option<PathBuf> {
        self.assets
            .installed()
            .ok()
            .map(|installed| installed.onnxruntime.clone())
    }
}

fn report(progress: &RefCell<AssetsReport<'_>>, step: Step) -> ControlFlow<()> {
    (progress.borrow_mut())(AssetsProgress {
        step: step.label,
        done: step.done,
        total: step.total,
    })
}
