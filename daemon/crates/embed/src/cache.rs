//! The vectors of recent queries: agents ask the same thing several times in a row.

use std::collections::VecDeque;

/// Queries remembered: at 1.5 KiB a vector, 100 KiB.
const CAPACITY: usize = 64;

/// Longest query remembered, in bytes; whole prompts are rarely asked twice.
const MAX_QUERY: usize = 2_048;

/// Recent queries of one model, the latest last.
#[derive(Default)]
pub(crate) struct QueryCache {
    fingerprint: String,
    entries: VecDeque<(String, Vec<f32>)>,
}

impl QueryCache {
    /// The vector of a query as this model made it.
    pub(crate) fn get(&mut self, fingerprint: &str, query: &str) -> Option<Vec<f32>> {
        if self.fingerprint != fingerprint {
            return None;
        }
        let at = self.entries.iter().position(|(known, _)| known == query)?;
        let entry = self.entries.remove(at)?;
        let vector = entry.1.clone();
        self.entries.push_back(entry);
        Some(vector)
    }

    /// Remembers a vector; those of another model are forgotten.
    pub(crate) fn put(&mut self, fingerprint: &str, query: &str, vector: &[f32]) {
        if self.fingerprint != fingerprint {
            self.clear();
            fingerprint.clone_into(&mut self.fingerprint);
        }
        if query.len() > MAX_QUERY || self.entries.iter().any(|(known, _)| known == query) {
            return;
        }
        if self.entries.len() == CAPACITY {
            self.entries.pop_front();
        }
        self.entries.push_back((query.to_owned(), vector.to_vec()));
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.entries = VecDeque::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_asked_is_forgotten_first() {
        let mut cache = QueryCache::default();
        for index in 0..CAPACITY {
            cache.put("model", &index.to_string(), &[index as f32]);
        }
        assert_eq!(cache.get("model", "0"), Some(vec![0.0]));
        cache.put("model", "new", &[-1.0]);
        assert_eq!(cache.get("model", "0"), Some(vec![0.0]));
        assert_eq!(cache.get("model", "1"), None);
        assert_eq!(cache.get("model", "new"), Some(vec![-1.0]));
    }

    #[test]
    fn another_model_never_sees_the_vectors_of_the_last() {
        let mut cache = QueryCache::default();
        cache.put("a", "query", &[1.0]);
        assert_eq!(cache.get("b", "query"), None);
        cache.put("b", "other", &[2.0]);
        assert_eq!(cache.get("b", "query"), None);
        assert_eq!(cache.get("a", "query"), None);
    }

    #[test]
    fn long_queries_are_not_kept() {
        let mut cache = QueryCache::default();
        let long = "x".repeat(MAX_QUERY + 1);
        cache.put("model", &long, &[1.0]);
        assert_eq!(cache.get("model", &long), None);
    }
}
