//! Get, list, counts, anchors: what is found without a question.

use super::*;
use codemem_core::memory::{Anchor, ContextLevel};

fn scope(reader: &Reader) -> MemoryScope {
    MemoryScope::Reader(reader.clone())
}

#[test]
fn a_beginning_names_the_one_readable_memory_that_has_it() {
    let root = tempfile::tempdir().expect("temporary directory");
    let memories = open(root.path());
    let with_id = |text: &str, place: Place, content: &str| Memory {
        id: MemoryId::parse(text).expect("an id"),
        place,
        ..memory(0, content)
    };
    add_all(
        &memories,
        &[
            with_id("aaaa000000000000", Place::User, "one"),
            with_id("aaaa100000000000", Place::Project(project(2)), "two"),
            with_id("aaab000000000000", Place::User, "three"),
            with_id("ffff000000000000", Place::User, "four"),
        ],
    );
    let get = |scope: &MemoryScope, id: &str| {
        let memory = memories.get(scope, id).expect("read");
        memory.map(|memory| memory.content)
    };
    let mine = scope(&first_reader());
    let table = [
        (&mine, "aaaa", Some("one")),
        (&mine, "aaaa1", None),
        (&mine, "aaaa100000000000", None),
        (&mine, "aaa", None),
        (&mine, "ffff", Some("four")),
        (&mine, "fffff", None),
        (&mine, "", None),
        (&mine, "AAAA", None),
        (&mine, "aaa%", None),
        (&mine, "aaaa0000000000000", None),
        (&mine, "aaaä", None),
        (&MemoryScope::Everything, "aaaa", None),
        (&MemoryScope::Everything, "aaaa1", Some("two")),
    ];
    for (scope, id, content) in table {
        assert_eq!(get(scope, id).as_deref(), content, "{id}");
    }
}

#[test]
fn pages_are_newest_first_and_hold_still() {
    let root = tempfile::tempdir().expect("temporary directory");
    let memories = open(root.path());
    // Pairs of one time, and one that is gone.
    let mut all: Vec<Memory> = (0..9)
        .map(|number| Memory {
            created_at: NOW + number / 2,
            ..memory(number as u64, &format!("number {number}"))
        })
        .collect();
    all[4].expires_at = Some(NOW);
    add_all(&memories, &all);
    let page = |after: Option<&str>, limit| {
        memories
            .list(
                &scope(&first_reader()),
                &MemoryFilter::default(),
                &[],
                after,
                limit,
                NOW,
            )
            .expect("listed")
    };
    let mut listed = Vec::new();
    let mut after = None;
    loop {
        let found = page(after.as_deref(), 3);
        // What is added meanwhile is newer, and changes no later page.
        let newer = Memory {
            created_at: NOW + 100,
            ..memory(100 + listed.len() as u64, &format!("later {}", listed.len()))
        };
        listed.extend(found.memories.into_iter().map(|memory| memory.content));
        if found.next.is_none() {
            break;
        }
        add_all(&memories, &[newer]);
        after = found.next;
    }
    let expected: Vec<String> = [8, 7, 6, 5, 3, 2, 1, 0].map(|number| format!("number {number}")).into();
    assert_eq!(listed, expected);
    assert_eq!((page(None, 0).memories.len(), page(None, 0).total), (0, 10));
    for cursor in ["", "x", "1", "1.x", "1.2.3", "'; DROP TABLE memories"] {
        let error = memories
            .list(
                &MemoryScope::Everything,
                &MemoryFilter::default(),
                &[],
                Some(cursor),
                3,
                NOW,
            )
            .expect_err(cursor);
        assert!(error.hint.is_some(), "{cursor}");
    }
}

#[test]
fn filters_are_those_of_the_core() {
    let root = tempfile::tempdir().expect("temporary directory");
    let memories = open(root.path());
    let tags = ["a", "a/b", "c"];
    let all: Vec<Memory> = (0..48_usize)
        .map(|n| Memory {
            place: places()[n % 6].clone(),
            kind: MemoryKind::ALL[n % 5],
            tags: tags
                .iter()
                .enumerate()
                .filter(|(bit, _)| n >> bit & 1 == 1)
                .map(|(_, tag)| (*tag).to_owned())
                .collect(),
            state: State::ALL[n % 3],
            created_at: NOW + n as i64,
            ..memory(n as u64, &format!("common {n}"))
        })
        .collect();
    add_all(&memories, &all);
    let filters = [
        MemoryFilter::default(),
        MemoryFilter {
            levels: vec![ContextLevel::SessionState],
            ..MemoryFilter::default()
        },
        MemoryFilter {
            kinds: vec![MemoryKind::Fact, MemoryKind::Decision],
            ..MemoryFilter::default()
        },
        MemoryFilter {
            tags: vec!["a".to_owned(), "c".to_owned()],
            ..MemoryFilter::default()
        },
        MemoryFilter {
            tags: vec!["' OR 1=1 --".to_owned()],
            ..MemoryFilter::default()
        },
        MemoryFilter {
            since: Some(NOW + 10),
            until: Some(NOW + 20),
            ..MemoryFilter::default()
        },
        MemoryFilter {
            levels: vec![ContextLevel::UserPreference, ContextLevel::ProjectContext],
            kinds: vec![MemoryKind::Fact],
            tags: vec!["a".to_owned()],
            since: Some(NOW + 1),
            until: None,
        },
    ];
    for filter in &filters {
        for reader in &readers() {
            let readable = |memory: &&Memory| reader.may_read(&memory.place) && filter.admits(memory);
            for states in [&[][..], &[State::Proposed], State::ALL] {
                let wanted = |memory: &&Memory| {
                    states.contains(&memory.state) || states.is_empty() && memory.state == State::Active
                };
                let page = memories
                    .list(&scope(reader), filter, states, None, 99, NOW)
                    .expect("listed");
                let mut expected: Vec<Memory> = all.iter().filter(readable).filter(wanted).cloned().collect();
                expected.reverse();
                assert_eq!(page.memories, expected, "{filter:?} {reader:?} {states:?}");
                assert_eq!(page.total, expected.len() as u64);
            }
            let mut asked = query(reader, "common");
            asked.filter = filter.clone();
            let answer = memories.candidates(&asked).expect("found");
            let mut ids: Vec<MemoryId> = answer.candidates.into_iter().map(|hit| hit.memory.id).collect();
            let active = |memory: &&Memory| memory.state == State::Active;
            let mut expected: Vec<MemoryId> = all
                .iter()
                .filter(readable)
                .filter(active)
                .map(|m| m.id.clone())
                .collect();
            ids.sort();
            expected.sort();
            assert_eq!(ids, expected, "{filter:?} {reader:?}");
            assert_eq!(answer.n_searched, expected.len() as u64);
        }
    }
}

