//! The log through the built binaries: what it must not hold, whose lines are whose, how large it gets.

use crate::mcp::Session;
use crate::sandbox;
use codemem_client::Connector;
use codemem_proto::rendezvous::Rendezvous;
use codemem_proto::request::REQUEST_KEY;
use codemem_proto::v1::SearchRequest;
use codemem_testkit::{Answer, Sandbox, wait_until};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_mins(1);

/// Found nowhere but in the code and the queries of the test.
const MARKER: &str = "zanzibar_heron";

fn files(sandbox: &Sandbox) -> Vec<PathBuf> {
    let listed = fs::read_dir(sandbox.path("state/logs")).expect("the logs");
    listed.map(|entry| entry.expect("an entry").path()).collect()
}

fn log(sandbox: &Sandbox) -> String {
    let texts = files(sandbox)
        .into_iter()
        .map(|file| fs::read(file).unwrap_or_default());
    String::from_utf8(texts.flatten().collect()).expect("UTF-8")
}

/// The name that `--verbose` told.
fn request(answer: &Answer) -> String {
    let line = answer.stderr.lines().find_map(|line| line.strip_prefix("request: "));
    let (name, _) = line.and_then(|line| line.split_once(';')).expect("a request");
    name.to_owned()
}

#[test]
fn the_log_keeps_queries_and_code_to_itself() {
    for filter in [None, Some("info")] {
        let sandbox = sandbox::lexical();
        if let Some(filter) = filter {
            fs::write(sandbox.config_file(), format!("offline = true\nlog = \"{filter}\"\n")).expect("write");
        }
        sandbox.write(
            &format!("src/{MARKER}_file.rs"),
            format!("/// {MARKER} says what\nfn {MARKER}() {{ let x = \"{MARKER}\"; }}\n"),
        );
        sandbox.write("broken.py", format!("def {MARKER}(:\n  '''{MARKER}\n"));
        sandbox.codemem(["index", "--wait-lexical"]).success();
        sandbox.codemem(["search", MARKER]).success();
        for (option, value) in [("--path", format!("[{MARKER}")), ("--lang", MARKER.to_owned())] {
            let refused = sandbox.codemem(["search", option, &value, "--", MARKER]);
            assert_eq!(refused.code, 2, "{refused:?}");
        }
        fs::remove_dir_all(sandbox.path("tree/src")).expect("deleted");
        sandbox.codemem(["index", "--force", "--wait-lexical"]).success();
        let text = log(&sandbox);
        assert!(text.contains("pass ends") && text.contains("refused"), "{text}");
        assert!(!text.contains(MARKER), "{filter:?}: {text}");

        // At debug level it may be there, which also shows that the test would see it.
        sandbox.codemem(["daemon", "log-level", "debug"]).success();
        sandbox.codemem(["search", MARKER]);
        wait_until("the query at debug level", PATIENCE, || log(&sandbox).contains(MARKER));
        let reset = sandbox.codemem(["daemon", "log-level", "--reset", "--json"]).json();
        assert_eq!(reset["filter"], reset["configured"]);
    }
}

#[test]
fn a_request_is_followed_to_the_stores_and_into_its_jobs() {
    let sandbox = sandbox::lexical();
    fs::write(sandbox.config_file(), "offline = true\nlog = \"info,codemem=debug\"\n").expect("write");
    sandbox.copy(sandbox::sample());
    let index = sandbox.codemem(["index", "--wait", "-v"]);
    let search = sandbox.codemem(["search", "evict sessions", "-v"]);
    let lines = |request: &str, parts: &[&str]| {
        let mut text = String::new();
        wait_until("the request's lines", PATIENCE, || {
            text = sandbox
                .codemem(["daemon", "logs", "-n", "1000", "--request", request])
                .stdout;
            parts.iter().all(|part| text.contains(part))
        });
        assert!(
            text.lines().all(|line| line.contains(&format!("id=\"{request}\""))),
            "{text}"
        );
        text
    };
    let of_index = request(&index);
    lines(
        &of_index,
        &[
            "Index/IndexRoot",
            "repo-pass",
            "pass begins",
            "codemem_store",
            "repo-vectors",
        ],
    );
    let of_search = request(&search);
    let text = lines(
        &of_search,
        &[
            "Search/Search",
            "codemem_engine",
            "codemem_lexical",
            "codemem_store",
            "client=\"codemem ",
        ],
    );
    assert!(!text.contains(&of_index), "{text}");
    let important = sandbox
        .codemem([
            "daemon",
            "logs",
            "-n",
            "1000",
            "--request",
            &of_index,
            "--level",
            "info",
        ])
        .stdout;
    assert!(
        important.contains("pass ends") && !important.contains(" DEBUG "),
        "{important}"
    );
}

