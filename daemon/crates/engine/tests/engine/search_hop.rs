//! Searches whose hits come with what they call and who calls them.

use crate::setup::{ROOT, Running, World, finished};
use codemem_core::ports::PortErrorKind;
use codemem_engine::{EngineError, Hit, Hop, Mode, SearchAnswer, SearchRequest, Side};
use codemem_testkit::Fault;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const OTHER: &str = "/other";

fn expanded(paths: &[&str], query: &str) -> SearchRequest {
    SearchRequest {
        query: query.to_owned(),
        paths: paths.iter().map(PathBuf::from).collect(),
        expand: true,
        budget: 4_000,
        ..SearchRequest::default()
    }
}

async fn ask(running: &Running, request: SearchRequest) -> SearchAnswer {
    running.engine.search(request).await.expect("an answer")
}

fn hit<'a>(answer: &'a SearchAnswer, path: &str) -> &'a Hit {
    let hit = answer.hits.iter().find(|hit| hit.path == path);
    hit.unwrap_or_else(|| panic!("{path} is a hit: {:?}", answer.hits))
}

fn hop(hit: &Hit) -> &Hop {
    hit.hop.as_ref().expect("a hop was asked for")
}

/// `path:line` of the neighbours on one side.
fn places(hit: &Hit, side: Side) -> Vec<String> {
    let neighbours = hop(hit).neighbours.iter().filter(|one| one.side == side);
    let place = |one: &codemem_engine::Neighbour| match side {
        Side::Calls => format!("{}:{}", one.path, one.start_line),
        Side::Callers => format!("{}:{}", one.path, one.line),
    };
    neighbours.map(place).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn hits_come_with_what_they_call_and_who_calls_them() {
    let world = World::new();
    world.write(
        "parcel.fk",
        "def take_parcel\nweigh it\ncall weigh_parcel\ncall stamp_letter\ncall weigh_parcel\ncall defined_twice\ncall unheard_of\n",
    );
    world.write(
        "scale.fk",
        "def weigh_parcel\nput it on the scale\n\ndef stamp_letter\nink\n",
    );
    world.write("desk.fk", "def counter\ncall take_parcel\n\ncall take_parcel\n");
    world.write("one.fk", "def defined_twice\nhere\n");
    world.write("two.fk", "def defined_twice\nand there\n");
    world.write("tests/desk.fk", "def check_counter\ncall take_parcel\n");
    let running = world.start();
    running.index().await;
    let plain = running.search("take_parcel").await;
    assert!(plain.hits.iter().all(|hit| hit.hop.is_none()), "nobody asked");
    let answer = ask(&running, expanded(&[ROOT], "take_parcel")).await;
    let parcel = hit(&answer, "parcel.fk");
    assert_eq!(places(parcel, Side::Calls), ["scale.fk:1", "scale.fk:4"], "each once");
    assert_eq!(
        places(parcel, Side::Callers),
        ["desk.fk:2", "tests/desk.fk:2"],
        "each definition once, tests last"
    );
    let caller = hop(parcel).neighbours.last().expect("there");
    assert_eq!(
        (
            caller.name.as_str(),
            caller.kind.as_str(),
            caller.start_line,
            caller.end_line
        ),
        ("check_counter", "function", 1, 2)
    );
    assert_eq!(hop(parcel).calls_left_out + hop(parcel).callers_left_out, 0);
    assert_eq!(hop(parcel).open, 1, "what has two definitions is not guessed");
    let paths = |answer: &SearchAnswer| answer.hits.iter().map(|hit| hit.path.clone()).collect::<Vec<_>>();
    assert_eq!(paths(&answer), paths(&plain), "the hits are the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_are_read_once_for_all_later_answers() {
    let world = World::new();
    world.write("parcel.fk", "def take_parcel\nfragile\n");
    world.write("desk.fk", "def counter\ncall take_parcel\n");
    let running = world.start();
    running.index().await;
    ask(&running, expanded(&[ROOT], "take_parcel")).await;
    // What is read behind the first answer is there at some time; from then on nothing is read any more.
    world.faults.plan_always(Fault::Facts, PortErrorKind::Failed);
    let again = || running.engine.search(expanded(&[ROOT], "take_parcel"));
    let patience = Instant::now() + Duration::from_secs(20);
    let answer = loop {
        match again().await {
            Ok(answer) => break answer,
            Err(error) => assert!(Instant::now() < patience, "still read: {error}"),
        }
        world.faults.clear();
        ask(&running, expanded(&[ROOT], "take_parcel")).await;
        world.faults.plan_always(Fault::Facts, PortErrorKind::Failed);
    };
    assert_eq!(places(hit(&answer, "parcel.fk"), Side::Callers), ["desk.fk:2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_root_is_its_own_graph_and_names_its_neighbours_like_its_hits() {
    let world = World::new();
    for (root, caller) in [(ROOT, "here"), (OTHER, "there")] {
        let text = format!("def take_parcel\nof {caller}\ncall weigh_parcel\n\ndef weigh_parcel\nof {caller}\n");
        world.source.write(root, "parcel.fk", &text, 1);
        world.source.write(
            root,
            &format!("{caller}.fk"),
            &format!("def {caller}\ncall take_parcel\n"),
            1,
        );
    }
    let running = world.start();
    running.index().await;
    finished(running.engine.index(Path::new(OTHER), false).await.expect("accepted")).await;
    let answer = ask(&running, expanded(&[ROOT, OTHER], "take_parcel")).await;
    for (label, caller) in [("tree", "here"), ("other", "there")] {
        let parcel = hit(&answer, &format!("{label}/parcel.fk"));
        assert_eq!(places(parcel, Side::Callers), [format!("{label}/{caller}.fk:2")]);
    }
    let alone = ask(&running, expanded(&[OTHER], "there")).await;
    assert_eq!(places(hit(&alone, "there.fk"), Side::Calls), ["parcel.fk:1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_with_one_signature_are_shown_once() {
    let world = World::new();
    for name in ["Pipe", "Socket", "Stream"] {
        let path = format!("{}.fk", name.to_lowercase());
        world.write(
            &path,
            &format!("def {name}.shut_down\nrelease what is held\n\ncall user_of_{name}\n"),
        );
        world.write(
            &format!("users/{path}"),
            &format!("def user_of_{name}\nsomething else\n"),
        );
    }
    world.write("tidy.fk", "def tidy_up\ncall drain_queue\n");
    world.write("idle.fk", "def Idle.finish\ncall drain_queue\n");
    world.write("lazy.fk", "def Lazy.finish\ncall drain_queue\n");
    world.write("drain.fk", "def drain_queue\nthe queue\n");
    let running = world.start();
    running.index().await;
    let named = |answer: &SearchAnswer| {
        let hits = answer.hits.iter().filter(|hit| hit.name.ends_with(".shut_down"));
        hits.cloned().collect::<Vec<_>>()
    };
    assert_eq!(named(&running.search("shut_down").await).len(), 3);
    let answer = ask(&running, expanded(&[ROOT], "shut_down")).await;
    let folded = named(&answer);
    assert_eq!(folded.len(), 1, "{folded:?}");
    assert_eq!((folded[0].alike.places.len(), folded[0].alike.left_out), (2, 0));
    assert!(
        folded[0]
            .alike
            .places
            .iter()
            .all(|place| place.path != folded[0].path && place.start_line == 1)
    );
    let answer = ask(&running, expanded(&[ROOT], "drain_queue")).await;
    let callers = &hop(hit(&answer, "drain.fk")).neighbours;
    assert_eq!(
        callers
            .iter()
            .map(|one| (one.name.as_str(), one.alike.places.len()))
            .collect::<Vec<_>>(),
        [("Idle.finish", 1), ("tidy_up", 0)]
    );
    assert_eq!(callers[0].alike.places[0].path, "lazy.fk");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_budget_has_no_room_for_is_counted() {
    let world = World::new();
    world.write("parcel.fk", "def take_parcel\nweigh it\n");
    for n in 0..60 {
        world.write(
            &format!("desks/desk_{n:02}.fk"),
            &format!("def counter_number_{n:02}\ncall take_parcel\n"),
        );
    }
    let running = world.start();
    running.index().await;
    for budget in [60, 200, 400, 1_000, 10_000] {
        let request = SearchRequest {
            budget,
            limit: 1,
            ..expanded(&[ROOT], "take_parcel")
        };
        let answer = ask(&running, request).await;
        let hop = hop(&answer.hits[0]);
        assert_eq!(hop.neighbours.len() + hop.callers_left_out, 60, "{budget}");
        assert_eq!(hop.neighbours.is_empty(), budget < 100, "{budget}");
        // A line has some eleven tokens.
        assert!(hop.neighbours.len() * 8 < budget, "{budget}: {}", hop.neighbours.len());
    }
    let lines = SearchRequest {
        mode: Mode::Exact,
        ..expanded(&[ROOT], "take_parcel")
    };
    let refused = running.engine.search(lines).await;
    assert!(
        matches!(refused, Err(EngineError::Invalid { .. })),
        "lines have no neighbours"
    );
}
