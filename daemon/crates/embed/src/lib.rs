//! Models, ONNX Runtime and the embedding pool.
//!
//! Owns the runtime assets (fetching, verifying and keeping the ONNX Runtime library and the
//! models), the import of sentence-transformers folders into ONNX graphs, tokenization, and the two
//! lanes on which texts become vectors. Everything blocks: callers bring their own threads. It
//! reaches the network only in [`Assets`], and there only through the package installer or from
//! the model hub.

mod assets;
mod batch;
mod cache;
mod error;
mod import;
mod lane;
mod manifest;
mod pool;
mod progress;
mod runtime;
mod session;
mod source;
mod tokenize;

pub use assets::{AssetConfig, AssetState, Assets, Given, Installed};
pub use error::EmbedError;
pub use import::import_model;
pub use manifest::{ModelManifest, Pooling, Precision, list_models};
pub use pool::{EmbeddingPool, PoolConfig};
pub use progress::{Progress, Step};
