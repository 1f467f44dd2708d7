//! Go's packages.

use super::Imported;
use crate::graph::facts::{Facts, FileFacts, Package};

/// A package's path begins with the name that `go.mod` gives the module it lies in; the rest is its directory there.
pub(super) fn module<F: Facts>(facts: &F, packages: &[Package], from: &FileFacts, name: &str) -> Imported {
    let modules = packages.iter().filter(|package| package.manifest == "go.mod");
    let holds = modules.filter_map(|package| {
        let rest = name.strip_prefix(package.name.as_str())?;
        let rest = if rest.is_empty() { rest } else { rest.strip_prefix('/')? };
        Some((package, rest))
    });
    let is_own = |package: &Package| from.path.as_str().starts_with(&package.directory);
    let Some((package, rest)) = holds.max_by_key(|(package, _)| (is_own(package), package.name.len())) else {
        return Imported::Elsewhere;
    };
    let directory = match (package.directory.as_str(), rest) {
        ("", rest) => rest.to_owned(),
        (directory, "") => directory.to_owned(),
        (directory, rest) => format!("{directory}/{rest}"),
    };
    if directory.is_empty() || facts.is_directory(&directory) {
        Imported::Directory(directory)
    } else {
        Imported::Open
    }
}
