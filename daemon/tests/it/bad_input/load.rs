//! More clients and questions at once than anybody has.

use crate::sandbox::{self, assert_serves, channel, client, wait};
use codemem_proto::status::{ErrorKind, WireError};
use codemem_proto::v1::search_client::SearchClient;
use codemem_proto::v1::{SearchRequest, StatusRequest};
use codemem_testkit::{Sandbox, wait_until};
use std::time::Duration;
use tokio::task::JoinSet;
use tonic::transport::Channel;

/// Questions at once.
const SEARCHES: usize = 1_000;

/// Longest that all of them may take, on a busy machine and without optimisation.
const PATIENCE: Duration = Duration::from_mins(2);

/// Most that the daemon may grow by, in bytes.
const GROWTH: u64 = 256 << 20;

fn question(sandbox: &Sandbox) -> SearchRequest {
    SearchRequest {
        query: "which handler answers a request".to_owned(),
        roots: vec![sandbox.tree().to_string_lossy().into_owned()],
        ..SearchRequest::default()
    }
}

async fn rss(sandbox: &Sandbox) -> u64 {
    let status = client(sandbox).await.daemon.status(StatusRequest::default()).await;
    status
        .expect("a status")
        .into_inner()
        .daemon
        .expect("about itself")
        .rss_bytes
}

/// How many descriptors a process has open; none where the system does not tell.
fn descriptors(pid: Option<i32>) -> usize {
    let pid = pid.expect("a daemon");
    std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
}

/// Asks once on every channel at the same time: how many were answered, and how many were told to come again.
async fn ask_all(channels: Vec<Channel>, question: &SearchRequest) -> (usize, usize) {
    let mut asking = JoinSet::new();
    for channel in channels {
        let question = question.clone();
        asking.spawn(async move { SearchClient::new(channel).search(question).await });
    }
    let (mut n_answered, mut n_busy) = (0, 0);
    while let Some(answer) = asking.join_next().await {
        match answer.expect("no panic") {
            Ok(answer) => {
                assert_eq!(answer.into_inner().hits[0].path, "server/router.py");
                n_answered += 1;
            }
            Err(status) => {
                let error = WireError::from_status(&status);
                assert_eq!(error.kind, ErrorKind::Busy, "{status:?}");
                assert_eq!(status.code(), tonic::Code::ResourceExhausted);
                assert!(error.hint.is_some_and(|hint| hint.contains("try again")));
                n_busy += 1;
            }
        }
    }
    (n_answered, n_busy)
}

#[test]
fn a_thousand_searches_at_once_are_all_answered() {
    let sandbox = sandbox::lexical();
    sandbox.copy(sandbox::sample());
    let tree = sandbox.tree();
    let tree = tree.to_str().expect("UTF-8");
    sandbox.codemem(["index", tree, "--wait-lexical"]).success();
    let pid = sandbox.daemon_pid();
    let open = descriptors(pid);
    wait(async {
        let before = rss(&sandbox).await;
        let mut channels = Vec::new();
        for _ in 0..20 {
            let channel = channel(&sandbox).await;
            channels.extend(std::iter::repeat_n(channel, SEARCHES / 20));
        }
        let asked = tokio::time::timeout(PATIENCE, ask_all(channels, &question(&sandbox))).await;
        assert_eq!(asked.expect("in time"), (SEARCHES, 0));
        let grown = rss(&sandbox).await.saturating_sub(before);
        assert!(grown < GROWTH, "{grown} bytes more");
    });
    let few = || descriptors(pid) <= open + 16;
    wait_until("connections that nobody has any more to be closed", PATIENCE, few);
    assert_serves(&sandbox, pid);
}

#[test]
fn with_few_descriptors_a_thousand_clients_are_answered_or_told_to_come_again() {
    let sandbox = sandbox::lexical();
    sandbox.copy(sandbox::sample());
    let tree = sandbox.tree();
    let tree = tree.to_str().expect("UTF-8");
    let start = format!(
        "ulimit -n 256 && exec {} daemon start",
        sandbox.binary("codemem").display()
    );
    let mut shell = sandbox.command("codemem");
    let environment: Vec<_> = shell
        .get_envs()
        .map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned)))
        .collect();
    shell = std::process::Command::new("sh");
    shell.env_clear().args(["-c", &start]);
    shell.envs(environment.into_iter().filter_map(|(name, value)| Some((name, value?))));
    sandbox.run(&mut shell).success();
    sandbox.codemem(["index", tree, "--wait-lexical"]).success();
    let pid = sandbox.daemon_pid();
    let n_places = 64;
    wait(async {
        // When every place is taken, newcomers are told so at once.
        let mut sessions = Vec::new();
        for _ in 0..n_places {
            sessions.push(client(&sandbox).await);
        }
        let answer = sandbox.codemem(["search", "--repo", tree, "router"]);
        assert_eq!(answer.code, 3, "{answer:?}");
        assert!(answer.stderr.contains("too many programs are connected"), "{answer:?}");
        assert!(answer.stderr.contains("hint: try again in a moment"), "{answer:?}");
        drop(sessions);
    });
    wait_until("the places to be free again", PATIENCE, || sandbox.daemon_pid() == pid);
    wait(async {
        // A client each; those for whom there is no place hold none either.
        let mut connecting = JoinSet::new();
        for _ in 0..SEARCHES {
            let socket = sandbox::rendezvous(&sandbox).socket();
            connecting.spawn(async move { sandbox::channel_at(&socket).await });
        }
        let mut channels = Vec::new();
        let connected = async {
            while let Some(channel) = connecting.join_next().await {
                channels.push(channel.expect("no panic"));
            }
            ask_all(channels, &question(&sandbox)).await
        };
        let (n_answered, n_busy) = tokio::time::timeout(PATIENCE, connected).await.expect("in time");
        assert_eq!(n_answered + n_busy, SEARCHES);
        assert!(
            n_answered >= n_places && n_busy > 0,
            "{n_answered} answered, {n_busy} busy"
        );
    });
    // The stores had their descriptors all the while, and there is room again.
    sandbox.write("late.py", "def after_the_rush():\n    pass\n");
    sandbox.codemem(["index", tree, "--wait-lexical"]).success();
    let answer = sandbox.codemem(["search", "--repo", tree, "after_the_rush"]);
    assert!(answer.success().contains("late.py"), "{answer:?}");
    assert_serves(&sandbox, pid);
}
