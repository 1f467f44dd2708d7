//! What was shown lately, so that a handle whose file has changed since can still say what it named.
//!
//! In memory only, and bounded: a handle lives as long as the conversation that it was shown in. Without an entry here, the
//! lines of a handle are all that is known of it.

use super::answer::Hit;
use std::collections::hash_map::DefaultHasher;
use std::collections::{HashMap, VecDeque};
use std::hash::{Hash as _, Hasher as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Most handles that are known: some hundred answers.
const MAX_KNOWN: usize = 8_192;

/// The definition that a handle named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Named {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) signature: String,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Memo(Mutex<Known>);

#[derive(Default)]
struct Known {
    by_key: HashMap<u64, Named>,
    oldest_first: VecDeque<u64>,
}

impl Memo {
    /// Notes the hits of an answer. `relative` is each hit's path without its label.
    pub(super) fn note<'h>(&self, hits: impl Iterator<Item = (&'h Hit, &'h str)>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (hit, relative) in hits.filter(|(hit, _)| !hit.name.is_empty()) {
            let Some((_, hash)) = hit.handle.rsplit_once('@') else {
                continue;
            };
            let key = key(&hit.root, relative, hit.start_line, hit.end_line, hash);
            let named = Named {
                kind: hit.kind.clone(),
                name: hit.name.clone(),
                signature: hit.signature.clone(),
            };
            if known.by_key.insert(key, named).is_none() {
                known.oldest_first.push_back(key);
            }
            if known.oldest_first.len() > MAX_KNOWN
                && let Some(oldest) = known.oldest_first.pop_front()
            {
                known.by_key.remove(&oldest);
            }
        }
    }

    /// What some lines of a file named while it had that hash.
    pub(super) fn named(&self, root: &Path, relative: &str, start: u32, end: u32, hash: &str) -> Option<Named> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.by_key.get(&key(root, relative, start, end, hash)).cloned()
    }
}

fn key(root: &Path, relative: &str, start: u32, end: u32, hash: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (root, relative, start, end, hash).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::super::alike::Alike;
    use super::*;

    fn hit(n: usize) -> Hit {
        Hit {
            path: "app/src/a.rs".to_owned(),
            root: "/r/app".into(),
            start_line: n as u32,
            end_line: n as u32 + 4,
            handle: format!("app/src/a.rs:{n}-{}@3f2a", n + 4),
            kind: "function".to_owned(),
            name: format!("f{n}"),
            signature: String::new(),
            score: 0.0,
            snippet: String::new(),
            language: String::new(),
            stale: false,
            shares: Vec::new(),
            memories: Vec::new(),
            hop: None,
            alike: Alike::default(),
        }
    }

    #[test]
    fn the_newest_are_known_by_root_path_lines_and_hash() {
        let memo = Memo::default();
        let hits: Vec<Hit> = (1..=MAX_KNOWN + 10).map(hit).collect();
        memo.note(hits.iter().map(|hit| (hit, "src/a.rs")));
        let name = |n: u32, hash| {
            let named = memo.named(Path::new("/r/app"), "src/a.rs", n, n + 4, hash);
            named.map(|named| named.name)
        };
        assert_eq!(name(10, "3f2a"), None, "forgotten");
        assert_eq!(name(11, "3f2a").as_deref(), Some("f11"));
        assert_eq!(name(11, "0000"), None);
        assert_eq!(memo.named(Path::new("/r/other"), "src/a.rs", 11, 15, "3f2a"), None);
    }
}
