//! Sandboxes over this package's binaries.

use codemem_testkit::Sandbox;
use std::path::Path;

/// Words and symbols only.
pub(crate) fn lexical() -> Sandbox {
    Sandbox::new(env!("CARGO_BIN_EXE_codememd"))
}

/// With the real model, installed once per target directory.
pub(crate) fn with_model() -> Sandbox {
    let shared = Path::new(env!("CARGO_TARGET_TMPDIR")).join("codemem-assets");
    Sandbox::with_model(env!("CARGO_BIN_EXE_codememd"), &shared)
}

/// The checked-in sample repository.
pub(crate) fn sample() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sample"))
}
