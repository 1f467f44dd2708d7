//! Python's modules.

use super::Imported;
use crate::graph::facts::{Facts, FileFacts, FileId};

/// How many directories above a file may be the one that its absolute imports begin at.
const MAX_UP: usize = 8;

/// `a.b` is `a/b.py` or `a/b/__init__.py` below one of the directories around the file, the nearest to the root first: where
/// a project's sources begin is said in no one place. `..a` begins at the file's own package.
pub(super) fn module<F: Facts>(facts: &F, from: &FileFacts, name: &str) -> Imported {
    let directory = from.path.directory();
    let dots = name.bytes().take_while(|byte| *byte == b'.').count();
    let path = name[dots..].replace('.', "/");
    if dots > 0 {
        let mut base = directory;
        for _ in 1..dots {
            base = base.rsplit_once('/').map_or("", |(up, _)| up);
        }
        return found(facts, base, &path).unwrap_or(Imported::Open);
    }
    let mut above: Vec<&str> = vec![directory];
    while let Some((up, _)) = above[above.len() - 1].rsplit_once('/') {
        above.push(up);
    }
    if !directory.is_empty() {
        above.push("");
    }
    let is_here = above.iter().rev().take(MAX_UP).find_map(|base| {
        // A script's own directory is where it looks first; that of a package's module is not.
        let is_package = facts.at(&join(base, "__init__.py")).is_some();
        if is_package { None } else { found(facts, base, &path) }
    });
    let sources = || {
        ["src", "lib", "python"]
            .iter()
            .find_map(|base| found(facts, base, &path))
    };
    is_here.or_else(sources).unwrap_or(Imported::Elsewhere)
}

fn found<F: Facts>(facts: &F, base: &str, path: &str) -> Option<Imported> {
    let whole = join(base, path);
    let files = [
        format!("{whole}.py"),
        join(&whole, "__init__.py"),
        format!("{whole}.pyi"),
        join(&whole, "__init__.pyi"),
    ];
    if let Some(file) = files.iter().find_map(|path| facts.at(path)) {
        return Some(Imported::File(file));
    }
    (!path.is_empty() && facts.is_directory(&whole)).then_some(Imported::Directory(whole))
}

/// `package.name` is a module beside the package's own.
pub(super) fn below<F: Facts>(facts: &F, package: &FileFacts, name: &str) -> Option<FileId> {
    if !package.path.file_name().starts_with("__init__.") {
        return None;
    }
    in_directory(facts, package.path.directory(), name)
}

pub(super) fn in_directory<F: Facts>(facts: &F, directory: &str, name: &str) -> Option<FileId> {
    match found(facts, directory, name)? {
        Imported::File(file) => Some(file),
        Imported::Directory(_) | Imported::Whole(_) | Imported::Symbol(..) | Imported::Elsewhere | Imported::Open => {
            None
        }
    }
}

fn join(base: &str, path: &str) -> String {
    match (base.is_empty(), path.is_empty()) {
        (true, _) => path.to_owned(),
        (_, true) => base.to_owned(),
        (false, false) => format!("{base}/{path}"),
    }
}