#[test]
fn anchors_are_found_by_path_in_the_project_alone() {
    let root = tempfile::tempdir().expect("temporary directory");
    let memories = open(root.path());
    let anchored = |number: u64, place: usize, path: &str, state| Memory {
        place: places()[place].clone(),
        state,
        anchors: vec![Anchor {
            name: "x".to_owned(),
            path: path.to_owned(),
            symbol: "f".to_owned(),
            hash: None,
        }],
        ..memory(number, &format!("about {number}"))
    };
    add_all(
        &memories,
        &[
            anchored(1, 1, "src/a.rs", State::Active),
            anchored(2, 2, "src/a.rs", State::Active),
            anchored(3, 3, "src/b.rs", State::Active),
            anchored(4, 5, "src/a.rs", State::Active),
            anchored(5, 1, "src/a.rs", State::Proposed),
            anchored(6, 0, "src/a.rs", State::Active),
            anchored(7, 1, "", State::Active),
            Memory {
                expires_at: Some(NOW),
                ..anchored(8, 1, "src/a.rs", State::Active)
            },
        ],
    );
    let ids = |reader: &Reader, paths: &[&str]| -> BTreeSet<MemoryId> {
        let found = memories.anchored(reader, paths, NOW).expect("read");
        found.into_iter().map(|memory| memory.id).collect()
    };
    let reader = first_reader();
    assert_eq!(ids(&reader, &["src/a.rs"]), BTreeSet::from([id(1)]));
    assert_eq!(
        ids(&reader, &["src/b.rs", "src/a.rs", "src/a.rs", ""]),
        BTreeSet::from([id(1), id(3)])
    );
    assert_eq!(ids(&readers()[0], &["src/a.rs"]), BTreeSet::new());
    let plan: String = memories
        .read("explain", |tx| {
            Ok(tx.query_row(
                "EXPLAIN QUERY PLAN SELECT a.memory FROM anchors a WHERE a.path = 'x' AND a.place IN (1, 2)",
                [],
                |row| row.get(3),
            )?)
        })
        .expect("explained");
    assert!(plan.contains("anchors_path"), "{plan}");
}

#[test]
fn counts_are_of_what_may_be_read() {
    let root = tempfile::tempdir().expect("temporary directory");
    let memories = open(root.path());
    let all: Vec<Memory> = places()
        .iter()
        .enumerate()
        .map(|(n, place)| Memory {
            place: place.clone(),
            kind: if n == 0 { MemoryKind::Fact } else { MemoryKind::Note },
            ..memory(n as u64, &format!("in place {n}"))
        })
        .collect();
    add_all(&memories, &all);
    let stats = memories.stats(&MemoryScope::Everything).expect("counted");
    assert_eq!(
        stats.by_level,
        [
            (ContextLevel::UserPreference, 1),
            (ContextLevel::ProjectContext, 2),
            (ContextLevel::SessionState, 3)
        ]
    );
    assert_eq!(stats.by_kind, [(MemoryKind::Fact, 1), (MemoryKind::Note, 5)]);
    assert_eq!(stats.by_state, [(State::Active, 6)]);
    assert_eq!((stats.n_projects, stats.n_audited), (2, 6));
    assert_eq!(
        (stats.is_read_only, stats.problem, stats.newest_backup),
        (false, None, None)
    );
    assert!(stats.disk_bytes > 0 && stats.database.is_file());
    let stats = memories.stats(&scope(&first_reader())).expect("counted");
    assert_eq!(stats.by_state, [(State::Active, 3)]);
    assert_eq!(stats.n_projects, 1);
    assert_eq!(memories.check(), []);
}

#[test]
fn what_has_expired_is_named_oldest_first() {
    let root = tempfile::tempdir().expect("temporary directory");
    let memories = open(root.path());
    let ends: [(u64, Option<TimestampMs>); 4] = [(1, Some(NOW + 2)), (2, Some(NOW + 1)), (3, None), (4, Some(NOW + 3))];
    let all = ends.map(|(number, expires_at)| Memory {
        expires_at,
        ..memory(number, &format!("until {expires_at:?}"))
    });
    add_all(&memories, &all);
    assert_eq!(memories.expired(NOW + 2, 9).expect("read"), [id(2), id(1)]);
    assert_eq!(memories.expired(NOW + 9, 1).expect("read"), [id(2)]);
    let mut asked = query(&first_reader(), "until");
    asked.now = NOW + 2;
    let answer = memories.candidates(&asked).expect("found");
    assert_eq!((answer.candidates.len(), answer.n_searched), (2, 2));
}
