//! What each change does, one by one.

use super::*;
use codemem_core::memory::Anchor;

fn get(memories: &Memories, id: &MemoryId) -> Memory {
    memories
        .get(&MemoryScope::Everything, id.as_str())
        .expect("read")
        .expect("there")
}

#[test]
fn what_is_added_is_found_at_once_and_comes_back_as_it_was() {
    let root = tempfile::tempdir().expect("temporary directory");
    let mut full = Memory {
        tags: vec!["a".to_owned(), "b/c".to_owned()],
        kind: MemoryKind::Decision,
        origin: Origin::Agent,
        trust: 0.6,
        confirmed_at: Some(5),
        confirmations: 3,
        expires_at: Some(NOW + 1),
        flags: vec!["override".to_owned()],
        place: Place::Session(project(1), session(1)),
        anchors: vec![
            Anchor {
                name: "src/a.rs#f".to_owned(),
                path: "src/a.rs".to_owned(),
                symbol: "f".to_owned(),
                hash: Some(Hash128([9; 16])),
            },
            Anchor {
                name: "g".to_owned(),
                path: String::new(),
                symbol: String::new(),
                hash: None,
            },
        ],
        ..memory(1, "deploys wait\nfor a green canary — naïvely")
    };
    let memories = open(root.path());
    add_all(&memories, &[full.clone(), memory(2, "the parser is generated")]);
    assert_eq!(found(&memories, &first_reader(), "green canary"), set(&[&full.content]));
    let mut asked = query(&first_reader(), "nothing of it");
    asked.vector = Some(vector("the parser is generated"));
    let answer = memories.candidates(&asked).expect("found");
    assert_eq!(answer.n_searched, 2);
    let best = answer
        .candidates
        .iter()
        .max_by(|a, b| a.cosine.partial_cmp(&b.cosine).expect("numbers"))
        .expect("something");
    assert_eq!(best.memory.id, id(2));
    assert!((best.cosine.expect("nearest") - 1.0).abs() < 1e-3, "{:?}", best.cosine);
    for _ in 0..2 {
        assert_eq!(get(&memories, &full.id), full);
        full.expires_at = None;
        apply(&memories, vec![touch(&full)]);
    }
    drop(memories);
    assert_eq!(get(&open(root.path()), &full.id), full);
}

#[test]
fn storing_the_same_again_confirms_it_where_it_still_counts() {
    let root = tempfile::tempdir().expect("temporary directory");
    let memories = open(root.path());
    let first = Memory {
        expires_at: Some(NOW + 10),
        ..memory(1, "tabs, not spaces")
    };
    add_all(&memories, std::slice::from_ref(&first));
    let again = Memory {
        expires_at: Some(NOW + 100),
        ..memory(2, "tabs, not spaces")
    };
    let applied = memories
        .apply(vec![add(&again), add(&again)], &note(NOW + 5))
        .expect("applied");
    let [Applied::Duplicate(one), Applied::Duplicate(two)] = &applied[..] else {
        panic!("{applied:?}");
    };
    assert_eq!(
        (&one.id, one.confirmations, one.confirmed_at),
        (&id(1), 1, Some(NOW + 5))
    );
    assert_eq!((two.confirmations, two.expires_at), (2, Some(NOW + 100)));
    assert_eq!(**two, get(&memories, &id(1)));

    let elsewhere = Memory {
        place: Place::User,
        ..memory(3, "tabs, not spaces")
    };
    assert_eq!(apply(&memories, vec![add(&elsewhere)]), [Applied::Done]);
    // What has expired is not there any more, though it has not been removed yet.
    let applied = memories.apply(vec![add(&memory(4, "tabs, not spaces"))], &note(NOW + 100));
    assert_eq!(applied.expect("applied"), [Applied::Done]);
    assert_eq!(
        apply(&memories, vec![add(&memory(4, "another content"))]),
        [Applied::Conflict]
    );
}

