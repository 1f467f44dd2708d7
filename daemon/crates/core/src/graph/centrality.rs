//! Which symbols a tree turns around: `PageRank` over who uses whom.

/// The share of a visitor's steps that follow a use; Page and Brin's value (1998).
const DAMPING: f64 = 0.85;

/// Rounds of the power iteration: more move no rank that anybody sees.
const ROUNDS: usize = 40;

/// The rank of every node, all of which sum up to 1. An edge goes from who uses to what is used; uses of oneself do not
/// count, several between the same two count once for each.
pub fn central(nodes: usize, edges: &[(u32, u32)]) -> Vec<f64> {
    if nodes == 0 {
        return Vec::new();
    }
    let edges: Vec<(usize, usize)> = edges
        .iter()
        .filter(|(from, to)| from != to)
        .map(|&(from, to)| (from as usize, to as usize))
        .collect();
    let mut outgoing = vec![0_u32; nodes];
    for &(from, _) in &edges {
        outgoing[from] += 1;
    }
    let even = 1.0 / nodes as f64;
    let mut ranks = vec![even; nodes];
    for _ in 0..ROUNDS {
        // Whoever uses nothing goes anywhere.
        let stranded: f64 = ranks
            .iter()
            .zip(&outgoing)
            .filter(|(_, outgoing)| **outgoing == 0)
            .map(|(rank, _)| rank)
            .sum();
        let mut next = vec![(1.0 - DAMPING) * even + DAMPING * stranded * even; nodes];
        for &(from, to) in &edges {
            next[to] += DAMPING * ranks[from] / f64::from(outgoing[from]);
        }
        ranks = next;
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_many_use_is_central() {
        let ranks = central(4, &[(0, 3), (1, 3), (2, 3), (3, 0)]);
        assert!(ranks[3] > ranks[0] && ranks[0] > ranks[1], "{ranks:?}");
        assert!((ranks[1] - ranks[2]).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn ranks_sum_up_to_one(edges in proptest::collection::vec((0_u32..20, 0_u32..20), 0..80)) {
            let sum: f64 = central(20, &edges).iter().sum();
            prop_assert!((sum - 1.0).abs() < 1e-9);
        }
    }
}
