//! A daemon, and a client, that change nothing.

use super::{add, agent, client, contents, fact, person, read, stats, text};
use crate::sandbox::{self, rendezvous, wait};
use codemem_client::Connector;
use codemem_proto::status::ErrorKind;
use codemem_proto::v1;
use codemem_testkit::Sandbox;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Time, size and content of every file, and every directory.
type Files = BTreeMap<PathBuf, Option<(SystemTime, Vec<u8>)>>;

fn files(directory: &Path) -> Files {
    let mut found = Files::new();
    let mut pending = vec![directory.to_owned()];
    while let Some(directory) = pending.pop() {
        for entry in fs::read_dir(&directory).expect("listed") {
            let path = entry.expect("an entry").path();
            // Models are linked, and shared with other tests.
            if path.is_symlink() {
                continue;
            }
            if path.is_dir() {
                found.insert(path.clone(), None);
                pending.push(path);
            } else {
                let modified = path.metadata().expect("there").modified().expect("known");
                found.insert(path.clone(), Some((modified, fs::read(&path).expect("read"))));
            }
        }
    }
    found
}

fn differences(before: &Files, after: &Files) -> Vec<PathBuf> {
    let names = before.keys().chain(after.keys());
    let mut changed: Vec<PathBuf> = names
        .filter(|name| before.get(*name) != after.get(*name))
        .cloned()
        .collect();
    changed.dedup();
    changed
}

fn read_only(sandbox: &Sandbox) {
    fs::write(sandbox.config_file(), "offline = true\nread_only = true\n").expect("written");
}

#[test]
fn a_read_only_daemon_answers_and_changes_no_file() {
    let sandbox = sandbox::with_model();
    sandbox.copy(sandbox::sample());
    let tree = text(&sandbox.tree());
    sandbox.codemem(["index", &tree, "--wait"]).success();
    wait(async {
        let (client, me) = (client(&sandbox).await, person(&sandbox));
        add(&client, fact(&me, "sessions are evicted after ten minutes without use"))
            .await
            .expect("stored");
    });
    let hits = |query: &str| sandbox.codemem(["search", "--repo", &tree, "--json", query]).json();
    let expected = hits("when are idle sessions thrown out");
    assert_eq!(expected["coverage"]["vectors_used"], true, "{expected}");
    sandbox.codemem(["daemon", "stop"]).success();
    let before = files(&sandbox.path("data"));

    read_only(&sandbox);
    sandbox.write("later.py", "def written_later():\n    pass\n");
    let answer = hits("when are idle sessions thrown out");
    assert_eq!(answer["hits"], expected["hits"]);
    assert_eq!(
        answer["coverage"]["vectors_used"], true,
        "a question is still embedded: {answer}"
    );
    wait(async {
        let (client, me) = (client(&sandbox).await, person(&sandbox));
        assert_eq!(contents(&client, &me, "when are sessions evicted").await.len(), 1);
        assert!(stats(&client).await.read_only);
        let error = add(&client, fact(&me, "one more")).await.expect_err("refused");
        assert_eq!(error.kind, ErrorKind::Denied, "{error:?}");
        assert!(
            error.message.contains("Memory.Add") && error.message.contains("read-only"),
            "{error:?}"
        );
    });
    for refused in [
        vec!["index", tree.as_str()],
        vec!["index", "--force", tree.as_str()],
        vec!["prune"],
        vec!["setup"],
    ] {
        let answer = sandbox.codemem(&refused);
        assert!(
            answer.code != 0 && answer.stderr.contains("read-only"),
            "{refused:?}: {answer:?}"
        );
    }
    sandbox.codemem(["status"]).success();
    sandbox.codemem(["doctor", &tree]);
    assert!(
        sandbox.codemem(["search", "--repo", &tree, "written_later"]).code != 0,
        "nothing was indexed"
    );
    assert_eq!(
        differences(&before, &files(&sandbox.path("data"))),
        Vec::<PathBuf>::new(),
        "while it runs"
    );
    sandbox.codemem(["daemon", "stop"]).success();
    assert_eq!(
        differences(&before, &files(&sandbox.path("data"))),
        Vec::<PathBuf>::new(),
        "after its end"
    );
    let left = fs::read_dir(sandbox.path("state/read-only"))
        .into_iter()
        .flatten()
        .flatten();
    let left: Vec<PathBuf> = left
        .flat_map(|entry| fs::read_dir(entry.path()).into_iter().flatten().flatten())
        .map(|entry| entry.path())
        .collect();
    assert_eq!(left, Vec::<PathBuf>::new(), "copies go with the daemon");

    // And back: it goes on as if nothing had been.
    fs::write(sandbox.config_file(), "offline = true\n").expect("written");
    sandbox.codemem(["index", &tree, "--wait"]).success();
    sandbox.codemem(["search", "--repo", &tree, "written_later"]).success();
}

#[test]
fn a_read_only_daemon_needs_nothing_to_be_there() {
    let sandbox = sandbox::lexical();
    read_only(&sandbox);
    sandbox.codemem(["daemon", "start"]).success();
    wait(async {
        let (client, me) = (client(&sandbox).await, person(&sandbox));
        assert_eq!(contents(&client, &me, "anything").await, Vec::<String>::new());
        assert_eq!(stats(&client).await.memories, 0);
    });
    assert_eq!(files(&sandbox.path("data")), Files::new());
}

#[test]
fn a_client_that_only_reads_is_held_to_it_by_the_daemon() {
    let sandbox = super::started();
    wait(async {
        let (client, me) = (client(&sandbox).await, person(&sandbox));
        let id = add(&client, fact(&me, "the echidna runs the nightly job"))
            .await
            .expect("stored")
            .id;
        let reader = Connector::new(rendezvous(&sandbox), "reader")
            .reading_only(true)
            .find()
            .await;
        let reader = reader.expect("the daemon answers").expect("it runs");
        let agent = agent(&sandbox, "s");
        assert_eq!(contents(&reader, &agent, "echidna nightly job").await.len(), 1);
        let denied = |kind: ErrorKind, message: &str| {
            assert_eq!(kind, ErrorKind::Denied, "{message}");
            assert!(message.contains("only reads"), "{message}");
        };
        let error = add(&reader, fact(&agent, "no")).await.expect_err("refused");
        denied(error.kind, &error.message);
        let delete = v1::DeleteMemoryRequest {
            caller: Some(me.clone()),
            id,
            ..Default::default()
        };
        let error = read(reader.memory.clone().delete(delete).await).expect_err("refused");
        denied(error.kind, &error.message);
        let messages = tokio_stream::iter(vec![v1::ImportMemoriesRequest::default()]);
        let error = read(reader.memory.clone().import(messages).await).expect_err("refused");
        denied(error.kind, &error.message);
        let root = v1::IndexRootRequest {
            root: text(&sandbox.tree()),
            ..Default::default()
        };
        let error = read(reader.index.clone().index_root(root).await).expect_err("refused");
        denied(error.kind, &error.message);
        let shutdown = v1::ShutdownRequest {
            reason: "no".to_owned(),
        };
        let error = read(reader.daemon.clone().shutdown(shutdown).await).expect_err("refused");
        denied(error.kind, &error.message);
        // Others are not concerned.
        add(&client, fact(&me, "yes")).await.expect("stored");
    });
}
