//! Everything that runs the real ONNX Runtime, in one program.

mod common;
mod reference;
mod setup;
mod tiny_bert;
