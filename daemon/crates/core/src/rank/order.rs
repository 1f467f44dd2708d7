//! The order of candidates, worked out no further than it is asked for.
//!
//! What a path says takes longest to find out, and of hundreds of candidates a few are shown. So every candidate is weighed first as if
//! its path spoke for it as well as any can, and read whole only when that brings it to the front: the order is the same as if all of
//! them had been read.

use super::feature::Scale;
use super::{Evidence, Features, Weights};
use crate::query::Query;
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A candidate and why it stands where it does.
#[derive(Clone, PartialEq, Debug)]
pub struct Ranked {
    /// Its number among the candidates.
    pub index: usize,
    /// Weights times features.
    pub score: f32,
    /// All of them.
    pub features: Features,
}

/// The candidates of one query, best first; equal ones in the order of their paths.
pub struct Order<'e, E> {
    candidates: &'e [E],
    weights: &'static Weights,
    scale: Scale<'e>,
    waiting: BinaryHeap<Waiting<'e>>,
}

/// A candidate that is not told yet; the greatest comes next.
struct Waiting<'e> {
    /// No less than its score, and its score once it is known.
    bound: f32,
    path: &'e str,
    index: usize,
    /// Once they are known; the score with them.
    features: Option<Box<Features>>,
}

impl<'e, E: Borrow<Evidence>> Order<'e, E> {
    /// Begins to order the candidates of a query.
    pub fn of(query: &'e Query, weights: &'static Weights, candidates: &'e [E]) -> Self {
        let scale = Scale::of(query, candidates);
        let most = weights.most();
        let wait = |(index, candidate): (usize, &'e E)| {
            let evidence = candidate.borrow();
            Waiting {
                bound: weights.score(&scale.found(evidence, &most)),
                path: evidence.path.as_str(),
                index,
                features: None,
            }
        };
        let waiting: Vec<Waiting<'e>> = candidates.iter().enumerate().map(wait).collect();
        Self {
            candidates,
            weights,
            scale,
            waiting: waiting.into(),
        }
    }
}

impl<E: Borrow<Evidence>> Iterator for Order<'_, E> {
    type Item = Ranked;

    fn next(&mut self) -> Option<Ranked> {
        loop {
            let first = self.waiting.pop()?;
            if let Some(features) = first.features {
                return Some(Ranked {
                    index: first.index,
                    score: first.bound,
                    features: *features,
                });
            }
            let features = self.scale.features(self.candidates[first.index].borrow());
            self.waiting.push(Waiting {
                bound: self.weights.score(&features),
                features: Some(Box::new(features)),
                ..first
            });
        }
    }
}

impl Waiting<'_> {
    /// Scores that differ by no more than the order in which their parts were summed up are equal.
    fn rounded(&self) -> i64 {
        (f64::from(self.bound) * 100_000.0).round() as i64
    }
}

impl Ord for Waiting<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_bound = self.rounded().cmp(&other.rounded());
        // What may turn out equal is read before its equals are told.
        let by_doubt = self.features.is_none().cmp(&other.features.is_none());
        let by_path = other.path.cmp(self.path).then(other.index.cmp(&self.index));
        by_bound.then(by_doubt).then(by_path)
    }
}

impl PartialOrd for Waiting<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Waiting<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Waiting<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::RepoPath;
    use crate::query::NameStrength;
    use crate::rank::{Defined, IDENTIFIER, PROSE};
    use proptest::prelude::*;

    const PATHS: [&str; 12] = [
        "src/router.rs",
        "src/http/router.rs",
        "src/http/mod.rs",
        "tests/router.rs",
        "docs/router.md",
        "vendor/router/router.c",
        "examples/http/client.rs",
        "a/b/c/d/e/f/g/h.rs",
        "config.json",
        "lib/path_router.d.ts",
        "src/index.ts",
        "locales/de/router.yml",
    ];

    fn evidence() -> impl Strategy<Value = Evidence> {
        let defined = (0..3_u8, 1..5_usize, any::<bool>(), any::<bool>());
        let scores = (0..4_u8, 0..4_u8, 0..4_u8, 0..5_u8);
        let cosines = (proptest::option::of(0..4_u8), proptest::option::of(0..4_u8));
        let all = (0..PATHS.len(), scores, cosines, proptest::option::of(defined));
        all.prop_map(|(path, (file, chunk, stem, coverage), cosines, defined)| {
            let defined = defined.map(|(strength, n_files, is_type, is_exact)| Defined {
                name: "router".to_owned(),
                strength: [NameStrength::Word, NameStrength::Capitalised, NameStrength::Code][usize::from(strength)],
                n_files,
                is_type,
                is_exact,
            });
            let cosine = |value: Option<u8>| value.map(|value| f32::from(value) / 4.0);
            Evidence {
                file: f32::from(file),
                chunk: f32::from(chunk),
                stem: f32::from(stem),
                coverage: f32::from(coverage) / 4.0,
                summary_cosine: cosine(cosines.0),
                chunk_cosine: cosine(cosines.1),
                is_older: file == 3,
                is_outside: chunk == 3,
                defines: defined.into_iter().collect(),
                ..Evidence::new(RepoPath::new(PATHS[path]).expect("valid"))
            }
        })
    }

    proptest! {
        #[test]
        fn the_order_is_that_of_all_features(
            candidates in proptest::collection::vec(evidence(), 0..40),
            query in prop_oneof![Just("Router"), Just("how are requests routed"), Just("router tests"), Just("Unknown")],
        ) {
            let query = Query::parse(query);
            for weights in [&PROSE, &IDENTIFIER] {
                let features = Features::of(&query, &candidates);
                let mut expected: Vec<(i64, &str, usize)> = features
                    .iter()
                    .enumerate()
                    .map(|(index, features)| {
                        let score = (f64::from(weights.score(features)) * 100_000.0).round() as i64;
                        (-score, candidates[index].path.as_str(), index)
                    })
                    .collect();
                expected.sort_unstable();
                let expected: Vec<usize> = expected.into_iter().map(|(_, _, index)| index).collect();
                let order: Vec<Ranked> = Order::of(&query, weights, &candidates).collect();
                prop_assert_eq!(order.iter().map(|one| one.index).collect::<Vec<_>>(), expected);
                for one in &order {
                    prop_assert_eq!(one.features, features[one.index]);
                    prop_assert!((one.score - weights.score(&one.features)).abs() < 1e-6);
                }
            }
        }
    }

    #[test]
    fn what_cannot_come_first_is_not_read() {
        let strong = Evidence {
            file: 9.0,
            chunk: 9.0,
            chunk_cosine: Some(0.9),
            coverage: 1.0,
            ..Evidence::new(RepoPath::new("src/router.rs").expect("valid"))
        };
        let weak = |n: usize| Evidence::new(RepoPath::new(&format!("src/other_{n}.rs")).expect("valid"));
        let candidates: Vec<Evidence> = (0..500).map(weak).chain([strong]).collect();
        let query = Query::parse("how are requests routed");
        let mut order = Order::of(&query, &PROSE, &candidates);
        assert_eq!(order.next().map(|one| one.index), Some(500));
        let n_read = order.waiting.iter().filter(|one| one.features.is_some()).count();
        assert_eq!(n_read, 0);
    }
}
