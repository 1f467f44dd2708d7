//! The modules of JavaScript and TypeScript.

use super::Imported;
use crate::graph::facts::{Facts, FileFacts, Package};

/// What a module's name is tried with, in the order in which bundlers and compilers do.
const EXTENSIONS: [&str; 9] = [".ts", ".tsx", ".d.ts", ".js", ".jsx", ".mjs", ".cjs", ".vue", ".json"];

/// `./a` is a file beside the importing one, or the index of a directory there. What is named without a dot comes from
/// elsewhere, unless it begins as projects call their own sources.
pub(super) fn module<F: Facts>(facts: &F, packages: &[Package], from: &FileFacts, name: &str) -> Imported {
    let name = name.split(['?', '#']).next().unwrap_or(name);
    if name.starts_with('.') {
        let Some(path) = joined(from.path.directory(), name) else {
            return Imported::Open;
        };
        return found(facts, &path).unwrap_or(Imported::Open);
    }
    let own = ["@/", "~/", "src/"].iter().find_map(|head| name.strip_prefix(head));
    if let Some(rest) = own {
        let mut base = from.path.directory();
        loop {
            let sources = if base.is_empty() {
                "src".to_owned()
            } else {
                format!("{base}/src")
            };
            if let Some(file) = joined(&sources, rest).and_then(|path| found(facts, &path)) {
                return file;
            }
            match base.rsplit_once('/') {
                Some((up, _)) => base = up,
                None if base.is_empty() => break,
                None => base = "",
            }
        }
    }
    of_package(facts, packages, name).unwrap_or(Imported::Elsewhere)
}

/// `name` or `name/path` of a package whose manifest lies in the tree.
fn of_package<F: Facts>(facts: &F, packages: &[Package], name: &str) -> Option<Imported> {
    let holds = packages.iter().filter(|package| package.manifest == "package.json");
    let (package, rest) = holds
        .filter_map(|package| {
            let rest = name.strip_prefix(package.name.as_str())?;
            (rest.is_empty() || rest.starts_with('/')).then_some((package, rest.trim_start_matches('/')))
        })
        .max_by_key(|(package, _)| package.name.len())?;
    let inside = |path: &str| joined(&package.directory, path).and_then(|path| found(facts, &path));
    inside(&format!("src/{rest}"))
        .or_else(|| inside(rest))
        .or_else(|| inside(&format!("lib/{rest}")))
        .or(Some(Imported::Open))
}

fn found<F: Facts>(facts: &F, path: &str) -> Option<Imported> {
    // TypeScript imports `./a.js` where `./a.ts` lies.
    let stem = [".js", ".mjs", ".cjs", ".jsx"]
        .iter()
        .find_map(|end| path.strip_suffix(end));
    let exact = facts.at(path).filter(|_| path.contains('.'));
    let files = exact
        .into_iter()
        .chain([Some(path), stem].into_iter().flatten().flat_map(|path| {
            let plain = EXTENSIONS.iter().map(move |end| format!("{path}{end}"));
            let index = EXTENSIONS.iter().map(move |end| {
                if path.is_empty() {
                    format!("index{end}")
                } else {
                    format!("{path}/index{end}")
                }
            });
            plain.chain(index).filter_map(|path| facts.at(&path))
        }));
    files.into_iter().next().map(Imported::File)
}

/// A relative path from a directory; `None` outside of the tree.
fn joined(directory: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