#[test]
fn a_proposal_is_not_found_and_replaces_nothing_until_it_is_confirmed() {
    let root = tempfile::tempdir().expect("temporary directory");
    let memories = open(root.path());
    let proposal = |number, content: &str, supersedes| Memory {
        state: State::Proposed,
        place: Place::User,
        trust: 0.6,
        supersedes,
        ..memory(number, content)
    };
    let old = Memory {
        place: Place::User,
        ..memory(1, "answers in English")
    };
    add_all(&memories, &[old.clone(), proposal(2, "answers in German", Some(id(1)))]);
    assert_eq!(
        found(&memories, &first_reader(), "answers"),
        set(&["answers in English"])
    );

    let confirmed = Memory {
        state: State::Active,
        ..get(&memories, &id(2))
    };
    assert_eq!(apply(&memories, vec![touch(&confirmed)]), [Applied::Done]);
    assert_eq!(
        found(&memories, &first_reader(), "answers"),
        set(&["answers in German"])
    );
    let replaced = get(&memories, &id(1));
    assert_eq!(
        (replaced.state, replaced.superseded_by),
        (State::Superseded, Some(id(2)))
    );

    add_all(&memories, &[proposal(3, "answers in verse", None)]);
    let said = Memory {
        place: Place::User,
        ..memory(4, "answers in verse")
    };
    let applied = apply(&memories, vec![add(&said)]);
    let [Applied::Duplicate(known)] = &applied[..] else {
        panic!("{applied:?}");
    };
    assert_eq!((&known.id, known.state, known.trust), (&id(3), State::Active, 1.0));
    assert_eq!(
        found(&memories, &first_reader(), "answers"),
        set(&["answers in German", "answers in verse"])
    );
}

#[test]
fn an_edit_keeps_what_was_and_only_follows_the_stored_version() {
    let root = tempfile::tempdir().expect("temporary directory");
    let memories = open(root.path());
    let first = Memory {
        tags: vec!["old".to_owned()],
        anchors: vec![Anchor {
            name: "a.rs".to_owned(),
            path: "a.rs".to_owned(),
            symbol: String::new(),
            hash: None,
        }],
        ..memory(1, "ports are below 1024")
    };
    add_all(&memories, std::slice::from_ref(&first));
    let second = Memory {
        version: 2,
        tags: vec!["new".to_owned()],
        anchors: Vec::new(),
        updated_at: NOW + 1,
        ..memory(1, "sockets are above 1024")
    };
    assert_eq!(apply(&memories, vec![replace(&second)]), [Applied::Done]);
    assert_eq!(apply(&memories, vec![replace(&second)]), [Applied::Conflict]);
    assert_eq!(apply(&memories, vec![touch(&first)]), [Applied::Conflict]);
    assert_eq!(
        apply(&memories, vec![replace(&memory(9, "nobody"))]),
        [Applied::Conflict]
    );
    let third = Memory {
        version: 3,
        ..memory(1, "there is no socket")
    };
    assert_eq!(apply(&memories, vec![replace(&third)]), [Applied::Done]);
    assert_eq!(memories.history(&id(1)).expect("read"), [second, first]);
    assert_eq!(
        found(&memories, &first_reader(), "ports sockets socket"),
        set(&[&third.content])
    );
    let anchored = memories.anchored(&first_reader(), &["a.rs"], NOW).expect("read");
    assert_eq!(anchored, [], "of a former version");
}

#[test]
fn what_is_superseded_is_shown_by_get_and_list_alone() {
    let root = tempfile::tempdir().expect("temporary directory");
    let memories = open(root.path());
    add_all(&memories, &[memory(1, "builds with make")]);
    let newer = Memory {
        supersedes: Some(id(1)),
        ..memory(2, "builds with ninja")
    };
    add_all(&memories, std::slice::from_ref(&newer));
    assert_eq!(found(&memories, &first_reader(), "builds"), set(&["builds with ninja"]));
    let unknown = Memory {
        supersedes: Some(id(99)),
        ..memory(3, "builds with bazel")
    };
    assert_eq!(apply(&memories, vec![add(&unknown)]), [Applied::Conflict]);
    let old = get(&memories, &id(1));
    assert_eq!(old.superseded_by, Some(id(2)));
    // Said again, it is a memory of its own.
    assert_eq!(
        apply(&memories, vec![add(&memory(4, "builds with make"))]),
        [Applied::Done]
    );
    // Brought back, it is found again, and its vectors are asked for.
    let again = Memory {
        state: State::Active,
        ..old
    };
    apply(&memories, vec![touch(&again), MemoryChange::Delete(id(4))]);
    assert_eq!(
        found(&memories, &first_reader(), "builds"),
        set(&["builds with make", "builds with ninja"])
    );
    let stats = memories.stats(&MemoryScope::Everything).expect("counted");
    assert_eq!(stats.n_without_vector, 1);
    // What took its place is gone: nobody points at it any more.
    apply(&memories, vec![MemoryChange::Delete(id(2))]);
    assert_eq!(get(&memories, &id(1)).superseded_by, None);
}

