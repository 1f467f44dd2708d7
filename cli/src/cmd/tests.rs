//! Whole commands against a daemon that answers from a script.

mod doctor;

use super::*;
use crate::args::Cli;
use crate::output::tests::captured;
use clap::Parser as _;
use codemem_client::testing::{Asked, FakeDaemon, Reply, Script};
use codemem_proto::env::{Env, Variable};
use codemem_proto::rendezvous::Rendezvous;
use codemem_proto::status::ErrorKind;
use codemem_proto::v1;
use codemem_proto::v1::WaitFor;
use std::collections::HashMap;
use tempfile::TempDir;

pub(super) struct Place {
    pub(super) directory: TempDir,
    pub(super) daemon: FakeDaemon,
}

pub(super) struct Outcome {
    pub(super) result: Result<Exit, CliError>,
    pub(super) answer: String,
    pub(super) remarks: String,
}

impl Place {
    pub(super) fn new(script: Script) -> Self {
        let directory = tempfile::tempdir().expect("directory");
        let rendezvous = Rendezvous::at(directory.path().join("run")).expect("short");
        let daemon = FakeDaemon::start(&rendezvous, script).expect("alone");
        Self { directory, daemon }
    }

    pub(super) async fn run(&self, line: &[&str]) -> Outcome {
        let env = Env::default().with(Variable::RuntimeDir, self.directory.path().join("run"));
        let cli = Cli::try_parse_from(["codemem"].iter().chain(line)).expect("understood");
        let (mut output, answers, remarks) = captured(cli.json, cli.quiet);
        let context = Context::new(env, true).expect("located");
        let result = run(&context, cli.command, &mut output).await;
        Outcome {
            result,
            answer: answers.text(),
            remarks: remarks.text(),
        }
    }
}

fn searching() -> v1::SearchResponse {
    v1::SearchResponse {
        hits: vec![v1::Hit {
            path: "src/a.rs".to_owned(),
            start_line: 1,
            end_line: 2,
            kind: "function".to_owned(),
            name: "a".to_owned(),
            signature: "fn a()".to_owned(),
            score: 0.5,
            snippet: "fn a() {\n}".to_owned(),
            language: "rust".to_owned(),
            handle: "src/a.rs:1-2@3f2a".to_owned(),
            root: "/r".to_owned(),
            ..v1::Hit::default()
        }],
        coverage: Some(v1::Coverage {
            files_searched: 1,
            files_total: 1,
            chunks: 3,
            vectors: 1.0,
            vectors_used: true,
            files_in_scope: 1,
            ..v1::Coverage::default()
        }),
        took_ms: 1.5,
        root: "/r".to_owned(),
        freshness: Some(v1::Freshness {
            branch: "main".to_owned(),
            commit: "0123456789abcdef".to_owned(),
            dirty_files: Some(3),
            watching: "events".to_owned(),
            checked_at_ms: 1_000,
            ..v1::Freshness::default()
        }),
        ..v1::SearchResponse::default()
    }
}

fn indexed(problem: &str) -> Vec<Reply<v1::IndexRootEvent>> {
    let event = |event| Reply::Now(v1::IndexRootEvent { event: Some(event) });
    vec![
        event(v1::index_root_event::Event::Progress(v1::Progress::default())),
        event(v1::index_root_event::Event::Result(v1::IndexRootResult {
            root: "/r".to_owned(),
            files: 2,
            chunks: 5,
            symbols: 3,
            skipped: HashMap::from([("binary".to_owned(), 1)]),
            vectors: 4,
            seconds: 0.5,
            problem: problem.to_owned(),
        })),
    ]
}