#[test]
fn a_question_of_an_agent_bears_the_name_of_its_session_and_its_message() {
    let sandbox = sandbox::lexical();
    fs::write(sandbox.config_file(), "offline = true\nlog = \"debug\"\n").expect("write");
    sandbox.write("a.rs", "fn a() {}\n");
    sandbox.codemem(["index", "--wait-lexical"]).success();
    let mut session = Session::start(&sandbox, false);
    for _ in 0..2 {
        session.tool("search_code", &serde_json::json!({"query": "a"}));
    }
    session.end();
    // The handshake was the first message, the questions were the second and the third.
    let names = || {
        let text = log(&sandbox);
        let lines = text
            .lines()
            .filter(|line| line.contains("codemem-mcp") && line.contains("Search/Search"));
        let names = lines.filter_map(|line| line.split("request{id=\"").nth(1)?.split('"').next().map(str::to_owned));
        names.collect::<std::collections::BTreeSet<_>>()
    };
    wait_until("both questions", PATIENCE, || names().len() == 2);
    let names: Vec<String> = names().into_iter().collect();
    let parts: Vec<(&str, &str)> = names.iter().filter_map(|name| name.split_once('-')).collect();
    assert_eq!(
        parts.iter().map(|(_, message)| *message).collect::<Vec<_>>(),
        ["2", "3"],
        "{names:?}"
    );
    assert_eq!(parts[0].0, parts[1].0, "{names:?}");
}

#[test]
fn every_answer_bears_the_name_of_its_request() {
    let sandbox = sandbox::lexical();
    sandbox.codemem(["daemon", "start"]).success();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let rendezvous = Rendezvous::at(sandbox.path("run")).expect("short");
        let mut client = Connector::new(rendezvous, "test").connect().await.expect("runs");
        for (given, is_kept) in [("3f2a-17", true), ("not allowed!", false)] {
            let mut request = tonic::Request::new(SearchRequest::default());
            request
                .metadata_mut()
                .insert(REQUEST_KEY, given.parse().expect("ASCII"));
            let status = client.search.search(request).await.expect_err("no such root");
            let name = status
                .metadata()
                .get(REQUEST_KEY)
                .expect("named")
                .to_str()
                .expect("ASCII");
            assert_eq!(name == given, is_kept, "{name}");
            assert!(!name.is_empty() && !name.contains(' '), "{name}");
        }
        let answer = client
            .daemon
            .status(codemem_proto::v1::StatusRequest::default())
            .await
            .expect("answered");
        assert!(answer.metadata().contains_key(REQUEST_KEY));
    });
}

#[test]
fn what_a_stream_fails_with_is_in_the_log_under_its_request() {
    let sandbox = sandbox::lexical();
    let elsewhere = sandbox.path("home");
    let elsewhere = elsewhere.to_str().expect("UTF-8");
    for line in [
        &["doctor", "--repo", elsewhere, "-v"][..],
        &["model", "import", elsewhere, "-v"],
    ] {
        let answer = sandbox.codemem(line);
        assert_ne!(answer.code, 0, "{answer:?}");
        let name = request(&answer);
        let mut lines = String::new();
        wait_until("the failure", PATIENCE, || {
            lines = sandbox.codemem(["daemon", "logs", "--request", &name]).stdout;
            lines.contains("refused")
        });
        assert!(lines.contains("kind=") && lines.contains("code="), "{lines}");
    }
}

