//! What an answer says of itself, and what becomes of hits whose files have changed.

use crate::setup::{ROOT, World};
use codemem_core::ports::{Hint, HintSink, PortResult, TreeWatch, TreeWatcher, Watching};
use codemem_testkit::FakeWatcher;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_says_how_true_it_is() {
    let world = World::watched();
    let running = world.start();
    running.index().await;
    running.quiet().await;
    let fresh = running.search("route").await.freshness;
    assert_eq!((fresh.pending, fresh.rescanning), (0, false));
    assert_eq!(fresh.watching, Watching::Events { directories: 1 });
    assert!(fresh.checked_at.is_some());
    let polling = Watching::Polling {
        every: Duration::from_secs(3),
        reason: "no watches left".to_owned(),
    };
    world.watcher.set_watching(ROOT, polling.clone());
    assert_eq!(running.search("route").await.freshness.watching, polling);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_right_after_a_save_sees_it() {
    let world = World::watched();
    let running = world.start();
    running.index().await;
    running.quiet().await;
    let mut n_seen = 0;
    for n in 0..20 {
        world.save("router.fk", &format!("def saved_{n}\nmatch the path\n"));
        let answer = running.search(&format!("saved_{n}")).await;
        let is_seen = answer
            .hits
            .first()
            .is_some_and(|hit| hit.path == "router.fk" && !hit.stale);
        // On a machine too busy for that, the answer says so.
        assert!(is_seen || answer.freshness.pending > 0, "{answer:?}");
        n_seen += usize::from(is_seen);
    }
    assert!(n_seen > 0);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hit_moves_with_its_text() {
    let world = World::new();
    world.write("deep.fk", "def first\none\ndef second\ntwo of them\n");
    let running = world.start();
    running.index().await;
    world.write(
        "deep.fk",
        "def zeroth\nnone\nnothing\ndef first\none\ndef second\ntwo of them\n",
    );
    for (query, name) in [("second", "second"), ("two of them", "second")] {
        let answer = running.search(query).await;
        let hit = &answer.hits[0];
        assert_eq!((hit.start_line, hit.end_line), (6, 7), "{query}: {hit:?}");
        assert_eq!(
            (hit.name.as_str(), hit.snippet.as_str()),
            (name, "def second\ntwo of them")
        );
        assert!(hit.stale, "the file is not what was indexed");
        assert_eq!(answer.coverage.hits_dropped, 0);
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hit_whose_text_is_gone_makes_room_for_the_next() {
    let world = World::new();
    world.write("a.fk", "def one\nthe gearbox and the gearbox\n");
    world.write("b.fk", "def two\nthe gearbox once\n");
    world.write("c.fk", "a gearbox without a definition\n");
    let running = world.start();
    running.index().await;
    assert_eq!(running.paths("gearbox").await.len(), 3);
    // Other words, no such definition, nothing that can be read as code, no file.
    for gone in ["def one\nthe clutch\n", "def other\nthe clutch\n", "panic!", "\0"] {
        world.write("a.fk", gone);
        let answer = running.search("gearbox").await;
        let paths: Vec<&str> = answer.hits.iter().map(|hit| hit.path.as_str()).collect();
        assert_eq!(
            (paths, answer.coverage.hits_dropped),
            (vec!["c.fk", "b.fk"], 1),
            "{gone:?}"
        );
    }
    world.source.delete(ROOT, "b.fk");
    world.write("c.fk", "something\nelse\nand then\na gearbox without a definition\n");
    let answer = running.search("gearbox").await;
    assert_eq!((answer.hits[0].path.as_str(), answer.hits.len()), ("c.fk", 1));
    assert_eq!(answer.coverage.hits_dropped, 2);
    let first = codemem_engine::SearchRequest {
        query: "gearbox".to_owned(),
        paths: vec![ROOT.into()],
        limit: 1,
        ..codemem_engine::SearchRequest::default()
    };
    let answer = running.engine.search(first).await.expect("an answer");
    assert_eq!(answer.hits[0].path, "c.fk", "the next best takes the place");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comparison_that_is_due_is_told() {
    let mut world = World::watched();
    world.config.index_threads = 1;
    let running = world.start();
    running.index().await;
    running.quiet().await;
    for n in 0..400 {
        world.write(&format!("many/f{n}.fk"), &format!("def many_{n}\nwords\n"));
    }
    world.watcher.hint(ROOT, &Hint::Anything);
    let told = running.search("route").await.freshness;
    assert!(told.rescanning, "{told:?}");
    running.finds("many_399", &["many/f399.fk"]).await;
    assert!(!running.quiet().await.freshness.rescanning);
    running.stop().await;
}

/// A watcher that keeps what it notices to itself for a while.
struct Slow {
    watcher: FakeWatcher,
    is_gathering: Arc<AtomicBool>,
}

struct SlowWatch {
    watch: Box<dyn TreeWatch>,
    is_gathering: Arc<AtomicBool>,
}

impl TreeWatcher for Slow {
    fn watch(&self, root: &Path, sink: HintSink) -> PortResult<Box<dyn TreeWatch>> {
        Ok(Box::new(SlowWatch {
            watch: self.watcher.watch(root, sink)?,
            is_gathering: Arc::clone(&self.is_gathering),
        }))
    }
}

impl TreeWatch for SlowWatch {
    fn watching(&self) -> Watching {
        self.watch.watching()
    }

    fn is_gathering(&self) -> bool {
        self.is_gathering.load(Ordering::SeqCst)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_waits_for_what_its_watcher_is_about_to_say_and_not_for_ever() {
    let world = World::watched();
    let is_gathering = Arc::new(AtomicBool::new(false));
    let slow = Slow {
        watcher: world.watcher.clone(),
        is_gathering: Arc::clone(&is_gathering),
    };
    let running = world.start_with(|ports| ports.watcher = Some(Arc::new(slow)));
    running.index().await;
    running.quiet().await;
    is_gathering.store(true, Ordering::SeqCst);
    let began = Instant::now();
    assert_eq!(running.paths("route").await, ["router.fk"]);
    assert!(
        began.elapsed() >= Duration::from_millis(40),
        "it waits, and then it answers"
    );
    world.write("router.fk", "def noticed\nand not said\n");
    let search = running.search("noticed");
    let say = async {
        world.watcher.touch(ROOT, &["router.fk"]);
        is_gathering.store(false, Ordering::SeqCst);
    };
    let (answer, ()) = tokio::join!(search, say);
    let is_seen = answer.hits.first().is_some_and(|hit| !hit.stale);
    assert!(is_seen || answer.freshness.pending > 0, "{answer:?}");
    running.stop().await;
}
