//! Paths relative to a registered root.

use std::fmt;
use std::sync::Arc;

/// A file's path relative to its root: `/` between parts, no leading `/`, no `.` or `..` parts.
///
/// Cheap to clone. The type is the proof that a path cannot leave its root.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepoPath(Arc<str>);

impl RepoPath {
    /// Checks and wraps a relative path; `None` when a part is empty, `.`, `..`, or the path is absolute.
    pub fn new(text: &str) -> Option<Self> {
        let valid = !text.is_empty() && text.split('/').all(|part| !matches!(part, "" | "." | ".."));
        valid.then(|| Self(text.into()))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The last part without its last extension; dot files keep their whole name.
    pub fn stem(&self) -> &str {
        let name = self.file_name();
        match name.rfind('.') {
            Some(dot) if dot > 0 => &name[..dot],
            _ => name,
        }
    }

    /// The last extension without its dot, as written.
    pub fn extension(&self) -> Option<&str> {
        let name = self.file_name();
        name.rfind('.').filter(|&dot| dot > 0).map(|dot| &name[dot + 1..])
    }

    /// Everything before the last part, without the trailing `/`; empty at the top level.
    pub fn directory(&self) -> &str {
        self.0.rfind('/').map_or("", |slash| &self.0[..slash])
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_inside_the_root_are_paths() {
        for good in ["a", "a/b.rs", ".hidden", "a b/ü.py"] {
            assert!(RepoPath::new(good).is_some(), "{good}");
        }
        for bad in ["", "/a", "a//b", "a/", "../a", "a/../b", "./a"] {
            assert!(RepoPath::new(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn parts() {
        let path = RepoPath::new("src/net/http.client.rs").expect("valid");
        assert_eq!(
            (path.directory(), path.file_name(), path.stem(), path.extension()),
            ("src/net", "http.client.rs", "http.client", Some("rs"))
        );
        let hidden = RepoPath::new(".gitignore").expect("valid");
        assert_eq!(
            (hidden.directory(), hidden.stem(), hidden.extension()),
            ("", ".gitignore", None)
        );
    }
}
