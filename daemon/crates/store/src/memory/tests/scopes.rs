//! Nobody reads what is not theirs, whatever they ask.

use super::*;
use codemem_core::memory::{Anchor, ContextLevel};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

fn stored() -> Vec<Memory> {
    let states = [State::Active, State::Active, State::Proposed, State::Superseded];
    (0..36_usize)
        .map(|n| Memory {
            place: places()[n % 6].clone(),
            state: states[n / 6 % 4],
            kind: MemoryKind::ALL[n % 4],
            tags: vec![format!("t{}", n % 2)],
            anchors: vec![Anchor {
                name: "a.rs".to_owned(),
                path: "a.rs".to_owned(),
                symbol: String::new(),
                hash: None,
            }],
            // The same words everywhere, so that every question is about everything.
            ..memory(n as u64, &format!("common secret words of place {} number {n}", n % 6))
        })
        .collect()
}

#[derive(Clone, Debug)]
struct Asked {
    reader: Reader,
    filter: MemoryFilter,
    text: String,
    has_vector: bool,
    limit: usize,
    id: String,
}

fn asked() -> impl Strategy<Value = Asked> {
    let filter = (
        subsequence(ContextLevel::ALL.to_vec(), 0..=3),
        subsequence(MemoryKind::ALL.to_vec(), 0..=3),
        select(vec![vec![], vec!["t0"], vec!["t1"], vec!["*"], vec!["' OR ''='"]]),
        proptest::option::of(NOW - 1..NOW + 2),
    );
    let text = select(vec![
        "common",
        "secret words",
        "place number",
        "\" OR place:*",
        "project session user",
        "",
    ]);
    let any_id = (0_u64..40, 0_usize..=16).prop_map(|(number, length)| id(number).as_str()[..length].to_owned());
    (
        select(readers().to_vec()),
        filter,
        text,
        any::<bool>(),
        0_usize..60,
        any_id,
    )
        .prop_map(
            |(reader, (levels, kinds, tags, since), text, has_vector, limit, id)| Asked {
                reader,
                filter: MemoryFilter {
                    levels,
                    kinds,
                    tags: tags.into_iter().map(str::to_owned).collect(),
                    since,
                    until: None,
                },
                text: text.to_owned(),
                has_vector,
                limit,
                id,
            },
        )
}

#[test]
fn no_query_filter_or_id_returns_what_is_another_projects_or_sessions() {
    let root = tempfile::tempdir().expect("temporary directory");
    let memories = open(root.path());
    add_all(&memories, &stored());
    let check = |asked: &Asked| -> Result<(), TestCaseError> {
        let reader = &asked.reader;
        let scope = MemoryScope::Reader(reader.clone());
        let mut seen = Vec::new();
        let question = MemoryQuery {
            filter: asked.filter.clone(),
            vector: asked.has_vector.then(|| vector(&asked.text)),
            limit: asked.limit,
            ..query(reader, &asked.text)
        };
        let answer = memories.candidates(&question).expect("found");
        for candidate in answer.candidates {
            prop_assert_eq!(candidate.memory.state, State::Active);
            prop_assert!(asked.filter.admits(&candidate.memory));
            seen.push(candidate.memory);
        }
        let page = memories
            .list(&scope, &asked.filter, State::ALL, None, asked.limit, NOW)
            .expect("listed");
        seen.extend(page.memories);
        seen.extend(memories.get(&scope, &asked.id).expect("read"));
        let anchored = memories.anchored(reader, &["a.rs"], NOW).expect("read");
        prop_assert!(anchored.iter().all(|memory| memory.place != Place::User));
        seen.extend(anchored);
        for memory in seen {
            prop_assert!(reader.may_read(&memory.place), "{:?} got {:?}", reader, memory.place);
        }
        let total: u64 = stored()
            .iter()
            .filter(|memory| reader.may_read(&memory.place) && memory.state == State::Active)
            .count() as u64;
        prop_assert!(answer.n_searched <= total);
        Ok(())
    };
    let config = ProptestConfig {
        cases: 300,
        ..ProptestConfig::default()
    };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    runner.run(&asked(), |asked| check(&asked)).expect("nothing leaks");
}