#[test]
fn a_log_can_be_followed_before_there_is_one() {
    let sandbox = sandbox::lexical();
    let none = sandbox.codemem(["daemon", "logs"]);
    assert_eq!(none.code, 4, "{none:?}");
    let (said, remarks) = (sandbox.path("said"), sandbox.path("remarks"));
    let create = |path: &PathBuf| fs::File::create(path).expect("created");
    let mut follower = sandbox
        .command("codemem")
        .args(["daemon", "logs", "-f"])
        .stdout(create(&said))
        .stderr(create(&remarks))
        .spawn()
        .expect("started");
    let read = |path: &PathBuf| fs::read_to_string(path).expect("readable");
    wait_until("a remark", PATIENCE, || read(&remarks).contains("there is no log in"));
    sandbox.codemem(["daemon", "start"]).success();
    wait_until("the first lines", PATIENCE, || {
        follower.try_wait().expect("known").is_some() || read(&said).contains("ready")
    });
    follower.kill().expect("killed");
    follower.wait().expect("ended");
    let first = read(&said);
    assert!(first.contains("ready"), "{}", read(&remarks));
    assert!(log(&sandbox).starts_with(&first), "from the first line on: {first}");
}

#[test]
fn the_log_can_be_read_by_programs() {
    let sandbox = sandbox::lexical();
    fs::write(
        sandbox.config_file(),
        "offline = true\n[log]\nformat = \"json\"\nfilter = \"debug\"\n",
    )
    .expect("write");
    let answer = sandbox.codemem(["status", "-v"]);
    let name = request(&answer);
    wait_until("the request's lines", PATIENCE, || {
        sandbox
            .codemem(["daemon", "logs", "--request", &name])
            .stdout
            .contains("answered")
    });
    let lines = sandbox.codemem(["daemon", "logs", "--request", &name]).stdout;
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).expect("each line is JSON");
        assert!(line["level"].is_string() && line["fields"].is_object(), "{line}");
        assert_eq!(line["spans"][0]["id"], name.as_str(), "{line}");
    }
}

#[test]
fn a_talkative_log_stays_within_its_bounds() {
    let sandbox = sandbox::lexical();
    let config =
        "offline = true\n[log]\nfilter = \"trace\"\nmax_file_bytes = 8192\nmax_total_bytes = 32768\nmax_files = 3\n";
    fs::write(sandbox.config_file(), config).expect("write");
    sandbox.copy(sandbox::sample());
    sandbox.codemem(["index", "--wait-lexical"]).success();
    wait_until("a third file", PATIENCE, || {
        sandbox.codemem(["status"]).success();
        let n_written = files(&sandbox).len();
        assert!(n_written <= 3, "{n_written} files");
        n_written == 3
    });
    let bytes: u64 = files(&sandbox)
        .iter()
        .filter_map(|file| fs::metadata(file).ok())
        .map(|file| file.len())
        .sum();
    assert!(bytes <= 3 * 8192, "{bytes} bytes");
    // The file that `status` names is the one that is written to.
    let named = sandbox.codemem(["status", "--json"]).json()["daemon"]["log_file"].clone();
    let named = PathBuf::from(named.as_str().expect("a path"));
    assert!(named.starts_with(sandbox.path("state/logs")), "{}", named.display());
    // Lines are found across files.
    let tail = sandbox.codemem(["daemon", "logs", "-n", "60"]);
    assert_eq!(tail.success().lines().count(), 60);
}

#[test]
fn a_log_that_cannot_be_written_stops_nothing() {
    let sandbox = sandbox::lexical();
    fs::write(sandbox.config_file(), "offline = true\nlog = \"debug\"\n").expect("write");
    sandbox.codemem(["daemon", "start"]).success();
    let pid = sandbox.daemon_pid();
    // A file where the directory was keeps everybody out, root included.
    let logs = sandbox.path("state/logs");
    fs::remove_dir_all(&logs).expect("deleted");
    fs::write(&logs, "").expect("in the way");
    let problems = || sandbox.codemem(["status", "--json"]).json()["daemon"]["problems"].clone();
    wait_until("the problem to be told", PATIENCE, || {
        problems().to_string().contains("cannot be written")
    });
    fs::remove_file(&logs).expect("out of the way");
    wait_until("the problem to go", PATIENCE, || problems() == serde_json::json!([]));
    wait_until("lines again", PATIENCE, || {
        log(&sandbox).contains("lines of the log were lost")
    });
    assert_eq!(sandbox.daemon_pid(), pid);
}
