//! A disk without room, and a database that is damaged.

use super::{add, client, contents, fact, person, read, started, stats};
use crate::health::disk::{data_of_daemon, start_apart, take_room};
use crate::sandbox::{self, wait};
use codemem_proto::status::ErrorKind;
use codemem_proto::v1;
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;

#[test]
fn a_disk_that_is_full_at_commit_loses_nothing_and_says_so() {
    let sandbox = sandbox::lexical();
    let mount = "mount -t tmpfs -o size=96m,mode=0700 tmpfs \"$CODEMEM_DATA_DIR\"";
    let Some(started) = start_apart(&sandbox, mount) else {
        // No disk can be made small here; that what is stored is there is tested by the others.
        return;
    };
    started.success();
    let data = data_of_daemon(&sandbox);
    wait(async {
        let (client, me) = (client(&sandbox).await, person(&sandbox));
        add(&client, fact(&me, "stored before the disk was full"))
            .await
            .expect("stored");
        for left in [0, 8 * 1024] {
            take_room(&data, left);
            let words: Vec<String> = (0..2_000).map(|n| format!("word{n}")).collect();
            let error = add(&client, fact(&me, &words.join(" "))).await.expect_err("no room");
            assert_eq!(error.kind, ErrorKind::Data, "{left}: {error:?}");
            assert!(error.message.contains("on the disk"), "{left}: {error:?}");
            assert_eq!(
                contents(&client, &me, "stored before the disk was full").await.len(),
                1,
                "{left}"
            );
            fs::remove_file(data.join("filler")).expect("room given back");
        }
        add(&client, fact(&me, "stored after there was room again"))
            .await
            .expect("stored");
        assert_eq!(stats(&client).await.memories, 2);
        assert_eq!(
            contents(&client, &me, "stored after there was room again").await.len(),
            2
        );
    });
}

#[test]
fn a_damaged_database_is_read_as_far_as_it_goes_and_points_at_its_backup() {
    let sandbox = started();
    let backup = wait(async {
        let (client, me) = (client(&sandbox).await, person(&sandbox));
        for n in 0..200 {
            add(
                &client,
                fact(&me, &format!("note {n} {}", "about the quoll enclosure ".repeat(20))),
            )
            .await
            .expect("stored");
        }
        let backup = v1::BackupMemoriesRequest::default();
        let backup = read(client.memory.clone().backup(backup).await).expect("backed up");
        assert_eq!(backup.memories, 200);
        backup.path
    });
    sandbox.codemem(["daemon", "stop"]).success();
    let database = sandbox.path("data/memory/memories.db");
    let file = File::options().write(true).open(&database).expect("there");
    let bytes = file.metadata().expect("there").len();
    file.write_all_at(&vec![0xa5; 30_000], bytes / 2).expect("written over");
    drop(file);
    let damaged = fs::read(&database).expect("read");

    sandbox.codemem(["daemon", "start"]).success();
    wait(async {
        let (client, me) = (client(&sandbox).await, person(&sandbox));
        let found = stats(&client).await;
        assert!(found.read_only && found.problem.contains(&backup), "{found:?}");
        assert!(found.problem.contains("codemem memory restore"), "{found:?}");
        let error = add(&client, fact(&me, "one more")).await.expect_err("refused");
        assert_eq!(error.kind, ErrorKind::Data, "{error:?}");
        assert!(
            error.hint.is_some_and(|hint| hint.contains(&backup)),
            "the next step is told"
        );
    });
    let doctor = sandbox.codemem(["doctor"]);
    assert!(
        doctor.stdout.contains("memories") && doctor.stdout.contains(&backup),
        "{doctor:?}"
    );
    assert!(
        fs::read(&database).expect("read") == damaged,
        "nothing is mended behind the user's back"
    );
    wait(async {
        let client = client(&sandbox).await;
        let restored = client
            .memory
            .clone()
            .restore(v1::RestoreMemoriesRequest { path: backup.clone() })
            .await;
        let restored = read(restored).expect("restored");
        assert_eq!(restored.memories, 200);
        let found = stats(&client).await;
        assert_eq!(
            (found.memories, found.read_only, found.problem.as_str()),
            (200, false, ""),
            "{found:?}"
        );
        let me = person(&sandbox);
        add(&client, fact(&me, "one more")).await.expect("stored");
        assert!(!contents(&client, &me, "note 7 quoll enclosure").await.is_empty());
    });
    assert!(sandbox.codemem(["doctor"]).stdout.contains("201 memories"));
}
