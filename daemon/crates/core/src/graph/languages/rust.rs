//! Rust's modules.

use crate::graph::facts::{Facts, FileFacts, FileId, Package};

/// `crate`, `self` and `super`.
pub(super) fn base<F: Facts>(facts: &F, from: &FileFacts, name: &str) -> Option<FileId> {
    match name {
        "crate" => root(facts, from.path.directory()),
        "self" => facts.at(from.path.as_str()),
        "super" => {
            let directory = from.path.directory();
            if !is_directory_module(from) {
                return of_directory(facts, directory);
            }
            let (above, _) = directory.rsplit_once('/')?;
            of_directory(facts, above)
        }
        _ => None,
    }
}

/// A crate of the tree by the name that its manifest gives it.
pub(super) fn package<F: Facts>(facts: &F, packages: &[Package], from: &FileFacts, name: &str) -> Option<FileId> {
    let is_it = |package: &&Package| package.manifest == "Cargo.toml" && package.name.replace('-', "_") == name;
    let own = |package: &&Package| from.path.as_str().starts_with(&package.directory);
    let found = packages
        .iter()
        .filter(is_it)
        .max_by_key(|package| (own(package), package.directory.len()))?;
    let sources = if found.directory.is_empty() {
        "src".to_owned()
    } else {
        format!("{}/src", found.directory)
    };
    facts
        .at(&format!("{sources}/lib.rs"))
        .or_else(|| facts.at(&format!("{sources}/main.rs")))
}

/// `mod name;` in a file.
pub(super) fn below<F: Facts>(facts: &F, module: &FileFacts, name: &str) -> Option<FileId> {
    let directory = module.path.directory();
    let inside = match (is_directory_module(module), directory.is_empty()) {
        (true, _) => directory.to_owned(),
        (false, true) => module.path.stem().to_owned(),
        (false, false) => format!("{directory}/{}", module.path.stem()),
    };
    let head = if inside.is_empty() {
        String::new()
    } else {
        format!("{inside}/")
    };
    facts
        .at(&format!("{head}{name}.rs"))
        .or_else(|| facts.at(&format!("{head}{name}/mod.rs")))
}

fn is_directory_module(file: &FileFacts) -> bool {
    matches!(file.path.file_name(), "mod.rs" | "lib.rs" | "main.rs")
}

/// The file of the module whose submodules lie in a directory.
fn of_directory<F: Facts>(facts: &F, directory: &str) -> Option<FileId> {
    ["lib.rs", "main.rs", "mod.rs"]
        .iter()
        .find_map(|name| {
            facts.at(&if directory.is_empty() {
                (*name).to_owned()
            } else {
                format!("{directory}/{name}")
            })
        })
        .or_else(|| facts.at(&format!("{directory}.rs")))
}

/// The crate's own file: that of the nearest directory with one.
fn root<F: Facts>(facts: &F, directory: &str) -> Option<FileId> {
    let mut directory = directory;
    loop {
        let head = if directory.is_empty() {
            String::new()
        } else {
            format!("{directory}/")
        };
        let found = ["lib.rs", "main.rs"]
            .iter()
            .find_map(|name| facts.at(&format!("{head}{name}")));
        if found.is_some() || directory.is_empty() {
            return found;
        }
        directory = directory.rsplit_once('/').map_or("", |(up, _)| up);
    }
}