#[tokio::test]
async fn search_as_json() {
    let place = Place::new(Script {
        search: vec![Reply::Now(searching()), Reply::Now(v1::SearchResponse::default())],
        ..Script::default()
    });
    let line = "search --json --repo /r/sub --limit 3 --lang rust --path src/** -- --where";
    let line: Vec<&str> = line.split(' ').collect();
    let outcome = place.run(&line).await;
    assert_eq!(outcome.result.expect("found"), Exit::Success);
    assert_eq!(
        outcome.answer,
        concat!(
            r#"{"hits":[{"path":"src/a.rs","start_line":1,"end_line":2,"kind":"function","name":"a","#,
            r#""signature":"fn a()","score":0.5,"snippet":"fn a() {\n}","#,
            r#""handle":"src/a.rs:1-2@3f2a","root":"/r","language":"rust","stale":false}],"#,
            r#""coverage":{"files_searched":1,"files_total":1,"files_in_scope":1,"hits_dropped":0,"chunks":3,"#,
            r#""vectors":1.0,"vectors_used":true,"vectors_reason":""},"took_ms":1.5,"hits_left_out":0,"#,
            r#""freshness":{"branch":"main","commit":"0123456789abcdef","dirty":3,"pending":0,"rescanning":false,"#,
            r#""watching":"events","watching_reason":null,"checked_at":"1970-01-01T00:00:01Z"}}"#,
            "\n"
        )
    );
    let asked = v1::SearchRequest {
        query: "--where".to_owned(),
        roots: vec!["/r/sub".to_owned()],
        limit: 3,
        languages: vec!["rust".to_owned()],
        path_globs: vec!["src/**".to_owned()],
        ..v1::SearchRequest::default()
    };
    assert_eq!(place.daemon.asked(), vec![Asked::Search(asked)]);

    let outcome = place.run(&line).await;
    assert_eq!(outcome.result.expect("answered"), Exit::NothingFound);
    assert!(
        outcome.answer.starts_with(r#"{"hits":[],"coverage":{"#),
        "{}",
        outcome.answer
    );
}

#[tokio::test]
async fn search_for_a_person() {
    let place = Place::new(Script {
        search: vec![Reply::Now(searching())],
        ..Script::default()
    });
    let outcome = place.run(&["search", "where", "is", "it"]).await;
    assert_eq!(outcome.result.expect("found"), Exit::Success);
    assert_eq!(outcome.answer, "src/a.rs:1-2@3f2a  function  a\n    fn a() {\n    }\n");
    assert_eq!(
        outcome.remarks,
        "1 hit in 1.5 ms; searched 1 of 1 file; vectors 100 %\nmain@0123456, 3 modified, 1 file current\n"
    );
    let here = std::path::absolute(".").expect("known");
    assert!(matches!(
        &place.daemon.asked()[..],
        [Asked::Search(request)] if request.query == "where is it" && request.roots == [here.to_str().expect("UTF-8")]
    ));
    assert_eq!(place.run(&["search", "-q", "x"]).await.remarks, "");
}

#[tokio::test]
async fn a_path_is_explained_and_what_does_not_fit_is_a_warning() {
    let place = Place::new(Script {
        project: Reply::Now(v1::ExplainProjectResponse {
            path: "/r/x".to_owned(),
            found: "missing".to_owned(),
            directory: "/r".to_owned(),
            rule: "registered".to_owned(),
            because: "it is registered".to_owned(),
            project: "00ff".to_owned(),
            repository: "/r".to_owned(),
            worktree: "/r".to_owned(),
            root: "/r".to_owned(),
            project_roots: vec!["/r".to_owned()],
            problem: "`/r` is no longer there".to_owned(),
            index_group: Some(v1::IndexGroup {
                key: "11ee".to_owned(),
                rule: "registered".to_owned(),
                because: "it was registered with it".to_owned(),
                roots: vec!["/r".to_owned()],
                ..v1::IndexGroup::default()
            }),
            ..v1::ExplainProjectResponse::default()
        }),
        ..Script::default()
    });
    let outcome = place.run(&["project", "explain", "/r/x"]).await;
    assert_eq!(outcome.result.expect("explained"), Exit::Success);
    assert!(
        outcome
            .answer
            .starts_with("/r/x\n  found      nothing; this is about /r\n"),
        "{}",
        outcome.answer
    );
    assert_eq!(outcome.remarks, "warning: `/r` is no longer there\n");
    let asked = v1::ExplainProjectRequest {
        path: "/r/x".to_owned(),
    };
    assert_eq!(place.daemon.asked(), vec![Asked::ExplainProject(asked)]);
    let outcome = place.run(&["project", "explain", "/r/x", "--json"]).await;
    assert_eq!(
        outcome.answer,
        concat!(
            r#"{"path":"/r/x","found":"missing","directory":"/r","rule":"registered","because":"it is registered","#,
            r#""project":"00ff","repository":"/r","worktree":"/r","inside":"","branch":null,"commit":null,"trail":[],"#,
            r#""root":"/r","indexed":false,"project_roots":["/r"],"memories":null,"problem":"`/r` is no longer there","#,
            r#""index_group":{"key":"11ee","name":null,"rule":"registered","because":"it was registered with it","roots":["/r"]}}"#,
            "\n"
        )
    );
}

#[tokio::test]
async fn errors_of_a_search() {
    let place = Place::new(Script {
        search: vec![Reply::fail(
            ErrorKind::NotRegistered,
            "`/r` is not indexed",
            "run `codemem index /r`",
        )],
        ..Script::default()
    });
    for query in ["", "  \t"] {
        let error = place.run(&["search", query]).await.result.expect_err("empty");
        assert_eq!(error.exit(), Exit::Usage);
        assert!(error.hint().contains("codemem search"));
    }
    assert_eq!(place.daemon.asked(), vec![]);
    let error = place
        .run(&["search", "--repo", "/r", "x"])
        .await
        .result
        .expect_err("unknown");
    assert_eq!(
        (error.exit(), error.hint().as_str()),
        (Exit::Data, "run `codemem index /r`")
    );
}

#[tokio::test]
async fn index_waits_for_what_was_asked() {
    let place = Place::new(Script {
        index: indexed(""),
        ..Script::default()
    });
    for (line, wait, force) in [
        (&["index", "/r"][..], WaitFor::Lexical, false),
        (&["index", "/r", "--wait-lexical"], WaitFor::Lexical, false),
        (&["index", "/r", "--wait", "--force"], WaitFor::Vectors, true),
    ] {
        assert_eq!(place.run(line).await.result.expect("indexed"), Exit::Success);
        let asked = v1::IndexRootRequest {
            root: "/r".to_owned(),
            wait: wait.into(),
            force,
        };
        assert_eq!(place.daemon.asked().last(), Some(&Asked::IndexRoot(asked)));
    }
    let outcome = place.run(&["index", "/r", "--json"]).await;
    assert_eq!(
        outcome.answer,
        concat!(
            r#"{"repo":"/r","files":2,"chunks":5,"symbols":3,"skipped":{"binary":1},"vectors":4,"seconds":0.5}"#,
            "\n"
        )
    );
    assert!(
        outcome.remarks.contains("vectors follow in the background"),
        "{}",
        outcome.remarks
    );
}

#[tokio::test]
async fn an_index_with_a_problem_or_without_an_end() {
    let place = Place::new(Script {
        index: indexed("the model is missing; run `codemem setup`"),
        ..Script::default()
    });
    let outcome = place.run(&["index", "/r", "--wait", "--json"]).await;
    assert_eq!(outcome.result.expect("answered"), Exit::Data);
    assert!(outcome.answer.starts_with(r#"{"repo":"/r""#));
    assert!(
        outcome.remarks.contains("warning: the model is missing"),
        "{}",
        outcome.remarks
    );

    place.daemon.rewrite(|script| script.index.truncate(1));
    let error = place.run(&["index", "/r"]).await.result.expect_err("no end");
    assert_eq!(error.exit(), Exit::Daemon);
    place
        .daemon
        .rewrite(|script| script.index = vec![Reply::fail(ErrorKind::Usage, "it is a file", "give a directory")]);
    let error = place.run(&["index", "/r"]).await.result.expect_err("refused");
    assert_eq!((error.exit(), error.message().as_str()), (Exit::Usage, "it is a file"));
}

#[tokio::test]
async fn the_other_answers_as_json() {
    let model = v1::Model {
        name: "mini".to_owned(),
        dimension: 384,
        window: 256,
        fingerprint: "f".to_owned(),
        precision: "int8".to_owned(),
        active: true,
        disk_bytes: 9,
    };
    let installed = v1::SetupResult {
        onnxruntime: "/lib.so".to_owned(),
        model: Some(model.clone()),
    };
    let place = Place::new(Script {
        setup: vec![Reply::Now(v1::SetupEvent {
            event: Some(v1::setup_event::Event::Result(installed)),
        })],
        languages: Reply::Now(v1::LanguagesResponse {
            languages: vec![v1::Language {
                name: "rust".to_owned(),
                extensions: vec!["rs".to_owned()],
                symbols: true,
                origin: "built-in".to_owned(),
                available: true,
                problem: String::new(),
            }],
        }),
        add_language: Reply::Now(v1::AddLanguageResponse {
            symbols: true,
            query: "/q/ini.scm".to_owned(),
        }),
        models: Reply::Now(v1::ListModelsResponse { models: vec![model] }),
        remove: Reply::Now(v1::RemoveResponse { freed_bytes: 7 }),
        prune: Reply::Now(v1::PruneResponse {
            roots: vec!["/gone".to_owned()],
            contents: 1,
            vectors: 2,
            freed_bytes: 3,
            worktrees: 4,
            orphans: 5,
            missing: vec!["/away".to_owned()],
            documents: 6,
        }),
        ..Script::default()
    });
    let mini = concat!(
        r#"{"name":"mini","dimension":384,"window":256,"fingerprint":"f","#,
        r#""precision":"int8","active":true,"disk_bytes":9}"#
    );
    for (line, expected) in [
        (
            "languages",
            concat!(
                r#"[{"name":"rust","extensions":["rs"],"symbols":true,"#,
                r#""origin":"built-in","available":true,"problem":null}]"#
            )
            .to_owned(),
        ),
        (
            "languages add ini --from /x",
            r#"{"name":"ini","symbols":true,"query":"/q/ini.scm"}"#.to_owned(),
        ),
        ("languages remove ini", r#"{"name":"ini"}"#.to_owned()),
        ("model list", format!("[{mini}]")),
        ("model import /m", mini.to_owned()),
        ("setup", format!(r#"{{"onnxruntime":"/lib.so","model":{mini}}}"#)),
        ("remove /r", r#"{"repo":"/r","freed_bytes":7}"#.to_owned()),
        (
            "prune --dry-run",
            r#"{"dry_run":true,"roots":["/gone"],"contents":1,"vectors":2,"freed_bytes":3,"worktrees":4,"orphans":5,"missing":["/away"],"documents":6}"#
                .to_owned(),
        ),
    ] {
        let words: Vec<&str> = line.split(' ').chain(["--json"]).collect();
        let outcome = place.run(&words).await;
        assert_eq!(outcome.result.expect(line), Exit::Success);
        assert_eq!(outcome.answer, format!("{expected}\n"));
    }
}

#[tokio::test]
async fn status_as_json() {
    let place = Place::new(Script {
        status: vec![Reply::Now(v1::StatusResponse {
            daemon: Some(v1::DaemonStatus {
                pid: 7,
                ..v1::DaemonStatus::default()
            }),
            repositories: vec![v1::RepositoryStatus {
                root: "/r".to_owned(),
                ..v1::RepositoryStatus::default()
            }],
            model: None,
        })],
        ..Script::default()
    });
    let outcome = place.run(&["status", "--json"]).await;
    assert_eq!(outcome.result.expect("answered"), Exit::Success);
    assert_eq!(
        outcome.answer,
        concat!(
            r#"{"daemon":{"pid":7,"version":"","uptime_seconds":0,"rss_bytes":0,"peak_rss_bytes":0,"open_repositories":0,"model_loaded":false,"socket":"","data_dir":"","log_file":"","#,
            r#""problems":[]},"#,
            r#""repositories":[{"root":"/r","files":0,"chunks":0,"symbols":0,"vectors":0,"skipped":{},"disk_bytes":0,"#,
            r#""progress":{"phase":"unknown","files_done":0,"files_total":0,"chunks_done":0,"chunks_total":0,"#,
            r#""seconds":0.0,"rate":0.0,"eta_seconds":0.0},"branch":"","commit":"","indexed_at":0,"problem":"","freshness":null,"paused":null}],"#,
            r#""model":{"state":"","name":"","reason":""}}"#,
            "\n"
        )
    );
}

#[tokio::test]
async fn stopping_a_daemon_once_and_again() {
    let place = Place::new(Script::default());
    let outcome = place.run(&["daemon", "stop", "--json"]).await;
    assert_eq!(outcome.result.expect("stopped"), Exit::Success);
    assert_eq!(outcome.answer, "{\"stopped\":true}\n");
    assert_eq!(
        place.run(&["daemon", "stop"]).await.answer,
        "codememd was not running\n"
    );
    let error = place.run(&["status"]).await.result.expect_err("gone");
    assert_eq!(
        (error.exit(), error.hint().as_str()),
        (Exit::Daemon, "start it with `codemem daemon start`")
    );
}

#[tokio::test]
async fn the_logs_filter_is_set_and_reset() {
    let place = Place::new(Script::default());
    let set = place.run(&["daemon", "log-level", "info,codemem_engine=debug"]).await;
    assert_eq!(
        set.answer,
        "the log follows `info,codemem_engine=debug`; configured is `info`\n"
    );
    place
        .run(&["daemon", "log-level", "--reset"])
        .await
        .result
        .expect("reset");
    let asked = |filter: &str| {
        Asked::SetLog(v1::SetLogRequest {
            filter: filter.to_owned(),
        })
    };
    assert_eq!(place.daemon.asked(), [asked("info,codemem_engine=debug"), asked("")]);
}

#[tokio::test]
async fn the_configuration_is_shown_as_the_daemon_has_it() {
    let answer = v1::ShowConfigResponse {
        file: "/elsewhere/config.toml".to_owned(),
        keys: vec![v1::ConfigKey {
            name: "offline".to_owned(),
            value: Some(v1::ConfigValue {
                value: Some(v1::config_value::Value::Switch(true)),
            }),
            origin: "environment CODEMEM_OFFLINE".to_owned(),
            ..v1::ConfigKey::default()
        }],
        problem: "line 3".to_owned(),
        ..v1::ShowConfigResponse::default()
    };
    let place = Place::new(Script {
        config: Reply::Now(answer),
        ..Script::default()
    });
    let shown = place.run(&["config", "show", "--json"]).await;
    assert_eq!(
        shown.answer,
        concat!(
            r#"{"file":"/elsewhere/config.toml","file_exists":false,"keys":[{"name":"offline","value":true,"#,
            r#""origin":"environment CODEMEM_OFFLINE","waiting":null,"default":"","allowed":"","variable":"","flag":"","#,
            r#""applies":"after a restart","meaning":""}],"problem":"line 3"}"#,
            "\n"
        )
    );
    assert!(shown.remarks.contains("not valid: line 3"), "{}", shown.remarks);
    let path = place.run(&["config", "path"]).await;
    assert_eq!(
        path.answer, "/elsewhere/config.toml\n",
        "the daemon's, not this program's"
    );
    let init = place.run(&["config", "reload", "--json"]).await;
    assert_eq!(init.answer, "{\"changed\":[],\"waiting\":[]}\n");
}
