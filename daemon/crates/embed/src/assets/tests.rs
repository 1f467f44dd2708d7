//! Installing when sources fail, lie or are given by hand. None of these reaches the network.

use super::*;
use codemem_core::ports::{PortError, PortErrorKind};
use std::cell::{Cell, RefCell};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt as _;
use tempfile::TempDir;

fn quiet(_: crate::Step) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// A data directory and a program in place of Python.
struct Fixture {
    dir: TempDir,
    config: AssetConfig,
}

/// What a source left behind that should not be there.
fn leftovers(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("readable").flatten() {
        if entry.path().is_dir() {
            found.extend(leftovers(&entry.path()));
        } else if entry.file_name() != "assets.lock" {
            found.push(entry.path());
        }
    }
    found
}

impl Fixture {
    /// The script sees the directory given to `-d` as `$out`.
    fn new(script: &str) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let python = dir.path().join("python");
        let text = format!(
            "#!/bin/sh\nall=\"$*\"\nwhile [ $# -gt 0 ]; do [ \"$1\" = -d ] && out=$2; [ \"$1\" = -r ] && asked=$2; shift; done\n{script}\n"
        );
        fs::write(&python, text).expect("written");
        fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).expect("executable");
        let mut config = AssetConfig::new(dir.path().join("data"));
        config.python = Some(python);
        Self { dir, config }
    }

    fn assets(&self) -> Assets {
        Assets::new(self.config.clone())
    }

    fn library(&self) -> Library<'_> {
        Library {
            config: &self.config,
            offline: self.config.offline,
            dir: self.config.data_dir.join("runtime"),
        }
    }

    fn models(&self) -> Models<'_> {
        Models {
            config: &self.config,
            offline: self.config.offline,
            dir: self.config.data_dir.join("models"),
        }
    }
}

#[test]
fn an_empty_directory_misses_both_and_says_so() {
    let fixture = Fixture::new("exit 0");
    let AssetState::Missing { what } = fixture.assets().state() else {
        panic!("nothing is installed");
    };
    assert_eq!(what, ["onnxruntime 1.31.1", "model all-MiniLM-L6-v2"]);
    let error = PortError::from(fixture.assets().installed().expect_err("missing"));
    assert_eq!(error.kind, PortErrorKind::Unavailable);
    assert_eq!(error.hint.as_deref(), Some("run `codemem setup`"));
    assert!(!fixture.config.data_dir.exists(), "a look creates nothing");
}

#[test]
fn a_failing_installer_is_quoted() {
    let fixture = Fixture::new("echo 'noise' >&2; echo 'ERROR: no route to the index' >&2; exit 1");
    let error = fixture.assets().ensure(&quiet).expect_err("the installer failed");
    assert!(error.to_string().contains("ERROR: no route to the index"), "{error}");
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.contains("codemem setup --onnxruntime PATH"))
    );
    assert_eq!(leftovers(&fixture.config.data_dir), Vec::<PathBuf>::new());
}

#[test]
fn the_installer_is_asked_for_exactly_the_pinned_package() {
    let fixture = Fixture::new("echo \"$all\" >&2; cat \"$asked\" >&2; exit 1");
    let error = fixture
        .assets()
        .ensure(&quiet)
        .expect_err("it only reports")
        .to_string();
    let pin = pins::library().expect("the tests run on a supported system");
    for part in [
        "-m pip download --no-deps --only-binary=:all: --require-hashes",
        "--python-version 3.12 --implementation cp --abi cp312",
        pin.wheel.platform.expect("a platform"),
        &format!("onnxruntime==1.31.1 --hash=sha256:{}", pin.wheel.sha256),
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
}

#[test]
fn a_package_with_another_hash_is_refused_and_leaves_nothing() {
    let fixture = Fixture::new("echo 'not the package' > \"$out/onnxruntime.whl\"");
    let error = fixture.assets().ensure(&quiet).expect_err("the wrong bytes");
    assert!(matches!(error, EmbedError::HashMismatch { .. }), "{error}");
    assert_eq!(leftovers(&fixture.config.data_dir), Vec::<PathBuf>::new());
    assert!(matches!(fixture.assets().state(), AssetState::Missing { .. }));
}

#[test]
fn an_installer_that_leaves_nothing_is_an_error() {
    let fixture = Fixture::new("exit 0");
    let error = fixture.assets().ensure(&quiet).expect_err("no package");
    assert!(matches!(error, EmbedError::Command { .. }), "{error}");
}

#[test]
fn without_python_the_error_names_the_way_around() {
    let mut fixture = Fixture::new("exit 0");
    fixture.config.python = Some(fixture.dir.path().join("no-python"));
    let error = fixture.assets().ensure(&quiet).expect_err("no interpreter");
    assert!(matches!(error, EmbedError::Python { .. }), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("--model-dir DIR")));
}

