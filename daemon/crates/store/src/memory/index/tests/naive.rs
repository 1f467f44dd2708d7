//! The index against looking at each memory.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn any_place() -> impl Strategy<Value = Place> {
    prop_oneof![
        Just(Place::User),
        (0..2_u8).prop_map(|p| Place::Project(project(p))),
        (0..2_u8, 0..2_u8).prop_map(|(p, s)| Place::Session(project(p), session(s))),
    ]
}

fn any_kind() -> impl Strategy<Value = MemoryKind> {
    proptest::sample::select(&MemoryKind::ALL[..3])
}

fn any_tags() -> impl Strategy<Value = Vec<String>> {
    proptest::sample::subsequence(vec!["a", "b", "user"], 0..=2)
        .prop_map(|tags| tags.into_iter().map(str::to_owned).collect())
}

prop_compose! {
    fn any_memory()(
        place in any_place(),
        kind in any_kind(),
        tags in any_tags(),
        created_at in 0..4_i64,
        expires_at in proptest::option::of(8..12_i64),
        parts in proptest::collection::vec(
            (proptest::collection::btree_set(0..8_u32, 0..3), proptest::option::weighted(0.8, 0..1_000_u32)),
            1..4,
        ),
    ) -> IndexedMemory {
        let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
        let mut memory = memory(place, kind, &tags, created_at);
        memory.expires_at = expires_at;
        let words: Vec<Vec<(u32, f32)>> =
            parts.iter().map(|(words, _)| words.iter().map(|&word| (word, 1.0 + word as f32)).collect()).collect();
        let parts: Vec<Part<'_>> =
            words.iter().zip(&parts).map(|(words, (_, seed))| (&words[..], *seed)).collect();
        indexed(memory, &parts)
    }
}

prop_compose! {
    fn any_question()(
        project_of in proptest::option::of(0..2_u8),
        session_of in proptest::option::of(0..2_u8),
        levels in proptest::sample::subsequence(ContextLevel::ALL, 0..=2),
        kinds in proptest::collection::vec(any_kind(), 0..2),
        tags in proptest::collection::vec(proptest::sample::select(vec!["a", "b", "user", "kind:note"]), 0..2),
        since in proptest::option::weighted(0.3, 0..4_i64),
        until in proptest::option::weighted(0.3, 0..5_i64),
        words in proptest::collection::btree_set(0..9_u32, 0..4),
        seed in proptest::option::weighted(0.8, 0..1_000_u32),
        now in 0..14_i64,
        limit in prop_oneof![Just(100_usize), 1..6_usize],
    ) -> MemoryQuery {
        let words: Vec<u32> = words.into_iter().collect();
        let mut query = question(&words, seed);
        query.reader = Reader { project: project_of.map(project), session: session_of.map(session) };
        query.filter = MemoryFilter {
            levels,
            kinds,
            tags: tags.into_iter().map(str::to_owned).collect(),
            since,
            until,
        };
        query.now = now;
        query.limit = limit;
        query
    }
}

