//! Installing for real: from the package index, and from files at hand.

use crate::common::{assets, data_dir, quiet};
use codemem_core::ports::{Embedder, PortErrorKind};
use codemem_embed::{AssetConfig, AssetState, Assets, EmbeddingPool, Given, PoolConfig, Precision, Step, list_models};
use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

/// A data directory whose library and model are links to the fetched ones.
fn linked(dir: &Path) -> AssetConfig {
    assets();
    let models = dir.join("models/all-MiniLM-L6-v2");
    fs::create_dir_all(&models).expect("created");
    fs::create_dir_all(dir.join("runtime")).expect("created");
    for below in ["runtime", "models/all-MiniLM-L6-v2"] {
        for entry in fs::read_dir(data_dir().join(below)).expect("installed").flatten() {
            symlink(entry.path(), dir.join(below).join(entry.file_name())).expect("linked");
        }
    }
    let mut config = AssetConfig::new(dir);
    config.offline = true;
    config
}

#[test]
fn what_is_fetched_is_there_with_its_facts() {
    let assets = assets();
    let AssetState::Ready(installed) = assets.state() else {
        panic!("it was just installed");
    };
    assert!(installed.onnxruntime.starts_with(data_dir()));
    assert_eq!(installed.model.name, "all-MiniLM-L6-v2");
    assert_eq!((installed.model.dimension, installed.model.window), (384, 256));
    assert_eq!(installed.precision, Precision::Int8);
    assert!(installed.fingerprint().starts_with("bert-384-int8-"));
    let names: Vec<_> = list_models(&data_dir().join("models")).expect("readable");
    assert!(names.iter().any(|model| model == &installed.model));
    let size = |precision: &str| fs::metadata(installed.directory.join(precision)).expect("there").len();
    assert!(
        (22_000_000..25_000_000).contains(&size("model.int8.onnx")),
        "{}",
        size("model.int8.onnx")
    );
    assert!(
        (88_000_000..92_000_000).contains(&size("model.fp32.onnx")),
        "{}",
        size("model.fp32.onnx")
    );
}

#[test]
fn a_second_setup_reads_everything_and_fetches_nothing() {
    assets();
    let mut config = AssetConfig::new(data_dir());
    config.offline = true;
    let labels = Mutex::new(Vec::new());
    let listener = |step: Step| {
        labels.lock().expect("unpoisoned").push(step.label);
        ControlFlow::Continue(())
    };
    Assets::new(config)
        .setup(&Given::default(), &listener)
        .expect("all is there");
    let labels = labels.into_inner().expect("unpoisoned");
    for file in ["libonnxruntime", "model.int8.onnx", "model.fp32.onnx", "tokenizer.json"] {
        assert!(
            labels
                .iter()
                .any(|label| label.starts_with("checking ") && label.contains(file)),
            "{file}"
        );
    }
    assert!(!labels.iter().any(|label| label.starts_with("fetching")));
}

#[test]
fn a_damaged_model_is_found_by_setup() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let config = linked(dir.path());
    Assets::new(config.clone())
        .setup(&Given::default(), &quiet)
        .expect("all is there");
    let path = dir.path().join("models/all-MiniLM-L6-v2/tokenizer.json");
    let mut text = fs::read(&path).expect("readable");
    text[100] ^= 1;
    fs::remove_file(&path).expect("a link");
    fs::write(&path, text).expect("written");
    // Of the same size, so that only reading it shows it; and there is nowhere to get it from.
    assert!(matches!(Assets::new(config.clone()).state(), AssetState::Ready(_)));
    let error = Assets::new(config)
        .setup(&Given::default(), &quiet)
        .expect_err("damaged");
    assert!(error.to_string().contains("fetching is switched off"), "{error}");
}

#[test]
fn a_given_library_is_used_where_it_is_and_remembered() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut config = linked(dir.path());
    fs::remove_dir_all(dir.path().join("runtime")).expect("removed");
    assert!(matches!(
        Assets::new(config.clone()).state(),
        AssetState::Missing { .. }
    ));
    let library = assets().installed().expect("installed").onnxruntime.clone();
    let given = Given {
        onnxruntime: Some(library.clone()),
        model_dir: None,
    };
    let installed = Assets::new(config.clone()).setup(&given, &quiet).expect("it loads");
    assert_eq!(installed.onnxruntime, fs::canonicalize(&library).expect("there"));
    assert!(
        !dir.path()
            .join("runtime")
            .join(library.file_name().expect("a name"))
            .exists(),
        "not copied"
    );
    assert!(matches!(Assets::new(config.clone()).state(), AssetState::Ready(_)));
    // The same through the configuration.
    config.onnxruntime = Some(library);
    assert!(matches!(Assets::new(config).state(), AssetState::Ready(_)));
}

#[test]
fn two_setups_at_once_agree() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut config = linked(dir.path());
    fs::remove_dir_all(dir.path().join("runtime")).expect("removed");
    config.onnxruntime = Some(assets().installed().expect("installed").onnxruntime.clone());
    thread::scope(|scope| {
        let ensure = || {
            Assets::new(config.clone())
                .ensure(&quiet)
                .expect("installed")
                .fingerprint()
        };
        let both = [scope.spawn(ensure), scope.spawn(ensure)].map(|thread| thread.join().expect("no panic"));
        assert_eq!(both[0], both[1]);
    });
}

#[test]
fn a_pool_made_before_the_assets_works_once_they_are_there() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let config = AssetConfig {
        offline: true,
        ..AssetConfig::new(dir.path())
    };
    let assets = Arc::new(Assets::new(config));
    let pool = EmbeddingPool::new(Arc::clone(&assets), PoolConfig::default()).expect("threads");
    let error = pool.embed_query("hello").expect_err("nothing is installed");
    assert_eq!(error.kind, PortErrorKind::Unavailable);
    assert!(error.to_string().contains("onnxruntime 1.31.1"), "{error}");
    linked(dir.path());
    assets.ensure(&quiet).expect("it is there now");
    assert_eq!(pool.embed_query("hello").expect("embedded").len(), 384);
}