#[test]
fn offline_nothing_is_run() {
    let mut fixture = Fixture::new("touch \"$0.was-run\"");
    fixture.config.offline = true;
    let error = fixture.assets().ensure(&quiet).expect_err("nothing is there");
    assert!(matches!(error, EmbedError::Offline { .. }), "{error}");
    assert!(!fixture.dir.path().join("python.was-run").exists());
}

#[test]
fn breaking_off_kills_the_installer() {
    // It would wait for ever; that the test ends is the proof.
    let fixture = Fixture::new("exec tail -f /dev/null");
    let seen = RefCell::new(Vec::new());
    let listener = |step: crate::Step| {
        seen.borrow_mut().push(step);
        if seen.borrow().len() < 3 {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    };
    let error = fixture.assets().ensure(&listener).expect_err("broken off");
    assert!(matches!(error, EmbedError::Cancelled), "{error}");
    let first = &seen.borrow()[0];
    assert_eq!(first.label, "fetching onnxruntime 1.31.1");
    assert_eq!(first.total, pins::library().expect("supported").wheel.bytes);
    assert_eq!(leftovers(&fixture.config.data_dir), Vec::<PathBuf>::new());
}

#[test]
fn a_growing_download_is_seen() {
    let script = "head -c 1000 /dev/zero > \"$TMPDIR/part\"; while [ ! -e \"$0.go\" ]; do sleep 0.01; done; exit 1";
    let fixture = Fixture::new(script);
    let go = fixture.dir.path().join("python.go");
    let largest = Cell::new(0);
    let listener = |step: crate::Step| {
        largest.set(step.done.max(largest.get()));
        if step.done >= 1_000 {
            fs::write(&go, "").expect("written");
        }
        ControlFlow::Continue(())
    };
    let _failed = fixture.assets().ensure(&listener).expect_err("it fails in the end");
    assert_eq!(largest.get(), 1_000);
}

#[test]
fn a_given_library_must_be_one() {
    let fixture = Fixture::new("exit 0");
    let given = |path: &Path| Given {
        onnxruntime: Some(path.to_owned()),
        model_dir: None,
    };
    let absent = fixture.dir.path().join("absent.so");
    let error = fixture.assets().setup(&given(&absent), &quiet).expect_err("no file");
    assert!(matches!(error, EmbedError::Read { .. }), "{error}");
    let error = fixture
        .assets()
        .setup(&given(fixture.dir.path()), &quiet)
        .expect_err("a directory");
    assert!(matches!(error, EmbedError::Library { .. }), "{error}");
    let text = fixture.dir.path().join("text.so");
    fs::write(&text, "this is no library").expect("written");
    let error = fixture
        .assets()
        .setup(&given(&text), &quiet)
        .expect_err("not a library");
    assert!(matches!(error, EmbedError::Library { .. }), "{error}");
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.contains("codemem setup --onnxruntime PATH"))
    );
    assert!(fixture.library().find().is_none(), "nothing was recorded");
}

