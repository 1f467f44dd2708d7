//! Which index a root goes to: with its clones, where it was before, and never to be read again for nothing.

use crate::setup::{Running, World, finished};
use codemem_core::ids::RepositoryKey;
use codemem_core::ports::Stores;
use codemem_engine::SearchRequest;
use codemem_engine::memory::AddMemory;
use std::path::Path;

const CODE: &str = "def shared\nthe same in every clone\n";

/// A working tree of a git repository that holds one file, with or without an origin.
fn clone(world: &World, root: &str, origin: Option<&str>) {
    world.source.write(root, "shared.fk", CODE, 1);
    let repository = format!("{root}/.git");
    world.source.set_identity(root, &repository, Some(root));
    if let Some(origin) = origin {
        world.source.set_origin(&repository, origin);
    }
}

async fn index(running: &Running, root: &str) {
    finished(running.engine.index(Path::new(root), false).await.expect("accepted")).await;
}

/// The registered roots, each with its index.
fn indexes(world: &World) -> Vec<(String, RepositoryKey)> {
    let mut roots = world.roots();
    roots.sort_by(|a, b| a.path.cmp(&b.path));
    let told = |root: codemem_core::ports::Root| (root.path.display().to_string(), root.repository);
    roots.into_iter().map(told).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn clones_share_an_index_and_neither_memories_nor_answers() {
    let world = World::new();
    for root in ["/one", "/two", "/three"] {
        let origin = (root != "/three").then_some("example.org/a/b");
        clone(&world, root, origin);
        world.source.write(root, "own.fk", &format!("def own\nof {root}\n"), 1);
    }
    let it = world.remember();
    for root in ["/one", "/two", "/three"] {
        index(&it.running, root).await;
    }
    let keys: Vec<RepositoryKey> = indexes(&world).into_iter().map(|(_, key)| key).collect();
    let [one, three, two] = &keys[..] else {
        panic!("{keys:?}")
    };
    assert!(one == two && one != three, "{keys:?}");
    let n_contents = |stores: &Stores| stores.catalog.ids().expect("listed").contents.len();
    let mut held: Vec<usize> = world.registry.stores().iter().map(n_contents).collect();
    held.sort_unstable();
    assert_eq!(held, [2, 3], "the shared file is there once for both clones");
    // Each shows its own, whoever holds the rest.
    for root in ["/one", "/two"] {
        let request = SearchRequest {
            query: "own".to_owned(),
            paths: vec![root.into()],
            ..SearchRequest::default()
        };
        let answer = it.running.engine.search(request).await.expect("an answer");
        let shown: Vec<_> = answer
            .hits
            .iter()
            .map(|hit| (hit.path.as_str(), hit.snippet.clone()))
            .collect();
        let own = shown.iter().filter(|(path, _)| *path == "own.fk").count();
        assert_eq!(own, 1, "{shown:?}");
        assert!(
            shown.iter().any(|(_, code)| code.contains(&format!("of {root}"))),
            "{shown:?}"
        );
    }
    // What is remembered of one is not of the other, and a name means the caller's own definition.
    let at = |root: &str| codemem_engine::memory::Caller {
        project: Some(root.into()),
        ..crate::memory_setup::user()
    };
    let request = AddMemory {
        anchors: vec!["own".to_owned()],
        ..crate::memory_setup::draft("PROJECT_CONTEXT", "Of the second")
    };
    it.memories.add(at("/two"), request).await.expect("stored");
    assert_eq!(it.contents(at("/two")).await, ["Of the second"]);
    assert!(it.contents(at("/one")).await.is_empty());
    it.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_root_stays_and_what_belongs_to_it_comes_to_it() {
    let world = World::new();
    clone(&world, "/old", None);
    let running = world.start();
    index(&running, "/old").await;
    let before = indexes(&world).remove(0).1;
    running.settle().await;
    let n_calls = world.extractor.n_calls();
    // It has been registered before it had an origin, or before origins counted.
    world.source.set_origin("/old/.git", "example.org/a/b");
    index(&running, "/old").await;
    // A clone, a worktree of the clone once the old one is gone, and a clone that says otherwise.
    clone(&world, "/clone", Some("example.org/a/b"));
    index(&running, "/clone").await;
    running.engine.remove(Path::new("/old")).await.expect("removed");
    world.source.write("/worktree", "shared.fk", CODE, 1);
    world.source.set_identity("/worktree", "/clone/.git", Some("/worktree"));
    world.source.set_origin("/clone/.git", "example.org/moved");
    index(&running, "/worktree").await;
    index(&running, "/clone").await;
    assert_eq!(
        indexes(&world),
        [("/clone".to_owned(), before.clone()), ("/worktree".to_owned(), before)]
    );
    assert_eq!(world.extractor.n_calls(), n_calls, "nothing is cut twice");
    assert_eq!(world.registry.stores().len(), 1);
    running.stop().await;
    // The list of roots is what counts after a restart, too.
    let running = world.start();
    running.settle().await;
    index(&running, "/clone").await;
    assert_eq!(world.extractor.n_calls(), n_calls);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_that_is_another_projects_now_goes_to_that_ones_index() {
    let world = World::new();
    clone(&world, "/repository", Some("example.org/a/b"));
    world.source.write("/late", "shared.fk", CODE, 1);
    world.source.set_identity("/late", "/late", None);
    let running = world.start();
    index(&running, "/repository").await;
    index(&running, "/late").await;
    assert_eq!(world.registry.stores().len(), 2);
    clone(&world, "/late", Some("example.org/a/b"));
    index(&running, "/late").await;
    let found = indexes(&world);
    assert_eq!(found[0].1, found[1].1, "{found:?}");
    assert_eq!(world.registry.stores().len(), 1, "nothing is left of the other");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_that_goes_takes_what_it_alone_had() {
    let world = World::new();
    for root in ["/one", "/two"] {
        clone(&world, root, Some("example.org/a/b"));
        world.source.write(root, "own.fk", &format!("def own\nof {root}\n"), 1);
    }
    let running = world.start();
    for root in ["/one", "/two"] {
        index(&running, root).await;
    }
    running.settle().await;
    world.source.delete_root("/one");
    // A test's identities outlive the directory.
    running.engine.remove(Path::new("/one")).await.expect("removed");
    let stores = world.stores();
    let hashes = stores.catalog.ids().expect("listed").contents;
    assert_eq!(hashes.len(), 2, "what both had, and what the other has");
    assert_eq!(stores.catalog.worktrees().expect("listed").len(), 1);
    drop(stores);
    running.engine.remove(Path::new("/two")).await.expect("removed");
    assert!(world.registry.stores().is_empty());
    running.stop().await;
}
