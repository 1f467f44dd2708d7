//! Whether stores are sound: what a check finds, what an opening had to repair, when stores are closed.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What is kept on disk, each by itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum StoreKind {
    /// Which roots are registered; one for all repositories.
    Roots,
    /// The catalog of a repository.
    Catalog,
    /// The lexical index of a repository.
    Lexical,
    /// The vectors of a repository.
    Vectors,
    /// The memories, database and index; one for all projects.
    Memories,
}

impl StoreKind {
    /// What messages call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Roots => "list of roots",
            Self::Catalog => "catalog",
            Self::Lexical => "lexical index",
            Self::Vectors => "vector index",
            Self::Memories => "memory store",
        }
    }
}

impl fmt::Display for StoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How much a finding matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// Nothing is wrong; the user may want to know.
    Note,
    /// The store cannot be relied on, or not be read at all.
    Problem,
}

/// Something that a check found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoreFinding {
    /// Where.
    pub store: StoreKind,
    /// Its file or directory.
    pub path: PathBuf,
    /// How much it matters.
    pub severity: Severity,
    /// What it is, in one line: lower case, without full stop.
    pub what: String,
    /// The next step for the user, with the exact command where there is one.
    pub remedy: String,
}

/// A damaged store that an opening has put aside and made anew.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Repair {
    /// Which one.
    pub store: StoreKind,
    /// What was wrong with it.
    pub what: String,
    /// Where the damaged files are now; `None` when there was nothing to keep.
    pub kept: Option<PathBuf>,
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} was damaged and is built again ({})", self.store, self.what)?;
        match &self.kept {
            Some(path) => write!(f, "; the damaged one is kept as `{}`", path.display()),
            None => Ok(()),
        }
    }
}

/// Tells an adapter that stores which were opened together have all been let go of, so that it can
/// note them as closed in order. Clones share one end.
#[derive(Clone, Default)]
pub struct Closing(Option<Arc<End>>);

struct End {
    trusted: AtomicBool,
    then: Box<dyn Fn() + Send + Sync>,
}

impl Closing {
    /// Runs `then` when the last clone is dropped, unless the stores have come under suspicion.
    pub fn new(then: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(End {
            trusted: AtomicBool::new(true),
            then: Box::new(then),
        })))
    }

    /// The stores may be damaged, or are about to be deleted: they are not to be noted as closed in
    /// order, and their next opening looks at them closely.
    pub fn distrust(&self) {
        if let Some(end) = &self.0 {
            end.trusted.store(false, Ordering::Relaxed);
        }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        if self.trusted.load(Ordering::Relaxed) {
            (self.then)();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU32;

    #[test]
    fn the_end_comes_once_with_the_last_clone_and_not_for_what_is_suspected() {
        let n_ends = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&n_ends);
        let closing = Closing::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        let clone = closing.clone();
        drop(closing);
        assert_eq!(n_ends.load(Ordering::Relaxed), 0);
        drop(clone);
        assert_eq!(n_ends.load(Ordering::Relaxed), 1);
        let counted = Arc::clone(&n_ends);
        let closing = Closing::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        closing.clone().distrust();
        drop(closing);
        assert_eq!(n_ends.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_repair_says_what_happened_and_where_the_files_are() {
        let mut repair = Repair {
            store: StoreKind::Catalog,
            what: "page 7 is malformed".to_owned(),
            kept: Some("/data/catalog.db.damaged-9".into()),
        };
        assert_eq!(
            repair.to_string(),
            "the catalog was damaged and is built again (page 7 is malformed); \
             the damaged one is kept as `/data/catalog.db.damaged-9`"
        );
        repair.kept = None;
        assert!(repair.to_string().ends_with("malformed)"));
    }
}
