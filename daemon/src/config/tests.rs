//! Layers, origins and mistakes, as tables.

use super::*;
use crate::args::KeyFlags;
use codemem_proto::env::Variable;
use error::Place;
use layer::{Entry, Origin, merge};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

fn env() -> Env {
    Env::default()
        .with(Variable::DataDir, "/nowhere/data")
        .with(Variable::StateDir, "/nowhere/state")
        .with(Variable::Config, "/nowhere/config.toml")
}

fn args(file: &Path, flags: &[(&'static str, &str)]) -> Args {
    Args {
        config: Some(file.to_path_buf()),
        flags: KeyFlags(flags.iter().map(|(flag, text)| (*flag, (*text).into())).collect()),
        ..Args::default()
    }
}

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("directory");
    let path = directory.path().join("config.toml");
    std::fs::write(&path, text).expect("written");
    (directory, path)
}

/// Value and origin of a key, the file's path left out.
fn row(in_force: &InForce, name: &str) -> (String, String) {
    let rows = in_force.rows();
    let row = rows.iter().find(|row| row.key.name == name).expect("a key");
    let origin = match row.origin {
        Origin::File { line, .. } => format!("line {line}"),
        other => other.to_string(),
    };
    (row.value.map(ToString::to_string).unwrap_or_default(), origin)
}

#[test]
fn the_table_holds_together() {
    let names: BTreeSet<&str> = KEYS.iter().map(|key| key.name).collect();
    let variables: BTreeSet<Variable> = KEYS.iter().map(|key| key.variable).collect();
    let flags: Vec<&str> = KEYS.iter().filter_map(|key| key.flag).collect();
    assert_eq!((names.len(), variables.len()), (KEYS.len(), KEYS.len()));
    assert_eq!(flags.iter().collect::<BTreeSet<_>>().len(), flags.len());
    for key in KEYS {
        let default = key.fallback.value(4);
        assert!(
            default.as_ref().is_none_or(|value| key.kind.admits(value)),
            "{}: {default:?}",
            key.name
        );
        assert!(
            key.variable.meaning().contains(&format!("key {}", key.name)),
            "{} does not say that it sets {}",
            key.variable.name(),
            key.name
        );
        let by_name = format!("CODEMEM_{}", key.name.replace('.', "_").to_uppercase());
        // Four are older than the rule.
        let is_older = ["log.filter", "models.onnxruntime", "models.directory", "models.python"].contains(&key.name);
        assert_eq!(key.variable.name() == by_name, !is_older, "{}", key.name);
        assert!(
            !key.meaning().is_empty() && !key.meaning().contains('\n'),
            "{}",
            key.name
        );
    }
    // Each value has the type that its field takes, or this panics.
    let defaults = Layer::defaults(4);
    let directories = Directories::locate(&env()).expect("named");
    let settings = InForce::new(directories, "/c".into(), defaults).settings;
    assert_eq!((settings.index_threads, settings.search_threads), (4, 8));
    assert_eq!(settings.max_file_bytes, 1024 * 1024);
    assert_eq!(settings.idle_timeout, Some(std::time::Duration::from_hours(1)));
}

#[test]
fn the_last_layer_that_sets_a_key_counts() {
    let (_directory, path) = file(concat!(
        "idle_timeout_seconds = 5\n",
        "[index]\nthreads = 3\n",
        "[search]\nthreads = 7\n",
        "[models]\npython = \"/file/python\"\n",
    ));
    let env = env()
        .with(Variable::Log, "trace")
        .with(Variable::IndexThreads, "2")
        .with(Variable::Offline, "yes");
    let args = args(&path, &[("idle-timeout", "0"), ("offline", "false")]);
    let configuration = Configuration::load(&args, &env).expect("valid");
    let expected = [
        ("log.filter", "trace", "environment CODEMEM_LOG"),
        ("log.format", "text", "default"),
        ("idle_timeout_seconds", "0", "flag --idle-timeout"),
        ("offline", "false", "flag --offline"),
        ("index.threads", "2", "environment CODEMEM_INDEX_THREADS"),
        ("index.max_file_bytes", "1048576", "default"),
        ("search.threads", "7", "line 5"),
        ("models.python", "/file/python", "line 7"),
        ("models.directory", "", "default"),
    ];
    for (name, value, origin) in expected {
        let found = row(&configuration.in_force, name);
        assert_eq!(found, (value.to_owned(), origin.to_owned()), "{name}");
    }
    assert_eq!(configuration.settings().idle_timeout, None, "an explicit 0 counts");
}

#[test]
fn merging_takes_every_key_from_the_last_layer_that_has_it() {
    let entry = |number| Entry {
        value: Some(Value::Number(number)),
        origin: Origin::Default,
    };
    let layer = |entries: &[(&'static str, u64)]| Layer(entries.iter().map(|(name, n)| (*name, entry(*n))).collect());
    let merged = merge([
        layer(&[("a", 1), ("b", 1), ("c", 1)]),
        layer(&[("b", 2)]),
        layer(&[("b", 3), ("c", 3)]),
    ]);
    assert_eq!(merged, layer(&[("a", 1), ("b", 3), ("c", 3)]));
    assert_eq!(merge([]), Layer::default());
}

#[test]
fn mistakes_in_the_file_say_where_and_what_is_allowed() {
    let table = [
        (
            "log = \"info\"\nindex.thread = 1\n",
            2,
            7,
            "no key `index.thread`; did you mean `index.threads`, a whole number from 1 to 256?",
        ),
        ("[index]\ntreads = 1\n", 2, 1, "did you mean `index.threads`"),
        (
            "unload_after_seconds = 1\n",
            1,
            1,
            "did you mean `models.unload_after_seconds`",
        ),
        ("colour = 1\n", 1, 1, "no key `colour`; `codemem config show`"),
        (
            "[indx]\nthreads = 1\n",
            1,
            2,
            "no section `indx`; did you mean `index`?",
        ),
        ("index = 3\n", 1, 9, "`index` is a section: write `[index]`"),
        (
            "offline = true\n\n  idle_timeout_seconds = \"soon\"\n",
            3,
            26,
            "must be a whole number from 0 to 31536000, not the text `soon`",
        ),
        (
            "[index]\nthreads = 0\n",
            2,
            11,
            "`index.threads` must be a whole number from 1 to 256, not the number 0",
        ),
        ("[index]\nthreads = -1\n", 2, 11, "not the number -1"),
        ("[index]\nthreads = 2.5\n", 2, 11, "not the number 2.5"),
        (
            "offline = \"yes\"\n",
            1,
            11,
            "`offline` must be `true` or `false`, not the text `yes`",
        ),
        ("offline = [true]\n", 1, 11, "not a list"),
        ("[log]\nfilter = \"a=b=c\"\n", 2, 10, "must be a log filter"),
        ("[log]\nfilter = \" \"\n", 2, 10, "must be a log filter"),
        (
            "[log]\nfilter = \"inof,tantivy=warn\"\n",
            2,
            10,
            "not the text `inof,tantivy=warn`; did you mean `info`?",
        ),
        (
            "[log]\nformat = \"xml\"\n",
            2,
            10,
            "must be `text` or `json`, not the text `xml`",
        ),
        ("[models]\ndirectory = \"models\"\n", 2, 13, "must be an absolute path"),
        (
            "[models]\npython = \"bin/python\"\n",
            2,
            10,
            "or the name of a program on PATH",
        ),
        ("offline = true\noffline = false\n", 2, 1, "not TOML: duplicate key"),
        ("# ü\nlog = = 1\n", 2, 7, "not TOML"),
        ("log = \"ü\" x\n", 1, 11, "not TOML"),
    ];
    for (text, line, column, message) in table {
        let (_, problems) = file::read("/c.toml".into(), text);
        let [problem] = problems.as_slice() else {
            panic!("{text}: {problems:?}")
        };
        let place = Place::File {
            path: Arc::new("/c.toml".into()),
            line,
            column,
        };
        assert_eq!(problem.place, place, "{text}: {problem}");
        assert!(problem.message.contains(message), "{text}: {problem}");
    }
}

#[test]
fn every_mistake_is_told_in_the_order_of_lines_and_layers() {
    let (_directory, path) = file("offline = 1\nlog = 2\n[index]\nthreads = 1_000\n");
    let env = env().with(Variable::ModelsThreads, "many");
    let error = Configuration::load(&args(&path, &[("search-threads", "0")]), &env).expect_err("invalid");
    let text = error.chain();
    let places = [
        "line 1, column 11",
        "line 2, column 7",
        "line 4, column 11",
        "CODEMEM_MODELS_THREADS: `many` is not a whole",
        "--search-threads: `0`",
    ];
    let found: Vec<usize> = places
        .iter()
        .map(|place| text.find(place).unwrap_or_else(|| panic!("no {place}: {text}")))
        .collect();
    assert!(found.is_sorted(), "{text}");
    assert!(error.hint().contains("line 1 of"), "{}", error.hint());
}

#[test]
fn what_is_allowed_is_taken() {
    let (layer, problems) = file::read(
        "/c.toml".into(),
        concat!("log = \"warn\" # as it was once called\n", "[log]\nformat = \"json\"\n",),
    );
    // TOML itself forbids both forms at once.
    assert!(!problems.is_empty());
    assert!(layer.0.is_empty());
    for (text, name, expected) in [
        ("log = \"warn\"", "log.filter", Value::Text("warn".to_owned())),
        ("log.filter = \"off\"", "log.filter", Value::Text("off".to_owned())),
        ("index = { threads = 0x10 }", "index.threads", Value::Number(16)),
        (
            "index.max_file_bytes = 1_000",
            "index.max_file_bytes",
            Value::Number(1_000),
        ),
        (
            "[models]\npython = 'python3.13'",
            "models.python",
            Value::Path("python3.13".into()),
        ),
    ] {
        let (layer, problems) = file::read("/c.toml".into(), text);
        assert_eq!(problems, [], "{text}");
        assert_eq!(layer.0[name].value, Some(expected), "{text}");
    }
}

#[test]
fn a_mistyped_level_is_no_log_filter() {
    for good in [
        "off",
        "INFO",
        "0",
        "5",
        "info,",
        "codemem_engine",
        "info,codemem=debug",
        "codemem_store::sqlite",
        "[request{id=\"a\"}]=debug",
        "tantivy",
    ] {
        assert!(Kind::Filter.read(good.as_ref()).is_some(), "{good}");
    }
    for (bad, meant) in [
        ("inof", "`info`"),
        ("6", ""),
        ("warning", "`warn`"),
        ("Debgu", "`debug`"),
        ("codemem=debug,trase", "`trace`"),
        (" debug", "`debug`"),
        ("codemem=inof", ""),
        ("nonsense_crate", ""),
        (",", ""),
        ("", ""),
    ] {
        assert_eq!(Kind::Filter.read(bad.as_ref()), None, "{bad}");
        let suggestion = Kind::Filter.suggestion(bad);
        assert_eq!(suggestion.is_empty(), meant.is_empty(), "{bad}: {suggestion}");
        assert!(suggestion.contains(meant), "{bad}: {suggestion}");
    }
    let env = env().with(Variable::Log, "inof");
    let error = Configuration::load(&Args::default(), &env).expect_err("not a level");
    assert!(error.chain().contains("did you mean `info`?"), "{}", error.chain());
}

#[test]
fn every_crate_of_this_program_can_be_named_in_a_log_filter() {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let manifest = std::fs::read_to_string(manifest).expect("checked in");
    let (dependencies, _) = manifest.split_once("[dev-dependencies]").expect("a section");
    let names = dependencies.lines().filter_map(|line| line.split_once(".workspace"));
    let ours: Vec<String> = names
        .filter(|(name, _)| name.starts_with("codemem-"))
        .map(|(name, _)| name.replace('-', "_"))
        .collect();
    assert!(ours.len() > 5, "{ours:?}");
    for name in ours {
        assert!(key::PARTS.contains(&name.as_str()), "{name}");
    }
}

#[test]
fn what_lies_beside_the_file_goes_with_a_file_that_was_named() {
    let (_directory, path) = file("offline = true\n");
    let configuration = Configuration::load(&args(&path, &[]), &env()).expect("valid");
    assert_eq!(configuration.settings().directories.config_file(), path);
    assert_eq!(configuration.settings().directories.data(), Path::new("/nowhere/data"));
}

#[test]
fn a_file_that_the_environment_names_and_that_is_not_there_is_told() {
    let (_directory, path) = file("");
    let missing = |args: &Args, env: &Env| {
        let configuration = Configuration::load(args, env).expect("valid");
        configuration.in_force.missing_file
    };
    let told = missing(&Args::default(), &env()).expect("told");
    assert!(
        told.contains("CODEMEM_CONFIG") && told.contains("/nowhere/config.toml"),
        "{told}"
    );
    assert_eq!(missing(&args(&path, &[]), &env()), None, "another file is named");
    let managed = Args {
        managed: true,
        ..Args::default()
    };
    assert_eq!(
        missing(&managed, &env()),
        None,
        "`service install` named it, not the user"
    );
    let env = env().with(Variable::Config, &path);
    assert_eq!(missing(&Args::default(), &env), None, "it is there");
}

#[test]
fn what_is_valid_is_known_beside_what_is_not() {
    let (_directory, path) = file("offline = true\n[index]\ntreads = 2\n");
    let env = env()
        .with(Variable::SearchThreads, "5")
        .with(Variable::ModelsThreads, "many");
    let in_force = Configuration::without_mistakes(&args(&path, &[]), &env).expect("known");
    let problem = in_force.problem.clone().expect("told");
    assert!(
        problem.contains("`index.treads`") && problem.contains("`many`"),
        "{problem}"
    );
    assert_eq!(row(&in_force, "offline"), ("true".to_owned(), "line 1".to_owned()));
    assert_eq!(row(&in_force, "search.threads").0, "5");
    assert_eq!(row(&in_force, "models.threads").1, "default");
    // A directory cannot be read as a file, by nobody.
    let directory = path.parent().expect("it lies in one");
    let in_force = Configuration::without_mistakes(&args(directory, &[]), &env).expect("known");
    assert!(
        in_force
            .problem
            .expect("told")
            .contains("cannot read the configuration")
    );
}

#[test]
fn only_a_file_that_was_named_must_exist() {
    assert!(Configuration::load(&Args::default(), &env()).is_ok());
    let error = Configuration::load(&args(Path::new("/nowhere/else.toml"), &[]), &env()).expect_err("missing");
    assert!(matches!(error, ConfigError::Read { .. }), "{error:?}");
}

#[test]
fn a_reload_takes_what_may_change_and_notes_the_rest() {
    let (_directory, path) = file("[index]\nthreads = 2\n[models]\nthreads = 2\n");
    let mut configuration = Configuration::load(&args(&path, &[]), &env()).expect("valid");
    std::fs::write(&path, "offline = true\n\n[index]\nthreads = 3\n[models]\nthreads = 5\n").expect("written");
    let fresh = configuration.sources.read().expect("valid");
    let changes = configuration.in_force.take(&fresh);
    assert_eq!(changes.changed, ["offline", "index.threads"]);
    assert_eq!(changes.waiting, ["models.threads"]);
    let in_force = &configuration.in_force;
    assert_eq!((in_force.settings.offline, in_force.settings.index_threads), (true, 3));
    assert_eq!(in_force.settings.embed_threads, 2);
    assert_eq!(row(in_force, "index.threads").1, "line 4");
    let rows = in_force.rows();
    let models = rows.iter().find(|row| row.key.name == "models.threads").expect("a key");
    let waiting = models.waiting.expect("waits");
    assert_eq!(waiting.value, Some(Value::Number(5)));
    drop(rows);

    // Back to what runs: nothing waits any more, and a key that is gone has its default again.
    std::fs::write(&path, "[models]\nthreads = 2\n").expect("written");
    let fresh = configuration.sources.read().expect("valid");
    let changes = configuration.in_force.take(&fresh);
    assert_eq!(changes.waiting, [""; 0]);
    assert!(changes.changed.contains(&"offline"), "{changes:?}");
    assert_eq!(
        row(&configuration.in_force, "offline"),
        ("false".to_owned(), "default".to_owned())
    );
}

/// The reference that `docs/configuration.md` carries between its markers.
fn reference() -> String {
    let mut text =
        "| key | default | allowed | change counts | environment | flag | meaning |\n|---|---|---|---|---|---|---|\n"
            .to_owned();
    for key in KEYS {
        let flag = key.flag.map(|flag| format!("`--{flag}`")).unwrap_or_default();
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | `{}` | {flag} | {} |",
            key.name,
            key.fallback,
            key.kind.allowed(),
            if key.applies == Applies::AtOnce {
                "at once"
            } else {
                "after a restart"
            },
            key.variable.name(),
            key.meaning(),
        );
    }
    text.push_str("\n| variable | meaning |\n|---|---|\n");
    for variable in Variable::ALL {
        let _ = writeln!(text, "| `{}` | {} |", variable.name(), variable.meaning());
    }
    text
}

#[test]
fn the_documentation_says_what_the_tables_say() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
    let text = std::fs::read_to_string(path).expect("the documentation");
    let begin = "<!-- reference -->\n";
    let (before, rest) = text.split_once(begin).expect("a marker");
    let (found, after) = rest.split_once("<!-- end of reference -->").expect("a marker");
    let expected = format!("\n{}\n", reference());
    if found != expected {
        // For whoever changed a table: the text as it should be.
        let fresh = std::env::temp_dir().join("configuration.md");
        std::fs::write(
            &fresh,
            format!("{before}{begin}{expected}<!-- end of reference -->{after}"),
        )
        .expect("written");
        panic!(
            "docs/configuration.md is not what the tables say; {} is",
            fresh.display()
        );
    }
}

mod owner {
    //! The task that owns the settings.

    use super::*;
    use std::sync::Mutex;
    use tokio_util::sync::CancellationToken;

    #[tokio::test]
    async fn a_broken_file_changes_nothing_but_the_problem() {
        let (_directory, path) = file("offline = true\n");
        let configuration = Configuration::load(&args(&path, &[]), &env()).expect("valid");
        let applied = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&applied);
        let apply = move |in_force: &InForce| {
            let what = (in_force.settings.offline, in_force.log_filter());
            seen.lock().expect("whole").push(what);
        };
        let (owner, handle) = Owner::new(configuration, Box::new(apply));
        let stop = CancellationToken::new();
        let running = tokio::spawn(owner.run(stop.clone()));
        let mut told = handle.subscribe();

        std::fs::write(&path, "offline = maybe\n").expect("written");
        let error = handle.reload().await.expect_err("invalid");
        assert!(matches!(error, RequestError::Config(_)), "{error}");
        let problem = handle.now().problem.clone().expect("told");
        assert!(problem.contains("config.toml`, line 1"), "{problem}");
        assert!(handle.now().settings.offline, "as it was");
        assert!(told.has_changed().expect("alive"));

        std::fs::write(&path, "offline = false\n").expect("written");
        assert_eq!(handle.reload().await.expect("valid").changed, ["offline"]);
        assert_eq!(handle.now().problem, None);

        let asked = handle.set_log(Some("a=b=c".to_owned())).await;
        assert!(matches!(asked, Err(RequestError::Filter(_))));
        let asked = handle.set_log(Some("inof".to_owned())).await.expect_err("not a level");
        assert_eq!(asked.to_string(), "`inof` is not a log filter; did you mean `info`?");
        handle.set_log(Some("debug".to_owned())).await.expect("taken");
        // A request outlives a reload, and is told as what it is.
        handle.reload().await.expect("valid");
        assert_eq!(
            row(&handle.now(), "log.filter"),
            ("debug".to_owned(), "request `codemem daemon log-level`".to_owned())
        );
        handle.set_log(None).await.expect("reset");
        let configured = handle.now().settings.log.clone();
        assert_eq!(applied.lock().expect("whole").last(), Some(&(false, configured)));

        stop.cancel();
        running.await.expect("ended");
        assert!(matches!(handle.reload().await, Err(RequestError::Ending)));
        told.borrow_and_update();
    }
}
