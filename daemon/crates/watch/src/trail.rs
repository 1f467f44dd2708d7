//! How [`git::find`] comes to its answer, told step by step. Reads the same files by the same functions, and nothing else.

use crate::git;
use codemem_core::ports::{GitPlace, Trail, TrailStep};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What is looked at from a canonical directory upwards, as far as something is there.
pub(crate) fn trail(directory: &Path) -> Trail {
    let mut teller = Teller::default();
    let mut bare = None;
    for top in directory.ancestors() {
        if let Some(place) = teller.at(top) {
            return teller.told(place);
        }
        if bare.is_none() && is_bare(top) {
            let what =
                "holds HEAD, objects and refs: the git directory of a repository, with no working tree of its own";
            teller.tell(top, what);
            bare = Some(top);
        }
    }
    teller.tell(
        directory,
        "no working tree of git holds it: there is no valid `.git` in it or above",
    );
    teller.told(match bare {
        Some(bare) if bare == directory => GitPlace::Bare,
        Some(_) | None => GitPlace::Outside,
    })
}

#[derive(Default)]
struct Teller {
    steps: Vec<TrailStep>,
    broken: Option<PathBuf>,
}

impl Teller {
    fn tell(&mut self, path: &Path, found: impl Into<String>) {
        self.steps.push(TrailStep {
            path: path.to_path_buf(),
            found: found.into(),
        });
    }

    fn told(self, place: GitPlace) -> Trail {
        Trail {
            place,
            steps: self.steps,
            broken: self.broken,
        }
    }

    /// What the `.git` of a directory is; `None` where there is none, or none that counts.
    fn at(&mut self, top: &Path) -> Option<GitPlace> {
        let entry = top.join(".git");
        match fs::symlink_metadata(&entry) {
            Ok(_) => {}
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return None;
            }
            Err(error) => self.tell(&entry, format!("cannot be looked at ({error})")),
        }
        let place = self.place(top, &entry);
        if place.is_none() {
            self.broken.get_or_insert(entry);
        }
        place
    }

    fn place(&mut self, top: &Path, entry: &Path) -> Option<GitPlace> {
        let (dir, is_file) = self.git_directory(top, entry)?;
        self.head(&dir)?;
        let is_shared = self.common(&dir)?;
        // Whatever was told above, this is what counts.
        let found = git::at(top)?;
        Some(match (is_shared, is_file) {
            (true, _) => GitPlace::Linked,
            (false, false) => GitPlace::Main,
            (false, true) if is_of_submodule(&found.common) => GitPlace::Submodule,
            (false, true) => GitPlace::Separate,
        })
    }

    /// The git directory that a `.git` is or names, and whether it names it.
    fn git_directory(&mut self, top: &Path, entry: &Path) -> Option<(PathBuf, bool)> {
        if entry.is_dir() {
            self.tell(entry, "a directory: the repository itself");
            return Some((entry.to_path_buf(), false));
        }
        let Some(text) = git::text(entry, git::MAX_NAME) else {
            self.tell(entry, "neither a directory nor a short text, so it does not count");
            return None;
        };
        let Some(named) = text.strip_prefix("gitdir:").map(str::trim) else {
            self.tell(entry, "a file that does not begin with `gitdir:`, so it does not count");
            return None;
        };
        match top.join(named).canonicalize() {
            Ok(dir) => {
                self.tell(
                    entry,
                    format!("a file that names the git directory `{}`", dir.display()),
                );
                Some((dir, true))
            }
            Err(error) => {
                let why = format!("a file that names the git directory `{named}` ({error}), so it does not count");
                self.tell(entry, why);
                None
            }
        }
    }

    /// What HEAD says. `None` where there is none: then this is no repository.
    fn head(&mut self, dir: &Path) -> Option<()> {
        let head = dir.join("HEAD");
        if !head.is_file() {
            self.tell(&head, "no such file, so this is no repository and does not count");
            return None;
        }
        let text = git::text(&head, git::MAX_NAME).unwrap_or_default();
        let found = match (text.strip_prefix("ref:").map(str::trim), git::hex(&text)) {
            (Some(git::NOT_HERE), _) => {
                "says that references are kept in a reftable, which is not read: branch and commit are not known"
                    .to_owned()
            }
            (Some(reference), _) => format!("names `{reference}`"),
            (None, Some(commit)) => format!("detached: names the commit {commit} and no branch"),
            (None, None) => "says nothing that is understood: branch and commit are not known".to_owned(),
        };
        self.tell(&head, found);
        Some(())
    }

    /// Whether the repository is another one's. `None` where the one that is named is not there.
    fn common(&mut self, dir: &Path) -> Option<bool> {
        let file = dir.join("commondir");
        let Some(text) = git::text(&file, git::MAX_NAME) else {
            return Some(false);
        };
        let named = text.trim();
        match dir.join(named).canonicalize() {
            Ok(common) => {
                self.tell(&file, format!("names the common directory `{}`", common.display()));
                Some(true)
            }
            Err(error) => {
                self.tell(
                    &file,
                    format!("names the common directory `{named}` ({error}), so this does not count"),
                );
                None
            }
        }
    }
}