#[test]
fn a_library_of_another_size_than_recorded_is_not_used() {
    let mut fixture = Fixture::new("exit 0");
    let runtime = fixture.config.data_dir.join("runtime");
    fs::create_dir_all(&runtime).expect("created");
    let record = serde_json::json!({"path": "lib.so", "given": "", "sha256": "00", "bytes": 4});
    fs::write(runtime.join("manifest.json"), record.to_string()).expect("written");
    fs::write(runtime.join("lib.so"), "1234").expect("written");
    assert_eq!(fixture.library().find(), Some(runtime.join("lib.so")));
    fs::write(runtime.join("lib.so"), "123").expect("written");
    assert_eq!(fixture.library().find(), None);
    // Another one that was configured is never silently replaced by the one that is there.
    fs::write(runtime.join("lib.so"), "1234").expect("written");
    fixture.config.onnxruntime = Some("/elsewhere/lib.so".into());
    assert_eq!(fixture.library().find(), None);
}

#[test]
fn a_model_chosen_by_name_is_never_replaced_by_the_default() {
    let mut fixture = Fixture::new("exit 1");
    fixture.config.model = Some("mine".into());
    let error = fixture.models().ensure(None, false, &quiet).expect_err("not installed");
    assert!(
        matches!(&error, EmbedError::ModelMissing { name } if name == "mine"),
        "{error}"
    );
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.contains("codemem model import DIR --name NAME"))
    );
}

#[test]
fn what_a_killed_setup_left_is_swept_away() {
    let fixture = Fixture::new("exit 1");
    let left = fixture.config.data_dir.join("runtime/.incoming-killed/download");
    fs::create_dir_all(&left).expect("created");
    fs::write(left.join("half.whl"), "half").expect("written");
    let _failed = fixture.assets().ensure(&quiet).expect_err("the installer failed");
    assert_eq!(leftovers(&fixture.config.data_dir), Vec::<PathBuf>::new());
}

#[test]
fn a_setup_that_waits_for_another_can_be_broken_off() {
    let fixture = Fixture::new("exit 1");
    let assets = fixture.assets();
    let held = assets.lock(&quiet).expect("free");
    let labels = RefCell::new(Vec::new());
    let listener = |step: crate::Step| {
        labels.borrow_mut().push(step.label);
        ControlFlow::Break(())
    };
    let error = assets.ensure(&listener).expect_err("broken off");
    assert!(matches!(error, EmbedError::Cancelled));
    assert_eq!(*labels.borrow(), ["waiting for another setup to end"]);
    drop(held);
}

/// Answers every request with the same small text, as a hub that was tampered with.
fn lying_hub() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    let serve = move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = [0; 4_096];
            let Ok(n) = stream.read(&mut request) else { continue };
            let body = if request[..n].starts_with(b"HEAD") { "" } else { "{}" };
            let head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nETag: \"x\"\r\nX-Repo-Commit: main\r\nConnection: close\r\n\r\n";
            let _client_left = stream.write_all(format!("{head}{body}").as_bytes());
        }
    };
    thread::Builder::new()
        .name("lying-hub".into())
        .spawn(serve)
        .expect("a thread");
    format!("http://{address}")
}

#[test]
fn the_hub_is_asked_next_and_believed_no_more_than_the_package() {
    let mut fixture = Fixture::new("echo 'ERROR: no such package' >&2; exit 1");
    fixture.config.hub_endpoint = Some(lying_hub());
    let labels = RefCell::new(Vec::new());
    let listener = |step: crate::Step| {
        labels.borrow_mut().push(step.label);
        ControlFlow::Continue(())
    };
    let error = fixture
        .models()
        .ensure(None, false, &listener)
        .expect_err("no source is good");
    let message = error.to_string();
    assert!(message.contains("ERROR: no such package"), "{message}");
    // The files arrived, and were refused for what they hold.
    assert!(
        message.contains("model hub: ") && message.contains("no model_type"),
        "{message}"
    );
    assert!(labels.borrow().iter().any(|label| label.contains("from the model hub")));
    assert_eq!(leftovers(&fixture.config.data_dir), Vec::<PathBuf>::new());
}

#[test]
fn names_of_folders_become_names_of_models() {
    for (dir, name) in [
        ("/m/bge-small", "bge-small"),
        ("/m/my model", "my-model"),
        ("/m/.x", "x"),
        ("/", "model"),
    ] {
        assert_eq!(model::plain_name(Path::new(dir)), name);
    }
}