/// The scores of every memory that a question may be answered with, looked at one by one.
fn naive(stored: &BTreeMap<u32, IndexedMemory>, query: &MemoryQuery) -> Vec<IndexHit> {
    let readable = || {
        stored
            .values()
            .filter(|indexed| query.reader.may_read(&indexed.memory.place))
    };
    let has = |indexed: &IndexedMemory, word: u32| indexed.whole.iter().any(|term| term.term == word);
    let n = readable().filter(|indexed| !indexed.whole.is_empty()).count() as f32;
    let overlap = |terms: &[SparseTerm]| {
        let shared = query.terms.iter().filter_map(|wanted| {
            let term = terms.iter().find(|term| term.term == wanted.term)?;
            let n_with = readable().filter(|indexed| has(indexed, wanted.term)).count() as f32;
            Some(wanted.weight * term.weight * (1.0 + (n - n_with + 0.5) / (n_with + 0.5)).ln())
        });
        Some(shared.sum::<f32>()).filter(|score| *score > 0.0)
    };
    let best = |scores: &mut dyn Iterator<Item = f32>| scores.max_by(f32::total_cmp);
    let admitted = stored.iter().filter(|(_, indexed)| {
        let memory = &indexed.memory;
        query.reader.may_read(&memory.place) && query.filter.admits(memory) && !memory.is_expired(query.now)
    });
    admitted
        .map(|(&key, indexed)| IndexHit {
            key,
            cosine: query.vector.as_ref().and_then(|wanted| {
                best(
                    &mut indexed
                        .parts
                        .iter()
                        .filter_map(|part| Some(dot(part.vector.as_ref()?, wanted))),
                )
            }),
            whole: overlap(&indexed.whole),
            part: best(&mut indexed.parts.iter().filter_map(|part| overlap(&part.terms))),
        })
        .filter(|hit| hit.cosine.is_some() || hit.whole.is_some())
        .collect()
}

fn is_near(a: Option<f32>, b: Option<f32>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-3 * a.abs().max(1.0),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, max_shrink_iters: 64, ..ProptestConfig::default() })]

    #[test]
    fn it_finds_what_looking_at_each_memory_finds(
        batches in proptest::collection::vec(
            (proptest::collection::vec((0..30_u32, any_memory()), 0..16), proptest::collection::vec(0..30_u32, 0..4)),
            1..4,
        ),
        questions in proptest::collection::vec(any_question(), 30),
        reopens in any::<bool>(),
    ) {
        let (_root, directory, mut index) = new_index();
        let mut stored = BTreeMap::new();
        for (put, gone) in batches {
            let put: BTreeMap<u32, IndexedMemory> = put.into_iter().collect();
            let batch: Vec<(u32, &IndexedMemory)> = put.iter().map(|(key, indexed)| (*key, indexed)).collect();
            index.put_many(&batch).expect("added");
            stored.extend(put);
            index.remove(&gone).expect("removed");
            stored.retain(|key, _| !gone.contains(key));
            if reopens {
                index.flush().expect("durable");
                drop(index);
                index = reopened(&directory);
            }
        }
        prop_assert_eq!(index.count(), stored.len() as u64);
        for query in &questions {
            let (found, wanted) = (index.search(query).expect("searched"), naive(&stored, query));
            let by_key: BTreeMap<u32, &IndexHit> = wanted.iter().map(|hit| (hit.key, hit)).collect();
            for hit in &found {
                let Some(right) = by_key.get(&hit.key) else {
                    return Err(TestCaseError::fail(format!("{hit:?} is not admitted by {query:?}")));
                };
                let is_right = is_near(hit.cosine, right.cosine)
                    && is_near(hit.whole, right.whole)
                    && is_near(hit.part, right.part);
                prop_assert!(is_right, "{:?} instead of {:?}: {:?}", hit, right, query);
            }
            // Of each way the best are there; which of equally good ones is left open.
            let found: BTreeSet<u32> = found.iter().map(|hit| hit.key).collect();
            let ways: [fn(&IndexHit) -> Option<f32>; 3] = [|hit| hit.cosine, |hit| hit.whole, |hit| hit.part];
            for way in ways {
                let mut scores: Vec<(f32, u32)> =
                    wanted.iter().filter_map(|hit| Some((way(hit)?, hit.key))).collect();
                scores.sort_by(|a, b| b.0.total_cmp(&a.0));
                let Some(worst) = scores.get(query.limit.min(scores.len()).wrapping_sub(1)) else { continue };
                for (score, key) in &scores {
                    let is_clearly_better = *score > worst.0 + 1e-3 * worst.0.abs().max(1.0);
                    if is_clearly_better || scores.len() <= query.limit {
                        prop_assert!(found.contains(key), "{} with {} is missing: {:?}", key, score, query);
                    }
                }
            }
        }
    }
}
