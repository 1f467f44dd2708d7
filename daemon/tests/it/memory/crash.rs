//! Writers whose daemon is killed under them, again and again.

use super::{client, exported, fact, person};
use crate::sandbox::{self, rendezvous, wait};
use codemem_client::{Client, Connector};
use codemem_proto::v1;
use codemem_testkit::{Sandbox, wait_until};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// One client each.
const WRITERS: [&str; 8] = [
    "alpaca", "bison", "caribou", "dingo", "ermine", "ferret", "gecko", "heron",
];
const WRITES: usize = 200;
const KILLS: usize = 5;

/// Longest that everything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// A client that starts the daemon where there is none.
async fn connected(sandbox: &Sandbox, deadline: Instant) -> Client {
    loop {
        let found = Connector::new(rendezvous(sandbox), "writer").find().await;
        if let Ok(Some(client)) = found {
            return client;
        }
        // Any client may start it; the command line does as all of them do.
        let answer = sandbox.codemem(["daemon", "start"]);
        assert!(Instant::now() < deadline, "no daemon comes up: {answer:?}");
    }
}

/// Writes until everything was acknowledged; returns the ids, by content.
async fn write(
    sandbox: &Sandbox,
    writer: &str,
    acknowledged: &AtomicUsize,
    deadline: Instant,
) -> BTreeMap<String, String> {
    let me = person(sandbox);
    let mut client = connected(sandbox, deadline).await;
    let mut ids = BTreeMap::new();
    for n in 0..WRITES {
        let content = format!("the {writer} noted fact number {n} of the long night");
        loop {
            match client.memory.add(fact(&me, &content)).await {
                Ok(added) => {
                    ids.insert(content, added.into_inner().id);
                    acknowledged.fetch_add(1, Ordering::SeqCst);
                    break;
                }
                Err(status) => {
                    assert!(Instant::now() < deadline, "writer {writer} gives up at {n}: {status:?}");
                    client = connected(sandbox, deadline).await;
                }
            }
        }
    }
    ids
}

#[test]
fn what_was_acknowledged_survives_five_kills_and_nothing_is_there_twice() {
    let sandbox = Arc::new(sandbox::lexical());
    sandbox.codemem(["daemon", "start"]).success();
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let deadline = Instant::now() + PATIENCE;
    let writers: Vec<_> = WRITERS
        .into_iter()
        .map(|writer| {
            let (sandbox, acknowledged) = (Arc::clone(&sandbox), Arc::clone(&acknowledged));
            std::thread::spawn(move || wait(write(&sandbox, writer, &acknowledged, deadline)))
        })
        .collect();
    let total = WRITERS.len() * WRITES;
    let mut killed = BTreeSet::new();
    for kill in 1..=KILLS {
        // At no round number, and each time among other writes.
        let at = total * kill / (KILLS + 1) + kill * 17;
        wait_until("enough writes", PATIENCE, || acknowledged.load(Ordering::SeqCst) >= at);
        wait_until("a daemon to kill", PATIENCE, || {
            let Some(pid) = sandbox.daemon_pid().filter(|pid| !killed.contains(pid)) else {
                return false;
            };
            killed.insert(pid);
            kill_process(Pid::from_raw(pid).expect("a process"), Signal::KILL).is_ok()
        });
    }
    let mut ids = BTreeMap::new();
    for writer in writers {
        ids.extend(writer.join().expect("no writer gave up"));
    }
    assert_eq!(ids.len(), total);
    sandbox.codemem(["daemon", "start"]).success();
    wait(async {
        let (client, me) = (client(&sandbox).await, person(&sandbox));
        let stored = exported(&client, &me).await;
        let by_content: BTreeMap<String, String> = stored
            .iter()
            .map(|unit| (unit.content.clone(), unit.id.clone()))
            .collect();
        assert_eq!(by_content.len(), stored.len(), "nothing is there twice");
        assert_eq!(by_content, ids, "and everything as it was acknowledged");
        // Found as well as stored.
        let mut memory = client.memory.clone();
        let request = v1::FindMemoriesRequest {
            limit: 5,
            ..super::question(&me, "the dingo noted fact number 177 of the long night")
        };
        let found = memory.find(request).await.expect("answered").into_inner();
        let first = found.hits.first().and_then(|hit| hit.memory.as_ref()).expect("a hit");
        assert_eq!(first.content, "the dingo noted fact number 177 of the long night");
        assert_eq!(found.searched, total as u64);
    });
}