#[test]
fn a_batch_is_one_transaction_with_results_in_its_order() {
    let root = tempfile::tempdir().expect("temporary directory");
    let memories = open(root.path());
    let mut edited = memory(1, "one, again");
    edited.version = 2;
    let applied = apply(
        &memories,
        vec![
            add(&memory(1, "one")),
            add(&memory(2, "one")),
            replace(&edited),
            MemoryChange::Delete(id(7)),
            add(&memory(3, "three")),
            MemoryChange::Delete(id(3)),
        ],
    );
    assert!(
        matches!(
            &applied[..],
            [
                Applied::Done,
                Applied::Duplicate(_),
                Applied::Done,
                Applied::Conflict,
                Applied::Done,
                Applied::Done
            ]
        ),
        "{applied:?}"
    );
    assert_eq!(
        found(&memories, &first_reader(), "one three again"),
        set(&["one, again"])
    );
    let stats = memories.stats(&MemoryScope::Everything).expect("counted");
    assert_eq!(stats.n_audited, 5, "what was not done is not noted");
}

#[test]
fn the_audit_log_says_who_did_what_and_no_content() {
    let root = tempfile::tempdir().expect("temporary directory");
    let memories = open(root.path());
    add_all(&memories, &[memory(1, "the launch code is swordfish")]);
    apply(&memories, vec![MemoryChange::Delete(id(1))]);
    let rows: Vec<String> = memories
        .read("read the log", |tx| {
            let mut statement = tx.prepare(
                "SELECT concat_ws(' ', at, action, outcome, id, level, origin, request) FROM audit ORDER BY entry",
            )?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .expect("read");
    let row = format!("{NOW} test done {} PROJECT_CONTEXT user request-1", id(1));
    assert_eq!(rows, [row.clone(), row]);
}

#[test]
fn vectors_are_filled_in_later_and_those_of_another_embedder_are_dropped() {
    use codemem_core::ports::Fingerprint;
    let (one, two) = (Fingerprint("one".to_owned()), Fingerprint("two".to_owned()));
    let root = tempfile::tempdir().expect("temporary directory");
    let memories = open(root.path());
    let (bare, full) = (memory(1, "without a model"), memory(2, "with a model"));
    let plain = MemoryChange::Add(Box::new(parts::index(&bare, None)));
    assert_eq!(
        apply(&memories, vec![plain, add(&full)]),
        [Applied::Done, Applied::Done]
    );

    // The first embedder to say its name has made what is there.
    assert_eq!(
        memories.without_vectors(&one, 9).expect("read"),
        std::slice::from_ref(&bare)
    );
    let stale = Memory {
        version: 7,
        ..full.clone()
    };
    memories
        .index(
            &one,
            vec![
                with_vectors(&bare),
                with_vectors(&stale),
                with_vectors(&memory(9, "gone")),
            ],
        )
        .expect("indexed");
    assert_eq!(memories.without_vectors(&one, 9).expect("read"), []);
    let nearest = |memories: &Memories, text: &str| {
        let mut asked = query(&first_reader(), "");
        asked.vector = Some(vector(text));
        let answer = memories.candidates(&asked).expect("found").candidates;
        answer
            .iter()
            .filter(|hit| hit.cosine.is_some_and(|cosine| cosine > 0.999))
            .count()
    };
    assert_eq!(nearest(&memories, "without a model"), 1);

    assert_eq!(memories.without_vectors(&two, 9).expect("read").len(), 2);
    assert_eq!(
        (
            nearest(&memories, "without a model"),
            nearest(&memories, "with a model")
        ),
        (0, 0)
    );
    assert_eq!(found(&memories, &first_reader(), "model").len(), 2, "words stay");
    memories.index(&two, vec![with_vectors(&full)]).expect("indexed");
    drop(memories);
    let memories = open(root.path());
    assert_eq!(memories.without_vectors(&two, 9).expect("read"), [bare]);
    assert_eq!(nearest(&memories, "with a model"), 1);

    // A vector of another length is none, and no reason to refuse a memory.
    let odd = parts::index(&memory(3, "odd"), Some(vec![vec![1.0; DIMENSION + 1]]));
    assert_eq!(
        apply(&memories, vec![MemoryChange::Add(Box::new(odd))]),
        [Applied::Done]
    );
    assert_eq!(memories.without_vectors(&two, 9).expect("read").len(), 2);
}

#[test]
fn vectors_that_no_embedder_has_claimed_do_not_outlive_the_process() {
    let root = tempfile::tempdir().expect("temporary directory");
    let memories = open(root.path());
    add_all(&memories, &[memory(1, "anything")]);
    drop(memories);
    let stats = open(root.path()).stats(&MemoryScope::Everything).expect("counted");
    assert_eq!(stats.n_without_vector, 1);
}
