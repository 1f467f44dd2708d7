//! The models and their runtime.

use codemem_proto::v1;
use serde::Serialize;

#[derive(Serialize, Debug)]
pub(crate) struct Setup {
    onnxruntime: String,
    model: Option<Model>,
}

impl From<v1::SetupResult> for Setup {
    fn from(result: v1::SetupResult) -> Self {
        Self {
            onnxruntime: result.onnxruntime,
            model: result.model.map(Model::from),
        }
    }
}

#[derive(Serialize, Debug)]
pub(crate) struct Model {
    name: String,
    dimension: u32,
    window: u32,
    fingerprint: String,
    precision: String,
    active: bool,
    disk_bytes: u64,
}

impl From<v1::Model> for Model {
    fn from(model: v1::Model) -> Self {
        Self {
            name: model.name,
            dimension: model.dimension,
            window: model.window,
            fingerprint: model.fingerprint,
            precision: model.precision,
            active: model.active,
            disk_bytes: model.disk_bytes,
        }
    }
}