/// Whether a canonical git directory lies where git keeps those of submodules: below the `modules` of another one.
fn is_of_submodule(dir: &Path) -> bool {
    let above = dir.ancestors().skip(1);
    let mut modules = above.filter(|above| above.file_name().is_some_and(|name| name == "modules"));
    modules.any(|modules| modules.parent().is_some_and(|holder| holder.join("HEAD").is_file()))
}

/// Whether a directory is the git directory of a repository without a working tree around it.
fn is_bare(directory: &Path) -> bool {
    directory.file_name().is_none_or(|name| name != ".git") && git::is_git_directory(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files by path: a path that ends in `/` is a directory.
    fn made(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().expect("temp dir");
        let root = dir.path().canonicalize().expect("there");
        for (path, text) in files {
            let full = root.join(path);
            if path.ends_with('/') {
                fs::create_dir_all(full).expect("directory");
            } else {
                fs::create_dir_all(full.parent().expect("a directory")).expect("directory");
                fs::write(full, text).expect("file");
            }
        }
        (dir, root)
    }

    #[test]
    fn what_is_told_is_what_counts() {
        let head = "ref: refs/heads/main\n";
        let layout = [
            ("main/.git/HEAD", head),
            ("main/src/", ""),
            (
                "main/.git/worktrees/w/HEAD",
                "0123456789012345678901234567890123456789\n",
            ),
            ("main/.git/worktrees/w/commondir", "../..\n"),
            ("linked/.git", "gitdir: ../main/.git/worktrees/w\n"),
            ("main/.git/modules/lib/HEAD", head),
            ("main/lib/.git", "gitdir: ../.git/modules/lib\n"),
            ("apart.git/HEAD", head),
            ("apart/.git", "gitdir: ../apart.git"),
            ("bare.git/HEAD", head),
            ("bare.git/objects/", ""),
            ("bare.git/refs/heads/", ""),
            ("plain/", ""),
            ("tables/.git/HEAD", "ref: refs/heads/.invalid\n"),
            ("tables/.git/reftable/tables.list", ""),
            // What does not count.
            ("nonsense/.git", "hello"),
            ("main/dangling/.git", "gitdir: nowhere"),
            ("hollow/.git/", ""),
            ("orphan/.git", "gitdir: ../orphan.git"),
            ("orphan.git/HEAD", "nothing"),
            ("orphan.git/commondir", "../gone"),
        ];
        let (_dir, root) = made(&layout);
        for (path, place, broken) in [
            ("main", GitPlace::Main, None),
            ("main/src", GitPlace::Main, None),
            ("linked", GitPlace::Linked, None),
            ("main/lib", GitPlace::Submodule, None),
            ("apart", GitPlace::Separate, None),
            ("bare.git", GitPlace::Bare, None),
            ("bare.git/refs/heads", GitPlace::Outside, None),
            ("plain", GitPlace::Outside, None),
            ("tables", GitPlace::Main, None),
            ("nonsense", GitPlace::Outside, Some("nonsense/.git")),
            ("main/dangling", GitPlace::Main, Some("main/dangling/.git")),
            ("hollow", GitPlace::Outside, Some("hollow/.git")),
            ("orphan", GitPlace::Outside, Some("orphan/.git")),
        ] {
            let directory = root.join(path);
            let told = trail(&directory);
            assert_eq!(told.place, place, "{path}: {:#?}", told.steps);
            assert_eq!(told.broken, broken.map(|broken| root.join(broken)), "{path}");
            let counts = git::find(&directory).is_some();
            let is_told = !matches!(told.place, GitPlace::Outside | GitPlace::Bare);
            assert_eq!(counts, is_told, "{path}: {:#?}", told.steps);
            assert!(!told.steps.is_empty(), "{path}");
        }
        let tables = trail(&root.join("tables")).steps;
        assert!(tables[1].found.contains("reftable"), "{tables:?}");
        let tables = git::find(&root.join("tables")).expect("a repository");
        assert_eq!(git::head(&tables), None, "nothing is made up");
        let told = trail(&root.join("linked")).steps;
        let read: Vec<PathBuf> = told.iter().map(|step| step.path.clone()).collect();
        let private = root.join("main/.git/worktrees/w");
        assert_eq!(
            read,
            [
                root.join("linked/.git"),
                private.join("HEAD"),
                private.join("commondir")
            ]
        );
        assert!(
            told[1].found.starts_with("detached: names the commit 0123456789"),
            "{told:?}"
        );
        assert!(
            told[2]
                .found
                .ends_with(&format!("`{}`", root.join("main/.git").display())),
            "{told:?}"
        );
    }
}
